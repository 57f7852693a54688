"""Figures that speak of nobody: counts, ratios, waits and their median, rounded."""

from __future__ import annotations

import random
from collections import Counter
from statistics import median as plain_median

import pytest

from board.small_counts import Counts, Published, median, rounded_down, rounded_minutes


@pytest.mark.parametrize(
    ("met", "messages", "ratio"), [(10, 25, 2.5), (10, 4, None), (4, 40, None), (12, 19, 1.5)]
)
def test_a_ratio_needs_both_of_its_counts(met: int, messages: int, ratio: float | None) -> None:
    """Of four messages nobody is told that they were none."""
    shown = Published.of(Counts(requests=20, met=met, messages=messages))
    assert shown.messages_per_met == ratio


@pytest.mark.parametrize(
    ("count", "shown"), [(0, None), (4, None), (5, 5), (9, 5), (10, 10), (123_456, 123_455)]
)
def test_counts_are_rounded_down(count: int, shown: int | None) -> None:
    assert rounded_down(count) == shown


@pytest.mark.parametrize(
    ("seconds", "minutes"),
    [(0, 1), (29, 1), (100, 2), (5940, 99), (6240, 100), (6300, 110), (740_700, 12_000)],
)
def test_waits_are_kept_to_two_digits(seconds: float, minutes: int) -> None:
    assert rounded_minutes(seconds) == minutes


@pytest.mark.parametrize("seed", range(5))
def test_the_median_is_that_of_the_list(seed: int) -> None:
    chance = random.Random(seed)
    waits = Counter(rounded_minutes(chance.expovariate(1 / 9000)) for _ in range(10 + seed))
    plain = plain_median(waits.elements())
    assert median(waits) == rounded_minutes(plain * 60)
    assert median(Counter({60: 9})) is None

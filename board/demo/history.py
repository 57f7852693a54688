"""Half a year of needs that the demonstration pretends to have had, for the figures of its page.

Its listings belong to nobody and are answered by nobody, so what came of them is drawn from a seed.
It is kept apart from what happened, and shown only where nothing real is.
"""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Final

from board.demo.generation import SOUGHT
from board.demo.texts import DemoCountry
from board.figures import EVERY
from board.small_counts import Counts, rounded_minutes
from board.tallying import WEEK, Tally, monday
from matcher.taxonomy import Taxonomy

WEEKS: Final = 26
#: Needs of the oldest and of the newest week.
_FROM, _TO = 40, 110
_ANSWERED, _MET_IF_ANSWERED = 0.82, 0.7
#: Median wait of those who are answered, in seconds, and how far others are from it (of the
#: logarithm).
_WAIT_S, _SPREAD = 3.5 * 3600, 1.3
_MESSAGES: Final = (3, 14)


def draw(
    countries: Sequence[DemoCountry], taxonomy: Taxonomy, today: date, seed: int
) -> Mapping[date, Tally]:
    """Monday → what was counted of its week; the same for the same seed and week."""
    chance = random.Random(seed)  # noqa: S311 (plausible, not secret)
    newest = monday(today)
    drawn = {}
    for age in range(WEEKS):
        share = 1 - age / (WEEKS - 1)
        needs = round((_FROM + (_TO - _FROM) * share) * chance.uniform(0.85, 1.15))
        if age == 0:
            needs = needs * (today.weekday() + 1) // 7
        drawn[newest - age * WEEK] = _week(countries, taxonomy, chance, needs)
    return drawn


def _week(
    countries: Sequence[DemoCountry], taxonomy: Taxonomy, chance: random.Random, needs: int
) -> Tally:
    slugs = [each.slug for each in taxonomy.categories]
    sought = [SOUGHT.get(slug, 2) for slug in slugs]
    tally: dict[tuple[str, int], Counts] = defaultdict(Counts)
    for _ in range(needs):
        (country,) = chance.choices(countries, [each.weight for each in countries])
        (slug,) = chance.choices(slugs, sought)
        need = _need(chance)
        for category in (EVERY, taxonomy.id(slug)):
            tally[country.code, category].add(need)
    return tally


def _need(chance: random.Random) -> Counts:
    need = Counts(requests=1, messages=chance.randint(*_MESSAGES))
    if chance.random() < _ANSWERED:
        need.answered = 1
        need.waits[rounded_minutes(_WAIT_S * chance.lognormvariate(0, _SPREAD))] = 1
        need.met = int(chance.random() < _MET_IF_ANSWERED)
    return need

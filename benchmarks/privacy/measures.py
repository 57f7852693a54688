"""From guesses to figures: errors as shares of the cell, ratios, and how sure they are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from benchmarks.harness import Result
from benchmarks.privacy.earth import Array, Point
from benchmarks.privacy.guessing import Target
from benchmarks.privacy.helpers import Cost
from benchmarks.privacy.people import COUNTRIES
from matcher.place import great_circle_m

_RESAMPLES: Final = 2000
#: Names of the defences.
BOARD: Final = "board"
WEAK: Final = "weak copy"
#: An attack is no better than the guess "centre of the cell" when the interval of its ratio reaches
#: this: a hundredth is what the rounding of distances and coordinates may give by chance.
NO_BETTER: Final = 0.99
#: A weak copy is broken when the interval stays below this share of the centre's error.
BROKEN: Final = 0.5


def judged(
    attack: str, defence: str, targets: Sequence[Target], guesses: Sequence[Point], **more: object
) -> Result:
    """One line: how far the guesses are from the truth, against guessing the centre."""
    sizes = np.array([target.width_m for target in targets])
    off = _errors(targets, guesses)
    center = _errors(targets, [target.cell.center for target in targets])
    shares, center_shares = off / sizes, center / sizes
    low, high = _interval(shares, center_shares)
    ratio = _ratio(shares, center_shares)
    return {
        "benchmark": "privacy",
        "attack": attack,
        "defence": defence,
        "people": len(targets),
        "median_error_m": round(float(np.median(off)), 1),
        "share_of_cell": _rounded(np.median(shares)),
        "center_share_of_cell": _rounded(np.median(center_shares)),
        "ratio": _rounded(ratio),
        "ratio_95": [_rounded(low), _rounded(high)],
        "ratio_by_country": _by_country(targets, shares, center_shares),
        **_goal(defence, high),
        **more,
    }


def _goal(defence: str, high: float) -> Result:
    """What is wanted of the upper end of the interval: the weak copy must be broken for sure."""
    if defence == BOARD:
        return {"goal": f"no better than the centre: {NO_BETTER} or more", "met": high >= NO_BETTER}
    return {"goal": f"broken: below {BROKEN}", "met": high < BROKEN}


def _errors(targets: Sequence[Target], guesses: Sequence[Point]) -> Array:
    return np.array(
        [
            great_circle_m(*target.person.point, *guess)
            for target, guess in zip(targets, guesses, strict=True)
        ]
    )


def _ratio(shares: Array, center_shares: Array) -> float:
    return float(np.median(shares) / np.median(center_shares))


def _interval(shares: Array, center_shares: Array) -> tuple[float, float]:
    """95 % of the ratios of samples drawn anew from the same people (bootstrap)."""
    random = np.random.default_rng(1)
    picks = random.integers(len(shares), size=(_RESAMPLES, len(shares)))
    ratios = np.median(shares[picks], axis=1) / np.median(center_shares[picks], axis=1)
    low, high = np.percentile(ratios, (2.5, 97.5))
    return float(low), float(high)


def _by_country(targets: Sequence[Target], shares: Array, center_shares: Array) -> dict[str, float]:
    of = np.array([target.person.country for target in targets])
    return {
        country: _rounded(_ratio(shares[of == country], center_shares[of == country]))
        for country in COUNTRIES
        if (of == country).any()
    }


def paid(ranking: str, found: Sequence[Cost]) -> Result:
    """One line: what ranking on cells costs, as metres, as a share of the cell, as overlap."""
    shares = np.array([cost.added_m / cost.width_m for cost in found])
    random = np.random.default_rng(2)
    picks = random.integers(len(shares), size=(_RESAMPLES, len(shares)))
    low, high = np.percentile(np.median(shares[picks], axis=1), (2.5, 97.5))
    median = float(np.median(shares))
    return {
        "benchmark": "privacy",
        "cost": "helpers",
        "ranking": ranking,
        "requests": len(found),
        "median_added_m": round(float(np.median([cost.added_m for cost in found])), 1),
        "mean_added_m": round(float(np.mean([cost.added_m for cost in found])), 1),
        "mean_added_top_10_m": round(float(np.mean([cost.added_top_m for cost in found])), 1),
        "median_added_share_of_cell": _rounded(median),
        "median_added_share_95": [_rounded(low), _rounded(high)],
        "mean_added_share_of_cell": _rounded(float(np.mean(shares))),
        "top_10_overlap": _rounded(float(np.mean([cost.overlap for cost in found]))),
        "goal": "median added distance at most half a cell",
        "met": median <= 0.5,
    }


def _rounded(value: float) -> float:
    return round(float(value), 4)

"""Means, intervals and goals from what was found in the worlds."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from benchmarks.harness import Result
from benchmarks.waves.comparing import BOUND, EVERYONE, LAWS, OURS, UNFAIR, Found
from benchmarks.waves.fatigue import Strength
from benchmarks.waves.measures import Measures, interval
from benchmarks.waves.seen import Array

_SHOWN = (
    "completion", "places", "answered", "worst_tenth", "scarce_tenth", "messages_per_request",
    "messages_per_match", "matches", "turned_away", "hours_to_first", "hours_to_full", "week_p95",
    "week_p95_of_cap",
)  # fmt: skip
_MOST = ("week_most_of_cap", "over_cap")
Table = dict[tuple[str, Strength, str], list[Measures]]


def summaries(found: list[Found]) -> Iterator[Result]:
    """One line for a policy, a law and a strength: means over seeds, 95 % intervals in brackets."""
    for (law, strength, policy), results in tabled(found).items():
        line: Result = _line(law, strength, "policy")
        line |= {"policy": policy, "seeds": len(results)}
        line |= {name: _rounded(column(results, name)) for name in _SHOWN}
        line |= {name: max(result[name] for result in results) for name in _MOST}
        yield line


def goals(found: list[Found]) -> Iterator[Result]:
    """The goals, by law and strength: paired differences over seeds."""
    table = tabled(found)
    for law in LAWS:
        for strength in Strength:
            yield _everyone(table, law, strength)
            for other in ("greedy", "linear Whittle"):
                yield _equal_messages(table, law, strength, other)
            yield _fairness(table, law, strength)
            yield _caps(table, law, strength)


def tabled(found: list[Found]) -> Table:
    """Measures by law, strength and policy, in the order of the seeds."""
    table: Table = {}
    for one in found:
        table.setdefault((one.law, one.strength, one.policy), []).append(one.measures)
    return table


def column(results: list[Measures], name: str) -> Array:
    """One measure of all seeds."""
    return np.array([result[name] for result in results], dtype=np.float64)


def _everyone(table: Table, law: str, strength: Strength) -> Result:
    """Completion against everyone in the radius, in points, and the share of its messages."""
    ours, all_ = table[law, strength, OURS], table[law, strength, EVERYONE]
    bound = table[law, strength, BOUND]
    difference = 100 * (column(ours, "completion") - column(all_, "completion"))
    sent, theirs = column(ours, "messages"), column(all_, "messages")
    share = float(sent.sum() / theirs.sum())
    return _line(law, strength, "goal: everyone in the radius") | {
        "completion_points": _rounded(difference),
        "of_its_messages": round(share, 4),
        "of_its_messages_mean_of_worlds": _rounded(sent / theirs),
        "of_the_bounds_completion": _rounded(
            column(ours, "completion") / column(bound, "completion")
        ),
        "reached": bool(difference.mean() >= -1 and share <= 0.35),
    }


def _equal_messages(table: Table, law: str, strength: Strength, other: str) -> Result:
    """Completion in percent of another policy's that sent as much."""
    ours, theirs = table[law, strength, OURS], table[law, strength, other]
    gain = _gain(ours, theirs, "completion")
    least = 3.0 if other == "greedy" else 0.0
    return _line(law, strength, f"goal: {other}, equal messages") | {
        "completion_gain_percent": gain,
        "completion_points": _rounded(
            100 * (column(ours, "completion") - column(theirs, "completion"))
        ),
        "its_messages_of_ours": _ratio(theirs, ours, "messages"),
        "reached": bool(gain[0] >= least and gain[1] > 0),
    }


def _fairness(table: Table, law: str, strength: Strength) -> Result:
    """With against without the terms of fairness."""
    ours, without = table[law, strength, OURS], table[law, strength, UNFAIR]
    worst = _gain(ours, without, "worst_tenth")
    matches = _gain(ours, without, "matches")
    return _line(law, strength, "goal: fairness") | {
        "worst_tenth_gain_percent": worst,
        "scarce_tenth_gain_percent": _gain(ours, without, "scarce_tenth"),
        "matches_gain_percent": matches,
        "messages_of_without": _ratio(ours, without, "messages"),
        "reached": bool(worst[0] >= 8 and matches[0] >= -1),
    }


def _caps(table: Table, law: str, strength: Strength) -> Result:
    """Messages of a person in a week: never more than the cap."""
    ours = table[law, strength, OURS]
    most = max(result["week_most_of_cap"] for result in ours)
    return _line(law, strength, "goal: caps") | {
        "week_p95": _rounded(column(ours, "week_p95")),
        "week_p95_of_cap_most": round(max(result["week_p95_of_cap"] for result in ours), 4),
        "week_most_of_cap": round(most, 4),
        "refused_over_cap": int(max(result["over_cap"] for result in ours)),
        "reached": bool(most <= 1 and not any(result["over_cap"] for result in ours)),
    }


def _gain(ours: list[Measures], theirs: list[Measures], name: str) -> list[float]:
    """By how many percent the mean over seeds is higher, with its interval: seeds are paired."""
    first, second = column(ours, name), column(theirs, name)
    # Few worlds drawn together may all have nothing there: no percentage says how much more.
    return _resampled(first, second, lambda a, b: 100 * (a / np.where(b > 0, b, np.nan) - 1))


def _ratio(ours: list[Measures], theirs: list[Measures], name: str) -> float:
    return round(float(column(ours, name).sum() / column(theirs, name).sum()), 4)


def _resampled(
    first: Array, second: Array, of: Callable[[Array, Array], Array], resamples: int = 4000
) -> list[float]:
    """A function of two means over seeds, and its 95 % interval by the paired bootstrap."""
    random = np.random.default_rng(len(first))
    chosen = random.integers(len(first), size=(resamples, len(first)))
    drawn = of(first[chosen].mean(axis=1), second[chosen].mean(axis=1))
    low, high = np.nanpercentile(drawn, (2.5, 97.5))
    middle = float(of(first.mean(keepdims=True), second.mean(keepdims=True))[0])
    return [round(middle, 3), round(float(low), 3), round(float(high), 3)]


def _rounded(values: Array) -> list[float]:
    """Mean and its interval; seeds in which the measure has no value are left out."""
    known = values[~np.isnan(values)]
    return [round(value, 4) for value in interval(known)] if len(known) else []


def _line(law: str, strength: Strength, case: str) -> Result:
    return {
        "benchmark": "waves",
        "case": case,
        "law": law,
        "fatigue": strength.name.lower().replace("_", " "),
    }

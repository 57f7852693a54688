"""What a run is judged by, and intervals over seeds.

A request counts when it opens after the first weeks. It is

- *completed* when all its places are taken by acceptances that come before its end,
- *answered* when at least one acceptance comes before its end,

and a *match* is one place so taken. Messages count with their request.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from benchmarks.waves.ranges import UNCOUNTED_WEEKS, WEEK_H
from benchmarks.waves.seen import Array, Mask, Whole
from benchmarks.waves.simulate import Outcome
from benchmarks.waves.world import World

Measures = dict[str, float]
#: Areas with fewer requests that count say too little to be compared.
LEAST_REQUESTS = 4
_TENTH = 0.1
_RESAMPLES = 4000


def measured(world: World, outcome: Outcome) -> Measures:
    """The figures of one run; shares in 0 to 1, times in hours."""
    requests = world.requests
    counts = requests.opens >= UNCOUNTED_WEEKS * WEEK_H
    matched = outcome.matched[counts]
    completed = ~np.isnan(outcome.filled_at[counts])
    messages = int(counts[outcome.log.call].sum())
    filling = (outcome.filled_at - requests.opens)[counts][completed]
    answering = (outcome.first_at - requests.opens)[counts][matched > 0]
    return {
        "requests": len(matched),
        "completion": _mean(completed),
        "places": _share(matched.sum(), requests.places[counts].sum()),
        "answered": _mean(matched > 0),
        "matches": int(matched.sum()),
        "messages": messages,
        "messages_per_request": _share(messages, len(matched)),
        "messages_per_match": _share(messages, matched.sum()),
        "turned_away": int(outcome.turned_away[counts].sum()),
        "hours_to_first": _median(answering),
        "hours_to_full": _median(filling),
        **_areas(world, counts, outcome.matched > 0),
        **_loads(world, outcome),
    }


def _areas(world: World, counts: Mask, answered: Mask) -> Measures:
    """Answered share in the worst-served tenth of areas, by two ways to say which these are.

    `worst_tenth`: where the run itself did worst: the same question is put to every policy.
    `scarce_tenth`: where a request hits the fewest alerts, whatever the policy.
    """
    areas, number = np.unique(world.requests.area[counts], return_inverse=True)
    size = np.bincount(number, minlength=len(areas))
    with_answer = np.bincount(number, weights=answered[counts], minlength=len(areas))
    reached = np.array([len(hit) for hit in world.hits], dtype=float)[counts]
    supply = np.bincount(number, weights=reached, minlength=len(areas))
    enough = size >= LEAST_REQUESTS
    size, with_answer, supply = size[enough], with_answer[enough], supply[enough]
    worst = max(1, round(_TENTH * len(size)))
    result = {"areas": float(len(size))}
    for name, order in (("worst_tenth", with_answer / size), ("scarce_tenth", supply / size)):
        chosen = np.argsort(order, kind="stable")[:worst]
        result[name] = _share(with_answer[chosen].sum(), size[chosen].sum())
    return result


def _loads(world: World, outcome: Outcome) -> Measures:
    """Messages of people in weeks, over all people and all counted weeks, and against their caps.

    `week_most_of_cap` looks at any seven days that end with a message; 1 is a full cap.
    """
    log, cap = outcome.log, world.people.cap
    weeks = (log.at // WEEK_H).astype(np.int64)
    last = int((world.requests.opens.max(initial=0.0)) // WEEK_H) + 1
    table = np.zeros((len(cap), max(last, int(weeks.max(initial=0)) + 1)), dtype=np.int64)
    np.add.at(table, (log.person, weeks), 1)
    table = table[:, UNCOUNTED_WEEKS:last]
    share = (log.told_week + 1) / cap[log.person]
    return {
        "week_p95": float(np.percentile(table, 95)),
        "week_p95_of_cap": float(np.percentile(table / cap[:, None], 95)),
        "week_most_of_cap": float(share.max(initial=0.0)),
        "over_cap": outcome.over_cap,
    }


def interval(values: Sequence[float] | Array) -> tuple[float, float, float]:
    """Mean and 95 % interval of it, by the bootstrap over seeds (Efron, 1979), percentiles."""
    given = np.asarray(values, dtype=float)
    random = np.random.default_rng(len(given))
    means = given[random.integers(len(given), size=(_RESAMPLES, len(given)))].mean(axis=1)
    low, high = np.percentile(means, (2.5, 97.5))
    return float(given.mean()), float(low), float(high)


def _mean(values: Mask) -> float:
    return float(values.mean()) if len(values) else 0.0


def _median(values: Array) -> float:
    return float(np.median(values)) if len(values) else float("nan")


def _share(part: float | Whole, whole: float | Whole) -> float:
    return float(part / whole) if whole else 0.0

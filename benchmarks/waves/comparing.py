"""All policies in one world, at equal messages where the comparison asks for it."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from benchmarks.waves import answers, world
from benchmarks.waves.fatigue import Strength, fatigue
from benchmarks.waves.measures import Measures, measured
from benchmarks.waves.ours import Waves
from benchmarks.waves.policies import AtRandom, Bound, Everyone, Greedy, Nearest
from benchmarks.waves.ranges import UNCOUNTED_WEEKS, WEEK_H
from benchmarks.waves.seen import Policy
from benchmarks.waves.simulate import simulate
from benchmarks.waves.whittle import LinearWhittle
from benchmarks.waves.world import World
from matcher.waves import DEFAULT_PARAMETERS

OURS = "waves"
EVERYONE = "everyone"
UNFAIR = "waves, no fairness"
BOUND = "bound"
LAWS = ("logistic", "barriers")
WITHOUT_FAIRNESS = replace(DEFAULT_PARAMETERS, rest=0.0, area=0.0)


@dataclass(frozen=True)
class Found:
    """What a policy reached in a world."""

    seed: int
    source: str
    law: str
    strength: Strength
    policy: str
    measures: Measures


def compared(seed: int) -> list[Found]:
    """Every policy under both laws and all strengths of fatigue."""
    drawn = world.draw(seed)
    found = []
    for law in LAWS:
        luck = answers.draw(drawn, law)
        for strength in Strength:
            rates = fatigue(strength)

            def run(policy: Policy, luck=luck, rates=rates) -> Measures:  # type: ignore[no-untyped-def]
                return measured(drawn, simulate(drawn, luck, rates, policy))

            ours = run(Waves(len(drawn.people)))
            results = {
                OURS: ours,
                **{
                    name: run(policy)
                    for name, policy in _others(drawn, seed, ours["messages"]).items()
                },
            }
            found += [
                Found(seed, drawn.source, law, strength, name, result)
                for name, result in results.items()
            ]
    return found


def _others(drawn: World, seed: int, messages: float) -> dict[str, Policy]:
    """The budget of those that rank is what the board's own policy sent, for each place."""
    people, requests = len(drawn.people), drawn.requests
    counts = requests.opens >= UNCOUNTED_WEEKS * WEEK_H
    budget = messages / max(1, int(requests.places[counts].sum()))
    return {
        EVERYONE: Everyone(),
        "nearest": Nearest(budget),
        "random": AtRandom(budget, np.random.default_rng([seed, 43])),
        "greedy": Greedy(budget, people),
        "linear Whittle": LinearWhittle(budget, people),
        UNFAIR: Waves(people, WITHOUT_FAIRNESS),
        BOUND: Bound(),
    }

"""The policies that are compared: what each tells, at what budget, and how goals are judged."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from benchmarks import __main__ as command
from benchmarks.waves import answers, speed
from benchmarks.waves.answers import Answers
from benchmarks.waves.comparing import BOUND, EVERYONE, LAWS, OURS, UNFAIR, Found
from benchmarks.waves.fatigue import Strength
from benchmarks.waves.measures import Measures, measured
from benchmarks.waves.ours import Waves
from benchmarks.waves.plots import draw
from benchmarks.waves.policies import AtRandom, Bound, Everyone, Greedy, Nearest
from benchmarks.waves.seen import Policy
from benchmarks.waves.simulate import Outcome, simulate
from benchmarks.waves.summary import goals, summaries
from benchmarks.waves.whittle import DISCOUNT, LinearWhittle, indices, values_of
from benchmarks.waves.world import World
from tests.unit.benchmarks.waves_town import NEVER, town


@pytest.fixture(scope="module")
def small() -> World:
    return town()


@pytest.fixture(scope="module")
def luck(small: World) -> Answers:
    return answers.draw(small, "logistic")


@pytest.fixture(scope="module")
def outcomes(small: World, luck: Answers) -> dict[str, Outcome]:
    """Of all policies, at two messages a place where they have a budget."""
    count = len(small.people)
    policies: dict[str, Policy] = {
        "everyone": Everyone(),
        "nearest": Nearest(2.0),
        "random": AtRandom(2.0, np.random.default_rng(1)),
        "greedy": Greedy(2.0, count),
        "whittle": LinearWhittle(2.0, count),
        "waves": Waves(count),
        "bound": Bound(),
    }
    return {name: simulate(small, luck, NEVER, policy) for name, policy in policies.items()}


def test_budgets_are_spent_alike(small: World, outcomes: dict[str, Outcome]) -> None:
    """Two messages a place in all, whoever is chosen; never over a cap."""
    allowed = 2 * small.requests.places.sum()
    for name in ("nearest", "random", "greedy", "whittle"):
        assert len(outcomes[name].log.at) == pytest.approx(allowed, abs=2)
    assert all(outcome.over_cap == 0 for outcome in outcomes.values())


def test_the_nearest_are_told(small: World, outcomes: dict[str, Outcome]) -> None:
    """Nobody of those with room is nearer than one who was told."""
    log = outcomes["nearest"].log
    for request in np.unique(log.call)[::5]:
        told = log.person[log.call == request]
        away = dict(zip(small.hits[request], small.distance_m[request], strict=True))
        farthest = max(away[person] for person in told)
        nearer = [person for person in away if away[person] < farthest]
        # Whoever is nearer and was not told had a full week.
        others = set(nearer) - set(told.tolist())
        assert all(small.people.cap[person] < 20 or not others for person in others)


def test_the_bound_tells_those_who_accept_and_beats_all(
    small: World, outcomes: dict[str, Outcome]
) -> None:
    """But for a few whom an answer to another request made busy in between."""
    bound = outcomes["bound"]
    assert bound.matched.sum() >= 0.97 * len(bound.log.at)
    best = measured(small, bound)["completion"]
    for name, outcome in outcomes.items():
        assert measured(small, outcome)["completion"] <= best, name


def test_waves_need_fewer_messages_than_everyone(
    small: World, outcomes: dict[str, Outcome]
) -> None:
    ours, everyone = (measured(small, outcomes[name]) for name in ("waves", "everyone"))
    assert ours["messages"] < 0.7 * everyone["messages"]
    assert ours["completion"] > everyone["completion"] - 0.1


def test_a_run_repeats(small: World, luck: Answers, outcomes: dict[str, Outcome]) -> None:
    """The same messages at the same times."""
    again = simulate(small, luck, NEVER, Waves(len(small.people)))
    assert np.array_equal(again.log.at, outcomes["waves"].log.at)
    assert np.array_equal(again.log.person, outcomes["waves"].log.person)


def test_an_index_is_the_subsidy_at_which_both_are_worth_the_same() -> None:
    """Against a search for it with values of each subsidy, for arms of many kinds."""
    random = np.random.default_rng(2)
    arms = 30
    transitions = random.dirichlet((1, 1), (arms, 2, 2))
    chance = random.uniform(0, 0.4, (arms, 2))
    subsidies = np.linspace(0.0, 1.0, 41)
    values = values_of(transitions, chance, np.zeros((41, arms, 2)), 400)
    change = transitions[:, :, 1] - transitions[:, :, 0]
    later = DISCOUNT * np.einsum("ist,wit->wis", change, values)
    found = indices(chance[:, 0], later[:, :, 0])
    for arm in range(arms):
        wanted = by_search(transitions[arm], chance[arm])
        if 0 < wanted < 1:
            assert found[arm] == pytest.approx(wanted, abs=0.01)
    assert (subsidies[1] - subsidies[0]) == pytest.approx(0.025)


def by_search(transitions: np.ndarray, chance: np.ndarray) -> float:
    """The index of state 0 by bisection over subsidies, each solved by value iteration."""
    low, high = 0.0, 1.0
    for _ in range(30):
        subsidy = (low + high) / 2
        value = np.zeros(2)
        for _ in range(300):
            quiet = subsidy + DISCOUNT * transitions[:, 0] @ value
            told = chance + DISCOUNT * transitions[:, 1] @ value
            value = np.maximum(quiet, told)
        low, high = (subsidy, high) if told[0] > quiet[0] else (low, subsidy)
    return low


def test_an_arm_that_telling_does_not_change_is_worth_its_chance() -> None:
    chance = np.array([0.0, 0.1, 0.33, 0.9])
    assert indices(chance, np.zeros((41, 4))) == pytest.approx(chance)


def figures(**values: float) -> Measures:
    usual: Measures = dict.fromkeys(
        (
            "completion", "places", "answered", "worst_tenth", "scarce_tenth", "turned_away",
            "messages_per_request", "messages_per_match", "hours_to_first", "hours_to_full",
            "week_p95", "week_p95_of_cap", "week_most_of_cap", "over_cap",
        ),
        0.5,
    )  # fmt: skip
    return usual | {"messages": 100.0, "matches": 50.0, "over_cap": 0.0} | values


def some(ours: Measures, **others: Measures) -> Iterator[Found]:
    """Three worlds alike."""
    results = {OURS: ours, EVERYONE: figures(), "greedy": figures(), "linear Whittle": figures(),
               UNFAIR: figures(), BOUND: figures()} | others  # fmt: skip
    for seed in range(3):
        for law in LAWS:
            for strength in Strength:
                for policy, measures in results.items():
                    yield Found(seed, "haiti", law, strength, policy, measures)


@pytest.mark.parametrize(
    ("change", "missed"),
    [
        ({}, set()),
        ({"completion": 0.48}, {"everyone in the radius", "greedy", "linear Whittle"}),
        ({"completion": 0.51}, {"greedy"}),
        ({"messages": 36.0}, {"everyone in the radius"}),
        ({"worst_tenth": 0.53}, {"fairness"}),
        ({"matches": 49.0}, {"fairness"}),
        ({"week_most_of_cap": 1.05}, {"caps"}),
        ({"over_cap": 1.0}, {"caps"}),
    ],
)
def test_goals_are_judged(change: dict[str, float], missed: set[str]) -> None:
    """Reached at the figures of the issue, and not below them."""
    good = {"completion": 0.52, "messages": 35.0, "worst_tenth": 0.545, "matches": 50.0}
    lines = list(goals(list(some(figures(**good | change)))))
    assert len(lines) == 2 * 3 * 5
    for line in lines:
        name = line["case"].removeprefix("goal: ").removesuffix(", equal messages")
        assert line["reached"] == (name not in missed), line


def test_policies_are_summed_up_with_intervals() -> None:
    lines = list(summaries(list(some(figures(completion=0.6, hours_to_full=float("nan"))))))
    assert len(lines) == 2 * 3 * 6
    ours = next(line for line in lines if line["policy"] == OURS)
    assert ours["completion"] == [0.6, 0.6, 0.6]
    assert ours["hours_to_full"] == []
    assert ours["seeds"] == 3


def test_the_time_of_a_step_is_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(speed, "_ROUNDS", 3)
    (line,) = speed.measure()
    assert line["candidates"] == 10_000
    assert 0 < line["median_s"] <= line["first_s"] * 10


def test_too_few_seeds_are_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        command.main(["waves", "--seeds", "1"])
    assert "--seeds: from 2 to 1000 is accepted" in capsys.readouterr().err


@pytest.mark.skipif(
    not __import__("importlib.util").util.find_spec("matplotlib"), reason="matplotlib is not there"
)
def test_the_plot_is_the_same_for_the_same_results(tmp_path) -> None:  # type: ignore[no-untyped-def]
    results = list(summaries(list(some(figures()))))
    for line in results:
        line["messages_per_request"] = [10.0, 9.0, 11.0]
    first = draw(results, tmp_path).read_bytes()
    assert first == draw(results, tmp_path).read_bytes()
    assert b"everyone" in first

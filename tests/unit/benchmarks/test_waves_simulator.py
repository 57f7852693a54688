"""The simulated town: the same luck for all, what policies may see, and how messages tire."""

from __future__ import annotations

import gc
from collections.abc import Callable
from dataclasses import fields, replace
from types import FunctionType, ModuleType

import numpy as np
import pytest

from benchmarks.waves import answers, fatigue, luck, places, world
from benchmarks.waves.answers import Answers
from benchmarks.waves.fatigue import Condition, Fatigue, Strength, band
from benchmarks.waves.luck import Stream
from benchmarks.waves.measures import interval, measured
from benchmarks.waves.ranges import WEEK_H, Ranges
from benchmarks.waves.seen import Call, Log, Step
from benchmarks.waves.simulate import Oracle, Run, simulate
from benchmarks.waves.world import World

needs_data = pytest.mark.skipif(
    not places.folder().exists(), reason=f"the real data are not there: {places.folder()}"
)
#: Nothing tires and everybody stays engaged.
NEVER = Fatigue(np.ones(4), np.ones(4), np.zeros(4), np.ones(4))


def town(seed: int = 3) -> World:
    """A small one on made-up coordinates."""
    random = np.random.default_rng(seed)
    drawn = Ranges(people=(220, 260), per_person_week=(0.03, 0.04)).draw(random)
    rows = np.column_stack([random.normal(48.8, 0.05, 60), random.normal(2.3, 0.07, 60)])
    return world.settled(seed, "made up", drawn, rows, random)


class Once:
    """Tells those whom a rule chooses, when a request opens."""

    def __init__(self, rule: Callable[[Call], object]) -> None:
        self.calls: list[Call] = []
        self.logs: list[Log] = []
        self._rule = rule

    def learn(self, log: Log, now: float) -> None:
        self.logs.append(log)

    def step(self, call: Call) -> Step:
        self.calls.append(call)
        return Step(np.flatnonzero(self._rule(call)))


def everyone(call: Call) -> object:
    return call.candidates.told_week < call.candidates.cap


def under_cap(limit: int) -> Callable[[Call], object]:
    """The first so many of those with room."""

    def rule(call: Call) -> object:
        room = call.candidates.told_week < call.candidates.cap
        return room & (np.cumsum(room) <= limit)

    return rule


@pytest.fixture(scope="module")
def small() -> World:
    return town()


@pytest.fixture(scope="module")
def luck_of_small(small: World) -> Answers:
    return answers.draw(small, "logistic")


def test_draws_depend_on_what_they_are_for_alone() -> None:
    """In any order, alone or together; even, and different between streams and keys."""
    together = luck.uniform(7, Stream.ACCEPT, 5, np.arange(40_000))
    assert luck.uniform(7, Stream.ACCEPT, 5, 1234) == together[1234]
    assert abs(together.mean() - 0.5) < 0.01
    assert np.histogram(together, 10, (0, 1))[0].min() > 3700
    for other in (
        luck.uniform(7, Stream.DECLINE, 5, np.arange(40_000)),
        luck.uniform(8, Stream.ACCEPT, 5, np.arange(40_000)),
        luck.uniform(7, Stream.ACCEPT, 6, np.arange(40_000)),
    ):
        assert abs(np.corrcoef(together, other)[0, 1]) < 0.02
    bell = luck.normal(7, Stream.TASTE, Stream.TASTE_ANGLE, np.arange(40_000))
    assert abs(bell.mean()) < 0.02
    assert abs(bell.std() - 1) < 0.02


def test_a_world_is_the_same_for_its_seed() -> None:
    first, second = town(5), town(5)
    assert np.array_equal(first.people.home, second.people.home)
    assert np.array_equal(first.requests.opens, second.requests.opens)
    assert not np.array_equal(first.people.home, town(6).people.home[: len(first.people)])


def test_alerts_are_hit_as_the_board_would(small: World) -> None:
    """Radius, category and least urgency, between centres of cells."""
    people, requests = small.people, small.requests
    for number in range(0, len(requests), 7):
        category, hit = requests.category[number], small.hits[number]
        assert (small.distance_m[number] <= people.radius_m[hit]).all()
        assert (people.any_category | people.names[:, category])[hit].all()
        assert (requests.urgency[number] >= people.least_urgency[hit]).all()
    assert sum(map(len, small.hits)) > 1000


@pytest.mark.parametrize("law", ["logistic", "barriers"])
def test_acceptance_falls_with_distance(small: World, law: str) -> None:
    """On average, under both laws, which have the same level."""
    drawn = answers.draw(small, law)
    away = np.concatenate(small.distance_m)
    chance = np.concatenate([each.mean(axis=1) for each in drawn.chance])
    near, far = np.quantile(away, (0.25, 0.75))
    assert chance[away <= near].mean() > 1.3 * chance[away >= far].mean()
    usual = np.concatenate([each.mean(axis=1) for each in answers.draw(small, "logistic").chance])
    assert chance.mean() == pytest.approx(usual.mean(), rel=1e-6)
    assert 0 < chance.min() < chance.max() < 0.951


def test_the_same_person_answers_the_same_whoever_else_is_told(
    small: World, luck_of_small: Answers
) -> None:
    """Where nothing tires, who is told by two policies answers both alike."""
    found = []
    for limit in (5, 500):
        outcome = simulate(small, luck_of_small, NEVER, Once(under_cap(limit)))
        log = outcome.log
        found.append(dict(zip(zip(log.call, log.person, strict=True), log.answer, strict=True)))
    few, many = found
    common = few.keys() & many.keys()
    assert len(common) > 200
    # Some were busy with what the larger number of messages had brought them.
    differ = sum(few[key] != many[key] for key in common)
    assert differ < 0.15 * len(common)
    small_busy = replace(small, drawn=Ranges(busy_h=(0, 0)).draw(np.random.default_rng(1)))
    found = []
    for limit in (5, 500):
        log = simulate(small_busy, luck_of_small, NEVER, Once(under_cap(limit))).log
        found.append(dict(zip(zip(log.call, log.person, strict=True), log.answer, strict=True)))
    assert all(found[0][key] == found[1][key] for key in found[0].keys() & found[1].keys())


def reachable(start: object) -> list[object]:
    """Everything that can be got at from an object, without going through code."""
    seen, queue = {id(start): start}, [start]
    while queue:
        for each in gc.get_referents(queue.pop()):
            if id(each) not in seen and not isinstance(each, (type, ModuleType, FunctionType)):
                seen[id(each)] = each
                queue.append(each)
    return list(seen.values())


def test_a_policy_sees_no_truth(small: World, luck_of_small: Answers) -> None:
    """Nothing that it is given leads to the world, nor shares memory with what is true."""
    policy = Once(everyone)
    simulate(small, luck_of_small, NEVER, policy)
    secret = [small, small.people, small.requests, luck_of_small, small.drawn]
    hidden = [*luck_of_small.chance, *luck_of_small.luck, small.people.keenness, small.people.home]
    for given in (*policy.calls[::40], policy.logs[-1]):
        found = reachable(given)
        kinds = (World, Answers, Run, Oracle, Condition)
        assert not any(isinstance(each, kinds) for each in found)
        assert not {id(each) for each in found} & {id(each) for each in secret}
        arrays = [each for each in found if isinstance(each, np.ndarray)]
        assert arrays
        assert not any(np.shares_memory(one, two) for one in arrays for two in hidden)


def test_the_probe_for_truth_finds_it(small: World) -> None:
    """Its positive control: a step that keeps the world is caught."""
    assert any(isinstance(each, World) for each in reachable({"deep": [(1, small)]}))


def test_a_log_knows_no_answer_of_the_future(small: World, luck_of_small: Answers) -> None:
    """What is not answered at the end of a week is silent in its log."""
    policy = Once(everyone)
    slow = replace(luck_of_small, delay_h=[40 * delay for delay in luck_of_small.delay_h])
    outcome = simulate(small, slow, NEVER, policy)
    changed = 0
    for week, early in enumerate(policy.logs, start=1):
        assert early.at.max() < week * WEEK_H
        later = outcome.log.answer[: len(early.at)]
        known = early.answer != 0
        assert (later[known] == early.answer[known]).all()
        changed += (later != early.answer).sum()
    assert changed


def test_nobody_gets_more_than_the_cap(small: World, luck_of_small: Answers) -> None:
    """A policy that ignores caps is stopped at them, and that is counted."""
    outcome = simulate(small, luck_of_small, NEVER, Once(lambda call: call.candidates.cap > 0))
    assert outcome.over_cap > 0
    log = outcome.log
    for person in range(len(small.people)):
        at = np.sort(log.at[log.person == person])
        week = np.array([(at[: i + 1] > moment - WEEK_H).sum() for i, moment in enumerate(at)])
        assert (week <= small.people.cap[person]).all()
    assert measured(small, outcome)["week_most_of_cap"] == 1
    assert simulate(small, luck_of_small, NEVER, Once(everyone)).over_cap == 0


def test_places_are_filled_in_time_and_no_further(small: World, luck_of_small: Answers) -> None:
    outcome = simulate(small, luck_of_small, NEVER, Once(everyone))
    requests = small.requests
    assert (outcome.matched <= requests.places).all()
    full = outcome.matched == requests.places
    assert np.array_equal(~np.isnan(outcome.filled_at), full)
    assert (outcome.filled_at[full] < requests.ends[full]).all()
    assert (outcome.filled_at[full] > requests.opens[full]).all()
    yes = np.bincount(outcome.log.call[outcome.log.answer == 1], minlength=len(requests))
    assert np.array_equal(yes, outcome.matched + outcome.turned_away)


@pytest.mark.parametrize(
    ("tell", "again", "message"),
    [
        ([0, 0], None, "nobody twice"),
        ([0], 0.0, "later than now"),
    ],
)
def test_a_policy_that_breaks_the_rules_is_refused(
    small: World, luck_of_small: Answers, tell: list[int], again: float | None, message: str
) -> None:
    class Bad(Once):
        def step(self, call: Call) -> Step:
            count = len(call.candidates.id)
            return Step(np.array(tell[: 2 * count], dtype=np.int64)[: 2 * count], again)

    with pytest.raises(ValueError, match=message):
        simulate(small, luck_of_small, NEVER, Bad(everyone))


def test_telling_the_same_person_again_is_refused(small: World, luck_of_small: Answers) -> None:
    class Again(Once):
        def step(self, call: Call) -> Step:
            return Step(np.flatnonzero(everyone(call)), call.now + 0.01)

    with pytest.raises(ValueError, match="who was told of this request"):
        simulate(small, luck_of_small, NEVER, Again(everyone))


@needs_data
def test_engagement_follows_the_measured_table() -> None:
    """Over many people, the four columns come out as they stand in the file."""
    rates = fatigue.fatigue(Strength.AS_MEASURED)
    assert rates.stays.tolist() == [0.65, 0.68, 0.64, 0.65]
    assert rates.returns.tolist() == [0.19, 0.09, 0.12, 0.07]
    for column, messages in enumerate((4, 20, 70, 300)):
        condition = Condition(1, 40_000, rates)
        before = condition.engaged
        condition.turn_week(1, np.full(40_000, messages), WEEK_H)
        after = condition.engaged
        assert after[before].mean() == pytest.approx(rates.stays[column], abs=0.015)
        assert after[~before].mean() == pytest.approx(rates.returns[column], abs=0.015)


@needs_data
def test_readiness_is_lost_by_messages_and_comes_back() -> None:
    """As measured: 4.165 % a message, of which 32 % are back in a week; doubled; not at all."""
    one = np.array([0])
    for strength, loss in ((Strength.OFF, 0), (Strength.AS_MEASURED, 1), (Strength.DOUBLED, 2)):
        condition = Condition(1, 2, fatigue.fatigue(strength))
        for _ in range(3):
            condition.told(one, np.array([2]), 10.0)
        left = (1 - loss * 0.04165) ** 3
        assert condition.readiness(one, 10.0) == pytest.approx(left)
        assert condition.readiness(one, 10.0 + WEEK_H) == pytest.approx(1 - 0.68 * (1 - left))
        assert condition.readiness(np.array([1]), 10.0) == 1


@needs_data
def test_without_fatigue_messages_change_nothing() -> None:
    rates = fatigue.fatigue(Strength.OFF)
    for column in (rates.stays, rates.returns, rates.recovery):
        assert len(set(column.tolist())) == 1
    assert not rates.loss.any()
    doubled = fatigue.fatigue(Strength.DOUBLED)
    assert doubled.returns[1] == pytest.approx(0.01)
    assert doubled.stays[1] == pytest.approx(0.71)


def test_bands_are_those_of_the_table() -> None:
    assert band(np.array([0, 9, 10, 49, 50, 99, 100, 900])).tolist() == [0, 0, 1, 1, 2, 2, 3, 3]


@needs_data
def test_homes_lie_beside_real_coordinates() -> None:
    """Seeds take turns between the sources."""
    for seed, source in ((1000, "mutual-aid"), (1001, "haiti")):
        drawn = world.draw(seed)
        assert drawn.source == source
        real = places.coordinates(source)
        for lat, lng in drawn.people.home[:50].tolist():
            away = places.distances_m(real, (lat, lng)).min()
            assert away < 6000 * drawn.drawn.beside_km
    assert len(places.coordinates("mutual-aid")) == 4253
    assert len(np.unique(places.coordinates("haiti"), axis=0)) == 1993


def test_missing_data_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ENTRAIDE_DATA", "/nowhere")
    places.coordinates.cache_clear()
    with pytest.raises(places.DataMissing, match=r"/nowhere/haiti-2010.*ENTRAIDE_DATA"):
        places.coordinates("haiti")


def test_every_range_is_drawn_from() -> None:
    """Within its ends, different for another seed."""
    first, second = (Ranges().draw(np.random.default_rng(seed)) for seed in (1, 2))
    for field in fields(Ranges):
        low, high = getattr(Ranges(), field.name)
        assert low <= getattr(first, field.name) <= high
        assert getattr(first, field.name) != getattr(second, field.name)
    with pytest.raises(AttributeError):
        _ = first.nothing


def test_intervals_hold_the_mean() -> None:
    """Nine times in ten and more, on normal draws."""
    random = np.random.default_rng(4)
    inside = 0
    for _ in range(200):
        mean, low, high = interval(random.normal(3, 1, 30))
        assert low <= mean <= high
        inside += low <= 3 <= high
    assert 180 <= inside <= 198

"""Whom to tell next: never too many, never twice, by promise, and why."""

from __future__ import annotations

import math
from dataclasses import fields, replace

import h3.api.basic_int as h3
import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from matcher import waves
from matcher.place import Place
from matcher.waves import (
    NEVER,
    NO_CELL,
    UNKNOWN_M,
    Answer,
    Because,
    Call,
    Candidate,
    Candidates,
    Estimate,
    Message,
    Outcomes,
    Parameters,
    Step,
    Stop,
    StopReason,
    Tell,
    Telling,
    Told,
    Wait,
    chances,
    learned,
    next_step,
    promises,
)
from matcher.waves.parameters import DAY_S, HOUR_S
from matcher.waves.planning import _mean_for
from matcher.waves.promise import least_promise
from matcher.waves.rings import rings

PARIS = h3.latlng_to_cell(48.8566, 2.3522, 8)
#: A Wednesday at noon UTC.
NOON = 1_764_158_400
NIGHT = NOON + 12 * HOUR_S
CALL = Call(
    category=2, urgency=2, places=1, accepted=0,
    opened_at=NOON, ends_at=NOON + 2 * DAY_S, cell=PARIS,
)  # fmt: skip
NOBODY = Told.of()


def people(count: int, **values: object) -> Candidates:
    """Alike but for their numbers, 1 km away each."""
    usual: dict[str, object] = {"cell": PARIS, "distance_m": 1000}
    return Candidates.of(Candidate(member=i + 1, **(usual | values)) for i in range(count))  # type: ignore[arg-type]


def step_of(
    call: Call = CALL,
    candidates: Candidates | None = None,
    told: Told = NOBODY,
    now: int = NOON,
    **more: object,
) -> Step:
    return next_step(call, people(200) if candidates is None else candidates, told, now, **more)  # type: ignore[arg-type]


def messages(step: Step) -> tuple[Message, ...]:
    assert isinstance(step, Tell), step
    return step.messages


some_candidate = st.builds(
    Candidate,
    member=st.integers(1, 10**6),
    cell=st.sampled_from([*h3.grid_disk(h3.cell_to_parent(PARIS, 7), 6), NO_CELL, PARIS]),
    distance_m=st.integers(UNKNOWN_M, 60_000),
    named=st.booleans(),
    told=st.integers(0, 40),
    accepted=st.integers(0, 10),
    declined=st.integers(0, 10),
    declined_category=st.integers(0, 5),
    expected=st.floats(0, 20),
    accepted_lately=st.integers(0, 3),
    expected_lately=st.floats(0, 3),
    last_told_at=st.sampled_from([NEVER, NOON - 60, NOON - 30 * DAY_S]),
    told_week=st.integers(0, 20),
    cap=st.integers(1, 20),
)
some_candidates = st.lists(some_candidate, max_size=60, unique_by=lambda one: one.member)
some_call = st.builds(
    lambda urgency, places, accepted, hours, calls, share, cell: Call(
        category=2, urgency=urgency, places=places, accepted=accepted, opened_at=NOON,
        ends_at=NOON + hours * HOUR_S, area_calls=calls, area_answered=int(calls * share),
        cell=cell,
    ),
    st.integers(0, 3), st.integers(1, 8), st.integers(0, 8), st.integers(0, 300),
    st.integers(0, 30), st.floats(0, 1), st.sampled_from([PARIS, None]),
)  # fmt: skip
some_parameters = st.sampled_from(
    [
        Parameters(),
        Parameters(rest=0, area=0, least_promise=0),
        Parameters(choice=1.0, ring_resolution=8),
    ]
)


def told_some(candidates: list[Candidate], every: int) -> Told:
    """Every so many of them, an hour ago, with all answers in turn."""
    return Told.of(
        Telling(member=one.member, at=NOON - HOUR_S, chance=0.1, answer=Answer(i % 3))
        for i, one in enumerate(candidates[::every])
    )


@given(some_call, some_candidates, some_parameters, st.integers(1, 5), st.integers(0, 23))
def test_what_holds_of_every_step(
    call: Call, given_people: list[Candidate], parameters: Parameters, every: int, hour: int
) -> None:
    """Never over a cap, never twice, nothing when enough came or the end is near."""
    now = NOON + hour * HOUR_S
    candidates, told = Candidates.of(given_people), told_some(given_people, every)
    step = next_step(call, candidates, told, now, parameters=parameters)
    assert step == next_step(call, candidates, told, now, parameters=parameters)
    if call.accepted >= call.places:
        assert step == Stop(StopReason.ENOUGH)
    elif call.ends_at - now < parameters.least_left_s:
        assert step == Stop(StopReason.END_NEAR)
    if isinstance(step, (Tell, Wait)):
        assert now < step.until <= call.ends_at
    if isinstance(step, Tell):
        by_member = {one.member: one for one in given_people}
        names = [message.member for message in step.messages]
        assert names
        assert len(set(names)) == len(names)
        assert not set(names) & set(told.member.tolist())
        for message in step.messages:
            one = by_member[message.member]
            assert one.told_week < one.cap
            assert 0 < message.chance < 1
            assert 0 < message.usual < 1
            assert message.chance <= message.promise
            assert math.isfinite(message.promise)


@given(some_call, some_candidates, some_parameters)
def test_the_order_is_that_of_the_promise(
    call: Call, given_people: list[Candidate], parameters: Parameters
) -> None:
    """Against brute force: those within reach by promise, ties by number, until enough is hoped."""
    step = next_step(call, Candidates.of(given_people), NOBODY, NOON, parameters=parameters)
    assume(isinstance(step, Tell))
    assert isinstance(step, Tell)
    ranked = promises(call, Candidates.of(given_people), NOON, Estimate(), parameters)
    promise = dict(zip([one.member for one in given_people], ranked.promise.tolist(), strict=True))
    ring = rings(
        call.cell, np.array([one.cell for one in given_people]), parameters.ring_resolution
    )
    near = [
        one.member
        for one, number in zip(given_people, ring.tolist(), strict=True)
        if one.told_week < one.cap and number <= step.rings
    ]
    expected = sorted(near, key=lambda member: (-promise[member], member))
    names = [message.member for message in step.messages]
    assert names == expected[: len(names)]


@given(some_candidate, st.integers(0, 60_000), st.integers(0, 60_000))
def test_nearer_promises_more(one: Candidate, first: int, second: int) -> None:
    """All else alike."""
    near, far = sorted((first, second))
    pair = Candidates.of([replace(one, distance_m=near), replace(one, distance_m=far)])
    ranked = promises(CALL, pair, NOON, Estimate(), Parameters())
    assert ranked.promise[0] >= ranked.promise[1]


@pytest.mark.parametrize(
    ("better", "worse", "why"),
    [
        ({"named": True}, {}, "the alert names the category"),
        ({"accepted": 3, "expected": 1.0}, {"expected": 1.0}, "has said yes"),
        ({"expected": 0.2}, {"expected": 2.0}, "has not been silent as often"),
        ({"accepted_lately": 1, "expected_lately": 0.3}, {"expected_lately": 0.3}, "lately"),
        ({}, {"declined_category": 1}, "a decline is remembered"),
        ({}, {"told_week": 5}, "messages tire"),
        ({}, {"last_told_at": NOON - DAY_S}, "those told least lately"),
        ({"last_told_at": NOON - 9 * DAY_S}, {"last_told_at": NOON - DAY_S}, "longest ago"),
    ],
)
def test_who_promises_more(better: dict[str, object], worse: dict[str, object], why: str) -> None:
    pair = [Candidate(member=n, distance_m=1000, **more) for n, more in ((2, better), (1, worse))]  # type: ignore[arg-type]
    ranked = promises(CALL, Candidates.of(pair), NOON, Estimate(), Parameters())
    assert ranked.promise[0] > ranked.promise[1], why


def test_a_record_is_shrunk() -> None:
    """One yes says less than ten of as many messages; nothing known is what is usual."""
    none, one, ten = (
        Candidate(member=1, distance_m=1000, accepted=yes, expected=yes / 3) for yes in (0, 1, 10)
    )
    chance, usual = chances(CALL, Candidates.of([none, one, ten]), NOON, Estimate(), Parameters())
    assert chance[0] == pytest.approx(usual[0])
    assert usual[0] < chance[1] < chance[2]


def test_more_are_told_when_more_are_needed_and_when_it_hurries() -> None:
    one = len(messages(step_of()))
    assert len(messages(step_of(replace(CALL, places=4)))) > one
    assert len(messages(step_of(replace(CALL, urgency=3)))) > one
    assert len(messages(step_of(replace(CALL, ends_at=NOON + HOUR_S)))) > one
    silent = replace(CALL, area_calls=20, area_answered=2)
    assert len(messages(step_of(silent))) > one


def test_a_wave_waits_for_its_answers() -> None:
    """Those told may still answer; who declined or was silent for long leaves a gap to fill."""
    first = messages(step_of())
    told = Told.of(Telling(member=m.member, at=NOON, chance=m.chance) for m in first)
    assert isinstance(step_of(told=told, now=NOON + 60), Wait)
    declined = replace_answers(told, Answer.NO)
    assert len(messages(step_of(told=declined, now=NOON + 60))) == len(first)
    later = step_of(told=told, now=NOON + 6 * HOUR_S)
    assert isinstance(later, Tell)
    assert later.wave == 2
    assert 0 < len(later.messages) <= len(first)


def replace_answers(told: Told, answer: Answer) -> Told:
    return Told(told.member, told.at, told.chance, np.full(len(told), answer))


def test_looks_come_sooner_when_it_hurries() -> None:
    waits = []
    for urgency in range(4):
        step = step_of(replace(CALL, urgency=urgency, ends_at=NOON + 9 * DAY_S))
        assert isinstance(step, Tell)
        waits.append(step.until - NOON)
    assert waits == sorted(waits, reverse=True)
    assert waits == list(Parameters().wait_s)


def test_the_night_is_left_alone_unless_it_is_for_today() -> None:
    """By the clock of the place; and not when the call ends before the morning."""
    morning = NOON + 19 * HOUR_S + HOUR_S // 2
    assert step_of(now=NIGHT) == Wait(morning)
    assert isinstance(step_of(replace(CALL, urgency=3), now=NIGHT), Tell)
    assert isinstance(step_of(replace(CALL, ends_at=NIGHT + 4 * HOUR_S), now=NIGHT), Tell)
    assert isinstance(step_of(replace(CALL, utc_offset_s=-8 * HOUR_S), now=NIGHT), Tell)


def test_when_it_stops() -> None:
    everyone = Told.of(
        Telling(member=i + 1, at=NOON, chance=0.1, answer=Answer.NO) for i in range(200)
    )
    assert step_of(told=everyone, now=NOON + HOUR_S) == Stop(StopReason.NOBODY_LEFT)
    assert step_of(candidates=people(0)) == Stop(StopReason.NOBODY_LEFT)
    hopeless = people(9, expected=500.0)
    assert step_of(candidates=hopeless) == Stop(StopReason.NOBODY_LEFT)
    full = people(9, told_week=20)
    assert step_of(candidates=full) == Wait(NOON + 6 * HOUR_S)
    soon = replace(CALL, ends_at=NOON + 3 * HOUR_S)
    assert step_of(soon, full) == Stop(StopReason.CAPS)


def test_waves_widen_in_rings() -> None:
    """Far people wait while near ones promise enough, and are told when those are used up."""
    far_cell = next(iter(h3.grid_ring(h3.cell_to_parent(PARIS, 7), 4)))
    near = [Candidate(member=100 + i, cell=PARIS, distance_m=800) for i in range(60)]
    # Better known than all near ones, so that nothing but the ring holds them back.
    far = [
        Candidate(member=i, cell=far_cell, distance_m=9800, accepted=9, expected=1.0)
        for i in range(10)
    ]
    first = step_of(candidates=Candidates.of([*far, *near]))
    assert isinstance(first, Tell)
    assert first.rings == 0
    assert all(message.member >= 100 for message in first.messages)
    told = Told.of(
        Telling(member=one.member, at=NOON, chance=0.1, answer=Answer.NO) for one in near[:55]
    )
    second = step_of(candidates=Candidates.of([*far, *near]), told=told, now=NOON + HOUR_S)
    assert isinstance(second, Tell)
    assert second.rings == 4
    assert second.messages[0].member < 10


def test_rings_are_those_of_h3() -> None:
    """Whatever the resolutions; by the distance where H3 does not count."""
    center = h3.cell_to_parent(PARIS, 7)
    for number in range(4):
        cells = list(h3.grid_ring(center, number))
        assert (rings(PARIS, np.array(cells), 7) == number).all()
    children = [h3.cell_to_center_child(cell, 9) for cell in h3.grid_ring(center, 2)]
    assert (rings(PARIS, np.array(children), 7) == 2).all()
    assert rings(PARIS, np.array([h3.cell_to_parent(PARIS, 5), NO_CELL]), 7).tolist() == [0, 0]
    assert rings(None, np.array([PARIS]), 7).tolist() == [0]
    sydney = h3.latlng_to_cell(-33.87, 151.21, 7)
    away = Place(sydney).distance_m(Place(center)) / (
        h3.average_hexagon_edge_length(7, unit="m") * 3**0.5
    )
    assert rings(PARIS, np.array([sydney]), 7)[0] == round(away)


def test_every_message_says_why() -> None:
    known = Candidate(
        member=1, cell=PARIS, distance_m=1234, named=True, accepted=2, expected=0.5, told=5,
        last_told_at=NOON - 20 * DAY_S,
    )  # fmt: skip
    new = Candidate(member=2, cell=PARIS, distance_m=9000)
    call = replace(CALL, urgency=3, places=5, area_calls=9, area_answered=1)
    told = Told.of([Telling(member=3, at=NOON - HOUR_S, chance=0.1)])
    whys = {
        message.member: [(why.because, why.value) for why in message.why]
        for message in messages(step_of(call, Candidates.of([known, new]), told))
    }
    common = [(Because.SELDOM_ANSWERED, None), (Because.URGENT, None), (Because.WIDENED, 2)]
    assert whys[1] == [
        (Because.NEAR, 1234), (Because.NAMED, None), (Because.SAID_YES, 2), (Because.RESTED, 20),
        *common,
    ]  # fmt: skip
    assert whys[2] == [(Because.RESTED, None), *common]


@pytest.mark.parametrize("need", range(1, 9))
@pytest.mark.parametrize("chance", [0.5, 0.7, 0.85, 0.97])
def test_what_is_aimed_at_is_the_quantile(need: int, chance: float) -> None:
    """A Poisson law of this mean reaches the need with about the chance."""
    mean = _mean_for(need, chance)
    short = sum(math.exp(-mean) * mean**k / math.factorial(k) for k in range(need))
    assert 1 - short == pytest.approx(chance, abs=0.01)


def world_of_outcomes(truth: Estimate, count: int = 40_000) -> Outcomes:
    """Drawn as an estimate says, with people of a Gamma law of its shape."""
    random = np.random.default_rng(5)
    keen = random.gamma(truth.sureness, 1 / truth.sureness, 600)
    member = random.integers(0, 600, count)
    drawn = Outcomes(
        member=member,
        distance_m=random.integers(0, 20_000, count),
        named=random.random(count) < 0.5,
        urgency=random.integers(0, 4, count),
        hour=random.uniform(0, 24, count),
        told_week=random.integers(0, 6, count),
        accepted=np.zeros(count, dtype=bool),
    )
    odds = np.exp(
        truth.intercept - truth.slope * np.log1p(drawn.distance_m / 2000)
        + truth.named * drawn.named + truth.urgency * drawn.urgency
        + np.array(truth.hours)[(drawn.hour / 4).astype(int)]
    ) * keen[member]  # fmt: skip
    chance = odds / (1 + odds) * (1 - Parameters().tires) ** drawn.told_week
    return replace(drawn, accepted=random.random(count) < chance)


def test_what_was_drawn_is_learned() -> None:
    """Coefficients and the shape of the people come back."""
    truth = Estimate(
        intercept=-1.6, slope=1.3, named=0.7, urgency=0.25, sureness=0.6,
        hours=(-0.4, -0.2, 0.1, 0.3, 0.2, 0.0),
    )  # fmt: skip
    found = learned(world_of_outcomes(truth), Estimate(), Parameters())
    assert found.slope == pytest.approx(1.3, abs=0.15)
    assert found.named == pytest.approx(0.7, abs=0.15)
    assert found.urgency == pytest.approx(0.25, abs=0.08)
    assert 0.4 <= found.sureness <= 1.0
    assert np.corrcoef(found.hours, truth.hours)[0, 1] > 0.9
    call = replace(CALL, urgency=0)
    wanted, _ = chances(call, people(1, distance_m=3000), NOON, truth, Parameters())
    given_chance, _ = chances(call, people(1, distance_m=3000), NOON, found, Parameters())
    assert given_chance[0] == pytest.approx(wanted[0], rel=0.25)


def test_few_outcomes_change_nothing_and_some_change_little() -> None:
    truth = Estimate(slope=3.0)
    assert learned(world_of_outcomes(truth, 49), Estimate(), Parameters()) == Estimate()
    few = learned(world_of_outcomes(truth, 150), Estimate(), Parameters())
    many = learned(world_of_outcomes(truth), Estimate(), Parameters())
    assert abs(few.slope - Estimate().slope) < abs(many.slope - Estimate().slope)


@given(st.booleans())
def test_outcomes_of_one_kind_are_survived(all_accept: bool) -> None:
    """Nobody or everybody accepts: finite coefficients."""
    drawn = world_of_outcomes(Estimate(), 400)
    found = learned(replace(drawn, accepted=np.full(400, all_accept)), Estimate(), Parameters())
    numbers = [found.intercept, found.slope, found.named, found.urgency, *found.hours]
    assert np.isfinite(numbers).all()
    usual = chances(CALL, people(1), NOON, Estimate(), Parameters())[1][0]
    assert (chances(CALL, people(1), NOON, found, Parameters())[1][0] > usual) == all_accept


def test_answers_come_later_and_later() -> None:
    estimate = Estimate()
    late = estimate.late(np.array([0.0, estimate.answer_s, 1e9]))
    assert late[0] == 1
    assert late[1] == pytest.approx(0.5)
    assert late[2] < 1e-4


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("category", 256), ("urgency", 4), ("urgency", True), ("places", 0), ("accepted", -1),
        ("ends_at", 2**63), ("cell", 12), ("utc_offset_s", 100_000), ("area_calls", -1),
        ("area_answered", 1),
    ],
)  # fmt: skip
def test_a_call_that_is_none_is_refused(field: str, value: object) -> None:
    with pytest.raises(ValueError, match=f"^{field} must be"):
        replace(CALL, **{field: value})  # type: ignore[arg-type]


def test_columns_that_do_not_fit_are_refused() -> None:
    columns = {field.name: getattr(people(3), field.name) for field in fields(Candidates)}
    with pytest.raises(waves.WavesError, match=r"^cap must be an array of 3 elements"):
        Candidates(**columns | {"cap": np.zeros(2, dtype=np.int64)})
    for bad in (-1.0, math.nan, math.inf):
        with pytest.raises(waves.WavesError, match=r"^expected must be finite numbers from 0"):
            Candidates(**columns | {"expected": np.array([0.0, bad, 0.0])})
    with pytest.raises(waves.WavesError, match=r"^chance must be"):
        Told.of([Telling(member=1, at=NOON, chance=1.5)])


@pytest.mark.parametrize(
    ("calls", "answered", "area", "asked"),
    [
        (0, 0, 5.0, 0.01),
        (5, 5, 5.0, 0.035),
        (5, 0, 5.0, 0.01),
        (95, 95, 5.0, 0.0575),
        (0, 0, 0.5, 0.035),
        (0, 0, 0.0, 0.06),
        (95, 0, 0.0, 0.06),
    ],
)
def test_the_least_promise_follows_what_is_known_of_an_area(
    calls: int, answered: int, area: float, asked: float
) -> None:
    """Little is asked where nothing is known or calls stay without an answer."""
    call = replace(CALL, area_calls=calls, area_answered=answered)
    assert least_promise(call, Parameters(area=area)) == pytest.approx(asked)

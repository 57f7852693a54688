"""One run: a policy in a world, from the first request to the end of the last."""

from __future__ import annotations

import heapq
from dataclasses import dataclass
from enum import IntEnum
from typing import Protocol, runtime_checkable

import numpy as np

from benchmarks.waves.answers import Answers, part_of, read_at
from benchmarks.waves.fatigue import Condition, Fatigue
from benchmarks.waves.ranges import WEEK_H
from benchmarks.waves.records import Records
from benchmarks.waves.seen import Answer, Array, Call, Log, Mask, Policy, Whole
from benchmarks.waves.world import World


class _Event(IntEnum):
    WEEK = 0
    ANSWER = 1
    OPENS = 2
    LOOK = 3
    ENDS = 4


@dataclass(frozen=True)
class Outcome:
    """What came of a run; arrays have one element a request, and `log` one a message."""

    log: Log
    #: Acceptances that got one of the places in time, and that came when none was left.
    matched: Whole
    turned_away: Whole
    #: Hour of the first acceptance in time and of the last place's, NaN without.
    first_at: Array
    filled_at: Array
    #: Messages that would have gone over somebody's cap: the board does not send them.
    over_cap: int


class Oracle:
    """What would be answered; for the bound alone, which is no policy."""

    def __init__(self, run: Run) -> None:
        self._run = run

    def answers(self, request: int, now: float) -> tuple[Mask, Array]:
        """Who would accept if told now, and when; one element for each candidate."""
        hit = self._run.world.hits[request]
        accepts, at = self._run.would(request, np.arange(len(hit)), now)
        return accepts & (self._run.busy_until[hit] <= at), at


class Run:
    """The state of one run."""

    def __init__(self, world: World, answers: Answers, rates: Fatigue, policy: Policy) -> None:
        self.world, self._answers, self._policy = world, answers, policy
        requests, people = len(world.requests), len(world.people)
        self._condition = Condition(world.seed, people, rates)
        self._records = Records(world)
        self.busy_until = np.zeros(people)
        self._matched = np.zeros(requests, dtype=np.int64)
        self._turned_away = np.zeros(requests, dtype=np.int64)
        self._first_at = np.full(requests, np.nan)
        self._filled_at = np.full(requests, np.nan)
        self._week = np.zeros(people, dtype=np.int64)
        self._over_cap = 0
        #: Number of the last look of each open request; answers of an older number are not asked.
        self._looks = np.zeros(requests, dtype=np.int64)
        self._asks = np.zeros(requests, dtype=bool)
        self._closed = np.zeros(requests, dtype=bool)
        self._areas: dict[int, list[int]] = {}
        # Hour, event (ties go in the order of its numbers), running number, what it is about.
        self._queue: list[tuple[float, _Event, int, int, int]] = []
        self._count = 0

    def finish(self) -> Outcome:
        """Run to the end."""
        requests = self.world.requests
        for number in range(len(requests)):
            self._push(requests.opens[number], _Event.OPENS, number)
            self._push(requests.ends[number], _Event.ENDS, number)
        last = float(requests.ends.max(initial=0.0))
        for week in range(1, int(last // WEEK_H) + 1):
            self._push(week * WEEK_H, _Event.WEEK, week)
        while self._queue:
            now, event, _, number, detail = heapq.heappop(self._queue)
            self._happens(now, event, number, detail)
        return Outcome(
            self._records.log(), self._matched, self._turned_away,
            self._first_at, self._filled_at, self._over_cap,
        )  # fmt: skip

    def would(self, request: int, positions: Whole, now: float) -> tuple[Mask, Array]:
        """Whether each would accept when told now, and when each would answer."""
        world, answers = self.world, self._answers
        people = world.hits[request][positions]
        read = read_at(world, request, people, now)
        chance = answers.chance[request][positions, part_of(read)]
        chance = chance * self._condition.readiness(people, now)
        chance *= np.where(self._condition.engaged[people], 1.0, world.drawn.not_engaged)
        return answers.luck[request][positions] < chance, read + answers.delay_h[request][positions]

    def _push(self, at: float, event: _Event, number: int, detail: int = 0) -> None:
        self._count += 1
        heapq.heappush(self._queue, (float(at), event, self._count, number, detail))

    def _happens(self, now: float, event: _Event, number: int, detail: int) -> None:
        if event is _Event.WEEK:
            self._condition.turn_week(number, self._week, now)
            self._week[:] = 0
            self._policy.learn(self._records.log(), now)
        elif event is _Event.OPENS:
            self._asks[number] = True
            self._step(number, now)
        elif event is _Event.ANSWER:
            self._answer(number, detail, now)
        elif event is _Event.ENDS:
            self._close(number)
        elif self._asks[number] and detail == self._looks[number]:
            self._step(number, now)

    def _step(self, request: int, now: float) -> None:
        """Ask the policy, tell whom it names, and note when it wants to be asked again."""
        self._looks[request] += 1
        step = self._policy.step(self._call(request, now))
        if len(step.tell):
            self._tell(request, step.tell, now)
        if step.look_again is None:
            self._asks[request] = False
            return
        if step.look_again <= now:
            raise ValueError("look_again must be later than now")
        self._push(step.look_again, _Event.LOOK, request, int(self._looks[request]))

    def _call(self, request: int, now: float) -> Call:
        requests = self.world.requests
        area = int(requests.area[request])
        calls, answered = self._areas.get(area, (0, 0))
        return Call(
            id=request, now=now, category=int(requests.category[request]),
            urgency=int(requests.urgency[request]), places=int(requests.places[request]),
            accepted=int(self._matched[request]), opens=float(requests.opens[request]),
            ends=float(requests.ends[request]), cell=int(requests.cell[request]),
            area=area, area_calls=calls,
            area_answered=answered, candidates=self._records.candidates(request, now),
        )  # fmt: skip

    def _tell(self, request: int, positions: Whole, now: float) -> None:
        """Send messages, but none over a cap, as the board does."""
        if len(np.unique(positions)) < len(positions):
            raise ValueError("tell must name nobody twice")
        if not np.isnan(self._records.told_at[request][positions]).all():
            raise ValueError("tell must name nobody who was told of this request")
        people = self.world.hits[request][positions]
        week = self._records.told_week(people, now)
        room = week < self.world.people.cap[people]
        self._over_cap += int((~room).sum())
        positions, people, week = positions[room], people[room], week[room]
        accepts, at = self.would(request, positions, now)
        speaks = accepts | self._answers.says_no[request][positions]
        for position, yes, when in zip(
            positions[speaks].tolist(), accepts[speaks].tolist(), at[speaks].tolist(), strict=True
        ):
            self._push(when, _Event.ANSWER, request, 2 * position + int(yes))
        self._condition.told(people, week, now)
        self._records.tell(request, positions, now)
        self._week[people] += 1

    def _answer(self, request: int, detail: int, now: float) -> None:
        """Take a yes or no; whoever is busy by now says no."""
        position, yes = detail >> 1, detail & 1
        person = self.world.hits[request][position]
        accepts = yes and self.busy_until[person] <= now
        self._records.answered(request, position, Answer.YES if accepts else Answer.NO)
        if accepts:
            self._accept(request, int(person), now)
        if self._asks[request]:
            self._step(request, now)

    def _accept(self, request: int, person: int, now: float) -> None:
        requests = self.world.requests
        left = requests.places[request] - self._matched[request]
        if left == 0 or now >= requests.ends[request]:
            self._turned_away[request] += 1
            return
        self.busy_until[person] = now + self.world.drawn.busy_h
        self._matched[request] += 1
        if np.isnan(self._first_at[request]):
            self._first_at[request] = now
        if left == 1:
            self._filled_at[request] = now
            self._close(request)

    def _close(self, request: int) -> None:
        """Ask no more about a request that is filled or has ended; once."""
        self._asks[request] = False
        if self._closed[request]:
            return
        self._closed[request] = True
        area = self._areas.setdefault(int(self.world.requests.area[request]), [0, 0])
        area[0] += 1
        area[1] += int(self._matched[request] > 0)


@runtime_checkable
class Clairvoyant(Protocol):
    """The bound: it is let see what others must estimate."""

    def sees(self, oracle: Oracle) -> None:
        """Called before the first request."""


def simulate(world: World, answers: Answers, rates: Fatigue, policy: Policy) -> Outcome:
    """The outcome of a policy in a world."""
    run = Run(world, answers, rates, policy)
    if isinstance(policy, Clairvoyant):
        policy.sees(Oracle(run))
    return run.finish()

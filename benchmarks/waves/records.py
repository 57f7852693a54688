"""What the board remembers during a run: messages, answers, and what people's histories say."""

from __future__ import annotations

import numpy as np

from benchmarks.waves.ranges import CATEGORIES, WEEK_H
from benchmarks.waves.seen import Answer, Array, Candidates, Log, Whole
from benchmarks.waves.world import World

_COLUMNS = ("call", "person", "distance_m", "category", "urgency", "told_week", "named", "answer")
_FIRST_ROOM = 4096
_LATELY_H = 2 * WEEK_H
_MOST_LATELY = 40


class Records:
    """The history of one run."""

    def __init__(self, world: World) -> None:
        people = len(world.people)
        self._world = world
        self._at = np.empty(_FIRST_ROOM)
        self._columns = {name: np.zeros(_FIRST_ROOM, dtype=np.int64) for name in _COLUMNS}
        self.messages = 0
        self.told = np.zeros(people, dtype=np.int64)
        self.accepted = np.zeros(people, dtype=np.int64)
        self.declined = np.zeros(people, dtype=np.int64)
        self.declined_category = np.zeros((people, CATEGORIES + 1), dtype=np.int64)
        self.last_told = np.full(people, -np.inf)
        # The last messages of each person: a full circle of their cap is a full week.
        self._recent = np.full((people, int(world.people.cap.max())), -np.inf)
        # When those were told who accepted, the last ones of each person.
        self._taken = np.full((people, _MOST_LATELY), -np.inf)
        hits = world.hits
        self.told_at = [np.full(len(hit), np.nan) for hit in hits]
        self.answer = [np.zeros(len(hit), dtype=np.int64) for hit in hits]
        self._rows = [np.zeros(len(hit), dtype=np.int64) for hit in hits]

    def told_week(self, people: Whole, now: float) -> Whole:
        """Messages of each in the seven days before `now`."""
        result: Whole = (self._recent[people] > now - WEEK_H).sum(axis=1)
        return result

    def candidates(self, request: int, now: float) -> Candidates:
        """Those of a request, as they stand."""
        world, hit = self._world, self._world.hits[request]
        category = int(world.requests.category[request])
        return Candidates(
            id=hit.copy(), cell=world.people.cell[hit],
            distance_m=world.distance_m[request].copy(),
            named=world.people.names[hit, category],
            told=self.told[hit], accepted=self.accepted[hit], declined=self.declined[hit],
            declined_category=self.declined_category[hit, category],
            accepted_lately=(self._taken[hit] > now - _LATELY_H).sum(axis=1),
            last_told=self.last_told[hit],
            told_week=self.told_week(hit, now), cap=world.people.cap[hit],
            told_at=self.told_at[request].copy(), answer=self.answer[request].copy(),
        )  # fmt: skip

    def tell(self, request: int, positions: Whole, now: float) -> Whole:
        """Write messages down; gives the numbers of the people."""
        world = self._world
        people = world.hits[request][positions]
        week = self.told_week(people, now)
        start, self.messages = self.messages, self.messages + len(people)
        while self.messages > len(self._at):
            self._at = np.concatenate([self._at, np.empty_like(self._at)])
            for name, column in self._columns.items():
                self._columns[name] = np.concatenate([column, np.zeros_like(column)])
        rows = slice(start, self.messages)
        category = int(world.requests.category[request])
        values = {
            "call": request, "person": people, "category": category, "told_week": week,
            "distance_m": world.distance_m[request][positions],
            "urgency": world.requests.urgency[request],
            "named": world.people.names[people, category], "answer": Answer.SILENT,
        }  # fmt: skip
        self._at[rows] = now
        for name, value in values.items():
            self._columns[name][rows] = value
        self._rows[request][positions] = np.arange(start, self.messages)
        self._recent[people, self.told[people] % self._recent.shape[1]] = now
        self.told[people] += 1
        self.last_told[people] = now
        self.told_at[request][positions] = now
        return people

    def answered(self, request: int, position: int, answer: Answer) -> None:
        """Write an answer down."""
        person = self._world.hits[request][position]
        self.answer[request][position] = answer
        self._columns["answer"][self._rows[request][position]] = answer
        if answer is Answer.YES:
            at = self.told_at[request][position]
            self._taken[person, self.accepted[person] % _MOST_LATELY] = at
            self.accepted[person] += 1
        else:
            self.declined[person] += 1
            self.declined_category[person, self._world.requests.category[request]] += 1

    def log(self) -> Log:
        """A copy of what has been written down."""
        columns = {name: column[: self.messages].copy() for name, column in self._columns.items()}
        named = columns.pop("named").astype(bool)
        return Log(at=self._at[: self.messages].copy(), named=named, **columns)

    @property
    def times(self) -> Array:
        """Hours of all messages."""
        return self._at[: self.messages]

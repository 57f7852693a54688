"""Questions in blocks, engine and peer taking turns, each call timed by itself."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

Question = TypeVar("Question")
Answer = TypeVar("Answer")

BLOCK = 100


@dataclass
class Timed(Generic[Answer]):
    """What one side answered, and how long each answer took."""

    answers: list[Answer] = field(default_factory=list)
    nanoseconds: list[int] = field(default_factory=list)

    @property
    def us(self) -> NDArray[np.float64]:
        """Microseconds of each question."""
        return np.array(self.nanoseconds) / 1000


def ask(
    timed: Timed[Answer], call: Callable[[Question], Answer], asked: Sequence[Question]
) -> None:
    """Ask some questions one by one."""
    clock = time.perf_counter_ns
    for question in asked:
        start = clock()
        answer = call(question)
        timed.nanoseconds.append(clock() - start)
        timed.answers.append(answer)


def interleaved(
    questions: Sequence[Question], *calls: Callable[[Question], Answer]
) -> list[Timed[Answer]]:
    """All questions to all sides, a block at a time; who goes first changes with each block."""
    sides: list[Timed[Answer]] = [Timed() for _ in calls]
    for call in calls:
        call(questions[0])
    for number, at in enumerate(range(0, len(questions), BLOCK)):
        order = list(zip(sides, calls, strict=True))
        for timed, call in order if number % 2 else reversed(order):
            ask(timed, call, questions[at : at + BLOCK])
    return sides


def row(
    case: str, n: int, peer: str, ours_us: float, peer_us: float, exact: bool, **more: object
) -> dict[str, object]:
    """One line of results."""
    return {
        "benchmark": "engine",
        "case": case,
        "n": n,
        "peer": peer,
        "ours_us": round(ours_us, 3),
        "peer_us": round(peer_us, 3),
        "ratio": round(peer_us / ours_us, 2),
        "exact": exact,
        **more,
    }


def timed(call: Callable[[], Answer]) -> tuple[Answer, float]:
    """What a call gives, and how many seconds it takes."""
    start = time.perf_counter()
    answer = call()
    return answer, time.perf_counter() - start


def left_out(case: str, n: int, peer: str, reason: Exception) -> dict[str, object]:
    """One line for a peer that cannot be run here, and why."""
    head = {"benchmark": "engine", "case": case, "n": n, "peer": peer}
    return {**head, "left_out": str(reason)}

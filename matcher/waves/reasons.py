"""Why this person got it: what each message can say."""

from collections.abc import Iterator

from matcher.waves.call import NEVER, UNKNOWN_M, Call, Candidates
from matcher.waves.parameters import DAY_S
from matcher.waves.promise import Promises
from matcher.waves.steps import Because, Message, Why

#: Farther away nobody is told that they are near.
_NEAR_M = 5000
_RESTED = 0.5
_TODAY = 3
_SELDOM = 0.5
_LEAST_CALLS = 5


def message(
    call: Call, candidates: Candidates, ranked: Promises, position: int, wave: int, now: int
) -> Message:
    """The message to a candidate, with its reasons."""
    return Message(
        member=int(candidates.member[position]),
        promise=float(ranked.promise[position]),
        chance=float(ranked.chance[position]),
        usual=float(ranked.usual[position]),
        why=tuple(_reasons(call, candidates, ranked, position, wave, now)),
    )


def _reasons(
    call: Call, candidates: Candidates, ranked: Promises, position: int, wave: int, now: int
) -> Iterator[Why]:
    away = int(candidates.distance_m[position])
    if away != UNKNOWN_M and away <= _NEAR_M:
        yield Why(Because.NEAR, away)
    if candidates.named[position]:
        yield Why(Because.NAMED)
    if candidates.accepted[position]:
        yield Why(Because.SAID_YES, int(candidates.accepted[position]))
    if ranked.rest[position] >= _RESTED:
        last = int(candidates.last_told_at[position])
        yield Why(Because.RESTED, None if last == NEVER else (now - last) // DAY_S)
    if call.area_calls >= _LEAST_CALLS and call.area_answered < _SELDOM * call.area_calls:
        yield Why(Because.SELDOM_ANSWERED)
    if call.urgency >= _TODAY:
        yield Why(Because.URGENT)
    if wave > 1:
        yield Why(Because.WIDENED, wave)

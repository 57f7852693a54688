"""The next step of a call."""

from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from matcher.waves.call import Answer, Call, Candidates, Told
from matcher.waves.estimate import Array, Estimate
from matcher.waves.parameters import DAY_S, DEFAULT_PARAMETERS, HOUR_S, Parameters
from matcher.waves.promise import Promises, least_promise, neglect, promises
from matcher.waves.reasons import message
from matcher.waves.rings import rings
from matcher.waves.steps import Step, Stop, StopReason, Tell, Wait

_TODAY = 3
_DEFAULT_ESTIMATE = Estimate()


def next_step(
    call: Call,
    candidates: Candidates,
    told: Told,
    now: int,
    *,
    estimate: Estimate = _DEFAULT_ESTIMATE,
    parameters: Parameters = DEFAULT_PARAMETERS,
) -> Step:
    """Whom to tell now, until when to wait, or why to stop.

    `candidates` may hold people who were told of this call; they are passed over. May be asked
    sooner than it says, after an answer for instance. Deterministic; ties go to the lower member.
    Nobody is told beyond the cap, nor twice.
    """
    need = call.places - call.accepted
    if need <= 0:
        return Stop(StopReason.ENOUGH)
    left = call.ends_at - now
    if left < parameters.least_left_s:
        return Stop(StopReason.END_NEAR)
    morning = _morning(call, now, parameters)
    if morning is not None:
        return Wait(morning)
    until = min(now + parameters.wait_s[call.urgency], call.ends_at)
    hope = _hope(told, now, estimate)
    lack = _aim(call, need, left, parameters) - hope
    fresh = ~np.isin(candidates.member, told.member)
    room = fresh & (candidates.told_week < candidates.cap)
    if not room.any():
        return _nobody(call, fresh, until, now)
    if lack <= 0:
        return Wait(until)
    ranked = promises(call, candidates, now, estimate, parameters)
    chosen, reach = _wave(call, candidates, ranked, room, lack, parameters)
    if not len(chosen):
        return _nobody(call, fresh & ~room, until, now)
    wave = 1 + len(np.unique(told.at))
    messages = tuple(message(call, candidates, ranked, i, wave, now) for i in chosen.tolist())
    return Tell(messages, until, wave, reach)


def _morning(call: Call, now: int, parameters: Parameters) -> int | None:
    """When the night ends, if it is night and there is time to wait for that."""
    if call.urgency >= _TODAY:
        return None
    start, end = parameters.night
    hour = call.hour(now)
    if end <= hour < start:
        return None
    morning = now + max(1, round((end - hour) % 24 * HOUR_S))
    return morning if morning < call.ends_at - parameters.least_left_s else None


def _hope(told: Told, now: int, estimate: Estimate) -> float:
    """Acceptances still to be expected of those who have not answered."""
    silent = told.answer == Answer.SILENT
    chance = told.chance[silent]
    late = estimate.late((now - told.at[silent]).astype(np.float64))
    return float((chance * late / (1 - chance * (1 - late))).sum())


def _aim(call: Call, need: int, left: int, parameters: Parameters) -> float:
    """Acceptances to be expected so that the people needed come with the chance aimed at."""
    chance = parameters.aim[call.urgency]
    if left < 2 * parameters.wait_s[call.urgency]:
        chance = max(chance, parameters.last_aim)
    bolder = min(chance + neglect(call, parameters), parameters.last_aim)
    return _mean_for(need, max(chance, bolder))


def _mean_for(need: int, chance: float) -> float:
    """Mean of a Poisson law that reaches `need` with a chance: a quantile of the Gamma law.

    By the cube-root approximation (Wilson and Hilferty, PNAS 17, 1931).
    """
    root = 1 - 1 / (9 * need) + NormalDist().inv_cdf(chance) / (3 * need**0.5)
    return float(need * max(root, 0.1) ** 3)


def _wave(
    call: Call,
    candidates: Candidates,
    ranked: Promises,
    room: NDArray[np.bool_],
    lack: float,
    parameters: Parameters,
) -> tuple[NDArray[np.int64], int]:
    """Positions to tell, by promise, and the ring that the wave reaches out to."""
    open_to = np.flatnonzero(room & (ranked.promise >= least_promise(call, parameters)))
    if not len(open_to):
        return open_to, 0
    ring = rings(call.cell, candidates.cell[open_to], parameters.ring_resolution)
    reach = _reach(ring, ranked.chance[open_to], parameters.choice * lack)
    near = open_to[ring <= reach]
    order = near[np.lexsort((candidates.member[near], -ranked.promise[near]))]
    promised = np.cumsum(ranked.chance[order])
    count = int(np.searchsorted(promised, lack)) + 1
    return order[:count], reach


def _reach(ring: NDArray[np.int64], chance: Array, wanted: float) -> int:
    """The first ring within which people promise as much as wanted, or the last one."""
    by_ring = np.cumsum(np.bincount(ring, weights=chance))
    return int(min(np.searchsorted(by_ring, wanted), ring.max()))


def _nobody(call: Call, capped: NDArray[np.bool_], until: int, now: int) -> Step:
    """With nobody to tell: wait for those whose week may make room, or stop."""
    if not capped.any():
        return Stop(StopReason.NOBODY_LEFT)
    again = max(until, now + DAY_S // 4)
    return Wait(again) if again < call.ends_at else Stop(StopReason.CAPS)

"""Whom to tell of a call for people next, how long to wait, and when to stop.

`next_step` answers with data: `Tell` these members now, `Wait` until then, or `Stop` and why. Its
caller keeps what was told, with the chance that stood behind it, and what was answered. `learned`
fits the `Estimate` to outcomes of the past. Pure: the time is passed in, nothing is drawn.
"""

from matcher.waves.call import (
    NEVER,
    NO_CELL,
    UNKNOWN_M,
    Answer,
    Call,
    Candidate,
    Candidates,
    Telling,
    Told,
    WavesError,
)
from matcher.waves.estimate import Estimate, Outcomes, chances, learned
from matcher.waves.parameters import DEFAULT_PARAMETERS, Parameters
from matcher.waves.planning import next_step
from matcher.waves.promise import Promises, promises
from matcher.waves.steps import Because, Message, Step, Stop, StopReason, Tell, Wait, Why

__all__ = [
    "DEFAULT_PARAMETERS",
    "NEVER",
    "NO_CELL",
    "UNKNOWN_M",
    "Answer",
    "Because",
    "Call",
    "Candidate",
    "Candidates",
    "Estimate",
    "Message",
    "Outcomes",
    "Parameters",
    "Promises",
    "Step",
    "Stop",
    "StopReason",
    "Tell",
    "Telling",
    "Told",
    "Wait",
    "WavesError",
    "Why",
    "chances",
    "learned",
    "next_step",
    "promises",
]

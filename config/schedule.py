"""What the clock asks the workers to do, and how often."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Periodic:
    """A job that is put on the queue at a fixed interval, without arguments."""

    #: Dotted name of the function.
    job: str
    every_s: int


SCHEDULE = (
    Periodic(job="workers.upkeep.sweep", every_s=10),
    Periodic(job="workers.upkeep.expire", every_s=60),
    Periodic(job="workers.upkeep.digest", every_s=60),
    Periodic(job="workers.upkeep.snapshot", every_s=300),
    Periodic(job="workers.upkeep.forget", every_s=3600),
)

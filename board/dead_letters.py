"""What the outbox has given up: seen by whoever runs the board, and sent again when asked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final

import sqlalchemy as sa
from sqlalchemy.orm import Session

from board import audit, channels
from board.db import now
from board.errors import Invalid, Problem
from board.outbox import DEAD, DROPPED, EVENTS, PENDING, SENT, OutboxRow

if TYPE_CHECKING:
    from board.context import Board

STATUSES: Final = (PENDING, SENT, DROPPED, DEAD)
_SENT_BY = (channel.purposes for channel in channels.ALL.values())
PURPOSES: Final = EVENTS.union(*_SENT_BY)
#: Rows that one listing shows at most.
LISTED: Final = 50
LISTED_MAX: Final = 10_000
#: Rows that one unit of work sets to wait again.
_IN_ONE_UNIT = 500
_UNKNOWN = "not in the outbox"


@dataclass(frozen=True, slots=True)
class Letter:
    """A row of the outbox without anything that says to whom it goes, or what it says."""

    id: int
    purpose: str
    channel: str
    status: str
    attempts: int
    #: Since the row was written.
    age: timedelta
    #: Class of the last failure; "" where there was none.
    error: str


def look(
    board: Board, *, status: str = DEAD, purpose: str | None = None, limit: int = LISTED
) -> list[Letter]:
    """Rows of one status, oldest first. Raises Invalid."""
    _check_purpose(purpose)
    if status not in STATUSES:
        raise Invalid([_refused("--status", f"“{status}” is none", ", ".join(STATUSES))])
    if not 1 <= limit <= LISTED_MAX:
        raise Invalid([_refused("--limit", f"{limit} is not", f"1 to {LISTED_MAX}")])
    rows = sa.select(
        OutboxRow.id,
        OutboxRow.purpose,
        OutboxRow.channel,
        OutboxRow.status,
        OutboxRow.attempts,
        OutboxRow.created_at,
        OutboxRow.error,
    ).where(OutboxRow.status == status)
    if purpose is not None:
        rows = rows.where(OutboxRow.purpose == purpose)
    with board.db.read() as session:
        moment = now(session)
        found = session.execute(rows.order_by(OutboxRow.id).limit(limit))
        return [
            Letter(row_id, what, channel, state, attempts, moment - created_at, error)
            for row_id, what, channel, state, attempts, created_at, error in found
        ]


def retry(board: Board, ids: Sequence[int]) -> int:
    """Let these dead rows be tried again at once; returns how many. Raises Invalid.

    All of them or none: an id that is unknown, or of a row that is not dead, is refused by name.
    """
    if not ids:
        raise Invalid([_refused("ID", "no id is given", "ids of dead rows, or --all")])
    wanted = sorted(set(ids))
    with board.db.write() as session:
        found: dict[int, str] = {}
        for part in _parts(wanted):
            rows = sa.select(OutboxRow.id, OutboxRow.status).where(OutboxRow.id.in_(part))
            found |= {row.id: row.status for row in session.execute(rows.with_for_update())}
        problems = [
            _refused("ID", f"row {row_id} is {found.get(row_id, _UNKNOWN)}", "ids of dead rows")
            for row_id in wanted
            if found.get(row_id) != DEAD
        ]
        if problems:
            raise Invalid(problems)
        for part in _parts(wanted):
            _revive(session, part)
    board.waker.wake(wanted)
    return len(wanted)


def retry_all(board: Board, *, purpose: str | None = None) -> int:
    """As `retry`, for all that are dead now, some in each unit of work. Raises Invalid."""
    _check_purpose(purpose)
    dead = sa.select(OutboxRow.id).where(OutboxRow.status == DEAD).order_by(OutboxRow.id)
    if purpose is not None:
        dead = dead.where(OutboxRow.purpose == purpose)
    with board.db.read() as session:
        ids = list(session.scalars(dead))
    count = 0
    for part in _parts(ids):
        with board.db.write() as session:
            revived = _revive(session, part)
        board.waker.wake(revived)
        count += len(revived)
    return count


def _revive(session: Session, ids: Sequence[int]) -> list[int]:
    """Those of the rows that were dead wait again, as if they had never been tried."""
    revived = sorted(
        session.scalars(
            sa.update(OutboxRow)
            .where(OutboxRow.id.in_(ids), OutboxRow.status == DEAD)
            .values(status=PENDING, attempts=0, due_at=now(session), done_at=None)
            .returning(OutboxRow.id)
            .execution_options(synchronize_session=False)
        )
    )
    for row_id in revived:
        audit.record(session, "outbox-retried", subject="outbox", subject_id=row_id)
    return revived


def _parts(ids: Sequence[int]) -> list[Sequence[int]]:
    return [ids[start : start + _IN_ONE_UNIT] for start in range(0, len(ids), _IN_ONE_UNIT)]


def _check_purpose(purpose: str | None) -> None:
    if purpose is not None and purpose not in PURPOSES:
        accepted = ", ".join(sorted(PURPOSES))
        raise Invalid([_refused("--purpose", f"“{purpose[:60]}” is none", accepted)])


def _refused(field: str, wrong: str, accepted: str) -> Problem:
    return Problem(field, f"{wrong}; accepted: {accepted}")

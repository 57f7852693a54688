"""Storing checked rows in batches. A row is known by its source and its id there, so that a run
that was killed is taken up by the next one, and a second run stores nothing twice."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from sqlalchemy.orm import Session

from board import listings, posting
from board.db import insert_new, now
from board.errors import Invalid, Problem
from board.i18n import N_
from board.importing.rows import ImportRow
from board.listings import Status
from board.sources import ImportedRow

if TYPE_CHECKING:
    from board.context import Board

BATCH: Final = 500
BATCH_MAX: Final = 5000

#: Called after each batch with the number of its rows.
Progress = Callable[[int], None]


@dataclass(slots=True)
class Stored:
    """What a run has done so far."""

    rows: int = 0
    listings: int = 0
    already_there: int = 0
    #: Outbox rows written, one a listing, when alerts were asked for.
    announced: int = 0
    #: Internal ids of the listings of this run.
    listing_ids: list[int] = field(default_factory=list)


def store(
    board: Board,
    source: str,
    rows: Sequence[ImportRow],
    *,
    batch: int = BATCH,
    alert: bool = False,
    progress: Progress | None = None,
    demo: bool = False,
) -> Stored:
    """Store the rows that the source has not brought yet, `batch` rows a commit.

    Raises Invalid for a size of batch out of range.
    """
    if not 1 <= batch <= BATCH_MAX:
        message = N_("A number from %(least)g to %(most)g is accepted.")
        raise Invalid([Problem("batch", message, {"least": 1, "most": BATCH_MAX})])
    stored = Stored()
    for part in _batches(rows, batch):
        with board.db.write() as session:
            fresh = _new_rows(session, source, part)
            stored.already_there += len(part) - len(fresh)
            woken = _store_rows(session, board, fresh, alert, demo, stored)
        stored.announced += len(woken)
        board.waker.wake(woken)
        if progress is not None:
            progress(len(part))
    return stored


def _batches(rows: Sequence[ImportRow], size: int) -> Iterator[Sequence[ImportRow]]:
    for start in range(0, len(rows), size):
        yield rows[start : start + size]


def _new_rows(
    session: Session, source: str, rows: Sequence[ImportRow]
) -> list[tuple[ImportRow, int]]:
    """The rows that were not there, each with its new id.

    The database decides: of two imports of one file at once, each row is stored by one.
    """
    moment = now(session)
    added = session.execute(
        insert_new(session, ImportedRow, ["source", "external_id"]).returning(
            ImportedRow.external_id, ImportedRow.id
        ),
        [{"source": source, "external_id": row.external_id, "imported_at": moment} for row in rows],
    )
    ids = {row.external_id: row.id for row in added}
    return [(row, ids[row.external_id]) for row in rows if row.external_id in ids]


def _store_rows(
    session: Session,
    board: Board,
    fresh: Sequence[tuple[ImportRow, int]],
    alert: bool,
    demo: bool,
    stored: Stored,
) -> list[int]:
    """Store the listings of new rows; returns the outbox rows that announce them."""
    entries = [
        listings.Entry(
            fields=fields,
            status=Status.OPEN,
            imported_row_id=row_id,
            organisation=row.organisation,
            demo=demo,
        )
        for row, row_id in fresh
        for fields in row.listings
    ]
    made = listings.insert_all(session, board, entries)
    stored.rows += len(fresh)
    stored.listings += len(made)
    stored.listing_ids += [listing.id for listing in made]
    return [posting.announce(session, listing) for listing in made] if alert else []

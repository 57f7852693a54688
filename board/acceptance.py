"""How likely members accept: the record of each, and what all answers so far have taught.

Read from who was asked in waves and what came of it; nothing else is known of anybody.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final

import numpy as np
import sqlalchemy as sa
from sqlalchemy.orm import Session

from board.calls import Asked
from board.conversations import Conversation, ConversationStatus
from board.db import UTCDateTime
from board.listings import Listing, ListingCategory
from board.tellings import Telling
from matcher import waves

#: An answer that has not come in this time is taken for none.
ANSWERED_WITHIN: Final = timedelta(days=2)
#: How old the estimate of a process may be, and how much of the past it reads.
RENEWED_EVERY: Final = timedelta(hours=6)
OUTCOMES: Final = 20_000
_BATCH = 500

#: Whether whoever was asked has answered the request.
ANSWERED: Final = (
    sa.select(Conversation.id)
    .where(
        Conversation.listing_id == Asked.listing_id,
        Conversation.answerer_id == Asked.member_id,
        Conversation.status != ConversationStatus.PENDING,
    )
    .exists()
)
#: Whether they want to hear no more of it.
DECLINED: Final = (
    sa.select(Telling.id)
    .where(
        Telling.listing_id == Asked.listing_id,
        Telling.member_id == Asked.member_id,
        Telling.declined_at.is_not(None),
    )
    .exists()
)


def records(
    session: Session, member_ids: Sequence[int], category: int, moment: datetime
) -> dict[int, waves.Candidate]:
    """What each of these members was asked so far, and answered: candidates without a place."""
    lately = Asked.at > moment - timedelta(seconds=waves.DEFAULT_PARAMETERS.lately_s)
    of_category = (
        sa.select(ListingCategory.listing_id)
        .where(ListingCategory.listing_id == Asked.listing_id, ListingCategory.category == category)
        .exists()
    )
    counted: dict[str, sa.ColumnElement[Any]] = {
        "told": sa.func.count(),
        "accepted": _number(ANSWERED),
        "declined": _number(DECLINED),
        "declined_category": _number(sa.and_(DECLINED, of_category)),
        "expected": sa.func.sum(Asked.usual),
        "accepted_lately": _number(sa.and_(ANSWERED, lately)),
        "expected_lately": sa.func.sum(sa.case((lately, Asked.usual), else_=0.0)),
    }
    columns = (column.label(name) for name, column in counted.items())
    last: Any = sa.func.max(Asked.at, type_=UTCDateTime)
    rows = sa.select(Asked.member_id, last, *columns).group_by(Asked.member_id)
    found = {member_id: waves.Candidate(member=member_id) for member_id in member_ids}
    for start in range(0, len(member_ids), _BATCH):
        part = rows.where(Asked.member_id.in_(member_ids[start : start + _BATCH]))
        for member_id, last_at, *values in session.execute(part):
            record = dict(zip(counted, values, strict=True))
            found[member_id] = waves.Candidate(
                member=member_id, last_told_at=int(last_at.timestamp()), **record
            )
    return found


def _number(condition: sa.ColumnElement[bool]) -> sa.ColumnElement[int]:
    return sa.func.sum(sa.case((condition, 1), else_=0))


class Estimates:
    """The estimate of one process, fitted anew from time to time."""

    def __init__(self) -> None:
        self._estimate = waves.Estimate()
        self._learned_at: datetime | None = None

    def current(self, session: Session, moment: datetime) -> waves.Estimate:
        """What is believed of somebody's answers now."""
        learned_at = self._learned_at
        if learned_at is None or abs(moment - learned_at) >= RENEWED_EVERY:
            self._estimate = waves.learned(
                _outcomes(session, moment), waves.Estimate(), waves.DEFAULT_PARAMETERS
            )
            self._learned_at = moment
        return self._estimate


def _outcomes(session: Session, moment: datetime) -> waves.Outcomes:
    """The newest messages that have had time to be answered."""
    rows = session.execute(
        sa.select(
            Asked.member_id,
            Asked.distance_m,
            Asked.named,
            Listing.urgency,
            Asked.hour,
            Asked.told_week,
            sa.case((ANSWERED, True), else_=False),
        )
        .join(Listing, Listing.id == Asked.listing_id)
        .where(Asked.at <= moment - ANSWERED_WITHIN)
        .order_by(Asked.at.desc(), Asked.member_id)
        .limit(OUTCOMES)
    ).all()
    columns = list(zip(*rows, strict=True)) if rows else [()] * 7
    kinds = (np.int64, np.int64, np.bool_, np.int64, np.float64, np.int64, np.bool_)
    return waves.Outcomes(
        *(np.array(column, dtype=kind) for column, kind in zip(columns, kinds, strict=True))
    )

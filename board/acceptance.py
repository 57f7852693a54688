"""How likely members accept: the record of each, and what all answers so far have taught.

Read from who was asked in waves and what came of it; nothing else is known of anybody.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
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


@dataclass(frozen=True, slots=True)
class Record:
    """What one member was asked so far, and answered."""

    told: int = 0
    accepted: int = 0
    declined: int = 0
    #: Of the category in question.
    declined_category: int = 0
    #: Acceptances to be expected of somebody of whom nothing is known.
    expected: float = 0.0
    accepted_lately: int = 0
    expected_lately: float = 0.0
    last_at: datetime | None = None


#: Of whom nothing is known.
UNKNOWN: Final = Record()


def records(
    session: Session, member_ids: Sequence[int], category: int, moment: datetime
) -> Mapping[int, Record]:
    """The record of each of these members who was ever asked."""
    lately = Asked.at > moment - timedelta(seconds=waves.DEFAULT_PARAMETERS.lately_s)
    of_category = (
        sa.select(ListingCategory.listing_id)
        .where(ListingCategory.listing_id == Asked.listing_id, ListingCategory.category == category)
        .exists()
    )
    counted: tuple[Any, ...] = (
        sa.func.count(),
        _number(ANSWERED),
        _number(DECLINED),
        _number(sa.and_(DECLINED, of_category)),
        sa.func.sum(Asked.usual),
        _number(sa.and_(ANSWERED, lately)),
        sa.func.sum(sa.case((lately, Asked.usual), else_=0.0)),
        sa.func.max(Asked.at, type_=UTCDateTime),
    )
    found: dict[int, Record] = {}
    for start in range(0, len(member_ids), _BATCH):
        part = member_ids[start : start + _BATCH]
        rows = sa.select(Asked.member_id, *counted).where(Asked.member_id.in_(part))
        for member_id, *values in session.execute(rows.group_by(Asked.member_id)):
            found[member_id] = Record(*values)
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

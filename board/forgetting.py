"""What nobody confirmed in time is forgotten: addresses, texts, links."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import sqlalchemy as sa
from sqlalchemy.engine import CursorResult

from board import links
from board.alerts import Alert, AlertStatus
from board.conversations import Conversation, ConversationStatus
from board.db import now
from board.links import Link
from board.listings import Listing, Status
from board.organisations import Organisation
from board.organisations import Status as OrganisationStatus
from board.posting import PostingKey
from board.questions import KEPT_ANSWERED, Question
from board.questions import Status as QuestionStatus

if TYPE_CHECKING:
    from board.context import Board


def forget_unconfirmed(board: Board) -> int:
    """Delete what waited longer than its link opens; returns how many rows."""
    with board.db.write() as session:
        moment = now(session)
        too_old = moment - max(links.LIFETIMES[purpose] for purpose in links.CONFIRMATIONS)
        stale: tuple[Any, ...] = (
            sa.delete(Listing).where(
                Listing.status == Status.PENDING, Listing.created_at <= too_old
            ),
            sa.delete(Alert).where(
                Alert.status == AlertStatus.PENDING, Alert.created_at <= too_old
            ),
            sa.delete(Conversation).where(
                Conversation.status == ConversationStatus.PENDING,
                Conversation.created_at <= too_old,
            ),
            sa.delete(Organisation).where(
                Organisation.status == OrganisationStatus.PENDING,
                Organisation.created_at <= too_old,
            ),
            sa.delete(Question).where(
                Question.status == QuestionStatus.PENDING, Question.created_at <= too_old
            ),
            sa.delete(Question).where(Question.answered_at <= moment - KEPT_ANSWERED),
            sa.delete(Link).where(Link.expires_at <= too_old),
            sa.delete(PostingKey).where(PostingKey.created_at <= too_old),
        )
        return sum(cast(CursorResult[Any], session.execute(each)).rowcount for each in stale)

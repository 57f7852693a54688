"""What is forgotten by itself, and when: nothing is kept longer than it is of use.

Rows are deleted some at a time; the job goes on until nothing is left to delete, or next time.
"""

from __future__ import annotations

import mailbox
from collections.abc import Sequence
from contextlib import suppress
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final, cast

import sqlalchemy as sa
from sqlalchemy.engine import CursorResult
from sqlalchemy.orm import Session

from board import cases, kept_bans, limits, links, outcomes, proofs, suspensions
from board.alerts import Alert, AlertStatus
from board.cases import Case
from board.consent import Consent
from board.conversations import Conversation, ConversationStatus
from board.db import foreign_errors, now
from board.errors import Unavailable
from board.links import Link
from board.listings import Listing, ListingCategory, Status
from board.members import Member
from board.messages import Message
from board.organisations import Membership, Organisation
from board.organisations import Status as OrganisationStatus
from board.outbox import DEAD, PENDING, OutboxRow
from board.posting import PostingKey
from board.push_subscriptions import PushSubscription
from board.questions import KEPT_ANSWERED, Question
from board.questions import Status as QuestionStatus
from board.relays import RelayedListing
from board.reports import Report
from board.roles import Grant
from board.sessions import MemberSession
from matcher.place import REMOTE_REGION
from matcher.taxonomy import Kind, Reach

if TYPE_CHECKING:
    from board.context import Board

#: A listing, after it was taken down or its time was over.
LISTINGS: Final = timedelta(days=30)
#: A closed conversation, after the last thing that happened in it.
CONVERSATIONS: Final = timedelta(days=90)
#: That a mail was sent; and the encrypted address of one that could not be.
MAILS: Final = timedelta(days=30)
#: Somebody of whom nothing else is left, after the last sign-in or confirmation.
MEMBERS: Final = timedelta(days=365)
#: A browser to which no push message went for so long.
PUSH: Final = timedelta(days=365)
#: What processes write about their work; kept by the machine's own log, not by this program.
LOGS: Final = timedelta(days=14)
#: Mails that the local catcher keeps; it runs on nobody's public site.
CAUGHT_MAILS: Final = LOGS
#: Rows of a table that one unit of work deletes: others wait for a tenth of a second at most.
BATCH: Final = 500


def forget(board: Board) -> int:
    """Delete what is too old, some of each kind; returns how many rows that were."""
    deleted = (
        _forget_alerts(board)
        + _forget_conversations(board)
        + _forget_listings(board)
        + _forget_applications(board)
        + _forget_mails(board)
        + _forget_browsers(board)
        + _forget_orphans(board)
        + _forget_members(board)
    )
    _forget_caught_mails(board)
    if deleted:
        scrub(board)
    return deleted


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
            sa.update(Link)
            .where(Link.expires_at <= moment, Link.sealed.is_not(None))
            .values(sealed=None),
            sa.delete(Link).where(Link.expires_at <= too_old),
            sa.delete(PostingKey).where(PostingKey.created_at <= too_old),
        )
        gone = sum(_rows(session, each) for each in stale)
        gone += kept_bans.forget(session) + suspensions.forget(session)
        return gone + limits.forget(session) + proofs.forget(session)


def _forget_alerts(board: Board) -> int:
    """Delete alerts that have ended: nobody has a use for them."""
    with board.db.write() as session:
        ended = session.scalars(
            sa.select(Alert).where(Alert.status == AlertStatus.ENDED).limit(BATCH)
        ).all()
        for alert in ended:
            session.delete(alert)
        return len(ended)


def _forget_conversations(board: Board) -> int:
    """Delete conversations that closed and have rested for long."""
    with board.db.write() as session:
        old = session.scalars(
            sa.select(Conversation)
            .where(
                Conversation.status == ConversationStatus.CLOSED,
                Conversation.active_at <= now(session) - CONVERSATIONS,
            )
            .order_by(Conversation.listing_id)
            .limit(BATCH)
        ).all()
        rows: list[int] = []
        for conversation in old:
            if session.get_one(Listing, conversation.listing_id).kind == Kind.OFFER:
                # Who offers is free again for the next.
                rows += outcomes.leave(session, board, conversation)
            session.flush()
            session.delete(conversation)
    board.waker.wake(rows)
    return len(old)


def _forget_listings(board: Board) -> int:
    """Delete listings that ended; of those that people still talk about, everything they said.

    Such a listing goes with its last conversation.
    """
    with board.db.write() as session:
        too_old = now(session) - LISTINGS
        talked_about = sa.exists().where(Conversation.listing_id == Listing.id)
        ended = sa.select(Listing).where(
            Listing.status == Status.CLOSED,
            Listing.imported_row_id.is_(None),
            sa.or_(Listing.ends_at <= too_old, Listing.closed_at <= too_old),
        )
        gone = session.scalars(ended.where(~talked_about).limit(BATCH)).all()
        for listing in gone:
            session.delete(listing)
        emptied = session.scalars(ended.where(talked_about, Listing.title != "").limit(BATCH)).all()
        for listing in emptied:
            _empty(session, listing)
    return len(gone) + len(emptied)


def _forget_applications(board: Board) -> int:
    """Delete organisations that were refused long ago, with what their applicants wrote."""
    with board.db.write() as session:
        refused = sa.select(Organisation.id).where(
            Organisation.status == OrganisationStatus.REFUSED,
            Organisation.decided_at <= now(session) - MEMBERS,
        )
        gone = sa.delete(Organisation).where(Organisation.id.in_(refused.limit(BATCH)))
        return _rows(session, gone)


def _empty(session: Session, listing: Listing) -> None:
    """Leave no more of a listing than its conversations need."""
    listing.title = listing.text = listing.folded = listing.place_name = listing.country = ""
    listing.languages = listing.area_countries = ()
    listing.cell = listing.location = listing.area = None
    listing.reach, listing.region, listing.radius_m = int(Reach.WORLD), REMOTE_REGION, 0
    session.execute(
        sa.delete(ListingCategory).where(ListingCategory.listing_id == listing.id),
        execution_options={"synchronize_session": False},
    )
    session.execute(
        sa.delete(RelayedListing).where(RelayedListing.listing_id == listing.id),
        execution_options={"synchronize_session": False},
    )


def _forget_mails(board: Board) -> int:
    """Delete what is known of mails of old; those about a listing that is there keep their row.

    By it a listing that is announced again is told to nobody twice.
    """
    with board.db.write() as session:
        too_old = now(session) - MAILS
        there = sa.exists().where(Listing.id == OutboxRow.listing_id)
        done = sa.select(OutboxRow.id).where(
            OutboxRow.status != PENDING, OutboxRow.created_at <= too_old, ~there
        )
        sealed = (
            sa.update(OutboxRow)
            .where(OutboxRow.status == DEAD, OutboxRow.created_at <= too_old)
            .where(OutboxRow.payload.is_not(None))
            .values(payload=None)
        )
        _rows(session, sealed)
        return _rows(session, sa.delete(OutboxRow).where(OutboxRow.id.in_(done.limit(BATCH))))


def _forget_browsers(board: Board) -> int:
    """Delete browsers to which nothing was pushed for long: most of them are gone."""
    with board.db.write() as session:
        unused = sa.select(PushSubscription.id).where(
            PushSubscription.used_at <= now(session) - PUSH
        )
        gone = sa.delete(PushSubscription).where(PushSubscription.id.in_(unused.limit(BATCH)))
        return _rows(session, gone)


def _forget_orphans(board: Board) -> int:
    """Delete links that open nothing any more; consents, cases and reports about what is gone."""
    subjects: Sequence[tuple[Any, tuple[str, ...]]] = (
        (Listing, links.OF_LISTINGS),
        (Alert, links.OF_ALERTS),
        (Conversation, links.OF_CONVERSATIONS),
        (Organisation, links.OF_ORGANISATIONS),
        (Question, links.OF_QUESTIONS),
    )
    looked_at: Sequence[tuple[Any, str]] = ((Listing, cases.LISTING), (Message, cases.MESSAGE))
    with board.db.write() as session:
        # A used link of what was there a while ago still says that it was used.
        old = Link.created_at <= now(session) - links.LIFETIMES[links.CONFIRM_LISTING]
        gone: list[Any] = []
        for model, purposes in subjects:
            there = sa.exists().where(model.id == Link.subject_id)
            gone.append(sa.delete(Link).where(Link.purpose.in_(purposes), old, ~there))
            there = sa.exists().where(model.id == Consent.subject_id)
            gone.append(sa.delete(Consent).where(Consent.subject == model.__tablename__, ~there))
        for model, subject in looked_at:
            for about in (Case, Report):
                there = sa.exists().where(model.id == about.subject_id)
                gone.append(sa.delete(about).where(about.subject == subject, ~there))
        return sum(_rows(session, each) for each in gone)


def _forget_members(board: Board) -> int:
    """Delete people of whom nothing is left and who did not come back; with address or without.

    Somebody whom a relay spoke for goes with the last listing.
    """
    with board.db.write() as session:
        last = sa.func.coalesce(Member.seen_at, Member.created_at)
        away = last <= now(session) - MEMBERS
        holds = sa.or_(
            *(
                sa.exists().where(column == Member.id)
                for column in (
                    Listing.member_id,
                    Alert.member_id,
                    Conversation.poster_id,
                    Conversation.answerer_id,
                    Grant.member_id,
                    Membership.member_id,
                    Question.asker_id,
                    MemberSession.member_id,
                )
            )
        )
        idle = sa.select(Member.id).where(sa.or_(away, Member.email.is_(None)), ~holds)
        return _rows(session, sa.delete(Member).where(Member.id.in_(idle.limit(BATCH))))


def _forget_caught_mails(board: Board) -> None:
    if not board.settings.mail_dir.is_dir():
        return
    with board.db.read() as session:
        too_old = (now(session) - CAUGHT_MAILS).timestamp()
    kept = mailbox.Maildir(board.settings.mail_dir, create=False)
    for key in list(kept.iterkeys()):
        with suppress(KeyError, OSError):
            if kept.get_message(key).get_date() <= too_old:
                kept.discard(key)


def scrub(board: Board) -> None:
    """On SQLite, write over what was deleted, in the index of words and in the journal too.

    A database that is busy puts it off to the next time.
    """
    if board.db.engine.dialect.name != "sqlite":
        return
    with suppress(Unavailable), board.db.write() as session:
        session.execute(sa.text("INSERT INTO listing_words (listing_words) VALUES ('optimize')"))
    with suppress(Unavailable), foreign_errors():
        connection = board.db.engine.raw_connection()
        try:
            connection.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)")
        finally:
            connection.close()


def _rows(session: Session, statement: Any) -> int:
    done = session.execute(statement, execution_options={"synchronize_session": False})
    return cast(CursorResult[Any], done).rowcount

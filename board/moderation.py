"""The moderators' queue of listings and messages, and what they decide.

Approve, refuse, ask for a change (of a listing), ban.

Two moderators at once: one statement closes the case, so one decides, and the other is told who
did. Nobody decides about a listing of one's own, or in a conversation of one's own. What decides
returns the kind of the subject: "listing" or "message".
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, NoReturn

import sqlalchemy as sa
from sqlalchemy.orm import InstrumentedAttribute, Session

from board import (
    audit,
    bans,
    cases,
    conversations,
    links,
    listings,
    message_cases,
    outbox,
    posting,
    relays,
)
from board.audit import AuditEntry
from board.cases import Case, Decision
from board.db import now
from board.errors import AlreadyDecided, CaseNotFound, Invalid, NotAllowed, Problem
from board.i18n import N_
from board.listings import Listing, ListingView, Status
from board.members import Member
from board.message_cases import Said
from board.messages import Message
from board.reasons import BAN, REFUSAL
from board.reports import Report
from board.scanning import Part, marked

if TYPE_CHECKING:
    from board.context import Board

#: Cases on one page of the queue.
QUEUE = 50
#: What a decision does to a message: session, board, case, message, moderator's id.
_OfMessage = Callable[[Session, "Board", Case, Message, int], list[int]]


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """What the board knows of who posted, in counts alone."""

    public_id: str
    member_since: datetime
    posted: int
    opened: int
    refused: int
    reported: int
    bans: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """A case as the queue and its page show it."""

    id: int
    opened_at: datetime
    #: Keys of `board.reasons.HELD`.
    reasons: tuple[str, ...]
    #: What waits, or what the message is about.
    listing: ListingView
    #: Title of the listing and text of what waits, cut where a listed reason was found.
    title: tuple[Part, ...]
    text: tuple[Part, ...]
    #: Of a message; None for a listing.
    said: Said | None = None
    #: Of who wrote it; None for what was imported.
    history: History | None
    #: (key of `board.reasons.REPORT`, what was written) of each report since the last decision.
    reports: tuple[tuple[str, str], ...]
    #: Whether it is the reader's own, and waits for somebody else.
    own: bool


@dataclass(frozen=True, slots=True)
class Queue:
    """The oldest cases first, and how many there are in all."""

    waiting: tuple[Waiting, ...]
    total: int
    appeals: int


def queue(board: Board, moderator_id: int) -> Queue:
    """What waits for a decision."""
    with board.db.read() as session:
        open_ = _open_cases(moderator_id)
        total = count(session, moderator_id)
        rows = session.scalars(open_.order_by(Case.opened_at, Case.id).limit(QUEUE)).all()
        waiting = tuple(_waiting(session, board, row, moderator_id) for row in rows)
        appeals = session.scalar(
            sa.select(sa.func.count(bans.Ban.id)).where(
                bans.Ban.appealed_at.is_not(None), bans.Ban.appeal_decided_at.is_(None)
            )
        )
    return Queue(tuple(each for each in waiting if each), total, appeals or 0)


def count(session: Session, moderator_id: int) -> int:
    """How many cases wait for this moderator."""
    open_ = _open_cases(moderator_id).subquery()
    return session.scalar(sa.select(sa.func.count()).select_from(open_)) or 0


def case(board: Board, moderator_id: int, case_id: int) -> Waiting:
    """One case; raises CaseNotFound, or AlreadyDecided when it is closed."""
    with board.db.read() as session:
        row = session.get(Case, case_id)
        if row is None:
            raise CaseNotFound(case_id)
        if row.subject == cases.MESSAGE and not message_cases.find(session, row, moderator_id):
            raise CaseNotFound(case_id)
        if row.decision is not None:
            _already(row, moderator_id)
        found = _waiting(session, board, row, moderator_id)
    if found is None:
        raise CaseNotFound(case_id)
    return found


def _open_cases(moderator_id: int) -> sa.Select[Case]:
    """Open cases whose listing or message is still there, and that this moderator may read."""
    of_listings = sa.and_(
        Case.subject == cases.LISTING,
        sa.exists().where(
            Listing.id == Case.subject_id, Listing.status.in_((Status.HELD, Status.OPEN))
        ),
    )
    of_messages = message_cases.open_for(moderator_id)
    return sa.select(Case).where(Case.decision.is_(None), sa.or_(of_listings, of_messages))


def _waiting(session: Session, board: Board, row: Case, moderator_id: int) -> Waiting | None:
    if row.subject == cases.MESSAGE:
        return _waiting_message(session, board, row, moderator_id)
    views = listings.views(session, board, [row.subject_id], held=True)
    listing = session.get(Listing, row.subject_id)
    if not views or listing is None:
        return None
    return Waiting(
        id=row.id,
        opened_at=row.opened_at,
        reasons=row.reasons,
        listing=views[0],
        title=marked(listing.title),
        text=marked(listing.text),
        history=_history(session, listing.member_id),
        reports=_reports(session, row),
        own=listing.member_id == moderator_id,
    )


def _waiting_message(
    session: Session, board: Board, row: Case, moderator_id: int
) -> Waiting | None:
    found = message_cases.find(session, row, moderator_id)
    if found is None:
        return None
    message, conversation = found
    (view,) = listings.views(session, board, [conversation.listing_id], held=True)
    writer = message_cases.writer(session, message)
    return Waiting(
        id=row.id,
        opened_at=row.opened_at,
        reasons=row.reasons,
        listing=view,
        title=(Part(view.title),),
        text=marked(message.text),
        history=None if writer is None else _history(session, writer.id),
        reports=_reports(session, row),
        own=False,
        said=message_cases.said(session, message, conversation),
    )


def _history(session: Session, member_id: int | None) -> History | None:
    member = None if member_id is None else session.get(Member, member_id)
    if member is None:
        return None
    of_member = sa.select(Listing.id).where(Listing.member_id == member.id)
    said = message_cases.written_by(member.id)

    def count(column: InstrumentedAttribute[int], *conditions: sa.ColumnElement[bool]) -> int:
        return session.scalar(sa.select(sa.func.count(column)).where(*conditions)) or 0

    return History(
        public_id=member.public_id,
        member_since=member.created_at,
        posted=count(Listing.id, Listing.member_id == member.id),
        opened=count(Listing.id, Listing.member_id == member.id, Listing.opened_at.is_not(None)),
        refused=count(
            Case.id,
            Case.decision == Decision.REFUSE,
            sa.or_(
                sa.and_(Case.subject == cases.LISTING, Case.subject_id.in_(of_member)),
                sa.and_(Case.subject == cases.MESSAGE, Case.subject_id.in_(said)),
            ),
        ),
        reported=count(
            Report.id,
            sa.or_(
                sa.and_(Report.subject == cases.LISTING, Report.subject_id.in_(of_member)),
                sa.and_(Report.subject == cases.MESSAGE, Report.subject_id.in_(said)),
            ),
        ),
        bans=count(
            AuditEntry.id, AuditEntry.action == "member-banned", AuditEntry.subject_id == member.id
        ),
    )


def _reports(session: Session, row: Case) -> tuple[tuple[str, str], ...]:
    since = cases.last_decided(session, row.subject, row.subject_id)
    wanted = (
        sa.select(Report.reason, Report.text)
        .where(Report.subject == row.subject, Report.subject_id == row.subject_id)
        .order_by(Report.id)
    )
    if since is not None:
        wanted = wanted.where(Report.created_at > since)
    return tuple((reason, text) for reason, text in session.execute(wanted))


def approve(board: Board, moderator_id: int, case_id: int) -> str:
    """Put it on the board, or leave it there; its poster is told as after any confirmation.

    A message is passed on.
    """

    def do(session: Session, row: Case, listing: Listing) -> list[int]:
        _record(session, "listing-approved", listing, moderator_id)
        return posting.open_(session, board, listing)

    return _decide(board, moderator_id, case_id, Decision.APPROVE, "", do, message_cases.approve)


def refuse(board: Board, moderator_id: int, case_id: int, reason: str) -> str:
    """Take it down for good, and tell who wrote it why."""
    _require_listed(reason, REFUSAL)

    def do(session: Session, row: Case, listing: Listing) -> list[int]:
        listing.status, listing.closed_at, listing.ask_at = Status.CLOSED, now(session), None
        _record(session, "listing-refused", listing, moderator_id, reason)
        return _write(session, board, listing, outbox.LISTING_REFUSED, row, {"reason": reason})

    return _decide(board, moderator_id, case_id, Decision.REFUSE, reason, do, message_cases.refuse)


def ask_edit(board: Board, moderator_id: int, case_id: int, reason: str) -> str:
    """Keep a listing out of sight and mail its poster a link to change its words.

    Whoever wrote a message writes another one: of a message there is no such case.
    """
    _require_listed(reason, REFUSAL)

    def do(session: Session, row: Case, listing: Listing) -> list[int]:
        listing.status = Status.HELD
        _record(session, "edit-asked", listing, moderator_id, reason)
        # Whoever may not be written to cannot change it: it stays held until its time is over.
        member = _poster(session, listing)
        if member is None:
            return []
        address = conversations.address_hash(board, member)
        token = links.issue(session, links.REWORD_LISTING, listing.id, address)
        said = {"reason": reason, "token": token}
        return _write(session, board, listing, outbox.EDIT_ASKED, row, said)

    return _decide(board, moderator_id, case_id, Decision.EDIT, reason, do)


def ban(board: Board, moderator_id: int, case_id: int, reason: str) -> str:
    """Ban who wrote it; all of their listings and alerts end."""
    _require_listed(reason, BAN)

    def do(session: Session, row: Case, listing: Listing) -> list[int]:
        member = session.get(Member, listing.member_id) if listing.member_id else None
        if member is None:
            raise Invalid([Problem("reason", N_("Nobody stands behind this listing."))])
        return bans.ban(session, board, member, reason, moderator_id)

    return _decide(board, moderator_id, case_id, Decision.BAN, reason, do, message_cases.ban)


def _decide(
    board: Board,
    moderator_id: int,
    case_id: int,
    decision: Decision,
    reason: str,
    do: Callable[[Session, Case, Listing], list[int]],
    do_to_message: _OfMessage | None = None,
) -> str:
    """Close the case and do what was decided, in one unit; returns the case's kind of subject.

    Raises CaseNotFound, AlreadyDecided, and NotAllowed for one's own listing.
    """
    with board.db.write() as session:
        row = session.get(Case, case_id)
        if row is None:
            raise CaseNotFound(case_id)
        if row.subject == cases.LISTING:
            listing = session.scalar(
                sa.select(Listing).where(Listing.id == row.subject_id).with_for_update()
            )
            if listing is not None and listing.member_id == moderator_id:
                raise NotAllowed(bans.ANOTHER_MODERATOR)
            decided = _close(session, row, decision, moderator_id, reason)
            if listing is None:
                _already(decided, moderator_id)
            woken = do(session, decided, listing)
        else:
            message_cases.lock(session, row, moderator_id)
            if do_to_message is None:
                raise CaseNotFound(case_id)
            decided = _close(session, row, decision, moderator_id, reason)
            message = session.get_one(Message, decided.subject_id, populate_existing=True)
            woken = do_to_message(session, board, decided, message, moderator_id)
        subject = decided.subject
    board.waker.wake(woken)
    return subject


def _close(session: Session, row: Case, decision: Decision, moderator_id: int, reason: str) -> Case:
    decided = cases.decide(session, row.id, decision, by=moderator_id, reason=reason)
    if decided is None:
        session.refresh(row)
        _already(row, moderator_id)
    return decided


def _already(row: Case, moderator_id: int) -> NoReturn:
    raise AlreadyDecided(
        row.decision or Decision.OVERTAKEN,
        row.decided_by,
        row.decided_at,
        moderator_id,
        subject=row.subject,
    )


def _require_listed(reason: str, known: Mapping[str, str]) -> None:
    if reason not in known:
        raise Invalid([Problem("reason", N_("Choose one of the reasons of the list."))])


def _poster(session: Session, listing: Listing) -> Member | None:
    """Who can be written to about a listing."""
    member = session.get(Member, listing.member_id) if listing.member_id else None
    known = member is not None and relays.address_for(session, member) is not None
    return member if known else None


def _write(
    session: Session,
    board: Board,
    listing: Listing,
    purpose: str,
    row: Case,
    said: dict[str, str],
) -> list[int]:
    member = _poster(session, listing)
    if member is None:
        return []
    mail = outbox.NewRow(
        purpose=purpose,
        once=f"{purpose}:{row.id}",
        listing_id=listing.id,
        member_id=member.id,
        locale=member.locale,
        payload=board.vault.seal(json.dumps(said)),
    )
    return [outbox.add(session, mail)]


def _record(
    session: Session, action: str, listing: Listing, moderator_id: int, reason: str = ""
) -> None:
    audit.record(
        session,
        action,
        subject="listings",
        subject_id=listing.id,
        member_id=moderator_id,
        reason=reason,
    )

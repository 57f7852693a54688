"""Erasing somebody: everything of the list of tables goes, in one unit of work.

Conversations go whole, also what the other side wrote: it was written to this person, and is often
about them. The audit log stays, it holds numbers and listed words. A line in the ledger sees to it
that a restored backup forgets the person again.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import sqlalchemy as sa
from sqlalchemy.orm import Session

from board import (
    audit,
    conversations,
    erasures,
    forgetting,
    kept_bans,
    links,
    listings,
    outcomes,
    passkeys,
    personal,
    roles,
    sign_in,
    snapshots,
)
from board.alerts import Alert
from board.conversations import Conversation
from board.db import Indexed, now
from board.errors import CodeRefused, LinkRefused, NotAllowed
from board.links import Link
from board.listings import Listing, Status
from board.members import Member
from board.organisations import COORDINATOR, Membership, Organisation
from board.person import Person
from board.questions import Question
from board.relays import RelayedListing
from board.roles import WITH_SECOND_FACTOR
from board.sessions import SignedIn

if TYPE_CHECKING:
    from board.context import Board
    from board.erasures import Entry


@dataclass(frozen=True, slots=True)
class _Erased:
    """What is left to do after the commit."""

    entry: Entry
    #: Outbox rows to wake: somebody who waited has a place now.
    rows: list[int]


def person_of(board: Board, member: Member) -> Person:
    """A member, as rows name people."""
    return Person(member.id, member.email, conversations.address_hash(board, member))


def person_at(session: Session, board: Board, email: str) -> Person:
    """Whoever has this address: a member, or somebody of whom something waits, or nobody."""
    member = session.scalar(sa.select(Member).where(Member.email == email))
    if member is not None:
        return person_of(board, member)
    return Person(None, email, links.address_hash(board.settings.secret_key, email))


def erase(board: Board, reader: SignedIn, browser: str, code: str) -> None:
    """Erase whoever is signed in and types the code that was mailed for it.

    Raises NotAllowed where a second factor is needed and was not given in this session, and
    CodeRefused. Nothing is erased then.
    """
    require_proof(board, reader)
    email = sign_in.check(board, browser, code)
    with board.db.write() as session:
        member = session.get_one(Member, reader.member_id, with_for_update=True)
        if member.email != email:
            raise CodeRefused("wrong")
        done = _erase(session, board, person_of(board, member))
        erasures.add_to_file(board.settings.ledger_path, [done.entry])
    _afterwards(board, done.rows)


def require_proof(board: Board, reader: SignedIn) -> None:
    """Raise NotAllowed where a second factor is needed and was not given in this session."""
    with board.db.read() as session:
        passkeys.require_right_to_change(session, reader)


def ask_for_code(board: Board, reader: SignedIn, locale: str) -> str:
    """Mail a code to the reader's address; returns what the browser keeps to use it."""
    require_proof(board, reader)
    with board.db.read() as session:
        email = session.get_one(Member, reader.member_id).email
    return sign_in.ask(board, email or "", locale)


def erase_by_link(board: Board, token: str) -> None:
    """Erase whoever holds the address that this link was mailed to; uses the link up.

    Raises LinkRefused, and NotAllowed where more than a mail is needed: a role or a passkey of
    this member asks for the second factor.
    """
    with board.db.write() as session:
        link = links.find(session, token, lock=True)
        person = person_at(session, board, address_of(board, link))
        if person.member_id is not None and _is_guarded(session, person.member_id):
            raise NotAllowed(passkeys.SECOND_FACTOR)
        done = _erase(session, board, person)
        erasures.add_to_file(board.settings.ledger_path, [done.entry])
    _afterwards(board, done.rows)


def address_of(board: Board, link: Link) -> str:
    """The address that a link to one's own data was mailed to; raises LinkRefused for others."""
    if link.purpose != links.OWN_DATA or link.sealed is None:
        raise LinkRefused("unknown")
    return board.vault.open(link.sealed)


def _is_guarded(session: Session, member_id: int) -> bool:
    needed = roles.of(session, member_id) & WITH_SECOND_FACTOR
    return bool(needed) or passkeys.has_second_factor(session, member_id)


def _afterwards(board: Board, rows: list[int]) -> None:
    snapshots.remove(board.settings.snapshot_path)
    forgetting.scrub(board)
    board.waker.wake(rows)


def _erase(session: Session, board: Board, person: Person) -> _Erased:
    """Delete the person, and write it down in the table and the log; the file is the caller's."""
    rows = _forget(session, board, person)
    entry = erasures.Entry.new(person.address_hash, person.member_id, now(session))
    _note(session, entry)
    return _Erased(entry, rows)


def _note(session: Session, entry: Entry) -> None:
    erasures.add_to_table(session, entry)
    audit.record(
        session,
        "erased",
        subject=Member.__tablename__,
        subject_id=entry.member_id,
        member_id=entry.member_id,
    )


def _forget(session: Session, board: Board, person: Person) -> list[int]:
    """Delete everything about the person; returns the outbox rows to wake."""
    # The member before the grants: `roles` locks in this order.
    session.execute(sa.select(Member.id).where(Member.id == person.member_id).with_for_update())
    rows = _take_leave(session, board, person)
    if person.member_id is not None:
        kept_bans.keep(session, person.address_hash, person.member_id)
    session.flush()
    for table in personal.TABLES:
        if table.whose is not None and not table.stays:
            _delete(session, table, table.whose(person))
    return rows


def _take_leave(session: Session, board: Board, person: Person) -> list[int]:
    """Free the places that the person takes with others; close what was posted for others.

    Nobody could speak for those any more.
    """
    if person.member_id is None:
        return []
    rows: list[int] = []
    answered = sa.select(Conversation).where(Conversation.answerer_id == person.member_id)
    for conversation in session.scalars(answered.order_by(Conversation.listing_id)).all():
        rows += outcomes.leave(session, board, conversation)
    relayed = (
        sa.select(Listing)
        .join(RelayedListing, RelayedListing.listing_id == Listing.id)
        .where(RelayedListing.relay_id == person.member_id)
        .where(Listing.status.in_((Status.OPEN, Status.HELD)))
    )
    for listing in session.scalars(relayed).all():
        listings.close(session, listing, "relay-erased")
    _leave_organisations(session, person)
    return rows


def _leave_organisations(session: Session, person: Person) -> None:
    """Delete what this person alone applied for; of others, what was written to check people.

    An organisation that speaks, and what it published, stays.
    """
    coordinated = sa.select(Membership.organisation_id).where(
        person.is_in(Membership.member_id), Membership.role == COORDINATOR
    )
    for statement in (
        sa.delete(Organisation).where(Organisation.id.in_(person.applications)),
        sa.update(Organisation)
        .where(Organisation.id.in_(coordinated))
        .values(note="", evidence=""),
        sa.update(Listing)
        .where(person.is_in(Listing.member_id), Listing.organisation_id.is_not(None))
        .values(member_id=None),
    ):
        session.execute(statement, execution_options={"synchronize_session": False})


def _delete(
    session: Session, table: personal.PersonalTable, condition: sa.ColumnElement[bool]
) -> None:
    """Delete a table's rows about somebody; the index hears of what it holds."""
    if issubclass(table.model, Indexed):
        for row in session.scalars(sa.select(table.model).where(condition)).all():
            session.delete(row)
        session.flush()
        return
    session.execute(
        sa.delete(table.model).where(condition), execution_options={"synchronize_session": False}
    )


def apply(board: Board) -> int:
    """Erase again whom a restored database still knows; returns how many people were found.

    Whoever came back after the erasure is not concerned. What one of the two ledgers lacks is
    added to it. Raises LedgerDamaged.
    """
    path = board.settings.ledger_path
    kept = erasures.in_file(path)
    with board.db.read() as session:
        known = erasures.in_table(session)
    found = 0
    for name, entry in kept.items():
        if name not in known:
            found += _apply(board, entry)
    missing = [entry for name, entry in known.items() if name not in kept]
    if missing:
        erasures.add_to_file(path, missing)
    return found


def _apply(board: Board, entry: Entry) -> int:
    """Erase whom a line names, and write the line into the table; how many people that were."""
    rows: list[int] = []
    with board.db.write() as session:
        people = _named(session, board, entry)
        for person in people:
            rows += _forget(session, board, person)
        _note(session, entry)
    _afterwards(board, rows)
    return len(people)


def _named(session: Session, board: Board, entry: Entry) -> list[Person]:
    """Who has this address and was there before the erasure."""
    members = session.scalars(sa.select(Member).where(Member.created_at <= entry.at))
    found = [
        person
        for person in (person_of(board, member) for member in members)
        if person.address_hash == entry.address_hash
    ]
    waiting = [
        Person(None, email, entry.address_hash)
        for email in _waiting(session, entry)
        if links.address_hash(board.settings.secret_key, email) == entry.address_hash
    ]
    return found or waiting or _who_asked(session, Person(None, None, entry.address_hash), entry)


def _who_asked(session: Session, somebody: Person, entry: Entry) -> list[Person]:
    """Whoever asked an organisation and did not confirm it: the address is sealed there."""
    asked = sa.select(Question.id).where(
        Question.id.in_(somebody.questions), Question.created_at <= entry.at
    )
    return [] if session.scalar(asked.limit(1)) is None else [somebody]


def _waiting(session: Session, entry: Entry) -> set[str]:
    """Addresses that had not been confirmed."""
    return {
        email
        for model in (Listing, Alert, Conversation, Organisation)
        for email in session.scalars(
            sa.select(model.pending_email).where(
                model.pending_email.is_not(None), model.created_at <= entry.at
            )
        )
        if email
    }

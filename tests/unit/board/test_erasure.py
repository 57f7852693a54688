"""Erasing: by whom, what becomes of what is shared, and nothing by halves."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from board import (
    asking,
    confirmations,
    erasure,
    erasures,
    export,
    inbox,
    links,
    listings,
    messages,
    outcomes,
    relays,
    roles,
    snapshots,
    verification,
)
from board.asking import NewQuestion
from board.audit import AuditEntry
from board.context import Board
from board.conversations import Conversation, Seat, Side
from board.db import Tombstone
from board.errors import CodeRefused, ConversationNotFound, NotAllowed, Unavailable
from board.links import Link
from board.listings import Listing
from board.members import Member
from board.organisations import Membership, NewOrganisation, Organisation
from board.outbox import OutboxRow
from board.outcomes import Action, Outcome
from board.questions import Question
from board.roles import Role
from board.sessions import SignedIn
from tests.factories import Factory
from tests.fakes import MailSink, work_off

POSTER, HELPER, OTHER = "poster@example.org", "helper@example.org", "other@example.org"


def reader(board: Board, email: str, *, second_factor: bool = False) -> SignedIn:
    """A session of the member of an address."""
    with board.db.read() as session:
        member_id = session.scalars(sa.select(Member.id).where(Member.email == email)).one()
        return SignedIn(
            member_id=member_id,
            session_id=0,
            roles=roles.of(session, member_id),
            second_factor=second_factor,
        )


def code_for(board: Board, smtp: MailSink, who: SignedIn, email: str) -> tuple[str, str]:
    """What the browser keeps, and the code of the mail."""
    browser = erasure.ask_for_code(board, who, "en")
    work_off(board)
    lines = [line.strip() for line in smtp.to(email)[-1].get_content().splitlines()]
    return browser, next(line for line in lines if len(line) == 9 and line[4] == "-")


def erase(board: Board, smtp: MailSink, email: str) -> None:
    """As its page does."""
    who = reader(board, email)
    erasure.erase(board, who, *code_for(board, smtp, who, email))


def emails(board: Board) -> set[str | None]:
    """Addresses of the members."""
    with board.db.read() as session:
        return set(session.scalars(sa.select(Member.email)))


def test_a_place_goes_to_whoever_waits(board: Board, make: Factory, smtp: MailSink) -> None:
    """The listing of somebody else stays, and the first who waits is told."""
    view = make.open(email=POSTER)
    first, second = (make.answered(view, email=each, locale="en") for each in (HELPER, OTHER))
    for seat in (first, second):
        outcomes.decide(board, Seat(seat.conversation_id, Side.POSTER), Action.ACCEPT)
    erase(board, smtp, HELPER)
    with board.db.read() as session:
        assert session.scalars(sa.select(Outcome.state)).all() == ["accepted"]
        listing = session.get_one(Listing, view.id)
        assert (listing.places_taken, listing.status) == (1, "open")
    with pytest.raises(ConversationNotFound):
        inbox.show(board, first)
    with pytest.raises(ConversationNotFound):
        messages.write(board, first, "Too late", "a-key-of-a-form")
    work_off(board)
    assert "You are expected" in smtp.to(OTHER)[-1].get_content()
    assert emails(board) == {POSTER, OTHER}


def test_a_listing_goes_with_its_conversations(board: Board, make: Factory, smtp: MailSink) -> None:
    """Out of the index and its file too; the audit log keeps its numbers."""
    view = make.open(email=POSTER)
    make.answered(view, email=HELPER)
    board.index.save(board.db)
    erase(board, smtp, POSTER)
    with board.db.read() as session:
        assert session.scalar(sa.select(sa.func.count(Conversation.id))) == 0
        assert session.scalar(sa.select(sa.func.count(Tombstone.id))) == 1
        erased = sa.select(AuditEntry.reason).where(AuditEntry.action == "erased")
        assert session.scalars(erased).all() == [""]
        left = sa.select(sa.func.count(OutboxRow.id)).where(OutboxRow.listing_id == view.id)
        assert session.scalar(left) == 0
    assert not board.settings.snapshot_path.exists()
    with board.index.asking(board.db) as copies:
        assert view.id not in copies.index


def test_a_snapshot_elsewhere_is_written_anew(board: Board, make: Factory) -> None:
    """One deletion is enough: what is deleted must not stay in a file."""
    view = make.open()
    board.index.save(board.db)
    assert not board.index.keep(board.db)
    with board.db.write() as session:
        session.delete(listings.find(session, view.public_id))
    assert board.index.keep(board.db)
    found = snapshots.read(board.settings.snapshot_path, board.taxonomy)
    assert found is not None
    assert len(found[0]) == 0


def test_what_a_relay_posted_is_taken_down(board: Board, make: Factory, smtp: MailSink) -> None:
    """Nobody could speak for that person any more."""
    relay = make.member(email=HELPER, roles=["relay"])
    dictated = relays.post(board, relay, make.form(), "telephone", "key-of-a-form")
    erase(board, smtp, HELPER)
    assert listings.get(board, dictated.public_id).state == "closed"


def applied(board: Board, smtp: MailSink, email: str, **said: str) -> None:
    """An application that waits for an administrator."""
    values = {"kind": "ngo", "name": "Secours", "country": "CM", "email": email, **said}
    verification.apply(board, NewOrganisation(countries=("CM",), **values))
    work_off(board)
    confirmations.act(board, smtp.token(email))


def organisations(board: Board) -> list[tuple[str, str, str]]:
    """Status, note and evidence of each."""
    with board.db.read() as session:
        wanted = sa.select(Organisation.status, Organisation.note, Organisation.evidence)
        return [(row[0], row[1], row[2]) for row in session.execute(wanted)]


def test_an_application_goes_with_who_applied(board: Board, make: Factory, smtp: MailSink) -> None:
    """Also one that was not confirmed; that of somebody else stays."""
    applied(board, smtp, POSTER, note="I am the treasurer.")
    applied(board, smtp, OTHER, note="I am the secretary.")
    erase(board, smtp, POSTER)
    assert organisations(board) == [("applied", "I am the secretary.", "")]
    values = {"kind": "ngo", "name": "Aide", "country": "CM", "email": HELPER, "note": "Waits."}
    verification.apply(board, NewOrganisation(countries=("CM",), **values))
    by_link(board, smtp, HELPER)
    assert organisations(board) == [("applied", "I am the secretary.", "")]


def test_an_organisation_that_speaks_stays_without_words_about_who_left(
    board: Board, make: Factory, smtp: MailSink
) -> None:
    """What it published is its own."""
    office = make.organisation(note="I am the consul.")
    view = make.information(office)
    who = reader(board, office.email, second_factor=True)
    erasure.erase(board, who, *code_for(board, smtp, who, office.email))
    assert organisations(board) == [("verified", "", "")]
    assert listings.get(board, view.public_id).state == "open"
    with board.db.read() as session:
        assert session.scalar(sa.select(sa.func.count(Membership.id))) == 0


def by_link(board: Board, smtp: MailSink, email: str) -> None:
    """As somebody does who has no account."""
    export.ask(board, email, "en")
    work_off(board)
    opened = export.open_(board, smtp.token(email, "by-link"))
    erasure.erase_by_link(board, opened.erase_token)


@pytest.mark.parametrize("is_confirmed", [True, False])
def test_a_question_goes_with_who_asked(
    board: Board, make: Factory, smtp: MailSink, is_confirmed: bool
) -> None:
    """From the inbox of the organisation, with its link and its mails; others' questions stay."""
    view = make.information()
    for email in (HELPER, OTHER):
        asking.ask(board, view.public_id, NewQuestion(email=email, text="May I travel?"))
        work_off(board)
        if is_confirmed:
            confirmations.act(board, smtp.token(email))
    by_link(board, smtp, HELPER)
    with board.db.read() as session:
        assert session.scalar(sa.select(sa.func.count(Question.id))) == 1
        purpose = links.CONFIRM_QUESTION
        left = sa.select(sa.func.count(Link.id)).where(Link.purpose == purpose)
        assert session.scalar(left) == 1
        mails = sa.select(sa.func.count(OutboxRow.id)).where(OutboxRow.purpose == purpose)
        assert session.scalar(mails) == 1


def test_a_restored_question_is_erased_again(board: Board, make: Factory, smtp: MailSink) -> None:
    """Its address is sealed: the ledger finds it by the link that was mailed."""
    view = make.information()
    asking.ask(board, view.public_id, NewQuestion(email=HELPER, text="May I travel?"))
    with board.db.read() as session:
        moment = session.scalars(sa.select(Question.created_at)).one()
    address = links.address_hash(board.settings.secret_key, HELPER)
    entry = erasures.Entry.new(address, None, moment + timedelta(seconds=1))
    erasures.add_to_file(board.settings.ledger_path, [entry])
    assert erasure.apply(board) == 1
    with board.db.read() as session:
        assert session.scalar(sa.select(sa.func.count(Question.id))) == 0


def test_a_wrong_or_foreign_code_erases_nobody(board: Board, make: Factory, smtp: MailSink) -> None:
    """Nor one that was mailed to somebody else."""
    make.member(email=POSTER), make.member(email=HELPER)
    who, other = reader(board, POSTER), reader(board, HELPER)
    browser, _ = code_for(board, smtp, who, POSTER)
    for kept, code in ((browser, "AAAA-AAAA"), ("", ""), code_for(board, smtp, other, HELPER)):
        with pytest.raises(CodeRefused):
            erasure.erase(board, who, kept, code)
    assert emails(board) == {POSTER, HELPER}
    assert not board.settings.ledger_path.exists()


@pytest.mark.parametrize("role", [Role.PARTNER, Role.MODERATOR, Role.ADMINISTRATOR])
def test_a_role_with_a_second_factor_needs_it(
    board: Board, make: Factory, smtp: MailSink, role: Role
) -> None:
    """Neither the mailed code nor the mailed link is enough."""
    make.member(email=POSTER, roles=[role])
    with pytest.raises(NotAllowed):
        erasure.ask_for_code(board, reader(board, POSTER), "en")
    with pytest.raises(NotAllowed):
        erasure.erase(board, reader(board, POSTER), "", "")
    export.ask(board, POSTER, "en")
    work_off(board)
    opened = export.open_(board, smtp.token(POSTER, "by-link"))
    with pytest.raises(NotAllowed):
        erasure.erase_by_link(board, opened.erase_token)
    assert emails(board) == {POSTER}
    who = reader(board, POSTER, second_factor=True)
    erasure.erase(board, who, *code_for(board, smtp, who, POSTER))
    assert emails(board) == set()


def test_without_a_line_in_the_ledger_nothing_is_erased(
    board: Board, make: Factory, smtp: MailSink
) -> None:
    """A disk that does not take it stops the whole."""
    make.open(email=POSTER)
    board.settings.ledger_path.mkdir()
    with pytest.raises(Unavailable, match="ledger"):
        erase(board, smtp, POSTER)
    assert emails(board) == {POSTER}


def test_a_full_disk_leaves_whole_lines(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What could not be written whole is taken back."""
    from datetime import UTC, datetime

    path = tmp_path / "ledger"
    entry = erasures.Entry.new("a", 1, datetime(2030, 1, 1, tzinfo=UTC))
    erasures.add_to_file(path, [entry])
    real = erasures.os.write
    monkeypatch.setattr(erasures.os, "write", lambda handle, data: real(handle, data[:10]))
    with pytest.raises(Unavailable):
        erasures.add_to_file(path, [erasures.Entry.new("b", 2, entry.at)])
    monkeypatch.undo()
    assert erasures.in_file(path) == {entry.name: entry}


def test_a_number_is_never_given_twice(board: Board, make: Factory, smtp: MailSink) -> None:
    """What the audit log says of somebody erased becomes nobody else's."""
    make.member(email=POSTER)
    first = reader(board, POSTER).member_id
    erase(board, smtp, POSTER)
    assert make.member(email=HELPER) > first


def test_a_file_that_was_lost_is_written_anew(board: Board, make: Factory, smtp: MailSink) -> None:
    """Each of the two ledgers mends the other."""
    make.member(email=POSTER)
    erase(board, smtp, POSTER)
    kept = board.settings.ledger_path.read_text()
    board.settings.ledger_path.unlink()
    assert erasure.apply(board) == 0
    assert board.settings.ledger_path.read_text() == kept

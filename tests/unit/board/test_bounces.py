"""Mails that come back: what leaves, what is believed, what is sent no more, and how it ends."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
import sqlalchemy as sa

from board import (
    bounces,
    confirmations,
    digests,
    dispatching,
    erasure,
    export,
    forgetting,
    links,
    listings,
    messages,
    outbox,
    partners,
    posting,
    relays,
    roles,
    sessions,
    sign_in,
    suspensions,
)
from board.context import Board
from board.conversations import Conversation
from board.db import now
from board.errors import Invalid, LinkRefused
from board.members import Member
from board.outbox import OutboxRow
from board.rhythms import Rhythm
from board.suspensions import Suspension
from config.settings import Settings
from tests.factories import Factory
from tests.fakes import MailSink, text_of, work_off
from tests.reports import report

DOMAIN = "board.example.com"
READER, OTHER = "reader@example.org", "other@example.org"
GONE = "550 5.1.1 Nobody of this name"


@pytest.fixture
def variables(environment: dict[str, str], smtp: MailSink) -> dict[str, str]:
    """The environment of a board to which mail can come in."""
    return {
        **environment,
        "SMTP_URL": smtp.url,
        "MAIL_FROM": "Entraide <entraide@example.com>",
        "MAIL_DOMAIN": DOMAIN,
    }


@pytest.fixture
def settings(variables: dict[str, str]) -> Settings:
    """Their settings."""
    return Settings.from_mapping(variables)


@pytest.fixture
def reader(board: Board, make: Factory) -> int:
    """A member with an alert near Akwa."""
    make.alert(email=READER)
    with board.db.read() as session:
        return session.scalars(sa.select(Member.id).where(Member.email == READER)).one()


def is_suspended(board: Board, member_id: int) -> bool:
    """Whether no mail is sent to this member."""
    return bounces.state(board, member_id) is not None


def suspend(board: Board, smtp: MailSink, make: Factory, email: str = READER) -> None:
    """Have a mail to this address refused."""
    smtp.refused[email] = GONE
    make.open()
    work_off(board)
    del smtp.refused[email]


def rows(board: Board, purpose: str) -> list[tuple[str, str]]:
    """Status and error of the outbox's rows of a purpose, oldest first."""
    with board.db.read() as session:
        wanted = sa.select(OutboxRow.status, OutboxRow.error).where(OutboxRow.purpose == purpose)
        return [(status, error) for status, error in session.execute(wanted.order_by(OutboxRow.id))]


def come_back(board: Board, address: str, raw: bytes | None = None, return_path: str = "") -> bool:
    """Let a report come to the listener."""
    return bounces.take(board, address, raw or report(to=address), return_path=return_path)


def address_of(board: Board, member_id: int) -> str:
    """The address that a mail to this member comes back to now."""
    with board.db.read() as session:
        email = session.get_one(Member, member_id).email or ""
        recipient = bounces.recipients(session, [email], now(session))[email]
    found = bounces.return_path(board, recipient)
    assert found is not None
    return found


def test_a_mail_leaves_with_an_address_of_its_own_to_come_back_to(
    board: Board, make: Factory, reader: int, smtp: MailSink
) -> None:
    """Short enough, without anything personal; the sender that people see stays."""
    make.alert(email=OTHER)
    make.open()
    work_off(board)
    (mail,), (to_other,) = smtp.to(READER), smtp.to(OTHER)
    sender = smtp.senders[smtp.messages.index(mail)]
    assert mail["From"] == "Entraide <entraide@example.com>"
    local, _, domain = sender.partition("@")
    assert re.fullmatch(r"b\+[a-z2-7]{44}", local) and len(local) <= 64
    assert domain == DOMAIN
    assert smtp.senders[smtp.messages.index(to_other)] != sender
    assert sender not in mail.as_string()


def test_within_an_hour_it_is_the_same_and_later_another(board: Board, reader: int) -> None:
    """A server that asks to come again knows the mail again."""
    with board.db.read() as session:
        past = now(session)
    board.db.clock_offset = -timedelta(minutes=past.minute)
    first = address_of(board, reader)
    board.db.clock_offset += timedelta(minutes=58)
    assert address_of(board, reader) == first
    board.db.clock_offset += timedelta(minutes=3)
    assert address_of(board, reader) != first


def test_where_no_mail_domain_is_given_the_sender_stays(
    board: Board, make: Factory, smtp: MailSink, variables: dict[str, str]
) -> None:
    """Nobody has said that the listener is reached."""
    del variables["MAIL_DOMAIN"]
    plain = replace(board, settings=Settings.from_mapping(variables))
    make.alert(email=READER)
    make.open()
    work_off(plain)
    assert smtp.to(READER) and set(smtp.senders) == {"entraide@example.com"}


def test_an_address_that_was_never_confirmed_has_one_too(board: Board, smtp: MailSink) -> None:
    """Of the same form, so that it says nothing; what comes back to it is taken and forgotten."""
    sign_in.ask(board, "stranger@example.org", "en")
    work_off(board)
    (sender,) = smtp.senders
    assert re.fullmatch(rf"b\+[a-z2-7]{{44}}@{re.escape(DOMAIN)}", sender)
    assert come_back(board, sender)
    with board.db.read() as session:
        assert session.scalar(sa.select(sa.func.count(Suspension.member_id))) == 0


@pytest.mark.parametrize(
    ("at_recipient", "after_data", "status", "suspends"),
    [
        (GONE, None, outbox.DEAD, True),
        ("550 5.1.2 no such domain", None, outbox.DEAD, True),
        (None, "550 5.2.1 mailbox disabled", outbox.DEAD, True),
        ("550 no such user", None, outbox.DEAD, False),
        ("554 5.7.1 Relay access denied", None, outbox.DEAD, False),
        (None, "552 5.3.4 too big", outbox.DEAD, False),
        (None, "554 5.7.1 looks like spam", outbox.DEAD, False),
        (None, "550 no such mailbox", outbox.DEAD, False),
        ("450 4.1.1 later", None, outbox.PENDING, False),
        ("452 4.2.2 mailbox full", None, outbox.PENDING, False),
    ],
)
def test_what_is_refused_in_the_dialogue(
    board: Board,
    make: Factory,
    reader: int,
    smtp: MailSink,
    at_recipient: str | None,
    after_data: str | None,
    status: str,
    suspends: bool,
) -> None:
    """Only what speaks of the address for good suspends it."""
    if at_recipient:
        smtp.refused[READER] = at_recipient
    make.open()
    with board.db.read() as session:
        others = sa.select(OutboxRow.id).where(OutboxRow.purpose != outbox.LISTING_OPENED)
        ids = session.scalars(others).all()
    for row_id in ids:
        dispatching.dispatch(board, row_id)
    smtp.answers += [after_data] if after_data else []
    work_off(board)
    assert [each for each, _ in rows(board, outbox.MATCH)] == [status]
    assert is_suspended(board, reader) is suspends


def test_the_sender_refused_suspends_nobody(
    board: Board, make: Factory, reader: int, smtp: MailSink, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A code that speaks of addresses, said of ours."""

    async def handle_MAIL(*_: object) -> str:  # noqa: N802
        return "550 5.1.1 sender unknown"

    monkeypatch.setattr(smtp, "handle_MAIL", handle_MAIL, raising=False)
    make.open()
    work_off(board)
    assert [status for status, _ in rows(board, outbox.MATCH)] == [outbox.DEAD]
    assert not is_suspended(board, reader)


def test_a_suspended_address_gets_no_more_mail_but_what_is_asked_for(
    board: Board, make: Factory, reader: int, smtp: MailSink
) -> None:
    """What was waiting is dropped with its reason; a code, a confirmation and own data still go."""
    seat = make.answered(make.open(email=READER))
    work_off(board)
    suspend(board, smtp, make)
    before = len(smtp.to(READER))
    with board.db.write() as session:
        conversation = session.get_one(Conversation, seat.conversation_id)
        messages.say(session, board, conversation, seat.side, "Bonjour ?", once="one")
    work_off(board)
    assert rows(board, outbox.MESSAGE)[-1] == (outbox.DROPPED, bounces.SUSPENDED)
    assert len(smtp.to(READER)) == before
    sign_in.ask(board, READER, "en")
    export.ask(board, READER, "en")
    posting.post(board, make.form(email=READER), "key-asked-for")
    work_off(board)
    assert len(smtp.to(READER)) == before + 3
    assert is_suspended(board, reader)


@pytest.mark.parametrize("shape", ["postfix", "exim", "exchange"])
def test_a_report_suspends(board: Board, reader: int, shape: str) -> None:
    """With the time and the kind of reason, and nothing else; a second one changes nothing."""
    address = address_of(board, reader)
    assert come_back(board, address, report(shape, to=address))
    state = bounces.state(board, reader)
    assert state is not None and state.reason == "address"
    board.db.clock_offset = timedelta(hours=2)
    assert come_back(board, address, report(shape, status="5.1.2", answered="550 5.1.2 x"))
    assert bounces.state(board, reader) == state


def test_mail_servers_may_change_the_case_of_the_address(board: Board, reader: int) -> None:
    """The address says the same in any."""
    assert come_back(board, address_of(board, reader).upper())
    assert is_suspended(board, reader)


@pytest.mark.parametrize(
    ("raw", "return_path"),
    [
        (report(action="delayed", status="4.4.1"), ""),
        (report(status="4.2.2"), ""),
        (report(status="5.7.1"), ""),
        (report(action="delivered", status="2.0.0"), ""),
        (b"Auto-Submitted: auto-replied\r\n\r\nI am away. 550 5.1.1", ""),
        (b"From: a@example.net\r\n\r\nHello", "a@example.net"),
        (report(), "mailer-daemon@example.net"),
    ],
)
def test_what_is_taken_without_effect(
    board: Board, reader: int, smtp: MailSink, raw: bytes, return_path: str
) -> None:
    """Delays, policies, answering machines, people, and reports with a sender; nobody answers."""
    assert come_back(board, address_of(board, reader), raw, return_path)
    assert not is_suspended(board, reader)
    work_off(board)
    assert smtp.messages == []


def test_nobody_can_make_up_an_address(board: Board, make: Factory, reader: int) -> None:
    """A changed one, one of another board, one of another domain: none is known."""
    good = address_of(board, reader)
    local, _, domain = good.partition("@")
    other = replace(board, vault=type(board.vault)("another secret that is long enough, too"))
    wrong = [
        *(
            f"{local[:n]}{'a' if local[n] != 'a' else 'b'}{local[n + 1 :]}@{domain}"
            for n in range(2, len(local) - 1)
        ),
        f"{local[:-1]}@{domain}",
        f"{local}a@{domain}",
        f"b+{'a' * 44}@{domain}",
        f"b+@{domain}",
        f"{local}@elsewhere.example",
        f"c+{local[2:]}@{domain}",
        address_of(other, reader),
    ]
    assert bounces.is_known(board, good)
    for address in wrong:
        assert not bounces.is_known(board, address), address
        assert not come_back(board, address)
    assert not is_suspended(board, reader)


def test_a_report_about_an_old_mail_counts_no_more(board: Board, reader: int) -> None:
    """So an address that somebody has kept is worth nothing after two weeks."""
    address = address_of(board, reader)
    board.db.clock_offset = suspensions.COUNTS_FOR + timedelta(hours=1)
    assert come_back(board, address)
    assert not is_suspended(board, reader)


def test_a_report_about_a_mail_of_before_the_proof_counts_no_more(
    board: Board, make: Factory, reader: int, smtp: MailSink
) -> None:
    """A report may take days; what was proved since holds. One about a later mail counts."""
    address = address_of(board, reader)
    board.db.clock_offset = timedelta(hours=2)
    suspend(board, smtp, make)
    prove(board, smtp)
    assert come_back(board, address)
    assert not is_suspended(board, reader)
    board.db.clock_offset += timedelta(hours=1)
    assert come_back(board, address_of(board, reader))
    assert is_suspended(board, reader)


def test_a_report_about_somebody_who_is_gone_is_taken(board: Board, reader: int) -> None:
    """There is nobody left to suspend."""
    address = address_of(board, reader)
    with board.db.write() as session:
        session.execute(sa.delete(Member).where(Member.id == reader))
    assert come_back(board, address)


def prove(board: Board, smtp: MailSink) -> None:
    """Sign in by the mailed code."""
    browser = sign_in.ask(board, READER, "en")
    work_off(board)
    found = re.search(r"\b\w{4}-\w{4}\b", text_of(smtp.to(READER)[-1]))
    assert found is not None
    sign_in.enter(board, browser, found[0])


def confirm_by_link(board: Board, smtp: MailSink) -> None:
    """Post as a guest, and press the link that is mailed."""
    posting.post(board, Factory(board).form(email=READER), "key-of-a-guest")
    work_off(board)
    confirmations.act(board, smtp.token(READER))


def press_test_mail(board: Board, smtp: MailSink) -> None:
    """Have a test mail sent, and press its link."""
    with board.db.read() as session:
        member_id = session.scalars(sa.select(Member.id).where(Member.email == READER)).one()
    bounces.send_test(board, member_id)
    work_off(board)
    token = smtp.token(READER)
    assert confirmations.show(board, token).purpose == links.TEST_MAIL
    assert is_suspended(board, member_id)
    confirmations.act(board, token)
    with pytest.raises(LinkRefused):
        confirmations.act(board, token)


@pytest.mark.parametrize("proof", [prove, confirm_by_link, press_test_mail])
def test_a_mail_that_arrives_lifts_it(
    board: Board,
    make: Factory,
    reader: int,
    smtp: MailSink,
    proof: Callable[[Board, MailSink], None],
) -> None:
    """A code that is typed, a confirmation or a test mail that is pressed; then mails go again."""
    suspend(board, smtp, make)
    proof(board, smtp)
    assert not is_suspended(board, reader)
    before = len(smtp.to(READER))
    make.open(title="Afterwards")
    work_off(board)
    assert any("Afterwards" in mail["Subject"] for mail in smtp.to(READER)[before:])


def test_what_needs_no_mail_lifts_nothing(
    board: Board, make: Factory, reader: int, smtp: MailSink
) -> None:
    """A passkey, a role, a seat that somebody gives."""
    suspend(board, smtp, make)
    with board.db.write() as session:
        sessions.open_(session, reader)
    roles.grant(board, READER, "moderator")
    partners.add_partner(board, READER, "CM")
    office = make.organisation()
    partners.add_colleague(board, office.member_id, office.id, READER, "partner")
    assert is_suspended(board, reader)


def test_what_alerts_find_meanwhile_waits_for_the_digest(
    board: Board, make: Factory, reader: int, smtp: MailSink
) -> None:
    """The mail that was refused, one that waited, and what came later; others hear at once."""
    make.alert(email=OTHER)
    make.open(title="Refused")
    waiting = make.open(title="Waited")
    smtp.refused[READER] = GONE
    work_off(board)
    make.open(title="Later")
    work_off(board)
    digests.write(board)
    work_off(board)
    assert smtp.to(READER) == []
    assert len(smtp.to(OTHER)) == 3
    del smtp.refused[READER]
    prove(board, smtp)
    board.db.clock_offset = timedelta(days=1)
    while digests.write(board):
        pass
    work_off(board)
    (digest,) = smtp.to(READER)[1:]
    said = text_of(digest)
    assert all(title in said for title in ("Refused", "Waited", "Later")), waiting.public_id


def test_those_who_wait_keep_nobody_s_digest(
    board: Board, make: Factory, reader: int, smtp: MailSink, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many are suspended, the others' turn comes."""
    make.alert(email=OTHER, rhythm=Rhythm.DAILY)
    suspend(board, smtp, make)
    make.open()
    work_off(board)
    monkeypatch.setattr(digests, "BATCH", 1)
    board.db.clock_offset = timedelta(days=1)
    while digests.write(board):
        pass
    work_off(board)
    assert (len(smtp.to(READER)), len(smtp.to(OTHER))) == (0, 1)


def test_mail_for_somebody_without_address_concerns_the_relay(
    board: Board, make: Factory, smtp: MailSink
) -> None:
    """It is the relay's address that the mail went to."""
    relay = make.member(email=READER, roles=["relay"])
    view = relays.post(board, relay, make.form(email=""), "in-person", "key-of-a-relay")
    smtp.refused[READER] = GONE
    make.answered(listings.get(board, view.public_id))
    work_off(board)
    assert is_suspended(board, relay)


def test_test_mails_have_an_end_and_need_a_reason(
    board: Board, make: Factory, reader: int, smtp: MailSink
) -> None:
    """Three a day that are not used; none where mails are sent anyway."""
    bounces.send_test(board, reader)
    work_off(board)
    assert smtp.to(READER) == []
    suspend(board, smtp, make)
    for _ in range(bounces.TESTS_PER_ADDRESS):
        bounces.send_test(board, reader)
    with pytest.raises(Invalid):
        bounces.send_test(board, reader)
    work_off(board)
    assert len(smtp.to(READER)) == bounces.TESTS_PER_ADDRESS == 3
    board.db.clock_offset = timedelta(days=1, minutes=1)
    bounces.send_test(board, reader)


def test_a_test_mail_that_came_too_late_is_not_sent(
    board: Board, make: Factory, reader: int, smtp: MailSink
) -> None:
    """Mail arrives again by then."""
    suspend(board, smtp, make)
    bounces.send_test(board, reader)
    with board.db.write() as session:
        suspensions.lift(session, reader)
    work_off(board)
    assert rows(board, outbox.TEST_MAIL) == [(outbox.DROPPED, "")]


def test_it_is_shown_to_its_member_and_goes_with_them(
    board: Board, make: Factory, reader: int, smtp: MailSink
) -> None:
    """In one's own data, and in the erasure."""
    suspend(board, smtp, make)
    data = export.of_member(board, reader)
    (part,) = (part for part in data.parts if part.name == "suspensions")
    assert part.rows[0].keys() == {"suspended_at", "reason", "lifted_at"}
    export.ask(board, READER, "en")
    work_off(board)
    erasure.erase_by_link(
        board, export.open_(board, smtp.token(READER, "data/by-link")).erase_token
    )
    with board.db.read() as session:
        assert session.scalar(sa.select(sa.func.count(Suspension.member_id))) == 0


def test_what_was_lifted_is_forgotten_and_what_holds_is_not(
    board: Board, make: Factory, reader: int, smtp: MailSink
) -> None:
    """As soon as no earlier mail can come back."""
    suspend(board, smtp, make)
    board.db.clock_offset = suspensions.COUNTS_FOR + timedelta(days=1)
    forgetting.forget_unconfirmed(board)
    assert is_suspended(board, reader)
    with board.db.write() as session:
        suspensions.lift(session, reader)
    forgetting.forget_unconfirmed(board)
    with board.db.read() as session:
        assert session.get(Suspension, reader) is not None
    board.db.clock_offset *= 2
    forgetting.forget_unconfirmed(board)
    with board.db.read() as session:
        assert session.get(Suspension, reader) is None

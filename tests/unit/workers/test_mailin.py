"""The mail listener: real SMTP dialogues over a real board."""

from __future__ import annotations

import re
import smtplib
from collections.abc import Iterator
from email.message import EmailMessage
from typing import Any

import pytest
import sqlalchemy as sa
from aiosmtpd.controller import Controller

from board import blocks, conversations, inbox, listings, mailin, moderation
from board.context import Board
from board.conversations import Conversation, Seat
from board.errors import Unavailable
from board.listings import Listing
from board.members import Member
from board.outbox import OutboxRow
from tests.factories import Factory
from tests.fakes import MailSink, work_off
from workers.mailin import LATER, UNKNOWN, make_server

ASKER, HELPER = "asker@example.org", "helper@example.org"


class Listener(Controller):
    """The listener on a free port of loopback."""

    def __init__(self, board: Board) -> None:
        self.board = board
        super().__init__(None, hostname="127.0.0.1", port=0)

    def factory(self) -> Any:
        return make_server(self.board, loop=self.loop)

    def _trigger_server(self) -> None:
        self.port = self.server.sockets[0].getsockname()[1]  # type: ignore[union-attr]
        super()._trigger_server()


@pytest.fixture
def listener(board: Board) -> Iterator[Listener]:
    """A listener that takes mail."""
    listener = Listener(board)
    listener.start()
    yield listener
    listener.stop()


@pytest.fixture
def helper(board: Board, make: Factory) -> Seat:
    """The seat of a helper who has answered an asker."""
    return make.answered(make.open(email=ASKER, locale="en"), email=HELPER, locale="en")


def address_of(board: Board, seat: Seat) -> str:
    """The reply address of a seat."""
    with board.db.read() as session:
        row = session.get_one(Conversation, seat.conversation_id)
        member_id = row.member_id(seat.side)
        assert member_id is not None
        return conversations.reply_address(board, row.id, member_id)


def mail(text: str = "D'accord, à demain.", **headers: str) -> EmailMessage:
    """A mail of a person."""
    message = EmailMessage()
    message["From"] = "somebody.else@example.net"
    message["Subject"] = "Re: About"
    message["Message-ID"] = "<one@example.net>"
    for name, value in headers.items():
        del message[name.replace("_", "-")]
        message[name.replace("_", "-")] = value
    message.set_content(text)
    return message


def deliver(
    listener: Listener,
    to: str | list[str],
    message: EmailMessage | bytes,
    sender: str = "a@example.net",
) -> tuple[int, str]:
    """The dialogue of one mail; the answer that ends it."""
    raw = message if isinstance(message, bytes) else message.as_bytes()
    raw = re.sub(rb"\r?\n", b"\r\n", raw)
    with smtplib.SMTP("127.0.0.1", listener.port, timeout=20) as server:
        server.ehlo()
        server.mail(sender)
        for each in [to] if isinstance(to, str) else to:
            code, answer = server.rcpt(each)
            if code != 250:
                return code, answer.decode()
        code, answer = server.data(raw)
        return code, answer.decode()


def texts(board: Board, seat: Seat) -> list[str]:
    """What is said in the conversation."""
    return [each.text for each in inbox.show(board, seat).messages]


def test_an_answer_by_mail_reaches_the_other_side_and_nobody_else(
    board: Board, listener: Listener, helper: Seat, smtp: MailSink
) -> None:
    """From the mail that the asker got, back to the helper; the quote stays behind."""
    work_off(board)
    (got,) = [each for each in smtp.to(ASKER) if each["Reply-To"]]
    reply = mail(
        "Oui, à dix heures.\n\nLe mar. 24 nov. 2026 à 10:15, Entraide a écrit :\n"
        + "".join(f"> {line}\n" for line in got.get_content().splitlines()),
        In_Reply_To=got["Message-ID"],
    )
    before = len(smtp.messages)
    assert deliver(listener, got["Reply-To"], reply)[0] == 250
    assert texts(board, helper) == ["Bonjour", "Oui, à dix heures."]
    work_off(board)
    (sent,) = smtp.messages[before:]
    assert sent["To"] == HELPER
    assert "Oui, à dix heures." in sent.get_content()
    assert "somebody.else" not in sent.as_string() and ASKER not in sent.as_string()


@pytest.mark.parametrize("change", [str.upper, str.lower, str.title])
def test_mail_servers_may_change_the_case_of_an_address(
    board: Board, listener: Listener, helper: Seat, change: Any
) -> None:
    """The address says the same in any."""
    assert deliver(listener, change(address_of(board, helper)), mail())[0] == 250
    assert len(texts(board, helper)) == 2


def test_what_is_no_reply_address_is_refused_alike(
    board: Board, listener: Listener, helper: Seat
) -> None:
    """A changed, cut, foreign or made-up address, and the address of a deleted conversation."""
    known = address_of(board, helper)
    local, _, domain = known.partition("@")
    changed = local[:-1] + ("a" if local[-1] != "a" else "b")
    wrong = [
        f"{changed}@{domain}",
        f"{local[:5]}{'a' if local[5] != 'a' else 'b'}{local[6:]}@{domain}",
        f"{local[:-1]}@{domain}",
        f"{local}@elsewhere.example",
        f"c+{'a' * 39}@{domain}",
        f"c+@{domain}",
        f"c@{domain}",
        f"postmaster@{domain}",
        ASKER,
        f"c+{'1' * 39}@{domain}",
    ]
    answers = {deliver(listener, address, mail()) for address in wrong}
    with board.db.write() as session:
        session.execute(sa.delete(Conversation))
    answers.add(deliver(listener, known, mail()))
    code, _, words = UNKNOWN.partition(" ")
    assert answers == {(int(code), words)}


def test_one_mail_that_comes_twice_is_said_once(
    board: Board, listener: Listener, helper: Seat, smtp: MailSink
) -> None:
    """By its Message-ID; without one by its bytes; another mail is another message."""
    to = address_of(board, helper)
    for _ in range(3):
        assert deliver(listener, to, mail())[0] == 250
    assert len(texts(board, helper)) == 2
    deliver(listener, to, mail(Message_ID="<two@example.net>"))
    assert len(texts(board, helper)) == 3
    nameless = mail()
    del nameless["Message-ID"]
    for _ in range(2):
        deliver(listener, to, nameless)
    assert len(texts(board, helper)) == 4
    work_off(board)
    assert sum("D'accord" in each.get_content() for each in smtp.to(ASKER)) == 3


@pytest.mark.parametrize(
    ("headers", "sender"),
    [
        ({"Auto_Submitted": "auto-replied"}, "a@example.net"),
        ({"Precedence": "bulk"}, "a@example.net"),
        ({"List_Id": "<l.example.net>"}, "a@example.net"),
        ({}, ""),
    ],
)
def test_what_a_machine_sends_is_taken_and_dropped(
    board: Board,
    listener: Listener,
    helper: Seat,
    smtp: MailSink,
    headers: dict[str, str],
    sender: str,
) -> None:
    """Answering machines, lists and reports of delivery meet silence: no loop can begin."""
    work_off(board)
    before = len(smtp.messages)
    to = address_of(board, helper)
    assert deliver(listener, to, mail(**headers), sender)[0] == 250
    work_off(board)
    assert (len(texts(board, helper)), len(smtp.messages)) == (1, before)


def test_our_own_mails_sent_back_are_dropped(
    board: Board, listener: Listener, helper: Seat, smtp: MailSink
) -> None:
    """Somebody forwards everything to the reply address: nothing goes round."""
    work_off(board)
    before = len(smtp.messages)
    for each in list(smtp.messages):
        assert deliver(listener, address_of(board, helper), each.as_bytes())[0] == 250
    work_off(board)
    assert len(smtp.messages) == before


def with_file(text: str) -> EmailMessage:
    """A mail with a file."""
    message = mail(text)
    message.add_attachment(b"%PDF", maintype="application", subtype="pdf", filename="a.pdf")
    return message


@pytest.mark.parametrize(
    ("message", "passed", "answer"),
    [
        (with_file("Voici."), True, "carries text only"),
        (with_file(""), False, "it held files and no text"),
        (mail("> Demain ?"), False, "no text was found"),
        (mail("x" * 4001), False, "too long"),
    ],
    ids=["file", "only a file", "only a quote", "too long"],
)
def test_what_cannot_be_passed_on_is_answered_politely(
    board: Board,
    listener: Listener,
    helper: Seat,
    smtp: MailSink,
    message: EmailMessage,
    passed: bool,
    answer: str,
) -> None:
    """To the member, once, and never to the address that the mail came from."""
    work_off(board)
    before = len(smtp.messages)
    for _ in range(2):
        assert deliver(listener, address_of(board, helper), message)[0] == 250
    assert len(texts(board, helper)) == 1 + passed
    work_off(board)
    new = smtp.messages[before:]
    (polite,) = [each for each in new if each["To"] == HELPER]
    assert answer in polite.get_content()
    assert polite["Auto-Submitted"] == "auto-generated"
    assert {each["To"] for each in new} == ({HELPER, ASKER} if passed else {HELPER})


def test_polite_answers_have_an_end(
    board: Board, listener: Listener, helper: Seat, smtp: MailSink
) -> None:
    """Two machines that do not know each other as such cannot keep each other busy."""
    work_off(board)
    before = len(smtp.messages)
    for number in range(mailin.REFUSALS_PER_DAY + 3):
        empty = mail("", Message_ID=f"<{number}@example.net>")
        deliver(listener, address_of(board, helper), empty)
    work_off(board)
    assert len(smtp.messages) - before == mailin.REFUSALS_PER_DAY


def test_a_mail_to_a_conversation_that_is_over_is_answered(
    board: Board, listener: Listener, helper: Seat, smtp: MailSink
) -> None:
    """Nothing is passed on."""
    with board.db.write() as session:
        row = session.get_one(Conversation, helper.conversation_id)
        row.status = "closed"
    work_off(board)
    assert deliver(listener, address_of(board, helper), mail())[0] == 250
    assert len(texts(board, helper)) == 1
    work_off(board)
    assert "nobody can write" in smtp.to(HELPER)[-1].get_content()
    assert smtp.to(HELPER)[-1]["Reply-To"] is None


def test_a_mail_across_a_block_goes_nowhere(
    board: Board, listener: Listener, helper: Seat, smtp: MailSink
) -> None:
    """And its writer is not told why."""
    work_off(board)
    before = len(smtp.messages)
    with board.db.write() as session:
        row = session.get_one(Conversation, helper.conversation_id)
        assert row.answerer_id is not None
        blocks.block(session, row.poster_id, row.answerer_id)
    assert deliver(listener, address_of(board, helper), mail())[0] == 250
    work_off(board)
    assert len(smtp.messages) == before


def test_a_mail_that_is_too_large_is_refused(
    board: Board, listener: Listener, helper: Seat
) -> None:
    """By its announced and by its real size."""
    to = address_of(board, helper)
    large = mail("x\n" * (mailin.SIZE_MAX // 2))
    assert deliver(listener, to, large)[0] == 552
    with smtplib.SMTP("127.0.0.1", listener.port, timeout=20) as server:
        server.ehlo()
        assert server.mail("a@example.net", [f"size={mailin.SIZE_MAX + 1}"])[0] == 552
    assert len(texts(board, helper)) == 1


def test_nothing_is_acknowledged_while_the_database_is_away(
    board: Board, listener: Listener, helper: Seat, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The sender's server keeps the mail and comes again."""

    def away(*_: object, **__: object) -> bool:
        raise Unavailable("the database")

    to = address_of(board, helper)
    code, _, words = LATER.partition(" ")
    with monkeypatch.context() as patch:
        patch.setattr(mailin, "take", away)
        assert deliver(listener, to, mail()) == (int(code), words)
        patch.setattr(mailin, "is_known", away)
        assert deliver(listener, to, mail()) == (int(code), words)
    assert deliver(listener, to, mail())[0] == 250
    assert len(texts(board, helper)) == 2


def test_a_mail_to_two_conversations_is_said_in_both(
    board: Board, listener: Listener, helper: Seat, make: Factory
) -> None:
    """Up to a few; many recipients are refused."""
    with board.db.read() as session:
        row = session.get_one(Conversation, helper.conversation_id)
        listing = session.get_one(Listing, row.listing_id)
        view = listings.views(session, board, [listing.id])[0]
    other = make.answered(view, email="other@example.org")
    both = [address_of(board, helper), address_of(board, other)]
    assert deliver(listener, both, mail())[0] == 250
    assert len(texts(board, helper)) == len(texts(board, other)) == 2
    assert deliver(listener, both * 3, mail())[0] == 452


def test_hostile_mails_break_nothing(board: Board, listener: Listener, helper: Seat) -> None:
    """Broken headers, broken charsets, deep nesting: taken or answered, never an error of ours."""
    to = address_of(board, helper)
    nested, deeper = (
        b"".join(
            b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (n, n)
            for n in range(depth)
        )
        for depth in (300, 3000)
    )
    for raw in (
        b"",
        b"\r\n",
        b"Content-Type: text/plain; charset=\xff\xfe\r\n\r\n\xff\xfe",
        b"Message-ID: " + b"x" * 900 + b"\r\n\r\nBonjour",
        b"Message-ID: \xff<\r\nFrom: =?x?y?z?=\r\nTo: @@@\r\nDate: never\r\n\r\nBonjour",
        b"Content-Transfer-Encoding: base64\r\n\r\n!!!!",
        nested,
        deeper,
    ):
        assert deliver(listener, to, raw)[0] == 250
    assert deliver(listener, to, mail("Toujours là ?"))[0] == 250
    assert texts(board, helper)[-1] == "Toujours là ?"


def test_no_address_or_text_is_kept_outside_its_column(
    board: Board, listener: Listener, helper: Seat
) -> None:
    """The sender's address of a mail is stored nowhere; the outbox seals what it carries."""
    deliver(listener, address_of(board, helper), mail("Un secret"))
    with board.db.read() as session:
        stored = [str(row) for row in session.execute(sa.select(OutboxRow.once, OutboxRow.payload))]
        assert not any("secret" in row or "@" in row for row in stored)
        emails = session.scalars(sa.select(Member.email)).all()
    assert sorted(emails) == [ASKER, HELPER]


def test_a_mail_with_a_telephone_number_waits_and_its_writer_is_told(
    board: Board, listener: Listener, helper: Seat, make: Factory, smtp: MailSink
) -> None:
    """By mail, once; the other side gets nothing before a moderator has let it pass."""
    moderator = make.member(roles=["moderator"])
    work_off(board)
    before = len(smtp.to(ASKER))
    for _ in range(2):
        said = mail("Appelez-moi au 06 12 34 56 78.")
        assert deliver(listener, address_of(board, helper), said)[0] == 250
    work_off(board)
    told = [each for each in smtp.to(HELPER) if "before it goes on" in each.get_content()]
    assert len(told) == 1 and told[0]["Reply-To"]
    assert "06 12" not in told[0].get_content()
    assert len(smtp.to(ASKER)) == before
    case = moderation.queue(board, moderator).waiting[0]
    assert case.reasons == ("phone",)
    moderation.approve(board, moderator, case.id)
    work_off(board)
    assert ["06 12" in each.get_content() for each in smtp.to(ASKER)[before:]] == [True]


def test_who_was_let_pass_meanwhile_is_not_told_to_wait(
    board: Board, listener: Listener, helper: Seat, make: Factory, smtp: MailSink
) -> None:
    """The reason of a mail is looked at again just before sending."""
    moderator = make.member(roles=["moderator"])
    said = mail("Appelez-moi au 06 12 34 56 78.")
    assert deliver(listener, address_of(board, helper), said)[0] == 250
    moderation.approve(board, moderator, moderation.queue(board, moderator).waiting[0].id)
    work_off(board)
    assert not [each for each in smtp.to(HELPER) if "before it goes on" in each.get_content()]

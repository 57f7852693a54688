"""T15: words that scams use are read by a moderator before the other side of a conversation.

Until then they are invisible and not mailed: the probe reads everything that the other side is
given, by every door through which a message comes.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from email.message import EmailMessage
from email.utils import make_msgid

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from board import mailin, moderation, outbox, outcomes
from board.cases import Case
from board.context import Board
from board.conversations import Conversation, Seat, Side
from board.mails import compose, exchange
from board.mails.letter import Letter
from board.members import Member
from board.messages import Message, MessageState
from board.outcomes import Action
from tests.factories import Factory
from tests.fakes import MailSink, work_off
from tests.web.conftest import Page, english, sign_in

_numbers = itertools.count(1)

MARK = "Zanzibarquelle"
ASKER, HELPER = "asker@example.org", "helper@example.org"

SCAMS: list[tuple[str, str]] = [
    ("a telephone number", "Appelez le 06 12 34 56 78"),
    ("one in words", "zéro six, douze, trente-quatre, cinquante-six, soixante-dix-huit"),
    ("one in Arabic digits", "٠٦ ١٢ ٣٤ ٥٦ ٧٨"),
    ("an e-mail address", "écrivez à marie@example.net"),
    ("one in words", "marie arobase gmail point com"),
    ("an IBAN", "FR76 3000 6000 0112 3456 7890 189"),
    ("money", "J’ai besoin d’argent, 200 € suffisent"),
    ("a means of payment", "Envoyez par Western Union"),
    ("a messaging service", "Sur W-h-a-t-s-A-p-p"),
    ("a prescription", "Je donne du Tramadol sans ordonnance"),
]
#: Of these, what stays a reason where one shares one's contact, and after both have agreed.
FRAUD = [row for row in SCAMS if row[0] in ("an IBAN", "money", "a means of payment")]


@dataclass(frozen=True)
class Talk:
    """A request that a helper has answered; both know each other by mail."""

    app: Flask
    board: Board
    smtp: MailSink
    seat: Seat
    listing: str

    @classmethod
    def begun(cls, app: Flask, board: Board, make: Factory, smtp: MailSink) -> Talk:
        """With a first message each way, and no mail that waits."""
        view = make.open(email=ASKER, locale="en")
        seat = make.answered(view, email=HELPER, locale="en", text="I can come.")
        work_off(board)
        return cls(app, board, smtp, seat, view.public_id)

    def member(self, email: str) -> FlaskClient:
        """A browser in which this member is signed in."""
        client = english(self.app)
        with self.board.db.read() as session:
            found = session.scalars(sa.select(Member.id).where(Member.email == email)).one()
        sign_in(client, found)
        return client

    def key(self) -> str:
        """The number of the conversation in addresses."""
        with self.board.db.read() as session:
            return session.get_one(Conversation, self.seat.conversation_id).public_id

    def link(self, email: str) -> str:
        """The address of the conversation in the newest mail to this address."""
        return f"/conversations/by-link/{self.smtp.token(email, 'conversations/by-link')}"


def sent(client: FlaskClient, page: str, target: str, **fields: str) -> None:
    """Fill in the form of a page and send it."""
    form = Page(client.get(page).text)
    data = {"csrf_token": form.value("csrf_token"), "key": form.value("key"), **fields}
    assert client.post(target, data=data).status_code == 303


def by_account(talk: Talk, text: str) -> None:
    """The page of the conversation, signed in."""
    where = f"/conversations/{talk.key()}"
    sent(talk.member(HELPER), where, f"{where}/messages", text=text, health="1")


def by_link(talk: Talk, text: str) -> None:
    """The same page, by the link of a mail."""
    where = talk.link(HELPER)
    sent(english(talk.app), where, f"{where}/messages", text=text, health="1")


def by_mail(talk: Talk, text: str) -> None:
    """A reply to a mail."""
    (to,) = {mail["Reply-To"] for mail in talk.smtp.to(HELPER) if mail["Reply-To"]}
    mail = EmailMessage()
    mail["From"], mail["Subject"], mail["Message-ID"] = HELPER, "Re:", make_msgid()
    mail.set_content(text)
    assert mailin.take(talk.board, to, mail.as_bytes(), return_path=HELPER)


def by_contact(talk: Talk, text: str) -> None:
    """The form that shares one's contact."""
    where = f"/conversations/{talk.key()}"
    sent(talk.member(HELPER), where, f"{where}/contact", contact=text)


def as_first_message(talk: Talk, text: str) -> None:
    """Somebody else answers the request, and confirms it."""
    client, page = english(talk.app), f"/listings/{talk.listing}/answer"
    email = f"new{next(_numbers)}@example.org"
    sent(client, page, page, email=email, text=text, health="1")
    work_off(talk.board)
    where = f"/links/{talk.smtp.token(email)}"
    token = Page(client.get(where).text).value("csrf_token")
    assert client.post(where, data={"csrf_token": token}).status_code in (200, 303)


Door = Callable[[Talk, str], None]
DOORS: list[Door] = [by_account, by_link, by_mail, as_first_message]


def seen(talk: Talk) -> list[str]:
    """Where whoever asked, or a stranger, is given the mark; and that a mail came at all."""
    with talk.board.db.read() as session:
        talks = session.scalars(sa.select(Conversation.public_id)).all()
    pages = ["/", f"/listings/{talk.listing}", "/me", "/me/data", "/me/data.json", "/conversations"]
    pages += [f"/conversations/{each}{page}" for each in talks for page in ("", "/report")]
    readers = {"asker": talk.member(ASKER), "stranger": english(talk.app)}
    found = [
        f"{who} {page}"
        for who, client in readers.items()
        for page in pages
        if MARK in client.get(page).text
    ]
    link = talk.link(ASKER)
    by_link = readers["stranger"]
    found += [f"link{page}" for page in ("", "/report") if MARK in by_link.get(link + page).text]
    mails = [f"{mail}\n{mail.get_content()}" for mail in talk.smtp.to(ASKER)]
    return found + ["mail" for mail in mails if MARK in mail]


def after(talk: Talk, door: Door, text: str) -> list[str]:
    """Say something with the mark; where the other side finds it, and whether it got any mail."""
    before = len(talk.smtp.to(ASKER))
    door(talk, f"{MARK}. {text}")
    work_off(talk.board)
    return seen(talk) + ["some mail"] * (len(talk.smtp.to(ASKER)) - before)


def cases(board: Board) -> Sequence[int]:
    """The cases that wait."""
    with board.db.read() as session:
        return session.scalars(sa.select(Case.id).where(Case.decision.is_(None))).all()


@pytest.mark.parametrize("door", DOORS)
def test_T15_the_other_side_gets_no_message_before_a_moderator_has_read_it(
    app: Flask, board: Board, make: Factory, smtp: MailSink, door: Door
) -> None:
    """On no page, in no data of theirs, by no mail; once it is approved, on all of them."""
    talk = Talk.begun(app, board, make, smtp)
    for what, text in SCAMS:
        assert after(talk, door, text) == [], what
    moderator = make.member(roles=["moderator"])
    waiting = cases(board)
    assert len(waiting) == len(SCAMS)
    before = len(smtp.to(ASKER))
    for case_id in waiting:
        moderation.approve(board, moderator, case_id)
    work_off(board)
    found = seen(talk)
    assert {"mail", "asker /me/data", "asker /me/data.json", "link"} <= set(found)
    assert not [each for each in found if each.startswith("stranger")]
    assert len(smtp.to(ASKER)) - before == len(SCAMS)


def test_T15_a_contact_and_an_agreement_free_no_money(
    app: Flask, board: Board, make: Factory, smtp: MailSink
) -> None:
    """Where a telephone number passes, an account does not; a refusal is for good."""
    talk = Talk.begun(app, board, make, smtp)
    outcomes.decide(board, Seat(talk.seat.conversation_id, Side.POSTER), Action.ACCEPT)
    work_off(board)
    moderator = make.member(roles=["moderator"])
    for what, text in FRAUD:
        for door in (by_contact, by_account):
            assert after(talk, door, text) == [], what
            (case_id,) = cases(board)
            moderation.refuse(board, moderator, case_id, "money")
            work_off(board)
            assert seen(talk) == [], what
    assert "mail" in after(talk, by_account, SCAMS[0][1])


WELCOME = "On Saturday at ten, 12 rue de la Paix, 75002 Paris, third floor?"


@pytest.mark.parametrize("door", DOORS)
def test_T15_what_two_people_need_to_say_is_not_held(
    app: Flask, board: Board, make: Factory, smtp: MailSink, door: Door
) -> None:
    """A day, an hour and a street go on at once: the probe finds them everywhere."""
    found = after(Talk.begun(app, board, make, smtp), door, WELCOME)
    assert {"mail", "asker /me/data", "asker /me/data.json", "link"} <= set(found)


@pytest.mark.parametrize("door", DOORS)
def test_T15_the_probe_finds_what_a_relay_without_rules_passes_on(
    app: Flask,
    board: Board,
    make: Factory,
    smtp: MailSink,
    monkeypatch: pytest.MonkeyPatch,
    door: Door,
) -> None:
    """The positive control: a board that relays whatever is written leaks by every door."""
    monkeypatch.setattr("board.screening.reasons", lambda text, **given: ())
    found = after(Talk.begun(app, board, make, smtp), door, SCAMS[0][1])
    assert {"mail", "some mail", "asker /me/data", "link"} <= set(found)


def test_T15_the_probe_finds_a_board_that_hides_but_mails(
    app: Flask,
    board: Board,
    make: Factory,
    smtp: MailSink,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The positive control: one that hides a message on pages has told the mailbox already."""

    def careless(session: Session, board: Board, row: outbox.Claim) -> Letter | None:
        said = session.get_one(Message, int(row.payload["message"]))
        said.state = MessageState.SENT
        with session.no_autoflush:
            return exchange.message(session, board, row)

    def hidden_afterwards(talk: Talk, text: str) -> None:
        by_account(talk, text)
        with board.db.write() as session:
            said = sa.update(Message).where(Message.text.startswith(MARK))
            session.execute(said.values(state=MessageState.HELD))

    monkeypatch.setattr("board.screening.reasons", lambda text, **given: ())
    monkeypatch.setitem(compose._WRITERS, outbox.MESSAGE, careless)
    talk = Talk.begun(app, board, make, smtp)
    assert set(after(talk, hidden_afterwards, SCAMS[0][1])) == {"mail", "some mail"}


def test_T15_a_plain_list_of_words_misses_most_of_them() -> None:
    """The positive control: a common filter does not see through disguises."""
    plain = re.compile(r"whatsapp|western union|paypal|@|\b0\d( ?\d\d){4}\b", re.IGNORECASE)
    missed = [text for _, text in SCAMS if not plain.search(text)]
    assert len(missed) >= 6

"""Everything that is kept about somebody, as the database has it: for its reader, or as a file.

Who has no account gets at it through a link that is mailed to the address and works once.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from shapely.geometry.base import BaseGeometry
from sqlalchemy.orm import Session

from board import erasure, links, outbox, personal, questions
from board.conversations import Conversation
from board.db import now
from board.i18n import LOCALES, N_
from board.links import Link
from board.members import Member
from board.messages import Message
from board.person import Person
from board.personal import PersonalTable
from board.questions import Question
from board.validation import Checks, email_address
from matcher.place import Place

if TYPE_CHECKING:
    from board.context import Board

#: Links to one's own data that an address may get in a day and not use.
UNUSED_PER_ADDRESS = links.WAITING_PER_ADDRESS
#: What stands for the subject of a link: it was mailed, or is a button of the page that one opened.
_MAILED, _OF_PAGE = 0, 1

Value = str | int | float | bool | list[Any] | dict[str, Any] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """The rows of one table that are about somebody."""

    #: Name of the table.
    name: str
    #: Msgid: what it holds.
    title: str
    rows: tuple[dict[str, Value], ...]
    #: Msgid: why the rows stay when the person is erased; "" where they go.
    stays: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnData:
    """Everything about somebody, at a moment."""

    at: datetime
    email: str | None
    parts: tuple[Part, ...]

    def as_json(self) -> str:
        """The whole as one JSON object, for people and for programs."""
        tables = {part.name: part.rows for part in self.parts}
        whole = {"at": self.at.isoformat(), "email": self.email, "data": tables}
        return json.dumps(whole, ensure_ascii=False, indent=2) + "\n"


@dataclass(frozen=True, slots=True)
class Opened:
    """One's own data, opened by a link, and the links that go on from there."""

    data: OwnData
    #: Downloads it, once.
    download_token: str
    #: Erases it, once.
    erase_token: str


def of_member(board: Board, member_id: int) -> OwnData:
    """Everything about a member."""
    with board.db.read() as session:
        member = session.get_one(Member, member_id)
        return _gather(session, board, erasure.person_of(board, member))


def ask(board: Board, email: str, locale: str) -> None:
    """Mail a link to one's own data to this address.

    The same is done for known and unknown addresses, and nothing is said of an address that has
    had enough links today. Raises Invalid.
    """
    checks = Checks()
    with checks.field("email"):
        email = email_address(email)
    if locale not in LOCALES:
        checks.refuse(
            "locale", N_("One of these is accepted: %(codes)s."), codes=", ".join(LOCALES)
        )
    checks.done()
    with board.db.write() as session:
        address = links.address_hash(board.settings.secret_key, email)
        if not links.may_get(session, address, links.OWN_DATA, _MAILED, UNUSED_PER_ADDRESS):
            return
        token, link = _issue(session, board, email, address, _MAILED)
        mail = outbox.NewRow(
            purpose=outbox.OWN_DATA,
            once=f"{outbox.OWN_DATA}:{link.token_hash}",
            locale=locale,
            payload=board.vault.seal(json.dumps({"email": email, "token": token})),
        )
        row = outbox.add(session, mail)
    board.waker.wake([row])


def look(board: Board, token: str) -> None:
    """Whether this link opens anything now; changes nothing. Raises LinkRefused."""
    with board.db.read() as session:
        erasure.address_of(board, links.find(session, token))


def open_(board: Board, token: str) -> Opened:
    """What is kept about the address of this link, which is used up. Raises LinkRefused."""
    with board.db.write() as session:
        email = _spend(session, board, token)
        address = links.address_hash(board.settings.secret_key, email)
        data = _gather(session, board, erasure.person_at(session, board, email))
        download, _ = _issue(session, board, email, address, _OF_PAGE)
        erase, _ = _issue(session, board, email, address, _OF_PAGE)
    return Opened(data, download, erase)


def download(board: Board, token: str) -> OwnData:
    """As `open_`, for the file: no further links."""
    with board.db.write() as session:
        email = _spend(session, board, token)
        return _gather(session, board, erasure.person_at(session, board, email))


def _issue(session: Session, board: Board, email: str, address: str, kind: int) -> tuple[str, Link]:
    token = links.issue(session, links.OWN_DATA, kind, address, sealed=board.vault.seal(email))
    session.flush()
    return token, links.find(session, token)


def _spend(session: Session, board: Board, token: str) -> str:
    link = links.find(session, token, lock=True)
    email = erasure.address_of(board, link)
    links.spend(session, link)
    return email


def _gather(session: Session, board: Board, person: Person) -> OwnData:
    parts = tuple(
        part
        for table in reversed(personal.TABLES)
        if (part := _part(session, board, table, person)) is not None
    )
    return OwnData(at=now(session), email=person.email, parts=parts)


def _part(session: Session, board: Board, table: PersonalTable, person: Person) -> Part | None:
    condition = table.seen_by(person)
    if condition is None:
        return None
    model: Any = table.model
    order = model.__table__.primary_key.columns
    rows = session.scalars(sa.select(model).where(condition).order_by(*order))
    return Part(
        name=table.name,
        title=table.title,
        rows=tuple(dict(_values(session, board, table, person, row)) for row in rows),
        stays=table.stays,
    )


def _values(
    session: Session, board: Board, table: PersonalTable, person: Person, row: Any
) -> Iterator[tuple[str, Value]]:
    """The columns of one row that are shown, and which side of a conversation is one's own."""
    for column in row.__table__.columns:
        # The other side's address may wait for its confirmation in the same conversation.
        if column.name not in table.hidden and not _is_of_another(person, column.name, row):
            yield column.name, _plain(column.name, getattr(row, column.key))
    if isinstance(row, Question):
        yield "text", questions.text_of(board, row)
    if isinstance(row, Conversation):
        yield "my_side", _side(person, row)
    if isinstance(row, Message):
        conversation = session.get_one(Conversation, row.conversation_id)
        yield "mine", bool(row.side == _side(person, conversation))


def _is_of_another(person: Person, column: str, row: Any) -> bool:
    return column == "pending_email" and getattr(row, column) not in (None, person.email)


def _side(person: Person, conversation: Conversation) -> str:
    is_poster = person.member_id is not None and conversation.poster_id == person.member_id
    return "poster" if is_poster else "answerer"


def _plain(name: str, value: object) -> Value:
    """As JSON and a reader can have it: times in ISO 8601, cells by their names in H3."""
    if isinstance(value, date):
        # A moment is a day too.
        return value.isoformat()
    if isinstance(value, tuple):
        return [str(each) for each in value]
    if isinstance(value, BaseGeometry):
        return str(value.wkt)
    if isinstance(value, int) and name.endswith("cell"):
        return Place(value).hex
    if isinstance(value, str | int | float | bool) or value is None:
        return value
    raise TypeError(f"the column {name} holds a {type(value).__name__}, which nobody can read")

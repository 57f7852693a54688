"""One's own data: all of it, and nothing of others."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
import sqlalchemy as sa

from board import (
    answering,
    asking,
    blocks,
    confirmations,
    conversations,
    export,
    links,
    messages,
    personal,
)
from board.answering import NewAnswer
from board.asking import NewQuestion
from board.context import Board
from board.conversations import Conversation, Side
from board.db import Base
from board.errors import Invalid, LinkRefused
from board.members import Member
from tests.factories import Factory
from tests.fakes import MailSink, work_off

POSTER, HELPER = "poster@example.org", "helper@example.org"


def member_of(board: Board, email: str) -> int:
    """Id of the member of an address."""
    with board.db.read() as session:
        return session.scalars(sa.select(Member.id).where(Member.email == email)).one()


def rows(data: export.OwnData, table: str) -> tuple[dict[str, export.Value], ...]:
    """What it holds of one table."""
    return next(part.rows for part in data.parts if part.name == table)


def test_it_has_every_table_and_what_was_written_to_me(board: Board, make: Factory) -> None:
    """The other side's words are there, and its address is not."""
    view = make.open(email=POSTER)
    seat = make.answered(view, email=HELPER, text="I live next door")
    messages.write(board, conversations.Seat(seat.conversation_id, Side.POSTER), "Come!", "key-one")
    data = export.of_member(board, member_of(board, POSTER))
    assert {part.name for part in data.parts} == {
        each.name for each in personal.TABLES if each.whose is not None
    }
    assert [row["title"] for row in rows(data, "listings")] == ["Courses pour une semaine"]
    said = [(row["text"], row["mine"]) for row in rows(data, "messages")]
    assert said == [("I live next door", False), ("Come!", True)]
    assert rows(data, "members")[0]["email"] == POSTER
    text = data.as_json()
    assert HELPER not in text
    assert json.loads(text)["data"]["conversations"][0]["my_side"] == "poster"
    others = export.of_member(board, member_of(board, HELPER)).as_json()
    assert POSTER not in others
    assert json.loads(others)["data"]["listings"] == []


def test_what_waits_for_somebody_else_is_not_mine(board: Board, make: Factory) -> None:
    """An answer that nobody has confirmed is its writer's alone."""
    view = make.open(email=POSTER)
    answering.answer(board, view.public_id, NewAnswer(email=HELPER, text="Not confirmed"))
    assert "Not confirmed" not in export.of_member(board, member_of(board, POSTER)).as_json()


@pytest.mark.parametrize("is_confirmed", [False, True])
def test_my_question_is_there_in_words(
    board: Board, make: Factory, smtp: MailSink, is_confirmed: bool
) -> None:
    """Though the database holds it sealed; to the organisation's people it is none of theirs."""
    office = make.organisation()
    make.open(email=POSTER)
    question = NewQuestion(email=POSTER, text="May I come on Monday?")
    asking.ask(board, make.information(office).public_id, question)
    if is_confirmed:
        work_off(board)
        confirmations.act(board, smtp.token(POSTER))
    (mine,) = rows(export.of_member(board, member_of(board, POSTER)), "questions")
    assert mine["text"] == "May I come on Monday?"
    assert rows(export.of_member(board, office.member_id), "questions") == ()


def test_who_blocked_me_is_not_told(board: Board, make: Factory) -> None:
    """Neither by the row nor by what it kept back."""
    seat = make.answered(make.open(email=POSTER), email=HELPER)
    with board.db.write() as session:
        conversation = session.get_one(Conversation, seat.conversation_id)
        blocks.block(session, conversation.poster_id, conversation.answerer_id or 0)
    messages.write(board, seat, "Are you there?", "key-two")
    helper = export.of_member(board, member_of(board, HELPER))
    assert rows(helper, "blocks") == ()
    assert "withheld" not in helper.as_json()
    assert "Are you there?" in helper.as_json()
    poster = export.of_member(board, member_of(board, POSTER))
    assert len(rows(poster, "blocks")) == 1
    assert "Are you there?" not in poster.as_json()


@pytest.mark.parametrize("email", [POSTER, "nobody@example.org"])
def test_a_guest_gets_a_link_that_works_once(
    board: Board, make: Factory, smtp: MailSink, email: str
) -> None:
    """Known or not: the same mail. Looking uses nothing up; the address is not kept in clear."""
    make.open(email=POSTER)
    export.ask(board, email, "en")
    work_off(board)
    token = smtp.token(email, "by-link")
    for _ in range(3):
        export.look(board, token)
    opened = export.open_(board, token)
    assert opened.data.email == email
    assert bool(rows(opened.data, "listings")) == (email == POSTER)
    with pytest.raises(LinkRefused, match="used"):
        export.open_(board, token)
    assert export.download(board, opened.download_token).email == email
    with pytest.raises(LinkRefused, match="used"):
        export.download(board, opened.download_token)


def test_nobody_s_mailbox_is_flooded(board: Board, smtp: MailSink) -> None:
    """Three unused links a day; the answer does not say so."""
    for _ in range(export.UNUSED_PER_ADDRESS + 2):
        export.ask(board, "target@example.org", "en")
    work_off(board)
    assert len(smtp.to("target@example.org")) == export.UNUSED_PER_ADDRESS
    with pytest.raises(Invalid, match="email"):
        export.ask(board, "a@example.org, b@example.org", "en")


def test_another_link_opens_no_data(board: Board, make: Factory, smtp: MailSink) -> None:
    """That of a listing is not that of its poster's data."""
    make.pending(email=POSTER)
    work_off(board)
    with pytest.raises(LinkRefused, match="unknown"):
        export.open_(board, smtp.token(POSTER))


def test_every_value_can_be_written_down(board: Board, make: Factory) -> None:
    """Whatever column a table has, it is text, a number or a list in the file."""
    make.alert(email=POSTER)
    data = export.of_member(board, member_of(board, POSTER))
    assert json.loads(data.as_json())["data"]["alerts"][0]["place_name"] == "Douala"
    assert set(json.loads(data.as_json())["data"]) <= set(Base.metadata.tables)


def test_a_link_that_is_over_is_mailed_to_nobody(board: Board, smtp: MailSink) -> None:
    """The mail server was away for longer than the link works."""
    export.ask(board, POSTER, "en")
    board.db.clock_offset = links.LIFETIMES[links.OWN_DATA] + timedelta(seconds=1)
    work_off(board)
    assert smtp.to(POSTER) == []

"""Private questions: asked, shared among colleagues, answered, made useful to others."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from board import asking, confirmations, forgetting, information, partners, questions
from board.asking import NewQuestion
from board.audit import AuditEntry
from board.context import Board
from board.errors import (
    Invalid,
    ListingNotFound,
    NotAllowed,
    OrganisationNotFound,
    QuestionNotFound,
)
from board.listings import ListingView
from board.questions import PublicAnswer, Question, Reply, Status
from tests.factories import Factory, Office
from tests.fakes import MailSink, work_off

ASKER = "asker@example.org"
TEXT = "Mon passeport a expiré hier.\nPuis-je voyager ?"


def asked(board: Board, smtp: MailSink, view: ListingView, text: str = TEXT) -> str:
    """Public id of a question that was confirmed."""
    asking.ask(board, view.public_id, NewQuestion(email=ASKER, text=text))
    work_off(board)
    confirmations.act(board, smtp.token(ASKER))
    with board.db.read() as session:
        return (
            session.scalars(sa.select(Question.public_id).order_by(Question.id.desc())).first()
            or ""
        )


@pytest.fixture
def office(make: Factory) -> Office:
    """A consulate."""
    return make.organisation()


def test_a_question_reaches_the_inbox_once_confirmed(
    board: Board, make: Factory, smtp: MailSink, office: Office
) -> None:
    """Colleagues are told that one waits, without its words and without the asker."""
    view = make.information(office)
    asking.ask(board, view.public_id, NewQuestion(email=ASKER, text=TEXT))
    assert questions.inbox(board, office.member_id, office.id) == ()
    work_off(board)
    assert smtp.to(office.email) == []
    confirmations.act(board, smtp.token(ASKER))
    work_off(board)
    (mail,) = smtp.to(office.email)
    assert "passeport a expiré" not in mail.as_string()
    assert ASKER not in mail.as_string()
    (question,) = questions.inbox(board, office.member_id, office.id)
    assert (question.text, question.status) == (TEXT, Status.OPEN)
    assert ASKER not in repr(question)


def test_the_answer_is_mailed_and_shows_no_address(
    board: Board, make: Factory, smtp: MailSink, office: Office
) -> None:
    """The asker gets both texts; neither address is in the other's mail; it is audited."""
    public_id = asked(board, smtp, make.information(office))
    reply = Reply(text="Oui, avec un laissez-passer.")
    questions.answer(board, office.member_id, office.id, public_id, reply)
    work_off(board)
    mail = smtp.to(ASKER)[-1]
    assert "laissez-passer" in mail.get_content() and "a expiré hier" in mail.get_content()
    assert office.email not in mail.as_string()
    assert mail["Reply-To"] is None
    (question,) = questions.inbox(board, office.member_id, office.id)
    assert (question.status, question.assigned_to) == (Status.ANSWERED, office.email)
    with pytest.raises(Invalid, match="text"):
        questions.answer(board, office.member_id, office.id, public_id, reply)
    with board.db.read() as session:
        entry = session.scalars(sa.select(AuditEntry).order_by(AuditEntry.id.desc())).first()
    assert entry is not None
    assert (entry.action, entry.member_id) == ("question-answered", office.member_id)


def test_an_answer_that_helps_others_is_published_without_the_asker(
    board: Board, make: Factory, smtp: MailSink, office: Office
) -> None:
    """In the words of the organisation; what the asker wrote stays private."""
    view = make.information(office)
    public_id = asked(board, smtp, view)
    assert questions.public_answers(board, view.id) == ()
    reply = Reply(text="Oui.", published_question="Peut-on voyager avec un passeport expiré ?")
    questions.answer(board, office.member_id, office.id, public_id, reply)
    (published,) = questions.public_answers(board, view.id)
    assert published.question == "Peut-on voyager avec un passeport expiré ?"
    with board.db.read() as session:
        row = session.scalars(sa.select(PublicAnswer)).one()
    assert "hier" not in repr(vars(row)) and not hasattr(row, "asker_id")


def test_a_question_is_assigned_to_a_colleague(
    board: Board, make: Factory, smtp: MailSink, office: Office
) -> None:
    """To one of the organisation, or to nobody again."""
    public_id = asked(board, smtp, make.information(office))
    partners.add_colleague(board, office.member_id, office.id, "colleague@example.org")
    colleagues = partners.colleagues(board, office.member_id, office.id)
    (to,) = [each.public_id for each in colleagues if each.email != office.email]
    questions.assign(board, office.member_id, office.id, public_id, to)
    found = questions.get(board, office.member_id, office.id, public_id)
    assert found.assigned_to == "colleague@example.org"
    with pytest.raises(Invalid, match="assigned_to"):
        questions.assign(board, office.member_id, office.id, public_id, "somebody-else")
    questions.assign(board, office.member_id, office.id, public_id, None)
    assert questions.get(board, office.member_id, office.id, public_id).assigned_to == ""


def test_another_organisation_sees_nothing(
    board: Board, make: Factory, smtp: MailSink, office: Office
) -> None:
    """Neither through its own inbox nor through that of the organisation."""
    public_id = asked(board, smtp, make.information(office))
    other = make.organisation("Mairie")
    reply = Reply(text="Oui.")
    assert questions.inbox(board, other.member_id, other.id) == ()
    deeds: list[tuple[type[Exception], Any]] = [
        (OrganisationNotFound, lambda: questions.inbox(board, other.member_id, office.id)),
        (OrganisationNotFound, lambda: questions.get(board, other.member_id, office.id, public_id)),
        (QuestionNotFound, lambda: questions.get(board, other.member_id, other.id, public_id)),
        (
            QuestionNotFound,
            lambda: questions.answer(board, other.member_id, other.id, public_id, reply),
        ),
        (
            QuestionNotFound,
            lambda: questions.assign(board, other.member_id, other.id, public_id, None),
        ),
    ]
    for error, deed in deeds:
        with pytest.raises(error):
            deed()
    assert questions.get(board, office.member_id, office.id, public_id).status == Status.OPEN


def test_nobody_is_asked_about_what_no_organisation_answers_for(
    board: Board, make: Factory, smtp: MailSink, office: Office
) -> None:
    """A request, an unknown item, one that was taken down; a revoked organisation."""
    view, request = make.information(office), make.open()
    new = NewQuestion(email=ASKER, text=TEXT)
    with pytest.raises(NotAllowed):
        asking.ask(board, request.public_id, new)
    with pytest.raises(ListingNotFound):
        asking.ask(board, "unknown-id-0", new)
    asking.ask(board, view.public_id, new)
    work_off(board)
    information.withdraw(board, office.member_id, office.id, view.public_id)
    with pytest.raises(NotAllowed):
        asking.ask(board, view.public_id, new)
    with board.db.write() as session:
        session.execute(sa.text("UPDATE organisations SET status = 'revoked'"))
    with pytest.raises(Invalid, match="organisation"):
        confirmations.act(board, smtp.token(ASKER))


@pytest.mark.parametrize(
    ("new", "field"),
    [
        (NewQuestion(email="nobody", text="Bonjour"), "email"),
        (NewQuestion(email=ASKER, text=" "), "text"),
        (NewQuestion(email=ASKER, text="x" * 2001), "text"),
        (NewQuestion(email=ASKER, text="Bonjour", locale="xx"), "locale"),
    ],
)
def test_a_bad_question_is_refused(
    board: Board, make: Factory, office: Office, new: NewQuestion, field: str
) -> None:
    """The field is named, and nothing is stored."""
    view = make.information(office)
    with pytest.raises(Invalid, match=field):
        asking.ask(board, view.public_id, new)
    with board.db.read() as session:
        assert session.scalars(sa.select(Question)).all() == []


def test_questions_are_not_kept_for_ever(
    board: Board, make: Factory, smtp: MailSink, office: Office
) -> None:
    """Unconfirmed for three days, answered for ninety; what is unanswered waits."""
    view = make.information(office)
    answered, waiting = asked(board, smtp, view), asked(board, smtp, view, "Et demain ?")
    questions.answer(board, office.member_id, office.id, answered, Reply(text="Oui."))
    asking.ask(board, view.public_id, NewQuestion(email="other@example.org", text="?!a"))
    board.db.clock_offset = timedelta(days=4)
    forgetting.forget_unconfirmed(board)
    inbox = questions.inbox(board, office.member_id, office.id)
    assert [each.public_id for each in inbox] == [waiting, answered]
    board.db.clock_offset = timedelta(days=91)
    forgetting.forget_unconfirmed(board)
    inbox = questions.inbox(board, office.member_id, office.id)
    assert [each.public_id for each in inbox] == [waiting]

"""Consent: what needs an explicit one, and what taking it back does."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa

from board import (
    answering,
    asking,
    confirmations,
    consent,
    editing,
    links,
    listings,
    posting,
    relays,
    rewording,
    sign_in,
)
from board.alerts import Alert
from board.answering import NewAnswer
from board.asking import NewQuestion
from board.consent import Consent, ConsentKind
from board.context import Board
from board.conversations import Conversation
from board.db import now
from board.editing import Changes
from board.errors import ConsentNotFound, Invalid
from board.i18n import LOCALES
from board.listings import Listing
from board.members import Member
from board.questions import Question
from board.rewording import Words
from tests.factories import Factory
from tests.fakes import MailSink, work_off

POSTER, HELPER = "poster@example.org", "helper@example.org"


@pytest.mark.parametrize(
    ("text", "tells"),
    [
        ("Il me faut de l'insuline", True),
        ("J'attends un MÉDECIN demain", True),
        ("My mother is ill", True),
        ("I still need a hand", False),
        ("Necesito ir al hospital", True),
        ("Preciso de remédios", True),
        ("أحتاج إلى طبيب", True),
        ("Courses pour une semaine, merci", False),
        ("I can carry boxes up the stairs", False),
        ("Puedo llevar cajas y muebles", False),
        ("Posso ajudar na mudança", False),
        ("أستطيع المساعدة في نقل الأثاث", False),
        ("Je peux garder votre chat", False),
    ],
)
def test_words_of_health_are_known_in_every_language(text: str, tells: bool) -> None:
    """Whole words and beginnings of words, whatever their accents and capitals."""
    assert consent.tells_of_health(text) is tells


@pytest.mark.parametrize("category", ["medicine", "health-guidance"])
def test_some_categories_tell_by_themselves(category: str) -> None:
    """Without a word of it in the text."""
    assert consent.tells_of_health("Courses", categories=(category,))
    assert not consent.tells_of_health("Courses", categories=("groceries",))


def kinds_with(board: Board, subject: str) -> set[str]:
    """The kinds of consent with rows of a table."""
    with board.db.read() as session:
        return set(session.scalars(sa.select(Consent.kind).where(Consent.subject == subject)))


Door = Callable[[Board, Factory, bool], Any]


def _post(board: Board, make: Factory, health: bool) -> None:
    posting.post(board, make.form(text="J'ai un cancer", health=health), "key-of-a-form")


def _relay(board: Board, make: Factory, health: bool) -> None:
    relay = make.member(roles=["relay"])
    form = make.form(text="Elle est malade")
    relays.post(board, relay, form, "telephone", "key-of-a-form", health=health)


def _edit(board: Board, make: Factory, health: bool) -> None:
    view = make.open()
    changes = Changes(title="Insulin", text="", urgency=3, ends_at=view.ends_at, health=health)
    with board.db.write() as session:
        editing.edit(session, board, listings.find(session, view.public_id), changes)


def _answer(board: Board, make: Factory, health: bool) -> None:
    new = NewAnswer(email=HELPER, text="I am a nurse", health=health)
    answering.answer(board, make.open().public_id, new)


def _answer_as_member(board: Board, make: Factory, health: bool) -> None:
    answering.answer_as_member(
        board, make.open().public_id, make.member(), "I am ill too", "en", health=health
    )


def _reword(board: Board, make: Factory, health: bool) -> None:
    view = make.open(email=POSTER)
    with board.db.write() as session:
        row = listings.find(session, view.public_id)
        row.status = listings.Status.HELD
        token = links.issue(session, links.REWORD_LISTING, row.id, "an address")
    rewording.reword(board, token, Words("Insulin", "", health=health))


def _ask(board: Board, make: Factory, health: bool) -> None:
    new = NewQuestion(email=HELPER, text="I am ill: may I travel?", health=health)
    asking.ask(board, make.information().public_id, new)


DOORS: dict[str, tuple[Door, str]] = {
    "post": (_post, Listing.__tablename__),
    "relay": (_relay, Listing.__tablename__),
    "edit": (_edit, Listing.__tablename__),
    "other words for a moderator": (_reword, Listing.__tablename__),
    "answer": (_answer, Conversation.__tablename__),
    "answer as a member": (_answer_as_member, Conversation.__tablename__),
    "question to an organisation": (_ask, Question.__tablename__),
}


@pytest.mark.parametrize("door", DOORS)
def test_no_door_takes_words_of_health_without_a_yes(
    board: Board, make: Factory, door: str
) -> None:
    """Nothing is written without it; with it, the yes is noted beside the words."""
    do, subject = DOORS[door]
    with pytest.raises(Invalid, match="health"):
        do(board, make, False)
    assert ConsentKind.HEALTH not in kinds_with(board, subject)
    do(board, make, True)
    assert kinds_with(board, subject) == {ConsentKind.TERMS, ConsentKind.HEALTH}


def test_official_information_is_about_nobody(board: Board, make: Factory) -> None:
    """A consulate may name the hospitals."""
    assert make.information(text="The hospital is open").state == "open"


def test_what_was_agreed_to_becomes_the_member_s(
    board: Board, make: Factory, smtp: MailSink
) -> None:
    """At the confirmation of a listing, an alert, an answer; and at a sign-in."""
    view = make.open(email=POSTER, text="Je suis malade")
    make.alert(email=POSTER)
    make.answered(view, email=HELPER, text="I am a doctor", health=True)
    browser = sign_in.ask(board, HELPER, "en")
    work_off(board)
    code = next(
        line.strip()
        for line in smtp.to(HELPER)[-1].get_content().splitlines()
        if len(line.strip()) == 9 and line.strip()[4:5] == "-"
    )
    sign_in.enter(board, browser, code)
    with board.db.read() as session:
        rows = session.execute(
            sa.select(Member.email, Consent.subject, Consent.kind, Consent.version).join(
                Consent, Consent.member_id == Member.id
            )
        ).all()
    version = consent.VERSION
    assert sorted(map(tuple, rows)) == [
        (HELPER, "", "terms", version),
        (HELPER, Conversation.__tablename__, "health", version),
        (HELPER, Conversation.__tablename__, "terms", version),
        (POSTER, Alert.__tablename__, "terms", version),
        (POSTER, Listing.__tablename__, "health", version),
        (POSTER, Listing.__tablename__, "terms", version),
    ]


def test_taking_it_back_closes_what_rests_on_it(board: Board, make: Factory) -> None:
    """Only what rests on it, only one's own, and the terms only by leaving."""
    view = make.open(email=POSTER, text="Je suis malade")
    other = make.open(email=POSTER)
    make.answered(other, email=HELPER, text="I am a doctor", health=True)
    with board.db.read() as session:
        people = {row.email: row.id for row in session.scalars(sa.select(Member))}
    given = {each.kind: each for each in consent.given(board, people[POSTER])}
    for consent_id, member in (
        (given[ConsentKind.HEALTH].id, people[HELPER]),
        (given[ConsentKind.TERMS].id, people[POSTER]),
        (0, people[POSTER]),
    ):
        with pytest.raises(ConsentNotFound):
            consent.withdraw(board, member, consent_id)
    for _ in range(2):
        consent.withdraw(board, people[POSTER], given[ConsentKind.HEALTH].id)
    assert listings.get(board, view.public_id).state == "closed"
    assert listings.get(board, other.public_id).state == "open"
    (health,) = [each for each in consent.given(board, people[HELPER]) if each.kind == "health"]
    assert health.title == other.title
    consent.withdraw(board, people[HELPER], health.id)
    with board.db.read() as session:
        assert session.scalars(sa.select(Conversation.status)).all() == ["closed"]
        withdrawn = session.scalars(sa.select(Consent.withdrawn_at)).all()
        assert sum(each is not None and each <= now(session) for each in withdrawn) == 2


def test_a_question_goes_with_its_yes(board: Board, make: Factory, smtp: MailSink) -> None:
    """Its asker sees what it was given for, and takes both back."""
    view = make.information()
    new = NewQuestion(email=HELPER, text="I am ill: may I travel?", health=True)
    asking.ask(board, view.public_id, new)
    work_off(board)
    confirmations.act(board, smtp.token(HELPER))
    with board.db.read() as session:
        asker = session.scalars(sa.select(Question.asker_id)).one()
    assert asker is not None
    health, terms = consent.given(board, asker)
    assert (health.kind, health.title, terms.title) == ("health", view.title, view.title)
    consent.withdraw(board, asker, health.id)
    with board.db.read() as session:
        assert session.scalar(sa.select(sa.func.count(Question.id))) == 0


def test_every_language_of_the_interface_has_its_words() -> None:
    """And no word is listed twice."""
    listed = json.loads(consent._WORDS.read_text(encoding="utf-8"))
    assert listed.keys() == set(LOCALES)
    for words in listed.values():
        assert len(words) == len(set(words)) > 40

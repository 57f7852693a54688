"""Forgetting: what goes, what stays, and in which steps."""

from __future__ import annotations

import mailbox
from datetime import timedelta
from email.message import EmailMessage

import pytest
import sqlalchemy as sa

from board import (
    alerts,
    asking,
    confirmations,
    consent,
    conversations,
    extensions,
    forgetting,
    inbox,
    links,
    listings,
    me,
    outcomes,
    relays,
    sessions,
)
from board.asking import NewQuestion
from board.consent import Consent
from board.context import Board
from board.conversations import Conversation, Seat, Side
from board.db import now
from board.information import OfficialInformation
from board.links import Link
from board.listings import Listing
from board.members import Member
from board.organisations import Organisation
from board.organisations import Status as OrganisationStatus
from board.outbox import OutboxRow
from board.outcomes import Action
from board.questions import Question
from tests.factories import Factory
from tests.fakes import MailSink, work_off

POSTER, HELPER = "poster@example.org", "helper@example.org"


def after(board: Board, days: float) -> None:
    """Forget as of so many days later."""
    board.db.clock_offset = timedelta(days=days)
    while forgetting.forget(board):
        pass


def count(board: Board, model: type, *wanted: sa.ColumnElement[bool]) -> int:
    """How many rows there are."""
    with board.db.read() as session:
        return session.scalar(sa.select(sa.func.count()).select_from(model).where(*wanted)) or 0


def close(board: Board, public_id: str) -> None:
    """As its poster does."""
    with board.db.write() as session:
        listings.close(session, listings.find(session, public_id), "poster")


@pytest.mark.parametrize(("days", "left"), [(29.9, 1), (30.1, 0)])
def test_a_closed_listing_is_deleted_after_its_time(
    board: Board, make: Factory, days: float, left: int
) -> None:
    """With its categories and consents; its poster stays."""
    close(board, make.open(text="Insulin", email=POSTER).public_id)
    after(board, days)
    assert count(board, Listing) == left
    assert count(board, listings.ListingCategory) == left
    assert count(board, Consent) == 2 * left
    assert count(board, Member) == 1


def test_an_open_one_and_an_imported_one_stay(board: Board, make: Factory) -> None:
    """Whatever their age: an end is what counts, and a source is nobody."""
    make.open()
    after(board, 13)
    assert count(board, Listing) == 1


def test_many_go_in_batches(board: Board, make: Factory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each run of the job deletes some, until none is left."""
    monkeypatch.setattr(forgetting, "BATCH", 2)
    for _ in range(5):
        close(board, make.open().public_id)
    board.db.clock_offset = timedelta(days=31)
    seen = [count(board, Listing)]
    while forgetting.forget(board):
        seen.append(count(board, Listing))
    assert seen[:4] == [5, 3, 1, 0]


def test_what_is_talked_about_is_emptied_and_can_still_be_read(board: Board, make: Factory) -> None:
    """The conversation and the own space show no word of the listing, and break nowhere."""
    view = make.open(email=POSTER, title="My title", place_name="My town")
    seat = make.answered(view, email=HELPER, text="I can come")
    close(board, view.public_id)
    after(board, 31)
    with board.db.read() as session:
        row = session.get_one(Listing, view.id)
        assert (row.title, row.text, row.folded, row.place_name, row.cell) == ("", "", "", "", None)
        people = {each.email: each.id for each in session.scalars(sa.select(Member))}
    shown = inbox.show(board, seat)
    assert (shown.listing.title, shown.messages[0].text) == ("", "I can come")
    assert inbox.of_member(board, people[HELPER])[0].title == ""
    assert me.space(board, people[POSTER]).listings == ()
    extensions.close_rested(board)
    after(board, 91)
    assert (count(board, Conversation), count(board, Listing)) == (0, 0)


def test_an_offer_has_its_place_again(board: Board, make: Factory) -> None:
    """A conversation that is forgotten takes none; a request that was met stays met."""
    for kind, taken in ((make.offer, 0), (make.open, 1)):
        view = kind(email=POSTER)
        seat = make.answered(view, email=HELPER)
        outcomes.decide(board, Seat(seat.conversation_id, Side.POSTER), Action.ACCEPT)
        with board.db.write() as session:
            row = session.get_one(Conversation, seat.conversation_id)
            row.status, row.active_at = "closed", row.active_at - timedelta(days=91)
        after(board, 0)
        assert count(board, Conversation) == 0
        with board.db.read() as session:
            assert session.get_one(Listing, view.id).places_taken == taken


def test_an_ended_alert_goes_and_an_active_one_stays(board: Board, make: Factory) -> None:
    """At the next run; its mails' links open nothing and break nothing."""
    kept, ended = make.alert(email=HELPER), make.alert(email=POSTER)
    alerts.unsubscribe(board, alerts.unsubscribe_token(board, ended))
    after(board, 400)
    with board.db.read() as session:
        assert session.scalars(sa.select(alerts.Alert.id)).all() == [kept]
    alerts.unsubscribe(board, alerts.unsubscribe_token(board, ended))
    with board.index.asking(board.db) as copies:
        assert len(copies.alerts) == 1


def test_mails_of_a_listing_that_is_there_keep_their_rows(
    board: Board, make: Factory, smtp: MailSink
) -> None:
    """So that nobody is told twice; without it they go after a month."""
    view = make.open(email=POSTER)
    work_off(board)
    before = count(board, OutboxRow)
    assert before >= 2
    board.db.clock_offset = timedelta(days=40)
    forgetting._forget_mails(board)
    assert count(board, OutboxRow) == before
    with board.db.write() as session:
        session.delete(session.get_one(Listing, view.id))
    forgetting._forget_mails(board)
    assert count(board, OutboxRow) == 0


def test_links_of_what_is_gone_go(board: Board, make: Factory, smtp: MailSink) -> None:
    """Those of what is there stay, whatever their age."""
    view = make.open(email=POSTER)
    work_off(board)
    after(board, 5)
    kept = count(board, Link, Link.purpose != "confirm-listing")
    assert kept == 3
    with board.db.write() as session:
        session.delete(session.get_one(Listing, view.id))
    after(board, 5)
    assert count(board, Link) == 0


def test_people_stay_while_something_is_left_or_they_come(board: Board, make: Factory) -> None:
    """A year after the last sign-in; a role, an alert or a session keeps them."""
    make.member(roles=["relay"])
    make.alert(email=HELPER)
    idle = make.member(email=POSTER)
    after(board, 300)
    with board.db.write() as session:
        token = sessions.open_(session, idle)
    assert sessions.of(board, token) is not None
    after(board, 320)
    sessions.forget_dead(board)
    after(board, 400)
    assert count(board, Member) == 3
    after(board, 300 + 366)
    assert count(board, Member, Member.email == POSTER) == 0
    assert count(board, Member) == 2


def test_whom_a_relay_spoke_for_goes_with_the_listing(board: Board, make: Factory) -> None:
    """They cannot come back by themselves."""
    relay = make.member(roles=["relay"])
    dictated = relays.post(board, relay, make.form(), "telephone", "key-of-a-form")
    after(board, 1)
    assert count(board, Member) == 2
    close(board, dictated.public_id)
    after(board, 32)
    assert count(board, Member) == 1


def test_mails_of_the_local_catcher_go(board: Board) -> None:
    """After two weeks."""
    caught = mailbox.Maildir(board.settings.mail_dir)
    message = EmailMessage()
    message["To"] = POSTER
    caught.add(message)
    for days, left in ((13, 1), (15, 0)):
        after(board, days)
        assert len(caught) == left


def test_the_last_sign_in_is_noted(board: Board, make: Factory) -> None:
    """By every way in."""
    member = make.member()
    with board.db.write() as session:
        assert session.get_one(Member, member).seen_at is None
        sessions.open_(session, member)
    with board.db.read() as session:
        assert session.get_one(Member, member).seen_at is not None


def test_a_withdrawn_consent_goes_with_its_listing(board: Board, make: Factory) -> None:
    """Until then it says that it was withdrawn."""
    make.open(email=POSTER, text="Insulin")
    with board.db.read() as session:
        member = session.scalars(sa.select(Member.id)).one()
    consent.withdraw(board, member, consent.given(board, member)[0].id)
    assert conversations.REST < forgetting.CONVERSATIONS
    after(board, 29)
    assert count(board, Consent, Consent.withdrawn_at.is_not(None)) == 1
    after(board, 31)
    assert count(board, Consent) == 0


@pytest.mark.parametrize(("days", "left"), [(364, 1), (366, 0)])
def test_a_refused_application_goes_after_a_year_and_an_office_stays(
    board: Board, make: Factory, days: float, left: int
) -> None:
    """With what its applicant wrote, and then with the applicant."""
    office = make.organisation()
    with board.db.read() as session:
        moment = now(session)
    refused = make.organisation(status=OrganisationStatus.REFUSED, decided_at=moment)
    after(board, days)
    assert count(board, Organisation, Organisation.public_id == refused.id) == left
    assert count(board, Member, Member.id == refused.member_id) == left
    assert count(board, Organisation, Organisation.public_id == office.id) == 1
    assert count(board, Member, Member.id == office.member_id) == 1


def test_information_that_ended_goes_with_its_questions(
    board: Board, make: Factory, smtp: MailSink
) -> None:
    """After the same time as every listing; until then the asker is known."""
    view = make.information()
    asking.ask(board, view.public_id, NewQuestion(email=HELPER, text="May I travel?"))
    work_off(board)
    confirmations.act(board, smtp.token(HELPER))
    after(board, 400)
    assert count(board, Question) == count(board, Member, Member.email == HELPER) == 1
    board.db.clock_offset = timedelta()
    close(board, view.public_id)
    after(board, 29.9)
    assert (count(board, OfficialInformation), count(board, Question)) == (1, 1)
    after(board, 30.1)
    assert (count(board, OfficialInformation), count(board, Question)) == (0, 0)
    after(board, 366)
    assert count(board, Member, Member.email == HELPER) == 0
    assert count(board, Link, Link.purpose == links.CONFIRM_QUESTION) == 0

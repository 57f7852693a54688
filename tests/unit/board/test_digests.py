"""Digests: one mail a member and day, at eight in their own time, of what is still open."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from typing import Any

import pytest
import sqlalchemy as sa

from board import blocks, digests, listings, own_alerts, preferences, tellings, unsubscribing
from board.alerts import Terms
from board.context import Board
from board.db import now
from board.i18n import LOCALES, direction
from board.listings import ListingView
from board.outbox import OutboxRow
from board.preferences import NewPreferences
from board.tellings import Telling
from matcher.taxonomy import Kind
from tests.factories import AKWA, BONAPRISO, MARSEILLE, Factory
from tests.fakes import MailSink, counting, html_of, text_of, work_off

READER = "reader@example.org"
#: A Thursday, at noon in Paris and in UTC+2.
NOON = datetime(2030, 7, 4, 10, 0, tzinfo=UTC)
MORNING = datetime(2030, 7, 5, 6, 1, tzinfo=UTC)
MONDAY = datetime(2030, 7, 8, 6, 1, tzinfo=UTC)


def set_clock(board: Board, moment: datetime) -> None:
    """Let the board's clock show this moment."""
    board.db.clock_offset = timedelta()
    with board.db.read() as session:
        board.db.clock_offset = moment - now(session)


@pytest.fixture
def reader(board: Board, make: Factory) -> int:
    """A member in Paris with a daily alert around Akwa, on a Thursday at noon."""
    set_clock(board, NOON)
    member_id = make.member(READER, time_zone="Europe/Paris")
    add(board, member_id)
    return member_id


def add(board: Board, member_id: int, **given: Any) -> None:
    """One more alert of a member."""
    values = {"cell": AKWA.cell, "place_name": "Douala", "radius_km": 10.0, "rhythm": "daily"}
    own_alerts.add(board, member_id, Terms(**{**values, **given}))


def at(board: Board, moment: datetime) -> None:
    """Send what is due now; then let the clock ask at this moment, and send what that causes."""
    work_off(board)
    set_clock(board, moment)
    while digests.write(board):
        pass
    work_off(board)


def mails(smtp: MailSink) -> list[EmailMessage]:
    """What the reader got, the first first."""
    return smtp.to(READER)


def close(board: Board, view: ListingView) -> None:
    """Take a listing down."""
    with board.db.write() as session:
        listings.close(session, listings.find(session, view.public_id), "poster")


def test_one_mail_a_day_by_place_and_category(
    board: Board, make: Factory, smtp: MailSink, reader: int
) -> None:
    """Everything of the day in one, each with why it is there, at eight; and never again."""
    make.open(title="Bread", place_name="Akwa")
    make.open(title="Pills", place_name="Akwa", categories=("medicine",))
    make.open(title="Milk", place_name="Bonapriso", cell=BONAPRISO.cell)
    make.open(title="More bread", place_name="Akwa", urgency=1)
    at(board, MORNING - timedelta(minutes=2))
    assert mails(smtp) == []
    at(board, MORNING)
    (mail,) = mails(smtp)
    lines = [line.strip() for line in text_of(mail).splitlines()]
    heads = [line for line in lines if line.startswith(("== ", "-- "))]
    assert heads[:5] == [
        "== Bonapriso ==",
        "-- Groceries",
        "== Akwa ==",
        "-- Medicine and pharmacy",
        "-- Groceries",
    ]
    for title in ("Bread", "Pills", "Milk", "More bread"):
        assert lines.count(title) == 1
    assert any("your alert around Douala" in line and "Groceries" in line for line in lines)
    at(board, MORNING + timedelta(days=1))
    at(board, MORNING + timedelta(days=30))
    assert len(mails(smtp)) == 1


def test_a_long_digest_asks_the_database_no_more_than_a_short_one(
    board: Board, make: Factory, reader: int, smtp: MailSink
) -> None:
    """What its listings have in common is read once, whether an alert or a listing waits."""
    make.open(email=READER, ends_at=NOON + timedelta(days=60))
    asked = []
    for day, count in enumerate((2, 20)):
        set_clock(board, NOON + timedelta(days=day))
        for _ in range(count):
            make.open(notify=False)
            make.offer(notify=False)
        work_off(board)
        set_clock(board, MORNING + timedelta(days=day))
        digests.write(board)
        with counting(board) as statements:
            work_off(board)
        asked.append(len(statements))
    assert len(mails(smtp)) > 2
    short, long = asked
    # Beyond the weekly limit the own listing is a reason too: it and its categories are read.
    assert long <= short + 2


def test_every_reader_has_eight_o_clock_at_home(
    board: Board, make: Factory, smtp: MailSink, reader: int
) -> None:
    """Kathmandu is three hours and three quarters ahead of Paris in summer."""
    east = make.member("east@example.org", time_zone="Asia/Kathmandu")
    add(board, east)
    make.open()
    at(board, datetime(2030, 7, 5, 2, 16, tzinfo=UTC))
    assert (len(smtp.to("east@example.org")), len(mails(smtp))) == (1, 0)
    at(board, MORNING)
    assert (len(smtp.to("east@example.org")), len(mails(smtp))) == (1, 1)


def test_a_weekly_digest_comes_on_monday(
    board: Board, make: Factory, smtp: MailSink, reader: int
) -> None:
    """With what the daily one of that day has, in one mail."""
    add(board, reader, cell=MARSEILLE.cell, place_name="Marseille", rhythm="weekly")
    make.open(title="Weekly", cell=MARSEILLE.cell, place_name="Marseille", country="FR")
    at(board, MORNING)
    assert mails(smtp) == []
    make.open(title="Daily")
    at(board, MORNING + timedelta(days=1))
    assert len(mails(smtp)) == 1
    set_clock(board, MONDAY - timedelta(hours=2))
    make.open(title="Of Monday")
    at(board, MONDAY)
    assert len(mails(smtp)) == 2
    assert "Weekly" in text_of(mails(smtp)[1]) and "Of Monday" in text_of(mails(smtp)[1])


def test_nothing_to_say_is_no_mail(
    board: Board, make: Factory, smtp: MailSink, reader: int
) -> None:
    """What was taken down, what is one's own, what ended, what is of somebody blocked."""
    at(board, MORNING)
    close(board, make.open(title="Taken down"))
    make.open(title="My own", email=READER)
    make.open(title="Over", ends_at=MORNING + timedelta(hours=1))
    blocked = make.open(title="Of somebody blocked", email="blocked@example.org")
    with board.db.write() as session:
        poster = listings.find(session, blocked.public_id).member_id
        assert poster is not None
        blocks.block(session, reader, poster)
    before = len(mails(smtp))
    at(board, MORNING + timedelta(days=1))
    own = [mail for mail in mails(smtp)[before:] if mail["List-Unsubscribe"]]
    assert own == []


def test_what_ends_between_writing_and_sending_is_left_out(
    board: Board, make: Factory, smtp: MailSink, reader: int
) -> None:
    """The mail is composed as things stand when it goes out."""
    kept, gone = make.open(title="Kept"), make.open(title="Gone")
    work_off(board)
    set_clock(board, MORNING)
    assert digests.write(board) == 1
    close(board, gone)
    work_off(board)
    (mail,) = mails(smtp)
    assert kept.title in text_of(mail) and gone.title not in text_of(mail)


def test_one_digest_a_day_however_often_the_clock_asks(
    board: Board, make: Factory, smtp: MailSink, reader: int
) -> None:
    """What comes after it waits for the next, also when the time zone changes in between."""
    make.open(title="First")
    at(board, MORNING)
    make.open(title="Second")
    preferences.save(board, reader, NewPreferences(time_zone="America/New_York"))
    with board.db.write() as session:
        session.execute(sa.update(Telling).where(Telling.told_at.is_(None)).values(due_at=MORNING))
    at(board, MORNING + timedelta(hours=6, minutes=5))
    assert len(mails(smtp)) == 1
    at(board, MORNING + timedelta(days=1, hours=6, minutes=5))
    assert len(mails(smtp)) == 2
    assert "Second" in text_of(mails(smtp)[1]) and "First" not in text_of(mails(smtp)[1])
    with board.db.read() as session:
        rows = session.scalars(sa.select(OutboxRow.once).where(OutboxRow.purpose == "digest"))
        assert len(rows.all()) == 2


def test_what_had_a_mail_of_its_own_is_not_in_the_digest(
    board: Board, make: Factory, smtp: MailSink, reader: int
) -> None:
    """Also where the mail came after the listing began to wait."""
    view = make.open(title="Bread")
    work_off(board)
    with board.db.write() as session:
        tellings.queue(session, [tellings.NewTelling(reader, view.id, None, MORNING)])
        session.add(
            OutboxRow(
                purpose="match",
                channel="email",
                once=f"match:{view.id}:{reader}:email",
                listing_id=view.id,
                member_id=reader,
                locale="en",
                status="sent",
                due_at=NOON,
                created_at=NOON,
            )
        )
    at(board, MORNING)
    assert mails(smtp) == []


def test_what_was_declined_is_left_out(
    board: Board, make: Factory, smtp: MailSink, reader: int
) -> None:
    """By the token that a mail has for it."""
    first, second = make.open(title="First"), make.open(title="Second")
    work_off(board)
    tellings.not_this(board, tellings.not_this_token(board, reader, first.id))
    at(board, MORNING)
    (mail,) = mails(smtp)
    assert second.title in text_of(mail) and first.title not in text_of(mail)


def test_a_pause_moves_the_digest_behind_it(
    board: Board, make: Factory, smtp: MailSink, reader: int
) -> None:
    """Nothing is lost that is still open."""
    make.open(title="Bread")
    work_off(board)
    day = (NOON + timedelta(days=4)).date()
    preferences.save(board, reader, NewPreferences(time_zone="Europe/Paris", paused_until=day))
    for days in range(3):
        at(board, MORNING + timedelta(days=days))
    assert mails(smtp) == []
    at(board, datetime(2030, 7, 8, 6, 1, tzinfo=UTC))
    assert ["Bread" in text_of(mail) for mail in mails(smtp)] == [True]


@pytest.mark.parametrize(("urgency", "at_once"), [(3, 1), (2, 1), (1, 0)])
@pytest.mark.parametrize("new", [Kind.OFFER, Kind.REQUEST])
def test_both_sides_hear_of_a_new_counterpart(
    board: Board, make: Factory, smtp: MailSink, urgency: int, at_once: int, new: Kind
) -> None:
    """At once where the side that asks is in a hurry; otherwise with the digest."""
    set_clock(board, NOON)
    make.member(READER, time_zone="Europe/Paris")
    if new is Kind.OFFER:
        make.open(email=READER, title="I wait", urgency=urgency)
        make.offer(title="Came later")
    else:
        make.offer(email=READER, title="I wait")
        make.open(title="Came later", urgency=urgency)
    before = len(mails(smtp))
    work_off(board)
    news = [mail for mail in mails(smtp)[before:] if "Came later" in str(mail["Subject"])]
    assert len(news) == at_once
    at(board, MORNING)
    news = [mail for mail in mails(smtp) if "Came later" in str(mail["Subject"])]
    assert len(news) == 1
    assert "your own listing “I wait”" in " ".join(text_of(news[0]).split())


@pytest.mark.parametrize("what", ["posters", "mails"])
def test_the_way_out_of_a_digest_and_of_news_of_counterparts(
    board: Board, make: Factory, smtp: MailSink, what: str
) -> None:
    """RFC 8058 in both; afterwards nothing of the kind comes."""
    set_clock(board, NOON)
    member_id = make.member(READER, time_zone="Europe/Paris")
    if what == "posters":
        make.open(email=READER, title="I wait", urgency=3)
        make.offer()
    else:
        add(board, member_id)
        make.open()
    at(board, MORNING)
    mail = next(mail for mail in mails(smtp) if mail["List-Unsubscribe"])
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    token = smtp.token(READER, "unsubscribe")
    assert unsubscribing.look(board, token) == what
    for _ in range(2):
        assert unsubscribing.end(board, token) == what
    before = len(mails(smtp))
    make.offer()
    make.open()
    at(board, MORNING + timedelta(days=1))
    assert len(mails(smtp)) == before


@pytest.mark.parametrize("locale", LOCALES)
def test_a_digest_is_readable_as_text_and_as_html(
    board: Board, make: Factory, smtp: MailSink, locale: str
) -> None:
    """In the reader's language and direction; what people wrote is only text in both."""
    set_clock(board, NOON)
    add(board, make.member(READER, time_zone="Europe/Paris", locale=locale))
    make.open(title="<b>Bread & butter</b>")
    at(board, MORNING)
    (mail,) = mails(smtp)
    assert mail["Content-Language"] == locale
    assert mail.get_content_type() == "multipart/alternative"
    assert "<b>Bread & butter</b>" in text_of(mail)
    page = html_of(mail)
    assert f'<html lang="{locale}" dir="{direction(locale)}">' in page
    assert "&lt;b&gt;Bread &amp; butter&lt;/b&gt;" in page and "<b>Bread" not in page
    for path in ("not-this", "not-now", "preferences/by-link", "unsubscribe"):
        token = smtp.token(READER, path)
        assert f"http://board.test/{path}/{token}" in page
    assert "<script" not in page and "<img" not in page

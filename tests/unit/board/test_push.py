"""Push messages: to every browser once, readable there alone, in time, and never too many."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import http_ece
import pytest
import sqlalchemy as sa

from board import (
    delivery,
    digests,
    dispatching,
    outbox,
    own_alerts,
    preferences,
    push_delivery,
    push_keys,
    push_subscriptions,
    suspensions,
)
from board.alerts import Terms
from board.context import Board
from board.db import now
from board.delivery_status import Reason
from board.i18n import LOCALES, direction
from board.outbox import OutboxRow
from board.preferences import NewPreferences
from board.push_subscriptions import PushSubscription
from tests.factories import AKWA, Factory
from tests.fakes import MailSink, work_off
from tests.processes import wait_for
from tests.push_service import (
    Answer,
    PushService,
    SubscribedBrowser,
    broken,
    hanging,
    status,
)

KEY = push_keys.new_key()
READER = "reader@example.org"
#: A Thursday, at noon in Paris.
NOON = datetime(2030, 7, 4, 10, 0, tzinfo=UTC)
MORNING = datetime(2030, 7, 5, 6, 1, tzinfo=UTC)


@pytest.fixture
def service() -> Iterator[PushService]:
    """A push service on loopback."""
    with PushService.running() as running:
        yield running


@pytest.fixture
def environment(environment: dict[str, str], service: PushService) -> dict[str, str]:
    """A board that has a key, and knows this service."""
    return {**environment, "VAPID_PRIVATE_KEY": KEY, "PUSH_TEST_SERVICES": service.origin}


@pytest.fixture
def reader(board: Board, make: Factory) -> int:
    """A member in Paris with an alert around Akwa, on a Thursday at noon."""
    set_clock(board, NOON)
    member_id = make.member(READER, time_zone="Europe/Paris", locale="fr")
    terms = Terms(cell=AKWA.cell, place_name="Douala", radius_km=10.0)
    own_alerts.add(board, member_id, terms)
    return member_id


@pytest.fixture
def browser(board: Board, reader: int, service: PushService) -> SubscribedBrowser:
    """The reader's browser."""
    return subscribed(board, reader, service)


def subscribed(
    board: Board, member_id: int, service: PushService, name: str = "one"
) -> SubscribedBrowser:
    """One more browser of a member."""
    made = service.browser(name)
    push_subscriptions.add(board, member_id, made.subscription, "Firefox")
    return made


def set_clock(board: Board, moment: datetime) -> None:
    """Let the board's clock show this moment."""
    board.db.clock_offset = timedelta()
    with board.db.read() as session:
        board.db.clock_offset = moment - now(session)


def choose(board: Board, member_id: int, **given: Any) -> None:
    """How the member wants to be told."""
    chosen = NewPreferences(**{"time_zone": "Europe/Paris", **given})
    preferences.save(board, member_id, chosen)


def ends(board: Board, channel: str = outbox.PUSH) -> list[tuple[str, str]]:
    """Status and error of the rows of a channel, by id."""
    wanted = sa.select(OutboxRow.status, OutboxRow.error).where(
        OutboxRow.channel == channel, OutboxRow.member_id.is_not(None)
    )
    with board.db.read() as session:
        rows = session.execute(
            wanted.where(OutboxRow.purpose.in_((outbox.MATCH, outbox.DIGEST))).order_by(
                OutboxRow.id
            )
        )
        return [(row.status, row.error) for row in rows]


def fan_out(board: Board) -> None:
    """Work on the events that are due, and send nothing yet."""
    with board.db.read() as session:
        events = session.scalars(
            sa.select(OutboxRow.id).where(
                OutboxRow.channel == outbox.EVENT, OutboxRow.status == outbox.PENDING
            )
        ).all()
    for event in events:
        dispatching.dispatch(board, event)


def browsers(board: Board) -> int:
    """How many browsers are known."""
    with board.db.read() as session:
        return session.scalar(sa.select(sa.func.count(PushSubscription.id))) or 0


def news(smtp: MailSink) -> int:
    """How many mails of listings the reader got."""
    return sum(mail["List-Unsubscribe"] is not None for mail in smtp.to(READER))


def test_a_listing_reaches_the_browser_that_alone_can_read_it(
    board: Board, make: Factory, smtp: MailSink, service: PushService, browser: SubscribedBrowser
) -> None:
    """Short, with the reason, without anything by which anybody can be reached; signed by us."""
    view = make.open(title="Courses pour une semaine", email="poster@example.org")
    work_off(board)
    (delivered,) = service.to(browser)
    message = browser.read(delivered)
    assert message["title"].startswith("Près de vous")
    assert message["title"].endswith(": Courses pour une semaine")
    assert "votre alerte autour de" in message["body"] and "Douala" in message["body"]
    assert message["path"] == f"/listings/{view.public_id}"
    assert (message["lang"], message["dir"]) == ("fr", "ltr")
    assert "@" not in str(message) and "http" not in str(message)
    assert delivered.headers["Urgency"] == "high"
    assert 0 < int(delivered.headers["TTL"]) <= 12 * 3600
    assert len(delivered.headers["Topic"]) == 32
    assert delivered.claims["aud"] == service.origin
    assert delivered.claims["sub"] == "mailto:entraide@localhost"
    assert delivered.key == push_keys.public_key(board.settings)
    assert (
        timedelta()
        < datetime.fromtimestamp(delivered.claims["exp"], UTC) - NOON
        < timedelta(hours=24)
    )
    assert ends(board) == ends(board, outbox.EMAIL) == [(outbox.SENT, "")]
    assert news(smtp) == 1


def test_another_browser_cannot_read_it(
    board: Board, make: Factory, service: PushService, browser: SubscribedBrowser
) -> None:
    """Positive control: the message is encrypted, and for this one."""
    make.open()
    work_off(board)
    (delivered,) = service.to(browser)
    with pytest.raises(http_ece.ECEException):
        service.browser("other").read(delivered)
    assert b"Courses" not in delivered.body


@pytest.mark.parametrize("locale", LOCALES)
def test_it_speaks_the_member_s_language(
    board: Board, make: Factory, service: PushService, locale: str
) -> None:
    """With the direction of its writing."""
    member_id = make.member(READER, locale=locale)
    own_alerts.add(board, member_id, Terms(cell=AKWA.cell, place_name="Douala", radius_km=10.0))
    browser = subscribed(board, member_id, service)
    make.open()
    work_off(board)
    message = browser.read(service.to(browser)[0])
    assert (message["lang"], message["dir"]) == (locale, direction(locale))
    english = message["body"].startswith("Because of")
    assert english == (locale == "en")


@pytest.mark.parametrize(
    ("urgency", "header", "hours"), [(3, "high", 12), (2, "normal", 24), (1, "low", 72)]
)
def test_what_is_urgent_wakes_a_device_and_is_soon_stale(
    board: Board,
    make: Factory,
    service: PushService,
    browser: SubscribedBrowser,
    urgency: int,
    header: str,
    hours: int,
) -> None:
    """RFC 8030: Urgency and TTL; nothing is kept beyond the end of the listing."""
    make.open(urgency=urgency)
    with board.db.read() as session:
        ends_at = now(session) + timedelta(hours=2)
    make.open(urgency=urgency, ends_at=ends_at)
    work_off(board)
    long, short = service.to(browser)
    assert {each.headers["Urgency"] for each in (long, short)} == {header}
    assert int(long.headers["TTL"]) == hours * 3600
    assert 7000 <= int(short.headers["TTL"]) <= 7200
    assert long.headers["Topic"] != short.headers["Topic"]


def test_a_title_that_holds_a_contact_is_told_without_it(
    board: Board, make: Factory, service: PushService, browser: SubscribedBrowser
) -> None:
    """What a moderator let pass on the board is still not for a locked screen."""
    make.open(title="Courses, appelez le 06 12 34 56 78")
    work_off(board)
    title = browser.read(service.to(browser)[0])["title"]
    assert "06" not in title and "Courses" in title and "…" in title


def test_the_longest_title_fits(
    board: Board, make: Factory, service: PushService, browser: SubscribedBrowser
) -> None:
    """4,096 bytes are what every service takes."""
    make.open(title="ن" * 120)
    work_off(board)
    (delivered,) = service.to(browser)
    assert len(delivered.body) < 2048
    assert len(browser.read(delivered)["title"]) == 100


#: Answer of a service → how the row ends, and how many browsers are left.
ANSWERS: list[tuple[Answer, tuple[str, str], int]] = [
    (status(404), (outbox.DEAD, "push 404"), 0),
    (status(410), (outbox.DEAD, "push 410"), 0),
    (status(413), (outbox.DEAD, "push 413"), 1),
    (status(400), (outbox.DEAD, "push 400"), 1),
    (status(403), (outbox.DEAD, "push 403"), 1),
    (status(302, Location="http://127.0.0.1:1/"), (outbox.DEAD, "push 302"), 1),
    (status(429), (outbox.PENDING, "push 429"), 1),
    (status(500), (outbox.PENDING, "push 500"), 1),
    (status(503), (outbox.PENDING, "push 503"), 1),
    (broken, (outbox.PENDING, "push ConnectionError"), 1),
    (hanging, (outbox.PENDING, "push ReadTimeout"), 1),
    (status(200), (outbox.SENT, ""), 1),
    (status(202), (outbox.SENT, ""), 1),
]


@pytest.mark.parametrize(("answer", "end", "left"), ANSWERS)
def test_how_a_service_answers_is_how_the_row_ends(
    board: Board,
    make: Factory,
    smtp: MailSink,
    service: PushService,
    browser: SubscribedBrowser,
    monkeypatch: pytest.MonkeyPatch,
    answer: Answer,
    end: tuple[str, str],
    left: int,
) -> None:
    """Gone is forgotten, busy is asked again, all else is refused; the mail goes out anyway."""
    monkeypatch.setattr(push_delivery, "TIMEOUT_S", 0.2)
    service.will(browser, answer)
    make.open()
    work_off(board)
    assert ends(board) == [end]
    assert browsers(board) == left
    assert news(smtp) == 1
    board.db.clock_offset += timedelta(hours=1)
    work_off(board)
    again = end[0] == outbox.PENDING
    assert len(service.to(browser)) == (2 if again else 1)
    assert ends(board) == [(outbox.SENT, "") if again else end]
    topics = {each.headers["Topic"] for each in service.to(browser)}
    assert len(topics) == 1, "a service can drop the second of two"


@pytest.mark.parametrize(
    ("headers", "least", "most"),
    [
        ({"Retry_After": "3600"}, 3600, 3610),
        (
            {
                "Date": format_datetime(NOON, usegmt=True),
                "Retry_After": format_datetime(NOON + timedelta(hours=2), usegmt=True),
            },
            7200,
            7210,
        ),
        ({"Retry_After": "999999999999"}, 86_400, 86_410),
        ({"Retry_After": "soon"}, 5, 10),
        ({"Retry_After": "-5"}, 5, 10),
        ({}, 5, 10),
    ],
)
def test_a_service_that_asks_for_time_gets_it(
    board: Board,
    make: Factory,
    service: PushService,
    browser: SubscribedBrowser,
    headers: dict[str, str],
    least: int,
    most: int,
) -> None:
    """Retry-After in seconds or as a date, up to a day; without it our own back-off."""
    service.will(browser, status(429, **headers))
    make.open()
    work_off(board)
    with board.db.read() as session:
        due_at = session.scalar(sa.select(OutboxRow.due_at).where(OutboxRow.channel == outbox.PUSH))
    assert due_at is not None
    assert least <= (due_at - NOON).total_seconds() <= most + 60


def test_each_browser_gets_it_once_whatever_the_others_do(
    board: Board, make: Factory, service: PushService, reader: int
) -> None:
    """One takes it, one is busy, one is gone: only the busy one is tried again."""
    one, busy, gone = (subscribed(board, reader, service, name) for name in ("a", "b", "c"))
    service.will(busy, status(503), status(503))
    service.will(gone, status(410))
    make.open()
    for _ in range(3):
        work_off(board)
        board.db.clock_offset += timedelta(minutes=5)
    assert [len(service.to(each)) for each in (one, busy, gone)] == [1, 3, 1]
    assert ends(board) == [(outbox.SENT, "")]
    assert browsers(board) == 2
    with board.db.read() as session:
        sent = session.scalars(sa.select(OutboxRow).where(OutboxRow.channel == outbox.PUSH)).one()
    assert sent.payload is None


def test_it_is_dropped_where_no_browser_is_left(
    board: Board, make: Factory, service: PushService, reader: int, browser: SubscribedBrowser
) -> None:
    """The reader has removed the last one since."""
    make.open()
    fan_out(board)
    (listed,) = push_subscriptions.all_of(board, reader)
    push_subscriptions.remove(board, reader, listed.id)
    work_off(board)
    assert service.delivered == [] and (outbox.DROPPED, "") in ends(board)


@pytest.mark.parametrize(
    ("chosen", "mails", "pushed"),
    [
        ({}, 1, 1),
        ({"by_email": False}, 0, 1),
        ({"by_push": False}, 1, 0),
        ({"by_email": False, "by_push": False}, 0, 0),
        ({"paused_until": (NOON + timedelta(days=3)).date()}, 0, 0),
        ({"quiet_from": 11 * 60, "quiet_to": 13 * 60}, 0, 0),
        ({"quiet_from": 11 * 60, "quiet_to": 13 * 60, "urgent_passes": True}, 1, 1),
    ],
)
def test_what_the_member_chose_holds_for_both_channels(
    board: Board,
    make: Factory,
    smtp: MailSink,
    service: PushService,
    reader: int,
    browser: SubscribedBrowser,
    chosen: dict[str, Any],
    mails: int,
    pushed: int,
) -> None:
    """Channels, pause and quiet hours."""
    choose(board, reader, **chosen)
    make.open()
    work_off(board)
    assert (news(smtp), len(service.to(browser))) == (mails, pushed)


def test_quiet_hours_that_began_meanwhile_hold_it_back(
    board: Board, make: Factory, service: PushService, reader: int, browser: SubscribedBrowser
) -> None:
    """Looked at again just before sending, and sent when they are over."""
    make.open()
    fan_out(board)
    choose(board, reader, quiet_from=11 * 60, quiet_to=13 * 60)
    work_off(board)
    assert service.delivered == []
    board.db.clock_offset += timedelta(hours=1, minutes=1)
    work_off(board)
    assert len(service.to(browser)) == 1


def test_the_limit_of_the_week_counts_listings_and_not_rows(
    board: Board,
    make: Factory,
    smtp: MailSink,
    service: PushService,
    reader: int,
    browser: SubscribedBrowser,
) -> None:
    """Two listings on two channels are two of the week; the third waits for the digest."""
    choose(board, reader, most_a_week=2)
    for _ in range(3):
        make.open()
        work_off(board)
    assert (news(smtp), len(service.to(browser))) == (2, 2)


@pytest.mark.parametrize(("by_email", "mails", "pushed"), [(True, 1, 0), (False, 0, 1)])
def test_a_digest_is_one_mail_or_one_push_message(
    board: Board,
    make: Factory,
    smtp: MailSink,
    service: PushService,
    reader: int,
    browser: SubscribedBrowser,
    by_email: bool,
    mails: int,
    pushed: int,
) -> None:
    """Who wants no mails hears of it by push, once a day; what it opens is the board."""
    choose(board, reader, by_email=by_email, most_a_week=1)
    for number in range(3):
        make.open(title=f"Help {number}")
        work_off(board)
    before = news(smtp), len(service.to(browser))
    for _ in range(2):
        set_clock(board, MORNING)
        while digests.write(board):
            pass
        work_off(board)
    assert (news(smtp) - before[0], len(service.to(browser)) - before[1]) == (mails, pushed)
    if pushed:
        message = browser.read(service.to(browser)[-1])
        assert "et plus encore" in message["title"] and message["path"] == "/listings"


@pytest.mark.parametrize(("by_email", "pushed"), [(True, 0), (False, 1)])
def test_while_mails_come_back_a_digest_by_push_still_comes(
    board: Board,
    make: Factory,
    service: PushService,
    reader: int,
    browser: SubscribedBrowser,
    by_email: bool,
    pushed: int,
) -> None:
    """To whoever wants no mails; what is to be mailed waits until mail arrives again."""
    choose(board, reader, by_email=by_email, most_a_week=1)
    for number in range(2):
        make.open(title=f"Help {number}")
        work_off(board)
    with board.db.write() as session:
        suspensions.suspend(session, reader, Reason.MAILBOX, sent_at=now(session))
    before = len(service.to(browser))
    set_clock(board, MORNING)
    while digests.write(board):
        pass
    work_off(board)
    assert len(service.to(browser)) - before == pushed


def test_without_a_key_nothing_is_pushed(
    board: Board, make: Factory, service: PushService, browser: SubscribedBrowser
) -> None:
    """Rows are neither written nor, where they are there, sent."""
    keyless = board.settings.model_copy(update={"push_key": None})
    make.open()
    fan_out(board)
    without = replace(board, settings=keyless)
    work_off(without)
    assert ends(board) == [(outbox.DROPPED, "")]
    make.open()
    work_off(without)
    assert len(ends(board)) == 1 and service.delivered == []


def test_the_lease_is_renewed_and_no_connection_held_while_a_service_is_slow(
    board: Board,
    make: Factory,
    service: PushService,
    browser: SubscribedBrowser,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The service answers only when the row was renewed and the pool had everything back."""
    monkeypatch.setattr(delivery, "_RENEWALS", 3000)
    seen: list[bool] = []
    real = outbox.renew

    def renew(*given: Any) -> bool:
        # Before it takes one of its own, the keeper looks at what the sender holds.
        is_free = board.db.engine.pool.checkedout() == 0  # type: ignore[attr-defined]
        done = real(*given)
        seen.append(is_free and done)
        return done

    monkeypatch.setattr(outbox, "renew", renew)

    def slow(handler: Any) -> None:
        # What came before is of other rows.
        seen.clear()
        wait_for(lambda: any(seen), "a renewal while the sender holds no connection")
        status(201)(handler)

    service.will(browser, slow)
    make.open()
    rows = outbox.due_ids(board.db)
    while rows:
        for row in rows:
            dispatching.dispatch(board, row)
        rows = outbox.due_ids(board.db)
    assert any(seen)
    assert ends(board) == [(outbox.SENT, "")]

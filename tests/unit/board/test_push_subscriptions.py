"""Browsers that get push messages: which are accepted, how they are kept, and how they go."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import timedelta

import pytest
import sqlalchemy as sa

from board import forgetting, personal, push_keys, push_services, push_subscriptions
from board.context import Board
from board.db import now
from board.errors import Invalid
from board.export import of_member
from board.members import Member
from board.push_subscriptions import MOST, NewSubscription, PushSubscription
from config.settings import Settings
from tests.factories import Factory
from tests.push_service import SubscribedBrowser

ENDPOINT = "https://updates.push.services.mozilla.com/wpush/v2/gAAAA"

#: Endpoint → the service that it is at; None for what is refused, each for its own reason.
ENDPOINTS: list[tuple[str, str | None]] = [
    ("https://fcm.googleapis.com/fcm/send/abc:APA91b", "fcm.googleapis.com"),
    ("https://fcm.googleapis.com/wp/abc", "fcm.googleapis.com"),
    (ENDPOINT, "updates.push.services.mozilla.com"),
    ("https://web.push.apple.com/QGuQ", "web.push.apple.com"),
    (
        "https://wns2-par02p.notify.windows.com/w/?token=BQYAAAD%2b%2f",
        "wns2-par02p.notify.windows.com",
    ),
    ("http://fcm.googleapis.com/fcm/send/abc", None),
    ("https://fcm.googleapis.com:8443/fcm/send/abc", None),
    ("https://fcm.googleapis.com:443/fcm/send/abc", None),
    ("https://fcm.googleapis.com", None),
    ("https://fcm.googleapis.com.evil.example/x", None),
    ("https://evil.example/fcm.googleapis.com/x", None),
    ("https://evilnotify.windows.com/x", None),
    ("https://notify.windows.com.evil.example/x", None),
    ("https://user@fcm.googleapis.com/x", None),
    ("https://fcm.googleapis.com@evil.example/x", None),
    ("https://evil.example\\@fcm.googleapis.com/x", None),
    ("https://evil.example#fcm.googleapis.com/x", None),
    ("https://evil.example?.fcm.googleapis.com/x", None),
    ("https://fcm.googleapis.com\t.evil.example/x", None),
    ("https://fcm.googleapis.com/x\r\nHost: evil.example", None),
    ("https://fcm.googleapis.com/x y", None),
    ("https://fcm.googleapis.com/é", None),
    ("https://fcm。googleapis。com/x", None),
    ("https://FCM.googleapis.com/x", None),
    ("https://fcm.googleapis.com./x", None),
    ("https://127.0.0.1/x", None),
    ("https://localhost/x", None),
    ("https://[::1]/x", None),
    ("https://169.254.169.254/latest/meta-data", None),
    ("https://2130706433/x", None),
    ("file:///etc/passwd", None),
    ("//fcm.googleapis.com/x", None),
    ("", None),
    ("https://fcm.googleapis.com/" + "x" * push_services.ENDPOINT_MAX, None),
]


@pytest.fixture
def environment(environment: dict[str, str]) -> dict[str, str]:
    """A board that has a key."""
    return {**environment, "VAPID_PRIVATE_KEY": push_keys.new_key()}


@pytest.fixture
def member_id(make: Factory) -> int:
    """Somebody."""
    return make.member()


def browser(name: str = "one") -> NewSubscription:
    """What a Firefox would give."""
    return SubscribedBrowser(f"{ENDPOINT}-{name}").subscription


def rows(board: Board) -> list[PushSubscription]:
    """All that is kept."""
    with board.db.read() as session:
        return list(session.scalars(sa.select(PushSubscription).order_by(PushSubscription.id)))


@pytest.mark.parametrize(("endpoint", "service"), ENDPOINTS)
def test_only_the_services_of_browsers_are_accepted(
    settings: Settings, endpoint: str, service: str | None
) -> None:
    """https, their own names, the port of https, nothing in front of the name or behind it."""
    assert push_services.service_of(endpoint, settings) == service


@pytest.mark.parametrize("endpoint", [each for each, service in ENDPOINTS if service is None])
def test_what_is_not_accepted_is_not_kept(board: Board, member_id: int, endpoint: str) -> None:
    """Refused at the door, with words on the field."""
    with pytest.raises(Invalid) as refused:
        push_subscriptions.add(board, member_id, replace(browser(), endpoint=endpoint))
    assert [problem.field for problem in refused.value.problems] == ["endpoint"]
    assert rows(board) == []


@pytest.mark.parametrize(
    "damage",
    [
        {"p256dh": ""},
        {"p256dh": "AAAA"},
        {"p256dh": "BA" + "A" * 85},
        {"p256dh": "é"},
        {"auth": ""},
        {"auth": "AAAA"},
        {"auth": "A" * 23},
        {"auth": "!" * 22},
    ],
)
def test_damaged_keys_are_refused(board: Board, member_id: int, damage: dict[str, str]) -> None:
    """A point that is not on the curve, a secret of another length: nothing is written."""
    with pytest.raises(Invalid):
        push_subscriptions.add(board, member_id, replace(browser(), **damage))
    assert rows(board) == []


def test_the_database_gives_away_no_endpoint_and_no_key(board: Board, member_id: int) -> None:
    """Sealed, and known again by a keyed hash; the list has the browser's family and the times."""
    new = browser()
    push_subscriptions.add(board, member_id, new, "Firefox")
    (row,) = rows(board)
    stored = " ".join(str(value) for value in vars(row).values())
    assert not any(secret in stored for secret in (new.endpoint, new.p256dh, new.auth))
    (listed,) = push_subscriptions.all_of(board, member_id)
    assert (listed.device, listed.created_at) == ("Firefox", row.created_at)
    assert row.service == "updates.push.services.mozilla.com"


def test_a_browser_is_one_row_and_belongs_to_whoever_added_it_last(
    board: Board, make: Factory, member_id: int
) -> None:
    """Two people at one computer: the messages of the first end there."""
    new, other = browser(), make.member()
    for _ in range(2):
        push_subscriptions.add(board, member_id, new)
    push_subscriptions.add(board, other, new)
    assert [row.member_id for row in rows(board)] == [other]
    assert push_subscriptions.all_of(board, member_id) == []


def test_a_member_has_so_many_and_no_more(board: Board, member_id: int) -> None:
    """The next is refused; one that is known may come again; after a removal there is room."""
    for number in range(MOST):
        push_subscriptions.add(board, member_id, browser(str(number)))
    with pytest.raises(Invalid):
        push_subscriptions.add(board, member_id, browser("more"))
    known = SubscribedBrowser(f"{ENDPOINT}-0").subscription
    push_subscriptions.add(board, member_id, known)
    assert len(rows(board)) == MOST
    listed = push_subscriptions.all_of(board, member_id)
    assert push_subscriptions.remove(board, member_id, listed[0].id)
    push_subscriptions.add(board, member_id, browser("more"))
    assert len(rows(board)) == MOST


def test_many_at_once_do_not_pass_the_limit(board: Board, member_id: int) -> None:
    """Counting and writing are one."""
    start = threading.Barrier(MOST + 3)
    refused: list[bool] = []

    def add(number: int) -> None:
        start.wait()
        try:
            push_subscriptions.add(board, member_id, browser(str(number)))
        except Invalid:
            refused.append(True)

    adding = [threading.Thread(target=add, args=(number,)) for number in range(MOST + 3)]
    for each in adding:
        each.start()
    for each in adding:
        each.join()
    assert (len(rows(board)), len(refused)) == (MOST, 3)


def test_nobody_removes_another_s(board: Board, make: Factory, member_id: int) -> None:
    """Whoever guesses the number learns nothing and changes nothing."""
    push_subscriptions.add(board, member_id, browser())
    (listed,) = push_subscriptions.all_of(board, member_id)
    assert not push_subscriptions.remove(board, make.member(), listed.id)
    assert len(rows(board)) == 1


def test_it_is_shown_to_its_member_and_goes_with_them(board: Board, member_id: int) -> None:
    """In one's own data by family and service; erased with the person."""
    push_subscriptions.add(board, member_id, browser(), "Firefox")
    data = str(of_member(board, member_id).as_json())
    assert "updates.push.services.mozilla.com" in data and ENDPOINT not in data
    table = next(each for each in personal.TABLES if each.model is PushSubscription)
    assert not table.stays
    with board.db.write() as session:
        session.execute(sa.text("DELETE FROM members WHERE id = :id"), {"id": member_id})
    assert rows(board) == []


def test_a_browser_that_was_not_reached_for_a_year_is_forgotten(
    board: Board, member_id: int
) -> None:
    """From the last message that its service took."""
    push_subscriptions.add(board, member_id, browser("old"))
    push_subscriptions.add(board, member_id, browser("used"))
    old, used = (row.id for row in rows(board))
    board.db.clock_offset = forgetting.PUSH - timedelta(days=1)
    with board.db.write() as session:
        push_subscriptions.note_used(session, [used])
    while forgetting.forget(board):
        pass
    assert [row.id for row in rows(board)] == [old, used]
    board.db.clock_offset = forgetting.PUSH + timedelta(hours=1)
    with board.db.write() as session:
        session.get_one(Member, member_id).seen_at = now(session)
    while forgetting.forget(board):
        pass
    assert [row.id for row in rows(board)] == [used]

"""T8: endpoints of push messages, which a visitor names and the server then connects to."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, replace

import pytest
import sqlalchemy as sa
from pywebpush import webpush

from board import own_alerts, push_delivery, push_keys, push_subscriptions
from board.alerts import Terms
from board.context import Board
from board.db import now
from board.outbox import OutboxRow
from board.push_subscriptions import PushSubscription
from tests.factories import AKWA, Factory
from tests.fakes import work_off
from tests.promises.test_T08_requests import LINK_LOCAL, NAMES
from tests.push_service import PushService, SubscribedBrowser, status
from tests.web.conftest import csrf_token, english, sign_in
from web.app import create_app

KEY = push_keys.new_key()
#: What a visitor gives for an endpoint; "%s" is the canary, by one of its names and its port.
GIVEN = (
    "http://%s/push",
    "https://%s/push",
    "https://fcm.googleapis.com@%s/push",
    "https://%s#fcm.googleapis.com/push",
    "https://%s?.fcm.googleapis.com/push",
    "https://%s\\@fcm.googleapis.com/push",
    "https://%s/fcm.googleapis.com/push",
    "//%s/push",
    "https://fcm.googleapis.com/\r\nHost: %s",
)


@pytest.fixture
def canary(monkeypatch: pytest.MonkeyPatch) -> Iterator[PushService]:
    """A server that nobody must ask."""
    monkeypatch.setenv("no_proxy", "*")
    with PushService.running() as listening:
        yield listening


@pytest.fixture
def service() -> Iterator[PushService]:
    """The push service that this board accepts."""
    with PushService.running() as running:
        yield running


@pytest.fixture
def environment(environment: dict[str, str], service: PushService) -> dict[str, str]:
    """A board that has a key, and knows one service more."""
    return {**environment, "VAPID_PRIVATE_KEY": KEY, "PUSH_TEST_SERVICES": service.origin}


@pytest.fixture
def member_id(board: Board, make: Factory) -> int:
    """Somebody with an alert, whom a listing will be told to."""
    found = make.member("reader@example.org")
    own_alerts.add(board, found, Terms(cell=AKWA.cell, place_name="Douala", radius_km=10.0))
    return found


def named(canary: PushService) -> list[str]:
    """Every way to name the canary, and the cloud's own address."""
    port = canary.server_address[1]
    return [*(form % f"{name}:{port}" for form in GIVEN for name in NAMES), LINK_LOCAL]


def planted(board: Board, member_id: int, browser: SubscribedBrowser) -> None:
    """An endpoint in the table that the door would not have let in."""
    new = browser.subscription
    with board.db.write() as session:
        session.add(
            PushSubscription(
                member_id=member_id,
                endpoint_hash=board.vault.once("push", new.endpoint),
                sealed=board.vault.seal(json.dumps([new.endpoint, new.p256dh, new.auth])),
                service="fcm.googleapis.com",
                created_at=now(session),
                used_at=now(session),
            )
        )


def pushed(board: Board) -> list[tuple[str, str]]:
    """How the push messages ended."""
    with board.db.read() as session:
        rows = session.execute(
            sa.select(OutboxRow.status, OutboxRow.error).where(OutboxRow.channel == "push")
        )
        return [(row.status, row.error) for row in rows]


def test_T08_no_endpoint_elsewhere_comes_in(
    board: Board, member_id: int, canary: PushService
) -> None:
    """Loopback under its names, link-local addresses, and hosts hidden behind an accepted one."""
    client = english(create_app(board))
    sign_in(client, member_id)
    token = csrf_token(client, "/me/preferences")
    for endpoint in named(canary):
        given = asdict(replace(SubscribedBrowser("").subscription, endpoint=endpoint))
        answer = client.post("/me/push", data={"csrf_token": token, **given})
        assert answer.status_code == 422, endpoint
    assert push_subscriptions.all_of(board, member_id) == []
    assert canary.delivered == []


def test_T08_an_endpoint_is_judged_again_before_it_is_sent_to(
    board: Board, make: Factory, member_id: int, canary: PushService
) -> None:
    """However it came into the table: nothing goes out, and it is forgotten."""
    planted(board, member_id, canary.browser())
    make.open()
    work_off(board)
    assert canary.delivered == []
    assert pushed(board) == [("dead", "push host")]
    assert push_subscriptions.all_of(board, member_id) == []


@pytest.mark.parametrize("code", [301, 302, 303, 307, 308])
def test_T08_an_accepted_service_leads_nowhere(
    board: Board,
    make: Factory,
    member_id: int,
    service: PushService,
    canary: PushService,
    code: int,
) -> None:
    """A redirect is a refusal, wherever it points."""
    browser = service.browser()
    push_subscriptions.add(board, member_id, browser.subscription)
    service.will(browser, status(code, Location=f"{canary.origin}/latest/meta-data"))
    make.open()
    work_off(board)
    assert len(service.to(browser)) == 1
    assert canary.delivered == []
    assert pushed(board) == [("dead", f"push {code}")]


@pytest.mark.parametrize("code", [301, 302, 303, 307, 308])
def test_T08_control_the_library_as_it_comes_follows(
    service: PushService, canary: PushService, code: int
) -> None:
    """The same answer, without our session."""
    browser = service.browser()
    new = browser.subscription
    service.will(browser, status(code, Location=f"{canary.origin}/latest/meta-data"))
    info = {"endpoint": new.endpoint, "keys": {"p256dh": new.p256dh, "auth": new.auth}}
    claims: dict[str, str | int] = {"sub": "mailto:a@example.org"}
    webpush(info, "hello", vapid_private_key=KEY, vapid_claims=claims, timeout=5)
    assert len(canary.delivered) == 1


def test_T08_control_without_the_list_a_planted_endpoint_is_asked(
    board: Board,
    make: Factory,
    member_id: int,
    canary: PushService,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The same probe against a sender that does not judge."""
    browser = canary.browser()
    planted(board, member_id, browser)
    monkeypatch.setattr(push_delivery.push_services, "service_of", lambda *_: "anything")
    make.open()
    work_off(board)
    assert len(canary.to(browser)) == 1

"""Push messages on the page of the settings, for members and by the signed link of a mail."""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from board import preferences, push_keys, push_subscriptions
from board.context import Board
from board.db import now
from tests.factories import Factory
from tests.push_service import SubscribedBrowser
from tests.web.conftest import Page, csrf_token, english, sign_in
from web.app import create_app

KEY = push_keys.new_key()
ENDPOINT = "https://fcm.googleapis.com/fcm/send/abc:def"
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"


@pytest.fixture
def board(board: Board) -> Board:
    """A board whose operator has made a key."""
    return replace(board, settings=board.settings.model_copy(update={"push_key": KEY}))


@pytest.fixture
def member_id(make: Factory) -> int:
    """Somebody."""
    return make.member("somebody@example.org")


@pytest.fixture(params=["signed in", "by link"])
def doors(
    request: pytest.FixtureRequest, client: FlaskClient, board: Board, member_id: int
) -> tuple[str, str]:
    """Addresses of the settings and of browsers: the same page behind two doors."""
    if request.param == "signed in":
        sign_in(client, member_id)
        return "/me/preferences", "/me/push"
    with board.db.read() as session:
        token = preferences.settings_token(board, member_id, now(session))
    address = f"/preferences/by-link/{token}"
    return address, f"{address}/push"


def press(client: FlaskClient, page: str, address: str, **typed: Any) -> TestResponse:
    """Send a form of this page."""
    data = {"csrf_token": csrf_token(client, page), **typed}
    return client.post(address, data=data, headers={"User-Agent": FIREFOX})


def given(endpoint: str = ENDPOINT) -> dict[str, str]:
    """What the script puts into the form."""
    return asdict(SubscribedBrowser(endpoint).subscription)


def test_a_browser_is_added_listed_and_removed(
    client: FlaskClient, board: Board, member_id: int, doors: tuple[str, str]
) -> None:
    """With its family and since when; nothing of its endpoint is on the page."""
    page, address = doors
    answer = press(client, page, address, **given())
    assert (answer.status_code, answer.location) == (303, f"{page}#push")
    (listed,) = push_subscriptions.all_of(board, member_id)
    text = client.get(page).text
    assert "Firefox" in text and listed.mark in text
    assert ENDPOINT not in text and "send/abc" not in text
    assert press(client, page, f"{address}/{listed.id}/remove").status_code == 303
    assert push_subscriptions.all_of(board, member_id) == []
    assert press(client, page, f"{address}/{listed.id}/remove").status_code == 404


@pytest.mark.parametrize(
    "change",
    [
        {"endpoint": "https://evil.example/push"},
        {"endpoint": "http://127.0.0.1/"},
        {"endpoint": ""},
        {"p256dh": "AAAA"},
        {"auth": None},
    ],
)
def test_what_is_refused_is_said_on_the_page(
    client: FlaskClient,
    board: Board,
    member_id: int,
    doors: tuple[str, str],
    change: dict[str, Any],
) -> None:
    """With the summary that leads there; nothing is kept."""
    page, address = doors
    typed = {name: value for name, value in {**given(), **change}.items() if value is not None}
    answer = press(client, page, address, **typed)
    assert answer.status_code == 422
    assert 'href="#push"' in answer.text and 'id="push"' in answer.text
    assert push_subscriptions.all_of(board, member_id) == []


def test_another_s_browser_does_not_exist(
    client: FlaskClient, board: Board, make: Factory, doors: tuple[str, str]
) -> None:
    """Its number removes nothing."""
    page, address = doors
    other = make.member()
    push_subscriptions.add(board, other, SubscribedBrowser(ENDPOINT).subscription)
    (theirs,) = push_subscriptions.all_of(board, other)
    assert press(client, page, f"{address}/{theirs.id}/remove").status_code == 404
    assert push_subscriptions.all_of(board, other) == [theirs]


def test_the_page_never_asks_by_itself(client: FlaskClient, doors: tuple[str, str]) -> None:
    """The form is hidden until our script shows it, which is a file of ours; no inline script."""
    page = Page(client.get(doors[0]).text)
    (form,) = [tags for name, tags in page.tags if name == "form" and "data-push" in tags]
    assert "hidden" in form and form["data-push"] == push_keys.public_of(KEY)
    assert form["data-worker"] == "/service-worker.js"
    assert any("push.js" in tags.get("src", "") for name, tags in page.tags if name == "script")


def test_without_a_key_the_page_knows_nothing_of_it(
    app: Flask, board: Board, member_id: int
) -> None:
    """No button, no tick, no script; what is sent anyway is refused."""
    keyless = replace(board, settings=board.settings.model_copy(update={"push_key": None}))
    client = english(create_app(keyless))
    sign_in(client, member_id)
    text = client.get("/me/preferences").text
    assert "push" not in text and "otification" not in text
    assert press(client, "/me/preferences", "/me/push", **given()).status_code == 422


def test_what_was_not_asked_stays_as_it_was(
    client: FlaskClient, app: Flask, board: Board, member_id: int
) -> None:
    """The settings have a tick for the channel; a form without it, on a board without key, none."""
    sign_in(client, member_id)
    typed = {"most_a_week": "5", "time_zone": "Europe/Paris", "by_email": "1"}
    press(client, "/me/preferences", "/me/preferences", **typed, by_push="1")
    assert preferences.get(board, member_id).by_push
    press(client, "/me/preferences", "/me/preferences", **typed)
    assert not preferences.get(board, member_id).by_push
    press(client, "/me/preferences", "/me/preferences", **typed, by_push="1")
    keyless = replace(board, settings=board.settings.model_copy(update={"push_key": None}))
    other = english(create_app(keyless))
    sign_in(other, member_id)
    press(other, "/me/preferences", "/me/preferences", **typed)
    assert preferences.get(board, member_id).by_push


def test_the_worker_is_served_from_the_top(client: FlaskClient) -> None:
    """So that it may act for the whole site; under the same policy as every page."""
    answer = client.get("/service-worker.js")
    assert answer.status_code == 200 and "javascript" in answer.mimetype
    assert "immutable" not in answer.headers["Cache-Control"]
    assert "worker-src 'self'" in answer.headers["Content-Security-Policy"]
    assert "importScripts" not in answer.text and "showNotification" in answer.text

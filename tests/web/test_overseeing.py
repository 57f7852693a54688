"""The moderators' page of a request's waves."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient

from board.context import Board
from board.listings import ListingView
from tests.factories import Factory
from tests.fakes import work_off
from tests.web.conftest import Page, csrf_token, sign_in


@pytest.fixture
def request_(board: Board, make: Factory) -> ListingView:
    """A request of which a few people were told."""
    make.alerts([{}] * 4, 4)
    view = make.open(urgency=1)
    work_off(board)
    return view


@pytest.fixture
def moderator(client: FlaskClient, make: Factory) -> FlaskClient:
    """Signed in with both factors."""
    sign_in(client, make.member(roles=["moderator"]), second_factor=True)
    return client


def words(client: FlaskClient, address: str) -> str:
    """What the page says."""
    return " ".join(Page(client.get(address).text).texts["main"][0].split())


def test_it_shows_counts_and_stops(moderator: FlaskClient, request_: ListingView) -> None:
    """From the page of the listing, with one press each way."""
    address = f"/moderation/waves/{request_.public_id}"
    assert f'href="{address}"' in moderator.get(f"/listings/{request_.public_id}").text
    shown = words(moderator, address)
    assert "Wave 1" in shown and "4 people were asked" in shown and "0 have answered" in shown
    token = {"csrf_token": csrf_token(moderator, address)}
    assert moderator.post(f"{address}/stop", data=token).location == address
    assert "A moderator has stopped it." in words(moderator, address)
    assert moderator.post(f"{address}/go-on", data=token).location == address
    assert "The next look is at" in words(moderator, address)


def test_nobody_is_named(moderator: FlaskClient, request_: ListingView) -> None:
    """Neither an address nor a number of a member."""
    page = moderator.get(f"/moderation/waves/{request_.public_id}").text
    assert "example.org" not in page and "/members/" not in page


def test_before_the_first_look_there_is_nothing_to_stop(
    moderator: FlaskClient, make: Factory
) -> None:
    """The page says that nobody was asked; the buttons' addresses find nothing."""
    view = make.open(urgency=1)
    address = f"/moderation/waves/{view.public_id}"
    assert "Nobody was asked yet" in words(moderator, address)
    token = {"csrf_token": csrf_token(moderator, "/alerts/new")}
    for deed in ("stop", "go-on"):
        assert moderator.post(f"{address}/{deed}", data=token).status_code == 404
    assert moderator.get("/moderation/waves/AAAAAAAAAAAA").status_code == 404


def test_others_find_no_such_page(
    client: FlaskClient, make: Factory, request_: ListingView
) -> None:
    """Nor a way to it."""
    sign_in(client, make.member())
    assert client.get(f"/moderation/waves/{request_.public_id}").status_code == 404
    assert "/moderation/waves/" not in client.get(f"/listings/{request_.public_id}").text

"""What a mail offers in one click: not this one, not now, no more of them."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient

from board import alerts, preferences, tellings, unsubscribing
from board.alerts import Alert
from board.context import Board
from board.db import now
from board.listings import Listing
from board.tellings import Telling
from tests.factories import AKWA, Factory
from tests.web.conftest import Page

#: Kind of link → (how its address is made, what its button does).
Made = Callable[[Board, int, int], str]


def of_settings(board: Board, member_id: int, _: int) -> str:
    with board.db.read() as session:
        return f"/not-now/{preferences.not_now_token(board, member_id, now(session))}"


LINKS: dict[str, tuple[Made, str]] = {
    "not this": (
        lambda board, member, listing: (
            f"/not-this/{tellings.not_this_token(board, member, listing)}"
        ),
        "You hear no more of this listing",
    ),
    "not now": (of_settings, "We write nothing for a week"),
    "posters": (
        lambda board, member, _: f"/unsubscribe/{unsubscribing.of_posters(board, member)}",
        "You get no more news about your listings",
    ),
    "mails": (
        lambda board, member, _: f"/unsubscribe/{unsubscribing.of_mails(board, member)}",
        "You get no more mails about listings",
    ),
}


def state(board: Board, member_id: int) -> tuple[object, ...]:
    """What a button may change: declined listings, the pause, mails, news of counterparts."""
    chosen = preferences.get(board, member_id)
    with board.db.read() as session:
        declined = sa.select(Telling.listing_id).where(
            Telling.member_id == member_id, Telling.declined_at.is_not(None)
        )
        news = sa.select(Listing.notify).where(Listing.member_id == member_id)
        return (
            tuple(session.scalars(declined)),
            chosen.paused_until is None,
            chosen.by_email,
            tuple(session.scalars(news)),
        )


@pytest.mark.parametrize("kind", LINKS)
def test_looking_changes_nothing_and_one_press_does_it(
    client: FlaskClient, board: Board, make: Factory, kind: str
) -> None:
    """Scanners of mails may look as often as they like; the button may be pressed twice."""
    view = make.open()
    member_id = make.member("reader@example.org")
    make.offer(email="reader@example.org")
    made, said = LINKS[kind]
    where, before = made(board, member_id, view.id), state(board, member_id)
    for _ in range(3):
        assert client.get(where).status_code == 200
        assert client.head(where).status_code == 200
    assert client.post(where).status_code == 400
    assert state(board, member_id) == before
    token = Page(client.get(where).text).value("csrf_token")
    for _ in range(2):
        answer = client.post(where, data={"csrf_token": token})
        assert answer.status_code == 200
        assert Page(answer.text).texts["h1"] == [said]
    after = state(board, member_id)
    changed = {
        "not this": ((view.id,), True, True, (True,)),
        "not now": ((), False, True, (True,)),
        "posters": ((), True, True, (False,)),
        "mails": ((), True, False, (True,)),
    }
    assert (before, after) == (((), True, True, (True,)), changed[kind])


@pytest.mark.parametrize("kind", LINKS)
def test_a_token_opens_its_own_page_and_no_other(
    client: FlaskClient, board: Board, make: Factory, kind: str
) -> None:
    """Nor does a changed one, nor that of another member."""
    view, member_id = make.open(), make.member()
    where = LINKS[kind][0](board, member_id, view.id)
    path, _, token = where[1:].partition("/")
    for other in ("unsubscribe", "not-this", "not-now", "preferences/by-link", "links"):
        if other != path:
            assert client.get(f"/{other}/{token}").status_code == 410, other
    forged = token.replace(f":{member_id}", f":{member_id + 1}")
    for bad in (f"{token}x", forged, token.partition(".")[0]):
        assert client.get(f"/{path}/{bad}").status_code == 410, bad


def test_who_is_gone_is_no_error(client: FlaskClient, board: Board) -> None:
    """A mail outlives the member it was sent to."""
    for kind in ("not this", "posters", "mails"):
        where = LINKS[kind][0](board, 999, 999)
        token = Page(client.get(where).text).value("csrf_token")
        assert client.post(where, data={"csrf_token": token}).status_code == 200


def status(board: Board, alert_id: int) -> str:
    """Where an alert stands."""
    with board.db.read() as session:
        return session.get_one(Alert, alert_id).status


class TestUnsubscribe:
    """Leaving."""

    @pytest.fixture
    def alert_id(self, make: Factory) -> int:
        return make.alert(cell=AKWA.cell)

    @pytest.fixture
    def address(self, board: Board, alert_id: int) -> str:
        return f"/unsubscribe/{alerts.unsubscribe_token(board, alert_id)}"

    def test_looking_ends_nothing(
        self, client: FlaskClient, board: Board, alert_id: int, address: str
    ) -> None:
        """A scanner of mails may look as often as it likes."""
        for _ in range(3):
            assert client.get(address).status_code == 200
            assert client.head(address).status_code == 200
        assert status(board, alert_id) == "active"

    def test_the_button_ends_it_and_may_be_pressed_twice(
        self, client: FlaskClient, board: Board, alert_id: int, address: str
    ) -> None:
        """One button, one press."""
        page = Page(client.get(address).text)
        for _ in range(2):
            response = client.post(address, data={"csrf_token": page.value("csrf_token")})
            assert response.status_code == 200
            assert "The alert has ended" in response.text
        assert status(board, alert_id) == "ended"

    def test_a_mail_program_ends_it_directly(
        self, client: FlaskClient, board: Board, alert_id: int, address: str
    ) -> None:
        """RFC 8058: a POST without cookie and token, with the prescribed body."""
        response = client.post(address, data={"List-Unsubscribe": "One-Click"})
        assert response.status_code == 200
        assert status(board, alert_id) == "ended"

    @pytest.mark.parametrize("body", [{}, {"List-Unsubscribe": "yes"}, {"csrf_token": "x"}])
    def test_another_post_without_the_token_of_the_form_is_refused(
        self, client: FlaskClient, board: Board, alert_id: int, address: str, body: dict[str, str]
    ) -> None:
        """400, and the alert goes on."""
        assert client.post(address, data=body).status_code == 400
        assert status(board, alert_id) == "active"

    @pytest.mark.parametrize("change", ["x", "."])
    def test_a_changed_token_ends_nothing(
        self, client: FlaskClient, board: Board, alert_id: int, address: str, change: str
    ) -> None:
        """410 for what we did not sign."""
        response = client.post(address + change, data={"List-Unsubscribe": "One-Click"})
        assert response.status_code == 410
        assert status(board, alert_id) == "active"

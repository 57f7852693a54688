"""Passing a listing on: its address stands on its page, and on a poster to print."""

from __future__ import annotations

import pytest
import segno
import sqlalchemy as sa
from flask.testing import FlaskClient

from board.context import Board
from board.db import now
from board.listings import Listing
from tests.factories import Factory
from tests.web.conftest import Page

KINDS = ("request", "offer", "information")
EVIL = '<script>alert("1")</script> & Söhne'


def of_kind(make: Factory, kind: str, **given: str) -> str:
    """Public id of an open listing."""
    view = {"request": make.open, "offer": make.offer, "information": make.information}[kind](
        **given
    )
    return view.public_id


def poster(client: FlaskClient, public_id: str) -> str:
    """The page of the poster."""
    answer = client.get(f"/listings/{public_id}/poster")
    assert answer.status_code == 200
    return answer.text


@pytest.mark.parametrize("kind", KINDS)
def test_a_page_and_its_poster_name_the_same_address(
    client: FlaskClient, make: Factory, board: Board, kind: str
) -> None:
    """The one of the site, whatever host the reader has asked for."""
    public_id = of_kind(make, kind)
    address = f"{board.settings.base_url}/listings/{public_id}"
    shown = client.get(f"/listings/{public_id}", headers={"Host": "evil.test"}).text
    assert Page(shown).one("section", **{"data-share": address})
    assert Page(shown).one("a", href=f"/listings/{public_id}/poster")
    assert f">{address}</bdi>" in poster(client, public_id)


@pytest.mark.parametrize("kind", KINDS)
def test_the_code_is_that_of_the_address(
    client: FlaskClient, make: Factory, board: Board, kind: str
) -> None:
    """Module by module; that a camera reads it is shown in a browser."""
    public_id = of_kind(make, kind)
    code = segno.make_qr(f"{board.settings.base_url}/listings/{public_id}", error="m")
    path = code.svg_inline(omitsize=True).partition("<path")[2].partition(" d=")[2].split('"')[1]
    assert path in poster(client, public_id)


def test_a_poster_says_what_where_and_until_when(client: FlaskClient, make: Factory) -> None:
    """And nothing of a person: only what stands on the public page."""
    public_id = of_kind(make, "request", title="Du pain", text="Deux baguettes.", place_name="Akwa")
    html = poster(client, public_id)
    for words in ("Du pain", "Deux baguettes.", "Akwa", "until ", "Can you help?"):
        assert words in html
    assert "@" not in Page(html).texts["article"][0]


def test_what_people_wrote_is_text_on_a_poster(client: FlaskClient, make: Factory) -> None:
    """Markup in a title is printed, not run."""
    html = poster(client, of_kind(make, "offer", title=EVIL, text=EVIL))
    assert "<script>alert" not in html
    assert Page(html).texts["h2"][0].strip() == EVIL


def test_a_long_text_leaves_room_for_the_code(client: FlaskClient, make: Factory) -> None:
    """The poster stays one sheet; the whole text is behind the code."""
    html = poster(client, of_kind(make, "offer", text="Du riz. " * 400))
    assert len(Page(html).texts["article"][0]) < 1200


def test_no_poster_of_what_nobody_sees(client: FlaskClient, make: Factory, board: Board) -> None:
    """Not confirmed, held for a moderator, unknown: as if it were not there."""
    make.held(title="Held")
    with board.db.read() as session:
        held = session.scalars(sa.select(Listing.public_id).where(Listing.title == "Held")).one()
    for public_id in (make.pending(), held, "AAAAAAAAAAAA"):
        assert client.get(f"/listings/{public_id}/poster").status_code == 404


@pytest.mark.parametrize("kind", KINDS)
def test_no_poster_of_what_is_over(
    client: FlaskClient, make: Factory, board: Board, kind: str
) -> None:
    """Paper stays on a wall: what has ended is neither shared nor printed."""
    public_id = of_kind(make, kind)
    with board.db.write() as session:
        row = session.scalars(sa.select(Listing).where(Listing.public_id == public_id)).one()
        row.ends_at = now(session)
    answer = client.get(f"/listings/{public_id}/poster")
    assert answer.status_code == 410
    assert "This listing is over" in answer.text
    assert not Page(client.get(f"/listings/{public_id}").text).all(
        "a", href=f"/listings/{public_id}/poster"
    )

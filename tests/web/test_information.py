"""The pages of official information, and the form that only partners reach."""

from __future__ import annotations

import json
from typing import Any

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from board import asking, information, listings, matching, readers
from board.context import Board
from board.listings import Listing
from board.questions import PublicAnswer
from matcher.taxonomy import Kind
from tests.factories import INLAND, Factory, Office
from tests.web.conftest import Page, csrf_token, english, sign_in

TEXTS: dict[str, Any] = {
    "key": "a-key-of-one-form",
    "categories": ["admin"],
    "title": "Passeports : nouveaux horaires",
    "text": "Le service est ouvert du lundi au jeudi.",
    "urgency": "0",
    "area_countries": ["CM"],
    "languages": ["fr", ""],
}


class Partner:
    """A signed-in coordinator with a second factor, at a browser without script."""

    def __init__(self, client: FlaskClient, office: Office) -> None:
        self.client, self.office = client, office
        sign_in(client, office.member_id, second_factor=True)

    @property
    def form(self) -> str:
        return f"/organisation/{self.office.id}/information/new"

    def publish(self, **changes: Any) -> TestResponse:
        """Send the form, by default a good one."""
        blank = Page(self.client.get(self.form).text)
        data = {**TEXTS, "starts_on": blank.value("starts_on"), "ends_on": blank.value("ends_on")}
        given = {name: value for name, value in {**data, **changes}.items() if value is not None}
        given["csrf_token"] = blank.value("csrf_token")
        return self.client.post(f"/organisation/{self.office.id}/information", data=given)

    def press(self, address: str, **data: Any) -> TestResponse:
        """Send another form of the partner's pages."""
        token = csrf_token(self.client, f"/organisation/{self.office.id}")
        return self.client.post(address, data={"csrf_token": token, **data})


@pytest.fixture
def office(make: Factory) -> Office:
    """A consulate."""
    return make.organisation("Consulat du Sénégal", website="https://consulat.example")


@pytest.fixture
def partner(client: FlaskClient, office: Office) -> Partner:
    """Its coordinator."""
    return Partner(client, office)


def stored(board: Board) -> list[Listing]:
    """Every listing."""
    with board.db.read() as session:
        return list(session.scalars(sa.select(Listing)))


def test_what_is_published_is_there_at_once(partner: Partner, board: Board) -> None:
    """With badge, source by its host, area and place; nobody is mailed a link."""
    answer = partner.publish(
        source_url="https://consulat.example/passeports?x=1", area=json.dumps(INLAND)
    )
    assert answer.status_code == 303
    (row,) = stored(board)
    assert (row.kind, row.status, row.member_id) == (Kind.INFO, "open", None)
    assert row.area is not None
    html = partner.client.get(answer.location).text
    page = Page(html)
    assert page.one("a", href="https://consulat.example/passeports?x=1")
    assert "consulat.example</bdi>" in html
    assert "Consulat du Sénégal" in html and "Verified" in html


BAD: list[tuple[str, dict[str, Any], str]] = [
    ("no country", {"area_countries": None}, "area_countries"),
    ("no such country", {"area_countries": ["ZZ"]}, "area_countries"),
    ("another's country", {"area_countries": ["GA"]}, "area_countries"),
    ("no text", {"text": ""}, "text"),
    ("no title", {"title": " "}, "title"),
    ("an area that is no JSON", {"area": "{"}, "area"),
    ("an area with NaN", {"area": '{"type": "Polygon", "coordinates": NaN}'}, "area"),
    ("an area nested too deep", {"area": "[" * 20_000}, "area"),
    (
        "an area at latitude 91",
        {"area": '{"type": "Polygon", "coordinates": [[[9, 4], [10, 4], [10, 91], [9, 4]]]}'},
        "area",
    ),
    (
        "an area abroad",
        {"area": '{"type": "Polygon", "coordinates": [[[2, 48], [3, 48], [3, 49], [2, 48]]]}'},
        "area",
    ),
    ("a source without https", {"source_url": "http://consulat.example"}, "source_url"),
    ("a source of script", {"source_url": "javascript:alert(1)"}, "source_url"),
    ("another's item replaced", {"supersedes": "unknown-id-0"}, "supersedes"),
    ("no last day", {"ends_on": ""}, "ends_on"),
]


@pytest.mark.parametrize(("name", "changes", "field"), BAD, ids=[name for name, *_ in BAD])
def test_bad_input_names_its_field_and_writes_nothing(
    partner: Partner, board: Board, name: str, changes: dict[str, Any], field: str
) -> None:
    """422 with what was typed, never a traceback."""
    answer = partner.publish(**changes)
    assert answer.status_code == 422, name
    page = Page(answer.text)
    assert field in page.problems()
    if "title" not in changes:
        assert page.value("title") == TEXTS["title"]
    assert stored(board) == []


def test_the_form_is_there_for_partners_alone(
    client: FlaskClient, make: Factory, office: Office
) -> None:
    """Guests sign in; others, administrators too, find nothing; a second factor is asked."""
    address = f"/organisation/{office.id}/information/new"
    assert client.get(address).location.startswith("/sign-in")
    sign_in(client, make.administrator(), second_factor=True)
    assert client.get(address).status_code == 404
    sign_in(client, make.organisation("Mairie").member_id, second_factor=True)
    assert client.get(address).status_code == 404
    sign_in(client, office.member_id)
    assert client.get(address).location.startswith("/second-factor")
    assert client.get("/listings/new?kind=info").location == "/organisation"


def test_the_form_for_everybody_takes_no_information(client: FlaskClient, board: Board) -> None:
    """Whatever kind is typed into it."""
    token = csrf_token(client, "/listings/new?kind=request")
    data = {**TEXTS, "csrf_token": token, "kind": "info", "email": "a@example.org"}
    assert client.post("/listings", data=data).status_code == 404
    assert client.post("/listings?kind=info", data=data).status_code == 404
    assert stored(board) == []


def test_a_partner_keeps_replaces_and_takes_down(
    partner: Partner, make: Factory, board: Board
) -> None:
    """Each from the page of the organisation."""
    view = make.information(partner.office)
    base = f"/organisation/{partner.office.id}/information"
    later = "2030-01-01"
    assert partner.press(f"{base}/{view.public_id}/extend", ends_on=later).status_code == 422
    day = f"{view.ends_at.date().replace(day=28)}"
    assert partner.press(f"{base}/{view.public_id}/extend", ends_on=day).status_code == 303
    answer = partner.publish(supersedes=view.public_id, title="Plus récent")
    assert answer.status_code == 303
    replaced = partner.client.get(f"/listings/{view.public_id}")
    assert replaced.status_code == 410
    assert Page(replaced.text).one("a", href=answer.location, dir="auto")
    newer = answer.location.rpartition("/")[2]
    assert partner.press(f"{base}/{newer}/withdraw").status_code == 303
    assert partner.client.get(answer.location).status_code == 410
    assert matching.information_at(board, None, "CM") == ()


def test_a_reader_is_counted_by_a_script_without_a_cookie(
    partner: Partner, client: FlaskClient, make: Factory, board: Board
) -> None:
    """Reading changes nothing; the page of the organisation shows the number."""
    view = make.information(partner.office)
    stranger = english(client.application)
    page = Page(stranger.get(f"/listings/{view.public_id}").text)
    (counted,) = [each for each in page.all("div") if "data-count-reader" in each]
    assert readers.totals(board, [view.id]) == {view.id: 0}
    for _ in range(2):
        answer = stranger.post(counted["data-count-reader"])
        assert (answer.status_code, answer.headers.getlist("Set-Cookie")) == (204, [])
    assert readers.totals(board, [view.id]) == {view.id: 1}
    assert "1 reader" in partner.client.get(f"/organisation/{partner.office.id}").text


def test_officials_come_first_on_an_administrative_request(
    client: FlaskClient, make: Factory, office: Office
) -> None:
    """Before whoever can help; the same category only, and not on other requests."""
    answer, other = make.information(office), make.information(office, categories=("legal",))
    make.offer(categories=("admin",))
    request = make.open(categories=("admin",))
    html = client.get(f"/listings/{request.public_id}").text
    first, rest = html.index("Officials have answered this"), html.index("Who can help")
    assert first < html.index(answer.public_id) < html.index(other.public_id) < rest
    pets = make.open(categories=("pets",))
    assert "Officials have answered" not in client.get(f"/listings/{pets.public_id}").text


def test_published_answers_stand_with_the_item(
    client: FlaskClient, make: Factory, board: Board, office: Office
) -> None:
    """And the way to ask in private below them."""
    view = make.information(office)
    with board.db.write() as session:
        session.add(
            PublicAnswer(
                listing_id=view.id,
                question="Et les enfants ?",
                answer="Avec leurs parents.",
                locale="fr",
                created_at=view.created_at,
            )
        )
    html = client.get(f"/listings/{view.public_id}").text
    assert html.index("Et les enfants ?") < html.index("Avec leurs parents.")
    assert Page(html).one("a", href=f"/listings/{view.public_id}/question")
    assert listings.get(board, view.public_id).state == "open"
    assert information.details(board, view.id).source_url == ""
    assert asking.can_be_asked(board, view)

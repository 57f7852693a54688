"""A board with a text in every field that takes one, and every page that shows it again."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from werkzeug.test import TestResponse

from board import importing, listings, partners
from board.db import now
from board.importing import ImportRow
from board.listings import ListingFields
from matcher.place import Place
from matcher.taxonomy import Kind
from tests.promises.house import House, Post
from tests.web.conftest import Poster, csrf_token, english

PARTNER = "consulate@example.org"
_AT = Place.at(4.0503, 9.6980, 8)


def fill(house: House, texts: Sequence[str]) -> None:
    """Listings of every kind and door that hold these texts wherever a text is taken."""
    house.by_script(Post("plain", _AT.center))
    first = texts[0]
    partners.add_partner(house.board, PARTNER, "CM", first)
    sent = Poster(house.client).listing(
        kind="info", title=first, text=first, area_countries="CM", email=PARTNER, place="Douala"
    )
    assert sent.status_code == 303, sent.text
    house.confirm(PARTNER)
    importing.store(house.board, first[:64], [_row(house, n, t) for n, t in enumerate(texts)])
    for number, text in enumerate(texts[:3]):
        post = Post(f"typed{number}", _AT.center)
        fields = {**post.fields, "title": text, "text": text, "place": "Douala"}
        assert Poster(house.client).listing(**fields).status_code == 303
        house.confirm(post.email)
    house.alert("waits@example.org", _AT.center, 50)
    answered(house, texts[0])
    house.mailed()


def answered(house: House, text: str) -> None:
    """An answer to the plain listing, confirmed."""
    found = house.client.get("/listings.geojson?q=plain").json["features"]
    address = found[0]["properties"]["address"]
    client = house.client
    data = {
        "csrf_token": csrf_token(client, f"{address}/answer"),
        "email": "writer@example.org",
        "text": text,
    }
    assert client.post(f"{address}/answer", data=data).status_code == 303
    house.confirm("writer@example.org")


def _row(house: House, number: int, text: str) -> ImportRow:
    """An imported listing; files bring their own names of places."""
    with house.board.db.read() as session:
        moment = now(session)
    fields = ListingFields(
        kind=Kind.OFFER if number % 2 else Kind.REQUEST,
        categories=("groceries",),
        urgency=0,
        title=text[:120],
        text=text,
        languages=("fr",),
        cell=_AT.cell,
        country="CM",
        place_name=text,
        radius_km=20.0,
        starts_at=moment,
        ends_at=moment + timedelta(days=9),
    )
    return ImportRow(number, f"row-{number}", (fields,), organisation=text[:120])


@dataclass(frozen=True, slots=True)
class Shown:
    """An answer, and where it came from."""

    address: str
    response: TestResponse


def addresses(house: House) -> list[str]:
    """Every page that shows what was stored."""
    whole = house.client.get("/listings.geojson").json["features"]
    pages = [each["properties"]["address"] for each in whole]
    lists = [f"/listings?page={number}" for number in range(1, 5)]
    return ["/", *lists, "/listings?near=Douala,+Cameroun", *pages]


def echoes(house: House, text: str) -> Iterator[Shown]:
    """The pages that repeat what was just typed, in each of their fields."""
    client = english(house.app)
    poster = Poster(client)
    for name in ("q", "near", "kind", "category", "urgency", "radius_km", "place", "cell", "lang"):
        response = client.get("/listings", query_string={name: text})
        yield Shown(f"/listings?{name}", response)
        yield Shown("/listings.geojson", client.get("/listings.geojson", query_string={name: text}))
    yield Shown("/places", client.get("/places", query_string={"q": text}))
    yield Shown(
        "/listings/new", client.get("/listings/new", query_string={"kind": text, "x": text})
    )
    yield Shown("/links", client.get(f"/links/{text.replace('/', '-')}"))
    for fields in _form(text):
        yield Shown(f"listing {list(fields)}", poster.listing(**{"email": "no", **fields}))
        yield Shown(f"alert {list(fields)}", poster.alert(**{"email": "no", **fields}))
    yield Shown("info", poster.listing(kind="info", area=text, area_countries=text, email="no"))


def _form(text: str) -> Iterator[dict[str, Any]]:
    names = ("title", "text", "email", "key", "place_for", "precision", "starts_on", "radius_km")
    choices = ("categories", "urgency", "reach", "languages", "kinds", "where", "least_urgency")
    yield dict.fromkeys(names, text)
    yield dict.fromkeys(choices, text)
    for name in ("place", "place_id", "cell", "step"):
        yield {name: text}


def stored(house: House, text: str) -> bool:
    """Whether a listing of this title is on the board."""
    with house.board.db.read() as session:
        rows = session.query(listings.Listing.title).all()
    return any(title == text[:120] for (title,) in rows)

"""A board with a text in every field that takes one, and every page that shows it again."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import sqlalchemy as sa
from werkzeug.test import TestResponse

from board import (
    conversations,
    importing,
    members,
    messages,
    organisations,
    profiles,
    reports,
    roles,
    sessions,
)
from board.cases import Case
from board.conversations import Conversation, Side
from board.db import now
from board.importing import ImportRow
from board.listings import Listing, ListingFields
from board.organisations import Organisation
from board.profiles import Profile
from matcher.place import Place
from matcher.taxonomy import Kind
from tests.factories import Factory
from tests.promises.house import House, Post
from tests.web.conftest import Poster, csrf_token, english

#: Who asked for help and got an answer, and who wrote it. The first reads what was reported, too.
ASKER, WRITER = "plain@example.org", "writer@example.org"
_AT = Place.at(4.0503, 9.6980, 8)


def fill(house: House, texts: Sequence[str]) -> None:
    """Listings of every kind and door that hold these texts wherever a text is taken."""
    house.by_script(Post("plain", _AT.center))
    informed(house, texts[0])
    importing.store(house.board, texts[0][:64], [_row(house, n, t) for n, t in enumerate(texts)])
    for number, text in enumerate(texts[:3]):
        post = Post(f"typed{number}", _AT.center)
        fields = {**post.fields, "title": text, "text": text, "place": "Douala"}
        assert Poster(house.client).listing(**fields).status_code == 303
        house.confirm(post.email)
    house.alert("waits@example.org", _AT.center, 50)
    answered(house, texts[0])
    said(house, texts)
    reported(house, texts)
    house.mailed()


def informed(house: House, text: str) -> None:
    """A consulate informs, and somebody asks it; whoever asked for help works there."""
    make = Factory(house.board)
    office = make.organisation(name=text)
    official = make.information(office, title=text, text=text)
    client = house.client
    address = f"/listings/{official.public_id}/question"
    token = csrf_token(client, address)
    data = {"csrf_token": token, "email": WRITER, "text": text}
    assert client.post(address, data=data).status_code == 303
    house.confirm(WRITER)
    with house.board.db.write() as session:
        asker = members.by_email(session, ASKER)
        assert asker is not None
        row = organisations.find(session, office.id)
        organisations.give_seat(session, row, asker.id, organisations.COORDINATOR)


def answered(house: House, text: str) -> None:
    """An answer to the plain listing, confirmed."""
    found = house.client.get("/listings.geojson?q=plain").json["features"]
    address = found[0]["properties"]["address"]
    client = house.client
    data = {
        "csrf_token": csrf_token(client, f"{address}/answer"),
        "email": WRITER,
        "text": text,
    }
    assert client.post(f"{address}/answer", data=data).status_code == 303
    house.confirm(WRITER)


def said(house: House, texts: Sequence[str]) -> None:
    """Whoever wrote goes on: under a name, with all texts and with a contact."""
    board = house.board
    with board.db.read() as session:
        conversation = session.scalars(sa.select(Conversation)).one()
        writer = members.by_email(session, WRITER)
        assert writer is not None
        public_id, member_id = conversation.public_id, writer.id
    profiles.save(board, member_id, Profile(display_name=texts[39]))
    seat = conversations.seat_of_member(board, public_id, member_id)
    assert seat.side == Side.ANSWERER
    messages.write(board, seat, "\n".join(texts), "key-of-a-message")
    messages.share_contact(board, seat, texts[40])


def reported(house: House, texts: Sequence[str]) -> None:
    """Every listing stands in the queue of a moderator, with what its reporter wrote."""
    with house.board.db.read() as session:
        found = session.scalars(sa.select(Listing.public_id).order_by(Listing.id)).all()
    for public_id, text in zip(found, itertools.cycle(texts)):
        reports.report(house.board, public_id, "other", text)
    roles.grant(house.board, ASKER, "moderator")


def session_of_asker(house: House) -> str:
    """The token of a session of whoever asked, with the second factor of a moderator."""
    with house.board.db.write() as session:
        member = members.by_email(session, ASKER)
        assert member is not None
        return sessions.open_(session, member.id, second_factor=True)


def own_addresses(house: House) -> list[str]:
    """What the asker alone sees: the conversation, one's own things and data, the queue."""
    with house.board.db.read() as session:
        talk = session.scalars(sa.select(Conversation.public_id)).one()
        cases = session.scalars(sa.select(Case.id).order_by(Case.id)).all()
        office = session.scalars(sa.select(Organisation.public_id)).one()
    own = ["/me", "/me/data", "/me/profile", "/conversations", f"/conversations/{talk}"]
    desk = [f"/organisation/{office}", f"/organisation/{office}/inbox"]
    return [*own, *desk, "/moderation", *(f"/moderation/cases/{number}" for number in cases)]


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
    return ["/", "/organisations", *lists, "/listings?near=Douala,+Cameroun", *pages]


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
        titles = session.scalars(sa.select(Listing.title)).all()
    return text[:120] in titles

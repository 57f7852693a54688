"""Twins: two boards whose people live elsewhere in the same cells, and questions to both.

Ids and the clock are fixed; tokens of forms and headers that tell the time are masked.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from dataclasses import dataclass
from email.message import EmailMessage
from typing import Any

import numpy as np
import pytest
import sqlalchemy as sa

from benchmarks.privacy.earth import disc
from board import db, places
from board.codes import ALPHABET
from board.db import Base
from board.gazetteer import Gazetteer
from matcher.place import Place, great_circle_m
from tests.fakes import html_of, text_of
from tests.promises.house import House, Point, Post, Stopped
from tests.web.conftest import english

#: Where people live: around large and small towns, in sparse country, either side of ±180.
_AROUND: tuple[Point, ...] = (
    (4.0531, 9.7012),
    (48.8566, 2.3522),
    (66.0123, 100.0456),
    (-16.7788, -179.9991),
    (-18.1416, 178.4419),
)
#: A village of sparse country, and two positions near it in one cell of resolution 7.
VILLAGE = "Tiefencastel"
_AT_THE_VILLAGE = (46.66014, 9.57883)
_CATEGORIES = ("groceries", "meals", "errands", "childcare", "pets")


@dataclass(frozen=True, slots=True)
class Pair:
    """What two twins post: the same, from two positions that the board must not tell apart."""

    name: str
    door: str
    points: tuple[Point, Point]
    kind: str
    category: str
    radius_km: str

    def post(self, twin: int) -> Post:
        """As twin 0 or 1 posts it."""
        return Post(self.name, self.points[twin], self.kind, self.category, self.radius_km)


def kept(point: Point, resolution: int) -> Place:
    """The cell of a position, cut as "near me" cuts."""
    return Place.at(*point, 8).coarsened(resolution)


def pairs(gazetteer: Gazetteer, count: int = 24) -> list[Pair]:
    """Twins at every door, in every sort of country, of both kinds."""
    chance = random.Random(7)
    doors = ("script", "geocoder", "import")
    found = [
        Pair(
            name=f"twin{number}",
            door=doors[number % len(doors)],
            points=_apart(gazetteer, _AROUND[number % len(_AROUND)], number, number % 4 == 3),
            kind="request" if number % 2 else "offer",
            category="childcare" if number % 4 == 3 else chance.choice(_CATEGORIES),
            radius_km=str(chance.choice((5, 20, 100))),
        )
        for number in range(count)
    ]
    village = _apart(gazetteer, _AT_THE_VILLAGE, count, False, spread_m=1)
    return [*found, Pair("plain", "no script", village, "request", "groceries", "20")]


def _apart(
    gazetteer: Gazetteer, near: Point, seed: int, sheltered: bool, spread_m: float = 4000
) -> tuple[Point, Point]:
    """Two positions of one cell, as far apart in it as chance has them."""
    chance = np.random.default_rng(seed)
    first = tuple(disc(near, spread_m, 1, chance)[0].tolist())
    category = ("childcare",) if sheltered else ()
    resolution = places.kept_resolution(gazetteer, Place.at(*first, 8).cell, category)
    center = kept(first, resolution).center
    others = disc(center, 1300 if resolution == 7 else 500, 60, chance).tolist()
    inside = [
        (lat, lng)
        for lat, lng in others
        if kept((lat, lng), resolution) == kept(first, resolution)
        # What a door gets at 15 is coarsened by its ancestors: not where these leave the cell.
        and Place.at(lat, lng, 15).coarsened(resolution) == kept(first, resolution)
    ]
    one, other = max(
        ((one, other) for one in inside for other in inside),
        key=lambda pair: great_circle_m(*pair[0], *pair[1]),
    )
    assert great_circle_m(*one, *other) > 400
    return one, other


def fill(house: House, monkeypatch: pytest.MonkeyPatch, found: list[Pair], twin: int) -> None:
    """Everything of one twin, with ids and a clock that are the same for both."""
    house.board.db.clock_offset = Stopped()  # type: ignore[assignment]
    monkeypatch.setattr(db, "secrets", random.Random(11))
    for number, point in enumerate(_AROUND):
        house.alert(f"waits{number}@example.org", point, 30.5)
    for number, (center, radius_m) in enumerate(circles(found)):
        house.waits(f"circle{number}@example.org", center, radius_m)
    for pair in found:
        post = pair.post(twin)
        match pair.door:
            case "script":
                house.by_script(post)
            case "geocoder":
                house.by_geocoder(post)
            case "import":
                house.by_import(post)
            case _:
                house.without_script(post, VILLAGE)
    # Somebody who probes: own offers and requests all around, as precise as they like.
    own = (point for near in _AROUND for point in disc(near, 6000, 4, np.random.default_rng(3)))
    house.by_import(
        *(
            Post(f"probe{number}", tuple(at.tolist()), ("offer", "request")[number % 2])
            for number, at in enumerate(own)
        )
    )
    house.mailed()


def circles(found: list[Pair]) -> Iterator[tuple[Place, int]]:
    """Alerts that tell the two positions of a pair apart, if alerts look at positions."""
    chance = np.random.default_rng(5)
    for pair in found:
        for lat, lng in disc(pair.points[0], 9000, 1, chance).tolist():
            center = Place.at(lat, lng, 8).coarsened(7)
            far = [great_circle_m(*center.center, *point) for point in pair.points]
            yield center, max(2000, round(sum(far) / 2))


def questions(found: list[Pair], count: int, ids: list[str]) -> Iterator[str]:
    """Random addresses: filters whose circles cut the cells, orders, pages, names."""
    chance = random.Random(13)
    for _ in range(count):
        kind = chance.random()
        if kind < 0.65:
            yield f"/listings.geojson?{_filter(found, chance)}"
        elif kind < 0.82:
            yield f"/listings?{_filter(found, chance)}"
        elif kind < 0.93:
            yield f"/listings/{chance.choice(ids)}?lang={_language(chance)}"
        elif kind < 0.96:
            yield f"/listings/{chance.choice(ids)}/answer"
        else:
            cell = _vantage(chance.choice(found), chance).hex
            yield chance.choice(
                [
                    "/",
                    f"/places?cell={cell}",
                    f"/places/grid?cell={cell}",
                    f"/places/names?cell={cell}",
                    f"/places/land?cell={cell}",
                ]
            )


def _language(chance: random.Random) -> str:
    return chance.choice(("fr", "en", "es", "pt", "ar"))


def _vantage(pair: Pair, chance: random.Random) -> Place:
    lat, lng = chance.choice(pair.points)
    far = 10 ** chance.uniform(-2.5, -0.4)
    return Place.at(
        lat + chance.uniform(-far, far),
        (lng + chance.uniform(-far, far) + 180) % 360 - 180,
        chance.choice((5, 6, 7, 8, 8, 8, 9, 15)),
    )


def _filter(found: list[Pair], chance: random.Random) -> str:
    pair = chance.choice(found)
    place = _vantage(pair, chance)
    between = chance.choice((pair.points[0], pair.points[1]))
    # As far as one of the two positions: a search on exact points would find one and not the other.
    radius_km = great_circle_m(*place.center, *between) / 1000 + chance.uniform(-0.3, 0.3)
    if chance.random() < 0.2:
        radius_km = chance.uniform(1, 500)
    parts = [f"cell={place.hex}", f"radius_km={max(1.0, radius_km):.3f}"]
    extra = {
        "kind": chance.choice((pair.kind, "offer", "request")),
        "category": chance.choice(_CATEGORIES),
        "urgency": str(chance.randint(0, 3)),
        "q": chance.choice((pair.name, "twin", "probe1", "example")),
        "lang": _language(chance),
        "page": "2",
    }
    parts += [f"{name}={value}" for name, value in extra.items() if chance.random() < 0.2]
    return "&".join(parts)


_MASKED = (
    (re.compile(r'(name="csrf_token" value=")[^"]+'), r"\1…"),
    (re.compile(r'(name="key" value=")[^"]+'), r"\1…"),
)
_TIMED = {"server-timing", "set-cookie", "date"}


def answer(house: House, address: str) -> tuple[int, list[tuple[str, str]], str]:
    """An answer byte for byte, besides tokens and what tells the time."""
    client = english(house.app)
    response = client.get(address)
    headers = [pair for pair in response.headers if pair[0].lower() not in _TIMED]
    text = response.get_data(as_text=True)
    for pattern, mask in _MASKED:
        text = pattern.sub(mask, text)
    if text != response.text:
        # A masked token is a few bytes longer or shorter.
        headers = [pair for pair in headers if pair[0] != "Content-Length"]
    return response.status_code, sorted(headers), text


def both(message: EmailMessage) -> str:
    """What a mail says, in plain text and in HTML."""
    return text_of(message) + html_of(message)


#: A code is made of the token of its link.
_CODE = re.compile(rf"\b[{ALPHABET}]{{4}}-[{ALPHABET}]{{4}}\b")


def letters(house: House) -> list[tuple[list[str], list[tuple[str, str]], str]]:
    """Every mail that was sent: recipients, headers and text, besides links' tokens and codes."""
    return [
        (to, _headers(message), _CODE.sub("…", re.sub(r"/links/\S+", "/links/…", both(message))))
        for to, message in zip(house.smtp.recipients, house.smtp.messages, strict=True)
    ]


def _headers(message: EmailMessage) -> list[tuple[str, str]]:
    return [(name, str(value)) for name, value in message.items()]


#: What is random or sealed in the tables.
_RANDOM = {
    "links.token_hash",
    "outbox.payload",
    "outbox.lease",
    "answers.sealed",
    "board_state.epoch",
}


def dump(house: House) -> dict[str, list[dict[str, Any]]]:
    """All rows of all tables, besides tokens and what is sealed."""
    with house.board.db.read() as session:
        return {
            table.name: [
                {
                    name: str(value)
                    for name, value in row._mapping.items()
                    if f"{table.name}.{name}" not in _RANDOM
                }
                for row in session.execute(sa.select(table).order_by(*table.primary_key))
            ]
            for table in Base.metadata.sorted_tables
        }

"""T1 and T2: what the public sees of a position is one cell, the same for ever."""

from __future__ import annotations

import random
import re
from collections import Counter
from collections.abc import Iterator

import numpy as np
import pytest

from benchmarks.privacy import inversion, weak
from benchmarks.privacy.earth import disc, distances_m, middle
from benchmarks.privacy.guessing import Target
from benchmarks.privacy.people import Person
from matcher.place import Place, great_circle_m
from tests.promises.house import House, Point, Post

HOME: Point = (4.0531, 9.7012)
READS = 1000
_LANGUAGES = ("fr", "en", "es", "pt", "ar")
_DEGREES = re.compile(r"(?<![\w.])-?\d{1,3}\.\d{4,}")


def test_T01_a_thousand_reads_see_one_coordinate(house: House) -> None:
    """By every endpoint, zoom, language, account, door, edit and repost: one cell, one centre."""
    house.by_script(Post("first", HOME))
    house.by_geocoder(Post("second", HOME))
    house.by_import(Post("third", HOME), Post("fourth", HOME, "offer"))
    house.by_script(Post("fifth", HOME, "offer", "meals"))
    house.alert("reader@example.org", HOME, 100)
    accounts = [
        house.client,
        house.member("reader@example.org"),
        house.member("second@example.org"),
    ]
    cell = Place.at(*HOME, 8)
    seen = Counter[float]()
    for number, (address, asked) in enumerate(reads(house)):
        if number % (READS // 4) == READS // 8:
            house.edited("first@example.org", f"first, changed before read {number}")
        seen += Counter(numbers(accounts[number % 3].get(address).text) - asked)
    assert set(seen) == numbers_of(cell.center, *cell.boundary())
    assert min(seen.values()) > READS / 2
    assert great_circle_m(*cell.center, *HOME) > 100, "the person lives at the centre by chance"


def test_T01_control_reads_of_fresh_noise_average_to_the_position() -> None:
    """The same thousand reads, where each is moved anew as Entourage did."""
    noise = np.random.default_rng(1)
    seen = [weak.fresh_noise(HOME, noise) for _ in range(READS)]
    assert len(set(seen)) == READS
    assert great_circle_m(*middle(np.array(seen)), *HOME) < 20


def reads(house: House) -> Iterator[tuple[str, set[float]]]:
    """Addresses of what shows the home, and the coordinates that they themselves ask about."""
    chance = random.Random(1)
    found = house.client.get("/listings.geojson").json["features"]
    pages = [each["properties"]["address"] for each in found]
    assert len(pages) == 5
    for number in range(READS):
        language = f"lang={chance.choice(_LANGUAGES)}"
        if number % 10 == 0:
            yield f"{chance.choice(pages)}?{language}", set()
            continue
        place = Place.at(HOME[0] + chance.uniform(-0.2, 0.2), HOME[1], chance.randint(5, 8))
        query = f"cell={place.hex}&radius_km={chance.uniform(60, 500):.3f}&{language}"
        if number % 10 == 1:
            coarser = (place.coarsened(each) for each in range(5, place.resolution + 1))
            yield f"/listings?{query}", numbers_of(*(each.center for each in coarser))
        else:
            yield f"/listings.geojson?{chance.choice([query, language])}", set()


def numbers(text: str) -> set[float]:
    """What in a text may be a coordinate, to a metre."""
    return {round(float(number), 5) for number in _DEGREES.findall(text)}


def numbers_of(*points: Point) -> set[float]:
    """The coordinates of points, to a metre."""
    return {round(degrees, 5) for point in points for degrees in point}


ALIKE = {
    "in a large town": (HOME, "groceries", 8),
    "who has children": (HOME, "childcare", 7),
    "in sparse country": ((66.0123, 100.0456), "groceries", 7),
    "at a village": ((46.57, 9.65), "groceries", 7),
    "at ±180": ((-16.7788, -179.9991), "groceries", 7),
}


@pytest.mark.parametrize(("home", "category", "resolution"), ALIKE.values(), ids=ALIKE)
def test_T02_five_hundred_points_of_a_cell_give_one_output(
    house: House, home: Point, category: str, resolution: int
) -> None:
    """Nothing of where in the cell somebody is comes out, whoever has the code."""
    cell = Place.at(*home, 8).coarsened(resolution)
    points = points_in(cell, 500)
    house.by_import(*(Post(f"n{i}", at, category=category) for i, at in enumerate(points)))
    features = house.client.get("/listings.geojson").json["features"]
    assert len(features) == 500
    for feature in features:
        # What a listing is called and where its page is are all that tells them apart.
        for name in ("title", "address"):
            del feature["properties"][name]
        del feature["id"]
    assert all(feature == features[0] for feature in features)
    assert features[0]["properties"]["cell"] == cell.hex


def test_T02_control_a_keyless_displacement_is_inverted() -> None:
    """The same points, displaced by 400 m as Freegle does: many outputs, each undone."""
    cell = Place.at(*HOME, 8)
    points = points_in(cell, 500)
    shown = weak.displaced(np.array(points))
    assert len({tuple(each) for each in shown.tolist()}) > 400
    left_m = [
        great_circle_m(*inversion.displacement(target, np.random.default_rng(1)), *point)
        for point in points[:40]
        if (target := Target(Person("somebody", "city", point), cell))
    ]
    assert np.median(left_m) < 40


def points_in(cell: Place, count: int) -> list[Point]:
    """Points all over a cell, as far as it reaches through the cells of 8 that it is made of."""
    tried = disc(cell.center, 3000 if cell.resolution == 7 else 900, 20 * count,
                 np.random.default_rng(1))  # fmt: skip
    inside = [
        (lat, lng)
        for lat, lng in tried.tolist()
        if Place.at(lat, lng, 8).coarsened(cell.resolution) == cell
    ][:count]
    assert len(inside) == count
    assert distances_m(np.array(inside), cell.center).max() > 0.4 * (
        2400 if cell.resolution == 7 else 900
    )
    return inside

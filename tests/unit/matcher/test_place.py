"""Places are cells; distances are whole metres between their centres."""

import math

import h3.api.basic_int as h3
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from matcher.centers import centers, centers_one_by_one
from matcher.place import (
    EARTH_RADIUS_M,
    REMOTE_REGION,
    Place,
    PlaceError,
    great_circle_m,
)
from tests import reference
from tests.unit.matcher import worlds

NAN, INFINITY = float("nan"), float("inf")
QUARTER_M = math.pi / 2 * EARTH_RADIUS_M
Floats = NDArray[np.float64]


@pytest.mark.parametrize(
    ("lat", "lng", "resolution", "field", "reason"),
    [
        (NAN, 0, 8, "lat", "not a number"),
        (INFINITY, 0, 8, "lat", "infinite"),
        (True, 0, 8, "lat", "a boolean"),
        ("4", 0, 8, "lat", "a text"),
        (None, 0, 8, "lat", "nothing"),
        (90.0001, 0, 8, "lat", "north of the pole"),
        (-91, 0, 8, "lat", "south of the pole"),
        (10**400, 0, 8, "lat", "a whole number too large for a float"),
        (0, NAN, 8, "lng", "not a number"),
        (0, -INFINITY, 8, "lng", "infinite"),
        (0, False, 8, "lng", "a boolean"),
        (0, 180.0001, 8, "lng", "beyond the antimeridian, not wrapped"),
        (0, -181, 8, "lng", "beyond the antimeridian, not wrapped"),
        (0, 0, 16, "resolution", "finer than H3 knows"),
        (0, 0, -1, "resolution", "coarser than H3 knows"),
        (0, 0, True, "resolution", "a boolean"),
        (0, 0, 7.0, "resolution", "not a whole number"),
    ],
)
def test_bad_coordinates_are_refused_by_name(
    lat: object, lng: object, resolution: object, field: str, reason: str
) -> None:
    """The error names the argument and what is accepted, and does not repeat the value."""
    with pytest.raises(
        PlaceError, match=rf"^{field} must be a .*(number).* from -?\d+ to \d+$"
    ) as e:
        Place.at(lat, lng, resolution)  # type: ignore[arg-type]
    assert e.value.field == field


@pytest.mark.parametrize(
    "cell",
    [
        0,
        -1,
        True,
        1.5,
        None,
        2**63,
        2**64,
        0x88754E6499FFFFF ^ 1,
        h3.get_pentagons(3)[0] ^ (1 << 59),
    ],
)
def test_what_is_no_cell_is_refused(cell: object) -> None:
    """Only indexes of H3 cells make a place."""
    with pytest.raises(PlaceError, match=r"^cell must be the index of an H3 cell$"):
        Place(cell)  # type: ignore[arg-type]


@pytest.mark.parametrize("text", ["", "xyz", "0x88754e6499fffff", "88754e6499ffff", "8" * 15, None])
def test_what_is_no_hexadecimal_cell_is_refused(text: object) -> None:
    """Digits of a cell are neither guessed nor mended."""
    with pytest.raises(PlaceError, match=r"^cell must be the index of an H3 cell"):
        Place.from_hex(text)  # type: ignore[arg-type]


@given(worlds.cells(0, 15))
def test_a_place_survives_its_hexadecimal_form(cell: int) -> None:
    """The text that a place gives is the text that makes it."""
    place = Place(cell)
    assert Place.from_hex(place.hex) == place
    assert Place.from_hex(place.hex.upper()) == place
    assert place.hex == h3.int_to_str(cell)


@given(worlds.points(), st.integers(0, 15))
def test_a_place_is_the_cell_around_its_center(point: tuple[float, float], resolution: int) -> None:
    """Taking the cell of the centre of a cell gives the same cell."""
    place = Place.at(*point, resolution)
    assert Place.at(*place.center, resolution) == place
    assert place.resolution == resolution
    assert 0 <= place.region < REMOTE_REGION
    assert len(place.boundary()) >= 5


def test_both_names_of_the_antimeridian_give_one_place() -> None:
    """Longitude 180 is longitude -180."""
    assert Place.at(-16.8, 180, 8) == Place.at(-16.8, -180, 8)


@pytest.mark.parametrize("lat", [90, -90])
def test_a_pole_is_one_place_at_every_longitude(lat: float) -> None:
    """At a pole all meridians meet."""
    assert len({Place.at(lat, lng, 8) for lng in (-180, -90, 0, 45, 180)}) == 1


def test_a_place_is_coarsened_to_its_ancestor_and_never_refined() -> None:
    """Precision can be given up, not gained."""
    place = Place.at(*worlds.DOUALA, 8)
    assert place.coarsened(6).cell == h3.cell_to_parent(place.cell, 6)
    assert place.coarsened(8) == place
    with pytest.raises(PlaceError, match=r"^resolution must be at most 8, that of the cell$"):
        place.coarsened(9)


@pytest.mark.parametrize(
    ("a", "b", "metres"),
    [
        ((0, 0), (0, 0), 0),
        ((0, 0), (0, 90), QUARTER_M),
        ((90, 0), (0, 123), QUARTER_M),
        ((90, 0), (-90, 77), 2 * QUARTER_M),
        ((0, 0), (0, 180), 2 * QUARTER_M),
        ((10, 180), (10, -180), 0),
        ((0, 179.5), (0, -179.5), QUARTER_M / 90),
        ((45, 0), (46, 0), QUARTER_M / 90),
    ],
)
def test_distances_known_by_geometry(
    a: tuple[float, float], b: tuple[float, float], metres: float
) -> None:
    """Arcs of meridians and of the equator are fractions of the circumference."""
    assert great_circle_m(*a, *b) == pytest.approx(metres, abs=1e-6)


@given(worlds.cells(0, 15), worlds.cells(0, 15))
def test_distance_is_symmetric_and_that_of_the_reference(first: int, second: int) -> None:
    """Whichever end is asked, the answer is the same whole number of metres."""
    a, b = Place(first), Place(second)
    assert a.distance_m(b) == b.distance_m(a) == reference.distance_m(first, second)
    assert type(a.distance_m(b)) is int


@given(worlds.points(), worlds.points())
def test_haversine_agrees_with_the_angle_between_vectors(
    first: tuple[float, float], second: tuple[float, float]
) -> None:
    """Two formulas that share nothing agree to a decimetre, at the antipode too."""
    by_vectors = _angle_between(_vector(*first), _vector(*second)) * EARTH_RADIUS_M
    assert great_circle_m(*first, *second) == pytest.approx(by_vectors, abs=0.15)


def _vector(lat: float, lng: float) -> Floats:
    phi, lambda_ = math.radians(lat), math.radians(lng)
    flat = math.cos(phi)
    return np.array((flat * math.cos(lambda_), flat * math.sin(lambda_), math.sin(phi)))


def _angle_between(first: Floats, second: Floats) -> float:
    """Angle in radians between unit vectors, precise for small angles too.

    2·atan2(|a - b|, |a + b|) (W. Kahan, "How Futile are Mindless Assessments of Roundoff", 2006).
    """
    apart, together = np.linalg.norm(first - second), np.linalg.norm(first + second)
    return 2 * math.atan2(float(apart), float(together))


def test_centres_of_many_cells_are_those_of_each() -> None:
    """By the C library and by the package's own function, to the last bit; pentagons too."""
    random = np.random.default_rng(21)
    points = zip(random.uniform(-90, 90, 3000), random.uniform(-180, 180, 3000), strict=True)
    cells = [Place.at(*point, int(random.integers(0, 16))).cell for point in points]
    cells += [cell for resolution in (0, 5, 15) for cell in h3.get_pentagons(resolution)]
    each = [Place(cell).center for cell in cells]
    for many in (centers, centers_one_by_one):
        assert many(np.array(cells, dtype=np.int64)).tolist() == [list(pair) for pair in each]
        assert many(np.empty(0, dtype=np.int64)).shape == (0, 2)

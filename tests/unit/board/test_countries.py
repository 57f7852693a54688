"""Which country a point lies in."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from board.countries import BordersMissing, Countries
from board.gazetteer import Gazetteer
from board.i18n import LOCALES
from matcher.place import PlaceError


@pytest.fixture(scope="module")
def countries() -> Countries:
    """The borders as shipped."""
    return Countries.load()


@pytest.mark.parametrize(
    ("lat", "lng", "code", "where"),
    [
        (4.05, 9.70, "CM", "Douala"),
        (48.85, 2.35, "FR", "Paris: reserved FX is no country"),
        (18.54, -72.34, "HT", "Port-au-Prince"),
        (16.24, -61.53, "GP", "Guadeloupe has a code of its own"),
        (-20.90, 55.50, "RE", "and so has Réunion"),
        (-12.78, 45.23, "YT", "and Mayotte"),
        (-22.27, 166.45, "NC", "and New Caledonia"),
        (22.30, 114.17, "HK", "Hong Kong"),
        (28.46, -16.25, "ES", "the Canary Islands have only a reserved code"),
        (12.15, -68.27, "BQ", "Bonaire is part of BQ, not of the Netherlands alone"),
        (78.22, 15.64, "SJ", "Svalbard is part of SJ"),
        (55.95, -3.19, "GB", "Scotland"),
        (21.31, -157.86, "US", "Hawaii"),
        (42.66, 21.16, "XK", "Kosovo"),
        (44.95, 34.10, "UA", "Crimea as ISO 3166-2 lists it"),
        (35.20, 33.37, "CY", "the north of Cyprus likewise"),
        (31.70, 35.20, "PS", "Bethlehem"),
        (-16.80, 180.0, "FJ", "on the antimeridian"),
        (-16.80, -180.0, "FJ", "and on its other side"),
        (-90.0, 0.0, "AQ", "the South Pole"),
        (90.0, 0.0, "", "the North Pole"),
        (0.0, -20.0, "", "the middle of the Atlantic"),
    ],
)
def test_a_point_lies_in(
    countries: Countries, lat: float, lng: float, code: str, where: str
) -> None:
    """Territories go before their countries, and the sea is nobody's."""
    assert countries.of(lat, lng) == code, where


def test_cities_lie_where_the_gazetteer_says(countries: Countries, gazetteer: Gazetteer) -> None:
    """But for a few beside a border or in disputed land."""
    cities = list(gazetteer.cities(100_000))
    elsewhere = [city.name for city in cities if countries.of(city.lat, city.lng) != city.country]
    assert len(elsewhere) <= len(cities) / 500, elsewhere


def test_every_country_has_a_code_and_a_name(countries: Countries) -> None:
    """The 249 of ISO 3166-1 and Kosovo, named in every language of the interface."""
    assert len(countries.codes) == 250
    assert {"FR", "GB", "CN", "BQ", "GP", "XK", "EH"} <= countries.codes
    assert not {"FX", "IC", "EU", "UN", "AC"} & countries.codes
    for locale in LOCALES:
        assert all(countries.country_name(code, locale) != code for code in countries.codes)


@pytest.mark.parametrize(
    ("code", "locale", "name"),
    [
        ("CM", "fr", "Cameroun"),
        ("CM", "ar", "الكاميرون"),
        ("DE", "es", "Alemania"),
        ("ZZ9", "fr", "ZZ9"),
        ("", "en", ""),
    ],
)
def test_country_names(countries: Countries, code: str, locale: str, name: str) -> None:
    """In the reader's language; what is no code comes back as it is."""
    assert countries.country_name(code, locale) == name


@given(lat=st.floats(-90, 90))
def test_both_sides_of_the_antimeridian_are_one(countries: Countries, lat: float) -> None:
    """180 and −180 are the same line."""
    assert countries.of(lat, 180.0) == countries.of(lat, -180.0)


@given(lat=st.floats(-90, 90), lng=st.floats(-180, 180))
def test_every_answer_is_a_known_code(countries: Countries, lat: float, lng: float) -> None:
    """Or none."""
    assert countries.of(lat, lng) in countries.codes | {""}


@pytest.mark.parametrize("point", [(91.0, 0.0), (0.0, -181.0), (float("inf"), 0.0), (0.0, True)])
def test_a_point_off_the_earth_is_refused(countries: Countries, point: tuple[float, float]) -> None:
    """Nothing is wrapped or clamped."""
    with pytest.raises(PlaceError):
        countries.of(*point)


@pytest.mark.parametrize("content", [None, "", "{}", "[]", '{"type": "FeatureCollection"}'])
def test_borders_that_are_missing_are_told(tmp_path: Path, content: str | None) -> None:
    """With the file and the command that installs it."""
    path = tmp_path / "borders.json"
    if content is not None:
        path.write_text(content)
    with pytest.raises(BordersMissing, match=r"borders\.json holds no borders.*npm install"):
        Countries.load(path)

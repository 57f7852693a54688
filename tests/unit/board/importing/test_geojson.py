"""GeoJSON: its own ways to be wrong, the same listings in the end."""

from __future__ import annotations

from typing import Any

import pytest

from tests.unit.board.importing.files import (
    FEATURE,
    GOOD,
    Planner,
    csv_of,
    geojson_of,
    only,
)


@pytest.mark.parametrize(
    ("changed", "field", "reason"),
    [
        ({"type": "Point"}, "feature", "not a GeoJSON Feature"),
        ({"geometry": None}, "lat", "missing"),
        ({"geometry": {"type": "Polygon", "coordinates": []}}, "geometry", "is a Polygon"),
        ({"geometry": {"type": "MultiPoint", "coordinates": []}}, "geometry", "is a MultiPoint"),
        ({"geometry": [9.7, 4.05]}, "geometry", "is a list"),
        ({"geometry": {"type": "Point"}}, "geometry", "[longitude, latitude]"),
        ({"geometry": {"type": "Point", "coordinates": [9.7]}}, "geometry", "[longitude"),
        ({"geometry": {"type": "Point", "coordinates": ["9.7", "4.05"]}}, "geometry", "numbers"),
        ({"geometry": {"type": "Point", "coordinates": [True, 4.05]}}, "geometry", "numbers"),
        ({"geometry": {"type": "Point", "coordinates": [4.05, 91]}}, "lat", "-90 to 90"),
        ({"geometry": {"type": "Point", "coordinates": [181, 4.05]}}, "lng", "-180 to 180"),
        (
            {"geometry": {"type": "Point", "coordinates": [9.7, float("nan")]}},
            "lat",
            "-90 to 90",
        ),
        (
            {"geometry": {"type": "Point", "coordinates": [float("inf"), 4.05]}},
            "lng",
            "-180 to 180",
        ),
        ({"geometry": {"type": "Point", "coordinates": [10**400, 4]}}, "lng", "-180 to 180"),
    ],
)
def test_a_bad_feature_is_left_out_with_its_reason(
    plan: Planner, changed: dict[str, Any], field: str, reason: str
) -> None:
    """Features are numbered from 1."""
    good = {**FEATURE, "properties": {**FEATURE["properties"], "id": "good"}}  # type: ignore[dict-item]
    found = plan(geojson_of(good, {**FEATURE, **changed}), ".geojson")
    assert found.unit == "feature"
    assert [row.external_id for row in found.rows] == ["good"]
    (refused,) = found.refused
    assert refused.number == 2
    assert refused.problems[0].field == field
    assert reason in str(refused.problems[0])


@pytest.mark.parametrize(
    ("property_", "field"),
    [
        ({"id": 1.5}, "id"),
        ({"id": True}, "id"),
        ({"id": "\ud800"}, "id"),
        ({"title": "half a \udc00"}, "title"),
        ({"title": ["a"]}, "title"),
        ({"kind": {"a": 1}}, "kind"),
        ({"category": 3}, "category"),
        ({"category": ["groceries", 3]}, "category"),
        ({"starts": 1795161600}, "starts"),
        ({"urgency": True}, "urgency"),
        ({"radius_km": float("nan")}, "radius_km"),
        ({"radius_km": False}, "radius_km"),
        ({"country": 1}, "country"),
    ],
)
def test_a_property_of_another_type_is_refused(
    plan: Planner, property_: dict[str, Any], field: str
) -> None:
    """JSON has types: true is no number and a number is no title."""
    properties = {**FEATURE["properties"], **property_}  # type: ignore[dict-item]
    (refused,) = plan(geojson_of({**FEATURE, "properties": properties}), ".geojson").refused
    assert refused.problems[0].field == field


def test_a_feature_becomes_the_same_listing_as_its_csv_row(plan: Planner) -> None:
    """Two formats of one file are one import."""
    assert only(plan(geojson_of(FEATURE), ".geojson")).listings == only(plan(csv_of(GOOD))).listings


def test_a_feature_may_carry_its_id_itself_and_lists_as_lists(plan: Planner) -> None:
    """RFC 7946 gives features an id of their own, a text or a number."""
    properties = {k: v for k, v in FEATURE["properties"].items() if k != "id"}  # type: ignore[attr-defined]
    properties |= {"category": ["groceries", "meals"], "languages": ["fr", "en"], "radius_km": 5}
    feature = {**FEATURE, "id": 7, "properties": properties}
    row = only(plan(geojson_of(feature), ".geojson"))
    assert row.external_id == "7"
    assert row.listings[0].categories == ("groceries", "meals")
    assert row.listings[0].languages == ("fr", "en")
    assert row.listings[0].radius_km == 5

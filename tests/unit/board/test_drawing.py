"""Areas that are drawn for alerts: neither too narrow nor too wide, and never finer than a cell."""

from __future__ import annotations

from typing import Any

import pytest
import shapely

from board.drawing import drawn_area
from board.validation import Refused
from tests.factories import INLAND


def box(west: float, south: float, east: float, north: float) -> dict[str, Any]:
    """A rectangle as GeoJSON."""
    ring = [[west, south], [east, south], [east, north], [west, north], [west, south]]
    return {"type": "Polygon", "coordinates": [ring]}


def two(first: dict[str, Any], second: dict[str, Any]) -> dict[str, Any]:
    """Both as one area."""
    parts = [first["coordinates"], second["coordinates"]]
    return {"type": "MultiPolygon", "coordinates": parts}


def test_an_area_is_kept_to_about_a_kilometre() -> None:
    """What is drawn finer is rounded away."""
    area = drawn_area(box(9.654321, 4.012345, 9.8, 4.2))
    assert area.equals(shapely.box(9.65, 4.01, 9.8, 4.2))


@pytest.mark.parametrize(
    ("area", "accepted"),
    [
        (INLAND, True),
        (box(9.70, 4.00, 9.74, 4.04), True),
        (box(9.70, 4.00, 9.73, 4.03), False),
        # Long, and too narrow everywhere.
        (box(9.70, 4.00, 10.70, 4.03), False),
        # A degree of longitude is half as long at 60° north.
        (box(9.70, 60.00, 9.74, 60.04), False),
        (box(9.70, 60.00, 9.78, 60.04), True),
        (two(INLAND, box(9.70, 4.00, 9.73, 4.03)), False),
        (box(-10, -10, 10, 10), False),
        (box(9.70, 4.00, 9.7001, 4.0001), False),
        ({"type": "Point", "coordinates": [9.7, 4.0]}, False),
        ("Douala", False),
        (None, False),
        ([[]], False),
    ],
)
def test_an_area_has_a_floor_and_a_ceiling(area: Any, accepted: bool) -> None:
    """As the radius of an alert has, wherever it lies."""
    if accepted:
        drawn_area(area)
    else:
        with pytest.raises(Refused):
            drawn_area(area)

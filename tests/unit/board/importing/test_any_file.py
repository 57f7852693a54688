"""Whatever a file holds, the import answers."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from board import importing
from board.context import Board
from board.importing import ImportRow, RefusedRow
from board.importing.reading import RawRow
from board.importing.rows import check_row
from matcher.place import Place
from tests.unit.board.importing.files import FEATURE, GOOD, geojson_of, is_safe

MOMENT = datetime(2026, 11, 20, 12, tzinfo=UTC)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(lat=st.floats(-90, 90), lng=st.floats(-180, 180))
def test_no_accepted_place_is_finer_than_it_may_be(board: Board, lat: float, lng: float) -> None:
    """Anywhere on Earth: resolution 7 or 8, around the point or its cell's centre."""
    values = {**GOOD, "lat": lat, "lng": lng}
    raw = RawRow(1, {"codes" if k == "category" else k: v for k, v in values.items()})
    row = check_row(board, raw, importing.load(board, "entraide"), MOMENT)
    assert isinstance(row, ImportRow)
    cell = row.listings[0].cell
    assert cell is not None
    assert Place(cell).resolution in (7, 8)
    assert Place.at(lat, lng, 8).coarsened(Place(cell).resolution).cell == cell


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)
_FIELDS = ("id", "kind", "codes", "title", "text", "urgency", "starts", "ends", "lat", "lng",
           "radius_km", "reach", "country", "languages", "place", "locale")  # fmt: skip


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    name=st.sampled_from(_FIELDS),
    value=_JSON | st.text(st.characters(), max_size=20),
)
def test_no_value_of_any_field_breaks_the_import(board: Board, name: str, value: object) -> None:
    """Each value is accepted or refused with a reason, never an error of the program."""
    fields = {"codes" if k == "category" else k: v for k, v in GOOD.items()}
    raw = RawRow(1, {**fields, "lat": 4.05, "lng": 9.7, name: value})
    row = check_row(board, raw, importing.load(board, "entraide"), MOMENT)
    assert isinstance(row, ImportRow) or row.problems
    for problem in getattr(row, "problems", ()):
        assert is_safe(str(problem))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(features=st.lists(_JSON, max_size=4))
def test_no_feature_breaks_the_reading(board: Board, tmp_path: Path, features: list[Any]) -> None:
    """Whatever stands in the list of features."""
    path = tmp_path / "any.geojson"
    path.write_text(geojson_of(FEATURE, *features), encoding="utf-8")
    found = importing.plan(board, path, importing.load(board, "entraide"))
    assert len(found.rows) + len(found.refused) == 1 + len(features)
    assert all(isinstance(row, RefusedRow) and row.problems for row in found.refused)
    assert all(is_safe(str(problem)) for row in found.refused for problem in row.problems)

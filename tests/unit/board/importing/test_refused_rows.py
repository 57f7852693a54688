"""Rows that are left out, each with its reason."""

from __future__ import annotations

import pytest

from tests.unit.board.importing.files import (
    GOOD,
    Planner,
    csv_of,
)


@pytest.mark.parametrize(
    ("changed", "field", "reason"),
    [
        ({"id": ""}, "id", "missing"),
        ({"id": "x" * 129}, "id", "at most 128"),
        ({"id": "a\x00b"}, "id", "control character"),
        ({"kind": ""}, "kind", "missing"),
        ({"kind": "wish"}, "kind", "“wish” is not a kind. Accepted: request, offer"),
        ({"kind": "info"}, "kind", "not imported"),
        ({"category": ""}, "categories", "from 1 to 5"),
        ({"category": "gold"}, "categories", "“gold” is not a category"),
        ({"category": "groceries meals pets admin legal jobs"}, "categories", "1 to 5"),
        ({"kind": "request"}, "categories", "one category"),
        ({"category": "x" * 1001}, "category", "at most 1000"),
        ({"title": ""}, "title", "Write something"),
        ({"title": "x" * 121}, "title", "at most 120"),
        ({"title": "a\x00b"}, "title", "control character"),
        ({"title": "line\nbreak"}, "title", "line break"),
        ({"title": "safe \u202egnp.exe"}, "title", "reverses writing"),
        ({"title": "\u2067left to right\u2069"}, "title", "reverses writing"),
        ({"lat": ""}, "lat", "missing"),
        ({"lat": "nan"}, "lat", "from -90 to 90"),
        ({"lat": "inf"}, "lat", "from -90 to 90"),
        ({"lat": "1e400"}, "lat", "from -90 to 90"),
        ({"lat": "91"}, "lat", "from -90 to 90"),
        ({"lat": "-90.0001"}, "lat", "from -90 to 90"),
        ({"lat": "true"}, "lat", "from -90 to 90"),
        ({"lat": "1_0"}, "lat", "from -90 to 90"),
        ({"lat": "4,05"}, "lat", "from -90 to 90"),
        ({"lat": "٤"}, "lat", "from -90 to 90"),
        ({"lat": "0x10"}, "lat", "from -90 to 90"),
        ({"lng": "181"}, "lng", "from -180 to 180"),
        ({"lng": "-540"}, "lng", "from -180 to 180"),
        ({"starts": ""}, "starts", "missing"),
        ({"starts": "yesterday"}, "starts", "A date"),
        ({"starts": "20/11/2026"}, "starts", "A date"),
        ({"starts": "2026-11-31"}, "starts", "A date"),
        ({"starts": "2026-11-20T25:00Z"}, "starts", "A date"),
        ({"starts": "20261120"}, "starts", "A date"),
        ({"starts": "1795161600"}, "starts", "A date"),
        ({"starts": "0001-01-01T00:00+14:00"}, "starts", "year"),
        ({"starts": "9999-12-31"}, "starts", "year"),
    ],
)
def test_a_bad_row_is_left_out_with_its_reason(
    plan: Planner, changed: dict[str, str], field: str, reason: str
) -> None:
    """The row before it is taken; the bad one is told with its line and field."""
    found = plan(csv_of({**GOOD, "id": "good"}, {**GOOD, **changed}))
    assert [row.external_id for row in found.rows] == ["good"]
    (refused,) = found.refused
    assert refused.number == 3
    assert [problem.field for problem in refused.problems] == [field]
    assert reason in str(refused.problems[0])


@pytest.mark.parametrize(
    ("optional", "field", "reason"),
    [
        ({"urgency": "4"}, "urgency", "from 0 to 3"),
        ({"urgency": "1.5"}, "urgency", "0 to 3"),
        ({"urgency": "nan"}, "urgency", "from 0 to 3"),
        ({"radius_km": "0"}, "radius_km", "from 1 to 200"),
        ({"radius_km": "201"}, "radius_km", "from 1 to 200"),
        ({"radius_km": "inf"}, "radius_km", "from 1 to 200"),
        ({"ends": "2026-11-20T08:00Z"}, "until", "after the beginning"),
        ({"ends": "2028-11-20"}, "until", "a year at most"),
        ({"ends": "soon"}, "ends", "A date"),
        ({"reach": "galaxy"}, "reach", "local, country, language, world"),
        ({"languages": "fr klingon"}, "languages", "“klingon” is not a known code"),
        ({"country": "Cameroun"}, "place", "“CAMEROUN” is not a known code"),
        ({"locale": "de"}, "locale", "fr, en, es, pt, ar"),
        ({"text": "x" * 4001}, "text", "at most 4000"),
        ({"text": "\u202e"}, "text", "reverses writing"),
        ({"place": "\x07"}, "place", "control character"),
    ],
)
def test_an_optional_column_is_checked_as_well(
    plan: Planner, optional: dict[str, str], field: str, reason: str
) -> None:
    """What may be absent must be right where it is present."""
    (refused,) = plan(csv_of({**GOOD, **optional})).refused
    assert [problem.field for problem in refused.problems] == [field]
    assert reason in str(refused.problems[0])


def test_a_row_with_several_faults_tells_all_of_them(plan: Planner) -> None:
    """So that a row is mended once."""
    (refused,) = plan(csv_of({**GOOD, "lat": "91", "lng": "nan", "starts": "never"})).refused
    assert {problem.field for problem in refused.problems} == {"lat", "lng", "starts"}


def test_a_row_of_another_width_is_left_out(plan: Planner) -> None:
    """A comma too many shifts everything after it: nothing of the row is believed."""
    found = plan(csv_of(GOOD) + "a-2,offer\n" + "a-3" + ",x" * 7 + "\n")
    assert [row.number for row in found.refused] == [3, 4]
    assert "2 fields, the header has 7" in str(found.refused[0].problems[0])


def test_the_second_row_of_one_id_is_left_out(plan: Planner) -> None:
    """Which of the two is right, nobody can know; the first stays, as in a second run."""
    found = plan(csv_of(GOOD, {**GOOD, "title": "Autre chose"}, {**GOOD, "id": "b"}))
    assert [row.external_id for row in found.rows] == ["a-1", "b"]
    assert "Row 2 of this file has the same id" in str(found.refused[0].problems[0])


def test_the_line_is_where_the_row_begins(plan: Planner) -> None:
    """Quoted line breaks and empty lines count as lines of the file."""
    first = {**GOOD, "text": "one\ntwo\nthree"}
    found = plan(csv_of(first) + "\n" + csv_of({**first, "lat": "91"}).split("\n", 1)[1])
    assert [row.number for row in found.rows] == [2]
    assert [row.number for row in found.refused] == [6]


def test_reasons_are_counted_without_what_varies(plan: Planner) -> None:
    """A thousand refusals of one sort are one line of the summary."""
    bad = [{**GOOD, "id": f"b{n}", "category": f"gold{n}"} for n in range(3)]
    found = plan(csv_of(*bad, {**GOOD, "lat": "91"}))
    assert found.reasons == {
        "categories: “…” is not a category.": 3,
        "lat: A number from … to … is accepted.": 1,
    }

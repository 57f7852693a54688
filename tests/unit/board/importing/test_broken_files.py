"""Files that are refused as a whole."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from board import importing
from board.context import Board
from board.errors import Invalid
from tests.unit.board.importing.files import (
    FEATURE,
    GOOD,
    Planner,
    csv_of,
    geojson_of,
    is_safe,
)


@pytest.mark.parametrize(
    ("content", "suffix", "reason"),
    [
        (b"", ".csv", "empty"),
        (b" \n\n ", ".csv", "empty"),
        (b"\xef\xbb\xbf", ".csv", "column"),
        (csv_of(GOOD).encode("utf-16"), ".csv", "not UTF-8"),
        (csv_of({**GOOD, "title": "é"}).encode("latin-1"), ".csv", "not UTF-8 (byte"),
        (csv_of({k: v for k, v in GOOD.items() if k != "lat"}), ".csv", "“lat” is missing"),
        ("id,id,kind,category,title,lat,lng,starts\n", ".csv", "“id” is there twice"),
        (csv_of(GOOD) + '"a-2,offer\n', ".csv", "broken at line 3"),
        (csv_of({**GOOD, "title": "x" * 200_000}), ".csv", "broken at line 2"),
        (geojson_of(FEATURE)[:-2], ".geojson", "not JSON"),
        ("[" * 100_000, ".geojson", "nested too deeply"),
        (json.dumps(FEATURE), ".geojson", "“Feature”"),
        ("[]", ".json", "“list”"),
        ("3", ".json", "“int”"),
        ('{"type": "FeatureCollection"}', ".geojson", "no list of features"),
        (
            '{"type": "FeatureCollection", "features": [{"a": 1, "a": 2}]}',
            ".geojson",
            "'a' is there twice",
        ),
        (
            geojson_of(FEATURE, crs={"properties": {"name": "urn:ogc:def:crs:EPSG::3857"}}),
            ".geojson",
            "another reference system",
        ),
        (
            geojson_of({**FEATURE, "properties": {"name": "nothing of ours"}}),
            ".geojson",
            "No feature has the property “category”",
        ),
    ],
)
def test_a_broken_file_is_refused_as_a_whole(
    plan: Planner, content: str | bytes, suffix: str, reason: str
) -> None:
    """No row of such a file is believed, and the reason is said."""
    with pytest.raises(Invalid) as refusal:
        plan(content, suffix)
    assert {problem.field for problem in refusal.value.problems} == {"file"}
    assert reason in str(refusal.value)


@pytest.mark.parametrize(
    ("content", "suffix"),
    [
        ("\x1b[31mid\u202e,kind\n", ".csv"),
        ('{"type": "\\ud800\\u001b"}', ".geojson"),
        ('{"type": "FeatureCollection", "\\ud800": 1, "\\ud800": 2}', ".geojson"),
    ],
)
def test_what_a_broken_file_holds_is_shown_safely(plan: Planner, content: str, suffix: str) -> None:
    """No escape sequence of a file reaches the terminal."""
    with pytest.raises(Invalid) as refusal:
        plan(content, suffix)
    assert is_safe(str(refusal.value))


def test_every_missing_column_is_named_at_once(plan: Planner) -> None:
    """Whoever prepares a file mends it in one go."""
    with pytest.raises(Invalid) as refusal:
        plan("id,kind,title\n")
    missing = [problem.params["column"] for problem in refusal.value.problems]
    assert missing == ["category", "starts", "lat", "lng"]


def test_a_file_that_is_not_there_is_refused(board: Board, tmp_path: Path) -> None:
    """The operating system's reason is passed on."""
    with pytest.raises(Invalid, match="No such file"):
        importing.plan(board, tmp_path / "none.csv", importing.load(board, "entraide"))


def test_a_file_too_large_to_hold_is_refused(
    plan: Planner, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is told before it is read."""
    monkeypatch.setattr("board.importing.reading.MAX_FILE_BYTES", 100)
    with pytest.raises(Invalid, match="at most 100 are accepted"):
        plan(csv_of(GOOD, GOOD))

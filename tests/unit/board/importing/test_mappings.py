"""Mapping files: which are accepted, and what is said of the others."""

from __future__ import annotations

import copy
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
import tomli_w

from board import importing
from board.context import Board
from board.errors import Invalid
from board.reference import load_languages, load_taxonomy

GOOD: dict[str, Any] = {
    "source": "Somewhere",
    "languages": ["fr"],
    "radius_km": 10,
    "columns": {"id": "id", "kind": "kind", "starts": "when", "codes": "codes"},
    "kinds": {"need": ["request"]},
    "title": {"request": "Need: $category"},
    "codes": {"request": {"2a": "groceries"}},
}


@pytest.fixture(scope="module")
def board() -> Board:
    """The parts of a board that a mapping is compared with."""
    parts = SimpleNamespace(taxonomy=load_taxonomy(), languages=load_languages())
    return cast(Board, parts)


def changed(path: str, value: object) -> dict[str, Any]:
    """GOOD with one value replaced; its path has dots."""
    found: dict[str, Any] = copy.deepcopy(GOOD)
    *folders, name = path.split(".")
    inner = found
    for folder in folders:
        inner = inner.setdefault(folder, {})
    inner[name] = value
    return found


def written(tmp_path: Path, content: dict[str, Any]) -> str:
    """Path of a mapping file."""
    path = tmp_path / "mapping.toml"
    path.write_text(tomli_w.dumps(content), encoding="utf-8")
    return str(path)


@pytest.mark.parametrize("name", importing.names())
def test_a_mapping_that_ships_is_accepted(board: Board, name: str) -> None:
    """With categories and languages that the board knows."""
    assert importing.load(board, name).source


def test_a_path_is_as_good_as_a_name(board: Board, tmp_path: Path) -> None:
    """Whoever has a file of their own writes a mapping for it."""
    mapping = importing.load(board, written(tmp_path, GOOD))
    assert (mapping.source, mapping.open_for_days) == ("Somewhere", 30)


def test_the_source_can_be_named_anew(board: Board, tmp_path: Path) -> None:
    """Two files with one mapping need not be one source."""
    path = written(tmp_path, GOOD)
    assert importing.load(board, path, source="Elsewhere").source == "Elsewhere"


@pytest.mark.parametrize(
    ("path", "value", "field", "reason"),
    [
        ("colour", "red", "mapping.colour", "not known"),
        ("codes.offers", {}, "mapping.codes.offers", "not known"),
        ("source", "", "mapping.source", "Write something"),
        ("source", "x" * 65, "mapping.source", "at most 64"),
        ("source", "a\u202eb", "mapping.source", "reverses writing"),
        ("source", "Demo", "mapping.source", "another name than demo"),
        ("languages", ["fr", "xx"], "mapping.languages", "“xx” is not a known code"),
        ("languages", "fr", "mapping.languages", "tuple"),
        ("locale", "de", "mapping.locale", "fr, en, es, pt, ar"),
        ("time_zone", "Mars/Olympus", "mapping.time_zone", "Europe/Paris"),
        ("time_zone", "../etc/passwd", "mapping.time_zone", "Europe/Paris"),
        ("open_for_days", 0, "mapping.open_for_days", "greater than or equal to 1"),
        ("open_for_days", True, "mapping.open_for_days", "integer"),
        ("radius_km", 0.5, "mapping.radius_km", "greater than or equal to 1"),
        ("radius_km", float("inf"), "mapping.radius_km", "finite"),
        ("radius_km", float("nan"), "mapping.radius_km", "finite"),
        ("delimiter", ":", "mapping.delimiter", "';'"),
        ("columns.colour", "c", "mapping.columns.colour", "'id'"),
        ("columns", {"id": "id", "kind": "kind"}, "mapping", "starts is missing"),
        ("columns.codes", "kind", "mapping", "accepted once"),
        ("optional_columns", {"codes": "other"}, "mapping", "accepted once"),
        ("kinds.need", [], "mapping.kinds.need", "at least 1"),
        ("kinds.need", ["info"], "mapping.kinds.need.0", "'request' or 'offer'"),
        ("kinds.need", ["request", "request"], "mapping", "once for a value"),
        ("kinds.have", ["offer"], "mapping", "a column or a template for offer"),
        ("refused_kinds", {"need": "no"}, "mapping", "not in both"),
        ("title.request", "Need $colour", "mapping.title.request", "$category"),
        ("title.request", "100 $", "mapping.title.request", "$category"),
        ("title.request", "${id.__class__}", "mapping.title.request", "$category"),
        ("codes.request", {"2a": "gold"}, "mapping.codes", "“gold” is not a category"),
        ("fallback", {"request": "gold"}, "mapping.codes", "“gold” is not a category"),
        ("urgency", {"default": 4}, "mapping.urgency.default", "less than or equal to 3"),
        ("urgency", {"codes": {"2a": True}}, "mapping.urgency.codes.2a", "integer"),
    ],
)
def test_a_broken_mapping_is_refused(
    board: Board, tmp_path: Path, path: str, value: object, field: str, reason: str
) -> None:
    """The key is named, and what it may be."""
    with pytest.raises(Invalid) as refusal:
        importing.load(board, written(tmp_path, changed(path, value)))
    assert [problem.field for problem in refusal.value.problems][:1] == [field]
    assert reason in str(refusal.value)


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("nowhere", "Accepted: entraide, haiti-2010"),
        ("no/such/file.toml", "There is no mapping"),
        ("", "There is no mapping"),
        ("broken.toml", "not TOML"),
        ("latin.toml", "not TOML in UTF-8"),
    ],
)
def test_a_mapping_that_cannot_be_read_is_refused(
    board: Board, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, reason: str
) -> None:
    """With the names that there are."""
    monkeypatch.chdir(tmp_path)
    Path("broken.toml").write_text("source =", encoding="utf-8")
    Path("latin.toml").write_bytes("source = 'Haïti'".encode("latin-1"))
    with pytest.raises(Invalid, match=reason):
        importing.load(board, name)

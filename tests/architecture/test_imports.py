"""Who may import whom, read from the source."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
ROOMS = {
    "matcher": {"matcher"},
    "config": {"config"},
    "board": {"board", "matcher", "config"},
    "web": {"web", "board", "matcher", "config"},
    "cli": {"cli", "board", "matcher", "config"},
    "workers": {"workers", "board", "matcher", "config"},
}
#: Library → where it may be imported.
KEPT_IN = {
    "flask": ("web/",),
    "flask_wtf": ("web/",),
    "flask_babel": ("web/",),
    "wtforms": ("web/",),
    "rq": ("workers/", "board/waking.py"),
    "redis": ("workers/", "board/waking.py", "cli/"),
    "sqlalchemy": ("board/", "data/migrations/"),
    "geoalchemy2": ("board/",),
}
#: The engine decides; the world outside is passed in.
FORBIDDEN_IN_MATCHER = {"os", "time", "socket", "sqlite3", "random", "secrets", "datetime"}


def sources(room: str) -> list[Path]:
    """Python files of a room."""
    return sorted(ROOT.joinpath(room).rglob("*.py"))


def imported(path: Path) -> Iterator[str]:
    """Full names of the modules that a file imports, anywhere in it."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative imports hide the room"
            yield node.module or ""


ALL = [(room, path) for room in ROOMS for path in sources(room)]
IDS = [str(path.relative_to(ROOT)) for _, path in ALL]


@pytest.mark.parametrize(("room", "path"), ALL, ids=IDS)
def test_a_room_imports_only_the_rooms_it_may(room: str, path: Path) -> None:
    """The direction of imports is that of the architecture."""
    ours = {name.partition(".")[0] for name in imported(path)} & (ROOMS.keys() | {"tests"})
    assert ours <= ROOMS[room]


@pytest.mark.parametrize(("room", "path"), ALL, ids=IDS)
def test_a_library_stays_where_it_belongs(room: str, path: Path) -> None:
    """Flask, RQ and SQLAlchemy are each known to few."""
    here = str(path.relative_to(ROOT))
    for name in {name.partition(".")[0] for name in imported(path)} & KEPT_IN.keys():
        assert here.startswith(KEPT_IN[name]), f"{here} must not import {name}"


@pytest.mark.parametrize("path", sources("matcher"), ids=str)
def test_the_engine_is_pure(path: Path) -> None:
    """No clock, chance, network, file system or environment inside the engine."""
    assert {name.partition(".")[0] for name in imported(path)}.isdisjoint(FORBIDDEN_IN_MATCHER)


@pytest.mark.parametrize(("room", "path"), ALL, ids=IDS)
def test_the_index_is_used_by_its_public_name(room: str, path: Path) -> None:
    """Only the engine itself looks inside its index."""
    if room != "matcher":
        assert not any(name.startswith("matcher.index.") for name in imported(path))


def test_every_room_is_there() -> None:
    """A room that moved would make the tests above prove nothing."""
    assert all(sources(room) for room in ROOMS)

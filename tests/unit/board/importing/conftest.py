"""One board for all: planning an import writes nothing."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from board import importing
from board.context import Board
from board.importing import Plan
from config.settings import Settings
from tests.conftest import SECRET
from tests.unit.board.importing.files import Planner


@pytest.fixture(scope="module")
def board(
    migrated_sqlite: Path, gazetteer_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Board]:
    """One empty board for all: nothing here writes to it."""
    home = tmp_path_factory.mktemp("importing")
    shutil.copy(migrated_sqlite, home / "entraide.sqlite")
    (home / "gazetteer.sqlite").symlink_to(gazetteer_path)
    opened = Board.open(Settings.from_mapping({"ENTRAIDE_HOME": str(home), "SECRET_KEY": SECRET}))
    yield opened
    opened.close()


@pytest.fixture
def plan(board: Board, tmp_path: Path) -> Planner:
    """Plans the import of some content under a mapping."""

    def make(content: str | bytes, suffix: str = ".csv", mapping: str = "entraide") -> Plan:
        path = tmp_path / f"file{suffix}"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return importing.plan(board, path, importing.load(board, mapping))

    return make

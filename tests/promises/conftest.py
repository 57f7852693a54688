"""Boards of each database, and what an attacker would look through."""

from __future__ import annotations

import itertools
import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from board.context import Board
from board.db import Base
from tests.conftest import empty_tables
from tests.promises.house import House
from tests.web.conftest import english
from web.app import create_app

NewHouse = Callable[[], AbstractContextManager[House]]


@pytest.fixture
def app(board: Board) -> Flask:
    """The application over an empty board."""
    return create_app(board)


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """A browser that asks for English."""
    return english(app)


def dump(board: Board) -> str:
    """Every row of every table, as text."""
    with board.db.read() as session:
        tables = Base.metadata.sorted_tables
        return "\n".join(str(session.execute(sa.select(table)).all()) for table in tables)


@pytest.fixture
def new_house(
    environment: dict[str, str],
    tmp_path: Path,
    request: pytest.FixtureRequest,
    monkeypatch: pytest.MonkeyPatch,
) -> NewHouse:
    """Opens an empty house; on PostgreSQL what the one before held is removed first."""
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    numbers = itertools.count(1)

    def opened() -> AbstractContextManager[House]:
        home = tmp_path / f"house{next(numbers)}"
        home.mkdir()
        (home / "gazetteer.sqlite").symlink_to(
            Path(environment["ENTRAIDE_HOME"], "gazetteer.sqlite")
        )
        if "MIGRATION_DATABASE_URL" in environment:
            empty_tables(environment["MIGRATION_DATABASE_URL"])
        else:
            shutil.copy(request.getfixturevalue("migrated_sqlite"), home / "entraide.sqlite")
        return House.opened({**environment, "ENTRAIDE_HOME": str(home)})

    return opened


@pytest.fixture
def house(new_house: NewHouse) -> Iterator[House]:
    """An empty house."""
    with new_house() as opened:
        yield opened

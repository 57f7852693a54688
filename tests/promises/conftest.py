"""The application over a board on each database, and what an attacker would look through."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from board.context import Board
from board.db import Base
from tests.web.conftest import english
from web.app import create_app


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

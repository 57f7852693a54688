"""What a black-box test of a promise uses: the application over a board on each database."""

from __future__ import annotations

import pytest
from flask import Flask
from flask.testing import FlaskClient

from board.context import Board
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

"""Sheer volume: one network cannot drown the others, with the queue's server or without."""

from __future__ import annotations

from dataclasses import replace

import pytest
import redis
from flask.testing import FlaskClient

from board.context import Board
from tests.conftest import service
from tests.web.conftest import english
from web.app import create_app

#: Addresses for documentation are in no network that the world sees, and would not be counted.
ONE, OTHER = "9.9.9.9", "9.9.9.10"


def browser(board: Board, **settings: object) -> FlaskClient:
    """A browser at a board that lets five requests of a network through in a minute."""
    few = board.settings.model_copy(
        update={"requests_per_minute": 5, "web_processes": 1, **settings}
    )
    return english(create_app(replace(board, settings=few)))


def ask(client: FlaskClient, address: str, path: str = "/") -> int:
    """Status of a request from this address."""
    return client.get(path, environ_overrides={"REMOTE_ADDR": address}).status_code


def test_one_network_is_slowed_and_no_other(board: Board) -> None:
    """The sixth request within a minute is answered 429; that of a neighbour as ever."""
    client = browser(board)
    assert [ask(client, ONE) for _ in range(6)] == [200] * 5 + [429]
    assert ask(client, OTHER) == 200


def test_the_answer_says_how_long_to_wait(board: Board) -> None:
    """In the reader's language, and for programs in a header."""
    client = browser(board)
    for _ in range(6):
        answer = client.get("/", environ_overrides={"REMOTE_ADDR": ONE})
    assert answer.headers["Retry-After"] == "60"
    assert "Wait a minute" in answer.text


@pytest.mark.parametrize(
    ("address", "path"),
    [
        ("127.0.0.1", "/"),
        ("10.0.0.1", "/"),
        (ONE, "/static/css/site.css"),
        (ONE, "/health"),
    ],
)
def test_what_is_not_counted(board: Board, address: str, path: str) -> None:
    """A proxy that is not announced, what pages load, and whoever watches over the board."""
    client = browser(board)
    assert {ask(client, address, path) for _ in range(8)} == {200}


@pytest.mark.parametrize("processes", [1, 2, 3])
def test_without_a_server_to_count_in_processes_share_the_limit(
    board: Board, processes: int
) -> None:
    """Each counts alone, and together they let no more through than one would."""
    clients = [
        browser(board, requests_per_minute=6, web_processes=processes) for _ in range(processes)
    ]
    found = [ask(client, ONE) for _ in range(7) for client in clients]
    assert found == [200] * 6 + [429] * (len(found) - 6)


def test_zero_sets_no_limit(board: Board) -> None:
    """For whoever has a proxy that does it."""
    client = browser(board, requests_per_minute=0)
    assert {ask(client, ONE) for _ in range(8)} == {200}


def test_one_network_of_ipv6_is_one(board: Board) -> None:
    """A reader changes address within it at will."""
    client = browser(board)
    found = [ask(client, f"2606:4700:4700::{number}") for number in range(1, 7)]
    assert found == [200] * 5 + [429]


@pytest.mark.redis
def test_processes_count_together_and_keep_no_address(board: Board) -> None:
    """Two applications share what they have seen; Redis holds no address of anybody."""
    url = service("TEST_REDIS_URL")
    assert url
    server = redis.Redis.from_url(url)
    server.flushdb()
    first, second = browser(board, redis_url=url), browser(board, redis_url=url)
    assert [ask(each, ONE) for each in (first, second) * 3] == [200] * 5 + [429]
    kept = b" ".join(server.keys("*"))
    assert b"volume" in kept and ONE.encode() not in kept
    assert all(0 < server.ttl(key) <= 61 for key in server.keys("*volume*"))

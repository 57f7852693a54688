"""/metrics: who may read it, and what it says of requests."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from flask.testing import FlaskClient
from prometheus_client.parser import text_string_to_metric_families
from werkzeug.test import TestResponse

from board.context import Board
from board.db import Database
from config.settings import ROOT
from tests.factories import Factory
from tests.web.conftest import english
from web.app import create_app

TOKEN = "a token that only tests know, of forty signs".replace(" ", "-")
HERE = {"base_url": "http://127.0.0.1:8000"}
ELSEWHERE = {"base_url": "http://board.test"}


def browser(board: Board, **settings: object) -> FlaskClient:
    """A browser at a board with these settings."""
    changed = board.settings.model_copy(update=settings)
    return english(create_app(replace(board, settings=changed)))


def ask(
    client: FlaskClient, address: str = "127.0.0.1", *, base_url: str, **headers: str
) -> TestResponse:
    """/metrics, asked from this address by this name."""
    return client.get(
        "/metrics",
        base_url=base_url,
        headers={name.replace("_", "-"): value for name, value in headers.items()},
        environ_overrides={"REMOTE_ADDR": address},
    )


def samples(answer: TestResponse) -> dict[tuple[str, str, str], float]:
    """(name, endpoint, status) → value, summed over processes."""
    found: dict[tuple[str, str, str], float] = {}
    for family in text_string_to_metric_families(answer.text):
        for sample in family.samples:
            if sample.labels.get("le", "+Inf") == "+Inf":
                labels = sample.labels
                key = sample.name, labels.get("endpoint", ""), labels.get("status", "")
                found[key] = found.get(key, 0) + sample.value
    return found


def test_this_machine_may_read_it(board: Board) -> None:
    """In Prometheus's format, kept by no cache."""
    answer = ask(browser(board), **HERE)
    assert answer.status_code == 200
    assert answer.content_type.startswith("text/plain; version=")
    assert answer.headers["Cache-Control"] == "no-store"
    assert samples(answer)["entraide_database_up", "", ""] == 1


@pytest.mark.parametrize(
    ("address", "name", "headers"),
    [
        ("9.9.9.9", HERE, {}),
        ("10.0.0.1", HERE, {}),
        ("127.0.0.1", ELSEWHERE, {}),
        ("127.0.0.1", HERE, {"X_Forwarded_For": "127.0.0.1"}),
        ("127.0.0.1", HERE, {"X_Forwarded_For": ""}),
        ("127.0.0.1", HERE, {"X_Forwarded_Proto": "https"}),
        ("127.0.0.1", HERE, {"Forwarded": "for=127.0.0.1"}),
        ("127.0.0.1", HERE, {"X_Real_IP": "127.0.0.1"}),
        ("9.9.9.9", HERE, {"X_Forwarded_For": "127.0.0.1"}),
        ("9.9.9.9", HERE, {"Authorization": "Bearer None"}),
        ("9.9.9.9", HERE, {"Authorization": "Bearer "}),
    ],
)
@pytest.mark.parametrize("proxies", [0, 1, 2])
def test_nobody_else_learns_that_it_is_there(
    board: Board, address: str, name: dict[str, str], headers: dict[str, str], proxies: int
) -> None:
    """Not through a proxy on this machine either, whatever the headers claim."""
    assert ask(browser(board, proxies=proxies), address, **name, **headers).status_code == 404


def test_with_a_token_only_the_token_counts(board: Board) -> None:
    """From anywhere with it, from nowhere without it."""
    client = browser(board, metrics_token=TOKEN)
    bearer = {"Authorization": f"Bearer {TOKEN}"}
    assert ask(client, "9.9.9.9", **ELSEWHERE, **bearer).status_code == 200
    assert ask(client, "9.9.9.9", **ELSEWHERE, **bearer, Via="1.1 proxy").status_code == 200
    assert ask(client, **HERE).status_code == 404
    for wrong in (TOKEN, f"Basic {TOKEN}", f"Bearer {TOKEN[:-1]}", f"Bearer {TOKEN}x", "Bearer é"):
        assert ask(client, **HERE, Authorization=wrong).status_code == 404, wrong


def test_the_token_is_not_logged(board: Board, caplog: pytest.LogCaptureFixture) -> None:
    """Neither the right one nor a wrong one."""
    client = browser(board, metrics_token=TOKEN)
    for shown in (TOKEN, TOKEN[::-1]):
        ask(client, **HERE, Authorization=f"Bearer {shown}")
        assert shown not in caplog.text
    assert TOKEN not in repr(client.application.config["SETTINGS"])


def test_requests_are_counted_by_endpoint_and_status(board: Board) -> None:
    """An address is no label: what no route answers is one."""
    client = browser(board)
    before = samples(ask(client, **HERE))
    for path in ("/about", "/about", "/no/such/page", "/listings/AAAAAAAAAAAA"):
        client.get(path)
    answer = ask(client, **HERE)
    after = samples(answer)

    def more(name: str, endpoint: str, status: str = "") -> float:
        key = f"entraide_http_{name}", endpoint, status
        return after.get(key, 0) - before.get(key, 0)

    assert more("requests_total", "pages.about", "200") == 2
    assert more("requests_total", "none", "404") == 1
    assert more("requests_total", "listings.show", "404") == 1
    assert more("request_seconds_count", "pages.about") == 2
    assert more("request_seconds_bucket", "pages.about") == 2
    assert more("requests_total", "metrics.show", "200") == 1
    assert "no/such" not in answer.text and "AAAAAAAAAAAA" not in answer.text


def test_every_figure_is_described(board: Board, make: Factory) -> None:
    """The table for operators has each family of ours once, and no other."""
    make.pending()
    client = browser(board)
    with board.index.asking(board.db):
        pass
    told = set(re.findall(r"^# TYPE (entraide_\S+)", ask(client, **HERE).text, re.MULTILINE))
    text = (ROOT / "docs" / "operating.md").read_text("utf-8")
    named = re.findall(r"^\| `(entraide_\w+)[`{]", text, re.MULTILINE)
    assert sorted(named) == sorted(told)


def test_it_answers_while_the_database_is_away(board: Board) -> None:
    """Whoever watches learns that it is away, and not that the board is."""
    gone = Database("sqlite:////no/such/folder/board.sqlite")
    client = english(create_app(replace(board, db=gone)))
    answer = ask(client, **HERE)
    assert answer.status_code == 200
    assert samples(answer)["entraide_database_up", "", ""] == 0
    gone.close()

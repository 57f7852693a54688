"""T06: a mail scanner that opens every link uses none up; a link works once; no token is kept."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask, abort
from flask.testing import FlaskClient

from board import alerts, answering
from board.answering import NewAnswer
from board.context import Board
from tests.factories import Factory
from tests.fakes import MailSink, work_off
from tests.promises.conftest import dump
from tests.web.conftest import Page

POSTER, OTHER = "poster@example.org", "other@example.org"


def links_to(smtp: MailSink, email: str) -> list[str]:
    """Addresses below /links/ in the newest mail to somebody."""
    lines = smtp.to(email)[-1].get_content().splitlines()
    return [line.partition("board.test")[2].strip() for line in lines if "/links/" in line]


def confirm_listing(board: Board, make: Factory, smtp: MailSink) -> str:
    make.pending(email=POSTER)
    work_off(board)
    return links_to(smtp, POSTER)[0]


def confirm_alert(board: Board, make: Factory, smtp: MailSink) -> str:
    alerts.save(board, make.alert_form(email=POSTER))
    work_off(board)
    return links_to(smtp, POSTER)[0]


def confirm_answer(board: Board, make: Factory, smtp: MailSink) -> str:
    answering.answer(board, make.open().public_id, NewAnswer(email=OTHER, text="I can come."))
    work_off(board)
    return links_to(smtp, OTHER)[0]


def manage(number: int) -> Callable[[Board, Factory, MailSink], str]:
    def link(board: Board, make: Factory, smtp: MailSink) -> str:
        make.open(email=POSTER)
        work_off(board)
        return links_to(smtp, POSTER)[number]

    return link


#: Every kind of mailed link that acts once.
KINDS = {
    "confirm a listing": confirm_listing,
    "confirm an alert": confirm_alert,
    "confirm an answer": confirm_answer,
    "close": manage(0),
    "edit": manage(1),
    "extend": manage(2),
}


def scanned(client: FlaskClient, link: str) -> tuple[int, int]:
    """What the link answers to its reader, after a scanner has opened it: first and second press.

    Each field of the form is sent as the page gives it.
    """
    for _ in range(3):
        client.head(link)
        html = client.get(link).text
    page = Page(html)
    names = {"csrf_token", "title", "urgency", "ends_on"}
    data = {name: page.value(name) for name in names}
    statuses = [client.post(link, data=data).status_code for _ in range(2)]
    return statuses[0], statuses[1]


@pytest.mark.parametrize("kind", KINDS)
def test_T06_looking_uses_nothing_up_and_success_does(
    client: FlaskClient, board: Board, make: Factory, smtp: MailSink, kind: str
) -> None:
    """HEAD and GET three times, then the button works, then it says that all is done."""
    first, second = scanned(client, KINDS[kind](board, make, smtp))
    assert first in (200, 303)
    assert second == 410


@pytest.mark.parametrize("kind", KINDS)
def test_T06_no_token_is_kept_nor_logged(
    client: FlaskClient,
    board: Board,
    make: Factory,
    smtp: MailSink,
    kind: str,
    capfd: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Neither before its use nor after, in no table and no line of the log."""
    link = KINDS[kind](board, make, smtp)
    token = link.rpartition("/")[2]
    assert token not in dump(board)
    scanned(client, link)
    work_off(board)
    assert token not in dump(board)
    written = capfd.readouterr()
    assert token not in written.out + written.err + caplog.text


def test_T06_the_probe_finds_a_link_that_looking_uses_up() -> None:
    """Positive control: a site that acts on GET is caught."""
    app, used = Flask("weak"), set[str]()

    @app.route("/links/<token>", methods=["GET", "POST"])
    def weak(token: str) -> str:
        if token in used:
            abort(410)
        used.add(token)
        return "done"

    assert scanned(app.test_client(), "/links/a-token") == (410, 410)


def test_T06_the_search_of_the_database_finds_what_is_there(board: Board, make: Factory) -> None:
    """Positive control: what is stored in clear is seen."""
    make.open(title="A token in clear")
    assert "A token in clear" in dump(board)

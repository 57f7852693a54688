"""What somebody hostile sends to the pages."""

from __future__ import annotations

import time
from datetime import timedelta

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient

from board import confirmations, listings
from board.context import Board
from board.db import PATIENCE_OF_PAGES_S, Database, now
from board.listings import Listing
from board.sources import ImportedRow
from tests.factories import Factory
from tests.fakes import MailSink, work_off
from web.app import create_app


@pytest.mark.parametrize("name", ["a" * 3000, "css/" + "b" * 300 + ".css", "%00", "..%2fapp.py"])
def test_a_file_name_that_no_file_can_have_is_not_found(client: FlaskClient, name: str) -> None:
    """The operating system's refusal is no fault of ours."""
    assert client.get(f"/static/{name}").status_code == 404


def test_what_a_person_took_down_is_shown_to_nobody(
    client: FlaskClient, board: Board, make: Factory, smtp: MailSink
) -> None:
    """The button says so: neither its words nor its place stay at its address."""
    view = make.open(title="Taken down soon", text="A text that goes", email="me@example.org")
    work_off(board)
    assert "Taken down soon" in client.get(f"/listings/{view.public_id}").text
    confirmations.act(board, smtp.token("me@example.org"))
    answer = client.get(f"/listings/{view.public_id}")
    assert answer.status_code == 410
    for gone in ("Taken down soon", "A text that goes", str(view.cell)):
        assert gone not in answer.text
    assert client.get(f"/listings/{view.public_id}/answer").status_code == 404


def test_what_ended_is_shown_to_nobody_once_it_is_closed(
    client: FlaskClient, board: Board, make: Factory
) -> None:
    """The clock closes it; its address then says that it is over."""
    view = make.open(title="Ended")
    board.db.clock_offset = timedelta(days=15)
    assert listings.close_ended(board) == 1
    answer = client.get(f"/listings/{view.public_id}")
    assert answer.status_code == 410 and "Ended" not in answer.text


def test_an_imported_row_stays_readable_when_it_is_over(
    client: FlaskClient, board: Board, make: Factory
) -> None:
    """It is a public source's, and old reports are matched as of their day."""
    view = make.open(title="Report")
    with board.db.write() as session:
        source = ImportedRow(source="A source", external_id="1", imported_at=now(session))
        session.add(source)
        session.flush()
        row = session.scalars(sa.select(Listing).where(Listing.id == view.id)).one()
        row.imported_row_id, row.member_id = source.id, None
        listings.close(session, row, "ended")
    answer = client.get(f"/listings/{view.public_id}")
    assert answer.status_code == 200 and "Report" in answer.text


def test_a_form_full_of_combining_marks_is_refused_at_once(client: FlaskClient) -> None:
    """The largest body that is read, where normalising it took nine seconds."""
    page = client.get("/alerts/new").text
    token = page.partition('name="csrf_token"')[2].partition('value="')[2].partition('"')[0]
    marks = "a" + "\u0315\u0300" * 60_000
    start = time.process_time()
    answer = client.post(
        "/listings",
        data={"csrf_token": token, "title": marks},
        content_type="multipart/form-data; boundary=B",
    )
    assert answer.status_code == 422
    assert time.process_time() - start < 3


def test_pages_wait_for_a_lock_less_than_a_reader_would(board: Board) -> None:
    """Eight threads that wait a quarter of a minute each would answer nobody."""
    app = create_app(settings=board.settings)
    own: Database = app.config["BOARD"].db
    with own.engine.connect() as connection:
        waits_ms = connection.exec_driver_sql("PRAGMA busy_timeout").scalar()
        assert waits_ms == PATIENCE_OF_PAGES_S * 1000
    app.config["BOARD"].close()

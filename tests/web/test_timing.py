"""The header that tells how long the engine took."""

from __future__ import annotations

import re

from flask.testing import FlaskClient

from tests.factories import Factory

HEADER = re.compile(r'engine;dur=(\d+\.\d{3}), catchup;dur=(\d+\.\d{3}), revision;desc="(\d+)"')


def test_an_answer_that_asked_the_engine_says_so(client: FlaskClient, make: Factory) -> None:
    """Milliseconds of the question and of catching up, and the revision, which moves on."""
    listing = make.open()
    first = HEADER.fullmatch(client.get(f"/listings/{listing.public_id}").headers["Server-Timing"])
    make.offer()
    second = HEADER.fullmatch(client.get(f"/listings/{listing.public_id}").headers["Server-Timing"])
    assert first is not None and second is not None
    assert float(first[1]) > 0 and float(first[2]) > 0
    assert int(second[3]) > int(first[3])


def test_other_answers_do_not(reader: FlaskClient) -> None:
    """Nothing is told where nothing was asked, nor carried over from the answer before."""
    reader.get("/listings?near=Douala,+Cameroun")
    assert "Server-Timing" not in reader.get("/health").headers
    assert "Server-Timing" not in reader.get("/alerts/new").headers

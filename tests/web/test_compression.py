"""Pages travel compressed, at a length that chance has a part in."""

from __future__ import annotations

import gzip

import pytest
from flask.testing import FlaskClient

from web import compression

TAKEN = {"Accept-Encoding": "gzip, deflate, br"}


def test_a_page_travels_compressed_to_those_who_take_it(reader: FlaskClient) -> None:
    """The same page, a third as long; caches keep the two apart."""
    plain, packed = reader.get("/about"), reader.get("/about", headers=TAKEN)
    assert "Content-Encoding" not in plain.headers
    assert packed.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(packed.data) == plain.data
    assert len(packed.data) < len(plain.data) / 2
    assert int(packed.headers["Content-Length"]) == len(packed.data)
    for answer in (plain, packed):
        assert "Accept-Encoding" in answer.headers["Vary"]


@pytest.mark.parametrize(
    ("address", "encodings", "why"),
    [
        ("/about", "identity", "not asked for"),
        ("/about", "gzip;q=0", "refused"),
        ("/health", "gzip", "too short to gain"),
        ("/static/img/icon.svg", "br", "no encoding of ours"),
    ],
)
def test_what_stays_as_it_is(reader: FlaskClient, address: str, encodings: str, why: str) -> None:
    """Only what gains by it is compressed, and only when the reader says so."""
    answer = reader.get(address, headers={"Accept-Encoding": encodings})
    assert "Content-Encoding" not in answer.headers, why


def test_files_are_not_compressed_twice(reader: FlaskClient) -> None:
    """Their own route has done it."""
    packed = reader.get("/static/img/icons.svg", headers=TAKEN)
    assert packed.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(packed.data).startswith(b"<svg")


def test_the_length_of_an_answer_tells_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Chance adds up to a hundred bytes, more than a guessed letter saves; content is untouched."""
    body = b"<p>token</p>" * 200
    lengths = {len(compression.compressed(body)) for _ in range(200)}
    assert len(lengths) > 40
    assert max(lengths) - min(lengths) <= 101
    assert gzip.decompress(compression.compressed(body)) == body

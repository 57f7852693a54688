"""T07: neither what is answered, nor the work done, nor the mail tells who is a member."""

from __future__ import annotations

import re
import statistics
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient

from board import codes, members, sign_in, suspensions
from board.context import Board
from board.db import now
from board.delivery_status import Reason
from tests.factories import Factory
from tests.fakes import MailSink, work_off
from tests.web.conftest import ALERT, REQUEST, Page

EACH = 200
#: Of each, where an answer takes long: what is done is the same each time, and is compared.
FEW = 25
#: How far apart the medians of the two groups may be, on a machine that does other work too.
MOST_APART = 0.35


@dataclass(frozen=True)
class Seen:
    """What somebody outside can tell of an answer, and what the database was asked."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: str
    statements: tuple[str, ...]


@contextmanager
def statements(board: Board) -> Iterator[list[str]]:
    """The statements that the board sends meanwhile."""
    sent: list[str] = []

    def note(_: object, __: object, statement: str, *___: object) -> None:
        sent.append(statement)

    sa.event.listen(board.db.engine, "before_cursor_execute", note)
    try:
        yield sent
    finally:
        sa.event.remove(board.db.engine, "before_cursor_execute", note)


def different(
    board: Board, ask: Callable[[str], Any], known: list[str], unknown: list[str]
) -> list[str]:
    """In what the answers to the two groups differ; empty where nobody could tell them apart."""
    seen: dict[bool, Counter[Seen]] = {True: Counter(), False: Counter()}
    took: dict[bool, list[float]] = {True: [], False: []}
    for pair in zip(known, unknown, strict=True):
        for is_known, address in zip((True, False), pair, strict=True):
            with statements(board) as sent:
                start = time.perf_counter()
                answer = ask(address)
                took[is_known].append(time.perf_counter() - start)
            kept = [(k, v) for k, v in answer.headers if k not in ("Set-Cookie", "Server-Timing")]
            body = answer.text.replace(address, "ADDRESS")
            seen[is_known][Seen(answer.status_code, tuple(kept), body, tuple(sent))] += 1
    found = [] if seen[True].keys() == seen[False].keys() else ["what is answered or done"]
    if len(known) < EACH:
        return found
    medians = [statistics.median(took[each]) for each in (True, False)]
    if max(medians) > (1 + MOST_APART) * min(medians):
        found.append("how long it takes")
    return found


@pytest.fixture
def addresses(make: Factory) -> tuple[list[str], list[str]]:
    """As many members as strangers, of addresses of the same length."""
    known = [f"known-{number:03d}@example.org" for number in range(EACH)]
    for address in known:
        make.member(email=address)
    return known, [f"alien-{number:03d}@example.org" for number in range(EACH)]


def poster(client: FlaskClient, form: str, address: str, data: dict[str, Any]) -> Any:
    """A function that sends one form with an address."""
    blank = Page(client.get(form).text)
    days = {name: blank.value(name) for name in ("csrf_token", "starts_on", "ends_on")}
    numbers = iter(range(10_000))

    def send(email: str) -> Any:
        key = f"key-{next(numbers):06d}"
        return client.post(address, data={**data, **days, "email": email, "key": key})

    return send


@pytest.fixture
def suspended(board: Board, addresses: tuple[list[str], list[str]]) -> tuple[list[str], list[str]]:
    """Members whose mails came back, and as many to whom mails are sent."""
    known, _ = addresses
    gone, there = known[: EACH // 2], known[EACH // 2 :]
    with board.db.write() as session:
        for address in gone:
            member = members.by_email(session, address)
            assert member is not None
            suspensions.suspend(session, member.id, Reason.ADDRESS, sent_at=now(session))
    return gone, there


DOORS = {
    "sign in": ("/sign-in", "/sign-in", {}),
    "post": ("/listings/new?kind=request", "/listings", {**REQUEST, "place_id": "2232593"}),
    "alert": ("/alerts/new", "/alerts", {**ALERT, "place_id": "2232593"}),
    "own data": ("/data", "/data", {}),
}


@pytest.mark.parametrize(
    ("door", "each"), [("sign in", EACH), ("post", FEW), ("alert", FEW), ("own data", FEW)]
)
def test_T07_known_and_unknown_addresses_are_answered_alike(
    client: FlaskClient,
    board: Board,
    addresses: tuple[list[str], list[str]],
    door: str,
    each: int,
) -> None:
    """Status, headers, body and statements sent; of two hundred of each, the time too."""
    ask = poster(client, *DOORS[door])
    ask("first@example.org")
    known, unknown = addresses
    assert different(board, ask, known[:each], unknown[:each]) == []


@pytest.mark.parametrize("door", DOORS)
def test_T07_whose_mails_come_back_is_answered_as_others_are(
    client: FlaskClient, board: Board, suspended: tuple[list[str], list[str]], door: str
) -> None:
    """Nobody can ask whose mailbox is gone: not by the answer, nor by what is done for it."""
    ask = poster(client, *DOORS[door])
    ask("first@example.org")
    gone, there = suspended
    assert different(board, ask, gone[:FEW], there[:FEW]) == []


def test_T07_the_probe_finds_a_sign_in_that_warns_of_a_dead_address(
    client: FlaskClient, board: Board, suspended: tuple[list[str], list[str]]
) -> None:
    """Positive control: a site that says so to whoever types the address."""
    ask = poster(client, *DOORS["sign in"])
    page = client.get("/")

    def weak(email: str) -> Any:
        with board.db.read() as session:
            member = members.by_email(session, email)
            gone = member is not None and suspensions.of(session, member.id) is not None
        return page if gone else ask(email)

    gone, there = suspended
    assert different(board, weak, gone[:5], there[:5]) != []


def test_T07_both_get_the_same_mail(board: Board, make: Factory, smtp: MailSink) -> None:
    """Whoever reads over a shoulder learns nothing either."""
    make.member(email="known@example.org")
    texts = []
    for address in ("known@example.org", "alien@example.org"):
        sign_in.ask(board, address, "en")
        work_off(board)
        (mail,) = smtp.to(address)
        pattern = rf"[{codes.ALPHABET}]{{4}}-[{codes.ALPHABET}]{{4}}"
        texts.append((mail["Subject"], re.sub(pattern, "CODE", mail.get_content())))
    assert texts[0] == texts[1]


def test_T07_the_probe_finds_a_sign_in_that_looks_first(
    client: FlaskClient, board: Board, addresses: tuple[list[str], list[str]]
) -> None:
    """Positive control: a site that mails members alone is caught by the work it does."""
    ask = poster(client, *DOORS["sign in"])
    page = client.get("/sign-in")

    def weak(email: str) -> Any:
        with board.db.read() as session:
            known = members.by_email(session, email)
        if known is not None:
            ask(email)
        return page

    known, unknown = addresses
    assert "what is answered or done" in different(board, weak, known[:20], unknown[:20])

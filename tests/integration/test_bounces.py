"""The whole way of a mail that comes back, over real servers: out, refused, and in again."""

from __future__ import annotations

import os
import re
import smtplib
import sys
from collections.abc import Iterator

import pytest
import sqlalchemy as sa

from board import bounces, sign_in
from board.context import Board
from board.members import Member
from board.outbox import DEAD, DROPPED, MATCH, SENT, OutboxRow
from config.settings import Settings
from tests.factories import Factory
from tests.fakes import MailSink, text_of, work_off
from tests.processes import Running, free_ports, wait_for
from tests.reports import SHAPES, report

DOMAIN, READER = "board.example.com", "reader@example.org"


@pytest.fixture
def variables(environment: dict[str, str], smtp: MailSink) -> dict[str, str]:
    """The environment of a board and of its listener."""
    others = {k: v for k, v in os.environ.items() if k not in Settings.variables()}
    return {
        **others,
        **environment,
        "SMTP_URL": smtp.url,
        "MAIL_DOMAIN": DOMAIN,
        "MAILIN_PORT": str(free_ports(1)[0]),
    }


@pytest.fixture
def settings(variables: dict[str, str]) -> Settings:
    """Their settings."""
    return Settings.from_mapping(variables)


@pytest.fixture
def listener(variables: dict[str, str]) -> Iterator[Running]:
    """The listener as a process."""
    running = Running.start([sys.executable, "-m", "cli.main", "mailin"], variables)
    wait_for(
        lambda: running.says("mail listener started") or running.process.poll() is not None,
        "the mail listener",
    )
    assert running.process.poll() is None, "\n".join(running.lines)
    yield running
    running.destroy()


def come_back(port: str, to: str, raw: bytes, sender: str = "") -> int:
    """How the listener ends the dialogue about a mail without a sender."""
    with smtplib.SMTP("127.0.0.1", int(port), timeout=20) as server:
        server.ehlo()
        server.mail(sender)
        code, _ = server.rcpt(to)
        return server.data(raw)[0] if code == 250 else code


def last_row(board: Board) -> tuple[str, str]:
    """Status and error of the last mail about a listing."""
    with board.db.read() as session:
        wanted = sa.select(OutboxRow.status, OutboxRow.error).where(OutboxRow.purpose == MATCH)
        row = session.execute(wanted.order_by(OutboxRow.id.desc()).limit(1)).one()
        return row.status, row.error


def reader_of(board: Board) -> int:
    """Id of the member with the alert."""
    with board.db.read() as session:
        return session.scalars(sa.select(Member.id).where(Member.email == READER)).one()


@pytest.mark.parametrize("shape", SHAPES)
def test_a_mail_that_was_taken_comes_back_and_no_other_goes_out(
    board: Board,
    make: Factory,
    smtp: MailSink,
    variables: dict[str, str],
    listener: Running,
    shape: str,
) -> None:
    """The address is that of the envelope which a real server saw; a code still gets out."""
    make.alert(email=READER)
    make.open()
    work_off(board)
    assert last_row(board) == (SENT, "")
    sender = smtp.senders[smtp.messages.index(smtp.to(READER)[0])]
    port = variables["MAILIN_PORT"]
    forged = f"b+{'a' * 44}@{DOMAIN}"
    assert come_back(port, forged, report(shape, to=forged)) == 550
    delayed = report(shape, action="delayed", status="4.4.1", answered="451 4.4.1 x")
    assert come_back(port, sender, delayed) == 250
    assert bounces.state(board, reader_of(board)) is None
    assert come_back(port, sender, report(shape, to=sender)) == 250
    assert bounces.state(board, reader_of(board)) is not None
    make.open()
    work_off(board)
    assert len(smtp.to(READER)) == 1
    browser = sign_in.ask(board, READER, "en")
    work_off(board)
    code = re.search(r"\b\w{4}-\w{4}\b", text_of(smtp.to(READER)[1]))
    assert code is not None
    sign_in.enter(board, browser, code[0])
    make.open()
    work_off(board)
    assert last_row(board) == (SENT, "")
    assert listener.stop() == 0
    log = "\n".join(listener.lines)
    assert "address suspended" in log
    assert "Traceback" not in log and "@example" not in log and "b+" not in log


def test_a_refusal_in_the_dialogue_stops_what_waits(
    board: Board, make: Factory, smtp: MailSink
) -> None:
    """550 5.1.1 to the recipient: that mail is dead, the other one is dropped with its reason."""
    make.alert(email=READER)
    make.open()
    work_off(board)
    smtp.refused[READER] = "550 5.1.1 Nobody of this name"
    make.open()
    work_off(board)
    assert last_row(board) == (DEAD, "smtp 550")
    del smtp.refused[READER]
    with board.db.write() as session:
        session.add(
            OutboxRow(
                purpose=MATCH,
                channel="email",
                once="match:again",
                listing_id=1,
                alert_id=1,
                member_id=reader_of(board),
                locale="fr",
                due_at=sa.func.now(),
                created_at=sa.func.now(),
            )
        )
    work_off(board)
    assert last_row(board) == (DROPPED, "suspended")
    assert len(smtp.to(READER)) == 1


def test_hostile_mails_to_a_bounce_address_are_taken_without_a_trace(
    board: Board,
    make: Factory,
    smtp: MailSink,
    variables: dict[str, str],
    listener: Running,
) -> None:
    """Deep nesting, a header of a megabyte, wrong charsets; what is too big is refused."""
    make.alert(email=READER)
    make.open()
    work_off(board)
    sender = smtp.senders[smtp.messages.index(smtp.to(READER)[0])]
    port = variables["MAILIN_PORT"]
    nested = b"".join(
        b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (n, n)
        for n in range(12_000)
    )
    folded = b"Subject: x\r\n" + b" and so on\r\n" * 80_000 + b"\r\nStatus: 5.1.1\r\n"
    for raw in (b"", b"\xff\xfe", nested, folded, report(status="\xff5.1.1")):
        assert come_back(port, sender, raw) == 250
    assert come_back(port, sender, report() + b"x\r\n" * 400_000) == 552
    assert come_back(port, sender, report(), sender="a@example.net") == 250
    assert bounces.state(board, reader_of(board)) is None
    assert come_back(port, sender, report()) == 250
    assert bounces.state(board, reader_of(board)) is not None
    listener.stop()
    assert "Traceback" not in "\n".join(listener.lines)

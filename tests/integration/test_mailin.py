"""The mail listener as a process: what it answers with 250 is in the database, whatever happens."""

from __future__ import annotations

import os
import signal
import smtplib
import sys
import threading
from collections.abc import Iterator
from email.message import EmailMessage

import pytest

from board import conversations, inbox
from board.context import Board
from board.conversations import Conversation, Seat
from config.settings import Settings
from tests.factories import Factory
from tests.processes import Running, free_ports, wait_for

CLIENTS, MAILS_EACH = 4, 8


@pytest.fixture
def seat(board: Board, make: Factory) -> Seat:
    """The seat of somebody who has answered."""
    return make.answered(make.open(), text="Bonjour")


@pytest.fixture
def variables(environment: dict[str, str]) -> dict[str, str]:
    """The environment of a listener of its own over the same board."""
    others = {k: v for k, v in os.environ.items() if k not in Settings.variables()}
    return {**others, **environment, "MAILIN_PORT": str(free_ports(1)[0])}


def start(variables: dict[str, str]) -> Running:
    """Start the listener and wait until it listens."""
    running = Running.start([sys.executable, "-m", "cli.main", "mailin"], variables)
    wait_for(
        lambda: running.says("mail listener started") or running.process.poll() is not None,
        "the mail listener",
    )
    assert running.process.poll() is None, "\n".join(running.lines)
    return running


@pytest.fixture
def listener(variables: dict[str, str]) -> Iterator[Running]:
    """A running listener."""
    running = start(variables)
    yield running
    running.destroy()


def address_of(board: Board, seat: Seat) -> str:
    """The reply address of a seat."""
    with board.db.read() as session:
        row = session.get_one(Conversation, seat.conversation_id)
        member_id = row.member_id(seat.side)
        assert member_id is not None
        return conversations.reply_address(board, row.id, member_id)


def deliver(port: str, to: str, text: str, message_id: str) -> bool:
    """Whether the listener said 250 to this mail."""
    message = EmailMessage()
    message["From"], message["To"], message["Message-ID"] = "a@example.net", to, message_id
    message.set_content(text)
    try:
        with smtplib.SMTP("127.0.0.1", int(port), timeout=20) as server:
            server.send_message(message, "a@example.net", [to])
    except (smtplib.SMTPException, OSError):
        return False
    return True


def texts(board: Board, seat: Seat) -> list[str]:
    """What was said."""
    return [each.text for each in inbox.show(board, seat).messages]


def test_a_mail_is_taken_and_the_process_stops_when_told(
    board: Board, seat: Seat, variables: dict[str, str], listener: Running
) -> None:
    """One dialogue with the process; an unknown address is refused; its log names nobody."""
    port = variables["MAILIN_PORT"]
    assert deliver(port, address_of(board, seat), "D'accord", "<1@example.net>")
    assert not deliver(port, "c+unknown@localhost", "D'accord", "<2@example.net>")
    assert texts(board, seat) == ["Bonjour", "D'accord"]
    assert listener.stop() == 0
    log = "\n".join(listener.lines)
    assert "D'accord" not in log and "@example" not in log


def test_nothing_acknowledged_is_lost_and_nothing_is_said_twice(
    board: Board, seat: Seat, variables: dict[str, str]
) -> None:
    """Clients send until they hear 250, while the listener is killed again and again."""
    port, to = variables["MAILIN_PORT"], address_of(board, seat)
    wanted = [f"mail {number}" for number in range(CLIENTS * MAILS_EACH)]
    done = threading.Event()
    said: list[str] = []

    def client(mine: list[str]) -> None:
        for text in mine:
            while not done.is_set():
                if deliver(port, to, text, f"<{text.replace(' ', '.')}@example.net>"):
                    said.append(text)
                    break
                done.wait(0.05)

    running = start(variables)
    threads = [
        threading.Thread(target=client, args=(wanted[number::CLIENTS],))
        for number in range(CLIENTS)
    ]
    for thread in threads:
        thread.start()
    try:
        for kills in range(1, 4):
            wait_for(lambda least=kills * 5: len(said) >= least, "some mails")
            running.process.send_signal(signal.SIGKILL)
            running.process.wait()
            running = start(variables)
        wait_for(lambda: len(said) == len(wanted), "all mails")
    finally:
        done.set()
        for thread in threads:
            thread.join()
        running.destroy()
    assert sorted(texts(board, seat)) == sorted(["Bonjour", *wanted])

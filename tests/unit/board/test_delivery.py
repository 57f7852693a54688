"""Sessions with the mail server: one for the mails of a job, each ended, none shared by threads."""

from __future__ import annotations

import socketserver
import threading
from collections.abc import Iterator
from email.message import EmailMessage

import pytest

from board import delivery
from board.delivery import Refused, Temporary, keeping, send
from config.settings import Settings
from tests.conftest import SECRET


class Server(socketserver.ThreadingTCPServer):
    """A mail server that notes each session, and may end one after a mail in different ways."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Session)
        #: The commands of each session, in their order.
        self.sessions: list[list[str]] = []
        self.mails: list[str] = []
        #: Verb → reply, for sessions in which a mail was taken.
        self.after_a_mail: dict[str, str] = {}
        #: Recipient → reply.
        self.recipients: dict[str, str] = {}
        self.hangs_up = False

    @property
    def said(self) -> list[str]:
        """The verbs of each session after its greeting."""
        return [" ".join(words[1:]) for words in self.sessions]


class _Session(socketserver.StreamRequestHandler):
    server: Server

    def handle(self) -> None:
        words: list[str] = []
        self.server.sessions.append(words)
        self._say("220 ready")
        taken = 0
        for line in self.rfile:
            verb, _, rest = line.decode().strip().partition(" ")
            words.append(verb.upper())
            said = self.server.after_a_mail.get(words[-1]) if taken else None
            if words[-1] == "RCPT":
                address = rest.partition("<")[2].partition(">")[0]
                said = said or self.server.recipients.get(address)
            if words[-1] == "DATA" and said is None:
                self._take()
                taken += 1
                if self.server.hangs_up:
                    return
                continue
            self._say(said or {"QUIT": "221 bye"}.get(words[-1], "250 ok"))
            if words[-1] == "QUIT" or (said or "").startswith("421"):
                return

    def _take(self) -> None:
        self._say("354 go on")
        lines = iter(self.rfile.readline, b".\r\n")
        self.server.mails.append(b"".join(lines).decode())
        self._say("250 taken")

    def _say(self, reply: str) -> None:
        self.wfile.write(f"{reply}\r\n".encode())


@pytest.fixture
def server() -> Iterator[Server]:
    """A server on a free port of loopback."""
    with Server() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def settings(server: Server, tmp_path: object) -> Settings:
    """Mails go to this server."""
    return Settings.from_mapping(
        {
            "ENTRAIDE_HOME": str(tmp_path),
            "SECRET_KEY": SECRET,
            "SMTP_URL": f"smtp://127.0.0.1:{server.server_address[1]}",
        }
    )


def mail(number: int) -> EmailMessage:
    """A mail that can be told from others."""
    message = EmailMessage()
    message["From"], message["To"] = "board@example.org", f"reader{number}@example.org"
    message["Subject"] = f"number {number}"
    message.set_content("Bonjour")
    return message


def numbers(server: Server) -> list[int]:
    """Which mails it took, in their order."""
    found = [text.partition("Subject: number ")[2] for text in server.mails]
    return [int(text.split()[0]) for text in found]


def test_mails_of_a_block_go_in_one_session(server: Server, settings: Settings) -> None:
    """The server is asked whether it is still there, and told goodbye at the end."""
    with keeping():
        for number in range(3):
            send(settings, mail(number))
    assert numbers(server) == [0, 1, 2]
    assert server.said == ["MAIL RCPT DATA NOOP MAIL RCPT DATA NOOP MAIL RCPT DATA QUIT"]


def test_outside_a_block_each_mail_has_its_own(server: Server, settings: Settings) -> None:
    """Nothing is left open, before a block or after it."""
    send(settings, mail(0))
    with keeping(), keeping():
        send(settings, mail(1))
    send(settings, mail(2))
    assert server.said == ["MAIL RCPT DATA QUIT"] * 3


@pytest.mark.parametrize(
    ("after_a_mail", "hangs_up"),
    [
        ({"NOOP": "421 too idle"}, False),
        ({"NOOP": "500 what?"}, False),
        ({"MAIL": "421 too many mails in this session"}, False),
        ({}, True),
    ],
)
def test_a_session_that_the_server_ends_loses_and_doubles_nothing(
    server: Server, settings: Settings, after_a_mail: dict[str, str], hangs_up: bool
) -> None:
    """The next mail goes in a new one, and its try counts as none."""
    server.after_a_mail, server.hangs_up = after_a_mail, hangs_up
    with keeping():
        for number in range(3):
            send(settings, mail(number))
    assert numbers(server) == [0, 1, 2]
    assert len(server.sessions) == 3


def test_a_server_that_is_always_busy_is_asked_once(server: Server, settings: Settings) -> None:
    """421 in a new session is an answer, and not the end of an old one."""
    server.recipients["reader0@example.org"] = "421 busy"
    with keeping(), pytest.raises(Temporary, match="smtp 421"):
        send(settings, mail(0))
    assert len(server.sessions) == 1


@pytest.mark.parametrize(
    ("reply", "refusal"), [("550 no such mailbox", Refused), ("452 full", Temporary)]
)
def test_a_refused_mail_takes_no_other_with_it(
    server: Server, settings: Settings, reply: str, refusal: type[Exception]
) -> None:
    """What follows is sent, and is not taken for the one that was refused."""
    server.recipients["reader1@example.org"] = reply
    with keeping():
        send(settings, mail(0))
        with pytest.raises(refusal, match=f"smtp {reply[:3]}"):
            send(settings, mail(1))
        send(settings, mail(2))
    assert numbers(server) == [0, 2]


def test_a_block_that_fails_leaves_nothing_open(server: Server, settings: Settings) -> None:
    """Whatever ends it."""
    with pytest.raises(KeyError), keeping():
        send(settings, mail(0))
        raise KeyError
    assert server.said == ["MAIL RCPT DATA QUIT"]
    assert delivery._line.server is None


def test_threads_share_no_session(server: Server, settings: Settings) -> None:
    """Two that send at the same time have two."""
    both = threading.Barrier(2)

    def work(first: int) -> None:
        with keeping():
            send(settings, mail(first))
            both.wait(10)
            send(settings, mail(first + 1))
            both.wait(10)

    threads = [threading.Thread(target=work, args=(first,)) for first in (0, 10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(numbers(server)) == [0, 1, 10, 11]
    assert server.said == ["MAIL RCPT DATA NOOP MAIL RCPT DATA QUIT"] * 2

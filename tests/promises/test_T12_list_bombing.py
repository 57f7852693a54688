"""T12: nobody's inbox is a target. However often an address is signed up, it gets three mails."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from board.context import Board
from board.limits import Sighting
from board.links import WAITING_PER_ADDRESS, Link
from tests.factories import Factory
from tests.fakes import MailSink, work_off
from tests.web.conftest import ALERT, REQUEST, Page, csrf_token, english

VICTIM = "victim@example.org"
SIGN_UPS = 1000

ORGANISATION = {"kind": "ngo", "name": "Secours", "country": "CM", "countries": "CM"}

#: Signs the address up once; the number says from which network and through which door.
SignUp = Callable[[int, str], None]


def probe(sign_up: SignUp, times: int = SIGN_UPS) -> None:
    """Sign the victim up again and again, written in several ways, from many networks."""
    for number in range(times):
        sign_up(number, VICTIM if number % 2 else VICTIM.capitalize())


def doors(client: FlaskClient, public_id: str, information_id: str) -> SignUp:
    """The five forms that mail to an address that is not confirmed."""
    token = csrf_token(client, "/alerts/new")
    blank = Page(client.get("/listings/new?kind=request").text)
    days = {name: blank.value(name) for name in ("starts_on", "ends_on")}

    def sign_up(number: int, email: str) -> None:
        client.environ_base["REMOTE_ADDR"] = f"81.{number // 250}.{number % 250}.7"
        key = f"key-of-form-{number}"
        address, data = (
            ("/alerts", ALERT),
            ("/listings", {**REQUEST, **days, "key": key}),
            (f"/listings/{public_id}/answer", {"text": "Bonjour"}),
            (f"/listings/{information_id}/question", {"text": "Bonjour ?"}),
            ("/organisations", ORGANISATION),
        )[number % 5]
        answer = client.post(address, data={**data, "email": email, "csrf_token": token})
        assert answer.status_code == 303

    return sign_up


def waiting(board: Board) -> int:
    """Links that nobody has used."""
    with board.db.read() as session:
        counted = sa.select(sa.func.count(Link.id)).where(Link.used_at.is_(None))
        return session.scalar(counted) or 0


def test_T12_a_thousand_sign_ups_make_three_mails(
    app: Flask, board: Board, make: Factory, smtp: MailSink
) -> None:
    """Through every door, from a thousand networks; counted in SQL, without Redis."""
    public_id = make.open(email="poster@example.org").public_id
    information_id = make.information().public_id
    work_off(board)
    before = waiting(board)
    probe(doors(english(app), public_id, information_id))
    work_off(board)
    assert len(smtp.to(VICTIM)) == WAITING_PER_ADDRESS == 3
    assert waiting(board) == before + 3
    with board.db.read() as session:
        assert session.scalar(sa.select(sa.func.count(Sighting.id))) == SIGN_UPS + 1


class WeakSignUps:
    """What many newsletters do: a cap per network, kept in the memory of one process."""

    def __init__(self) -> None:
        self._seen: dict[str, int] = {}
        self.mails: list[str] = []

    def sign_up(self, number: int, email: str) -> None:
        network = f"81.{number // 250}.{number % 250}"
        self._seen[network] = self._seen.get(network, 0) + 1
        if self._seen[network] <= 3:
            self.mails.append(email.lower())


def test_T12_the_probe_finds_a_cap_per_network_alone() -> None:
    """The positive control: the same thousand sign-ups bury the address."""
    weak = WeakSignUps()
    probe(weak.sign_up)
    assert weak.mails.count(VICTIM) == SIGN_UPS


def test_T12_without_the_cap_in_sql_the_probe_finds_ours_too(
    app: Flask, board: Board, make: Factory, smtp: MailSink, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The positive control on our own code: it is the cap that holds, and nothing else."""
    public_id = make.open(email="poster@example.org").public_id
    monkeypatch.setattr("board.links.may_confirm", lambda session, address: True)
    information_id = make.information().public_id
    probe(doors(english(app), public_id, information_id), times=12)
    work_off(board)
    assert len(smtp.to(VICTIM)) == 12


def test_T12_a_network_that_signs_many_up_is_slowed_and_nobody_behind_it_is_refused(
    app: Flask, board: Board, smtp: MailSink
) -> None:
    """Many people share a carrier's network: each gets the mail, the later ones later."""
    client = english(app)
    client.environ_base["REMOTE_ADDR"] = "81.2.69.142"
    token = csrf_token(client, "/alerts/new")
    people = [f"person{number}@example.org" for number in range(14)]
    for email in people:
        sent = client.post("/alerts", data={**ALERT, "email": email, "csrf_token": token})
        assert sent.status_code == 303
    work_off(board)
    assert [len(smtp.to(email)) for email in people] == [1] * 10 + [0] * 4
    board.db.clock_offset = timedelta(minutes=3)
    work_off(board)
    assert [len(smtp.to(email)) for email in people] == [1] * 14


def test_T12_nothing_goes_on_without_a_yes_and_one_click_ends_it(
    app: Flask, board: Board, make: Factory, smtp: MailSink
) -> None:
    """Double opt-in, and the one-click of RFC 8058 in every mail of an alert."""
    client = english(app)
    token = csrf_token(client, "/alerts/new")
    client.post("/alerts", data={**ALERT, "email": VICTIM, "csrf_token": token})
    make.open(email="poster@example.org")
    work_off(board)
    assert len(smtp.to(VICTIM)) == 1
    link = f"/links/{smtp.token(VICTIM)}"
    client.post(link, data={"csrf_token": csrf_token(client, link)})
    make.open(email="poster2@example.org")
    work_off(board)
    mail = smtp.to(VICTIM)[-1]
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    found = re.search(r"<http://board\.test(/\S+)>", mail["List-Unsubscribe"])
    assert found is not None, mail["List-Unsubscribe"]
    done = english(app).post(found[1], data={"List-Unsubscribe": "One-Click"})
    assert done.status_code == 200
    make.open(email="poster3@example.org")
    work_off(board)
    assert smtp.to(VICTIM)[-1] is mail

"""Alerts, and the mails that an opened listing causes."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa

from board import alerts, confirmations, listings
from board.alerts import Alert, AlertStatus
from board.context import Board
from board.errors import Invalid, LinkRefused
from board.outbox import OutboxRow
from matcher.place import Place
from matcher.taxonomy import Kind, Reach
from tests.factories import AKWA, MARSEILLE, Factory
from tests.fakes import MailSink, text_of, work_off

VOLUNTEER = "volunteer@example.org"


def told(smtp: MailSink) -> int:
    """How many mails with an unsubscribe link the volunteer got."""
    return sum(message["List-Unsubscribe"] is not None for message in smtp.to(VOLUNTEER))


def test_an_alert_begins_when_it_is_confirmed(board: Board, make: Factory, smtp: MailSink) -> None:
    """Before the link is used nobody is told of anything."""
    alerts.save(board, make.alert_form(email=VOLUNTEER))
    make.open()
    work_off(board)
    assert told(smtp) == 0
    confirmations.act(board, smtp.token(VOLUNTEER))
    make.open()
    work_off(board)
    assert told(smtp) == 1


def test_the_mail_says_what_where_and_how_to_stop(
    board: Board, make: Factory, smtp: MailSink
) -> None:
    """One recipient, a stable id, the RFC 8058 headers, the listing's page."""
    make.alert(email=VOLUNTEER)
    view = make.open(title="Courses pour ma mère", email="asker@example.org")
    work_off(board)
    mail = next(m for m in smtp.to(VOLUNTEER) if m["List-Unsubscribe"])
    assert mail["To"] == VOLUNTEER
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert "Courses pour ma mère" in mail["Subject"]
    text = text_of(mail)
    assert f"http://board.test/listings/{view.public_id}" in text
    assert "asker@example.org" not in mail.as_string()


@pytest.mark.parametrize(
    ("alert", "listing", "hit"),
    [
        ({}, {}, True),
        ({"kinds": (Kind.OFFER,)}, {}, False),
        ({"categories": ("groceries", "meals")}, {}, True),
        ({"categories": ("medicine",)}, {}, False),
        ({"least_urgency": 2}, {"urgency": 2}, True),
        ({"least_urgency": 3}, {"urgency": 2}, False),
        ({"languages": ("ar",)}, {}, False),
        ({"languages": ("ar", "fr")}, {}, True),
        ({"cell": MARSEILLE.cell}, {}, False),
        ({"cell": None, "remote": True}, {}, False),
        ({"cell": None, "remote": True}, {"reach": Reach.WORLD}, True),
        ({}, {"radius_km": 1.0}, True),
    ],
)
def test_a_listing_hits_the_alerts_that_ask_for_it(
    board: Board,
    make: Factory,
    smtp: MailSink,
    alert: dict[str, Any],
    listing: dict[str, Any],
    hit: bool,
) -> None:
    """Place, kind, category, urgency and language all count; the listing's radius does not."""
    make.alert(email=VOLUNTEER, **alert)
    make.open(**listing)
    work_off(board)
    assert told(smtp) == int(hit)


def test_two_alerts_of_one_member_cause_one_mail(
    board: Board, make: Factory, smtp: MailSink
) -> None:
    """A listing is told once to a person, whatever the number of reasons."""
    make.alert(email=VOLUNTEER)
    make.alert(email=VOLUNTEER, categories=("groceries",))
    make.offer(email=VOLUNTEER)
    make.open()
    work_off(board)
    assert told(smtp) == 1


def test_nobody_is_told_of_the_own_listing(board: Board, make: Factory, smtp: MailSink) -> None:
    """An alert passes over what its owner posts."""
    make.alert(email=VOLUNTEER)
    make.open(email=VOLUNTEER)
    work_off(board)
    assert told(smtp) == 0


@pytest.mark.parametrize(("notify", "mails"), [(True, 1), (False, 0)])
def test_a_waiting_poster_hears_of_a_counterpart(
    board: Board, make: Factory, smtp: MailSink, notify: bool, mails: int
) -> None:
    """To be told when one comes is on by default, and can be declined."""
    make.open(email="asker@example.org", notify=notify)
    work_off(board)
    before = len(smtp.to("asker@example.org"))
    make.offer(title="Je livre à vélo")
    work_off(board)
    news = smtp.to("asker@example.org")[before:]
    assert ["Je livre à vélo" in mail["Subject"] for mail in news] == [True] * mails


def test_a_closed_listing_is_told_to_nobody(board: Board, make: Factory, smtp: MailSink) -> None:
    """What was withdrawn between its opening and the sending causes no mail."""
    make.alert(email=VOLUNTEER)
    view = make.open()
    with board.db.write() as session:
        listings.close(session, listings.find(session, view.public_id), "poster")
    work_off(board)
    assert told(smtp) == 0


def test_unsubscribing_needs_one_token_and_works_twice(
    board: Board, make: Factory, smtp: MailSink
) -> None:
    """The token of any mail of the alert ends it for good."""
    make.alert(email=VOLUNTEER)
    make.open()
    work_off(board)
    token = smtp.token(VOLUNTEER, "unsubscribe")
    alerts.unsubscribe(board, token)
    alerts.unsubscribe(board, token)
    make.open()
    work_off(board)
    assert told(smtp) == 1


@pytest.mark.parametrize("token", ["", "alert:1", "alert:1.", "alert:1.AAAA", "é.é", "x" * 5000])
def test_a_forged_token_unsubscribes_nobody(board: Board, make: Factory, token: str) -> None:
    """Only what was mailed ends an alert."""
    make.alert(email=VOLUNTEER)
    with pytest.raises(LinkRefused):
        alerts.unsubscribe(board, token)
    with board.db.read() as session:
        assert session.scalars(sa.select(Alert.status)).all() == [AlertStatus.ACTIVE]


@pytest.mark.parametrize(
    ("field", "given"),
    [
        ("email", {"email": "x"}),
        ("place", {"cell": None}),
        ("place", {"cell": 12}),
        ("place", {"cell": Place.at(4.05, 9.7, 4).cell}),
        ("place", {"place_name": "x" * 201}),
        ("radius_km", {"radius_km": 1.0}),
        ("radius_km", {"radius_km": float("nan")}),
        ("categories", {"categories": ("sorcery",)}),
        ("languages", {"languages": ("xx",)}),
        ("least_urgency", {"least_urgency": 4}),
    ],
)
def test_a_bad_alert_is_named_and_not_stored(
    board: Board, make: Factory, field: str, given: dict[str, Any]
) -> None:
    """Each refusal names its field; nothing is written."""
    with pytest.raises(Invalid) as refused:
        alerts.save(board, make.alert_form(**given))
    assert field in {problem.field for problem in refused.value.problems}
    with board.db.read() as session:
        assert session.scalars(sa.select(Alert.id)).all() == []
        assert session.scalars(sa.select(OutboxRow.id)).all() == []


def test_a_member_keeps_twenty_alerts(board: Board, make: Factory) -> None:
    """A further one takes the place of the oldest."""
    numbers = [make.alert(email=VOLUNTEER, cell=AKWA.cell) for _ in range(alerts.PER_MEMBER + 1)]
    with board.db.read() as session:
        active = session.scalars(
            sa.select(Alert.id).where(Alert.status == AlertStatus.ACTIVE).order_by(Alert.id)
        ).all()
    assert list(active) == numbers[1:]

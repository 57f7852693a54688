"""Reporting a listing, the trap for programs, and the proof of work on anonymous forms."""

from __future__ import annotations

import altcha
import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from board.alerts import Alert
from board.context import Board
from board.conversations import Conversation
from board.limits import Sighting
from board.listings import Listing
from board.organisations import Organisation
from board.questions import Question
from board.reports import Report
from config.settings import Settings
from tests.factories import Factory
from tests.web.conftest import Page, Poster, csrf_token, english, sign_in
from web.app import create_app


def send_report(client: FlaskClient, public_id: str, **data: str) -> tuple[int, str]:
    """Send the form; (status, text or new address)."""
    address = f"/listings/{public_id}/report"
    token = csrf_token(client, address)
    answer = client.post(address, data={"csrf_token": token, **data})
    return answer.status_code, answer.location or answer.text


def reporters(board: Board) -> list[str]:
    """Who has reported, as it is kept."""
    with board.db.read() as session:
        return list(session.scalars(sa.select(Report.reporter).order_by(Report.id)))


def solution(client: FlaskClient) -> str:
    """A solved challenge of this site, as the widget sends it."""
    challenge = altcha.Challenge.from_dict(client.get("/proof").json)
    found = altcha.solve_challenge(challenge)
    assert found is not None
    return altcha.Payload(challenge, found).to_base64()


def test_anybody_reports_from_the_page_of_a_listing(
    client: FlaskClient, board: Board, make: Factory
) -> None:
    """A link, a reason, thank you; a second time it is the same answer and no second report."""
    view = make.open()
    page = Page(client.get(f"/listings/{view.public_id}").text)
    assert page.all("a", href=f"/listings/{view.public_id}/report")
    for _ in range(2):
        status, location = send_report(client, view.public_id, reason="scam", text="Un virement")
        assert status == 303
        assert "A moderator looks at this listing." in client.get(location).text
    assert reporters(board) == ["unknown"]


def test_a_report_without_a_reason_comes_back(client: FlaskClient, make: Factory) -> None:
    """With what was typed."""
    view = make.open()
    status, text = send_report(client, view.public_id, text="Je ne sais pas")
    assert status == 422
    assert "Je ne sais pas" in text
    assert Page(text).problems() == ["reason"]


def test_a_member_counts_as_a_member_and_a_guest_as_a_network(
    app: Flask, board: Board, make: Factory
) -> None:
    """The address itself is kept nowhere."""
    view, member = make.open(), make.member()
    signed_in = english(app)
    sign_in(signed_in, member)
    send_report(signed_in, view.public_id, reason="spam")
    guest = english(app)
    guest.environ_base["REMOTE_ADDR"] = "81.2.69.142"
    send_report(guest, view.public_id, reason="spam")
    first, second = reporters(board)
    assert first == f"member:{member}"
    assert len(second) == 64
    assert "81.2" not in second


def test_only_announced_proxies_are_believed(settings: Settings, board: Board) -> None:
    """Else whoever writes the header would be anybody."""
    for proxies, expected in ((0, None), (1, 64)):
        app = create_app(board, settings.model_copy(update={"proxies": proxies}))
        poster = Poster(english(app))
        poster.client.environ_base["HTTP_X_FORWARDED_FOR"] = "10.0.0.9, 81.2.69.142"
        poster.alert(email=f"a{proxies}@example.org")
        with board.db.read() as session:
            row = session.scalars(sa.select(Sighting).order_by(Sighting.id.desc())).first()
            assert row is not None
            assert (row.network_hash and len(row.network_hash)) == expected


def test_the_trap_answers_as_usual_and_does_nothing(
    client: FlaskClient, send: Poster, board: Board, make: Factory
) -> None:
    """A program that fills every field in learns nothing."""
    view, official = make.open(), make.information()
    with board.db.read() as session:
        before = session.scalar(sa.select(sa.func.count(Listing.id)))
    spam = {"homepage": "https://example.org"}
    assert send.listing(**spam).status_code == send.alert(**spam).status_code == 303
    assert send_report(client, view.public_id, reason="spam", **spam)[0] == 303
    address = f"/listings/{view.public_id}/answer"
    answer = client.post(
        address,
        data={
            "csrf_token": csrf_token(client, address),
            "text": "Bonjour",
            "email": "a@example.org",
            **spam,
        },
    )
    assert answer.status_code == 303
    for address, typed in (
        (f"/listings/{official.public_id}/question", {"text": "Bonjour ?"}),
        ("/organisations", {"kind": "ngo", "name": "X", "country": "CM", "countries": "CM"}),
    ):
        form = {"csrf_token": csrf_token(client, "/alerts/new"), "email": "a@example.org"}
        assert client.post(address, data={**form, **typed, **spam}).status_code == 303
    with board.db.read() as session:
        assert session.scalar(sa.select(sa.func.count(Listing.id))) == before
        assert session.scalar(sa.select(sa.func.count(Organisation.id))) == 1
        for table in (Alert, Conversation, Question, Report):
            assert session.scalar(sa.select(sa.func.count(table.id))) == 0


@pytest.mark.parametrize(
    "address",
    [
        *("/listings/new?kind=request", "/listings/new?kind=offer", "/alerts/new"),
        *("/organisations/new", "answer", "report", "question"),
    ],
)
def test_every_anonymous_form_has_the_trap_and_the_proof(
    client: FlaskClient, make: Factory, address: str
) -> None:
    """The trap is out of sight and out of the order of the tab key."""
    if "/" not in address:
        view = make.information() if address == "question" else make.open()
        address = f"/listings/{view.public_id}/{address}"
    page = Page(client.get(address).text)
    assert page.one("input", name="homepage")["tabindex"] == "-1"
    assert [each for each in page.all("div") if each.get("data-proof") == "/proof"]
    assert page.one("script", id="proof-script")["data-worker"].startswith("/vendor/altcha-sha.js")


def test_a_solved_challenge_counts_once_and_none_is_needed(
    client: FlaskClient, send: Poster, board: Board
) -> None:
    """Without one the form works as well."""
    proof = solution(client)
    for key, sent in enumerate((proof, proof, "nonsense", "")):
        answer = send.listing(altcha=sent, key=f"key-number-{key}", email=f"p{key}@example.org")
        assert answer.status_code == 303
    with board.db.read() as session:
        proven = session.scalars(sa.select(Sighting.proven).order_by(Sighting.id)).all()
    assert list(proven) == [True, False, False, False]


def test_a_challenge_is_kept_by_no_cache(client: FlaskClient) -> None:
    """Each is fresh, and says what to do in the words of the protocol."""
    answer = client.get("/proof")
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.json != client.get("/proof").json
    assert answer.json["parameters"]["algorithm"] == "SHA-256"


@pytest.mark.parametrize("name", ["altcha.js", "altcha.css", "altcha-sha.js"])
def test_the_widget_comes_from_here(client: FlaskClient, name: str) -> None:
    """Its script, its sheet and its worker."""
    assert client.get(f"/vendor/{name}").status_code == 200

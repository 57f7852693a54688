"""The moderators' pages, what posters see of them, and who gets in."""

from __future__ import annotations

import re

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from board import bans, inbox, messages, moderation, recovery, roles
from board.audit import AuditEntry
from board.cases import Case
from board.context import Board
from board.conversations import Seat
from board.members import Member
from tests.factories import Factory
from tests.fakes import MailSink, work_off
from tests.web.conftest import Page, Poster, csrf_token, english, sign_in

POSTER = "poster@example.org"
HELD = {"text": "Appelez-moi au 06 12 34 56 78 <b>vite</b>", "email": POSTER}


@pytest.fixture
def moderator(app: Flask, make: Factory) -> FlaskClient:
    """A browser of a moderator, with the second factor given."""
    client = english(app)
    member = make.member(roles=["moderator"], display_name="Awa")
    sign_in(client, member, second_factor=True)
    return client


def press(client: FlaskClient, address: str, where: str, **data: str) -> tuple[int, str]:
    """Send a form of the page `where`; (status, text or new address)."""
    token = csrf_token(client, where)
    answer = client.post(address, data={"csrf_token": token, **data})
    return answer.status_code, answer.location or answer.text


def test_whoever_posts_is_told_plainly_that_somebody_looks_first(
    client: FlaskClient, send: Poster, board: Board, smtp: MailSink
) -> None:
    """After the confirmation, and by mail; the listing has no page for anybody yet."""
    send.listing(text="Appelez-moi au 06 12 34 56 78", email=POSTER)
    work_off(board)
    address = f"/links/{smtp.token(POSTER)}"
    status, text = press(client, address, address)
    assert status == 200
    assert "Somebody looks at it first" in text
    assert "emergency number" in text
    assert "Courses" not in client.get("/listings").text


def test_from_a_guests_first_post_in_childcare_to_a_mail_nearby(
    app: Flask, client: FlaskClient, send: Poster, board: Board, make: Factory, smtp: MailSink
) -> None:
    """By forms and mailed links alone: held, approved after the second factor, then told."""
    make.alert(email="volunteer@example.org")
    send.listing(categories="childcare", email=POSTER)
    work_off(board)
    link = f"/links/{smtp.token(POSTER)}"
    assert "Somebody looks at it first" in press(client, link, link)[1]
    work_off(board)
    assert "Courses" not in client.get("/listings").text
    assert smtp.to("volunteer@example.org") == []
    moderator = english(app)
    sign_in(moderator, make.member(email="awa@example.org", roles=["moderator"]))
    door = moderator.get("/moderation").location
    assert door == "/second-factor?next=%2Fmoderation"
    code = recovery.issue_for(board, "awa@example.org")[0]
    passed = press(moderator, "/second-factor/recovery", door, code=code, next="/moderation")
    assert passed == (303, "/moderation")
    queue = moderator.get("/moderation").text
    assert "First post about childcare" in queue
    found = re.search(r'href="(/moderation/cases/\d+)"', queue)
    assert found
    assert press(moderator, f"{found[1]}/approve", found[1])[0] == 303
    work_off(board)
    assert "Courses" in client.get("/listings").text
    assert "Courses" in smtp.to("volunteer@example.org")[-1]["Subject"]
    assert "Courses" in smtp.to(POSTER)[-1]["Subject"]


@pytest.mark.parametrize(
    ("text", "hinted"),
    [
        (
            "Versez 200 euros de frais par Western Union, 06 12 34 56 78, je vous envoie l’argent.",
            True,
        ),
        ("Je ne peux pas sortir. Appelez-moi au 06 12 34 56 78.", False),
    ],
)
def test_the_words_that_seem_risky_are_a_hint(
    moderator: FlaskClient, make: Factory, text: str, hinted: bool
) -> None:
    """They are shown where the text resembles risky ones, and decide nothing."""
    page = moderator.get(f"/moderation/cases/{make.held(text=text, email=POSTER)}").text
    assert ("It resembles texts that were risky" in page) == hinted
    assert bool(re.search(r"for these words: [^<]*Western", page)) == hinted


def test_a_moderator_sees_the_marks_and_decides(
    moderator: FlaskClient, board: Board, make: Factory
) -> None:
    """The queue leads to the case; what decided is marked; its text is text and no markup."""
    case = make.held(**HELD)
    queue = moderator.get("/moderation").text
    assert f'href="/moderation/cases/{case}"' in queue
    page = moderator.get(f"/moderation/cases/{case}")
    assert re.search(r'<mark class="found"[^>]*>06 12 34 56 78<', page.text)
    assert "A telephone number" in page.text
    assert "&lt;b&gt;vite" in page.text
    assert POSTER not in page.text
    assert page.headers["Cache-Control"] == "no-store"
    where = f"/moderation/cases/{case}"
    status, location = press(moderator, f"{where}/approve", where)
    assert (status, location) == (303, "/moderation?done=approve")
    assert "It is on the board." in moderator.get(location).text
    assert moderator.get(where).status_code == 409


@pytest.mark.parametrize(
    ("decision", "reason", "said"),
    [
        ("refuse", "contact", "It is refused."),
        ("edit", "unclear", "A link to change the words"),
        ("ban", "fraud", "The address is banned."),
    ],
)
def test_a_decision_needs_a_reason_of_the_list(
    moderator: FlaskClient, make: Factory, decision: str, reason: str, said: str
) -> None:
    """Without one, the page comes back with the problem and nothing is decided."""
    case = make.held(**HELD)
    where = f"/moderation/cases/{case}"
    for wrong in ("", "whim"):
        status, text = press(moderator, f"{where}/{decision}", where, reason=wrong)
        assert status == 422
        assert "Choose one of the reasons of the list." in text
    status, location = press(moderator, f"{where}/{decision}", where, reason=reason)
    assert status == 303
    assert said in moderator.get(location).text


def test_the_second_of_two_moderators_is_told_who_was_first(
    app: Flask, moderator: FlaskClient, make: Factory
) -> None:
    """By the name that the first goes by, and what was decided."""
    case = make.held(**HELD)
    other = english(app)
    sign_in(other, make.member(roles=["moderator"]), second_factor=True)
    where = f"/moderation/cases/{case}"
    token = csrf_token(other, where)
    press(moderator, f"{where}/approve", where)
    answer = other.post(f"{where}/refuse", data={"csrf_token": token, "reason": "contact"})
    assert answer.status_code == 409
    assert "Awa decided" in answer.text
    assert "It is on the board." in answer.text


def test_looking_an_address_up_shows_it_once_and_logs_it(
    moderator: FlaskClient, board: Board, make: Factory
) -> None:
    """On this page only, after a reason; the same page read again does not have it."""
    case = make.held(**HELD)
    where = f"/moderation/cases/{case}"
    assert press(moderator, f"{where}/reveal", where, reason="")[0] == 422
    status, text = press(moderator, f"{where}/reveal", where, reason="danger")
    assert status == 200
    assert POSTER in text
    assert POSTER not in moderator.get(where).text
    with board.db.read() as session:
        wanted = sa.select(AuditEntry).where(AuditEntry.action == "contact-revealed")
        assert [row.reason for row in session.scalars(wanted)] == ["danger"]


def test_beyond_the_quota_nothing_is_shown(
    moderator: FlaskClient, make: Factory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The fifty-first of a day is for tomorrow."""
    monkeypatch.setattr("board.revealing.PER_DAY", 1)
    where = f"/moderation/cases/{make.held(**HELD)}"
    assert press(moderator, f"{where}/reveal", where, reason="law")[0] == 200
    status, text = press(moderator, f"{where}/reveal", where, reason="law")
    assert status == 429
    assert POSTER not in text


def test_the_change_that_was_asked_for(
    client: FlaskClient, moderator: FlaskClient, board: Board, make: Factory, smtp: MailSink
) -> None:
    """The mailed link shows the words; looking uses nothing up; then it says who reads it."""
    where = f"/moderation/cases/{make.held(**HELD)}"
    press(moderator, f"{where}/edit", where, reason="contact")
    work_off(board)
    address = f"/rewording/{smtp.token(POSTER, 'rewording')}"
    for _ in range(3):
        page = client.get(address)
        assert "Courses pour une semaine" in page.text
        assert page.headers["Cache-Control"] == "no-store"
    assert press(client, address, address, title="", text="")[0] == 422
    status, location = press(client, address, address, title="Courses", text="Merci.")
    assert status == 303
    assert "A moderator reads it now." in client.get(location).text
    assert client.get(address).status_code == 410
    assert "Changed after a moderator asked" in moderator.get("/moderation").text


def test_a_ban_its_appeal_and_the_other_moderator(
    app: Flask,
    client: FlaskClient,
    moderator: FlaskClient,
    board: Board,
    make: Factory,
    smtp: MailSink,
) -> None:
    """The banned address cannot confirm; it appeals once; the one who banned cannot decide."""
    waiting = make.pending(email=POSTER)
    where = f"/moderation/cases/{make.held(**HELD)}"
    work_off(board)
    link = f"/links/{smtp.token(POSTER)}"
    press(moderator, f"{where}/ban", where, reason="spam")
    work_off(board)
    assert waiting
    address = f"/appeals/{smtp.token(POSTER, 'appeals')}"
    assert "Advertising" in client.get(address).text
    assert press(client, address, address, text=" ")[0] == 422
    assert press(client, address, address, text="Une erreur")[0] == 303
    assert client.get(address).status_code == 410
    with board.db.read() as session:
        ban = session.scalar(sa.select(bans.Ban.id))
    page = moderator.get("/moderation/appeals").text
    assert "another moderator reads the appeal" in page
    token = csrf_token(moderator, "/alerts/new")
    own = moderator.post(f"/moderation/appeals/{ban}/lift", data={"csrf_token": token})
    assert own.status_code == 403
    other = english(app)
    sign_in(other, make.member(roles=["moderator"]), second_factor=True)
    status, location = press(other, f"/moderation/appeals/{ban}/lift", "/moderation/appeals")
    assert (status, location) == (303, "/moderation/appeals?done=lift")
    assert link


def test_a_banned_address_is_told_when_it_confirms(
    client: FlaskClient, board: Board, make: Factory, smtp: MailSink
) -> None:
    """Posting answered as always; the link says no."""
    case = make.held(**HELD)
    moderation.ban(board, make.member(), case, "fraud")
    make.pending(email=POSTER)
    work_off(board)
    address = next(
        found[1]
        for mail in reversed(smtp.to(POSTER))
        if (found := re.search(r"(/links/\S+)", mail.get_content()))
    )
    status, text = press(client, address, address)
    assert status == 403
    assert "This address may not use the board" in text


def test_links_of_other_kinds_do_nothing_at_the_wrong_address(
    client: FlaskClient, moderator: FlaskClient, board: Board, make: Factory, smtp: MailSink
) -> None:
    """The number of a ban is no number of a listing."""
    view = make.open()
    case = make.held(**HELD)
    moderation.ban(board, make.member(), case, "fraud")
    work_off(board)
    token = smtp.token(POSTER, "appeals")
    assert client.get(f"/links/{token}").status_code == 410
    posted = client.post(f"/links/{token}", data={"csrf_token": csrf_token(client, "/alerts/new")})
    assert posted.status_code == 410
    assert client.get(f"/listings/{view.public_id}").status_code == 200
    assert client.get(f"/rewording/{token}").status_code == 410


@pytest.mark.parametrize("roles", [[], ["relay"], ["partner"], ["administrator"]])
def test_the_queue_is_for_moderators(app: Flask, make: Factory, roles: list[str]) -> None:
    """To others it does not exist, whatever else they are; guests are asked to sign in."""
    case = make.held(**HELD)
    client = english(app)
    token = csrf_token(client, "/alerts/new")
    for address in ("/moderation", f"/moderation/cases/{case}", "/moderation/appeals"):
        assert client.get(address).status_code == 303
    sign_in(client, make.member(roles=roles), second_factor=True)
    for address in ("/moderation", f"/moderation/cases/{case}", "/moderation/appeals"):
        assert client.get(address).status_code == 404
    for deed in ("approve", "reveal"):
        answer = client.post(f"/moderation/cases/{case}/{deed}", data={"csrf_token": token})
        assert answer.status_code in (400, 404)
    assert "/moderation" not in client.get("/").text


def test_a_moderator_finds_the_way_to_the_queue(moderator: FlaskClient) -> None:
    """A line at the foot of every page."""
    assert Page(moderator.get("/").text).all("a", href="/moderation")


def test_a_moderators_own_listing_waits_for_another(
    app: Flask, board: Board, make: Factory
) -> None:
    """No button to approve it, and none that works."""
    case = make.held(**HELD)
    with board.db.write() as session:
        member = session.scalars(sa.select(Member).where(Member.email == POSTER)).one().id
    roles.grant(board, POSTER, "moderator")
    client = english(app)
    sign_in(client, member, second_factor=True)
    page = client.get(f"/moderation/cases/{case}").text
    assert "another moderator decides" in page
    assert "/approve" not in page
    token = csrf_token(client, "/alerts/new")
    answer = client.post(f"/moderation/cases/{case}/approve", data={"csrf_token": token})
    assert answer.status_code == 403


def held_message(board: Board, make: Factory) -> tuple[Seat, str]:
    """The seat of a helper whose message waits, and the address of its case."""
    view = make.open(email=POSTER, title="Courses du mardi")
    seat = make.answered(view, email="helper@example.org", text="Bonjour tout le monde")
    messages.write(board, seat, "Mon numéro : 06 12 34 56 78 <b>vite</b>", "a-key-of-a-form")
    with board.db.read() as session:
        case = session.scalar(sa.select(sa.func.max(Case.id)))
    return seat, f"/moderation/cases/{case}"


def test_a_held_message_in_the_queue_and_its_case(
    moderator: FlaskClient, board: Board, make: Factory, smtp: MailSink
) -> None:
    """With its marks and what it is about; no address and no other message; then it goes on."""
    seat, where = held_message(board, make)
    queue = moderator.get("/moderation").text
    assert f'href="{where}"' in queue
    assert "Message of whoever answered this" in queue
    page = moderator.get(where).text
    assert re.search(r'<mark class="found"[^>]*>06 12 34 56 78<', page)
    assert "Courses du mardi" in page and "Groceries" in page
    assert "the two have not agreed yet" in page
    assert "&lt;b&gt;vite" in page
    for hidden in (POSTER, "helper@example.org", "Bonjour tout le monde", f"{where}/edit"):
        assert hidden not in page + queue
    status, location = press(moderator, f"{where}/approve", where)
    assert (status, location) == (303, "/moderation?done=approve-message")
    assert "The message goes on" in moderator.get(location).text
    assert "The message goes on" in moderator.get(where).text
    work_off(board)
    assert any("06 12" in mail.get_content() for mail in smtp.to(POSTER))
    assert seat


@pytest.mark.parametrize(
    ("decision", "reason", "said"),
    [
        ("refuse", "contact", "The message is refused."),
        ("ban", "fraud", "The address is banned."),
    ],
)
def test_a_decision_about_a_message_needs_a_reason_of_the_list(
    moderator: FlaskClient, board: Board, make: Factory, decision: str, reason: str, said: str
) -> None:
    """As about a listing; a change is asked of listings alone."""
    _, where = held_message(board, make)
    assert press(moderator, f"{where}/{decision}", where, reason="whim")[0] == 422
    assert press(moderator, f"{where}/edit", where, reason="contact")[0] == 404
    status, location = press(moderator, f"{where}/{decision}", where, reason=reason)
    assert status == 303
    assert said in moderator.get(location).text


def test_a_moderator_of_the_two_finds_no_case(app: Flask, board: Board, make: Factory) -> None:
    """Neither in the queue nor under its number; a form changes nothing."""
    seat, where = held_message(board, make)
    roles.grant(board, POSTER, "moderator")
    client = english(app)
    with board.db.read() as session:
        member = session.scalars(sa.select(Member).where(Member.email == POSTER)).one().id
    sign_in(client, member, second_factor=True)
    assert where not in client.get("/moderation").text
    assert client.get(where).status_code == 404
    token = csrf_token(client, "/alerts/new")
    answer = client.post(f"{where}/approve", data={"csrf_token": token})
    assert answer.status_code == 404
    assert inbox.show(board, seat).messages[-1].state == "held"

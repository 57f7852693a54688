"""The pages of conversations: for members, and for guests by the link of a mail."""

from __future__ import annotations

import re
from zoneinfo import ZoneInfo

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from board import inbox, messages, moderation, outcomes, profiles
from board.context import Board
from board.conversations import Conversation, Seat, Side
from board.db import now
from board.outcomes import Action
from board.profiles import Profile
from tests.factories import Factory
from tests.fakes import MailSink, work_off
from tests.web.conftest import Page, csrf_token, sign_in

ASKER, HELPER = "asker@example.org", "helper@example.org"


@pytest.fixture
def helper(board: Board, make: Factory) -> Seat:
    """The seat of a helper who has answered an asker."""
    return make.answered(make.open(email=ASKER), email=HELPER, text="Bonjour")


def poster(seat: Seat) -> Seat:
    """The seat across."""
    return Seat(seat.conversation_id, Side.POSTER)


def row(board: Board, seat: Seat) -> Conversation:
    """The conversation as it is stored."""
    with board.db.read() as session:
        return session.get_one(Conversation, seat.conversation_id)


@pytest.fixture(params=["member", "guest"])
def door(
    request: pytest.FixtureRequest,
    client: FlaskClient,
    board: Board,
    helper: Seat,
    smtp: MailSink,
) -> str:
    """The address of the poster's page, once signed in and once by the link of a mail."""
    if request.param == "member":
        sign_in(client, row(board, helper).poster_id)
        return f"/conversations/{row(board, helper).public_id}"
    work_off(board)
    return f"/conversations/by-link/{smtp.token(ASKER, 'conversations/by-link')}"


def press(client: FlaskClient, door: str, deed: str, **typed: str) -> TestResponse:
    """Send one form of the page as a browser without script would."""
    page = Page(client.get(door).text)
    data = {"csrf_token": page.value("csrf_token"), "key": page.value("key"), **typed}
    return client.post(f"{door}/{deed}", data=data)


def texts(board: Board, seat: Seat) -> list[str]:
    """What is said."""
    return [each.text for each in inbox.show(board, seat).messages]


def test_writing_sharing_deciding_and_thanking(
    client: FlaskClient, board: Board, helper: Seat, door: str
) -> None:
    """All that one side can do, by plain forms that answer 303."""
    for deed, typed in (
        ("messages", {"text": "Demain à 10 h ?"}),
        ("contact", {"contact": "+237 600 00 00 00"}),
        ("outcome", {"action": "accept"}),
        ("outcome", {"action": "done"}),
        ("thanks", {"thanks": "Merci mille fois"}),
    ):
        answer = press(client, door, deed, **typed)
        # The browser keeps what is typed until the page says that it was sent.
        said = {"messages": "?said=message", "thanks": "?said=thanks"}.get(deed, "")
        assert (answer.status_code, answer.location) == (303, f"{door}{said}#newest"), deed
        assert client.get(door).status_code == 200
    kinds = [each.kind for each in inbox.show(board, helper).messages]
    assert kinds == ["words", "words", "contact", "thanks"]
    page = client.get(door).text
    assert "Merci mille fois" in page and "/contact" not in page and "/thanks" not in page


def test_looking_changes_nothing(
    client: FlaskClient, board: Board, helper: Seat, door: str
) -> None:
    """Neither reading marks, nor uses a link up; the button does, without script too."""
    for method in ("GET", "HEAD", "GET", "GET"):
        assert client.open(door, method=method).status_code == 200
    assert inbox.show(board, poster(helper)).unread == 1
    newest = Page(client.get(door).text).value("newest")
    assert press(client, door, "read", newest=newest).status_code == 303
    assert inbox.show(board, poster(helper)).unread == 0
    assert not Page(client.get(door).text).all("form", action=f"{door}/read")


@pytest.mark.parametrize(
    ("deed", "field", "typed"),
    [
        ("messages", "text", {"text": " "}),
        ("messages", "text", {"text": "x" * 4001}),
        ("messages", "text", {"text": "a\u202eb"}),
        ("contact", "contact", {"contact": ""}),
        ("contact", "contact", {"contact": "x" * 301}),
        ("thanks", "thanks", {"thanks": "Merci"}),
    ],
)
def test_a_refused_form_is_given_back(
    client: FlaskClient,
    board: Board,
    helper: Seat,
    door: str,
    deed: str,
    field: str,
    typed: dict[str, str],
) -> None:
    """The field is named, what was typed stays, nothing is stored."""
    answer = press(client, door, deed, **typed)
    assert answer.status_code == 422
    assert Page(answer.text).problems() == [field]
    if deed != "thanks" and typed[field].strip():
        assert typed[field] in "".join(Page(answer.text).texts["textarea"])
    assert texts(board, helper) == ["Bonjour"]


@pytest.mark.parametrize(
    ("deed", "typed", "status"),
    [
        ("outcome", {"action": "done"}, 409),
        ("outcome", {"action": "withdraw"}, 409),
        ("outcome", {"action": "x"}, 400),
        ("outcome", {}, 400),
        ("read", {"newest": "-1"}, 400),
        ("read", {"newest": "٣"}, 400),
        ("read", {"newest": "9" * 30}, 400),
    ],
)
def test_what_makes_no_sense_is_refused(
    client: FlaskClient, helper: Seat, door: str, deed: str, typed: dict[str, str], status: int
) -> None:
    """With a page of ours, never with a traceback."""
    answer = press(client, door, deed, **typed)
    assert answer.status_code == status
    assert Page(answer.text).all("main")


def test_a_form_sent_twice_says_one_thing(
    client: FlaskClient, board: Board, helper: Seat, door: str
) -> None:
    """A double press with the same key."""
    page = Page(client.get(door).text)
    data = {"csrf_token": page.value("csrf_token"), "key": page.value("key"), "text": "Une fois"}
    for _ in range(2):
        assert client.post(f"{door}/messages", data=data).status_code == 303
    assert texts(board, helper) == ["Bonjour", "Une fois"]


def test_a_form_without_its_token_is_refused(
    client: FlaskClient, board: Board, helper: Seat, door: str
) -> None:
    """Nobody else's page can write here."""
    assert client.post(f"{door}/messages", data={"text": "Forged"}).status_code == 400
    assert texts(board, helper) == ["Bonjour"]


def test_no_page_names_an_address(
    client: FlaskClient, board: Board, helper: Seat, door: str
) -> None:
    """Neither the other's nor one's own."""
    text = client.get(door).text
    assert ASKER not in text and HELPER not in text


def test_the_page_is_kept_by_no_cache(client: FlaskClient, door: str) -> None:
    """Its address may be a secret, and its words are."""
    answer = client.get(door)
    assert answer.headers["Cache-Control"] == "no-store"
    referrer = "strict-origin" if "by-link" in door else "same-origin"
    assert answer.headers["Referrer-Policy"] == referrer


def test_to_others_the_conversation_does_not_exist(
    client: FlaskClient, board: Board, helper: Seat, make: Factory
) -> None:
    """With every verb: 404 for another member, the way to sign in for a guest."""
    address = f"/conversations/{row(board, helper).public_id}"
    assert client.get(address).status_code == 303
    csrf = csrf_token(client, "/alerts/new")
    deeds = ("messages", "contact", "thanks", "outcome", "read")
    data = {"csrf_token": csrf, "text": "x", "contact": "x", "thanks": "x", "key": "a-form-key"}
    data |= {"action": "accept", "newest": "1"}
    for deed in deeds:
        assert client.post(f"{address}/{deed}", data=data).status_code == 401
    sign_in(client, make.member())
    csrf = csrf_token(client, "/alerts/new")
    assert client.get(address).status_code == 404
    for deed in deeds:
        answer = client.post(f"{address}/{deed}", data={**data, "csrf_token": csrf})
        assert answer.status_code == 404
    assert texts(board, helper) == ["Bonjour"]


def test_a_link_opens_its_own_conversation_and_seat_only(
    client: FlaskClient, board: Board, helper: Seat, make: Factory, smtp: MailSink
) -> None:
    """A token of another purpose, or a made-up one, opens nothing."""
    make.pending(email="third@example.org")
    work_off(board)
    other = smtp.token("third@example.org")
    for token in (other, "made-up", "x" * 200):
        assert client.get(f"/conversations/by-link/{token}").status_code == 410
    mine = smtp.token(HELPER, "conversations/by-link")
    page = client.get(f"/conversations/by-link/{mine}").text
    assert 'value="withdraw"' in page and 'value="accept"' not in page


def test_the_list_shows_the_unread_first(
    client: FlaskClient, board: Board, helper: Seat, make: Factory
) -> None:
    """With how things stand; a member without any is told so."""
    member = row(board, helper).poster_id
    second = make.open(email=ASKER, title="Un autre besoin")
    later = make.answered(second, text="Moi")
    messages.write(board, poster(later), "Merci", "a-key-of-a-form")
    sign_in(client, member)
    text = client.get("/conversations").text
    titles = re.findall(r"<a href=\"/conversations/[^\"]+\">([^<]+)</a>", text)
    assert titles == ["Courses pour une semaine", "Un autre besoin"]
    assert "One new message" in text
    client.delete_cookie("entraide-session")
    sign_in(client, make.member())
    assert "No conversation yet" in client.get("/conversations").text


@pytest.mark.parametrize(
    ("is_rested", "why"), [(True, "rested for a month"), (False, "This conversation was closed")]
)
def test_a_silent_conversation_shows_why_and_no_form(
    client: FlaskClient, board: Board, helper: Seat, door: str, is_rested: bool, why: str
) -> None:
    """It can be read."""
    with board.db.write() as session:
        conversation = session.get_one(Conversation, helper.conversation_id)
        conversation.status = "closed"
        if is_rested:
            conversation.ends_at = now(session)
    page = client.get(door).text
    assert "Bonjour" in page and why in page
    assert "/messages" not in page and "/contact" not in page


def test_a_full_listing_says_found_and_offers_the_waiting_list(
    client: FlaskClient, board: Board, make: Factory
) -> None:
    """On its own page, in the form, and on the poster's button."""
    view = make.open(email=ASKER)
    first, second = make.answered(view), make.answered(view)
    outcomes.decide(board, poster(first), Action.ACCEPT)
    page = client.get(f"/listings/{view.public_id}")
    assert page.status_code == 200 and "Found" in page.text
    assert "waiting list" in client.get(f"/listings/{view.public_id}/answer").text
    sign_in(client, row(board, second).poster_id)
    address = f"/conversations/{row(board, second).public_id}"
    assert "Put on the waiting list" in client.get(address).text
    assert f'href="/listings/{view.public_id}"' not in client.get("/listings").text


def test_markup_in_a_message_is_text(
    client: FlaskClient, board: Board, helper: Seat, door: str
) -> None:
    """Nothing that somebody writes becomes part of the page."""
    messages.write(board, helper, "<script>x()</script><img src=x>", "a-key-of-a-form")
    messages.share_contact(board, helper, '"><b>')
    page = Page(client.get(door).text)
    assert not page.all("img", src="x") and not page.all("b")
    assert "<script>x()" not in client.get(door).text


def test_what_waits_for_a_moderator_is_said_plainly(
    client: FlaskClient, board: Board, helper: Seat, door: str
) -> None:
    """Beside the message and above all; the way to share one's contact is named."""
    press(client, door, "messages", text="Appelez-moi au 06 12 34 56 78")
    text = client.get(door).text
    assert "Somebody reads your message first" in text
    assert "Nobody else sees it yet." in text
    assert "use “Share how to reach you directly” below" in text
    assert "emergency number" in text
    assert texts(board, helper) == ["Bonjour"]


def test_a_refused_message_shows_its_reason_to_its_writer(
    client: FlaskClient, board: Board, helper: Seat, make: Factory, door: str
) -> None:
    """And to nobody else."""
    press(client, door, "messages", text="Appelez-moi au 06 12 34 56 78")
    moderator = make.member(roles=["moderator"])
    case = moderation.queue(board, moderator).waiting[0].id
    moderation.refuse(board, moderator, case, "contact")
    text = client.get(door).text
    assert "The other person does not see this." in text
    assert "It holds contact data" in text
    assert "Nobody else sees it yet." not in text
    assert texts(board, helper) == ["Bonjour"]


def test_reporting_a_message(
    client: FlaskClient, board: Board, helper: Seat, make: Factory, door: str
) -> None:
    """One of the other side's, with a reason; without one, the form comes back."""
    messages.write(board, poster(helper), "C’est à moi", "a-key-of-a-form")
    page = Page(client.get(f"{door}/report").text)
    numbers = [each["value"] for each in page.all("option")]
    assert len(numbers) == 1
    token = page.value("csrf_token")
    typed = {"csrf_token": token, "message": numbers[0], "text": "De l’argent"}
    for wrong in ({}, {"reason": "whim"}, {"reason": "scam", "message": "x"}):
        answer = client.post(f"{door}/report", data={**typed, **wrong})
        assert answer.status_code == 422
        assert "De l’argent" in answer.text
    answer = client.post(f"{door}/report", data={**typed, "reason": "scam"})
    assert answer.status_code == 303
    assert "A person of the board reads this message." in client.get(answer.location).text
    queue = moderation.queue(board, make.member(roles=["moderator"]))
    assert [each.reports for each in queue.waiting] == [(("scam", "De l’argent"),)]


def test_blocking_from_a_conversation(
    client: FlaskClient, board: Board, helper: Seat, door: str
) -> None:
    """Looking changes nothing; then nothing passes any more, and the button is gone."""
    page = Page(client.get(f"{door}/block").text)
    assert inbox.show(board, poster(helper)).silence is None
    answer = client.post(f"{door}/block", data={"csrf_token": page.value("csrf_token")})
    assert answer.status_code == 303
    text = client.get(door).text
    assert "You have blocked this person" in text
    assert f'href="{door}/block"' not in text
    assert inbox.show(board, helper).silence is None


def test_to_others_there_is_nothing_to_report_or_to_block(
    client: FlaskClient, board: Board, helper: Seat, make: Factory
) -> None:
    """With every verb."""
    address = f"/conversations/{row(board, helper).public_id}"
    sign_in(client, make.member())
    csrf = csrf_token(client, "/alerts/new")
    for deed in ("report", "block"):
        assert client.get(f"{address}/{deed}").status_code == 404
        data = {"csrf_token": csrf, "message": "1", "reason": "scam"}
        assert client.post(f"{address}/{deed}", data=data).status_code == 404


@pytest.mark.parametrize(("zone", "hour"), [("UTC", "UTC"), ("Asia/Kathmandu", "UTC+05:45")])
def test_times_are_those_of_the_readers_clock(
    client: FlaskClient, board: Board, helper: Seat, door: str, zone: str, hour: str
) -> None:
    """Where the profile names a time zone; the zone stands beside the time."""
    profiles.save(board, row(board, helper).poster_id, Profile(time_zone=zone))
    said = inbox.show(board, poster(helper)).messages[0].created_at.astimezone(ZoneInfo(zone))
    pages = [door, "/conversations"] if "by-link" not in door else [door]
    for page in pages:
        text = client.get(page).text
        assert re.search(rf"{said:%-I}:{said:%M}\s{said:%p} {re.escape(hour)}<", text), page


def test_a_long_conversation_is_read_page_by_page(
    client: FlaskClient,
    board: Board,
    helper: Seat,
    door: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The newest first, a link to the earlier ones, every message once; each can be reported."""
    monkeypatch.setattr(inbox, "PER_PAGE", 3)
    for number in range(7):
        messages.write(board, helper, f"Number {number}.", f"a-key-of-form-{number}")
    where, seen = door, []
    while where:
        page = client.get(where).text
        seen = re.findall(r"Number \d|Bonjour", page) + seen
        assert ("To the newest messages" in page) is (where != door)
        reports = Page(page).all(
            "a", href=where.replace("?", "/report?") if "?" in where else f"{door}/report"
        )
        assert len(reports) == 1
        listed = client.get(reports[0]["href"]).text
        assert set(re.findall(r"Number \d|Bonjour", listed)) == set(
            re.findall(r"Number \d|Bonjour", page)
        )
        found = re.search(r'href="([^"]+)">Earlier messages', page)
        where = found[1] if found else ""
    assert seen == ["Bonjour", *(f"Number {number}" for number in range(7))]
    assert client.get(f"{door}?before=x").status_code == 400

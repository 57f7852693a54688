"""The way from one question to a listing: every step works without script and loses nothing."""

from __future__ import annotations

import re
from typing import Any

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient

from board.context import Board
from board.listings import Listing
from matcher.taxonomy import Kind, Urgency
from tests.factories import Factory
from tests.fakes import MailSink, work_off
from tests.web.conftest import Page, sign_in
from web.forms.start import headline
from web.guards import session_cookie

WORDS = "Je cherche quelqu'un pour faire mes courses demain. Je ne peux pas sortir de chez moi."
DOUALA = "Douala"


def fields(html: str) -> dict[str, Any]:
    """What a browser would send of the page's form, with what is ticked in it."""
    sent: dict[str, Any] = {}
    for name, attributes in Page(html).tags:
        if name == "textarea" and "name" in attributes:
            sent[attributes["name"]] = ""
        if name != "input" or "name" not in attributes:
            continue
        chosen = attributes.get("type") not in ("radio", "checkbox") or "checked" in attributes
        if chosen:
            sent.setdefault(attributes["name"], []).append(attributes.get("value", ""))
    return sent


def listings_of(board: Board) -> list[Listing]:
    """Every listing, oldest first."""
    with board.db.read() as session:
        return list(session.scalars(sa.select(Listing).order_by(Listing.id)))


def test_three_steps_post_what_was_said(client: FlaskClient, board: Board, smtp: MailSink) -> None:
    """Words and a place, a look at what they were taken for, an address: then the link by mail."""
    first = client.get("/")
    assert first.status_code == 200 and 'name="words"' in first.text
    second = client.post("/start/check", data={"words": WORDS, "place": DOUALA})
    assert second.status_code == 200
    answers = fields(second.text)
    assert (answers["kind"], answers["category"]) == (["request"], ["groceries"])
    third = client.post("/start/review", data=answers)
    assert third.status_code == 200
    last = fields(third.text) | {"email": "asker@example.org"}
    sent = client.post("/listings?kind=request", data=last)
    assert (sent.status_code, sent.location) == (303, "/listings/sent")
    (listing,) = listings_of(board)
    assert listing.kind == Kind.REQUEST and listing.place_name == DOUALA
    assert listing.title == "Je cherche quelqu'un pour faire mes courses demain."
    assert listing.text == WORDS
    assert listing.notify and "fr" in listing.languages
    work_off(board)
    assert len(smtp.to("asker@example.org")) == 1


def test_whoever_is_signed_in_needs_no_address(
    client: FlaskClient, board: Board, make: Factory
) -> None:
    """The last step asks for nothing more and publishes at once."""
    sign_in(client, make.member())
    second = client.post("/start/check", data={"words": WORDS, "place": DOUALA})
    third = client.post("/start/review", data=fields(second.text))
    assert 'name="email"' not in third.text
    sent = client.post("/listings?kind=request", data=fields(third.text))
    assert sent.status_code == 303 and "published=1" in (sent.location or "")
    assert "data-draft-done" in client.get(sent.location).text, "the draft goes with it"


def test_nothing_is_stored_and_no_cookie_set_on_the_way(client: FlaskClient, board: Board) -> None:
    """Until the last step there is nothing of it anywhere."""
    for address in ("/start/check", "/start/suggestions", "/start/review", "/start"):
        answer = client.post(address, data={"words": WORDS, "place": DOUALA})
        cookies = answer.headers.getlist("Set-Cookie")
        assert address == "/start/review" or not cookies, address
        assert not any(session_cookie(board.settings) in cookie for cookie in cookies)
    assert listings_of(board) == []
    assert not client.get("/").headers.getlist("Set-Cookie")


@pytest.mark.parametrize(
    ("typed", "named"),
    [
        ({"words": "", "place": DOUALA}, "words"),
        ({"words": "   ", "place": DOUALA}, "words"),
        ({"words": "x" * 4001, "place": DOUALA}, "words"),
        ({"words": "a\u0000b", "place": DOUALA}, "words"),
        ({"words": WORDS, "place": ""}, "place"),
        ({"words": WORDS, "place": "Xyzzyqwv"}, "place"),
        ({"words": WORDS, "place_id": "999999999"}, "place"),
        ({"words": WORDS, "cell": "nonsense"}, "place"),
        ({}, "words"),
    ],
)
@pytest.mark.parametrize("address", ["/start/check", "/start/review"])
def test_what_is_missing_or_wrong_is_said_on_its_field(
    client: FlaskClient, address: str, typed: dict[str, str], named: str
) -> None:
    """The first step comes back with what was typed, and a summary that leads to the field."""
    answer = client.post(address, data=typed)
    assert answer.status_code == 422
    assert f'href="#{named}"' in answer.text
    words = typed.get("words", "")
    if words.strip() and "\u0000" not in words:
        assert words[:60].replace("'", "&#39;") in answer.text


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        ({"kind": "info"}, "kind"),
        ({"kind": "x"}, "kind"),
        ({"category": "no-such"}, "category"),
        ({"kind": "request", "urgency": "9"}, "urgency"),
    ],
)
def test_an_answer_that_was_not_offered_is_refused(
    client: FlaskClient, wrong: dict[str, str], named: str
) -> None:
    """The second step comes back, with the words and the place still in it."""
    given = {"kind": "request", "category": "groceries", "urgency": "2"}
    answer = client.post("/start/review", data={"words": WORDS, "place": DOUALA, **given, **wrong})
    assert answer.status_code == 422
    assert f'href="#{named}"' in answer.text
    assert fields(answer.text)["place"] == [DOUALA]


def test_a_place_of_several_names_is_asked_for(client: FlaskClient) -> None:
    """Nothing is guessed; the choice goes on to the next step."""
    answer = client.post("/start/check", data={"words": WORDS, "place": "Vienna"})
    assert answer.status_code in (200, 422)
    if answer.status_code == 422:
        assert 'name="place_id"' in answer.text


@pytest.mark.parametrize(("step", "grid"), [("place", False), ("grid", True)])
def test_without_script_the_place_is_looked_up_first(
    client: FlaskClient, step: str, grid: bool
) -> None:
    """The first step comes back with the place that was meant, or a grid to be more precise."""
    answer = client.post("/start/check", data={"words": WORDS, "place": DOUALA, "step": step})
    assert answer.status_code == 200
    assert fields(answer.text)["place_for"] == [DOUALA]
    assert ("data-grid-choices" in answer.text) == grid


def test_a_text_that_says_nothing_gets_questions_without_answers(client: FlaskClient) -> None:
    """No answer is proposed that is no better than a guess."""
    answer = client.post("/start/check", data={"words": "zzz qqq", "place": DOUALA})
    assert answer.status_code == 200
    assert "category" not in fields(answer.text)
    refused = client.post("/start/review", data=fields(answer.text))
    assert refused.status_code == 422 and 'href="#category"' in refused.text


def test_words_of_health_ask_for_a_yes(client: FlaskClient, board: Board) -> None:
    """The box stands on the last step before anything is refused; without it nothing is stored."""
    words = "Je suis diabétique et j'ai besoin d'insuline aujourd'hui."
    given = {"kind": "request", "category": "medicine", "urgency": "3"}
    third = client.post("/start/review", data={"words": words, "place": DOUALA, **given})
    assert 'name="health"' in third.text
    last = fields(third.text) | {"email": "asker@example.org"}
    assert client.post("/listings?kind=request", data=last).status_code == 422
    assert listings_of(board) == []
    agreed = client.post("/listings?kind=request", data=last | {"health": "1"})
    assert agreed.status_code == 303


def test_the_whole_form_is_one_press_away(client: FlaskClient) -> None:
    """It has everything that was said."""
    given = {"kind": "offer", "category": "groceries"}
    third = client.post("/start/review", data={"words": WORDS, "place": DOUALA, **given})
    whole = client.post("/listings?kind=offer", data=fields(third.text) | {"step": "place"})
    assert whole.status_code == 200
    assert "Je ne peux pas sortir" in whole.text
    assert fields(whole.text)["categories"] == ["groceries"]


def test_who_is_near_is_said_before_anything_is_posted(client: FlaskClient, make: Factory) -> None:
    """While it is typed, and on the second step; who is blocked or far is not counted."""
    for number in range(2):
        make.open(kind=Kind.OFFER, email=f"helper{number}@example.org", urgency=Urgency.STANDING)
    piece = client.post(
        "/start/suggestions",
        data={"words": WORDS, "place": "Akwa, Douala", "cell": ""},
        headers={"Accept-Language": "en"},
    )
    assert piece.status_code == 200
    assert "<html" not in piece.text and "You need help" in piece.text
    second = client.post(
        "/start/check",
        data={"words": WORDS, "place": DOUALA},
        headers={"Accept-Language": "en"},
    )
    assert re.search(r"2 people within \d+ km can help with this", second.text)


@pytest.mark.parametrize("words", ["", "abc", "x" * 5000])
def test_what_says_nothing_yet_has_no_suggestion(client: FlaskClient, words: str) -> None:
    """An empty answer, and never an error while somebody types."""
    answer = client.post("/start/suggestions", data={"words": words, "place": DOUALA})
    assert (answer.status_code, answer.data) == (204, b"")


@pytest.mark.parametrize(
    ("words", "title", "text"),
    [
        ("Un mot", "Un mot", ""),
        ("Voici une phrase. Et une autre.", "Voici une phrase.", "Voici une phrase. Et une autre."),
        ("Bonjour ! Je cherche un lit.", "Je cherche un lit.", "Bonjour ! Je cherche un lit."),
        ("Urgent ! Cherche insuline", "Cherche insuline", "Urgent ! Cherche insuline"),
        ("première ligne\nseconde", "première ligne", "première ligne\nseconde"),
        ("هل من يساعدني؟ أنا وحيد", "هل من يساعدني؟", "هل من يساعدني؟ أنا وحيد"),
        ("...", "...", ""),
    ],
)
def test_the_first_sentence_is_the_title(words: str, title: str, text: str) -> None:
    """Where it is not all, the whole text stands below it."""
    assert headline(words) == (title, text)


def test_a_long_first_sentence_is_cut_after_a_word() -> None:
    """So that it is a title that the board takes."""
    words = "mot " * 60
    title, text = headline(words.strip())
    assert len(title) <= 120 and title.endswith("mot…") and text == words.strip()


@pytest.mark.parametrize(
    "address", ["/start/check", "/start/suggestions", "/start/review", "/start"]
)
@pytest.mark.parametrize(
    "forged",
    [
        {"kind": "info"},
        {"kind": "x"},
        {"kind": "request", "urgency": "9"},
        {"kind": "request", "urgency": "NaN"},
        {"kind": "request", "urgency": "-1", "category": "no-such"},
        {"category": "<script>"},
        {"precision": "99"},
        {"cell": "8f2830828052d25", "place_for": DOUALA},
        {"cell": "ffffffffffffffff", "place_for": DOUALA},
        {"place_id": "1e9", "place_for": DOUALA},
        {"words": "🙏" * 30},
        {"words": "a\u0000b c d e f g"},
        {"words": "\u202eabc " * 20},
    ],
)
def test_a_forged_form_is_answered_like_any_other(
    client: FlaskClient, address: str, forged: dict[str, str]
) -> None:
    """Whatever is sent, each step gives a page or says what is wrong."""
    answer = client.post(address, data={"words": WORDS, "place": DOUALA, **forged})
    assert answer.status_code in (200, 204, 422)


def test_half_a_name_is_asked_of_no_geocoder(
    client: FlaskClient, board: Board, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While it is typed, a name stays here; sent, it may be looked up where an operator says so."""
    asked: list[str] = []

    def find(_: object, text: str, *__: object, **___: object) -> list[object]:
        asked.append(text)
        return []

    monkeypatch.setattr(type(board.finder), "find", find)
    said = {"words": WORDS, "place": "12 rue de X"}
    assert client.post("/start/suggestions", data=said).status_code == 200
    assert asked == []
    assert client.post("/start/check", data=said).status_code == 422
    assert asked == ["12 rue de X"]


def test_a_text_of_a_megabyte_is_refused(client: FlaskClient) -> None:
    """Before anything reads it."""
    for address in ("/start/check", "/start/suggestions", "/start/review", "/start"):
        assert client.post(address, data={"words": "x" * 2**20}).status_code in (204, 413, 422)

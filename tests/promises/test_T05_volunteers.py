"""T5: where a volunteer lives is read from nothing that others are given."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape
from urllib.parse import urlsplit

from flask import Flask, Response
from flask.testing import FlaskClient

from board import answering, confirmations
from board.answering import NewAnswer
from matcher.place import Place
from tests.fakes import html_of, text_of
from tests.promises.house import House, Point, Post
from tests.web.conftest import Page, english
from web.app import create_app

#: A volunteer in a village, and somebody in the next valley whom they hear of.
VILLAGE, HOME = "Tiefencastel", Place.at(46.66014, 9.57883, 7)
ASKER: Point = (46.7991, 9.8372)
VOLUNTEER = "volunteer@example.org"
#: Who asks, and gets the volunteer's answer.
ASKED_BY = "asker@example.org"
#: Where a crawl begins. A guest is sent to sign in by the later ones.
FIRST = (
    "/",
    "/listings.geojson",
    "/listings?near=Davos&radius_km=100",
    "/me",
    "/me/data",
    "/me/data.json",
    "/conversations",
)
_PAGES = 300


def populated(house: House) -> None:
    """A volunteer who waits, a request that they are told of, an offer, and another who waits."""
    house.alert(VOLUNTEER, HOME.center, 60)
    house.alert("other@example.org", ASKER, 30)
    house.by_script(Post("asker", ASKER))
    house.by_import(Post("neighbour", (46.79, 9.83), "offer"))
    house.mailed()
    assert any(HOME_WORD in text_of(each) for each in house.smtp.to(VOLUNTEER))
    # The volunteer answers: whoever asked gets the answer, and nothing of the alert.
    (public_id,) = re.findall(r"/listings/(\w{12})", told(house, VOLUNTEER))[:1]
    written = NewAnswer(email=VOLUNTEER, text="I can come on Saturday.", locale="en")
    answering.answer(house.board, public_id, written)
    house.mailed()
    confirmations.act(house.board, house.smtp.token(VOLUNTEER))
    house.mailed()
    assert any("Saturday" in text_of(each) for each in house.smtp.to(ASKED_BY))


#: What the volunteer's own mail says of the listing: enough to know that it was told.
HOME_WORD = "asker"


def told(house: House, email: str) -> str:
    """The newest mail that an alert caused."""
    found = [each for each in house.smtp.to(email) if each["List-Unsubscribe"]]
    return text_of(found[-1])


def marks() -> list[re.Pattern[str]]:
    """How the volunteer's place may be written: its cells, its centre, its name."""
    cells = [HOME.coarsened(resolution) for resolution in (5, 6, 7)]
    words = [VILLAGE, *(place.hex for place in cells), *(str(place.cell) for place in cells)]
    # Coordinates to about a hundred metres.
    numbers = [f"{degrees:.5f}"[:-2] for place in cells for degrees in place.center]
    patterns = [re.escape(word) for word in words]
    patterns += [rf"(?<![\d.]){re.escape(number)}" for number in numbers]
    return [re.compile(pattern, re.IGNORECASE) for pattern in patterns]


def crawled(client: FlaskClient) -> Iterator[tuple[str, str]]:
    """Every page that a browser reaches from the first ones, and what scripts are given."""
    waiting, known = list(FIRST), set[str]()
    while waiting and len(known) < _PAGES:
        address = waiting.pop(0)
        if address in known:
            continue
        known.add(address)
        response = client.get(address, follow_redirects=True)
        if response.mimetype in ("text/css", "text/javascript", "image/svg+xml"):
            continue
        text = unescape(response.get_data(as_text=True))
        yield address, "\n".join([*(f"{k}: {v}" for k, v in response.headers), text])
        if response.mimetype == "text/html":
            waiting += links(text)
        waiting += re.findall(r'"address":\s*"(/[^"]+)"', text)


def links(html: str) -> list[str]:
    """Where a page leads to, and what its scripts ask for."""
    page = Page(html)
    found = [each.get("href", "") for each in page.all("a")]
    found += [each[name] for _, each in page.tags for name in ("data-features",) if name in each]
    own = (each for each in found if each.startswith("/") and "lang=" not in each)
    return [address for address in own if not urlsplit(address).path.startswith("/vendor")]


def leaks(house: House, app: Flask) -> list[str]:
    """Where others are given a mark of the volunteer's place."""
    texts = list(crawled(english(app)))
    for email in (ASKED_BY, "other@example.org"):
        own = list(crawled(house.member(email, app)))
        assert {"/me", "/me/data"} <= {address for address, _ in own}
        texts += own
    assert any("Saturday" in text for _, text in texts), "nobody came to the conversation"
    texts += [
        (f"mail to {to[0]}", f"{message}\n{text_of(message)}{html_of(message)}")
        for to, message in zip(house.smtp.recipients, house.smtp.messages, strict=True)
        if to != [VOLUNTEER]
    ]
    assert len(texts) > 15
    assert any("asker" in text for _, text in texts)
    return [where for where, text in texts if any(mark.search(text) for mark in marks())]


def test_T05_nobody_else_learns_where_a_volunteer_lives(house: House) -> None:
    """No page of a guest, of who is helped or of another, no data, no mail holds a mark of it."""
    populated(house)
    assert leaks(house, house.app) == []


def test_T05_control_a_page_that_counts_distances_from_the_volunteer_is_found(
    house: House,
) -> None:
    """The same crawl, where the page of a listing says from where somebody was told."""
    populated(house)
    app = create_app(house.board)

    @app.after_request
    def careless(response: Response) -> Response:
        if response.mimetype == "text/html" and "neighbour" in response.get_data(as_text=True):
            lat, lng = HOME.center
            response.set_data(response.get_data() + f"<!-- told at {lat},{lng} -->".encode())
        return response

    assert leaks(house, app) != []

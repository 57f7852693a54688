"""T9: what people write is shown as text, on every page and in every mail."""

from __future__ import annotations

from collections.abc import Iterable

import jinja2
import pytest
from werkzeug.test import TestResponse

from tests.promises import scene
from tests.promises.conftest import NewHouse
from tests.promises.house import House
from tests.promises.payloads import PAYLOADS
from tests.web.conftest import Page
from web.guards import session_cookie

#: Attributes in which an address that is a script would run.
_ADDRESSES = ("src", "href", "action", "formaction", "data", "srcdoc", "poster", "xlink:href")
Parts = set[tuple[str, str]]


def parts(html: str) -> Parts:
    """What a page is made of: each element with each of its attributes."""
    tags = Page(html).tags
    return {(tag, name) for tag, attributes in tags for name in ("", *attributes)}


def of_all(answers: Iterable[TestResponse]) -> Parts:
    """What several pages are made of."""
    return {part for each in answers if each.mimetype == "text/html" for part in parts(each.text)}


def dangerous(html: str) -> list[object]:
    """What runs, or may: inline scripts, handlers, addresses that lead out of the board."""
    found: list[object] = []
    for tag, attributes in Page(html).tags:
        found += [(tag, name) for name in attributes if name.startswith("on")]
        found += [tag] if tag == "script" and not attributes.get("src") else []
        for name in _ADDRESSES:
            if not attributes.get(name, "/").startswith(("/", "#", "?", "tel:")):
                found.append((tag, name, attributes[name]))
    return found


def answers_of(house: House, texts: Iterable[str]) -> list[TestResponse]:
    """Every page of a filled board, and every page that repeats these texts."""
    member = house.client
    member.set_cookie(session_cookie(house.board.settings), scene.session_of_asker(house))
    found = [house.client.get(address) for address in scene.addresses(house)]
    found += (own := [member.get(address) for address in scene.own_addresses(house)])
    assert {each.status_code for each in own} == {200}
    return found + [shown.response for text in texts for shown in scene.echoes(house, text)]


def test_T09_fifty_payloads_are_text_in_every_field(new_house: NewHouse) -> None:
    """Pages made of payloads have no element or attribute that pages made of words lack."""
    words = [f"Some words, number {number}" for number in range(len(PAYLOADS))]
    with new_house() as house:
        scene.fill(house, words)
        # The last is the name of several places: then the pages ask which.
        harmless = of_all(answers_of(house, [words[0], "Saint-Denis"]))
    with new_house() as house:
        scene.fill(house, PAYLOADS)
        assert all(scene.stored(house, payload) for payload in PAYLOADS)
        # All are shown where they are stored; some are typed into every field that repeats them.
        found = answers_of(house, (PAYLOADS[0], *PAYLOADS[39:41]))
        letters = list(house.smtp.messages)
    assert of_all(found) - harmless == set()
    for answer in found:
        assert answer.status_code < 500
        if answer.mimetype == "text/html":
            assert dangerous(answer.text) == []
            assert "'unsafe" not in answer.headers["Content-Security-Policy"]
        assert answer.mimetype in {"text/html", "application/geo+json", "application/json"}
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert any("ran()" in answer.text for answer in found)
    assert len(letters) > 8
    assert {part.get_content_type() for each in letters for part in each.walk()} == {"text/plain"}


@pytest.mark.parametrize(
    ("place", "least"), [("<p>{{ text }}</p>", 30), ('<input value="{{ text }}">', 3)]
)
def test_T09_control_a_template_that_escapes_nothing_is_found(place: str, least: int) -> None:
    """The same look at pages whose template trusts what it is given."""
    careless = jinja2.Environment(autoescape=False).from_string(place)
    found = [text for text in PAYLOADS if dangerous(careless.render(text=text))]
    assert len(found) >= least
    careful = jinja2.Environment(autoescape=True).from_string(place)
    assert [text for text in PAYLOADS if dangerous(careful.render(text=text))] == []

"""No page is forgotten by `make a11y` and `make weight`."""

from __future__ import annotations

from pathlib import Path

from tests.audits.site import NO_HTML, Visit, filled, shape
from tests.web.town import guard_at
from tests.web.walk import rules
from web.guards import Guard


def test_every_page_is_audited_or_is_none(tmp_path: Path) -> None:
    """Each GET route shows a page to the audits, or is named with what it answers instead."""
    with filled(tmp_path / "home") as site:
        every = {
            rule.endpoint
            for rule in rules(site.app, *Guard)
            if "GET" in (rule.methods or ()) and not rule.endpoint.startswith("broken.")
        }
        assert set(NO_HTML) <= every
        answers = [(visit, site.answer(visit)) for visit in site.visits()]
        shown = {
            guard_at(site.app, visit.address)[0]
            for visit, answer in answers
            if answer.status_code == 200 and answer.mimetype == "text/html"
        }
        assert every - set(NO_HTML) - shown == set()
        pages = site.pages()
        assert len(pages) > 80
        assert all(isinstance(each, Visit) for each in pages)


def test_pages_are_alike_when_they_are_built_alike() -> None:
    """Texts and ids make no other page; a class, a role or one more attribute does."""
    page = '<p id="a1">One</p><a href="/x">y</a>'
    assert shape(page) == shape('<p id="b2">Two</p><a href="/z">w</a><a href="/v">u</a>')
    for other in ('<p class="b" id="a">', '<p role="note" id="a">', "<p>", '<b id="a">'):
        assert shape(page) != shape(f"{page}{other}"), other

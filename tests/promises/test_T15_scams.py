"""T15: childcare, eldercare, and words that scams use are read by a moderator before anybody.

Until then they are invisible and un-alerted: the probe reads everything that readers can read.
"""

from __future__ import annotations

import re
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from board import moderation
from board.cases import Case
from board.context import Board
from board.listings import Listing
from matcher.taxonomy import Kind
from tests.factories import Factory
from tests.fakes import MailSink, work_off
from tests.web.conftest import csrf_token, english, sign_in

#: The title of what is posted, and a word of it to search for: a search repeats its own words.
MARK, WORD = "Zanzibarquelle", "Kirikouro"
POSTER, VOLUNTEER, HELPER = "poster@example.org", "volunteer@example.org", "helper@example.org"

SCAMS: list[tuple[str, dict[str, Any]]] = [
    ("first post about childcare", {"categories": ("childcare",)}),
    ("first post about eldercare", {"categories": ("eldercare",)}),
    ("a telephone number", {"text": "Appelez le 06 12 34 56 78"}),
    ("one in words", {"text": "zéro six, douze, trente-quatre, cinquante-six, soixante-dix-huit"}),
    ("one in Arabic digits", {"text": "٠٦ ١٢ ٣٤ ٥٦ ٧٨"}),
    ("an IBAN", {"text": "FR76 3000 6000 0112 3456 7890 189"}),
    ("money", {"text": "J’ai besoin d’argent, 200 € suffisent"}),
    ("a means of payment", {"text": "Envoyez par Western Union"}),
    ("a prescription", {"text": "Je donne du Tramadol sans ordonnance"}),
    ("a messaging service", {"text": "Sur W-h-a-t-s-A-p-p"}),
    ("an e-mail address", {"text": "marie arobase gmail point com"}),
]


def crawl(client: FlaskClient, public_id: str, helper: str, case: int | None = None) -> list[str]:
    """The addresses at which a reader finds the mark."""
    addresses = [
        "/",
        "/listings",
        "/listings?kind=request",
        f"/listings?q={WORD}",
        "/listings?place=Douala",
        "/listings.geojson",
        f"/listings.geojson?q={WORD}",
        f"/listings/{public_id}",
        f"/listings/{public_id}/answer",
        f"/listings/{public_id}/report",
        f"/listings/{helper}",
        *([] if case is None else [f"/moderation/cases/{case}", "/moderation"]),
    ]
    return [address for address in addresses if MARK in client.get(address).text]


def seen(app: Flask, board: Board, make: Factory, smtp: MailSink, **given: Any) -> list[str]:
    """Post with the mark and confirm; where readers, members and mailboxes find it then."""
    helper = make.offer(
        email=HELPER, categories=(*given.get("categories", ("groceries",)), "other")
    )
    make.alert(email=VOLUNTEER, kinds=(Kind.REQUEST,))
    work_off(board)
    public_id = make.pending(email=POSTER, title=f"{MARK} {WORD}", **given)
    make.confirm(public_id)
    work_off(board)
    guest, member = english(app), english(app)
    sign_in(member, make.member())
    found = [*crawl(guest, public_id, helper.public_id)]
    found += crawl(member, public_id, helper.public_id, case=1)
    for address in (VOLUNTEER, HELPER):
        found += [f"mail to {address}" for mail in smtp.to(address) if MARK in mail.as_string()]
    return found


@pytest.mark.parametrize(("what", "given"), SCAMS, ids=[what for what, _ in SCAMS])
def test_T15_nobody_sees_it_before_a_moderator_has(
    app: Flask, board: Board, make: Factory, smtp: MailSink, what: str, given: dict[str, Any]
) -> None:
    """In no list, map, search, page or match, in no mail to anybody but its poster."""
    assert seen(app, board, make, smtp, **given) == []
    with board.db.read() as session:
        assert session.scalar(sa.select(sa.func.count(Case.id)).where(Case.decision.is_(None)))


def test_T15_the_probe_finds_what_nobody_holds(
    app: Flask, board: Board, make: Factory, smtp: MailSink, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The positive control: with a board that publishes at once, as most do, every place leaks."""
    monkeypatch.setattr("board.holding.reasons", lambda session, board, listing: ())
    found = seen(app, board, make, smtp, text="Appelez le 06 12 34 56 78")
    assert {"/", "/listings", "/listings.geojson", f"/listings?q={WORD}"} <= set(found)
    assert f"mail to {VOLUNTEER}" in found
    assert f"mail to {HELPER}" in found


def test_T15_the_probe_finds_a_list_of_words_without_disguises() -> None:
    """The positive control: a common filter of plain words misses those in disguise."""
    plain = re.compile(r"whatsapp|western union|paypal|\b0\d( ?\d\d){4}\b", re.IGNORECASE)
    missed = [what for what, given in SCAMS if not plain.search(given.get("text", ""))]
    assert {"one in words", "one in Arabic digits", "an IBAN", "a messaging service"} <= set(missed)


def test_T15_once_approved_it_is_seen_and_told(
    app: Flask, board: Board, make: Factory, smtp: MailSink
) -> None:
    """The wait ends with the moderator's word, and only with it."""
    assert seen(app, board, make, smtp, categories=("childcare",)) == []
    with board.db.read() as session:
        case = session.scalar(sa.select(sa.func.max(Case.id)))
        public_id = session.scalar(
            sa.select(Listing.public_id).where(Listing.title.startswith(MARK))
        )
    assert case is not None
    moderation.approve(board, make.member(roles=["moderator"]), case)
    work_off(board)
    assert MARK in english(app).get(f"/listings/{public_id}").text
    assert any(MARK in mail.as_string() for mail in smtp.to(VOLUNTEER))


def test_T15_contact_is_relayed_with_words_of_care(
    app: Flask, board: Board, make: Factory, smtp: MailSink
) -> None:
    """No page shows an address, and where one writes, the page warns."""
    view = make.open(email=POSTER, categories=("childcare",))
    client = english(app)
    page = client.get(f"/listings/{view.public_id}/answer")
    assert "Never send money" in page.text
    assert POSTER not in page.text + client.get(f"/listings/{view.public_id}").text
    token = csrf_token(client, f"/listings/{view.public_id}/answer")
    assert token

"""Changing a listing and giving it more time: the index hears, nobody is told twice."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from board import confirmations, links, listings, matching, me, searching
from board.checking import LONGEST
from board.context import Board
from board.editing import Changes
from board.errors import Invalid, LinkRefused, ListingNotFound, NotAllowed
from board.extensions import LONGER
from board.listings import Listing, ListingView
from board.searching import ListingFilter
from matcher.taxonomy import Kind
from tests.factories import Factory
from tests.fakes import MailSink, work_off

OWNER = "owner@example.org"
NEAR = "near@example.org"


def changes(view: ListingView, **changed: Any) -> Changes:
    """The listing as it is, but for what a test changes."""
    kept = {
        "title": view.title,
        "text": view.text,
        "urgency": view.urgency,
        "ends_at": view.ends_at,
    }
    return Changes(**{**kept, **changed})


def owner_of(board: Board, view: ListingView) -> int:
    """Id of the member who posted it."""
    with board.db.read() as session:
        owner = session.get_one(Listing, view.id).member_id
    assert owner is not None
    return owner


def revision(board: Board, view: ListingView) -> int:
    """The revision of a listing."""
    with board.db.read() as session:
        return session.get_one(Listing, view.id).revision or 0


def test_the_words_the_urgency_and_the_end_change(board: Board, make: Factory) -> None:
    """The page, the search and the ranking follow, by a new revision."""
    view = make.open(email=OWNER, urgency=1)
    offer = make.offer()
    before, old = revision(board, view), matching.counterparts(board, offer.public_id).matches[0]
    ends_at = view.ends_at + timedelta(days=3)
    new = changes(view, title="Trois pommes", text="Mûres", urgency=3, ends_at=ends_at)
    me.edit(board, owner_of(board, view), view.public_id, new)
    now_ = listings.get(board, view.public_id)
    assert (now_.title, now_.text, now_.urgency, now_.ends_at) == (
        "Trois pommes",
        "Mûres",
        3,
        ends_at,
    )
    assert revision(board, view) > before
    assert matching.counterparts(board, offer.public_id).matches[0].match.score > old.match.score
    for words, found in (("pommes", 1), ("courses semaine", 0)):
        wanted = ListingFilter(words=words, kind=Kind.REQUEST)
        assert searching.search(board, wanted).total == found


def test_nobody_is_told_twice(board: Board, make: Factory, smtp: MailSink) -> None:
    """A listing that becomes more urgent reaches whom it did not concern before, once."""
    make.alert(email=NEAR)
    make.alert(email="urgent@example.org", least_urgency=3)
    view = make.open(email=OWNER, urgency=1)
    work_off(board)
    assert (len(smtp.to(NEAR)), len(smtp.to("urgent@example.org"))) == (1, 0)
    owner = owner_of(board, view)
    for urgency in (3, 1, 3):
        current = listings.get(board, view.public_id)
        me.edit(board, owner, view.public_id, changes(current, urgency=urgency))
        work_off(board)
    me.edit(board, owner, view.public_id, changes(view, title="Other words"))
    work_off(board)
    assert (len(smtp.to(NEAR)), len(smtp.to("urgent@example.org"))) == (1, 1)


@pytest.mark.parametrize(
    ("field", "changed"),
    [
        ("title", {"title": " "}),
        ("title", {"title": "x" * 121}),
        ("text", {"text": "a\u202eb"}),
        ("urgency", {"urgency": 4}),
        ("until", {"ends_at": "past"}),
        ("until", {"ends_at": "too late"}),
    ],
)
def test_a_bad_change_is_refused(
    board: Board, make: Factory, field: str, changed: dict[str, Any]
) -> None:
    """By the rules of posting; the listing stays as it was."""
    view = make.open(email=OWNER)
    moments = {
        "past": view.starts_at - timedelta(days=1),
        "too late": view.starts_at + LONGEST + timedelta(days=1),
    }
    if "ends_at" in changed:
        changed = {"ends_at": moments[changed["ends_at"]]}
    before = revision(board, view)
    with pytest.raises(Invalid, match=field):
        me.edit(board, owner_of(board, view), view.public_id, changes(view, **changed))
    assert listings.get(board, view.public_id) == view
    assert revision(board, view) == before


def test_more_time_up_to_the_limit_of_posting(board: Board, make: Factory) -> None:
    """Fourteen days each, and then no more."""
    view = make.open(email=OWNER)
    owner, ends_at = owner_of(board, view), view.ends_at
    while ends_at + LONGER[Kind.REQUEST] - view.starts_at <= LONGEST:
        assert me.space(board, owner).listings[0].extension_days == 14
        me.extend(board, owner, view.public_id)
        ends_at += LONGER[Kind.REQUEST]
        assert listings.get(board, view.public_id).ends_at == ends_at
    assert me.space(board, owner).listings[0].extension_days is None
    with pytest.raises(Invalid, match="until"):
        me.extend(board, owner, view.public_id)
    assert listings.get(board, view.public_id).ends_at == ends_at


def test_what_is_over_is_neither_changed_nor_extended(board: Board, make: Factory) -> None:
    """Whether its time has passed or it was taken down."""
    view = make.open(email=OWNER)
    owner = owner_of(board, view)
    board.db.clock_offset = timedelta(days=15)
    with pytest.raises(Invalid, match="over"):
        me.extend(board, owner, view.public_id)
    with pytest.raises(Invalid, match="over"):
        me.edit(board, owner, view.public_id, changes(view, title="Late"))
    board.db.clock_offset = timedelta()
    me.close(board, owner, view.public_id)
    for act in (me.extend, me.close):
        with pytest.raises(ListingNotFound):
            act(board, owner, view.public_id)


def test_official_information_changes_by_no_link(board: Board, make: Factory) -> None:
    """Its organisation alone changes, extends or ends it; a link that came by is left whole."""
    office = make.organisation()
    view = make.information(office)
    purposes = (links.EDIT_LISTING, links.EXTEND_LISTING, links.CLOSE_LISTING)
    with board.db.write() as session:
        address = links.address_hash(board.settings.secret_key, office.email)
        opened = [links.issue(session, each, view.id, address) for each in purposes]
    for token in opened:
        with pytest.raises(NotAllowed):
            confirmations.act(board, token, changes(view, title="False hours"))
        assert confirmations.show(board, token).title == view.title
    with pytest.raises(ListingNotFound):
        me.edit(board, office.member_id, view.public_id, changes(view, title="False hours"))
    assert listings.get(board, view.public_id) == view


class TestLinks:
    """What a guest does with the links of the mail, without signing in."""

    @pytest.fixture
    def view(self, board: Board, make: Factory) -> ListingView:
        view = make.open(email=OWNER)
        work_off(board)
        return view

    def test_a_link_changes_once_and_new_ones_are_mailed(
        self, board: Board, smtp: MailSink, view: ListingView
    ) -> None:
        """The mail that follows holds links for the next time."""
        token = tokens(smtp)["edit"]
        new = changes(view, title="By link")
        assert confirmations.show(board, token).purpose == "edit-listing"
        confirmations.act(board, token, new)
        assert listings.get(board, view.public_id).title == "By link"
        with pytest.raises(LinkRefused):
            confirmations.act(board, token, new)
        work_off(board)
        assert tokens(smtp)["edit"] != token
        confirmations.act(board, tokens(smtp)["edit"], changes(view, title="Again"))
        assert listings.get(board, view.public_id).title == "Again"

    def test_a_refused_form_leaves_the_link_whole(
        self, board: Board, smtp: MailSink, view: ListingView
    ) -> None:
        """Until it succeeds."""
        token = tokens(smtp)["edit"]
        for refused in (None, changes(view, title="")):
            with pytest.raises(Invalid):
                confirmations.act(board, token, refused)
        confirmations.act(board, token, changes(view, title="At last"))
        assert listings.get(board, view.public_id).title == "At last"

    def test_a_link_extends_once(self, board: Board, smtp: MailSink, view: ListingView) -> None:
        """By fourteen days; the next mail has a link for fourteen more."""
        token, ends_at = tokens(smtp)["extend"], view.ends_at + LONGER[Kind.REQUEST]
        confirmations.act(board, token)
        assert end_of(board, view) == ends_at
        with pytest.raises(LinkRefused):
            confirmations.act(board, token)
        work_off(board)
        confirmations.act(board, tokens(smtp)["extend"])
        assert end_of(board, view) == ends_at + LONGER[Kind.REQUEST]


def end_of(board: Board, view: ListingView) -> datetime:
    """When a listing ends now."""
    return listings.get(board, view.public_id).ends_at


def tokens(smtp: MailSink) -> dict[str, str]:
    """The links of the newest mail to the owner, in their order in it."""
    found = [
        line.rpartition("/links/")[2]
        for line in smtp.to(OWNER)[-1].get_content().splitlines()
        if "/links/" in line
    ]
    return dict(zip(("close", "edit", "extend"), found, strict=True))


@pytest.mark.parametrize("door", ["signed in", "link"])
def test_new_words_are_judged_again(board: Board, make: Factory, smtp: MailSink, door: str) -> None:
    """With a reason it is held, whoever came through which door, and nobody is told of it."""
    make.alert(email="urgent@example.org", least_urgency=3)
    view = make.open(email=OWNER, urgency=1)
    work_off(board)
    new = changes(view, text="Appelez-moi au 06 12 34 56 78.", urgency=3)
    if door == "link":
        assert confirmations.act(board, tokens(smtp)["edit"], new).held
    else:
        me.edit(board, owner_of(board, view), view.public_id, new)
    work_off(board)
    with pytest.raises(ListingNotFound):
        listings.get(board, view.public_id)
    (own,) = me.space(board, owner_of(board, view)).listings
    assert own.view.state == "held"
    assert smtp.to("urgent@example.org") == []
    assert view.title in smtp.to(OWNER)[-1]["Subject"]

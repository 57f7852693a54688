"""How a listing comes to be."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import h3.api.basic_int as h3
import pytest
import sqlalchemy as sa

from board import bans, codes, confirmations, links, listings, posting
from board.consent import Consent
from board.context import Board
from board.errors import CodeRefused, Invalid, KeyReused, LinkRefused, ListingNotFound, NotAllowed
from board.links import Link
from board.listings import Listing
from board.members import Member
from board.outbox import OutboxRow
from board.searching import ListingFilter, search
from matcher.place import Place
from matcher.taxonomy import Kind, Reach
from tests.factories import AKWA, Factory
from tests.fakes import MailSink, work_off

FAR_FUTURE = datetime(2199, 1, 1, tzinfo=UTC)
SQUARE = {"type": "Polygon", "coordinates": [[[9, 3], [10, 3], [10, 5], [9, 5], [9, 3]]]}


def rows(board: Board, model: Any) -> int:
    """How many rows a table holds."""
    with board.db.read() as session:
        return session.scalar(sa.select(sa.func.count()).select_from(model)) or 0


def test_an_unconfirmed_listing_is_seen_by_nobody(board: Board, make: Factory) -> None:
    """Until its poster confirms, a listing has no page and is in no list."""
    public_id = make.pending()
    with pytest.raises(ListingNotFound):
        listings.get(board, public_id)
    assert search(board, ListingFilter()).total == 0
    assert search(board, ListingFilter(cell=AKWA.cell, radius_km=10)).total == 0
    assert rows(board, Member) == 0, "an address that nobody confirmed is no member"


ARABIC_DIGITS = str.maketrans("0123456789", "٠١٢٣٤٥٦٧٨٩")


@pytest.mark.parametrize(
    "typed",
    [
        str,
        str.lower,
        lambda code: f" {code.replace('-', ' ')} ",
        lambda code: code.translate(ARABIC_DIGITS),
        lambda code: "".join(chr(ord(c) + 0xFEE0) for c in code),
    ],
    ids=["as written", "small", "parted", "Arabic digits", "full width"],
)
def test_the_code_of_the_mail_is_as_good_as_its_link(
    board: Board, make: Factory, smtp: MailSink, typed: Callable[[str], str]
) -> None:
    """However it is typed; once, and the link of the same mail is used up with it."""
    public_id = posting.post(board, make.form(email="asker@example.org"), "form-key-1").public_id
    work_off(board)
    code = smtp.code("asker@example.org")
    assert confirmations.publish(board, public_id, typed(code)).public_id == public_id
    assert listings.get(board, public_id).state == "open"
    with pytest.raises(CodeRefused, match="wrong"):
        confirmations.publish(board, public_id, code)
    with pytest.raises(LinkRefused, match="used"):
        confirmations.act(board, smtp.token("asker@example.org"))
    assert rows(board, Member) == 1


def test_a_code_is_tried_five_times_and_the_link_still_works(
    board: Board, make: Factory, smtp: MailSink
) -> None:
    """A code opens its own listing alone; after five tries the right one is refused as well."""
    other = posting.post(board, make.form(email="other@example.org"), "form-key-1").public_id
    public_id = posting.post(board, make.form(email="asker@example.org"), "form-key-2").public_id
    work_off(board)
    right = smtp.code("asker@example.org")
    for wrong in ("", "BCDF-2345", "é" * 999, "\x00", smtp.code("other@example.org")):
        with pytest.raises(CodeRefused, match="wrong"):
            confirmations.publish(board, public_id, wrong)
    for asked, code in ((public_id, right), (other, right), ("", right), ("unknown", right)):
        with pytest.raises(CodeRefused, match="wrong"):
            confirmations.publish(board, asked, code)
    assert confirmations.act(board, smtp.token("asker@example.org")).public_id == public_id


def test_a_code_lasts_ten_minutes(board: Board, make: Factory, smtp: MailSink) -> None:
    """After them it opens nothing, and the link does."""
    public_id = posting.post(board, make.form(email="asker@example.org"), "form-key-1").public_id
    work_off(board)
    code = smtp.code("asker@example.org")
    board.db.clock_offset = links.CODE_LIFETIME + timedelta(seconds=1)
    with pytest.raises(CodeRefused, match="wrong"):
        confirmations.publish(board, public_id, code)
    assert confirmations.act(board, smtp.token("asker@example.org")).public_id == public_id


def test_guesses_at_once_are_counted_one_by_one(
    board: Board, make: Factory, smtp: MailSink, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of twenty at a time five are looked at; and the right one twice publishes once."""
    new = make.form(email="asker@example.org")
    first, second = (posting.post(board, new, f"form-key-{n}").public_id for n in (1, 2))
    looked_at: list[str] = []
    typed = codes.typed
    monkeypatch.setattr(codes, "typed", lambda text: looked_at.append(text) or typed(text))

    def enter(public_id: str, code: str) -> bool:
        try:
            return confirmations.publish(board, public_id, code).public_id == public_id
        except CodeRefused:
            return False

    with ThreadPoolExecutor(4) as pool:
        assert not any(pool.map(enter, [first] * 20, ["BCDF-2345"] * 20))
        assert len(looked_at) == links.CODE_TRIES
        work_off(board)
        assert sum(pool.map(enter, [second] * 4, [smtp.code("asker@example.org")] * 4)) == 1


def test_a_mailed_link_opens_the_listing_once(board: Board, make: Factory, smtp: MailSink) -> None:
    """The link of the mail confirms; a second press is refused and changes nothing."""
    new = make.form(email="asker@example.org")
    public_id = posting.post(board, new, "form-key-1").public_id
    work_off(board)
    token = smtp.token("asker@example.org")
    assert confirmations.show(board, token).title == new.title
    assert confirmations.show(board, token).title == new.title, "looking uses nothing up"
    assert confirmations.act(board, token).public_id == public_id
    assert listings.get(board, public_id).state == "open"
    with pytest.raises(LinkRefused, match="used"):
        confirmations.act(board, token)
    assert rows(board, Member) == 1


def test_the_published_mail_holds_a_link_that_closes(
    board: Board, make: Factory, smtp: MailSink
) -> None:
    """The poster takes the listing off with the link of the second mail."""
    view = make.open(email="asker@example.org")
    work_off(board)
    confirmations.act(board, smtp.token("asker@example.org"))
    assert listings.get(board, view.public_id).state == "closed"
    assert search(board, ListingFilter()).total == 0


def test_a_token_is_stored_only_as_a_hash(board: Board, make: Factory, smtp: MailSink) -> None:
    """After delivery, nothing in the database opens the link."""
    make.pending(email="asker@example.org")
    work_off(board)
    token = smtp.token("asker@example.org")
    with board.db.read() as session:
        assert session.scalars(sa.select(OutboxRow.payload)).all() == [None]
        assert token not in session.scalars(sa.select(Link.token_hash)).all()


@pytest.mark.parametrize(("age", "opens"), [(2.9, True), (3.1, False)])
def test_a_link_ends_after_three_days(
    board: Board, make: Factory, smtp: MailSink, age: float, opens: bool
) -> None:
    """A confirmation that comes too late is refused as expired."""
    make.pending(email="asker@example.org")
    work_off(board)
    board.db.clock_offset = timedelta(days=age)
    if opens:
        confirmations.act(board, smtp.token("asker@example.org"))
        return
    with pytest.raises(LinkRefused, match="expired"):
        confirmations.act(board, smtp.token("asker@example.org"))


def test_the_same_form_sent_twice_makes_one_listing(board: Board, make: Factory) -> None:
    """The idempotency key answers the second send like the first."""
    new = make.form()
    first = posting.post(board, new, "form-key-1")
    assert posting.post(board, new, "form-key-1") == first
    assert rows(board, Listing) == 1
    assert rows(board, OutboxRow) == 1


def test_what_a_member_posts_opens_at_once(board: Board, make: Factory, smtp: MailSink) -> None:
    """Whoever is signed in has shown their address; no link is mailed to confirm."""
    member = make.member("poster@example.org")
    new = make.form(email="somebody-else@example.org")
    posted = posting.post_as_member(board, member, new, "form-key-1")
    assert not posted.is_held and listings.get(board, posted.public_id).state == "open"
    assert posting.post_as_member(board, member, new, "form-key-1") == posted
    work_off(board)
    assert not smtp.to("somebody-else@example.org")
    subjects = [mail["Subject"] for mail in smtp.to("poster@example.org")]
    assert subjects == ["En ligne : Courses pour une semaine"]
    with board.db.read() as session:
        row = session.scalars(sa.select(Listing)).one()
        assert row.member_id == member and row.pending_email is None
        assert session.scalars(sa.select(Consent.member_id)).all() == [member]


def test_a_first_childcare_post_of_a_member_is_held(board: Board, make: Factory) -> None:
    """Being signed in opens no way around the moderators."""
    member = make.member("poster@example.org")
    new = make.form(categories=("childcare",))
    posted = posting.post_as_member(board, member, new, "form-key-1")
    assert posted.is_held
    with pytest.raises(ListingNotFound):
        listings.get(board, posted.public_id)


def test_a_banned_member_posts_nothing(board: Board, make: Factory) -> None:
    """Nothing is written either."""
    member, moderator = make.member("poster@example.org"), make.member(roles=["moderator"])
    with board.db.write() as session:
        bans.ban(session, board, session.get_one(Member, member), "scam", moderator)
    with pytest.raises(NotAllowed):
        posting.post_as_member(board, member, make.form(), "form-key-1")
    with board.db.read() as session:
        assert not session.scalars(sa.select(Listing.id)).all()


def test_a_key_with_another_text_is_refused(board: Board, make: Factory) -> None:
    """The same key never stands for two different texts."""
    new = make.form()
    posting.post(board, new, "form-key-1")
    with pytest.raises(KeyReused):
        posting.post(board, replace(new, title="Autre chose"), "form-key-1")
    assert rows(board, Listing) == 1


def test_the_key_remembers_nothing_finer_than_the_kept_place(board: Board, make: Factory) -> None:
    """The hash of a form could be tried out against every position in the cell."""
    fine = [Place(cell) for cell in (h3.cell_to_center_child(AKWA.cell, 15),)]
    fine.append(Place(h3.cell_to_children(AKWA.cell, 10)[-1]))
    new = make.form()
    first, again = (
        posting.post(board, replace(new, cell=place.cell), "form-key-1") for place in fine
    )
    assert first == again


def test_one_address_gets_three_unconfirmed_mails_a_day(
    board: Board, make: Factory, smtp: MailSink
) -> None:
    """Nobody's inbox can be filled; whoever confirms may go on posting."""
    for _ in range(5):
        make.pending(email="victim@example.org")
    work_off(board)
    assert len(smtp.to("victim@example.org")) == 3
    confirmations.act(board, smtp.token("victim@example.org"))
    make.pending(email="victim@example.org")
    work_off(board)
    subjects = [message["Subject"] for message in smtp.to("victim@example.org")]
    assert sum(subject.startswith(("Confirm", "À confirmer")) for subject in subjects) == 4


@pytest.mark.parametrize(
    ("field", "given"),
    [
        ("title", {"title": " "}),
        ("title", {"title": "x" * 121}),
        ("title", {"title": "a\u202eb"}),
        ("text", {"text": "x" * 4001}),
        ("text", {"text": "a\x00b"}),
        ("categories", {"categories": ()}),
        ("categories", {"categories": ("groceries", "meals")}),
        ("categories", {"categories": ("sorcery",)}),
        ("urgency", {"urgency": 4}),
        ("urgency", {"urgency": True}),
        ("languages", {"languages": ("klingon",)}),
        ("languages", {"languages": (), "reach": Reach.LANGUAGE, "radius_km": None}),
        ("locale", {"locale": "de"}),
        ("place", {"cell": None}),
        ("place", {"cell": 7}),
        ("place", {"cell": True}),
        ("place", {"cell": Place.at(4.05, 9.7, 4).cell}),
        ("place", {"country": "ZZ"}),
        ("place", {"country": "", "reach": Reach.COUNTRY, "radius_km": None}),
        ("radius_km", {"radius_km": None}),
        ("radius_km", {"radius_km": float("nan")}),
        ("radius_km", {"radius_km": float("inf")}),
        ("radius_km", {"radius_km": 0.5}),
        ("radius_km", {"radius_km": 201.0}),
        ("places_needed", {"places_needed": 0}),
        ("places_needed", {"places_needed": 51}),
        ("places_needed", {"places_needed": 1.5}),
        ("places_needed", {"places_needed": True}),
        ("from", {"starts_at": datetime(2026, 1, 1)}),
        ("until", {"ends_at": datetime(2001, 1, 1, tzinfo=UTC)}),
        ("until", {"ends_at": FAR_FUTURE}),
        ("email", {"email": "a@example.org, b@example.org"}),
    ],
)
def test_a_bad_value_is_named_and_nothing_is_written(
    board: Board, make: Factory, field: str, given: dict[str, Any]
) -> None:
    """Each refusal names its field, and leaves no row."""
    with pytest.raises(Invalid) as refused:
        posting.post(board, make.form(**given), "form-key-1")
    assert field in {problem.field for problem in refused.value.problems}
    assert rows(board, Listing) == rows(board, OutboxRow) == 0


def test_an_offer_takes_five_categories_and_not_six(board: Board, make: Factory) -> None:
    """An offer has one to five categories."""
    five = ("groceries", "meals", "errands", "pets", "transport")
    assert len(make.offer(categories=five).categories) == 5
    with pytest.raises(Invalid, match="categories"):
        make.offer(categories=(*five, "goods"))


@pytest.mark.parametrize(
    ("category", "resolution"), [("groceries", 8), ("childcare", 7), ("medicine", 7)]
)
def test_a_place_is_kept_no_finer_than_its_category_allows(
    board: Board, make: Factory, category: str, resolution: int
) -> None:
    """Whoever needs childcare or medicine is shown in a wider cell."""
    view = make.open(categories=(category,))
    assert view.cell == AKWA.coarsened(resolution).hex


def test_official_information_is_not_posted(board: Board, make: Factory) -> None:
    """Not by a partner's address either: a mailed link asks for no second factor."""
    office = make.organisation()
    with pytest.raises(NotAllowed):
        make.pending(kind=Kind.INFO, area_countries=("CM",), cell=None, email=office.email)
    with board.db.read() as session:
        assert session.scalars(sa.select(Listing)).all() == []


@pytest.mark.parametrize("purpose", [links.CONFIRM_LISTING, links.CLOSE_LISTING])
def test_no_link_of_old_publishes_or_closes_information(
    board: Board, make: Factory, purpose: str
) -> None:
    """Whatever waits in a mailbox, or was written into the database by hand."""
    view = make.information()
    with board.db.write() as session:
        if purpose == links.CONFIRM_LISTING:
            row = session.get_one(Listing, view.id)
            row.status, row.pending_email = listings.Status.PENDING, "old@example.org"
        token = links.issue(session, purpose, view.id, "hash")
    with pytest.raises(NotAllowed):
        confirmations.act(board, token)
    with board.db.read() as session:
        status = session.get_one(Listing, view.id).status
    assert status == ("pending" if purpose == links.CONFIRM_LISTING else "open")


def test_a_listing_closes_when_its_time_is_over(board: Board, make: Factory) -> None:
    """It leaves the list at once, and the index when upkeep comes by."""
    view = make.open()
    board.db.clock_offset = timedelta(days=15)
    assert search(board, ListingFilter()).total == 0
    assert listings.get(board, view.public_id).state == "ended"
    assert listings.close_ended(board) == 1
    assert listings.close_ended(board) == 0
    assert listings.get(board, view.public_id).state == "closed"

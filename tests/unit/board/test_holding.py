"""Which listings a moderator reads first, and that nobody sees them before."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from board import cases, confirmations, holding, listings, matching, moderation, posting, searching
from board.cases import Case
from board.context import Board
from board.errors import ListingNotFound
from board.limits import Visitor
from board.listings import Listing, Status
from matcher.taxonomy import Kind
from tests.factories import Factory
from tests.fakes import MailSink, work_off

PHONE = "Appelez-moi au 06 12 34 56 78."


def status(board: Board, public_id: str) -> str:
    """Where a listing stands."""
    with board.db.read() as session:
        found = session.scalar(sa.select(Listing.status).where(Listing.public_id == public_id))
        assert found is not None
        return found


def why(board: Board) -> tuple[str, ...]:
    """The reasons of the newest case."""
    with board.db.read() as session:
        found = session.scalar(sa.select(Case).order_by(Case.id.desc()).limit(1))
        return () if found is None else found.reasons


HELD = [
    ({"text": PHONE}, ("phone",)),
    ({"title": "Écrire à zoe@example.org"}, ("email",)),
    ({"text": "Paiement par PayPal, contact WhatsApp"}, ("payment", "messaging")),
    ({"text": "Mon compte : FR76 3000 6000 0112 3456 7890 189"}, ("iban",)),
    ({"text": "J’ai besoin d’argent"}, ("money",)),
    ({"text": "Avec mon ordonnance"}, ("prescription",)),
    ({"text": "Mon mari me frappe"}, ("danger",)),
    ({"categories": ("childcare",)}, ("first-childcare",)),
    ({"categories": ("eldercare",)}, ("first-eldercare",)),
    ({"categories": ("money",)}, ("money",)),
    (
        {"kind": Kind.OFFER, "categories": ("childcare", "eldercare"), "urgency": 0},
        ("first-childcare", "first-eldercare"),
    ),
]


@pytest.mark.parametrize(("given", "expected"), HELD)
def test_what_is_held_and_why(
    board: Board, make: Factory, given: dict[str, Any], expected: tuple[str, ...]
) -> None:
    """Its words, its category, or both."""
    public_id = make.pending(**given)
    make.confirm(public_id)
    assert status(board, public_id) == Status.HELD
    assert why(board) == expected


def test_ordinary_listings_open_at_once(board: Board, make: Factory) -> None:
    """Nobody waits without a reason."""
    public_id = make.pending(text="Le mardi 24/11/2026 de 9h à 12h, 12 rue de la Paix, 75002 Paris")
    make.confirm(public_id)
    assert status(board, public_id) == Status.OPEN
    assert why(board) == ()


def test_an_offer_of_money_is_no_request_for_it(board: Board, make: Factory) -> None:
    """Whoever gives may say so."""
    assert make.offer(categories=("money",), title="Je peux aider").state == "open"


def test_the_second_post_in_childcare_is_read_by_nobody(board: Board, make: Factory) -> None:
    """The first is, each member's own; and so is the next one while the first still waits."""
    moderator = make.member(roles=["moderator"])
    first = make.held(email="a@example.org", categories=("childcare",), text="")
    waiting = make.pending(email="a@example.org", categories=("childcare",))
    make.confirm(waiting)
    assert status(board, waiting) == Status.HELD
    moderation.approve(board, moderator, first)
    second = make.pending(email="a@example.org", categories=("childcare",))
    make.confirm(second)
    assert status(board, second) == Status.OPEN
    for other in ({"email": "b@example.org"}, {"categories": ("eldercare",)}):
        public_id = make.pending(
            **{"email": "a@example.org", "categories": ("childcare",), **other}
        )
        make.confirm(public_id)
        assert status(board, public_id) == Status.HELD


def test_a_held_listing_is_in_no_answer(board: Board, make: Factory, smtp: MailSink) -> None:
    """Not in the list, not on its page, not among matches, in no alert; its poster is told."""
    offer = make.offer(email="helper@example.org")
    work_off(board)
    make.alert(email="volunteer@example.org")
    public_id = make.pending(email="poster@example.org", text=PHONE)
    make.confirm(public_id)
    work_off(board)
    assert searching.search(board, searching.ListingFilter(kind=Kind.REQUEST)).items == ()
    with pytest.raises(ListingNotFound):
        listings.get(board, public_id)
    assert matching.counterparts(board, offer.public_id).matches == ()
    assert smtp.to("volunteer@example.org") == []
    subjects = [mail["Subject"] for mail in smtp.to("poster@example.org")]
    assert "Courses pour une semaine" in subjects[-1]
    assert smtp.token("poster@example.org")
    assert not any("06 12" in mail.as_string() for mail in smtp.to("helper@example.org"))


def test_an_approved_listing_is_told_as_any_other(
    board: Board, make: Factory, smtp: MailSink
) -> None:
    """It opens, it matches, alerts go out, its poster gets the link that takes it down."""
    make.alert(email="volunteer@example.org")
    case = make.held(email="poster@example.org")
    work_off(board)
    moderation.approve(board, make.member(roles=["moderator"]), case)
    work_off(board)
    assert len(searching.search(board, searching.ListingFilter()).items) == 1
    assert len(smtp.to("volunteer@example.org")) == 1
    assert smtp.to("poster@example.org")[-1]["Subject"].startswith("En ligne")


def test_the_poster_can_take_a_held_listing_back(
    board: Board, make: Factory, smtp: MailSink
) -> None:
    """The mail that says so has the link, and the queue forgets it."""
    moderator = make.member(roles=["moderator"])
    make.held(email="poster@example.org")
    work_off(board)
    confirmations.act(board, smtp.token("poster@example.org"))
    queue = moderation.queue(board, moderator)
    assert (queue.total, queue.waiting) == (0, ())


def test_a_held_listing_ends_with_its_time(board: Board, make: Factory) -> None:
    """What nobody looked at in time is closed, and leaves the queue."""
    make.held()
    board.db.clock_offset = timedelta(days=15)
    assert listings.close_ended(board) == 1
    assert moderation.queue(board, make.member()).total == 0


def test_many_listings_of_one_network_are_held_never_refused(
    board: Board, make: Factory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From the twenty-first of a day on each is looked at; another network's are not."""
    monkeypatch.setattr("board.limits.LISTINGS_PER_NETWORK", 3)
    crowd, other = Visitor("81.2.69.1", proven=True), Visitor("81.2.70.1", proven=True)

    def post(visitor: Visitor, key: str) -> str:
        public_id = posting.post(board, make.form(), f"crowd-key-{key}", visitor).public_id
        make.confirm(public_id)
        return status(board, public_id)

    assert [post(crowd, f"a{n}") for n in range(3)] == [Status.OPEN] * 3
    assert post(Visitor("81.2.69.200", proven=True), "same-24") == Status.HELD
    assert why(board) == ("network",)
    assert post(other, "other") == Status.OPEN
    board.db.clock_offset = timedelta(hours=25)
    assert post(crowd, "tomorrow") == Status.OPEN


def test_without_proof_of_work_fewer_pass_unseen(board: Board, make: Factory) -> None:
    """Two a day of one member, and then somebody looks; with proof there is no such limit."""

    def post(proven: bool, key: str) -> str:
        new = make.form(email="poster@example.org")
        public_id = posting.post(board, new, f"proof-key-{key}", Visitor(None, proven)).public_id
        make.confirm(public_id)
        with board.db.write() as session:
            session.execute(sa.text("UPDATE links SET used_at = created_at"))
        return status(board, public_id)

    assert [post(False, "1"), post(False, "2"), post(False, "3")] == ["open", "open", "held"]
    assert why(board) == ("unproven",)
    assert post(True, "4") == Status.OPEN


def test_official_information_is_not_held(board: Board, make: Factory) -> None:
    """A consulate's telephone number is what people look for."""
    view = make.information(text=PHONE)
    assert status(board, view.public_id) == Status.OPEN


def test_holding_twice_adds_the_reasons(board: Board, make: Factory) -> None:
    """One case, one mail, one line of the audit log."""
    view = make.open()
    with board.db.write() as session:
        listing = session.get_one(Listing, view.id)
        assert len(holding.hold(session, board, listing, ("reports",))) == 1
        assert holding.hold(session, board, listing, ("phone",)) == []
        assert cases.of(session, cases.LISTING, view.id) is not None
    assert why(board) == ("phone", "reports")

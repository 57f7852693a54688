"""Relays: posting for others with their consent, and closing or extending by telephone."""

from __future__ import annotations

import threading
from dataclasses import replace

import pytest
import sqlalchemy as sa

from board import answering, confirmations, extensions, listings, matching, relays, roles
from board.answering import NewAnswer
from board.audit import AuditEntry
from board.context import Board
from board.errors import CodeRefused, Invalid, KeyReused, ListingNotFound
from board.listings import Listing
from board.members import Member
from board.relays import TRIES, Dictated, RelayedListing
from board.roles import Role
from matcher.taxonomy import Kind
from tests.factories import Factory
from tests.fakes import MailSink, work_off

RELAY, HELPER = "relay@example.org", "helper@example.org"


@pytest.fixture
def relay(make: Factory) -> int:
    """A member who may post for others."""
    return make.member(email=RELAY, roles=[Role.RELAY])


@pytest.fixture
def dictated(board: Board, make: Factory, relay: int) -> Dictated:
    """A request posted for somebody, with what was read out."""
    return relays.post(board, relay, make.form(title="For a neighbour"), "in-person", "a-form-key")


def state(board: Board, dictated: Dictated) -> str:
    """Where the listing stands."""
    return listings.get(board, dictated.public_id).state


def test_a_listing_hangs_on_a_person_without_address(
    board: Board, make: Factory, relay: int, dictated: Dictated
) -> None:
    """It is open at once; how and when the person agreed is written down, and by whom."""
    assert state(board, dictated) == "open"
    with board.db.read() as session:
        row = session.scalars(sa.select(RelayedListing)).one()
        listing = session.get_one(Listing, row.listing_id)
        person = session.get_one(Member, listing.member_id)
        (entry,) = session.scalars(sa.select(AuditEntry)).all()
    assert (row.relay_id, row.consent) == (relay, "in-person")
    assert row.consented_at is not None
    assert person.email is None
    assert person.id != relay
    assert (entry.action, entry.member_id, entry.reason) == ("listing-relayed", relay, "in-person")
    assert dictated.code.replace(" ", "") not in str((row.code_hash, row.reference))


def test_two_people_are_two_members(board: Board, make: Factory, relay: int) -> None:
    """So that a request and an offer of two neighbours can match each other."""
    request = relays.post(board, relay, make.form(), "telephone", "key-of-one")
    offer = relays.post(board, relay, make.offer_form(), "in-writing", "key-of-two")
    found = matching.counterparts(board, request.public_id).matches
    assert [each.listing.public_id for each in found] == [offer.public_id]


def test_people_nearby_are_told_and_answers_reach_the_relay(
    board: Board, make: Factory, relay: int, smtp: MailSink
) -> None:
    """The person has no mailbox; the relay sees how many have answered."""
    make.alert(email="near@example.org")
    dictated = relays.post(board, relay, make.form(), "telephone", "a-form-key")
    work_off(board)
    assert len(smtp.to("near@example.org")) == 1
    answering.answer(board, dictated.public_id, NewAnswer(email=HELPER, text="I come at ten."))
    work_off(board)
    confirmations.act(board, smtp.token(HELPER))
    work_off(board)
    (mail,) = smtp.to(RELAY)
    assert "I come at ten." in mail.get_content()
    assert [each.answers for each in relays.own(board, relay)] == [1]
    roles.revoke(board, RELAY, Role.RELAY)
    answering.answer(board, dictated.public_id, NewAnswer(email=HELPER, text="And at eleven?"))
    work_off(board)
    confirmations.act(board, smtp.token(HELPER))
    work_off(board)
    # One mail says that the role has ended.
    assert len(smtp.to(RELAY)) == 2
    assert all("And at eleven?" not in mail.get_content() for mail in smtp.to(RELAY))


@pytest.mark.parametrize("outcome", relays.OUTCOMES)
def test_the_code_closes_the_listing_and_the_relay_sees_why(
    board: Board, relay: int, dictated: Dictated, outcome: str
) -> None:
    """Typed with or without blanks."""
    title = relays.by_phone(board, dictated.reference.replace(" ", ""), dictated.code, outcome)
    assert title == "For a neighbour"
    assert state(board, dictated) == "closed"
    (seen,) = relays.own(board, relay)
    assert seen.outcome == outcome
    with pytest.raises(Invalid):
        relays.by_phone(board, dictated.reference, dictated.code, outcome)


def test_the_code_extends_again_and_again(board: Board, dictated: Dictated) -> None:
    """As long as posting would allow."""
    before = listings.get(board, dictated.public_id).ends_at
    for times in (1, 2):
        relays.by_phone(board, dictated.reference, dictated.code, "extend")
        after = listings.get(board, dictated.public_id).ends_at
        assert after - before == times * extensions.LONGER[Kind.REQUEST]
    with pytest.raises(Invalid, match="deed"):
        relays.by_phone(board, dictated.reference, dictated.code, "delete")


def test_few_tries_then_a_new_code_is_needed(board: Board, relay: int, dictated: Dictated) -> None:
    """Right tries do not count; the old code stays useless."""
    for code in ["", "1", "x", "0" * 5000][: TRIES - 1]:
        with pytest.raises(CodeRefused):
            relays.by_phone(board, dictated.reference, code, "extend")
    relays.by_phone(board, dictated.reference, dictated.code, "extend")
    for _ in range(TRIES):
        with pytest.raises(CodeRefused):
            relays.by_phone(board, dictated.reference, "1", "helped")
    with pytest.raises(CodeRefused):
        relays.by_phone(board, dictated.reference, dictated.code, "helped")
    new = relays.new_code(board, relay, dictated.public_id)
    assert new.reference == dictated.reference
    with pytest.raises(CodeRefused):
        relays.by_phone(board, dictated.reference, dictated.code, "helped")
    assert relays.by_phone(board, new.reference, new.code, "helped")


def test_guesses_sent_at_once_are_counted_one_by_one(board: Board, dictated: Dictated) -> None:
    """No more than the tries are looked at."""
    start = threading.Barrier(6)

    def guess() -> None:
        start.wait()
        for _ in range(4):
            with pytest.raises(CodeRefused):
                relays.by_phone(board, dictated.reference, "1", "helped")

    threads = [threading.Thread(target=guess) for _ in range(6)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    with board.db.read() as session:
        assert session.scalar(sa.select(RelayedListing.tries)) == TRIES


def test_an_unknown_number_is_refused_like_a_wrong_code(board: Board, dictated: Dictated) -> None:
    """Nobody learns which numbers there are."""
    for reference in ("", "000000", "é", "９９", "1" * 5000):
        with pytest.raises(CodeRefused) as refusal:
            relays.by_phone(board, reference, dictated.code, "helped")
        assert refusal.value.reason == "wrong"


def test_a_relay_reaches_its_own_listings_alone(
    board: Board, make: Factory, relay: int, dictated: Dictated
) -> None:
    """Neither another relay's, nor what was posted by other doors."""
    other = make.member(roles=[Role.RELAY])
    foreign = make.open()
    assert relays.own(board, other) == ()
    for who, public_id in ((other, dictated.public_id), (relay, foreign.public_id)):
        with pytest.raises(ListingNotFound):
            relays.new_code(board, who, public_id)
        with pytest.raises(ListingNotFound):
            relays.act(board, who, public_id, "helped")
    relays.act(board, relay, dictated.public_id, "not-found")
    assert state(board, dictated) == "closed"


def test_what_is_not_right_is_refused(board: Board, make: Factory, relay: int) -> None:
    """Without consent nothing is posted; a form sent twice posts once."""
    good = make.form()
    for consent in ("", "surely", "in-person "):
        with pytest.raises(Invalid, match="consent"):
            relays.post(board, relay, good, consent, "a-form-key")
    with pytest.raises(Invalid, match="title"):
        relays.post(board, relay, replace(good, title=""), "in-person", "a-form-key")
    with pytest.raises(Invalid, match="kind"):
        relays.post(board, relay, replace(good, kind=Kind.INFO), "in-person", "a-form-key")
    with board.db.read() as session:
        assert session.scalar(sa.select(sa.func.count(Listing.id))) == 0
    relays.post(board, relay, good, "in-person", "a-form-key")
    with pytest.raises(KeyReused):
        relays.post(board, relay, good, "in-person", "a-form-key")
    with board.db.read() as session:
        assert session.scalar(sa.select(sa.func.count(Listing.id))) == 1


def test_what_a_relay_posts_is_judged_as_any_other(
    board: Board, make: Factory, relay: int, smtp: MailSink
) -> None:
    """It waits, its relay hears of it and sees it, and can take it back."""
    new = make.form(title="For a neighbour", text="Appelez-moi au 06 12 34 56 78.")
    posted = relays.post(board, relay, new, "in-person", "another-key")
    work_off(board)
    with pytest.raises(ListingNotFound):
        listings.get(board, posted.public_id)
    assert "For a neighbour" in smtp.to(RELAY)[-1]["Subject"]
    (seen,) = relays.own(board, relay)
    assert seen.view.state == "held"
    relays.act(board, relay, posted.public_id, "not-needed")
    assert state(board, posted) == "closed"

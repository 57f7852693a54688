"""Counterparts of a listing, and the copy of the board that answers."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa

from board import blocks, listings, matching
from board.context import Board
from board.db import BoardState
from board.errors import ListingNotFound
from board.listings import Listing
from board.matching import LiveIndex, counterparts
from matcher.taxonomy import Reach
from tests.factories import BONAPRISO, INLAND, MARSEILLE, Factory

FAR = {"cell": MARSEILLE.cell, "country": "FR", "place_name": "Marseille"}


def ids(found: tuple[matching.Counterpart, ...]) -> list[int]:
    """Ids of the counterparts, in their order."""
    return [each.listing.id for each in found]


def test_each_sees_the_other_with_its_reasons(board: Board, make: Factory) -> None:
    """A request and an offer three kilometres apart match both ways."""
    request, offer = make.open(), make.offer()
    (ours,) = counterparts(board, request.public_id).matches
    (theirs,) = counterparts(board, offer.public_id).matches
    assert (ours.listing.id, theirs.listing.id) == (offer.id, request.id)
    assert ours.match.score == theirs.match.score
    assert ours.match.distance_m is not None and 2000 < ours.match.distance_m < 4000
    assert ours.match.same_category


def test_a_change_is_seen_at_once_by_another_process(board: Board, make: Factory) -> None:
    """Every copy catches up before it answers: opened, closed and deleted listings alike."""
    request = make.open()
    other = LiveIndex(board.taxonomy)
    with other.asking(board.db) as copies:
        assert len(copies.index) == 1
    offer = make.offer()
    with other.asking(board.db) as copies:
        assert offer.id in copies.index
    with board.db.write() as session:
        listings.close(session, listings.find(session, offer.public_id), "poster")
    with other.asking(board.db) as copies:
        assert offer.id not in copies.index
    with board.db.write() as session:
        session.delete(listings.find(session, request.public_id))
    with other.asking(board.db) as copies:
        assert len(copies.index) == 0


def test_only_what_the_index_holds_takes_a_revision(board: Board, make: Factory) -> None:
    """Pending listings, and changes of them, do not wake the copies."""
    make.pending()
    with board.db.read() as session:
        assert session.scalar(sa.select(BoardState.revision)) == 0
        assert session.scalars(sa.select(Listing.revision)).all() == [None]


def test_a_copy_of_another_epoch_is_thrown_away(board: Board, make: Factory) -> None:
    """After a restore, ids and revisions of the old past mean nothing."""
    make.open()
    with board.index.asking(board.db) as copies:
        before = copies
    with board.db.write() as session:
        session.execute(sa.update(BoardState).values(epoch="restored"))
    with board.index.asking(board.db) as copies:
        assert copies is not before
        assert len(copies.index) == 1


def test_without_a_match_the_page_offers_what_else_there_is(board: Board, make: Factory) -> None:
    """Official information, then remote offers, then the nearest beyond the radius."""
    info = make.information(categories=("admin",))
    request = make.open(categories=("admin",), radius_km=2.0)
    remote = make.offer(categories=("admin",), reach=Reach.WORLD, **FAR)
    beyond = make.offer(categories=("admin",))
    found = counterparts(board, request.public_id)
    assert found.matches == ()
    assert [view.id for view in found.information] == [info.id]
    assert ids(found.remote) == [remote.id]
    assert ids(found.beyond) == [beyond.id]
    assert found.beyond[0].match.beyond


def test_a_local_match_keeps_remote_ones_in_the_ranking(board: Board, make: Factory) -> None:
    """Once somebody near matches, all matches stand in one list by their score."""
    request = make.open(categories=("admin",))
    remote = make.offer(categories=("admin",), reach=Reach.WORLD, **FAR)
    near = make.offer(categories=("admin",))
    found = counterparts(board, request.public_id)
    assert ids(found.matches) == [near.id, remote.id]
    assert found.remote == found.beyond == ()


def test_two_listings_of_one_member_never_match(board: Board, make: Factory) -> None:
    """Nobody is told of oneself."""
    request = make.open(email="both@example.org")
    make.offer(email="both@example.org")
    assert counterparts(board, request.public_id).matches == ()


def test_an_ended_listing_has_no_counterparts(board: Board, make: Factory) -> None:
    """What is over is neither offered nor answered."""
    request, offer = make.open(), make.offer(ends_at=make.form().starts_at + timedelta(days=40))
    board.db.clock_offset = timedelta(days=20)
    assert counterparts(board, request.public_id).matches == ()
    assert counterparts(board, offer.public_id).matches == ()


def test_the_best_of_several_are_the_first_of_each(board: Board, make: Factory) -> None:
    """Asked together as asked one by one; what has none, is over or is unknown is left out."""
    requests = [make.open(email=f"asks{n}@example.org") for n in range(2)]
    offers = [make.offer(email=f"gives{n}@example.org") for n in range(4)]
    lonely = make.open(categories=("tutoring",), country="FR", cell=MARSEILLE.cell)
    over = make.open()
    with board.db.write() as session:
        listings.close(session, listings.find(session, over.public_id), "poster")
        blocker, blocked = (
            listings.find(session, view.public_id).owner for view in (requests[0], offers[0])
        )
        blocks.block(session, blocker, blocked)
    asked = [view.id for view in (*requests, *offers, lonely, over)] + [999_999]
    for viewer in (None, blocker):
        best = matching.best_counterparts(board, asked, 3, viewer=viewer)
        assert best == {
            view.id: counterparts(board, view.public_id, viewer=viewer).matches[:3]
            for view in (*requests, *offers)
        }
        assert {len(best[view.id]) for view in requests} == {3}
    assert offers[0].id not in ids(best[requests[0].id])


def test_an_unknown_listing_is_not_found(board: Board) -> None:
    """An id that nobody has leads nowhere."""
    with pytest.raises(ListingNotFound):
        counterparts(board, "unknown-id-0")


@pytest.mark.parametrize(
    ("point", "country", "covered"),
    [
        ((4.6, 10.2), "CM", True),
        ((6.0, 9.7), "CM", False),
        ((4.6, 10.2), "GQ", False),
        (None, "CM", True),
        (None, "FR", False),
    ],
)
def test_information_with_an_area_covers_the_points_inside(
    board: Board, make: Factory, point: tuple[float, float] | None, country: str, covered: bool
) -> None:
    """A polygon narrows the countries and never widens them; without a point the country counts."""
    info = make.information(area=INLAND, cell=BONAPRISO.cell)
    found = matching.information_at(board, point, country)
    assert [view.id for view in found] == ([info.id] if covered else [])

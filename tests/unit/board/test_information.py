"""Official information: who may publish it, where, and what becomes of it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from board import information, listings, matching, partners
from board.audit import AuditEntry
from board.context import Board
from board.db import now
from board.errors import Invalid, KeyReused, ListingNotFound, NotAllowed, OrganisationNotFound
from board.listings import Listing
from board.members import Member
from matcher.taxonomy import Kind
from tests.factories import INLAND, Factory, Office
from tests.fakes import MailSink, text_of, work_off


def publish(
    board: Board, make: Factory, office: Office, key: str = "key-of-a-form", **given: Any
) -> str:
    """Public id of what the office's coordinator publishes."""
    form = make.information_form(office, **given)
    return information.publish(board, office.member_id, form, key)


def rows(board: Board) -> int:
    """Listings stored."""
    with board.db.read() as session:
        return session.scalar(sa.select(sa.func.count(Listing.id))) or 0


def square(west: float, south: float, size: float = 0.5) -> dict[str, Any]:
    """A GeoJSON square."""
    east, north = west + size, south + size
    ring = [[west, south], [east, south], [east, north], [west, north], [west, south]]
    return {"type": "Polygon", "coordinates": [ring]}


def test_a_partner_publishes_at_once(board: Board, make: Factory, smtp: MailSink) -> None:
    """With the organisation's name and source; whoever has an alert there is told; audited."""
    office = make.organisation("Consulat du Sénégal")
    make.alert(email="reader@example.org")
    public_id = publish(
        board, make, office, source_url="https://consulat.example/passeports", cell=None
    )
    view = listings.get(board, public_id)
    assert (view.state, view.organisation) == ("open", "Consulat du Sénégal")
    assert view.organisation_id == office.id
    details = information.details(board, view.id)
    assert details.source_host == "consulat.example"
    assert details.organisation is not None and details.organisation.public_id == office.id
    assert [each.id for each in matching.information_at(board, None, "CM")] == [view.id]
    work_off(board)
    with board.db.read() as session:
        (entry,) = session.scalars(sa.select(AuditEntry))
        assert session.get_one(Listing, view.id).member_id is None
    assert (entry.action, entry.member_id) == ("information-published", office.member_id)
    assert smtp.to(office.email) == []


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"area_countries": ("GA",)}, "area_countries"),
        ({"area_countries": ("CM", "GA")}, "area_countries"),
        ({"area_countries": ()}, "area_countries"),
        ({"area": square(2.3, 48.8)}, "area"),
        ({"area": square(15.2, 3.0, 1.0)}, "area"),
        ({"area": {"type": "Point", "coordinates": [9, 4]}}, "area"),
        ({"area": {"type": "Polygon", "coordinates": [[[9, 3], [10, 3], [10, 5]]]}}, "area"),
        ({"source_url": "http://consulat.example"}, "source_url"),
        ({"source_url": "https://user@consulat.example"}, "source_url"),
        ({"text": " "}, "text"),
        ({"supersedes": "unknown-id-0"}, "supersedes"),
    ],
    ids=str,
)
def test_what_a_partner_may_not_say_is_refused(
    board: Board, make: Factory, given: dict[str, Any], field: str
) -> None:
    """The field is named, and nothing is written: no area beyond the countries it may speak for."""
    office = make.organisation()
    with pytest.raises(Invalid, match=field):
        publish(board, make, office, **given)
    assert rows(board) == 0


def test_every_problem_is_told_at_once(board: Board, make: Factory) -> None:
    """Those of the listing and that of the source."""
    with pytest.raises(Invalid) as refusal:
        publish(board, make, make.organisation(), title="", source_url="ftp://x")
    assert [each.field for each in refusal.value.problems] == ["title", "source_url"]


def test_a_jurisdiction_with_an_area_holds_its_items_inside(board: Board, make: Factory) -> None:
    """Without an area of its own an item gets the organisation's."""
    from matcher.areas import parse_polygon

    town_hall = make.organisation("Mairie", area=parse_polygon(INLAND))
    with pytest.raises(Invalid, match="area"):
        publish(board, make, town_hall, area=square(13.0, 6.0))
    inside = publish(board, make, town_hall, area=square(10.1, 4.3), key="key-inside")
    whole = publish(board, make, town_hall, key="key-whole")
    covering = {each.public_id for each in matching.information_at(board, (4.5, 10.3), "CM")}
    assert covering == {inside, whole}
    assert matching.information_at(board, (6.2, 13.2), "CM") == ()


def test_nobody_publishes_for_another_organisation(board: Board, make: Factory) -> None:
    """Neither a partner of another one, nor a member, nor an administrator."""
    office, other = make.organisation(), make.organisation("Mairie")
    for member_id in (other.member_id, make.member(), make.administrator()):
        form = make.information_form(office)
        with pytest.raises(OrganisationNotFound):
            information.publish(board, member_id, form, "key-of-a-form")
    assert rows(board) == 0


def test_only_information_is_published_here(board: Board, make: Factory) -> None:
    """A request of a partner goes the way of every request."""
    with pytest.raises(NotAllowed):
        publish(board, make, make.organisation(), kind=Kind.REQUEST)


def test_the_same_form_sent_twice_is_published_once(board: Board, make: Factory) -> None:
    """Other content under its key is refused."""
    office = make.organisation()
    form = make.information_form(office)
    first = information.publish(board, office.member_id, form, "key-of-a-form")
    assert information.publish(board, office.member_id, form, "key-of-a-form") == first
    with pytest.raises(KeyReused):
        publish(board, make, office, title="Autre chose")
    assert rows(board) == 1


def test_an_item_replaces_an_older_one(board: Board, make: Factory) -> None:
    """The older leaves the board, and its page leads to the newer."""
    office = make.organisation()
    older = make.information(office)
    newer = listings.get(board, publish(board, make, office, supersedes=older.public_id))
    assert [each.id for each in matching.information_at(board, None, "CM")] == [newer.id]
    assert listings.get(board, older.public_id).state == "closed"
    successor = information.details(board, older.id).successor
    assert successor is not None and successor.id == newer.id
    with pytest.raises(Invalid, match="supersedes"):
        publish(board, make, make.organisation("B"), "key-of-another", supersedes=newer.public_id)
    assert listings.get(board, newer.public_id).state == "open"


def test_information_stays_when_its_writer_is_erased(board: Board, make: Factory) -> None:
    """It is the organisation's, not an employee's."""
    office = make.organisation()
    partners.add_colleague(board, office.member_id, office.id, "leaving@example.org")
    with board.db.read() as session:
        leaving = session.scalars(
            sa.select(Member.id).where(Member.email == "leaving@example.org")
        ).one()
    form = make.information_form(office)
    public_id = information.publish(board, leaving, form, "key-of-a-form")
    with board.db.write() as session:
        session.delete(session.get_one(Member, leaving))
    assert listings.get(board, public_id).state == "open"
    assert matching.information_at(board, None, "CM")


def test_only_its_own_organisation_takes_an_item_down(board: Board, make: Factory) -> None:
    """Others do not learn that it is there; the log says who did it."""
    office, other = make.organisation(), make.organisation("B")
    view = make.information(office)
    with pytest.raises(OrganisationNotFound):
        information.withdraw(board, other.member_id, office.id, view.public_id)
    with pytest.raises(ListingNotFound):
        information.withdraw(board, other.member_id, other.id, view.public_id)
    request = make.open()
    with pytest.raises(ListingNotFound):
        information.withdraw(board, office.member_id, office.id, request.public_id)
    information.withdraw(board, office.member_id, office.id, view.public_id)
    assert matching.information_at(board, None, "CM") == ()
    with board.db.read() as session:
        entry = session.scalars(sa.select(AuditEntry).order_by(AuditEntry.id.desc())).first()
    assert entry is not None
    assert (entry.action, entry.member_id, entry.reason) == (
        "listing-closed",
        office.member_id,
        "withdrawn",
    )


def test_an_organisation_is_reminded_once_before_the_end(
    board: Board, make: Factory, smtp: MailSink
) -> None:
    """All its members by mail; a new end has a reminder of its own."""
    office = make.organisation()
    partners.add_colleague(board, office.member_id, office.id, "colleague@example.org")
    with board.db.read() as session:
        moment = now(session)
    view = make.information(office, ends_at=moment + timedelta(days=10))
    work_off(board)
    assert information.remind_ending(board) == 0
    board.db.clock_offset = timedelta(days=8)
    assert information.remind_ending(board) == 1
    assert information.remind_ending(board) == 0
    work_off(board)
    for address in (office.email, "colleague@example.org"):
        assert view.title in text_of(smtp.to(address)[-1])
    later = moment + timedelta(days=20)
    information.extend(board, office.member_id, office.id, view.public_id, later)
    assert information.remind_ending(board) == 0
    board.db.clock_offset = timedelta(days=18)
    assert information.remind_ending(board) == 1
    information.withdraw(board, office.member_id, office.id, view.public_id)
    before = len(smtp.to(office.email))
    work_off(board)
    assert len(smtp.to(office.email)) == before


@pytest.mark.parametrize("days", [-1, 0, 400])
def test_a_bad_end_is_refused(board: Board, make: Factory, days: int) -> None:
    """In the past, now, or more than a year away."""
    office = make.organisation()
    view = make.information(office)
    with board.db.read() as session:
        ends_at = now(session) + timedelta(days=days)
    with pytest.raises(Invalid, match="until"):
        information.extend(board, office.member_id, office.id, view.public_id, ends_at)
    assert listings.get(board, view.public_id).ends_at == view.ends_at

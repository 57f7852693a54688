"""What an accepted row becomes."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from matcher.place import Place
from matcher.taxonomy import Kind, Reach
from tests.unit.board.importing.files import (
    GOOD,
    Planner,
    csv_of,
    only,
)


def test_a_row_becomes_a_listing(plan: Planner) -> None:
    """With the mapping's defaults, the country and the name of the place."""
    (listing,) = only(plan(csv_of(GOOD))).listings
    assert (listing.kind, listing.categories) == (Kind.OFFER, ("groceries", "meals"))
    assert (listing.country, listing.reach, listing.radius_km) == ("CM", Reach.LOCAL, 10)
    assert listing.place_name
    assert listing.starts_at == datetime(2026, 11, 20, 8, tzinfo=UTC)
    assert (listing.ends_at - listing.starts_at).days == 30


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
def test_delimiter_and_byte_order_mark_are_found(
    plan: Planner, delimiter: str, encoding: str
) -> None:
    """Spreadsheets write what they like."""
    row = only(plan(csv_of(GOOD, delimiter=delimiter).encode(encoding)))
    assert row.external_id == "a-1"


def test_text_is_kept_in_nfc(plan: Planner) -> None:
    """Two ways to write é are one text."""
    (listing,) = only(plan(csv_of({**GOOD, "title": "Cafe\u0301"}))).listings
    assert listing.title == "Caf\u00e9"


@pytest.mark.parametrize(
    ("starts", "expected"),
    [
        ("2010-01-12T16:53", datetime(2010, 1, 12, 21, 53, tzinfo=UTC)),
        ("2010-01-12T16:53Z", datetime(2010, 1, 12, 16, 53, tzinfo=UTC)),
        ("2010-01-12T16:53:07.5+01:00", datetime(2010, 1, 12, 15, 53, 7, tzinfo=UTC)),
        ("2010-01-12", datetime(2010, 1, 12, 5, tzinfo=UTC)),
        (" 2010-01-12 16:53 ", datetime(2010, 1, 12, 21, 53, tzinfo=UTC)),
    ],
)
def test_times_without_a_zone_are_of_the_mapping_s(
    plan: Planner, starts: str, expected: datetime
) -> None:
    """In Port-au-Prince that was five hours behind UTC."""
    text = f"serial,time,lat,lon,codes,side\n1,{starts},18.5,-72.3,2b,need\n"
    assert only(plan(text, mapping="haiti-2010")).listings[0].starts_at == expected


@pytest.mark.parametrize(
    ("side", "codes", "expected"),
    [
        ("need", "2b", [(Kind.REQUEST, ("groceries",), 2)]),
        ("need", "2a 2b 1c", [(Kind.REQUEST, ("other",), 3)]),
        ("need", "8e 3c", [(Kind.REQUEST, ("medicine",), 2)]),
        ("need", "6c", [(Kind.REQUEST, ("other",), 1)]),
        ("offer", "7d 7a 7b 2b", [(Kind.OFFER, ("groceries", "medicine"), 0)]),
        ("offer", "7", [(Kind.OFFER, ("other",), 0)]),
        (
            "offer",
            "8d 8e 7h 2d 7c 7d 7a",
            [(Kind.OFFER, ("groceries", "medicine", "goods", "housing", "moving"), 0)],
        ),
        (
            "both",
            "2d 7a",
            [(Kind.REQUEST, ("housing",), 1), (Kind.OFFER, ("groceries", "housing"), 0)],
        ),
    ],
)
def test_codes_become_kind_category_and_urgency(
    plan: Planner, side: str, codes: str, expected: list[tuple[Kind, tuple[str, ...], int]]
) -> None:
    """A request takes its first code in the mapping's order, an offer up to five categories."""
    text = f"serial,time,lat,lon,codes,side\n1,2010-01-12,18.5,-72.3,{codes},{side}\n"
    row = only(plan(text, mapping="haiti-2010"))
    assert [(x.kind, x.categories, x.urgency) for x in row.listings] == expected


def test_an_unknown_code_refuses_its_row(plan: Planner) -> None:
    """A list of codes that has changed is a reason to look, not to guess."""
    text = "serial,time,lat,lon,codes,side\n1,2010-01-12,18.5,-72.3,2b 99z,need\n"
    (refused,) = plan(text, mapping="haiti-2010").refused
    assert "“99z” is not a code of this mapping" in str(refused.problems[0])


def test_both_listings_of_a_row_tell_the_place_equally_coarsely(plan: Planner) -> None:
    """Medicine is kept at resolution 7, and groceries of the same row must not undo it."""
    text = "serial,time,lat,lon,codes,side\n1,2010-01-12,18.54,-72.34,1b 7a,both\n"
    cells = {listing.cell for listing in only(plan(text, mapping="haiti-2010")).listings}
    assert len(cells) == 1
    assert Place(cells.pop() or 0).resolution == 7


def test_a_remote_row_needs_no_place(plan: Planner) -> None:
    """Help in a language comes from anywhere."""
    remote = {**GOOD, "reach": "language", "lat": "", "lng": ""}
    (listing,) = only(plan(csv_of(remote))).listings
    assert (listing.cell, listing.reach, listing.radius_km) == (None, Reach.LANGUAGE, None)


def test_half_a_place_is_refused_for_remote_rows_too(plan: Planner) -> None:
    """A latitude without a longitude is a mistake, not a remote listing."""
    (refused,) = plan(csv_of({**GOOD, "reach": "language", "lng": ""})).refused
    assert [str(problem) for problem in refused.problems] == ["lng: This is missing."]

"""Reports: anybody's, each reporter once; three take a listing out of sight."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa

from board import listings, moderation, reports
from board.context import Board
from board.errors import Invalid, ListingNotFound
from board.limits import Visitor
from board.reports import Report
from tests.factories import Factory


def guest(number: int) -> Visitor:
    """A guest of another network for each number."""
    return Visitor(f"81.2.{number}.7")


def count(board: Board) -> int:
    """How many reports are kept."""
    with board.db.read() as session:
        return session.scalar(sa.select(sa.func.count(Report.id))) or 0


def test_one_report_puts_it_into_the_queue_and_three_out_of_sight(
    board: Board, make: Factory
) -> None:
    """With what the reporters wrote."""
    view = make.open()
    moderator = make.member(roles=["moderator"])
    reports.report(board, view.public_id, "scam", "Il demande un virement", visitor=guest(1))
    waiting = moderation.queue(board, moderator).waiting[0]
    assert waiting.reasons == ("reports",)
    assert waiting.reports == (("scam", "Il demande un virement"),)
    assert listings.get(board, view.public_id).state == "open"
    reports.report(board, view.public_id, "spam", visitor=guest(2))
    assert listings.get(board, view.public_id).state == "open"
    reports.report(board, view.public_id, "scam", member_id=make.member())
    with pytest.raises(ListingNotFound):
        listings.get(board, view.public_id)
    assert moderation.queue(board, moderator).total == 1


def test_the_same_reporter_counts_once(board: Board, make: Factory) -> None:
    """Guests by their network, today and tomorrow; members by themselves; unknown ones together."""
    view, member = make.open(), make.member()
    for _ in range(3):
        reports.report(board, view.public_id, "scam", visitor=guest(1))
        reports.report(board, view.public_id, "scam", visitor=Visitor(None))
    board.db.clock_offset = timedelta(hours=25)
    reports.report(board, view.public_id, "scam", visitor=guest(1))
    assert count(board) == 2
    assert listings.get(board, view.public_id).state == "open"
    board.db.clock_offset = timedelta()
    other = make.open()
    for number in range(3):
        reports.report(board, other.public_id, "scam", visitor=guest(number), member_id=member)
    assert count(board) == 3


def test_after_a_decision_counting_begins_anew(board: Board, make: Factory) -> None:
    """Three people who were wrong once do not take it down for ever."""
    view, moderator = make.open(), make.member(roles=["moderator"])
    for number in range(3):
        reports.report(board, view.public_id, "untrue", visitor=guest(number))
    moderation.approve(board, moderator, moderation.queue(board, moderator).waiting[0].id)
    assert listings.get(board, view.public_id).state == "open"
    for number in range(10, 12):
        reports.report(board, view.public_id, "untrue", visitor=guest(number))
    assert listings.get(board, view.public_id).state == "open"
    reports.report(board, view.public_id, "untrue", visitor=guest(12))
    with pytest.raises(ListingNotFound):
        listings.get(board, view.public_id)


def test_three_guests_do_not_silence_a_consulate(board: Board, make: Factory) -> None:
    """Official information is looked at, and stays meanwhile."""
    view = make.information(text="Ouvert samedi.")
    for number in range(5):
        reports.report(board, view.public_id, "untrue", visitor=guest(number))
    assert listings.get(board, view.public_id).state == "open"
    assert moderation.queue(board, make.member()).total == 1


@pytest.mark.parametrize(
    ("reason", "text", "field"),
    [("", "", "reason"), ("dislike", "", "reason"), ("spam", "x" * 1001, "text")],
)
def test_a_report_without_a_listed_reason_is_refused(
    board: Board, make: Factory, reason: str, text: str, field: str
) -> None:
    """And a text of any length; nothing is written."""
    view = make.open()
    with pytest.raises(Invalid) as refused:
        reports.report(board, view.public_id, reason, text)
    assert [problem.field for problem in refused.value.problems] == [field]
    assert count(board) == 0


def test_what_nobody_sees_cannot_be_reported(board: Board, make: Factory) -> None:
    """A listing that is pending or unknown."""
    for public_id in (make.pending(), "abcdefghijkl"):
        with pytest.raises(ListingNotFound):
            reports.report(board, public_id, "spam")

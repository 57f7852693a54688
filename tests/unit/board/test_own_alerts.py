"""A member's own alerts: added without a mail, changed, ended; areas that are drawn."""

from __future__ import annotations

import re
from typing import Any

import pytest

from board import alerts, confirmations, members, own_alerts, preferences
from board.alerts import Terms
from board.context import Board
from board.errors import AlertNotFound, Invalid
from board.rhythms import Rhythm
from matcher.place import Place
from matcher.taxonomy import Kind
from tests.factories import AKWA, INLAND, MARSEILLE, Factory
from tests.fakes import MailSink, text_of, work_off

VOLUNTEER = "volunteer@example.org"


def terms(**given: Any) -> Terms:
    """Everything within 10 km of Akwa."""
    values = {"cell": AKWA.cell, "place_name": "Douala", "radius_km": 10.0, **given}
    return Terms(**values)


def told(smtp: MailSink) -> int:
    """How many mails of an alert the volunteer got."""
    return sum(message["List-Unsubscribe"] is not None for message in smtp.to(VOLUNTEER))


def test_who_is_known_confirms_nothing(board: Board, make: Factory, smtp: MailSink) -> None:
    """The alert is active at once, and several places are several alerts."""
    member_id = make.member(VOLUNTEER)
    own_alerts.add(board, member_id, terms())
    own_alerts.add(board, member_id, terms(cell=MARSEILLE.cell, rhythm="weekly"))
    found = own_alerts.all_of(board, member_id)
    assert [each.rhythm for each in found] == [Rhythm.WEEKLY, Rhythm.INSTANT]
    make.open()
    work_off(board)
    assert told(smtp) == 1


def test_a_drawn_area_is_told_of_what_lies_inside(
    board: Board, make: Factory, smtp: MailSink
) -> None:
    """By the centre of the listing's cell, as everything."""
    member_id = make.member(VOLUNTEER)
    own_alerts.add(board, member_id, terms(area=INLAND))
    (found,) = own_alerts.all_of(board, member_id)
    assert found.area is not None and found.cell == "" and found.place_name
    make.open(cell=AKWA.cell)
    work_off(board)
    assert told(smtp) == 0
    make.open(cell=Place.at(4.7, 10.3, 8).cell)
    work_off(board)
    assert told(smtp) == 1


def test_a_guest_may_draw_one_too(board: Board, make: Factory, smtp: MailSink) -> None:
    """And learns in the mail what is to be confirmed."""
    alerts.save(board, make.alert_form(email=VOLUNTEER, area=INLAND, cell=None, radius_km=None))
    work_off(board)
    # Two letters may stand in a token by chance.
    assert "km" not in re.sub(r"/links/\S+", "", text_of(smtp.to(VOLUNTEER)[-1]))
    confirmations.act(board, smtp.token(VOLUNTEER))
    make.open(cell=Place.at(4.7, 10.3, 8).cell)
    work_off(board)
    assert told(smtp) == 1


def test_a_change_counts_from_the_next_listing_on(
    board: Board, make: Factory, smtp: MailSink
) -> None:
    """Place, kinds, rhythm: all of it can be changed."""
    member_id = make.member(VOLUNTEER)
    own_alerts.add(board, member_id, terms(cell=MARSEILLE.cell))
    (before,) = own_alerts.all_of(board, member_id)
    make.open()
    work_off(board)
    assert told(smtp) == 0
    changed = terms(kinds=(Kind.REQUEST,), categories=("groceries",), languages=("fr",))
    own_alerts.change(board, member_id, before.public_id, changed)
    after = own_alerts.get(board, member_id, before.public_id)
    assert (after.kinds, after.categories, after.languages) == (
        (Kind.REQUEST,),
        ("groceries",),
        ("fr",),
    )
    make.open()
    work_off(board)
    assert told(smtp) == 1
    own_alerts.end(board, member_id, before.public_id)
    make.open()
    work_off(board)
    assert told(smtp) == 1


def test_another_s_alert_does_not_exist(board: Board, make: Factory) -> None:
    """Nor does one that has ended."""
    owner, other = make.member(), make.member()
    own_alerts.add(board, owner, terms())
    (alert,) = own_alerts.all_of(board, owner)
    for deed in (
        lambda: own_alerts.get(board, other, alert.public_id),
        lambda: own_alerts.change(board, other, alert.public_id, terms()),
        lambda: own_alerts.end(board, other, alert.public_id),
    ):
        with pytest.raises(AlertNotFound):
            deed()
    own_alerts.end(board, owner, alert.public_id)
    with pytest.raises(AlertNotFound):
        own_alerts.get(board, owner, alert.public_id)


@pytest.mark.parametrize(
    ("field", "given"),
    [
        ("rhythm", {"rhythm": "hourly"}),
        ("radius_km", {"radius_km": 1.9}),
        ("area", {"area": {"type": "Polygon", "coordinates": []}}),
        ("place", {"cell": None}),
        ("categories", {"categories": ("sorcery",)}),
    ],
)
def test_what_cannot_be_is_named(
    board: Board, make: Factory, field: str, given: dict[str, Any]
) -> None:
    """And changes nothing."""
    member_id = make.member()
    own_alerts.add(board, member_id, terms())
    (alert,) = own_alerts.all_of(board, member_id)
    for deed in (
        lambda: own_alerts.add(board, member_id, terms(**given)),
        lambda: own_alerts.change(board, member_id, alert.public_id, terms(**given)),
    ):
        with pytest.raises(Invalid) as refused:
            deed()
        assert [problem.field for problem in refused.value.problems] == [field]
    assert own_alerts.all_of(board, member_id) == (alert,)


def test_the_limit_counts_for_members_too(board: Board, make: Factory) -> None:
    """The oldest makes room."""
    member_id = make.member()
    for _ in range(alerts.PER_MEMBER + 1):
        own_alerts.add(board, member_id, terms())
    assert len(own_alerts.all_of(board, member_id)) == alerts.PER_MEMBER


def test_whoever_confirms_an_alert_gets_the_time_zone_of_its_place(
    board: Board, make: Factory, smtp: MailSink
) -> None:
    """So that quiet hours and digests mean something for guests; what was told is kept."""
    known = make.member("known@example.org", time_zone="Asia/Kathmandu")
    for email in (VOLUNTEER, "known@example.org"):
        alerts.save(board, make.alert_form(email=email))
        work_off(board)
        confirmations.act(board, smtp.token(email))
    assert preferences.get(board, known).time_zone == "Asia/Kathmandu"
    with board.db.read() as session:
        guest = members.by_email(session, VOLUNTEER)
        assert guest is not None and guest.time_zone == "Africa/Douala"

"""How a member wants to be told: kept, refused, paused, opened by a signed link."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from board import preferences
from board.context import Board
from board.db import now
from board.errors import Invalid, LinkRefused
from board.preferences import NewPreferences, Preferences
from tests.factories import Factory


def form(**given: Any) -> NewPreferences:
    """Settings of somebody in Paris who sleeps from ten to seven."""
    values = {"time_zone": "Europe/Paris", "quiet_from": 22 * 60, "quiet_to": 7 * 60, **given}
    return NewPreferences(**values)


def tomorrow(board: Board, days: int = 1) -> Any:
    """A day to come, in UTC."""
    with board.db.read() as session:
        return (now(session) + timedelta(days=days)).date()


def test_who_has_said_nothing_is_told_at_any_hour(board: Board, make: Factory) -> None:
    """With the limit of a week that everybody has."""
    assert preferences.get(board, make.member()) == Preferences()
    assert Preferences().most_a_week == preferences.MOST_A_WEEK


def test_what_is_chosen_is_kept(board: Board, make: Factory) -> None:
    """All of it, and it can be changed again; the pause ends where the day begins there."""
    member_id = make.member()
    day = tomorrow(board, 10)
    preferences.save(board, member_id, form(urgent_passes=True, most_a_week=3, paused_until=day))
    found = preferences.get(board, member_id)
    assert found.paused_until is not None
    local = found.paused_until.astimezone(found.zone)
    assert (local.date(), local.hour, local.minute) == (day, 0, 0)
    assert (found.quiet, found.urgent_passes, found.most_a_week, found.by_email) == (
        (1320, 420),
        True,
        3,
        True,
    )
    preferences.save(board, member_id, form(quiet_from=None, quiet_to=None, by_email=False))
    assert preferences.get(board, member_id) == Preferences(
        time_zone="Europe/Paris", by_email=False
    )


def test_a_pause_that_is_over_is_none(board: Board, make: Factory) -> None:
    """Nothing needs to end it."""
    member_id = make.member()
    preferences.save(board, member_id, form(paused_until=tomorrow(board, 2)))
    assert preferences.get(board, member_id).paused_until is not None
    board.db.clock_offset = timedelta(days=3)
    assert preferences.get(board, member_id).paused_until is None


@pytest.mark.parametrize(
    ("field", "given"),
    [
        ("time_zone", {"time_zone": "Mars/Olympus"}),
        ("time_zone", {"time_zone": "../etc/passwd"}),
        ("quiet_to", {"quiet_to": None}),
        ("quiet_from", {"quiet_from": None}),
        ("quiet_to", {"quiet_to": 22 * 60}),
        ("quiet_from", {"quiet_from": 24 * 60}),
        ("quiet_from", {"quiet_from": -1}),
        ("most_a_week", {"most_a_week": 0}),
        ("most_a_week", {"most_a_week": 101}),
    ],
)
def test_what_cannot_be_is_named_and_not_kept(
    board: Board, make: Factory, field: str, given: dict[str, Any]
) -> None:
    """Each refusal names its field."""
    member_id = make.member()
    with pytest.raises(Invalid) as refused:
        preferences.save(board, member_id, form(**given))
    assert [problem.field for problem in refused.value.problems] == [field]
    assert preferences.get(board, member_id) == Preferences()


@pytest.mark.parametrize("days", [-1, 0, 400])
def test_a_pause_lies_ahead_and_within_a_year(board: Board, make: Factory, days: int) -> None:
    """Today in UTC may be tomorrow elsewhere, so one is asked who lives in UTC."""
    member_id = make.member()
    with pytest.raises(Invalid) as refused:
        preferences.save(
            board, member_id, form(time_zone="UTC", paused_until=tomorrow(board, days))
        )
    assert [problem.field for problem in refused.value.problems] == ["paused_until"]


def test_not_now_pauses_for_a_week_and_shortens_no_pause(board: Board, make: Factory) -> None:
    """Pressed twice it is the same."""
    member_id = make.member()
    with board.db.read() as session:
        token = preferences.not_now_token(board, member_id, now(session))
        moment = now(session)
    preferences.look_not_now(board, token)
    assert preferences.get(board, member_id).paused_until is None
    preferences.not_now(board, token)
    preferences.not_now(board, token)
    until = preferences.get(board, member_id).paused_until
    assert until is not None
    assert timedelta() <= until - moment - preferences.PAUSE < timedelta(minutes=1)
    preferences.save(board, member_id, form(paused_until=tomorrow(board, 30)))
    longer = preferences.get(board, member_id).paused_until
    preferences.not_now(board, token)
    assert preferences.get(board, member_id).paused_until == longer


def test_a_signed_link_opens_one_member_s_settings_for_a_while(board: Board, make: Factory) -> None:
    """No other purpose, no other member, not for ever."""
    member_id = make.member()
    with board.db.read() as session:
        token = preferences.settings_token(board, member_id, now(session))
        other = preferences.not_now_token(board, member_id, now(session))
    assert preferences.member_of_token(board, token) == member_id
    forged = token.replace(f":{member_id}:", f":{member_id + 1}:")
    for bad in ("", "x", "preferences:1:800000", forged, other, "é.é", f"{token}x"):
        with pytest.raises(LinkRefused):
            preferences.member_of_token(board, bad)
    with pytest.raises(LinkRefused):
        preferences.not_now(board, token)
    board.db.clock_offset = preferences.LINKS_OPEN + timedelta(days=2)
    with pytest.raises(LinkRefused) as refused:
        preferences.member_of_token(board, token)
    assert refused.value.reason == "expired"


def test_a_link_of_somebody_who_is_gone_opens_nothing(board: Board) -> None:
    """The settings of nobody are not made by looking."""
    with board.db.read() as session:
        token = preferences.settings_token(board, 987, now(session))
    with pytest.raises(LinkRefused):
        preferences.member_of_token(board, token)

"""Quiet hours and digests at civil hours, over midnight and over changes of the clock."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from board.rhythms import DIGEST_HOUR, Rhythm, after_quiet, next_digest

PARIS, DOUALA, KATHMANDU = (
    ZoneInfo(name) for name in ("Europe/Paris", "Africa/Douala", "Asia/Kathmandu")
)
NIGHT = (22 * 60, 7 * 60)


def at(text: str) -> datetime:
    """A moment in UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("moment", "zone", "quiet", "expected"),
    [
        ("2026-07-01 12:00", PARIS, NIGHT, "2026-07-01 12:00"),
        ("2026-07-01 12:00", PARIS, None, "2026-07-01 12:00"),
        ("2026-07-01 20:00", PARIS, NIGHT, "2026-07-02 05:00"),
        ("2026-07-02 04:59", PARIS, NIGHT, "2026-07-02 05:00"),
        ("2026-07-02 05:00", PARIS, NIGHT, "2026-07-02 05:00"),
        ("2026-07-01 20:00", DOUALA, NIGHT, "2026-07-01 20:00"),
        ("2026-07-01 20:00", KATHMANDU, NIGHT, "2026-07-02 01:15"),
        ("2026-07-01 11:30", PARIS, (13 * 60, 14 * 60), "2026-07-01 12:00"),
        # The night in which the clock goes forward, and the one in which it goes back.
        ("2026-03-28 22:00", PARIS, NIGHT, "2026-03-29 05:00"),
        ("2026-10-24 21:00", PARIS, NIGHT, "2026-10-25 06:00"),
    ],
)
def test_what_falls_into_the_quiet_hours_waits_for_their_end(
    moment: str, zone: ZoneInfo, quiet: tuple[int, int] | None, expected: str
) -> None:
    """By the clock on the member's wall."""
    assert after_quiet(at(moment), zone, quiet) == at(expected)


@pytest.mark.parametrize(
    ("moment", "zone", "rhythm", "expected"),
    [
        ("2026-07-01 05:59", PARIS, Rhythm.DAILY, "2026-07-01 06:00"),
        ("2026-07-01 06:00", PARIS, Rhythm.DAILY, "2026-07-02 06:00"),
        ("2026-07-01 12:00", KATHMANDU, Rhythm.DAILY, "2026-07-02 02:15"),
        # The first of July 2026 is a Wednesday.
        ("2026-07-01 12:00", PARIS, Rhythm.WEEKLY, "2026-07-06 06:00"),
        ("2026-07-06 05:00", PARIS, Rhythm.WEEKLY, "2026-07-06 06:00"),
        ("2026-07-06 07:00", PARIS, Rhythm.WEEKLY, "2026-07-13 06:00"),
        ("2026-10-24 12:00", PARIS, Rhythm.DAILY, "2026-10-25 07:00"),
    ],
)
def test_a_digest_goes_out_at_a_civil_hour(
    moment: str, zone: ZoneInfo, rhythm: Rhythm, expected: str
) -> None:
    """The next one after the moment; the weekly one on a Monday."""
    assert next_digest(at(moment), zone, rhythm) == at(expected)


MOMENTS = st.datetimes(datetime(2025, 1, 1), datetime(2028, 1, 1), timezones=st.just(UTC))
ZONES = st.sampled_from([PARIS, DOUALA, KATHMANDU, ZoneInfo("America/New_York")])
MINUTES = st.integers(0, 24 * 60 - 1)


@given(MOMENTS, ZONES, MINUTES, MINUTES)
def test_nothing_goes_out_in_the_quiet_hours_nor_waits_for_a_day(
    moment: datetime, zone: ZoneInfo, begin: int, end: int
) -> None:
    """Whatever the hours are; a day of the change of the clock has an hour more."""
    found = after_quiet(moment, zone, (begin, end))
    assert moment <= found <= moment + timedelta(hours=25)
    assert after_quiet(found, zone, (begin, end)) - found <= timedelta(hours=1)


@given(MOMENTS, ZONES, st.sampled_from([Rhythm.DAILY, Rhythm.WEEKLY]))
def test_every_digest_has_its_hour(moment: datetime, zone: ZoneInfo, rhythm: Rhythm) -> None:
    """After the moment, within its period, at eight."""
    found = next_digest(moment, zone, rhythm)
    most = timedelta(days=1 if rhythm is Rhythm.DAILY else 7, hours=1)
    assert timedelta() < found - moment <= most
    assert (found.astimezone(zone).hour, found.astimezone(zone).minute) == (DIGEST_HOUR, 0)

"""When somebody is told: at once, or with a digest at a civil hour; never in the quiet hours.

Nothing here asks for the time: it is passed in, with the time zone of the member.
"""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

#: Local hour of digests.
DIGEST_HOUR = 8
#: Weekly digests go out on Mondays.
_MONDAY = 0


class Rhythm(StrEnum):
    """How often an alert writes; the quickest first."""

    INSTANT = "instant"
    DAILY = "daily"
    WEEKLY = "weekly"


#: From the quickest to the slowest.
ORDER = tuple(Rhythm)


def next_digest(moment: datetime, zone: ZoneInfo, rhythm: Rhythm) -> datetime:
    """The first moment after this one at which a digest of the rhythm goes out, in UTC."""
    local = moment.astimezone(zone)
    day = local.date()
    if local.time() >= time(DIGEST_HOUR):
        day += timedelta(days=1)
    if rhythm is Rhythm.WEEKLY:
        day += timedelta(days=(_MONDAY - day.weekday()) % 7)
    return datetime.combine(day, time(DIGEST_HOUR), zone).astimezone(UTC)


def after_quiet(moment: datetime, zone: ZoneInfo, quiet: tuple[int, int] | None) -> datetime:
    """The moment, or the end of the quiet hours that it lies in, in UTC.

    `quiet` is the minutes of the local day at which they begin and end; they may go over midnight.
    """
    if quiet is None:
        return moment
    begin, end = quiet
    local = moment.astimezone(zone)
    minute = local.hour * 60 + local.minute
    inside = begin <= minute < end if begin <= end else minute >= begin or minute < end
    if not inside:
        return moment
    day = local.date() if minute < end else local.date() + timedelta(days=1)
    ends_at = datetime.combine(day, time(end // 60, end % 60), zone).astimezone(UTC)
    # Where a clock is put back, an end can lie behind what it ends.
    return max(moment, ends_at)

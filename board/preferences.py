"""How a member wants to be told: quiet hours, a weekly limit, a pause, by which channel.

Who has said nothing has no row, and the values of `Preferences` count.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, Session, mapped_column

from board import outbox, profiles, rhythms, tellings
from board.db import Base, UTCDateTime, now, one_of
from board.errors import LinkRefused
from board.i18n import N_
from board.listings import Listing
from board.members import Member
from board.outbox import OutboxRow
from board.rhythms import Rhythm
from board.validation import Checks
from matcher.taxonomy import Urgency

if TYPE_CHECKING:
    from board.context import Board

#: Listings that one member is told of at once in any seven days, where nothing else was chosen.
MOST_A_WEEK = 20
#: What can be chosen.
MOST_A_WEEK_BOUNDS = (1, 100)
#: From this urgency on, a listing passes the quiet hours of those who allow it.
PASSES_QUIET = Urgency.TODAY
#: Longest pause.
LONGEST_PAUSE = timedelta(days=366)
#: What "not available now" means.
PAUSE = timedelta(days=7)
#: How long the signed links of a mail open something.
LINKS_OPEN = timedelta(days=90)
_MINUTES = 24 * 60
_SETTINGS, _NOT_NOW = "preferences", "not-now"


class PreferencesRow(Base):
    """What one member has chosen."""

    __tablename__ = "preferences"
    __table_args__ = (
        sa.CheckConstraint("(quiet_from IS NULL) = (quiet_to IS NULL)", name="quiet_both"),
        sa.CheckConstraint(
            "quiet_from BETWEEN 0 AND 1439 AND quiet_to BETWEEN 0 AND 1439", name="quiet_minutes"
        ),
        sa.CheckConstraint("most_a_week BETWEEN 1 AND 100", name="most_a_week"),
    )
    member_id: Mapped[int] = mapped_column(
        sa.ForeignKey("members.id", ondelete="CASCADE"), primary_key=True
    )
    quiet_from: Mapped[int | None] = mapped_column(sa.SmallInteger, comment="minute of the day")
    quiet_to: Mapped[int | None] = mapped_column(sa.SmallInteger, comment="minute of the day")
    urgent_passes: Mapped[bool] = mapped_column(sa.Boolean, default=False)
    most_a_week: Mapped[int] = mapped_column(sa.SmallInteger, default=MOST_A_WEEK)
    paused_until: Mapped[datetime | None] = mapped_column(UTCDateTime)
    by_email: Mapped[bool] = mapped_column(sa.Boolean, default=True)
    by_push: Mapped[bool] = mapped_column(sa.Boolean, default=True, server_default=sa.true())


@dataclass(frozen=True, slots=True, kw_only=True)
class Preferences:
    """How somebody wants to be told."""

    #: IANA name: that of the profile.
    time_zone: str = "UTC"
    #: Minutes of the local day at which the quiet hours begin and end; None for no quiet hours.
    quiet: tuple[int, int] | None = None
    #: Whether what is needed today may come in the quiet hours.
    urgent_passes: bool = False
    #: Listings told at once in any seven days, urgent ones counted; the rest goes into the digest.
    most_a_week: int = MOST_A_WEEK
    paused_until: datetime | None = None
    by_email: bool = True
    #: To the browsers that asked for it, where there are any.
    by_push: bool = True

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.time_zone)

    def allows(self, channel: str) -> bool:
        """Whether listings may be told on this channel."""
        return self.by_push if channel == outbox.PUSH else self.by_email

    def is_paused(self, moment: datetime) -> bool:
        return self.paused_until is not None and self.paused_until > moment

    def at_once(self, moment: datetime, urgency: int) -> datetime:
        """When a mail of this urgency may go out that is ready now."""
        if self.urgent_passes and urgency >= PASSES_QUIET:
            return moment
        return rhythms.after_quiet(moment, self.zone, self.quiet)

    def in_digest(self, moment: datetime, rhythm: Rhythm = Rhythm.DAILY) -> datetime:
        """When the next digest of this rhythm goes out, the pause and quiet hours kept."""
        ready = max(moment, self.paused_until or moment)
        due = rhythms.next_digest(ready, self.zone, rhythm)
        return rhythms.after_quiet(due, self.zone, self.quiet)


#: To be selected with a member, outer-joined, and read by `of_columns`.
COLUMNS = (
    PreferencesRow.member_id,
    PreferencesRow.quiet_from,
    PreferencesRow.quiet_to,
    PreferencesRow.urgent_passes,
    PreferencesRow.most_a_week,
    PreferencesRow.paused_until,
    PreferencesRow.by_email,
    PreferencesRow.by_push,
)


def of_columns(
    time_zone: str,
    member_id: int | None,
    quiet_from: int | None,
    quiet_to: int | None,
    urgent_passes: bool,
    most_a_week: int,
    paused_until: datetime | None,
    by_email: bool,
    by_push: bool,
) -> Preferences:
    """What the columns of `COLUMNS` say; all of them are None for who has said nothing."""
    if member_id is None:
        return Preferences(time_zone=time_zone)
    quiet = None if quiet_from is None or quiet_to is None else (quiet_from, quiet_to)
    return Preferences(
        time_zone=time_zone,
        quiet=quiet,
        urgent_passes=urgent_passes,
        most_a_week=most_a_week,
        paused_until=paused_until,
        by_email=by_email,
        by_push=by_push,
    )


def read(session: Session, member_id: int) -> Preferences:
    """How this member wants to be told, now."""
    return among(session, [member_id])[member_id]


def among(session: Session, member_ids: Collection[int]) -> dict[int, Preferences]:
    """As `read`, for each of several members; without those that are no more."""
    rows = session.execute(
        sa.select(Member.id, Member.time_zone, *COLUMNS)
        .outerjoin(PreferencesRow, PreferencesRow.member_id == Member.id)
        .where(one_of(session, Member.id, member_ids))
    )
    return {member_id: of_columns(*chosen) for member_id, *chosen in rows}


def get(board: Board, member_id: int) -> Preferences:
    """As `read`, in a unit of its own; a pause that is over is none."""
    with board.db.read() as session:
        found = read(session, member_id)
        return found if found.is_paused(now(session)) else replace(found, paused_until=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewPreferences:
    """A form that somebody sends."""

    time_zone: str
    #: Minutes of the local day; both or neither.
    quiet_from: int | None = None
    quiet_to: int | None = None
    urgent_passes: bool = False
    most_a_week: int = MOST_A_WEEK
    #: The local day on which mails begin again; None for no pause.
    paused_until: date | None = None
    by_email: bool = True
    #: None where nothing was asked: it stays as it is.
    by_push: bool | None = None


def save(board: Board, member_id: int, new: NewPreferences) -> None:
    """Keep how a member wants to be told; raises Invalid, and then nothing is written."""
    with board.db.write() as session:
        until = _checked(new, now(session))
        session.get_one(Member, member_id).time_zone = new.time_zone
        row = _row(session, member_id)
        row.quiet_from, row.quiet_to = new.quiet_from, new.quiet_to
        row.urgent_passes, row.by_email = new.urgent_passes, new.by_email
        row.most_a_week, row.paused_until = new.most_a_week, until
        if new.by_push is not None:
            row.by_push = new.by_push
        if until is not None:
            keep_for_digest(session, member_id, until)


def pause(session: Session, member_id: int) -> datetime:
    """Write nothing for `PAUSE`; a longer pause stays. Returns its end."""
    row, moment = _row(session, member_id), now(session)
    row.paused_until = max(moment + PAUSE, row.paused_until or moment)
    keep_for_digest(session, member_id, row.paused_until)
    return row.paused_until


def stop_mails(session: Session, member_id: int) -> None:
    """Write no more mails of listings to this member."""
    _row(session, member_id).by_email = False


def keep_for_digest(session: Session, member_id: int, due_at: datetime) -> None:
    """Let what waits to be mailed come in the digest of `due_at` instead.

    The mails themselves look at the reason, a pause say, before they go out.
    """
    waiting = session.execute(
        sa.select(OutboxRow.listing_id, OutboxRow.alert_id)
        .join(Listing, Listing.id == OutboxRow.listing_id)
        .where(
            OutboxRow.member_id == member_id,
            OutboxRow.purpose == outbox.MATCH,
            OutboxRow.status == outbox.PENDING,
        )
    )
    tellings.queue(
        session,
        [
            tellings.NewTelling(member_id, listing_id, alert_id, due_at)
            for listing_id, alert_id in waiting
            if listing_id is not None
        ],
    )


def _row(session: Session, member_id: int) -> PreferencesRow:
    row = session.get(PreferencesRow, member_id)
    if row is None:
        row = PreferencesRow(member_id=member_id)
        session.add(row)
        session.flush()
    return row


def _checked(new: NewPreferences, moment: datetime) -> datetime | None:
    """The end of the pause in UTC; raises Invalid with every problem."""
    checks = Checks()
    if new.time_zone not in profiles.time_zones():
        checks.refuse("time_zone", N_("Choose one of the time zones of the list."))
    checks.done()
    _check_quiet(checks, new)
    least, most = MOST_A_WEEK_BOUNDS
    if not least <= new.most_a_week <= most:
        message = N_("A whole number from %(least)d to %(most)d is accepted.")
        checks.refuse("most_a_week", message, least=least, most=most)
    until = None
    if new.paused_until is not None:
        zone = ZoneInfo(new.time_zone)
        today = moment.astimezone(zone).date()
        if not today < new.paused_until <= today + LONGEST_PAUSE:
            checks.refuse("paused_until", N_("Choose a day from tomorrow on, within a year."))
        else:
            until = datetime.combine(new.paused_until, time(), zone).astimezone(UTC)
    checks.done()
    return until


def _check_quiet(checks: Checks, new: NewPreferences) -> None:
    begin, end = new.quiet_from, new.quiet_to
    if (begin is None) != (end is None):
        field = "quiet_from" if begin is None else "quiet_to"
        checks.refuse(field, N_("Give both hours, or neither."))
    elif begin is not None and begin == end:
        checks.refuse("quiet_to", N_("The quiet hours end at another time than they begin."))
    for field, minute in (("quiet_from", begin), ("quiet_to", end)):
        if minute is not None and not 0 <= minute < _MINUTES:
            checks.refuse(field, N_("A time such as 21:30 is accepted."))


def settings_token(board: Board, member_id: int, moment: datetime) -> str:
    """What the address of the settings ends with in a mail to this member."""
    return _signed(board, _SETTINGS, member_id, moment)


def member_of_token(board: Board, token: str) -> int:
    """Whose settings this token opens; raises LinkRefused."""
    return _member(board, token, _SETTINGS)


def not_now_token(board: Board, member_id: int, moment: datetime) -> str:
    """What the address of "not available now" ends with in a mail to this member."""
    return _signed(board, _NOT_NOW, member_id, moment)


def look_not_now(board: Board, token: str) -> None:
    """Raises LinkRefused for a token that pauses nothing."""
    _member(board, token, _NOT_NOW)


def not_now(board: Board, token: str) -> None:
    """Pause the mails to the member of this token; raises LinkRefused."""
    member_id = _member(board, token, _NOT_NOW)
    with board.db.write() as session:
        pause(session, member_id)


def _signed(board: Board, purpose: str, member_id: int, moment: datetime) -> str:
    ends_on = (moment + LINKS_OPEN).date().toordinal()
    return board.vault.sign(f"{purpose}:{member_id}:{ends_on}")


def _member(board: Board, token: str, purpose: str) -> int:
    subject = (board.vault.verify(token) or "").split(":")
    if len(subject) != 3 or subject[0] != purpose:
        raise LinkRefused("unknown")
    member_id = int(subject[1])
    with board.db.read() as session:
        if now(session).date().toordinal() > int(subject[2]):
            raise LinkRefused("expired")
        if session.get(Member, member_id) is None:
            raise LinkRefused("unknown")
    return member_id

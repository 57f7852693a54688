"""Whom a new listing is told to: everybody whom it concerns, once, and never its own poster."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from board import (
    dispatching,
    listings,
    outbox,
    own_alerts,
    preferences,
    telling,
    tellings,
)
from board.alerts import Alert, Terms
from board.context import Board
from board.db import now
from board.listings import Listing
from board.outbox import OutboxRow
from board.preferences import NewPreferences
from board.tellings import Telling
from tests.factories import AKWA, MARSEILLE, Factory
from tests.fakes import MailSink, counting, work_off

#: Alerts that a listing hits, of half as many members; and of those that it does not.
HIT, MISSED = 10_000, 200
MEMBERS = HIT // 2
VOLUNTEER = "volunteer@example.org"


def opened(board: Board, listing_id: int) -> outbox.Claim:
    """The event of a listing that has opened, claimed as a worker does."""
    with board.db.read() as session:
        row = session.scalars(
            sa.select(OutboxRow.id).where(
                OutboxRow.purpose == outbox.LISTING_OPENED, OutboxRow.listing_id == listing_id
            )
        ).one()
    held = outbox.claim(board.db, board.vault, row)
    assert held is not None
    return held


def told(session: Session, listing_id: int) -> list[OutboxRow]:
    """What the outbox holds for those who are told of a listing."""
    rows = sa.select(OutboxRow).where(
        OutboxRow.purpose == outbox.MATCH, OutboxRow.listing_id == listing_id
    )
    return list(session.scalars(rows.order_by(OutboxRow.id)))


def test_ten_thousand_alerts_are_told_each_member_once(board: Board, make: Factory) -> None:
    """One row a member, on the oldest alert; none for who posted, nor for who is far away."""
    make.alert(email="poster@example.org")
    ids = make.alerts([{}] * HIT, MEMBERS)
    make.alerts([{"cell": MARSEILLE.cell}] * MISSED, MISSED)
    view = make.open(email="poster@example.org")
    held = opened(board, view.id)
    with counting(board) as statements:
        rows = telling.tell(board, held)
    assert len(statements) < HIT / 100
    assert len(set(rows)) == len(rows) == MEMBERS
    with board.db.read() as session:
        stored = told(session, view.id)
        owners = dict(session.execute(sa.select(Alert.id, Alert.member_id)).all())
    assert {row.id for row in stored} == set(rows)
    assert {row.alert_id for row in stored} == set(ids[:MEMBERS])
    assert all(row.member_id == owners[row.alert_id or 0] for row in stored)
    assert len({row.once for row in stored}) == MEMBERS
    assert {(row.status, row.channel, row.locale) for row in stored} == {
        (outbox.PENDING, "email", "fr")
    }


def test_what_was_told_before_is_not_told_again(board: Board, make: Factory) -> None:
    """Whoever is told already keeps the row, sent or not; the others get theirs."""
    ids = make.alerts([{}] * 30, 30)
    view = make.open()
    with board.db.read() as session:
        owners = dict(session.execute(sa.select(Alert.id, Alert.member_id)).all())
    once = f"match:{view.id}:{owners[ids[7]]}:email"
    with board.db.write() as session:
        before = outbox.add(
            session, outbox.NewRow(purpose=outbox.MATCH, once=once, listing_id=view.id)
        )
    rows = telling.tell(board, opened(board, view.id))
    assert len(rows) == 29 and before not in rows
    with board.db.read() as session:
        assert len({row.once for row in told(session, view.id)}) == 30


def test_two_workers_that_tell_at_once_tell_once(board: Board, make: Factory) -> None:
    """One lost its lease to the other, which has written all of it."""
    make.alerts([{}] * 30, 30)
    view = make.open()
    slow = opened(board, view.id)
    board.db.clock_offset = outbox.LEASE * 2
    quick = opened(board, view.id)
    assert len(telling.tell(board, quick)) == 30
    assert telling.tell(board, slow) == []
    with board.db.read() as session:
        assert len(told(session, view.id)) == 30


def test_a_worker_that_dies_half_way_leaves_the_rest_to_the_next(
    board: Board, make: Factory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What it wrote stays written and the event is due again; in the end all are told, once."""
    monkeypatch.setattr(telling, "IN_ONE_UNIT", 10)
    make.alerts([{}] * 25, 25)
    view = make.open()

    def die(*_: object) -> bool:
        raise SystemExit

    with monkeypatch.context() as dying, pytest.raises(SystemExit):
        dying.setattr(outbox, "finish", die)
        telling.tell(board, opened(board, view.id))
    board.db.clock_offset = outbox.LEASE * 2
    assert len(telling.tell(board, opened(board, view.id))) == 5
    with board.db.read() as session:
        stored = told(session, view.id)
        assert len(stored) == len({row.once for row in stored}) == 25


def test_a_worker_that_lost_its_lease_half_way_stops(
    board: Board, make: Factory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its rows are woken by itself; the next worker writes the others."""
    monkeypatch.setattr(telling, "IN_ONE_UNIT", 10)
    make.alerts([{}] * 25, 25)
    view = make.open()
    hold = outbox.hold

    def be_overtaken(session: Session, held: outbox.Claim) -> bool:
        holds = hold(session, held)
        session.execute(sa.update(OutboxRow).where(OutboxRow.id == held.id).values(lease="other"))
        return holds

    with monkeypatch.context() as slow:
        slow.setattr(outbox, "hold", be_overtaken)
        assert len(telling.tell(board, opened(board, view.id))) == 10
    board.db.clock_offset = outbox.LEASE * 2
    assert len(telling.tell(board, opened(board, view.id))) == 15


PARIS = "Europe/Paris"
#: Two in the morning in Paris, on a Thursday in summer.
NIGHT = datetime(2030, 7, 4, 0, 0, tzinfo=UTC)


def set_clock(board: Board, moment: datetime) -> None:
    """Let the board's clock show this moment."""
    board.db.clock_offset = timedelta()
    with board.db.read() as session:
        board.db.clock_offset = moment - now(session)


def sleeper(board: Board, make: Factory, **chosen: Any) -> int:
    """A volunteer in Paris who sleeps from ten to seven, with an alert around Akwa."""
    member_id = make.member(VOLUNTEER)
    values = {"time_zone": PARIS, "quiet_from": 22 * 60, "quiet_to": 7 * 60, **chosen}
    preferences.save(board, member_id, NewPreferences(**values))
    own_alerts.add(board, member_id, Terms(cell=AKWA.cell, place_name="Douala", radius_km=10.0))
    return member_id


def subjects(smtp: MailSink) -> list[str]:
    """What the volunteer was told of, in the order of coming."""
    return [str(mail["Subject"]) for mail in smtp.to(VOLUNTEER)]


def waiting(board: Board, member_id: int) -> list[Telling]:
    """What waits for the volunteer's digest."""
    with board.db.read() as session:
        rows = sa.select(Telling).where(Telling.member_id == member_id, Telling.told_at.is_(None))
        return list(session.scalars(rows.order_by(Telling.id)))


@pytest.mark.parametrize(
    ("urgency", "passes", "at_night"),
    [(2, False, 0), (3, False, 0), (2, True, 0), (3, True, 1)],
)
def test_quiet_hours_are_kept(
    board: Board, make: Factory, smtp: MailSink, urgency: int, passes: bool, at_night: int
) -> None:
    """Only what is needed today passes, and only where the member allows it; the rest comes at
    seven, in the member's own time."""
    set_clock(board, NIGHT)
    sleeper(board, make, urgent_passes=passes)
    make.open(urgency=urgency)
    work_off(board)
    assert len(subjects(smtp)) == at_night
    set_clock(board, NIGHT + timedelta(hours=4, minutes=59))
    work_off(board)
    assert len(subjects(smtp)) == at_night
    set_clock(board, NIGHT + timedelta(hours=5, minutes=1))
    work_off(board)
    assert len(subjects(smtp)) == 1


def test_what_is_withdrawn_in_the_quiet_hours_is_never_told(
    board: Board, make: Factory, smtp: MailSink
) -> None:
    """It waited for the morning, and in the morning there is no reason any more."""
    set_clock(board, NIGHT)
    sleeper(board, make)
    view = make.open()
    work_off(board)
    with board.db.write() as session:
        listings.close(session, listings.find(session, view.public_id), "poster")
    set_clock(board, NIGHT + timedelta(hours=6))
    work_off(board)
    assert subjects(smtp) == []


def test_a_mail_that_is_late_waits_for_the_end_of_the_quiet_hours(
    board: Board, make: Factory, smtp: MailSink
) -> None:
    """Also one that was due before they began; waiting counts as no try."""
    set_clock(board, NIGHT - timedelta(hours=4, minutes=5))
    member_id = sleeper(board, make)
    make.open()
    for row in outbox.due_ids(board.db):
        if "match" not in once_of(board, row):
            dispatching.dispatch(board, row)
    set_clock(board, NIGHT)
    work_off(board)
    assert subjects(smtp) == []
    with board.db.read() as session:
        (row_,) = session.scalars(
            sa.select(OutboxRow).where(
                OutboxRow.member_id == member_id, OutboxRow.purpose == outbox.MATCH
            )
        )
        assert (row_.status, row_.attempts) == (outbox.PENDING, 0)
    set_clock(board, NIGHT + timedelta(hours=5, minutes=1))
    work_off(board)
    assert len(subjects(smtp)) == 1


def once_of(board: Board, row_id: int) -> str:
    """What a row of the outbox is for."""
    with board.db.read() as session:
        return session.get_one(OutboxRow, row_id).once


def test_what_is_beyond_the_weekly_limit_waits_for_the_digest(
    board: Board, make: Factory, smtp: MailSink
) -> None:
    """Urgent ones count too; a week later there is room again."""
    noon = NIGHT + timedelta(hours=12)
    set_clock(board, noon)
    member_id = sleeper(board, make, most_a_week=2, urgent_passes=True)
    views = [make.open(urgency=3, title=f"Number {n}") for n in range(4)]
    work_off(board)
    assert len(subjects(smtp)) == 2
    assert [row.listing_id for row in waiting(board, member_id)] == [view.id for view in views[2:]]
    # Eight in the morning of the next day in Paris.
    assert {row.due_at for row in waiting(board, member_id)} == {
        datetime(2030, 7, 5, 6, 0, tzinfo=UTC)
    }
    set_clock(board, noon + timedelta(days=7, minutes=5))
    make.open(title="Number 5")
    work_off(board)
    assert len(subjects(smtp)) == 3


def test_two_workers_keep_the_weekly_limit_together(board: Board, make: Factory) -> None:
    """Each tells another listing at the same time; the limit is one."""
    set_clock(board, NIGHT + timedelta(hours=12))
    member_id = sleeper(board, make, most_a_week=1)
    held = [opened(board, make.open().id) for _ in range(2)]
    barrier = threading.Barrier(2)

    def work(claim: outbox.Claim) -> None:
        barrier.wait()
        telling.tell(board, claim)

    threads = [threading.Thread(target=work, args=(each,)) for each in held]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with board.db.read() as session:
        mails = sa.select(sa.func.count(OutboxRow.id)).where(
            OutboxRow.member_id == member_id, OutboxRow.purpose == outbox.MATCH
        )
        assert session.scalar(mails) == 1
    assert len(waiting(board, member_id)) == 1


def test_a_pause_keeps_everything_for_the_first_digest_after_it(
    board: Board, make: Factory, smtp: MailSink
) -> None:
    """Also what was to be mailed already when the pause began."""
    set_clock(board, NIGHT)
    member_id = sleeper(board, make)
    first = make.open()
    work_off(board)
    with board.db.write() as session:
        until = preferences.pause(session, member_id)
    second = make.open(urgency=3)
    set_clock(board, NIGHT + timedelta(hours=12))
    work_off(board)
    assert subjects(smtp) == []
    rows = waiting(board, member_id)
    assert {row.listing_id for row in rows} == {first.id, second.id}
    assert all(row.due_at >= until for row in rows)


@pytest.mark.parametrize("rhythm", ["daily", "weekly"])
def test_a_slow_alert_writes_no_mail_of_its_own(
    board: Board, make: Factory, smtp: MailSink, rhythm: str
) -> None:
    """The listing waits; with a second alert that is quick, the quick one counts."""
    make.alert(email=VOLUNTEER, rhythm=rhythm)
    make.open()
    work_off(board)
    assert sum(mail["List-Unsubscribe"] is not None for mail in smtp.to(VOLUNTEER)) == 0
    make.alert(email=VOLUNTEER, rhythm="instant")
    make.open()
    work_off(board)
    assert sum(mail["List-Unsubscribe"] is not None for mail in smtp.to(VOLUNTEER)) == 1


def test_without_mails_nothing_is_written_and_nothing_waits(
    board: Board, make: Factory, smtp: MailSink
) -> None:
    """Neither at once nor later."""
    member_id = sleeper(board, make, by_email=False)
    make.open()
    work_off(board)
    assert subjects(smtp) == []
    assert waiting(board, member_id) == []


def test_what_was_declined_is_not_told_when_it_becomes_urgent(
    board: Board, make: Factory, smtp: MailSink
) -> None:
    """Others hear of it."""
    member_id = make.member(VOLUNTEER)
    own_alerts.add(board, member_id, Terms(cell=AKWA.cell, radius_km=10.0, least_urgency=3))
    other = make.alert(email="other@example.org", least_urgency=3)
    view = make.open(urgency=1)
    work_off(board)
    with board.db.write() as session:
        tellings.decline(session, member_id, view.id)
        tellings.decline(session, member_id, view.id)
        session.get_one(Listing, view.id).urgency = 3
        outbox.add(
            session,
            outbox.NewRow(
                purpose=outbox.LISTING_OPENED, once=f"again:{view.id}", listing_id=view.id
            ),
        )
    work_off(board)
    assert subjects(smtp) == []
    with board.db.read() as session:
        assert [row.alert_id for row in told(session, view.id)] == [other]

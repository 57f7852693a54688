"""Requests go by waves: who is asked first, who later, when it stops, and what is kept of it."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from board import (
    acceptance,
    dispatching,
    extensions,
    listings,
    outbox,
    outcomes,
    overseeing,
    own_alerts,
    planning,
    preferences,
    tellings,
    waves,
)
from board.alerts import Terms
from board.audit import AuditEntry
from board.calls import Asked, Call, CallStatus
from board.context import Board
from board.conversations import Seat, Side
from board.db import now
from board.errors import CallNotFound, ListingNotFound
from board.listings import Listing, ListingView
from board.outbox import OutboxRow
from board.outcomes import Action
from board.preferences import NewPreferences
from board.tellings import Telling
from matcher.place import Place
from matcher.waves import Candidate, Stop, StopReason
from tests.factories import AKWA, Factory
from tests.fakes import MailSink, text_of, work_off

#: Noon in Douala, on a Thursday.
NOON = datetime(2030, 7, 4, 11, 0, tzinfo=UTC)
#: More people than a first wave asks.
CROWD = 60
#: Longer than any wait between two looks.
LATER = timedelta(hours=9)


@pytest.fixture(autouse=True)
def noon(board: Board) -> None:
    """The clock of the board stands at noon; tests move it on."""
    set_clock(board, NOON)


def set_clock(board: Board, moment: datetime) -> None:
    """Let the board's clock show this moment."""
    board.db.clock_offset = timedelta()
    with board.db.read() as session:
        board.db.clock_offset = moment - now(session)


def asked(board: Board, view: ListingView) -> list[sa.Row[Any]]:
    """Who was asked, in the order of the waves: rows with the columns of `Asked`."""
    with board.db.read() as session:
        rows = sa.select(Asked.__table__).where(Asked.listing_id == view.id)
        return list(session.execute(rows.order_by(Asked.wave, Asked.member_id)))


def call(board: Board, view: ListingView) -> Call:
    """What is kept of the waves of a request."""
    with board.db.read() as session:
        return session.get_one(Call, view.id)


def told(board: Board, view: ListingView) -> list[int]:
    """Members to whom a message of its own was written, as often as it was."""
    with board.db.read() as session:
        rows = sa.select(OutboxRow.member_id).where(
            OutboxRow.listing_id == view.id, OutboxRow.purpose == outbox.MATCH
        )
        return [member_id or 0 for member_id in session.scalars(rows)]


def look(board: Board, view: ListingView, moment: datetime) -> list[sa.Row[Any]]:
    """Work off what is due at a moment; gives those who were asked by then."""
    set_clock(board, moment)
    work_off(board)
    return asked(board, view)


def email_of(board: Board, member_id: int) -> str:
    with board.db.read() as session:
        row = session.execute(
            sa.text("SELECT email FROM members WHERE id = :id"), {"id": member_id}
        )
        return str(row.scalar_one())


def answered_by(board: Board, make: Factory, view: ListingView, member_id: int) -> Seat:
    """The seat of a member who has answered."""
    return make.answered(view, email=email_of(board, member_id))


def poster(seat: Seat) -> Seat:
    return Seat(seat.conversation_id, Side.POSTER)


def test_few_people_are_all_asked_at_once(board: Board, make: Factory, smtp: MailSink) -> None:
    """Where there is no choice, nobody waits."""
    make.alerts([{}] * 3, 3)
    view = make.open(urgency=1)
    work_off(board)
    assert [row.wave for row in asked(board, view)] == [1, 1, 1]
    assert len(told(board, view)) == 3
    assert call(board, view).status == CallStatus.OPEN


def test_many_are_asked_in_waves_each_once(board: Board, make: Factory) -> None:
    """The first wave is a part of them; the silence of it brings the next, until all are asked."""
    make.alerts([{}] * CROWD, CROWD)
    view = make.open(urgency=1)
    work_off(board)
    first = asked(board, view)
    assert 1 < len(first) < CROWD / 2
    assert look(board, view, NOON + timedelta(minutes=5)) == first
    moment, sizes = NOON, [len(first)]
    while call(board, view).status == CallStatus.OPEN:
        moment += LATER
        sizes.append(len(look(board, view, moment)))
    found = asked(board, view)
    assert sizes == sorted(sizes) and len(sizes) > 2
    assert {row.wave for row in found} == set(range(1, max(row.wave for row in found) + 1))
    assert sorted(told(board, view)) == sorted(row.member_id for row in found)
    assert len({row.member_id for row in found}) == len(found)


def test_the_nearest_are_asked_first(board: Board, make: Factory) -> None:
    """All else being equal."""
    far = Place.at(4.10, 9.75, 8)
    make.alerts([{"cell": far.cell}] * CROWD + [{"cell": AKWA.cell}] * CROWD, 2 * CROWD)
    view = make.open(urgency=1)
    work_off(board)
    assert {row.distance_m for row in asked(board, view)} == {0}


def test_enough_answers_end_it_and_a_withdrawal_goes_on(board: Board, make: Factory) -> None:
    """An answer is enough for one place; who withdraws frees it, and others are asked at once."""
    make.alerts([{}] * CROWD, CROWD)
    view = make.open(urgency=1)
    work_off(board)
    first = asked(board, view)
    seat = answered_by(board, make, view, first[0].member_id)
    assert look(board, view, NOON + LATER) == first
    assert call(board, view).status == CallStatus.OPEN, "the poster has not answered yet"
    outcomes.decide(board, poster(seat), Action.ACCEPT)
    assert look(board, view, NOON + 2 * LATER) == first
    assert (call(board, view).status, call(board, view).why) == (CallStatus.ENDED, "enough")
    outcomes.decide(board, seat, Action.WITHDRAW)
    morning = NOON + timedelta(days=1)
    assert len(look(board, view, morning)) > len(first)
    assert call(board, view).status == CallStatus.OPEN


def test_a_declined_answer_goes_on_at_once(board: Board, make: Factory) -> None:
    """The poster does not want that one: the next look is now."""
    make.alerts([{}] * CROWD, CROWD)
    view = make.open(urgency=1)
    work_off(board)
    seat = answered_by(board, make, view, asked(board, view)[0].member_id)
    before = call(board, view).look
    outcomes.decide(board, poster(seat), Action.DECLINE)
    assert call(board, view).look == before + 1
    look_at = call(board, view).look_at
    assert look_at is not None and look_at < NOON + timedelta(minutes=1)


@pytest.mark.parametrize("how", ["closed", "ended", "found"])
def test_what_is_over_asks_nobody(board: Board, make: Factory, how: str) -> None:
    """The look that was planned finds that there is no request any more."""
    make.alerts([{}] * CROWD, CROWD)
    view = make.open(urgency=1)
    work_off(board)
    first = asked(board, view)
    with board.db.write() as session:
        listing = session.get_one(Listing, view.id)
        if how == "closed":
            listings.close(session, listing, "poster")
        elif how == "found":
            listing.places_taken = listing.places_needed
        else:
            listing.ends_at = now(session) + timedelta(minutes=1)
    assert look(board, view, NOON + LATER) == first
    assert call(board, view).status == CallStatus.ENDED
    assert call(board, view).look_at is None


def test_more_time_asks_on(board: Board, make: Factory) -> None:
    """Near its end nobody more is asked; extended, it goes on."""
    make.alerts([{}] * CROWD, CROWD)
    view = make.open(urgency=1)
    work_off(board)
    first = asked(board, view)
    with board.db.read() as session:
        ends_at = session.get_one(Listing, view.id).ends_at
    minutes_before = ends_at - timedelta(minutes=5)
    set_clock(board, minutes_before)
    assert look(board, view, minutes_before) == first
    assert (call(board, view).status, call(board, view).why) == (CallStatus.ENDED, "end_near")
    with board.db.write() as session:
        extensions.extend(session, session.get_one(Listing, view.id))
    assert len(look(board, view, ends_at)) > len(first)


def test_the_first_wave_goes_out_at_night_and_the_second_waits(board: Board, make: Factory) -> None:
    """Who posts late is heard at once; silence in the night says nothing."""
    make.alerts([{}] * CROWD, CROWD)
    late = NOON + timedelta(hours=12)
    set_clock(board, late)
    view = make.open(urgency=1)
    work_off(board)
    first = asked(board, view)
    assert first
    assert look(board, view, late + timedelta(hours=5)) == first
    assert len(look(board, view, late + timedelta(hours=10))) > len(first)


def test_the_weekly_limit_is_kept(board: Board, make: Factory) -> None:
    """A member who allows one listing a week is asked once, and reads of the other in a digest."""
    member_id = make.member()
    how = NewPreferences(time_zone="Africa/Douala", most_a_week=1)
    preferences.save(board, member_id, how)
    own_alerts.add(board, member_id, Terms(cell=AKWA.cell, place_name="Douala", radius_km=10.0))
    views = [make.open(urgency=1) for _ in range(3)]
    work_off(board)
    assert [len(asked(board, view)) for view in views] == [1, 0, 0]
    with board.db.read() as session:
        assert session.scalar(sa.select(sa.func.count(Telling.id))) == 2
    look(board, views[0], NOON + timedelta(days=7, hours=1))
    assert sum(len(asked(board, view)) for view in views) == 2, "the week is full again"


def test_who_wants_digests_is_not_asked(board: Board, make: Factory) -> None:
    """They read of it the next morning, as before."""
    member_id = make.member()
    daily = Terms(cell=AKWA.cell, place_name="Douala", radius_km=10.0, rhythm="daily")
    own_alerts.add(board, member_id, daily)
    view = make.open(urgency=1)
    work_off(board)
    assert (asked(board, view), told(board, view)) == ([], [])
    with board.db.read() as session:
        assert session.scalars(sa.select(Telling.member_id)).all() == [member_id]


def test_not_this_one_is_remembered(board: Board, make: Factory) -> None:
    """A decline counts against the category, an answer for the member; silence for nothing."""
    make.alerts([{}] * 3, 3)
    view = make.open(urgency=1)
    work_off(board)
    yes, no, silent = (row.member_id for row in asked(board, view))
    answered_by(board, make, view, yes)
    with board.db.write() as session:
        tellings.decline(session, no, view.id)
    groceries = board.taxonomy.id("groceries")
    with board.db.read() as session:
        found = acceptance.records(session, [yes, no, silent, 10**6], groceries, now(session))
        other = acceptance.records(session, [no], board.taxonomy.id("pets"), now(session))
    assert found.pop(10**6) == Candidate(member=10**6), "nothing is known of them"
    counts = {
        who: (r.told, r.accepted, r.declined, r.declined_category) for who, r in found.items()
    }
    assert counts == {yes: (1, 1, 0, 0), no: (1, 0, 1, 1), silent: (1, 0, 0, 0)}
    assert other[no].declined_category == 0
    assert found[yes].expected == pytest.approx(asked(board, view)[0].usual)
    assert found[yes].accepted_lately == 1
    assert found[yes].last_told_at == int(asked(board, view)[0].at.timestamp())


def test_who_has_said_yes_is_asked_before_others(board: Board, make: Factory) -> None:
    """The own record counts, with the same distance and category; and the mail says so."""
    make.alerts([{}] * CROWD, CROWD)
    view = make.open(urgency=1)
    work_off(board)
    kind = asked(board, view)[-1].member_id
    seat = answered_by(board, make, view, kind)
    outcomes.decide(board, poster(seat), Action.ACCEPT)
    set_clock(board, NOON + timedelta(days=20))
    again = make.open(urgency=1)
    work_off(board)
    rows = {row.member_id: row for row in asked(board, again)}
    assert kind in rows
    assert rows[kind].chance == max(row.chance for row in rows.values())
    assert "said_yes" in rows[kind].why


def test_the_mail_of_a_later_wave_says_why(board: Board, make: Factory, smtp: MailSink) -> None:
    """That others were asked before, in the reader's language."""
    make.alerts([{}] * CROWD, CROWD)
    view = make.open(urgency=1)
    work_off(board)
    second = [row for row in look(board, view, NOON + LATER) if row.wave == 2]
    assert second
    (mail,) = smtp.to(email_of(board, second[0].member_id))
    assert "d’autres ont été sollicités avant vous" in text_of(mail)


def test_a_moderator_sees_and_stops_it(board: Board, make: Factory) -> None:
    """In counts alone; stopped, nobody is asked, not even after a withdrawal; then it goes on."""
    moderator = make.member(roles=["moderator"])
    make.alerts([{}] * CROWD, CROWD)
    view = make.open(urgency=1)
    assert overseeing.show(board, view.public_id).status is None
    work_off(board)
    first = asked(board, view)
    shown = overseeing.show(board, view.public_id)
    assert [(wave.number, wave.told, wave.answered) for wave in shown.waves] == [(1, len(first), 0)]
    assert shown.look_at is not None and shown.look_at > NOON
    for _ in range(2):
        overseeing.stop(board, moderator, view.public_id)
    seat = answered_by(board, make, view, first[0].member_id)
    outcomes.decide(board, seat, Action.WITHDRAW)
    assert look(board, view, NOON + LATER) == first
    assert overseeing.show(board, view.public_id).why == "moderator"
    for _ in range(2):
        overseeing.go_on(board, moderator, view.public_id)
    assert len(look(board, view, NOON + timedelta(days=1))) > len(first)
    with board.db.read() as session:
        deeds = sa.select(AuditEntry.action).where(AuditEntry.member_id == moderator)
        assert session.scalars(deeds.order_by(AuditEntry.id)).all() == [
            "waves-stopped",
            "waves-resumed",
        ]


def test_what_has_no_waves_cannot_be_stopped(board: Board, make: Factory) -> None:
    """Offers go to everybody at once, and what does not exist is not found."""
    view = make.offer()
    work_off(board)
    with pytest.raises(CallNotFound):
        overseeing.stop(board, make.member(), view.public_id)
    with pytest.raises(ListingNotFound):
        overseeing.show(board, "AAAAAAAAAAAA")


def test_an_offer_is_told_to_everybody_at_once(board: Board, make: Factory) -> None:
    """Nobody competes for it."""
    make.alerts([{}] * CROWD, CROWD)
    view = make.offer()
    work_off(board)
    assert len(told(board, view)) == CROWD and asked(board, view) == []


def test_a_look_that_was_overtaken_does_nothing(board: Board, make: Factory) -> None:
    """Two events of one call: the older one ends without a word."""
    make.alerts([{}] * CROWD, CROWD)
    view = make.open(urgency=1)
    work_off(board)
    with board.db.read() as session:
        old = session.scalars(sa.select(OutboxRow.id).where(OutboxRow.purpose == outbox.WAVE)).one()
    seat = answered_by(board, make, view, asked(board, view)[0].member_id)
    outcomes.decide(board, seat, Action.WITHDRAW)
    set_clock(board, NOON + LATER)
    assert dispatching.dispatch(board, old) == []
    with board.db.read() as session:
        assert session.get_one(OutboxRow, old).status == outbox.SENT


def test_a_look_and_a_withdrawal_at_once(board: Board, make: Factory) -> None:
    """Neither stops the other; whoever comes second sees what the first has done."""
    make.alerts([{}] * CROWD, CROWD)
    view = make.open(urgency=1)
    work_off(board)
    seat = answered_by(board, make, view, asked(board, view)[0].member_id)
    outcomes.decide(board, seat, Action.WITHDRAW)
    for _ in range(5):
        outcomes.decide(board, seat, Action.PROPOSE)
        wave = sa.select(OutboxRow.id).where(
            OutboxRow.purpose == outbox.WAVE, OutboxRow.status == outbox.PENDING
        )
        with board.db.read() as session:
            newest = session.scalars(wave.order_by(OutboxRow.id.desc())).first() or 0
        start = threading.Barrier(2)
        with ThreadPoolExecutor(2) as pool:
            looking = pool.submit(lambda: (start.wait(), dispatching.dispatch(board, newest)))  # noqa: B023
            start.wait()
            outcomes.decide(board, seat, Action.WITHDRAW)
            looking.result()
    members = told(board, view)
    assert sorted(members) == sorted({row.member_id for row in asked(board, view)})
    assert call(board, view).status == CallStatus.OPEN


def test_a_worker_that_dies_in_a_look_leaves_it_to_the_next(
    board: Board, make: Factory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Planned and not written is not done: the event comes again, and each is asked once."""
    make.alerts([{}] * CROWD, CROWD)
    view = make.open(urgency=1)

    def die(*_: object) -> list[int]:
        raise SystemExit

    with monkeypatch.context() as dying, pytest.raises(SystemExit):
        dying.setattr(waves, "_carry_out", die)
        work_off(board)
    assert asked(board, view) == []
    found = look(board, view, NOON + 2 * outbox.LEASE)
    assert found and sorted(told(board, view)) == sorted(row.member_id for row in found)


def test_who_is_left_reads_of_it_in_a_digest(
    board: Board, make: Factory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever promises too little to be asked is not kept in the dark when it ends unmet."""
    make.alerts([{}] * 4, 4)
    view = make.open(urgency=1)
    none = Stop(StopReason.NOBODY_LEFT)
    monkeypatch.setattr(planning.waves, "next_step", lambda *_, **__: none)
    work_off(board)
    with board.db.read() as session:
        waiting = session.scalars(sa.select(Telling.listing_id)).all()
    assert waiting == [view.id] * 4
    assert (call(board, view).status, call(board, view).why) == (CallStatus.ENDED, "nobody_left")


def test_the_estimate_learns_from_what_was_answered(board: Board, make: Factory) -> None:
    """Where everybody answers, the chance of the next is higher; and it is not read each time."""
    make.alerts([{}] * CROWD, CROWD)
    with board.db.read() as session:
        before = board.estimates.current(session, NOON)
    view = make.open(urgency=1, places_needed=50)
    work_off(board)
    everybody = [row.member_id for row in asked(board, view)]
    assert len(everybody) >= 50
    for member_id in everybody:
        answered_by(board, make, view, member_id)
    with board.db.read() as session:
        assert board.estimates.current(session, NOON + timedelta(hours=1)) is before
        after = board.estimates.current(session, NOON + timedelta(days=3))
    assert after.intercept > before.intercept

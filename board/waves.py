"""Requests go by waves: the most promising volunteers first, then others, until enough accepted.

`matcher.waves` plans; here is what it is told of people and answers, and what its plans write. One
look is one event of the outbox: a plan is made from what stands then, and carried out in the unit
that ends the event, together with the event of the next look.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo

import h3.api.basic_int as h3
import sqlalchemy as sa
from sqlalchemy.orm import Session

from board import acceptance, calls, outbox, places, recipients, telling
from board.acceptance import UNKNOWN
from board.calls import Asked, Call, CallStatus
from board.conversations import Conversation, ConversationStatus
from board.db import insert_new, now
from board.listings import Listing
from board.outcomes import Outcome, State
from board.recipients import News, Recipient
from board.telling import Hearing
from matcher import waves
from matcher.place import Place
from matcher.waves import Answer, Stop, StopReason, Tell

if TYPE_CHECKING:
    from board.context import Board

#: Whoever has just posted waits for somebody: the first wave goes out at any hour, and members have
#: quiet hours of their own. Later ones wait for the morning, as silence in the night says nothing.
_FIRST: Final = replace(waves.DEFAULT_PARAMETERS, night=(24.0, 0.0))
#: Answers that still promise somebody, and those that do not.
_COMING: Final = frozenset({State.PROPOSED, State.WAITING, State.ACCEPTED, State.DONE})
_CLOSED: Final = "closed"


@dataclass(frozen=True, slots=True)
class _Plan:
    """What is to be done, and what it was planned from."""

    step: waves.Step
    #: Number of the look that was to come next when it was made.
    look: int
    planned_at: datetime
    hour: float
    #: Whom the listing can be told to at once, by member.
    heard: dict[int, Hearing]
    candidates: waves.Candidates


def opened(board: Board, held: outbox.Claim) -> list[int]:
    """What an opened listing causes, and each look at a call; returns the rows that are due."""
    news, found = recipients.concerned(board, held.listing_id or 0)
    if news.is_request:
        return _look(board, held, news, found)
    if held.purpose == outbox.WAVE:
        return _over(board, held)
    return telling.tell_all(board, held, news, found)


def _look(board: Board, held: outbox.Claim, news: News, found: Sequence[Recipient]) -> list[int]:
    with board.db.read() as session:
        if _is_overtaken(session.get(Call, news.listing_id), held):
            plan = None
        else:
            plan = _plan(session, board, news, _heard(session, board, news, found))
    for part, is_last in telling.in_units([] if plan is None else found):
        with board.db.write() as session:
            if not is_last and not outbox.hold(session, held):
                return []
            moment = now(session)
            heard = telling.hearing(session, board, news, part)
            telling.wait(session, news, [each for each in heard if not each.now(moment)])
            if is_last and outbox.finish(session, held, outbox.SENT) and plan is not None:
                return _carry_out(session, board, held, news, plan)
    return []


def _over(board: Board, held: outbox.Claim) -> list[int]:
    """End the call of a request that is on the board no more, or has found everybody."""
    with board.db.write() as session:
        if outbox.finish(session, held, outbox.SENT):
            call = calls.held(session, held.listing_id or 0)
            listing = session.get(Listing, held.listing_id)
            if call is not None and listing is not None and not _is_overtaken(call, held):
                calls.end(call, StopReason.ENOUGH if listing.found else _CLOSED)
    return []


def _is_overtaken(call: Call | None, held: outbox.Claim) -> bool:
    """Whether this event asks for a look that was put off or stopped."""
    if held.purpose != outbox.WAVE:
        return call is not None and call.status == CallStatus.STOPPED
    number = int(held.once.rpartition(":")[2])
    return call is None or call.status != CallStatus.OPEN or call.look != number


def _heard(
    session: Session, board: Board, news: News, found: Sequence[Recipient]
) -> dict[int, Hearing]:
    """Those who want to hear at once and can be told, also those whose week is full."""
    moment = now(session)
    heard: dict[int, Hearing] = {}
    for part, _ in telling.in_units(found):
        for each in telling.hearing(session, board, news, part, to_write=False):
            if each.may_hear_at_once(moment):
                heard[each.recipient.member_id] = each
    return heard


def _plan(session: Session, board: Board, news: News, heard: dict[int, Hearing]) -> _Plan:
    """Asks the engine what to do now."""
    moment, listing = now(session), session.get_one(Listing, news.listing_id)
    stored = session.get(Call, news.listing_id)
    call = _call(session, board, news, listing, moment)
    candidates = _candidates(session, call, list(heard.values()), moment)
    told = _told(session, news.listing_id)
    at = int(moment.timestamp())
    step = waves.next_step(
        call,
        candidates,
        told,
        at,
        estimate=board.estimates.current(session, moment),
        parameters=waves.DEFAULT_PARAMETERS if len(told) else _FIRST,
    )
    look = stored.look if stored else 0
    return _Plan(step, look, moment, call.hour(at), heard, candidates)


def _call(
    session: Session, board: Board, news: News, listing: Listing, moment: datetime
) -> waves.Call:
    zone = ZoneInfo("UTC")
    if listing.cell is not None:
        zone = places.time_zone(board.gazetteer, listing.cell)
    offset = moment.astimezone(zone).utcoffset() or timedelta()
    area_calls, answered = _calls_around(session, listing)
    assert news.listing is not None  # noqa: S101 (a request that is on the board)
    return waves.Call(
        category=news.listing.categories[0],
        urgency=listing.urgency,
        places=listing.places_needed,
        accepted=_coming(session, listing),
        opened_at=int((listing.opened_at or listing.created_at).timestamp()),
        ends_at=int(listing.ends_at.timestamp()),
        cell=listing.cell,
        utc_offset_s=int(offset.total_seconds()),
        area_calls=area_calls,
        area_answered=answered,
    )


def _coming(session: Session, listing: Listing) -> int:
    """People who have a place or would take one: the poster has not answered them yet."""
    proposed = session.scalar(
        sa.select(sa.func.count())
        .select_from(Outcome)
        .where(
            Outcome.listing_id == listing.id,
            Outcome.state.in_((State.PROPOSED, State.WAITING)),
        )
    )
    return listing.places_taken + (proposed or 0)


def _calls_around(session: Session, listing: Listing) -> tuple[int, int]:
    """Calls of this area that are over, and those of them that somebody answered."""
    area = _area(listing)
    if area is None:
        return 0, 0
    answered = (
        sa.select(Conversation.id)
        .where(
            Conversation.listing_id == Call.listing_id,
            Conversation.status != ConversationStatus.PENDING,
        )
        .exists()
    )
    total, with_answer = session.execute(
        sa.select(sa.func.count(), sa.func.sum(sa.case((answered, 1), else_=0))).where(
            Call.area == area,
            Call.status == CallStatus.ENDED,
            Call.listing_id != listing.id,
        )
    ).one()
    return total, with_answer or 0


def _area(listing: Listing) -> int | None:
    """Cell in which calls are counted: no finer than the listing's own."""
    if listing.cell is None:
        return None
    level = min(calls.AREA_RESOLUTION, Place(listing.cell).resolution)
    return int(h3.cell_to_parent(listing.cell, level))


def _candidates(
    session: Session, call: waves.Call, heard: Sequence[Hearing], moment: datetime
) -> waves.Candidates:
    ids = [each.recipient.member_id for each in heard]
    records = acceptance.records(session, ids, call.category, moment)
    cells = {each.recipient.cell for each in heard}
    distance_m = {cell: _distance(call, cell) for cell in cells}
    found = []
    for each in heard:
        recipient = each.recipient
        record = records.get(recipient.member_id, UNKNOWN)
        found.append(
            waves.Candidate(
                member=recipient.member_id,
                cell=recipient.cell or waves.NO_CELL,
                distance_m=distance_m[recipient.cell],
                named=recipient.named,
                told=record.told,
                accepted=record.accepted,
                declined=record.declined,
                declined_category=record.declined_category,
                expected=record.expected,
                accepted_lately=record.accepted_lately,
                expected_lately=record.expected_lately,
                last_told_at=int(record.last_at.timestamp()) if record.last_at else waves.NEVER,
                told_week=each.told_week,
                cap=recipient.preferences.most_a_week,
            )
        )
    return waves.Candidates.of(found)


def _distance(call: waves.Call, cell: int | None) -> int:
    if call.cell is None or cell is None:
        return waves.UNKNOWN_M
    return Place(call.cell).distance_m(Place(cell))


def _told(session: Session, listing_id: int) -> waves.Told:
    """Who was asked of this request, and what they answered."""
    rows = session.execute(
        sa.select(Asked.member_id, Asked.at, Asked.chance, Outcome.state, acceptance.DECLINED)
        .outerjoin(
            Conversation,
            sa.and_(
                Conversation.listing_id == Asked.listing_id,
                Conversation.answerer_id == Asked.member_id,
                Conversation.status != ConversationStatus.PENDING,
            ),
        )
        .outerjoin(Outcome, Outcome.conversation_id == Conversation.id)
        .where(Asked.listing_id == listing_id)
        .order_by(Asked.member_id)
    )
    return waves.Told.of(
        waves.Telling(
            member=member_id, at=int(at.timestamp()), chance=chance, answer=_answer(state, declined)
        )
        for member_id, at, chance, state, declined in rows
    )


def _answer(state: str | None, declined: bool) -> Answer:
    if state is not None:
        return Answer.YES if state in _COMING else Answer.NO
    return Answer.NO if declined else Answer.SILENT


def _carry_out(
    session: Session, board: Board, held: outbox.Claim, news: News, plan: _Plan
) -> list[int]:
    """Write what the plan says, and when to look again; returns the rows that are due."""
    call = _stored_call(session, news.listing_id)
    if call.look != plan.look or _is_overtaken(call, held):
        return []
    step, rows = plan.step, []
    if isinstance(step, Tell):
        rows = _ask(session, board, news, plan, step)
        call.wave, call.rings = step.wave, step.rings
    if not isinstance(step, Stop):
        calls.look_later(session, call, datetime.fromtimestamp(step.until, UTC))
        return rows
    if step.reason is StopReason.ENOUGH:
        # The poster has yet to answer them; when all places are taken, the listing is found.
        pause = waves.DEFAULT_PARAMETERS.wait_s[news.urgency]
        calls.look_later(session, call, plan.planned_at + timedelta(seconds=pause))
        return rows
    if step.reason is not StopReason.END_NEAR:
        _leave_to_digests(session, news, plan)
    calls.end(call, step.reason)
    return rows


def _stored_call(session: Session, listing_id: int) -> Call:
    """The call of a request, made at its first look, and held to the end of the unit."""
    listing = session.get_one(Listing, listing_id, with_for_update=True)
    moment = now(session)
    new = {"listing_id": listing_id, "area": _area(listing), "created_at": moment}
    session.execute(
        insert_new(session, Call, ["listing_id"]),
        [{**new, "status": CallStatus.OPEN, "look_at": moment}],
    )
    call = calls.held(session, listing_id)
    assert call is not None  # noqa: S101 (written above, or before)
    return call


def _ask(session: Session, board: Board, news: News, plan: _Plan, step: Tell) -> list[int]:
    """Write to those of the wave who can still be told: weeks are counted anew, under the lock."""
    messages = {message.member: message for message in step.messages}
    chosen = [plan.heard[member].recipient for member in messages]
    moment = now(session)
    heard = [each for each in telling.hearing(session, board, news, chosen) if each.now(moment)]
    position = {int(member): at for at, member in enumerate(plan.candidates.member)}
    rows = [
        _asked(news, plan, step.wave, messages[member], position[member], moment)
        for member in (each.recipient.member_id for each in heard)
    ]
    if rows:
        session.execute(insert_new(session, Asked, ["listing_id", "member_id"]), rows)
    return telling.write(session, news, heard)


def _asked(
    news: News,
    plan: _Plan,
    wave: int,
    message: waves.Message,
    position: int,
    moment: datetime,
) -> dict[str, object]:
    """The row of one member of a wave."""
    why = [[each.because, each.value] for each in message.why]
    return {
        "listing_id": news.listing_id,
        "member_id": message.member,
        "wave": wave,
        "at": moment,
        "hour": plan.hour,
        "distance_m": int(plan.candidates.distance_m[position]),
        "named": bool(plan.candidates.named[position]),
        "told_week": int(plan.candidates.told_week[position]),
        "chance": message.chance,
        "usual": message.usual,
        "why": json.dumps(why, separators=(",", ":")),
    }


def _leave_to_digests(session: Session, news: News, plan: _Plan) -> None:
    """Who was not asked reads of it tomorrow: not enough have accepted."""
    asked = set(
        session.scalars(sa.select(Asked.member_id).where(Asked.listing_id == news.listing_id))
    )
    rest = [each for member_id, each in plan.heard.items() if member_id not in asked]
    telling.wait(session, news, rest)

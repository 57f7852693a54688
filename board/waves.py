"""Requests go by waves: the most promising volunteers first, then others, until enough accepted.

One look is one event of the outbox: `planning` makes a plan from what stands then, and it is
carried out in the unit that ends the event, together with the event of the next look.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

import sqlalchemy as sa
from sqlalchemy.orm import Session

from board import calls, outbox, planning, recipients, telling
from board.calls import Asked, Call, CallStatus
from board.db import insert_new, now
from board.listings import Listing
from board.planning import Plan
from board.recipients import News, Recipient
from board.telling import Hearing
from matcher import waves
from matcher.waves import DEFAULT_PARAMETERS, Stop, StopReason, Tell

if TYPE_CHECKING:
    from board.context import Board

_CLOSED: Final = "closed"


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
            plan = planning.plan(session, board, news, _heard(session, board, news, found))
    # Who waits for a digest is told of a request once, when it opens.
    opens = plan is not None and held.purpose == outbox.LISTING_OPENED
    for part, is_last in telling.in_units(found if opens else []):
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


def _carry_out(
    session: Session, board: Board, held: outbox.Claim, news: News, plan: Plan
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
        pause = DEFAULT_PARAMETERS.wait_s[news.urgency]
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
    new = {"listing_id": listing_id, "area": planning.area_of(listing), "created_at": moment}
    session.execute(
        insert_new(session, Call, ["listing_id"]),
        [{**new, "status": CallStatus.OPEN, "look_at": moment}],
    )
    call = calls.held(session, listing_id)
    assert call is not None  # noqa: S101 (written above, or before)
    return call


def _ask(session: Session, board: Board, news: News, plan: Plan, step: Tell) -> list[int]:
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
    plan: Plan,
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


def _leave_to_digests(session: Session, news: News, plan: Plan) -> None:
    """Who was not asked reads of it tomorrow: not enough have accepted."""
    asked = set(
        session.scalars(sa.select(Asked.member_id).where(Asked.listing_id == news.listing_id))
    )
    rest = [each for member_id, each in plan.heard.items() if member_id not in asked]
    telling.wait(session, news, rest)

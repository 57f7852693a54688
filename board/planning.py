"""The plan of one look at a request: what the engine is told of people and answers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo

import h3.api.basic_int as h3
import sqlalchemy as sa
from sqlalchemy.orm import Session

from board import acceptance, calls, places
from board.calls import Asked, Call, CallStatus
from board.conversations import Conversation, ConversationStatus
from board.db import now
from board.listings import Listing
from board.outcomes import Outcome, State
from board.recipients import News
from board.telling import Hearing
from matcher import waves
from matcher.place import Place
from matcher.waves import Answer

if TYPE_CHECKING:
    from board.context import Board

#: Whoever has just posted waits for somebody: the first wave goes out at any hour, and members have
#: quiet hours of their own. Later ones wait for the morning, as silence in the night says nothing.
_FIRST: Final = replace(waves.DEFAULT_PARAMETERS, night=(24.0, 0.0))
#: Answers that still promise somebody, and those that do not.
_COMING: Final = frozenset({State.PROPOSED, State.WAITING, State.ACCEPTED, State.DONE})


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be done, and what it was planned from."""

    step: waves.Step
    #: Number of the look that was to come next when it was made.
    look: int
    planned_at: datetime
    hour: float
    #: Whom the listing can be told to at once, by member.
    heard: dict[int, Hearing]
    candidates: waves.Candidates


def plan(session: Session, board: Board, news: News, heard: dict[int, Hearing]) -> Plan:
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
    return Plan(step, look, moment, call.hour(at), heard, candidates)


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
    area = area_of(listing)
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


def area_of(listing: Listing) -> int | None:
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
    return waves.Candidates.of(
        replace(
            records[each.recipient.member_id],
            cell=each.recipient.cell or waves.NO_CELL,
            distance_m=distance_m[each.recipient.cell],
            named=each.recipient.named,
            told_week=each.told_week,
            cap=each.recipient.preferences.most_a_week,
        )
        for each in heard
    )


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

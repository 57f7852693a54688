"""Who could meet a listing that is not posted yet: what the first page says before it is sent.

Only what stands on the board anyway is counted, never who has an alert: a count that fell by one
cell to the next would say where somebody lives.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import h3.api.basic_int as h3

import matcher.listing
from board import listings
from board.db import now
from board.matching import Counterpart, with_views
from matcher.listing import Match, Query
from matcher.taxonomy import Kind, Reach, Urgency

if TYPE_CHECKING:
    from board.context import Board

#: Kilometres within which people are counted: the first that holds anybody is said.
WITHIN_KM: Final = (5, 10, 20, 50)
#: People are counted up to this many matching listings.
COUNTED: Final = 100
#: Counterparts that are shown.
SHOWN: Final = 3
_OPEN_S: Final = 14 * 86_400
_NOBODY: Final = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Nearby:
    """People who could be a counterpart, each once."""

    #: 0 where nobody is within the last of WITHIN_KM; at least so many where the board has more
    #: than COUNTED listings that match.
    people: int
    within_km: int
    #: The best of all, also from far away.
    shown: tuple[Counterpart, ...]


def nearby(
    board: Board,
    kind: Kind,
    category: str,
    urgency: Urgency,
    cell: int,
    country: str,
    *,
    viewer: int | None = None,
) -> Nearby:
    """Who could meet such a listing at such a place now.

    `category` is a slug of the taxonomy. Those of whom the member `viewer` has blocked, or was
    blocked by, are left out.
    """
    with board.db.read() as session:
        moment = int(now(session).timestamp())
        hidden = listings.hidden_from(session, viewer)
    wanted = matcher.listing.Listing(
        id=_NOBODY,
        kind=kind,
        categories=(board.taxonomy.id(category),),
        urgency=urgency,
        cell=cell,
        reach=Reach.LOCAL,
        radius_m=WITHIN_KM[-1] * 1000,
        country=country,
        languages=frozenset(),
        starts=moment,
        ends=moment + _OPEN_S,
        owner=viewer or _NOBODY,
    )
    with board.index.asking(board.db) as copies:
        ranked = copies.index.top_k(Query(listing=wanted, now=moment, k=COUNTED + len(hidden)))
        found = [match for match in ranked if match.id not in hidden][:COUNTED]
        held = [copies.index.get(match.id) for match in found]
    owners = {listing.id: listing.owner for listing in held if listing is not None}
    with board.db.read() as session:
        shown = with_views(session, board, found[:SHOWN])
    people, within_km = _counted(found, owners)
    return Nearby(people=people, within_km=within_km, shown=shown)


def _counted(found: list[Match], owners: dict[int, int]) -> tuple[int, int]:
    """(people, kilometres) of the first distance that holds anybody."""
    for within_km in WITHIN_KM:
        people = {
            owners[match.id]
            for match in found
            if match.id in owners and _surely_within(match, within_km)
        }
        if people:
            return len(people), within_km
    return 0, WITHIN_KM[-1]


def _surely_within(match: Match, within_km: int) -> bool:
    """Whether the distance is small enough and the coarser cell not wider than what is said."""
    if match.distance_m is None or match.coarser_resolution is None:
        return False
    width_km = 2 * h3.average_hexagon_edge_length(match.coarser_resolution, unit="km")
    return match.distance_m <= within_km * 1000 and width_km <= within_km

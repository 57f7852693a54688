"""Which listings are counterparts, in what order, and why: the rules on single pairs.

The index answers the same questions for many listings at once; what it answers is what these
functions say of each pair.
"""

import math
from dataclasses import dataclass
from enum import StrEnum

from matcher.listing import Listing, Match, Query, Weights
from matcher.place import Place
from matcher.taxonomy import Reach, Side, Taxonomy, Urgency

__all__ = [
    "MOST_URGENT",
    "Reason",
    "Refusal",
    "Weights",
    "compatible",
    "explain",
    "score_millionths",
]

#: The highest urgency, by which urgencies are divided.
MOST_URGENT = max(Urgency)


class Reason(StrEnum):
    """Why two listings do not match; the first that holds, in this order, is given."""

    SAME_LISTING = "same_listing"
    SAME_OWNER = "same_owner"
    #: One of them takes no side, or both take the same.
    SIDE = "side"
    #: One of them has ended.
    ENDED = "ended"
    #: Their windows of time do not overlap.
    WINDOW = "window"
    #: No category of the one is near to one of the other.
    CATEGORY = "category"
    #: The query asks for other kinds.
    KIND = "kind"
    #: The query asks for other languages.
    LANGUAGE_FILTER = "language_filter"
    #: A remote side asks for the same country.
    COUNTRY = "country"
    #: A remote side asks for a common language.
    LANGUAGE = "language"
    #: Farther apart than one of the two radii.
    DISTANCE = "distance"


@dataclass(frozen=True, slots=True)
class Refusal:
    """That two listings do not match, and why."""

    reason: Reason
    #: Whole metres between the cells, given with Reason.DISTANCE.
    distance_m: int | None = None


def score_millionths(
    distance_m: int | None, affinity: float, urgency: int, weights: Weights
) -> int:
    """Score of a pair in millionths, rounded once (half to even).

    `distance_m` is whole metres, or None when either side is remote (the term of distance is then
    0); `affinity` lies in 0…1; `urgency`, 0 to 3, is that of the asking side:
    distance * exp(-d / scale) + affinity * a + urgency * u / 3, with the shares of `weights`.
    """
    decay = 0.0 if distance_m is None else math.exp(-distance_m / weights.scale_m)
    score = weights.distance * decay
    score += weights.affinity * affinity
    score += weights.urgency * urgency / MOST_URGENT
    return round(score * 1_000_000)


def compatible(query: Query, other: Listing, taxonomy: Taxonomy) -> bool:
    """Whether the pair passes every rule but that of distance."""
    return _objection(query, other, taxonomy) is None


def explain(query: Query, other: Listing, taxonomy: Taxonomy) -> Match | Refusal:
    """The terms of one pair, or the reason why it does not match.

    Raises UnknownCategory when a category of either is not in the taxonomy.
    """
    objection = _objection(query, other, taxonomy)
    if objection is not None:
        return Refusal(objection)
    listing = query.listing
    distance_m = coarser = remote = None
    if listing.cell is not None and other.cell is not None and not _remote(listing, other):
        place, place_of_other = Place(listing.cell), Place(other.cell)
        distance_m = place.distance_m(place_of_other)
        coarser = min(place.resolution, place_of_other.resolution)
        if distance_m > min(listing.radius_m, other.radius_m):
            return Refusal(Reason.DISTANCE, distance_m)
    else:
        remote = narrowest(listing.reach, other.reach)
    affinity, category = taxonomy.best(listing.categories, other.categories)
    urgency = asking_urgency(listing, other)
    return Match(
        id=other.id,
        score=score_millionths(distance_m, affinity, urgency, query.weights),
        distance_m=distance_m,
        category=category,
        affinity=affinity,
        urgency=urgency,
        coarser_resolution=coarser,
        remote=remote,
        same_category=category in listing.categories,
    )


def narrowest(first: Reach, second: Reach) -> Reach:
    """The narrowest remote reach of two, of which at least one is remote."""
    return min(reach for reach in (first, second) if reach is not Reach.LOCAL)


def asking_urgency(first: Listing, second: Listing) -> Urgency:
    """Urgency of the side that asks."""
    return first.urgency if first.side is Side.ASK else second.urgency


def _objection(query: Query, other: Listing, taxonomy: Taxonomy) -> Reason | None:
    """The first rule, distance left aside, that the pair breaks."""
    listing = query.listing
    kinds, languages = query.kinds, query.languages
    rules = (
        (Reason.SAME_LISTING, listing.id == other.id),
        (Reason.SAME_OWNER, listing.owner == other.owner),
        (Reason.SIDE, Side.NONE in (listing.side, other.side) or listing.side is other.side),
        (Reason.ENDED, min(listing.ends, other.ends) <= query.now),
        (Reason.WINDOW, max(listing.starts, other.starts) >= min(listing.ends, other.ends)),
        (Reason.CATEGORY, taxonomy.best(listing.categories, other.categories)[0] <= 0),
        (Reason.KIND, bool(kinds) and other.kind not in (kinds or ())),
        (Reason.LANGUAGE_FILTER, bool(languages) and not other.languages & (languages or set())),
        (Reason.COUNTRY, not _countries_agree(listing, other)),
        (Reason.LANGUAGE, not _languages_agree(listing, other)),
    )
    return next((reason for reason, broken in rules if broken), None)


def _remote(listing: Listing, other: Listing) -> bool:
    return listing.remote or other.remote


def _countries_agree(listing: Listing, other: Listing) -> bool:
    """Whether no side asks for the same country, or both stored countries are the same."""
    asked = Reach.COUNTRY in (listing.reach, other.reach)
    return not asked or listing.country == other.country != ""


def _languages_agree(listing: Listing, other: Listing) -> bool:
    """Whether no side asks for a common language, or there is one."""
    asked = Reach.LANGUAGE in (listing.reach, other.reach)
    return not asked or bool(listing.languages & other.languages)

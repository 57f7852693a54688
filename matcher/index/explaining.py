"""What a kernel says of a match in one word, as the reasons of a Match."""

from matcher.index import scan
from matcher.listing import Match, Query
from matcher.ranking import narrowest, score_millionths
from matcher.taxonomy import Reach, Taxonomy, Urgency


def explained(
    taxonomy: Taxonomy, query: Query, number: int, score: int, meaning: int, *, beyond: bool
) -> Match:
    """The match with the listing of this number; `score` counts unless it lies beyond."""
    listing = query.listing
    category = meaning & 255
    metres = (meaning >> scan.METRES_SHIFT) - 1
    local = metres >= 0
    affinity = float(taxonomy.affinity[list(listing.categories), category].max())
    urgency = Urgency(meaning >> scan.URGENCY_SHIFT & 3)
    distance_m = metres if local else None
    if beyond:
        score = score_millionths(distance_m, affinity, urgency, query.weights)
    # Bits 52 to 55 of an H3 index are its resolution.
    own = (listing.cell or 0) >> 52 & 15
    other = meaning >> scan.PRECISION_SHIFT & 15
    reach = Reach(meaning >> scan.REACH_SHIFT & 3)
    return Match(
        id=number,
        score=score,
        distance_m=distance_m,
        category=category,
        affinity=affinity,
        urgency=urgency,
        coarser_resolution=min(own, other) if local else None,
        remote=None if local else narrowest(listing.reach, reach),
        same_category=category in listing.categories,
        beyond=beyond,
    )

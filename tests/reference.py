"""The engine's answers worked out one pair at a time, as slowly and plainly as possible.

Written from the rules of the board and not from the engine, of which it uses only the data
classes. Tests and benchmarks compare the engine with it.
"""

import math
from collections.abc import Collection, Iterable
from fractions import Fraction

import h3

from matcher.alerts import Alert, Hit
from matcher.listing import Listing, Match, Query, Weights
from matcher.taxonomy import Kind, Reach, Taxonomy, Urgency

EARTH_RADIUS_M = 6371.0088 * 1000


def top_k(listings: Iterable[Listing], query: Query, taxonomy: Taxonomy) -> list[Match]:
    """The best counterparts of the query's listing, by score descending, then id."""
    found = [_pair(query, other, taxonomy) for other in listings]
    matches = [match for match in found if match is not None and not match.beyond]
    return sorted(matches, key=lambda match: (-match.score, match.id))[: query.k]


def top_k_all(
    listings: Collection[Listing],
    kind: Kind,
    now: int,
    taxonomy: Taxonomy,
    k: int = 20,
    weights: Weights | None = None,
) -> list[tuple[int, list[Match]]]:
    """(id, counterparts) of every listing of a kind that has not ended, by id."""
    asked = [one for one in listings if one.kind == kind and one.ends > now]
    queries = [Query(one, now, k, weights or Weights()) for one in asked]
    answers = [(query.listing.id, top_k(listings, query, taxonomy)) for query in queries]
    return sorted(answers, key=lambda answer: answer[0])


def nearest_beyond(
    listings: Iterable[Listing], query: Query, k: int, taxonomy: Taxonomy
) -> list[Match]:
    """The nearest local counterparts that only distance keeps away, by distance, then id."""
    found = [_pair(query, other, taxonomy) for other in listings]
    matches = [match for match in found if match is not None and match.beyond]
    return sorted(matches, key=lambda match: (match.distance_m, match.id))[:k]


def within(
    listings: Iterable[Listing],
    cell: int,
    radius_m: int,
    now: int,
    kinds: Collection[Kind] | None = None,
    categories: Collection[int] | None = None,
    least_urgency: int = 0,
    languages: Collection[str] | None = None,
) -> list[tuple[int, int]]:
    """(id, distance) of the open listings around a cell, by distance, then id."""
    answer = []
    for listing in listings:
        if listing.cell is None or listing.ends <= now or listing.urgency < least_urgency:
            continue
        if kinds and listing.kind not in kinds:
            continue
        if categories and not set(listing.categories) & set(categories):
            continue
        if languages and not set(listing.languages) & set(languages):
            continue
        distance = distance_m(cell, listing.cell)
        if distance <= radius_m:
            answer.append((distance, listing.id))
    return [(listing_id, distance) for distance, listing_id in sorted(answer)]


def hits(alerts: Iterable[Alert], listing: Listing) -> list[Hit]:
    """The alerts that a listing hits, by id."""
    found = [_hit(alert, listing) for alert in alerts]
    return sorted((hit for hit in found if hit is not None), key=lambda hit: hit.alert_id)


def covers(area: dict[str, object], lat: float, lng: float) -> bool:
    """Whether a GeoJSON Polygon or MultiPolygon holds a point, its boundary included.

    Exact: a ray is cast in rational numbers.
    """
    coordinates = area["coordinates"]
    polygons = [coordinates] if area["type"] == "Polygon" else coordinates
    sides = {lng, -lng} if abs(lng) == 180 else {lng}
    points = [(Fraction(x), Fraction(lat)) for x in sides]
    return any(_in_polygon(rings, point) for rings in polygons for point in points)


def distance_m(cell: int, other: int) -> int:
    """Whole metres between the centres of two cells, by the haversine formula."""
    lat_1, lng_1 = map(math.radians, h3.cell_to_latlng(h3.int_to_str(cell)))
    lat_2, lng_2 = map(math.radians, h3.cell_to_latlng(h3.int_to_str(other)))
    a = (
        math.sin((lat_2 - lat_1) / 2) ** 2
        + math.cos(lat_1) * math.cos(lat_2) * math.sin((lng_2 - lng_1) / 2) ** 2
    )
    a = min(1.0, a)
    return round(2 * EARTH_RADIUS_M * math.atan2(math.sqrt(a), math.sqrt(1 - a)))


def _pair(query: Query, other: Listing, taxonomy: Taxonomy) -> Match | None:
    """The match of a pair, `beyond` when only distance keeps it away; None when more does."""
    own = query.listing
    if own.id == other.id or own.owner == other.owner:
        return None
    if {own.kind, other.kind} != {Kind.REQUEST, Kind.OFFER}:
        return None
    if own.ends <= query.now or other.ends <= query.now:
        return None
    if own.starts >= other.ends or other.starts >= own.ends:
        return None
    if query.kinds and other.kind not in query.kinds:
        return None
    if query.languages and not any(code in other.languages for code in query.languages):
        return None
    if not (_remote_condition(own, other) and _remote_condition(other, own)):
        return None
    affinity, category = _best_category(own, other, taxonomy)
    if affinity == 0:
        return None
    asking = own if own.kind is Kind.REQUEST else other
    return _match(query, other, asking.urgency, affinity, category)


def _match(query: Query, other: Listing, urgency: Urgency, affinity: float, category: int) -> Match:
    """The terms of a pair that passes every rule but perhaps that of distance."""
    own, weights = query.listing, query.weights
    distance, decay, coarser, remote, beyond = None, 0.0, None, None, False
    if own.reach is Reach.LOCAL and other.reach is Reach.LOCAL:
        distance = distance_m(own.cell, other.cell)
        decay = math.exp(-distance / weights.scale_m)
        beyond = distance > own.radius_m or distance > other.radius_m
        cells = (h3.int_to_str(own.cell), h3.int_to_str(other.cell))
        coarser = min(h3.get_resolution(cell) for cell in cells)
    else:
        remote = next(
            reach
            for reach in (Reach.COUNTRY, Reach.LANGUAGE, Reach.WORLD)
            if reach in (own.reach, other.reach)
        )
    score = weights.distance * decay + weights.affinity * affinity + weights.urgency * urgency / 3
    return Match(
        id=other.id,
        score=round(score * 1_000_000),
        distance_m=distance,
        category=category,
        affinity=affinity,
        urgency=urgency,
        coarser_resolution=coarser,
        remote=remote,
        same_category=category in own.categories,
        beyond=beyond,
    )


def _remote_condition(listing: Listing, other: Listing) -> bool:
    """Whether the other meets what the reach of the listing asks for."""
    if listing.reach is Reach.COUNTRY:
        return listing.country != "" and listing.country == other.country
    if listing.reach is Reach.LANGUAGE:
        return len(listing.languages & other.languages) > 0
    return True


def _best_category(own: Listing, other: Listing, taxonomy: Taxonomy) -> tuple[float, int]:
    """The highest affinity, and the smallest of the other's categories that has it."""
    best_affinity, best_category = -1.0, -1
    for category in sorted(other.categories):
        for own_category in own.categories:
            affinity = float(taxonomy.affinity[own_category][category])
            if affinity > best_affinity:
                best_affinity, best_category = affinity, category
    return best_affinity, best_category


def _hit(alert: Alert, listing: Listing) -> Hit | None:
    """The hit of one alert, or None."""
    if alert.owner == listing.owner or listing.urgency < alert.least_urgency:
        return None
    if alert.kinds and listing.kind not in alert.kinds:
        return None
    if alert.categories and not set(alert.categories) & set(listing.categories):
        return None
    if alert.languages and not set(alert.languages) & set(listing.languages):
        return None
    if alert.remote:
        return None if listing.reach is Reach.LOCAL else Hit(alert.id, None)
    if listing.cell is None:
        return None
    if alert.cell is not None:
        distance = distance_m(alert.cell, listing.cell)
        return Hit(alert.id, distance) if distance <= alert.radius_m else None
    lat, lng = h3.cell_to_latlng(h3.int_to_str(listing.cell))
    return Hit(alert.id, None) if covers(alert.area.__geo_interface__, lat, lng) else None


def _in_polygon(rings: list[list[list[float]]], point: tuple[Fraction, Fraction]) -> bool:
    """Whether a point is inside of the first ring and of none of the others, or on a ring."""
    places = [_in_ring([(Fraction(x), Fraction(y)) for x, y, *_ in ring], point) for ring in rings]
    if 0 in places:
        return True
    return places[0] > 0 and all(place < 0 for place in places[1:])


def _in_ring(ring: list[tuple[Fraction, Fraction]], point: tuple[Fraction, Fraction]) -> int:
    """1 inside, 0 on the ring, -1 outside: a ray towards greater x crosses an odd number."""
    px, py = point
    inside = -1
    for i in range(len(ring) - 1):
        (ax, ay), (bx, by) = ring[i], ring[i + 1]
        turn = (bx - ax) * (py - ay) - (by - ay) * (px - ax)
        in_box = min(ax, bx) <= px <= max(ax, bx) and min(ay, by) <= py <= max(ay, by)
        if turn == 0 and in_box:
            return 0
        if (ay > py) != (by > py) and (turn > 0) == (by > ay):
            inside = -inside
    return inside

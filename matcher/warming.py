"""Compiling every kernel before the first question is asked."""

import io

from matcher.alerts import Alert, AlertIndex
from matcher.areas import parse_polygon
from matcher.index import Index
from matcher.listing import Listing, Query
from matcher.place import Place
from matcher.taxonomy import Kind, Reach, Side, Taxonomy, Urgency

# More than a leaf holds, so that one is split.
_ROWS = 300
_NOW = 1


def warm_up(taxonomy: Taxonomy) -> None:
    """Ask each kind of question once: compiles what is in no cache yet, loads what is."""
    index = Index(taxonomy)
    listings = [_listing(taxonomy, number) for number in range(1, _ROWS)]
    for listing in listings:
        index.upsert(listing)
    index.upsert_many(listings[:10])
    index.remove(1)
    query = Query(listings[1], _NOW)
    index.top_k(query)
    index.ranked(query)
    index.ranked_for(listings[1].id, _NOW)
    index.nearest_beyond(query, 1)
    index.within(listings[1].cell or 0, 1000, _NOW)
    index.ranked_all(Side.ASK, _NOW, 1)
    next(index.top_k_all(Side.ASK, _NOW, 1))
    stream = io.BytesIO()
    index.save(stream, "")
    stream.seek(0)
    Index.load(stream, taxonomy)
    _warm_alerts(listings)


def _listing(taxonomy: Taxonomy, number: int) -> Listing:
    reach = Reach.WORLD if number % 50 == 0 else Reach.LOCAL
    return Listing(
        id=number,
        kind=Kind.REQUEST if number % 2 else Kind.OFFER,
        categories=(taxonomy.categories[number % len(taxonomy.categories)].id,),
        urgency=Urgency.SOON,
        cell=Place.at(0.0, number / 100, 8).cell,
        reach=reach,
        radius_m=25_000,
        country="",
        languages=frozenset({"fr"}),
        starts=0,
        ends=2,
        owner=number,
    )


def _warm_alerts(listings: list[Listing]) -> None:
    alerts = AlertIndex()
    corners = [[-1, -1], [1, -1], [1, 1], [-1, 1], [-1, -1]]
    area = parse_polygon({"type": "Polygon", "coordinates": [corners]})
    alerts.upsert(Alert(id=1, owner=0, cell=listings[0].cell, radius_m=5000))
    alerts.upsert_many([Alert(id=2, owner=0, remote=True), Alert(id=3, owner=0, area=area)])
    # More than the first tables hold, so that they grow.
    alerts.upsert_many(
        Alert(id=number, owner=0, cell=each.cell, radius_m=1000)
        for number, each in enumerate(listings, 4)
        if each.cell is not None
    )
    for listing in listings[:2]:
        alerts.hit_ids(listing)
        list(alerts.hits(listing))
    alerts.remove(1)

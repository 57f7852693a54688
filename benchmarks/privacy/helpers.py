"""What the cells cost the helpers: the ranking on cells against the ranking on exact points."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace

import numpy as np

from benchmarks.privacy.earth import Array, Point, distances_m, width_m
from benchmarks.privacy.people import Person
from board import places
from board.context import Board
from matcher.index import Index
from matcher.listing import Listing, Query
from matcher.place import Place
from matcher.taxonomy import Kind, Reach, Urgency

TOP = 10
#: An exact point for the engine: a cell of half a metre.
_EXACT = 15
_RADIUS_M = 50_000


@dataclass(frozen=True, slots=True)
class Cost:
    """What one request's ranking on cells costs."""

    #: True metres to the first offer, beyond those to the first of the exact ranking.
    added_m: float
    #: The same for the mean of the first ten.
    added_top_m: float
    #: Size of the cell that the request is kept in.
    width_m: float
    #: Share of the exact first ten that are among the first ten.
    overlap: float


def costs(
    board: Board, people: list[Person], random: np.random.Generator, most: int | None = None
) -> list[Cost]:
    """One of five asks, the others offer; each in one of the first `most` categories, or of all.

    With one category and one urgency, distance alone decides the order.
    """
    listings = [
        _listing(board, number, person, random, most) for number, person in enumerate(people)
    ]
    points = {listing.id: person.point for listing, person in zip(listings, people, strict=True)}
    kept, exact = Index(board.taxonomy), Index(board.taxonomy)
    for listing in listings:
        kept.upsert(_placed(board, listing, points[listing.id]))
        exact.upsert(replace(listing, cell=Place.at(*points[listing.id], _EXACT).cell))
    found = []
    for listing in listings:
        if listing.kind is Kind.REQUEST:
            ours, bare = (_first(index, listing.id) for index in (kept, exact))
            if bare:
                found.append(_cost(points, points[listing.id], ours, bare, _width(kept, listing)))
    return found


def _listing(
    board: Board, number: int, person: Person, random: np.random.Generator, most: int | None
) -> Listing:
    categories = board.taxonomy.categories[:most]
    levels = len(Urgency) if most is None else 1
    now = int(time.time())
    asks = number % 5 == 0
    return Listing(
        id=number + 1,
        kind=Kind.REQUEST if asks else Kind.OFFER,
        categories=(categories[int(random.integers(len(categories)))].id,),
        urgency=Urgency(int(random.integers(levels))) if asks else Urgency.STANDING,
        cell=Place.at(*person.point, _EXACT).cell,
        reach=Reach.LOCAL,
        radius_m=_RADIUS_M,
        country="",
        languages=frozenset(),
        starts=now - 60,
        ends=now + 86_400,
        owner=number + 1,
    )


def _placed(board: Board, listing: Listing, point: Point) -> Listing:
    slugs = [board.taxonomy.slug(category) for category in listing.categories]
    cell = Place.at(*point, places.FINEST).cell
    return replace(listing, cell=places.kept_cell(board.gazetteer, cell, slugs))


def _first(index: Index, number: int) -> list[int]:
    listing = index.get(number)
    if listing is None:
        raise LookupError(number)
    return [match.id for match in index.top_k(Query(listing, int(time.time()), TOP))]


def _width(index: Index, listing: Listing) -> float:
    kept = index.get(listing.id)
    if kept is None or kept.cell is None:
        raise LookupError(listing.id)
    return width_m(kept.cell)


def _cost(
    points: dict[int, Point], at: Point, ours: list[int], bare: list[int], size_m: float
) -> Cost:
    def far(ids: list[int]) -> Array:
        return distances_m(np.array([points[each] for each in ids]), at)

    shared = len(set(ours) & set(bare)) / len(bare)
    if not ours:
        # A radius that ends between two cells: nobody is found, and nobody walks.
        return Cost(0.0, 0.0, size_m, 0.0)
    return Cost(
        added_m=float(far(ours[:1])[0] - far(bare[:1])[0]),
        added_top_m=float(far(ours).mean() - far(bare).mean()),
        width_m=size_m,
        overlap=shared,
    )

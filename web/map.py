"""Listings for the map: each as the hexagon of its cell, never as a point."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from flask import Response, jsonify, request, url_for

from board import searching
from board.errors import Invalid
from board.listings import ListingView
from matcher.place import Place
from web.forms.filters import read_filter, refuse
from web.guards import Guard, GuardedBlueprint, viewer_id
from web.locale import current_locale
from web.words import (
    category_group,
    category_name,
    current_board,
    kind_name,
    kind_slug,
    place_words,
)

blueprint = GuardedBlueprint("map", __name__, guard=Guard.PUBLIC)

Point = tuple[float, float]
#: Decimals of a degree in answers: about a metre, far below the size of the finest cell.
_DECIMALS = 5


@blueprint.get("/listings.geojson")
def geojson() -> tuple[Response, int]:
    """The open listings of the filter that have a place, as a GeoJSON feature collection."""
    board = current_board()
    looking = read_filter(request.args, board, current_locale())
    page = None
    if looking.wanted is not None:
        try:
            page = searching.on_map(board, looking.wanted, viewer=viewer_id())
        except Invalid as invalid:
            refuse(looking, invalid)
    if page is None:
        problems = [
            {"field": field, "message": text} for field, _, text in looking.form.problem_list()
        ]
        return jsonify(error="invalid", problems=problems), 400
    # The map of the pages draws the cells by itself, and loads half as much.
    shapes = request.args.get("shapes") != "0"
    features = [feature(view, shapes) for view in page.items if view.cell]
    response = jsonify(
        type="FeatureCollection", features=features, total=page.total, shown=len(features)
    )
    response.mimetype = "application/geo+json"
    return response, 200


def feature(view: ListingView, shapes: bool = True) -> dict[str, Any]:
    """One listing as a GeoJSON feature (RFC 7946: longitude first, cut at the antimeridian).

    Without shapes its geometry is null, which RFC 7946 calls unlocated; the cell says the same.
    """
    cell = view.cell or ""
    slug = view.categories[0]
    return {
        "type": "Feature",
        "id": view.public_id,
        "geometry": hexagon_geometry(cell) if shapes else None,
        "properties": {
            "title": view.title,
            "address": url_for("listings.show", public_id=view.public_id),
            "kind": kind_slug(view.kind),
            "kind_name": kind_name(view.kind),
            "category": slug,
            "category_name": category_name(slug),
            "group": category_group(slug),
            "place": place_words(view),
            "locale": view.locale,
            "cell": cell,
            "center": [round(degrees, _DECIMALS) for degrees in Place.from_hex(cell).center],
        },
    }


@lru_cache(maxsize=20_000)
def hexagon_geometry(cell_hex: str) -> dict[str, Any]:
    """The shape of a cell as a GeoJSON Polygon, or a MultiPolygon when ±180 cuts it."""
    parts = split_at_antimeridian(Place.from_hex(cell_hex).boundary())
    rings = [
        [
            [[round(lng, _DECIMALS), round(lat, _DECIMALS)] for lat, lng in (*part, part[0])],
        ]
        for part in parts
    ]
    if len(rings) == 1:
        return {"type": "Polygon", "coordinates": rings[0]}
    return {"type": "MultiPolygon", "coordinates": rings}


def split_at_antimeridian(boundary: list[Point]) -> list[list[Point]]:
    """The polygons, as rings of (lat, lng), that a cell makes on a map from −180 to 180.

    The corners are unrolled into continuous longitudes first. A cell around a pole is unrolled
    into a band that reaches to the pole.
    """
    ring = _unrolled(boundary)
    parts = (_clipped(ring, turn) for turn in (-360.0, 0.0, 360.0))
    return [part for part in parts if len(part) >= 3 and _width(part) > 10**-_DECIMALS]


def _unrolled(boundary: list[Point]) -> list[Point]:
    """The corners with longitudes that never jump; closed over the pole if they go around it."""
    ring = [boundary[0]]
    for lat, lng in (*boundary[1:], boundary[0]):
        step = (lng - ring[-1][1] + 180) % 360 - 180
        ring.append((lat, ring[-1][1] + step))
    last = ring.pop()
    if abs(last[1] - boundary[0][1]) > 180:
        pole = 90.0 if boundary[0][0] > 0 else -90.0
        ring += [last, (pole, last[1]), (pole, boundary[0][1])]
    return ring


def _clipped(ring: list[Point], turn: float) -> list[Point]:
    """What of the ring, moved by whole turns, lies from −180 to 180 (Sutherland–Hodgman)."""
    moved = [(lat, lng + turn) for lat, lng in ring]
    for limit, sign in ((-180.0, 1), (180.0, -1)):
        moved = _half_plane(moved, limit, sign)
    return moved


def _half_plane(ring: list[Point], limit: float, sign: int) -> list[Point]:
    """What of the ring lies on the side of a meridian where sign·(lng − limit) ≥ 0."""
    kept: list[Point] = []
    for index, end in enumerate(ring):
        start = ring[index - 1]
        start_in, end_in = sign * (start[1] - limit) >= 0, sign * (end[1] - limit) >= 0
        if start_in != end_in:
            share = (limit - start[1]) / (end[1] - start[1])
            kept.append((start[0] + share * (end[0] - start[0]), limit))
        if end_in:
            kept.append(end)
    return kept


def _width(ring: list[Point]) -> float:
    longitudes = [lng for _, lng in ring]
    return max(longitudes) - min(longitudes)

"""Places by name, the cell that a device or a map gives, and the labelled grid."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import h3.api.basic_int as h3
from flask import Response, abort, jsonify, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from board.gazetteer import Gazetteer, GazetteerPlace
from board.grid import GridHexagon, grid, grid_of_place
from board.i18n import LOCALES
from board.land import Land
from board.places import settle_cell
from board.validation import Refused
from matcher.place import Place, PlaceError
from web import words
from web.forms.place import GEONAMES_DIGITS, PLACE_TEXT_MAX, PlaceForm
from web.guards import Guard, GuardedBlueprint
from web.locale import current_locale
from web.words import current_board

blueprint = GuardedBlueprint("places", __name__, guard=Guard.PUBLIC, url_prefix="/places")

SUGGESTIONS = 8
#: Side of the square that the grid is drawn in.
SIDE = 1000
#: Rings of cells around the middle of a view that are given a name each: 37 cells.
_RINGS = 3
#: Least inhabitants of a town named on a map of resolution 0 to 3. So coarse a cell holds very
#: many places, and so few towns are large that they are kept in memory.
_LARGE = (2_000_000, 1_000_000, 500_000, 200_000)


@dataclass(frozen=True, slots=True)
class Grid:
    """A labelled grid as its template draws it."""

    hexagons: tuple[GridHexagon, ...]
    #: Hexadecimal index of the chosen hexagon; "" for the whole place.
    chosen: str
    #: Height of the labels where the whole drawing is `SIDE` high.
    font_size: int
    #: Width of one hexagon in words.
    size_words: str
    #: Hexadecimal index of what "the whole place" stands for; "" where it has a name.
    whole: str = ""


@blueprint.get("")
def search() -> Response | tuple[Response, int]:
    """Suggestions for `q`; or the name of the area `cell`; or the cell of the place `place`."""
    if request.args.get("cell"):
        return jsonify(_named_cell(_cell_of_address()))
    if request.args.get("place"):
        return jsonify(_suggestion(_place_of_address()))
    text = request.args.get("q", "").strip()
    if not text or len(text) > PLACE_TEXT_MAX:
        return jsonify(places=[])
    found = current_board().gazetteer.search(text, current_locale(), limit=SUGGESTIONS)
    return jsonify(places=[_suggestion(place) for place in found])


@blueprint.get("/names")
def names() -> Response:
    """Larger towns in a view around `cell`, to be written on the map."""
    middle = _cell_of_address()
    response = jsonify(
        places=[
            {"name": place.name, "lat": round(place.lat, 4), "lng": round(place.lng, 4)}
            for place in _towns_around(middle)
        ]
    )
    response.headers["Cache-Control"] = "private, max-age=86400"
    response.vary.update(("Accept-Language", "Cookie"))
    return response


def _towns_around(middle: Place) -> list[GazetteerPlace]:
    """About one town for each cell of the rings around the middle, the most populous first."""
    cells = h3.grid_disk(middle.cell, _RINGS)
    if middle.resolution < len(_LARGE):
        towns = _large_towns(current_board().gazetteer, middle.resolution, current_locale())
        return [towns[cell] for cell in cells if cell in towns]
    gazetteer, locale = current_board().gazetteer, current_locale()
    radius_km = h3.average_hexagon_edge_length(middle.resolution, unit="km")
    found: dict[int, GazetteerPlace] = {}
    for cell in cells:
        place = gazetteer.largest_near(*Place(cell).center, radius_km, locale)
        if place is not None:
            found[place.id] = place
    return sorted(found.values(), key=lambda place: -place.population)


@lru_cache(maxsize=len(_LARGE) * len(LOCALES))
def _large_towns(gazetteer: Gazetteer, resolution: int, locale: str) -> dict[int, GazetteerPlace]:
    """The most populous town of each cell of a coarse resolution that has one."""
    towns: dict[int, GazetteerPlace] = {}
    for place in gazetteer.cities(_LARGE[resolution], locale):
        towns.setdefault(Place.at(place.lat, place.lng, resolution).cell, place)
    return towns


@blueprint.get("/land")
def land() -> Response:
    """The countries around `cell`, to be drawn under the map, as one GeoJSON geometry."""
    shapes = _land().around(_cell_of_address())
    response = jsonify(type="MultiPolygon", coordinates=shapes)
    response.headers["Cache-Control"] = "private, max-age=86400"
    return response


@lru_cache(maxsize=1)
def _land() -> Land:
    """The atlas, read when a map first comes close."""
    return Land.load()


@blueprint.get("/grid")
def labelled_grid() -> ResponseReturnValue:
    """The labelled grid around a place or a cell, as a piece of a page."""
    place_id = request.args.get("place", "")
    try:
        if place_id:
            drawing = make_grid("", _place_of_address().id)
        else:
            drawing = make_grid(_cell_of_address().hex, None)
    except Refused as refusal:
        return gettext(refusal.message, **refusal.params), 400
    return render_template("places/grid.html", grid=drawing)


def grid_of_form(form: PlaceForm, wanted: bool = False) -> Grid | None:
    """The grid of a form that comes back: when it is asked for, or something was chosen on it."""
    if form.settled is None or not (wanted or form.cell.data):
        return None
    place_id = form.place_id.data or ""
    try:
        drawing = make_grid(form.cell.data or "", int(place_id) if place_id else None)
    except Refused:
        return None
    if drawing.chosen or place_id:
        return drawing
    # A cell that is none of the hexagons, as a geocoder gives one, must be sent again all the same.
    return replace(drawing, whole=form.cell.data or "")


def make_grid(chosen: str, place_id: int | None) -> Grid:
    """The grid around a place of the gazetteer, or else around a chosen cell; raises Refused."""
    board, locale = current_board(), current_locale()
    if place_id is not None:
        hexagons = grid_of_place(board.gazetteer, place_id, locale)
    else:
        hexagons = grid(board.gazetteer, Place.from_hex(chosen).cell, locale)
    if all(f"{each.cell:x}" != chosen for each in hexagons):
        chosen = ""
    resolution = Place(hexagons[0].cell).resolution
    # Rows of a hexagonal drawing: 3n(n+1)+1 cells have 2n+1 rows.
    rows = 2 * round((math.sqrt(12 * len(hexagons) - 3) - 3) / 6) + 1
    return Grid(tuple(hexagons), chosen, round(SIDE / rows / 2.6), words.width_words(resolution))


def _cell_of_address() -> Place:
    """The cell of the address; 404 for what is none."""
    try:
        return Place.from_hex(request.args.get("cell", ""))
    except PlaceError:
        abort(404)


def _place_of_address() -> GazetteerPlace:
    """The place of the gazetteer that the address names; 404 for what is none."""
    typed = request.args.get("place", "")
    known = typed.isascii() and typed.isdigit() and len(typed) <= GEONAMES_DIGITS
    found = current_board().gazetteer.get(int(typed), current_locale()) if known else None
    if found is None:
        abort(404)
    return found


def _suggestion(place: GazetteerPlace) -> dict[str, Any]:
    """A place as the field of a form shows it."""
    return {
        "id": place.id,
        "name": place.name,
        "label": place.label,
        "detail": words.candidate_words(place),
        "cell": Place(place.cell).hex,
    }


def _named_cell(place: Place) -> dict[str, Any]:
    """What an area is called, coarsened as a person's place would be at its finest."""
    board, locale = current_board(), current_locale()
    try:
        settled = settle_cell(board.gazetteer, board.countries, place.cell, (), locale)
    except Refused:
        abort(404)
    country = words.country_name(settled.country)
    return {"cell": place.hex, "name": settled.name, "detail": country}

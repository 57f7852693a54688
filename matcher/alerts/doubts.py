"""What records leave in doubt: rows are looked at, and places measured exactly."""

import numpy as np

from matcher.alerts.changes import radians_of
from matcher.alerts.gates import passes
from matcher.alerts.ids import row_of
from matcher.alerts.layout import (
    AREA,
    AREA_WKB,
    ARENA,
    ASKED_CATEGORIES,
    ASKED_LAT,
    ASKED_LNG,
    ASKED_MASK,
    ASKED_OWNER,
    DOUBTS,
    FULL_BYTES,
    FULL_CATEGORIES,
    FULLS,
    GATE_BYTES,
    GATES,
    GATES_DOUBTFUL,
    OUT,
    REMOTE,
    ROW_AREA,
    ROW_BYTES,
    ROW_GATE,
    ROW_ID,
    ROW_LAMBDA,
    ROW_MASK,
    ROW_OWNER,
    ROW_PHI,
    ROW_RADIUS,
    ROWS,
    SHELF_SHIFT,
    UNIT,
)
from matcher.alerts.outlines import DOUBTFUL, INSIDE, OUTSIDE, side_of
from matcher.alerts.places import haversine_m
from matcher.compiled import (
    compiled,
    inlined,
    load_f64,
    load_i32,
    load_i64,
    load_u32,
    prefetch,
    store_i64,
)

#: The bit that all categories share which have none of their own.
SHARED = -(2**63)

#: Hits stand in the lower half of a count, doubts in the upper one.
COUNT_BITS = 32
COUNT_MASK = (1 << COUNT_BITS) - 1

# So near to half a metre the formula of matcher.place decides.
_DOUBTFUL_M = 1e-5

#: Distances of what is no circle, and where the formula of matcher.place decides.
NO_DISTANCE = -1
DOUBTFUL_DISTANCE = -2


@compiled
def _circle_side(row: int, lat: float, lng: float) -> int:
    """Whether a point lies in a circle: the distance, rounded, is at most the radius."""
    phi, lambda_ = load_f64(row + ROW_PHI), load_f64(row + ROW_LAMBDA)
    metres = haversine_m(radians_of(lat), radians_of(lng), phi, lambda_)
    beyond = metres - (load_i32(row + ROW_RADIUS) + 0.5)
    if metres < 0 or abs(beyond) < _DOUBTFUL_M:
        return DOUBTFUL
    return INSIDE if beyond < 0 else OUTSIDE


@inlined
def _shares_category(words: int, number: int) -> bool:
    full = load_i64(words + FULLS) + FULL_BYTES * number + FULL_CATEGORIES
    asked = load_i64(words + ASKED_CATEGORIES)
    common, own = 0, 0
    for at in range(0, 32, 8):
        word = load_i64(full + at)
        own |= word
        common |= word & load_i64(asked + at)
    return common != 0 or own == 0


@compiled
def _look_again(words: int, number: int) -> int:
    """INSIDE when a row is hit, otherwise OUTSIDE; DOUBTFUL when only its place is left to see.

    What records told for certain is not asked again: gates and categories, most often.
    """
    row = load_i64(words + ROWS) + ROW_BYTES * number
    if load_i64(row + ROW_OWNER) == load_i64(words + ASKED_OWNER):
        return OUTSIDE
    if load_i64(words + GATES_DOUBTFUL) != 0:
        gate = load_u32(row + ROW_GATE) & ((1 << SHELF_SHIFT) - 1)
        if not passes(words, load_i64(words + GATES) + GATE_BYTES * gate):
            return OUTSIDE
    common = load_i64(row + ROW_MASK) & load_i64(words + ASKED_MASK)
    if common == SHARED and not _shares_category(words, number):
        return OUTSIDE
    radius = load_i32(row + ROW_RADIUS)
    if radius == REMOTE:
        return INSIDE
    lat, lng = load_f64(words + ASKED_LAT), load_f64(words + ASKED_LNG)
    if radius == AREA:
        area = load_i64(words + ARENA) + UNIT * load_u32(row + ROW_AREA)
        return side_of(area + AREA_WKB, lat, lng)
    return _circle_side(row, lat, lng)


@inlined
def _ask_for_area(words: int, number: int) -> None:
    row = load_i64(words + ROWS) + ROW_BYTES * number
    if load_i32(row + ROW_RADIUS) == AREA:
        area = load_i64(words + ARENA) + UNIT * load_u32(row + ROW_AREA)
        for line in range(0, 256, 64):
            prefetch(area + line)


@compiled
def settle(words: int, found: int) -> int:
    """Look at the rows in doubt; those that stay so come first among them."""
    hits, count, unsettled = found & COUNT_MASK, found >> COUNT_BITS, 0
    doubts, out, ahead = load_i64(words + DOUBTS), load_i64(words + OUT), 4
    for i in range(count):
        prefetch(load_i64(words + ROWS) + ROW_BYTES * load_i64(doubts + 8 * i))
    for i in range(min(ahead, count)):
        _ask_for_area(words, load_i64(doubts + 8 * i))
    for i in range(count):
        if i + ahead < count:
            _ask_for_area(words, load_i64(doubts + 8 * (i + ahead)))
        number = load_i64(doubts + 8 * i)
        side = _look_again(words, number)
        if side == INSIDE:
            store_i64(
                out + 8 * hits, load_i64(load_i64(words + ROWS) + ROW_BYTES * number + ROW_ID)
            )
            hits += 1
        elif side == DOUBTFUL:
            store_i64(doubts + 8 * unsettled, number)
            unsettled += 1
    return hits | unsettled << COUNT_BITS


@compiled
def measure(words: int, ids: int, count: int, lat: float, lng: float, metres: int) -> None:
    """Write whole metres from a point to the centre of each circle, by id.

    NO_DISTANCE for what is no circle, DOUBTFUL_DISTANCE where matcher.place has to decide.
    """
    phi, lambda_ = radians_of(lat), radians_of(lng)
    for i in range(count):
        row = load_i64(words + ROWS) + ROW_BYTES * row_of(words, load_i64(ids + 8 * i))
        whole = NO_DISTANCE
        if load_i32(row + ROW_RADIUS) >= 0:
            exact = haversine_m(load_f64(row + ROW_PHI), load_f64(row + ROW_LAMBDA), phi, lambda_)
            whole = int(np.rint(exact))
            if exact < 0 or abs(abs(exact - whole) - 0.5) < _DOUBTFUL_M:
                whole = DOUBTFUL_DISTANCE
        store_i64(metres + 8 * i, whole)

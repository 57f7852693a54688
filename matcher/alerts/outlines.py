"""Areas as kernels see them: well-known binary (WKB, little-endian, without altitude).

A WKB polygon is a byte, the number 3, and its rings: each a number of positions and so many
pairs of float64 (longitude, latitude). A multipolygon is a byte, the number 6, and its polygons.
"""

import math

from matcher.compiled import compiled, inlined, load_f64, load_u32

_POLYGON = 3
_POSITION = 16

# Rounding error of an orientation test (J. R. Shewchuk, "Adaptive Precision Floating-Point
# Arithmetic", 1997, section 4.3: (3 + 16ε)ε), and what underflow may hide.
_ORIENT_BOUND = 3.3306690738754716e-16
_UNDERFLOW = 1e-290

OUTSIDE, INSIDE, DOUBTFUL = 0, 1, -1

# Areas wider than this, in radians, and farther polewards have no inner disc.
_WIDEST_DISC = 0.2
_NEAREST_POLE = 1.4


@inlined
def _polygon_count(wkb: int) -> int:
    return 1 if load_u32(wkb + 1) == _POLYGON else load_u32(wkb + 5)


@inlined
def _first_polygon(wkb: int) -> int:
    return wkb if load_u32(wkb + 1) == _POLYGON else wkb + 9


@inlined
def _after_ring(ring: int) -> int:
    return ring + 4 + _POSITION * load_u32(ring)


@compiled
def _ring_side(ring: int, x: float, y: float) -> int:
    """Whether a ray to the east crosses a ring an odd number of times (0 or 1).

    2 on the ring, DOUBTFUL when rounding hides on which side of an edge the point is.
    """
    odd = 0
    ax, ay = load_f64(ring + 4), load_f64(ring + 12)
    for i in range(1, load_u32(ring)):
        bx, by = load_f64(ring + 4 + _POSITION * i), load_f64(ring + 12 + _POSITION * i)
        if (ay > y) != (by > y):
            left, right = (ax - x) * (by - y), (ay - y) * (bx - x)
            turn = left - right
            if abs(turn) <= _ORIENT_BOUND * (abs(left) + abs(right)) + _UNDERFLOW:
                return DOUBTFUL
            odd ^= int((turn > 0) == (by > ay))
        elif by == y and (bx == x or (ay == y and min(ax, bx) <= x <= max(ax, bx))):
            return 2
        ax, ay = bx, by
    return odd


@compiled
def _side_of(wkb: int, x: float, y: float) -> int:
    """INSIDE (the boundary counts), OUTSIDE or DOUBTFUL, by the parity of all rings."""
    odd, polygon = 0, _first_polygon(wkb)
    for _ in range(_polygon_count(wkb)):
        ring = polygon + 9
        for _ in range(load_u32(polygon + 5)):
            side = _ring_side(ring, x, y)
            if side == 2:
                return INSIDE
            if side == DOUBTFUL:
                return DOUBTFUL
            odd ^= side
            ring = _after_ring(ring)
        polygon = ring
    return INSIDE if odd else OUTSIDE


@compiled
def side_of(wkb: int, lat: float, lng: float) -> int:
    """INSIDE, OUTSIDE or DOUBTFUL; longitudes 180 and -180 are the same."""
    side = _side_of(wkb, lng, lat)
    if abs(lng) == 180.0 and side != INSIDE:
        other = _side_of(wkb, -lng, lat)
        if other != OUTSIDE:
            return other
    return side


@compiled
def _extent(ring: int) -> tuple[float, float, float, float]:
    """West, south, east and north of a ring."""
    west, south, east, north = 180.0, 90.0, -180.0, -90.0
    for i in range(load_u32(ring)):
        x, y = load_f64(ring + 4 + _POSITION * i), load_f64(ring + 12 + _POSITION * i)
        west, east = min(west, x), max(east, x)
        south, north = min(south, y), max(north, y)
    return west, south, east, north


@inlined
def _shift(ring: int, wrapped: bool) -> float:
    """By how much the longitudes of a polygon are counted on, beyond 180, given its outer ring."""
    if not wrapped:
        return 0.0
    west, _, east, _ = _extent(ring)
    return 360.0 if west + east < 0 else 0.0


@inlined
def _after_polygon(polygon: int) -> int:
    ring = polygon + 9
    for _ in range(load_u32(polygon + 5)):
        ring = _after_ring(ring)
    return ring


@compiled
def _bounds(wkb: int, wrapped: bool) -> tuple[float, float, float, float]:
    """West, south, east and north; when wrapped, the western half of the globe lies in the east."""
    west, south, east, north = 540.0, 90.0, -180.0, -90.0
    polygon = _first_polygon(wkb)
    for _ in range(_polygon_count(wkb)):
        x0, y0, x1, y1 = _extent(polygon + 9)
        shift = _shift(polygon + 9, wrapped)
        west, east = min(west, x0 + shift), max(east, x1 + shift)
        south, north = min(south, y0), max(north, y1)
        polygon = _after_polygon(polygon)
    return west, south, east, north


@compiled
def bounds(wkb: int) -> tuple[float, float, float, float, bool]:
    """West, south, east, north in degrees, and whether the box goes on beyond 180."""
    west, south, east, north = _bounds(wkb, False)
    other = _bounds(wkb, True)
    if other[2] - other[0] < east - west:
        return other[0], south, other[2], north, True
    return west, south, east, north, False


@inlined
def _gap(ax: float, ay: float, bx: float, by: float) -> float:
    """Distance of the edge from a to b from the origin of a plane."""
    dx, dy = bx - ax, by - ay
    length = dx * dx + dy * dy
    share = 0.0
    if length > 0:
        share = min(1.0, max(0.0, -(ax * dx + ay * dy) / length))
    return math.hypot(ax + share * dx, ay + share * dy)


@compiled
def _spread(wkb: int, phi: float, lambda_: float, wrapped: bool, wide: float, near: bool) -> float:
    """Distance of the farthest corner, or of the nearest edge, from a centre (radians).

    In the plane of latitude and of longitude times `wide`.
    """
    most, least = 0.0, math.inf
    polygon = _first_polygon(wkb)
    for _ in range(_polygon_count(wkb)):
        ring = polygon + 9
        shift = _shift(ring, wrapped)
        for _ in range(load_u32(polygon + 5)):
            ax = ay = 0.0
            for i in range(load_u32(ring)):
                at = ring + 4 + _POSITION * i
                bx = (math.radians(load_f64(at) + shift) - lambda_) * wide
                by = math.radians(load_f64(at + 8)) - phi
                most = max(most, math.hypot(bx, by))
                if near and i > 0:
                    least = min(least, _gap(ax, ay, bx, by))
                ax, ay = bx, by
            ring = _after_ring(ring)
        polygon = ring
    return least if near else most


@inlined
def _sinc(x: float) -> float:
    return math.sin(x) / x if x > 0 else 1.0


@compiled
def outer_chord(wkb: int, phi: float, lambda_: float, wrapped: bool, rise: float) -> float:
    """A chord, the radius of the Earth being 1, within which of a centre the whole area lies.

    `rise` is how far latitudes reach from phi. The square of the chord is at most Δφ² + cos φ cos
    φ′ Δλ², with the greatest cosine there is; that is convex, so corners are the farthest.
    """
    north, south = phi + rise, phi - rise
    widest = 1.0 if south <= 0 <= north else max(math.cos(north), math.cos(south))
    wide = math.sqrt(max(0.0, math.cos(phi)) * widest)
    return min(2.0, _spread(wkb, phi, lambda_, wrapped, wide, False) * (1 + 1e-9) + 1e-9)


@compiled
def inner_chord(wkb: int, phi: float, lambda_: float, wrapped: bool, rise: float) -> float:
    """A chord within which of the centre everything lies in the area; 0 when none is known.

    Within ρ of the centre, the square of the chord is at least a Δφ² + b cos φ cos φ′ Δλ², with
    the least cosine there is and a, b the squares of sin(x)/x at half of the largest Δφ and Δλ.
    Nearer than the nearest edge in that plane there is no edge.
    """
    rho = 1.05 * rise
    if rho > _WIDEST_DISC or abs(phi) + rho > _NEAREST_POLE:
        return 0.0
    lng = math.degrees(lambda_)
    if side_of(wkb, math.degrees(phi), lng - 360.0 if lng > 180 else lng) != INSIDE:
        return 0.0
    run = math.asin(min(1.0, math.sin(rho) / math.cos(phi)))
    tall = _sinc(rho / 2)
    wide = math.sqrt(math.cos(phi) * math.cos(abs(phi) + rho)) * _sinc(run / 2)
    gap = tall * _spread(wkb, phi, lambda_, wrapped, wide / tall, True)
    return max(0.0, min(gap * (1 - 1e-9) - 1e-9, 2 * math.sin(rho / 2)))

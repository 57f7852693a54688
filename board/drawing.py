"""An area that somebody draws for an alert: no smaller than a circle of the smallest radius.

Its corners are kept to about a kilometre, as places are; what is drawn finer is not kept.
"""

from __future__ import annotations

import math

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from board.checking import AREA_FAULTS
from board.i18n import N_
from board.validation import Refused
from matcher.areas import AreaError, AreaFault, area_m2, parse_polygon

#: Each part holds a circle of this radius: the floor of the radius of alerts.
LEAST_RADIUS_KM = 2.0
#: As large as the circle of the largest radius of alerts.
MOST_KM2 = round(math.pi * 200**2)
#: Decimals of the degrees of a corner: about a kilometre.
_DECIMALS = 2
#: Resolution of the cell after which a drawn area is called.
NAMED_RESOLUTION = 6
_KM_PER_DEGREE = 111.2


def drawn_area(geojson: object) -> BaseGeometry:
    """The area of a GeoJSON polygon, its corners rounded; raises Refused."""
    try:
        area = parse_polygon(geojson)
    except AreaError as error:
        raise Refused(AREA_FAULTS[error.code]) from None
    if area_m2(area) > MOST_KM2 * 1e6:
        raise Refused(
            N_("Draw a smaller area: of at most %(most)d square kilometres."), most=MOST_KM2
        )
    rounded = shapely.transform(area, lambda corners: np.round(corners, _DECIMALS))
    if not shapely.is_valid(rounded):
        raise Refused(AREA_FAULTS[AreaFault.INVALID])
    if not all(_is_wide(part) for part in shapely.get_parts(rounded)):
        raise Refused(
            N_("Draw a larger area: a circle of %(radius)g km around a point must fit in."),
            radius=LEAST_RADIUS_KM,
        )
    return rounded


def _is_wide(part: BaseGeometry) -> bool:
    """Whether a circle of the smallest radius fits into this polygon, in a plane of kilometres."""
    stretch = math.cos(math.radians(part.centroid.y))
    scale = np.array([_KM_PER_DEGREE * stretch, _KM_PER_DEGREE])
    plane = shapely.transform(part, lambda corners: corners * scale)
    return not plane.buffer(-LEAST_RADIUS_KM).is_empty

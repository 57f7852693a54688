"""Alerts as changes.py takes them: one by one, and in columns."""

import struct

import h3.api.basic_int as h3
import numpy as np
import shapely
from numpy.typing import NDArray

from matcher.alerts.alert import Alert
from matcher.alerts.categories import category_words
from matcher.alerts.columns import AlertColumns
from matcher.alerts.layout import AREA, REMOTE
from matcher.areas import Area
from matcher.centers import centers

# Little-endian, a polygon, one ring, its positions.
_ONE_RING = struct.Struct("<BIII")
# The NEW_… fields of changes.py, written one by one and in columns.
_NEW = struct.Struct("=qqqddqqqQQQQqq")
_NEW_FIELDS = np.dtype(
    [
        ("id", np.int64),
        ("owner", np.int64),
        ("cell", np.int64),
        ("lat", np.float64),
        ("lng", np.float64),
        ("radius", np.int64),
        ("gate", np.int64),
        ("mask", np.int64),
        ("categories", np.uint64, (4,)),
        ("wkb", np.int64),
        ("wkb_bytes", np.int64),
    ]
)


def pack_alert(buffer: memoryview, alert: Alert, gate: int, mask: int) -> bytes:
    """Write one alert to the buffer; gives the bytes of its area, which must outlive that."""
    # Without a cell, the radius stands in its place: it counts for nothing, but is given back.
    cell, lat, lng, radius, address = alert.radius_m, 0.0, 0.0, REMOTE, 0
    wkb = b""
    if alert.cell is not None:
        cell, radius = alert.cell, alert.radius_m
        lat, lng = h3.cell_to_latlng(cell)
    elif alert.area is not None:
        wkb, radius = _wkb(alert.area), AREA
        address = np.frombuffer(wkb, dtype=np.uint8).ctypes.data
    _NEW.pack_into(
        buffer,
        0,
        alert.id,
        alert.owner,
        cell,
        lat,
        lng,
        radius,
        gate,
        mask,
        *category_words(alert.categories),
        address,
        len(wkb),
    )
    return wkb


def _wkb(area: Area) -> bytes:
    """The area as outlines.py reads it."""
    if area.geom_type == "Polygon" and shapely.get_num_interior_rings(area) == 0:
        # What to_wkb writes, in a third of its time.
        positions = shapely.get_coordinates(area)
        written: bytes = _ONE_RING.pack(1, 3, 1, len(positions)) + positions.tobytes()
        return written
    return bytes(shapely.to_wkb(area, output_dimension=2, byte_order=1))


def joined_wkb(areas: NDArray[np.object_]) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """All areas in one array, and the length of each, 0 for none."""
    present = np.flatnonzero(areas != np.array(None))
    written = shapely.to_wkb(areas[present], output_dimension=2, byte_order=1)
    lengths = np.zeros(len(areas), dtype=np.int64)
    lengths[present] = [len(each) for each in written]
    return np.frombuffer(b"".join(written), dtype=np.uint8), lengths


def pack_columns(
    chunk: AlertColumns,
    gates: NDArray[np.int64],
    masks: NDArray[np.int64],
    wkb: tuple[NDArray[np.uint8], NDArray[np.int64]],
) -> NDArray[np.void]:
    """Alerts as changes.py takes them; the bytes of the areas must outlive it."""
    news = np.zeros(len(chunk), dtype=_NEW_FIELDS)
    cells, inverse = np.unique(chunk.cell, return_inverse=True)
    degrees = np.zeros((len(cells), 2))
    degrees[cells != 0] = centers(cells[cells != 0])
    degrees = degrees[inverse]
    joined, lengths = wkb
    radius = np.where(lengths > 0, AREA, np.where(chunk.cell == 0, REMOTE, chunk.radius_m))
    news["id"], news["owner"] = chunk.id, chunk.owner
    news["cell"] = np.where(chunk.cell == 0, chunk.radius_m, chunk.cell)
    news["lat"], news["lng"], news["radius"] = degrees[:, 0], degrees[:, 1], radius
    news["gate"], news["mask"] = gates[chunk.condition], masks
    news["categories"] = chunk.categories
    news["wkb"] = joined.ctypes.data + np.cumsum(lengths) - lengths
    news["wkb_bytes"] = lengths
    return news

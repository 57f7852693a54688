"""Real coordinates, from which homes and the places of requests are drawn."""

from __future__ import annotations

import csv
import os
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.privacy.earth import distances_m, moved
from benchmarks.waves.ranges import LEAST_ROWS
from config.settings import ROOT

Array = NDArray[np.float64]
#: Source of the coordinates: file in the folder of the real data.
SOURCES = {
    "mutual-aid": "mutual-aid-groups/groups.csv",
    "haiti": "haiti-2010/reports_structured.csv",
}


class DataMissing(SystemExit):
    """The real coordinates are not there; the message says where they are looked for."""


def folder() -> Path:
    """The folder of the real data: $ENTRAIDE_DATA, or the usual one beside the project."""
    return Path(os.environ.get("ENTRAIDE_DATA") or ROOT.parent / "shared" / "data")


@cache
def coordinates(source: str) -> Array:
    """Latitude and longitude in degrees, [rows, 2]. Raises DataMissing."""
    path = folder() / SOURCES[source]
    if not path.exists():
        raise DataMissing(f"waves: {path} is not there; ENTRAIDE_DATA names the folder of the data")
    with path.open(encoding="utf-8", newline="") as file:
        rows = [(float(row["lat"]), float(row["lon"])) for row in csv.DictReader(file)]
    return np.array(rows)


def region(source: str, reach_km: float, random: np.random.Generator) -> Array:
    """The rows within a distance of one that is drawn, and at least the nearest LEAST_ROWS."""
    everything = coordinates(source)
    lat, lng = everything[random.integers(len(everything))]
    away = distances_m(everything, (lat, lng))
    rows = max(LEAST_ROWS, int((away <= 1000 * reach_km).sum()))
    return everything[np.argsort(away, kind="stable")[:rows]]


def points(rows: Array, count: int, beside_km: float, random: np.random.Generator) -> Array:
    """Positions beside drawn rows: many rows share one coordinate, often the middle of a town."""
    chosen = rows[random.integers(len(rows), size=count)]
    away = np.abs(random.normal(0, beside_km * 1000, count))
    return moved(chosen, away, random.uniform(0, 2 * np.pi, count))

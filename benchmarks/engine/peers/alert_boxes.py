"""Boxes around the circles of alerts, for indexes of the plane."""

from __future__ import annotations

import numpy as np

from benchmarks.engine.alert_rules import Conditions, Floats, Rows
from matcher.place import EARTH_RADIUS_M


def boxes(conditions: Conditions) -> tuple[Rows, Floats]:
    """Rows of the circles and their boxes: west, south, east, north in degrees.

    A circle that crosses ±180 degrees comes twice, once on either side; one around a pole has a
    box that goes all the way round. The half width in longitude is asin(sin r / cos φ).
    """
    rows = np.flatnonzero(conditions.circle)
    phi, lambda_ = conditions.phi[rows], conditions.lambda_[rows]
    r = (conditions.alerts.radius_m[rows] + 1.5) / EARTH_RADIUS_M
    polar = np.abs(phi) + r >= np.pi / 2
    half = np.arcsin(np.minimum(np.sin(r) / np.maximum(np.cos(phi), 1e-12), 1.0))
    west = np.where(polar, -180.0, np.degrees(lambda_ - half))
    east = np.where(polar, 180.0, np.degrees(lambda_ + half))
    south, north = np.degrees(phi - r), np.degrees(phi + r)
    found_rows, found = [], []
    for shift in (0, 360, -360):
        here = (west + shift < 180) & (east + shift > -180)
        here &= ~polar | (shift == 0)
        corners = west + shift, south, east + shift, north
        found.append(np.column_stack([each[here] for each in corners]))
        found_rows.append(rows[here])
    return np.concatenate(found_rows), np.concatenate(found)

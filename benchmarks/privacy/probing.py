"""Probing with alerts: a mail says that somebody new is within a radius of a place."""

from __future__ import annotations

import numpy as np

from benchmarks.privacy.earth import Point, disc, distances_m, moved
from benchmarks.privacy.guessing import Target, around, least_contradicted
from benchmarks.privacy.site import Circle, Site, Wanted
from board.alerts import RADIUS_KM

#: Alerts around each person, each of a member of its own: a member hears of a listing once.
ALERTS = 24


def by_alerts(site: Site, target: Target, random: np.random.Generator) -> Point:
    """Lay circles across the cell, let the person post, and see which circles were told."""
    name = target.person.name
    circles = _circles(site, target, random)
    told_of = dict(zip(site.wait_for(name, circles), circles, strict=True))
    site.publish([Wanted(name, "request", target.person.point)], announce=True)
    told = site.told()
    candidates = around(target.cell, random)
    contradiction = np.zeros(len(candidates))
    for alert_id, (place, radius_m) in told_of.items():
        within = distances_m(candidates, place.center) <= radius_m
        contradiction += within != (alert_id in told)
    return least_contradicted(candidates, contradiction)


def _circles(site: Site, target: Target, random: np.random.Generator) -> list[Circle]:
    """Places and radii in metres whose circles cut the cell in many directions."""
    width_m = target.width_m
    far = RADIUS_KM[0] * 1000 + width_m * random.uniform(1.0, 3.0, ALERTS)
    points = moved(target.cell.center, far, random.random(ALERTS) * 2 * np.pi)
    through = disc(target.cell.center, 0.5 * width_m, ALERTS, random)
    circles = []
    for (lat, lng), cut in zip(points.tolist(), through, strict=True):
        place = site.kept((lat, lng))
        radius_m = round(float(distances_m(cut[None, :], place.center)[0]))
        circles.append((place, max(radius_m, round(RADIUS_KM[0] * 1000))))
    return circles

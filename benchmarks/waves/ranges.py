"""What is drawn anew for each seed, and from which ranges. Fixed before any policy was written."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np

#: Hours of a week, and how many weeks are simulated; the first ones only fill the histories.
WEEK_H = 168.0
WEEKS = 16
UNCOUNTED_WEEKS = 4

#: Categories 1 to 23, as many as the board has.
CATEGORIES = 23
#: Radius of an alert in km: the board's floor, and where the simulation cuts.
RADIUS_KM = (2.0, 50.0)
#: Messages in seven days: what the board gives who chooses nothing, and what others choose.
USUAL_CAP = 20
CHOSEN_CAPS = (2, 3, 5, 10)
#: Hours until the end, by urgency 0 (standing) to 3 (today).
HOURS_LEFT = ((168.0, 336.0), (72.0, 168.0), (24.0, 60.0), (3.0, 12.0))
MOST_PLACES = 8
LEAST_ROWS = 100
#: Resolutions of the cell that the board knows of a place, and of the areas that are compared.
CELL_RESOLUTION = 8
AREA_RESOLUTION = 6

Range = tuple[float, float]


@dataclass(frozen=True)
class Ranges:
    """(lowest, highest), drawn evenly."""

    # People and places
    people: Range = (400, 1000)
    #: Real coordinates within so many km of one of them, and at least LEAST_ROWS, make a region.
    reach_km: Range = (15, 60)
    #: Standard deviation by which a home lies beside its row, in km.
    beside_km: Range = (0.3, 1.5)
    #: Of requests, drawn from distinct points instead of rows: more of them in sparse country.
    scattered: Range = (0.1, 0.3)
    # Alerts
    radius_median_km: Range = (4, 12)
    radius_spread: Range = (0.4, 0.7)
    #: Share whose alert names no category; the others name one to five.
    any_category: Range = (0.3, 0.6)
    #: Share who want urgent requests only.
    urgent_only: Range = (0.0, 0.15)
    usual_cap: Range = (0.4, 0.7)
    #: Share who let urgent messages pass in quiet hours.
    passes_quiet: Range = (0.2, 0.5)
    # Requests
    per_person_week: Range = (0.02, 0.08)
    one_place: Range = (0.6, 0.8)
    #: Concentration of the shares of categories: small is uneven.
    evenness: Range = (0.5, 2.0)
    # Acceptance of somebody who is engaged, near by, in the middle of all people
    acceptance: Range = (0.08, 0.35)
    #: Standard deviation of the log-odds between people. Rescues per volunteer in the food-rescue
    #: data have a mean of 33.6 and a standard deviation of 151, which a log-normal law has at 1.75;
    #: part of that is how long people stayed, so lower values are drawn too.
    between_people: Range = (1.0, 1.75)
    #: Of the log-odds between categories for one person, and what naming a category adds.
    taste: Range = (0.3, 0.8)
    named: Range = (0.2, 0.8)
    #: Log-odds for each level of urgency, and standard deviation between the six parts of the day.
    per_urgency: Range = (0.0, 0.3)
    hours: Range = (0.2, 0.6)
    # Law "logistic": log-odds fall by slope * ln(1 + d / near)
    slope: Range = (0.6, 1.6)
    near_km: Range = (1.0, 3.0)
    # Law "barriers": (1 + d / near)^-power, a personal limit, barriers between neighbourhoods
    power: Range = (0.5, 1.5)
    limit_median_km: Range = (3, 8)
    beyond_limit: Range = (0.05, 0.3)
    barrier: Range = (0.0, 0.3)
    over_barrier: Range = (0.1, 0.5)
    free_parts: Range = (0.4, 0.8)
    not_free: Range = (0.1, 0.4)
    # Answers
    delay_median_h: Range = (0.2, 1.5)
    delay_spread: Range = (0.8, 1.4)
    #: Share of those who do not accept that say so; the others are silent.
    says_no: Range = (0.1, 0.5)
    #: What is left of the acceptance of somebody who is not engaged.
    not_engaged: Range = (0.05, 0.3)
    #: Hours for which somebody who got a place takes no other.
    busy_h: Range = (4, 72)

    def draw(self, random: np.random.Generator) -> Drawn:
        """One value of each."""
        return Drawn({f.name: float(random.uniform(*getattr(self, f.name))) for f in fields(self)})


class Drawn:
    """The values of one seed, as attributes named like the ranges."""

    def __init__(self, values: dict[str, float]) -> None:
        self.values = values

    def __getattr__(self, name: str) -> float:
        try:
            return float(self.__dict__["values"][name])
        except KeyError:
            raise AttributeError(name) from None

"""What the board's codes are called, and the reasons of a match in words.

All texts are English message ids; the caller passes the `gettext` of the reader's language.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from babel import Locale
from babel.units import format_unit

from board.i18n import N_
from board.rhythms import Rhythm
from matcher.taxonomy import Kind, Reach, Taxonomy, Urgency

if TYPE_CHECKING:
    from matcher.listing import Match

Gettext = Callable[[str], str]

GROUPS: Final[Mapping[str, str]] = {
    "daily": N_("Daily life"),
    "people": N_("People"),
    "home": N_("Home"),
    "knowledge": N_("Knowledge"),
    "rights": N_("Rights and formalities"),
    "other": N_("Other"),
}

CATEGORIES: Final[Mapping[str, str]] = {
    "groceries": N_("Groceries"),
    "medicine": N_("Medicine and pharmacy"),
    "meals": N_("Meals"),
    "errands": N_("Post and small errands"),
    "childcare": N_("Childcare"),
    "eldercare": N_("Help for older people"),
    "listening": N_("Listening and company"),
    "housing": N_("Emergency housing"),
    "pets": N_("Pets"),
    "transport": N_("Transport"),
    "moving": N_("Moving and repairs"),
    "goods": N_("Gifts and loans"),
    "health-guidance": N_("Health guidance"),
    "tutoring": N_("Help with school"),
    "language": N_("Languages and translation"),
    "digital": N_("Digital help"),
    "newcomers": N_("Welcome and good addresses"),
    "jobs": N_("Jobs"),
    "admin": N_("Paperwork"),
    "legal": N_("Legal rights"),
    "repatriation": N_("Return and travel"),
    "money": N_("Emergency money"),
    "other": N_("Other"),
}

#: Why somebody was asked in a wave, beside distance, category and urgency.
BECAUSE: Final[Mapping[str, str]] = {
    "said_yes": N_("you have said yes before"),
    "rested": N_("it is a while since we last wrote to you"),
    "seldom_answered": N_("few people answer around there"),
    "widened": N_("others were asked before you, and somebody is still needed"),
}

KINDS: Final[Mapping[Kind, str]] = {
    Kind.REQUEST: N_("Request"),
    Kind.OFFER: N_("Offer"),
    Kind.INFO: N_("Official information"),
}

ORGANISATIONS: Final[Mapping[str, str]] = {
    "consulate": N_("Consulate"),
    "embassy": N_("Embassy"),
    "association": N_("Association"),
    "town-hall": N_("Town hall"),
    "ngo": N_("Aid organisation"),
}

#: Roles that are granted to a person.
ROLES: Final[Mapping[str, str]] = {
    "relay": N_("Relay"),
    "moderator": N_("Moderator"),
    "administrator": N_("Administrator"),
}

URGENCIES: Final[Mapping[Urgency, str]] = {
    Urgency.TODAY: N_("today"),
    Urgency.SOON: N_("within two days"),
    Urgency.WEEK: N_("this week"),
    Urgency.STANDING: N_("no hurry"),
}

REACHES: Final[Mapping[Reach, str]] = {
    Reach.LOCAL: N_("around the place"),
    Reach.COUNTRY: N_("anywhere in the same country"),
    Reach.LANGUAGE: N_("anywhere in the same language"),
    Reach.WORLD: N_("worldwide"),
}

RHYTHMS: Final[Mapping[Rhythm, str]] = {
    Rhythm.INSTANT: N_("At once, one mail each"),
    Rhythm.DAILY: N_("Once a day, all in one mail"),
    Rhythm.WEEKLY: N_("Once a week, all in one mail"),
}

_REMOTE: Final[Mapping[Reach, str]] = {
    Reach.COUNTRY: N_("remote: same country"),
    Reach.LANGUAGE: N_("remote: same language"),
    Reach.WORLD: N_("remote: worldwide"),
}

#: Resolution → (kilometres to which a distance is rounded, mean edge of a cell in kilometres,
#: from H3's table of cell areas and edges); finer cells count as 8.
_KNOWN_KM: Final[Mapping[int, tuple[float, float]]] = {
    **{8: (0.1, 0.531), 7: (1, 1.406), 6: (10, 3.725), 5: (50, 9.854), 4: (100, 26.07)},
    **{3: (200, 68.98), 2: (500, 182.5), 1: (1_000, 483.1), 0: (5_000, 1_281)},
}
_FINEST_KNOWN = 8
#: A cell this coarse is said by its name where it has one.
_NAMED_RESOLUTION = 5
#: From here on tenths of a kilometre or a mile help nobody.
_WHOLE_FROM = 10
#: Where roads are measured in miles (measurement systems US and UK of Unicode CLDR).
_MILES: Final = frozenset({"GB", "LR", "US"})
_KM_IN_A_MILE: Final = 1.609344


@lru_cache(maxsize=16)
def _languages(locale: str) -> Mapping[str, str]:
    return dict(Locale.parse(locale).languages)


def language_name(code: str, locale: str) -> str:
    """Name of an ISO 639-1 language in a locale (from Unicode CLDR); the code when unknown."""
    return _languages(locale).get(code, code)


def distance_words(
    distance_m: int, coarser_resolution: int, gettext: Gettext, locale: str, place_name: str = ""
) -> str:
    """A distance between two cells' centres, claiming no more than the coarser cell knows.

    `coarser_resolution` is the lower resolution of the two; `place_name` is what the farther
    place is called, where it may be said. A `locale` of a country that measures in miles, such as
    "en_GB", is told miles, rounded to as many as others are told kilometres. The rule:

    - resolution 8 and finer (edge 0.5 km): tenths of a kilometre, whole ones from ten: "1.2 km"
    - 7 (edge 1.4 km): whole kilometres: "about 8 km"
    - 6 (edge 3.7 km): tens of kilometres: "about 10 km"
    - 5 and coarser: "somewhere in Douala" where there is a name; otherwise the distance to
      50 km at 5, 100 km at 4, and so on up to 5,000 km at 0: "about 150 km"
    - at any resolution, what is shorter than the cell's edge or would round to nothing has no
      number: "somewhere in Douala", or "in the same area" without a name. The edge of a hexagon
      is also the radius of the circle around it: closer than that, the centre of one cell can
      lie in the other.
    """
    # Browsers name countries that CLDR pairs with no such language, such as "fr-US".
    language, _, country = locale.partition("_")
    in_miles = country in _MILES
    distance_km = distance_m / 1000
    distance = distance_km / _KM_IN_A_MILE if in_miles else distance_km
    step, edge_km = _KNOWN_KM[min(coarser_resolution, _FINEST_KNOWN)]
    exact = coarser_resolution >= _FINEST_KNOWN
    if exact and distance >= _WHOLE_FROM:
        step = 1
    steps = round(distance / step)
    nothing_known = steps == 0 or distance_km < edge_km
    if place_name and (nothing_known or coarser_resolution <= _NAMED_RESOLUTION):
        return gettext(N_("somewhere in %(place)s")) % {"place": place_name}
    if nothing_known:
        return gettext(N_("in the same area"))
    unit = "length-mile" if in_miles else "length-kilometer"
    length = format_unit(round(steps * step, 1), unit, "short", locale=language)
    return length if exact else gettext(N_("about %(distance)s")) % {"distance": length}


def reason_words(
    match: Match, gettext: Gettext, locale: str, *, taxonomy: Taxonomy, place_name: str = ""
) -> list[str]:
    """Why a match stands where it stands, each reason in a few words, the weightiest first.

    For example ["1.2 km", "same category", "today"]. `place_name` is that of the counterpart,
    said instead of a distance where its cell is too coarse for one.
    """
    reasons = []
    if match.remote is not None:
        reasons.append(gettext(_REMOTE[match.remote]))
    elif match.distance_m is not None and match.coarser_resolution is not None:
        reasons.append(
            distance_words(match.distance_m, match.coarser_resolution, gettext, locale, place_name)
        )
    if match.same_category:
        reasons.append(gettext(N_("same category")))
    else:
        category = gettext(CATEGORIES[taxonomy.slug(match.category)])
        reasons.append(gettext(N_("near category: %(category)s")) % {"category": category})
    reasons.append(gettext(URGENCIES[Urgency(match.urgency)]))
    if match.beyond:
        reasons.append(gettext(N_("beyond the radius")))
    return reasons

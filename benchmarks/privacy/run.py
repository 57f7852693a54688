"""`python -m benchmarks privacy`: attacks on positions, and what the defence costs the helpers."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from benchmarks.harness import Options, Result
from benchmarks.privacy import averaging, helpers, inversion, probing, trilateration
from benchmarks.privacy.earth import Point
from benchmarks.privacy.guessing import Target
from benchmarks.privacy.measures import BOARD, WEAK, judged, paid
from benchmarks.privacy.people import Person, draw
from benchmarks.privacy.site import Site, requests_of
from matcher.place import Place

SEED = 20_111
_Attack = Callable[[Site, Target, np.random.Generator], Point]

#: Guess so many positions with each kind of attack, thoroughly and quickly.
PEOPLE = {"reads": (400, 48), "reposts": (400, 48), "searches": (200, 16), "alerts": (120, 16)}
READS = (1000, 40)
#: People of the ranking, and the places that they live in.
HELPERS = ((8000, 16), (1200, 4))


def run(options: Options) -> Iterator[Result]:
    """One line an attack and defence, then what the cells cost."""
    quick = int(options.quick)
    with Site.opened(defended=True) as site:
        people = draw(site.board.gazetteer, max(counts[quick] for counts in PEOPLE.values()), SEED)
        site.publish(requests_of(people))
        targets = _shown(site, people)
        yield from _reading(site, targets, quick)
        yield from _searching(site, targets[: PEOPLE["searches"][quick]], BOARD)
    with Site.opened(defended=True) as site:
        yield _probing(site, targets[: PEOPLE["alerts"][quick]], BOARD)
    with Site.opened(defended=False) as site:
        chosen = targets[: PEOPLE["searches"][quick]]
        site.publish(requests_of([target.person for target in chosen]))
        yield from _searching(site, chosen, WEAK)
    with Site.opened(defended=False) as site:
        yield _probing(site, targets[: PEOPLE["alerts"][quick]], WEAK)
    with Site.opened(defended=True) as site:
        yield from _helping(site, *HELPERS[quick])


def _shown(site: Site, people: list[Person]) -> list[Target]:
    """What the map shows of each person."""
    cells = {
        feature["properties"]["title"]: Place.from_hex(feature["properties"]["cell"])
        for feature in site.features()
    }
    return [Target(person, cells[person.name]) for person in people]


def _reading(site: Site, targets: list[Target], quick: int) -> Iterator[Result]:
    """What can be done with the public point alone."""
    random = np.random.default_rng(SEED)
    count = READS[quick]
    guesses = averaging.reads(site, targets, count, random)
    yield judged("averaging", BOARD, targets, guesses, reads=count)
    noisy = [averaging.noisy_reads(target, count, random) for target in targets]
    yield judged("averaging", WEAK, targets, noisy, reads=count)
    again = targets[: PEOPLE["reposts"][quick]]
    guesses = averaging.reposts(site, again, random)
    yield judged(
        "averaging over reposts", BOARD, again, guesses,
        reposts=averaging.REPOSTS, gps_error_m=averaging.GPS_ERROR_M,
    )  # fmt: skip
    guesses = inversion.cells(site, targets, random)
    yield judged("inversion", BOARD, targets, guesses)
    guesses = [inversion.displacement(target, random) for target in targets]
    yield judged("inversion", WEAK, targets, guesses)


def _searching(site: Site, targets: list[Target], defence: str) -> Iterator[Result]:
    """Trilateration by the radius, by the words and by the order."""
    random = np.random.default_rng(SEED)
    own = trilateration.decoys(targets, random)
    site.publish(trilateration.offers_of(own))
    attacks: dict[str, _Attack] = {
        "trilateration by radius": trilateration.by_radius,
        "trilateration by words": trilateration.by_words,
        "trilateration by order": lambda site, target, random: trilateration.by_order(
            site, target, own, random
        ),
    }
    for attack, guess in attacks.items():
        guesses = [guess(site, target, random) for target in targets]
        yield judged(attack, defence, targets, guesses)


def _probing(site: Site, targets: list[Target], defence: str) -> Result:
    """Alerts laid across the cell."""
    random = np.random.default_rng(SEED)
    guesses = [probing.by_alerts(site, target, random) for target in targets]
    return judged("alert probe", defence, targets, guesses, alerts=probing.ALERTS)


def _helping(site: Site, count: int, towns: int) -> Iterator[Result]:
    """The ranking on cells against the one on exact points: in all categories, and in one."""
    people = draw(site.board.gazetteer, count, SEED, towns=towns)
    for ranking, categories in (("as on the board", None), ("by distance alone", 1)):
        random = np.random.default_rng(SEED)
        yield paid(ranking, helpers.costs(site.board, people, random, categories))

"""The benchmark of the attacks measures what it says: they find what leaks, and nothing else."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.privacy import inversion, probing, trilateration, weak
from benchmarks.privacy.earth import disc, distances_m, middle, moved, width_m
from benchmarks.privacy.guessing import Target
from benchmarks.privacy.helpers import costs
from benchmarks.privacy.measures import BOARD, WEAK, judged, paid
from benchmarks.privacy.people import COUNTRIES, Person, draw
from benchmarks.privacy.site import Site, requests_of
from board import listings, places
from board.gazetteer import Gazetteer
from matcher.place import Place, great_circle_m

#: In a large town, in sparse country, and either side of ±180.
PEOPLE = [
    Person("p0", "city", (4.0531, 9.7012)),
    Person("p1", "sparse", (66.0123, 100.0456)),
    Person("p2", "antimeridian", (-16.7788, -179.9991)),
]
points = st.tuples(st.floats(-80, 80), st.floats(-180, 180))


@given(points, st.floats(0, 5e5), st.floats(0, 6.28))
def test_points_move_as_far_as_they_are_told(
    start: tuple[float, float], far_m: float, bearing: float
) -> None:
    """On the board's own sphere, over ±180 too."""
    end = moved(start, np.array([far_m]), np.array([bearing]))
    assert great_circle_m(*start, *end[0]) == pytest.approx(far_m, abs=0.1)
    assert distances_m(end, start)[0] == pytest.approx(far_m, abs=0.1)


@pytest.mark.parametrize("center", [(4.05, 9.7), (-16.8, 180.0), (-16.8, -179.999)])
def test_the_middle_of_a_disc_is_its_centre(center: tuple[float, float]) -> None:
    """No seam pulls it to the other side of the Earth."""
    some = disc(center, 1000, 4000, np.random.default_rng(1))
    assert great_circle_m(*center, *middle(some)) < 40
    assert distances_m(some, center).max() <= 1000.1


def test_the_size_of_a_cell_is_its_width() -> None:
    """About as the documents say: 0.92 and 2.4 km on the mean."""
    assert width_m(Place.at(4.05, 9.7, 8).cell) == pytest.approx(920, rel=0.15)
    assert width_m(Place.at(4.05, 9.7, 7).cell) == pytest.approx(2400, rel=0.15)


def test_people_live_in_every_sort_of_country(gazetteer: Gazetteer) -> None:
    """The same for one seed, in equal shares, some either side of ±180."""
    people = draw(gazetteer, 40, 7)
    assert people == draw(gazetteer, 40, 7)
    assert {country: sum(each.country == country for each in people) for country in COUNTRIES} == (
        dict.fromkeys(COUNTRIES, 10)
    )
    seam = [each.point[1] for each in people if each.country == "antimeridian"]
    assert min(seam) < 0 < max(seam)


def test_the_weak_copies_do_what_their_precedents_did() -> None:
    """One lands anywhere within 250 m, the other always 400 m away."""
    random = np.random.default_rng(1)
    point = PEOPLE[0].point
    seen = np.array([weak.fresh_noise(point, random) for _ in range(500)])
    assert 200 < distances_m(seen, point).max() <= weak.NOISE_M + 0.1
    shown = weak.displaced(np.array([point, point]))
    assert (shown[0] == shown[1]).all()
    assert distances_m(shown, point) == pytest.approx(weak.SHIFT_M, abs=10)


def test_the_weak_board_is_gone_after_its_block(gazetteer: Gazetteer) -> None:
    """What it changes in the program is put back."""
    before = (places.FINEST, places.kept_resolution, listings._view)
    with weak.exact_points(gazetteer):
        assert places.kept_cell(gazetteer, Place.at(4.05, 9.7, 15).cell, ()) == (
            Place.at(4.05, 9.7, 15).cell
        )
    assert (places.FINEST, places.kept_resolution, listings._view) == before


@pytest.fixture(params=[BOARD, WEAK])
def attacked(request: pytest.FixtureRequest) -> Iterator[tuple[str, Site, list[Target]]]:
    """A board with people on it, well and weakly defended; what it shows of them is the same."""
    with Site.opened(defended=True) as site:
        targets = [Target(each, site.kept(each.point)) for each in PEOPLE]
    with Site.opened(defended=request.param == BOARD) as site:
        yield request.param, site, targets


def test_trilateration_finds_exact_points_and_nothing_on_the_board(
    attacked: tuple[str, Site, list[Target]],
) -> None:
    """To some metres where searches work on exact points; to the cell's centre on the board."""
    defence, site, targets = attacked
    site.publish(requests_of(PEOPLE))
    shown = {each["properties"]["title"]: each["properties"]["cell"] for each in site.features()}
    assert shown == {target.person.name: target.cell.hex for target in targets}
    random = np.random.default_rng(2)
    for target in targets:
        guess = trilateration.by_radius(site, target, random)
        found = target.person.point if defence == WEAK else target.cell.center
        assert great_circle_m(*guess, *found) < 5


def test_alerts_find_exact_points_and_nothing_on_the_board(
    attacked: tuple[str, Site, list[Target]],
) -> None:
    """The middle of what no mail contradicts is near the person, or near the cell's centre."""
    defence, site, targets = attacked
    for target in targets[:2]:
        guess = probing.by_alerts(site, target, np.random.default_rng(2))
        found = target.person.point if defence == WEAK else target.cell.center
        assert great_circle_m(*guess, *found) < 0.2 * target.width_m


def test_inverting_finds_a_displaced_point_and_nothing_on_the_board() -> None:
    """Some metres are left of 400; of a cell, its middle."""
    with Site.opened(defended=True) as site:
        targets = [Target(each, site.kept(each.point)) for each in PEOPLE]
        guesses = inversion.cells(site, targets, np.random.default_rng(3))
    for target, guess in zip(targets, guesses, strict=True):
        assert great_circle_m(*guess, *target.cell.center) < 0.05 * target.width_m
        undone = inversion.displacement(target, np.random.default_rng(3))
        assert great_circle_m(*undone, *target.person.point) < 60


def test_a_ratio_is_that_of_the_medians() -> None:
    """Exact guesses have none, the centre has one, and each defence has its goal."""
    targets = [Target(each, Place.at(*each.point, 8)) for each in PEOPLE]
    exact = judged("x", WEAK, targets, [each.point for each in PEOPLE])
    center = judged("x", BOARD, targets, [target.cell.center for target in targets])
    assert (exact["ratio"], exact["ratio_95"], exact["met"]) == (0, [0, 0], True)
    assert (center["ratio"], center["ratio_95"], center["met"]) == (1, [1, 1], True)
    assert not judged("x", BOARD, targets, [each.point for each in PEOPLE])["met"]
    assert not judged("x", WEAK, targets, [target.cell.center for target in targets])["met"]


def test_the_cells_cost_the_helpers_little(gazetteer: Gazetteer) -> None:
    """The first offer of the ranking on cells is hardly farther than the nearest."""
    with Site.opened(defended=True) as site:
        people = draw(gazetteer, 400, 5, towns=4)
        found = costs(site.board, people, np.random.default_rng(5), most=1)
    line = paid("by distance alone", found)
    assert line["met"] and 0 < line["top_10_overlap"] < 1
    assert line["requests"] == len(found) > 50
    assert line["mean_added_m"] > 0

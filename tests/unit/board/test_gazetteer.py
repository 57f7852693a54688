"""The gazetteer finds what people type, and what lies near."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from board.gazetteer import Gazetteer, GazetteerMissing, build, ensure, name_resolution, source
from board.gazetteer.folding import fold
from matcher.place import EARTH_RADIUS_M, Place, PlaceError, great_circle_m

DOUALA, BONABERI, LONDON, CAIRO = 2232593, 2233704, 2643743, 360630
BERLIN, GENEVA, NEW_YORK, MUNICH, ISTANBUL = 2950159, 2660646, 5128581, 2867714, 745044
SAINT_PETERSBURG, PARIS, PARIS_TEXAS, TOKYO = 498817, 2988507, 4717560, 1850147
SAINT_DENIS_REUNION, LONDON_ONTARIO = 935264, 6058560


@pytest.mark.parametrize(
    ("text", "place_id"),
    [
        ("londres", LONDON),
        ("LONDRES", LONDON),
        ("  londres  ", LONDON),
        ("londr", LONDON),
        ("برلين", BERLIN),
        ("Genève", GENEVA),
        ("geneve", GENEVA),
        ("Gene\u0300ve", GENEVA),
        ("le caire", CAIRO),
        ("القاهرة", CAIRO),
        ("القاهره", CAIRO),
        ("القـاهِرة", CAIRO),
        ("douala", DOUALA),
        ("دوالا", DOUALA),
        ("bonaberi", BONABERI),
        ("new york", NEW_YORK),
        ("New-York", NEW_YORK),
        ("St Petersburg", SAINT_PETERSBURG),
        ("St. Petersburg", SAINT_PETERSBURG),
        ("saint-denis", SAINT_DENIS_REUNION),
        ("İstanbul", ISTANBUL),
        ("istanbul", ISTANBUL),
        ("münchen", MUNICH),
        ("muenchen", MUNICH),
        ("東京", TOKYO),
    ],
)
def test_a_name_in_any_spelling_finds_its_place_first(
    gazetteer: Gazetteer, text: str, place_id: int
) -> None:
    """Accents, case, signs, scripts and habits of writing do not matter."""
    assert gazetteer.search(text, "fr")[0].id == place_id


@pytest.mark.parametrize(
    ("text", "place_id"),
    [
        ("Paris, Texas", PARIS_TEXAS),
        ("Paris, Tex", PARIS_TEXAS),
        ("paris tx", PARIS_TEXAS),
        ("Paris, Texas, USA", PARIS_TEXAS),
        ("paris fr", PARIS),
        ("Paris, France", PARIS),
        ("London, Ontario", LONDON_ONTARIO),
        ("london ontario canada", LONDON_ONTARIO),
        ("Londres, Royaume-Uni", LONDON),
        ("Douala Cameroun", DOUALA),
        ("Douala, Cameroon", DOUALA),
        ("دوالا، الكاميرون", DOUALA),
        ("saint denis réunion", SAINT_DENIS_REUNION),
        ("Bonabéri, Douala", BONABERI),
        ("Paris,", PARIS),
    ],
)
def test_an_area_narrows(gazetteer: Gazetteer, text: str, place_id: int) -> None:
    """Countries in the five languages, their codes and known states narrow, others do no harm."""
    assert gazetteer.search(text, "fr")[0].id == place_id


def test_a_narrowed_search_answers_from_the_area_only(gazetteer: Gazetteer) -> None:
    """After a comma the area is meant, not wished for."""
    found = gazetteer.search("Saint-Denis, Belgique", "fr")
    assert found
    assert {place.country for place in found} == {"BE"}


@pytest.mark.parametrize(
    ("text", "locale", "label", "why"),
    [
        ("londres", "fr", "Londres", "CLDR knows the French name"),
        ("londres", "en", "Londres (London)", "the reader typed a name of another language"),
        ("london", "en", "London", "the official name was typed"),
        ("londres", "ar", "Londres (لندن)", "Arabic readers see the Arabic name"),
        ("برلين", "fr", "برلين (Berlin)", "the reader typed Arabic"),
        ("برلين", "ar", "برلين", "and here reads it too"),
        ("geneve", "fr", "Genève (Geneva)", "the accented spelling is shown, not its plain copy"),
        ("new york", "en", "New York City", "the name shown begins as typed"),
        ("par", "fr", "Paris", "an airport's code is no better than the name"),
        ("saint-denis réunion", "fr", "Saint-Denis", "a name with its country tells no more"),
    ],
)
def test_labels_say_what_was_typed_and_what_it_is_called(
    gazetteer: Gazetteer, text: str, locale: str, label: str, why: str
) -> None:
    """A spelling that is not the name shown is shown with it."""
    assert gazetteer.search(text, locale)[0].label == label, why


def test_whole_names_come_before_beginnings(gazetteer: Gazetteer) -> None:
    """York in England stands before the far larger New York City."""
    found = [place.name for place in gazetteer.search("york", "en", limit=40)]
    assert found[0] == "York"
    assert found.index("York") < found.index("New York City")


def test_namesakes_are_told_apart_by_a_large_town(gazetteer: Gazetteer) -> None:
    """Two villages of one name and country each carry a town near them."""
    found = [place for place in gazetteer.search("saint-denis belgique", "fr") if place.near]
    assert {place.near for place in found} >= {"Charleroi", "Namur"}


def test_no_more_than_asked_for_and_none_twice(gazetteer: Gazetteer) -> None:
    """The limit holds and each place stands once."""
    found = [place.id for place in gazetteer.search("san", "es", limit=5)]
    assert len(found) == len(set(found)) == 5


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        ",",
        "\x00",
        "paris\x00",
        "\ud800",
        "'; DROP TABLE place; --",
        '"',
        '"paris',
        "paris*",
        "NEAR(paris, 5)",
        "paris AND NOT douala",
        "spellings : paris",
        "^paris",
        "(((",
        "%",
        "{a} : b",
        "\u0640",
        "\u0301",
        "a" * 10_000,
        "," * 10_000,
        "fr " * 99,
        "\u202eparis",
        "🧑‍🚒",
        "-1e999",
    ],
)
def test_hostile_texts_never_raise(gazetteer: Gazetteer, text: str) -> None:
    """Quotes, operators, NUL, half characters and floods are only texts."""
    assert len(gazetteer.search(text, "fr", limit=8)) <= 8


@given(text=st.text(st.characters(codec=None), max_size=60))
@settings(max_examples=150, deadline=None)
def test_any_text_is_accepted(gazetteer: Gazetteer, text: str) -> None:
    """Whatever Unicode holds, lone surrogates included, a search answers."""
    assert len(gazetteer.search(text, "ar", limit=3)) <= 3


@given(text=st.text(max_size=40))
def test_folding_is_idempotent(text: str) -> None:
    """A folded name folds to itself."""
    assert fold(fold(text)) == fold(text)


def test_a_place_is_as_precise_as_its_name(gazetteer: Gazetteer) -> None:
    """The cell lies around the centre, coarse for cities and finer for villages."""
    for place_id, resolution in ((DOUALA, 5), (GENEVA, 6), (BONABERI, 7)):
        place = gazetteer.get(place_id, "fr")
        assert place is not None
        assert place.resolution == resolution
        assert place.cell == Place.at(place.lat, place.lng, resolution).cell


@pytest.mark.parametrize(
    ("population", "resolution"),
    [(10**7, 5), (10**6, 5), (10**6 - 1, 6), (50_000, 6), (49_999, 7), (0, 7)],
)
def test_the_larger_the_town_the_coarser_its_name(population: int, resolution: int) -> None:
    """A million is 5, fifty thousand 6, fewer 7."""
    assert name_resolution(population) == resolution


@pytest.mark.parametrize("place_id", [0, -1, 1, 2**63, 10**30])
def test_an_unknown_number_is_no_place(gazetteer: Gazetteer, place_id: int) -> None:
    """Any number may be asked for."""
    assert gazetteer.get(place_id, "fr") is None


def test_cities_come_the_most_populous_first(gazetteer: Gazetteer) -> None:
    """And none below the bound."""
    populations = [place.population for place in gazetteer.cities(1_000_000)]
    assert len(populations) > 300
    assert populations == sorted(populations, reverse=True)
    assert populations[-1] >= 1_000_000


Everything = tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.int64]]


@pytest.fixture(scope="module")
def everything(gazetteer_path: Path) -> Everything:
    """Latitudes, longitudes and populations of all places, straight from the file."""
    with closing(sqlite3.connect(gazetteer_path)) as db:
        rows = db.execute("SELECT lat, lng, population FROM place").fetchall()
    lat, lng, population = zip(*rows, strict=True)
    return np.array(lat), np.array(lng), np.array(population)


def distances_m(everything: Everything, lat: float, lng: float) -> NDArray[np.float64]:
    """Great-circle distances from a point to every place (haversine), in metres."""
    phi, theta = np.radians(everything[0]), np.radians(everything[1])
    h = np.sin((phi - np.radians(lat)) / 2) ** 2
    h += np.cos(phi) * np.cos(np.radians(lat)) * np.sin((theta - np.radians(lng)) / 2) ** 2
    found: NDArray[np.float64] = 2 * EARTH_RADIUS_M * np.arcsin(np.sqrt(np.minimum(h, 1)))
    return found


anywhere = st.tuples(st.floats(-90, 90), st.floats(-180, 180))
edges = st.tuples(
    st.sampled_from([-90.0, 90.0, -16.8, 66.0, 0.0]), st.sampled_from([-180.0, 180.0, 179.99, 0.0])
)
inhabited = st.tuples(st.floats(40, 52), st.floats(-2, 20))
points = st.one_of(anywhere, edges, inhabited)


@given(point=points)
@settings(max_examples=60, deadline=None)
def test_nearest_is_what_brute_force_finds(
    gazetteer: Gazetteer, everything: Everything, point: tuple[float, float]
) -> None:
    """At the poles, at the antimeridian and in the middle of any ocean."""
    found = gazetteer.nearest(*point, "en")
    assert found is not None
    distance_m = great_circle_m(*point, found.lat, found.lng)
    assert distance_m == pytest.approx(distances_m(everything, *point).min(), abs=1e-3)


@given(point=points, least=st.sampled_from([1, 500, 15_000, 100_000, 5_000_000]))
@settings(max_examples=40, deadline=None)
def test_nearest_large_town_is_what_brute_force_finds(
    gazetteer: Gazetteer, everything: Everything, point: tuple[float, float], least: int
) -> None:
    """Smaller places are passed over however near they are."""
    found = gazetteer.nearest(*point, "en", min_population=least)
    assert found is not None
    distance_m = great_circle_m(*point, found.lat, found.lng)
    brute = distances_m(everything, *point)[everything[2] >= least].min()
    assert found.population >= least
    assert distance_m == pytest.approx(brute, abs=1e-3)


def test_there_is_no_town_larger_than_all(gazetteer: Gazetteer) -> None:
    """The nearest of none is none."""
    assert gazetteer.nearest(0, 0, "en", min_population=10**9) is None


@given(point=points, radius_km=st.sampled_from([0.0, 1.0, 5.0, 40.0, 3000.0]))
@settings(max_examples=60, deadline=None)
def test_inhabitants_near_is_what_brute_force_sums(
    gazetteer: Gazetteer, everything: Everything, point: tuple[float, float], radius_km: float
) -> None:
    """Each place counts whose centre is within the radius."""
    distances = distances_m(everything, *point)
    assume(np.abs(distances - radius_km * 1000).min() > 1e-3)
    expected = int(everything[2][distances <= radius_km * 1000].sum())
    assert gazetteer.inhabitants_near(*point, radius_km=radius_km) == expected


@pytest.mark.parametrize("point", [(91.0, 0.0), (0.0, 181.0), (float("nan"), 0.0)])
def test_a_point_off_the_earth_is_refused(gazetteer: Gazetteer, point: tuple[float, float]) -> None:
    """Nothing is wrapped or clamped."""
    with pytest.raises(PlaceError):
        gazetteer.nearest(*point, "en")
    with pytest.raises(PlaceError):
        gazetteer.inhabitants_near(*point)


def test_threads_share_one_gazetteer(gazetteer: Gazetteer) -> None:
    """Each thread reads through a connection of its own."""
    texts = ["douala", "londres", "برلين", "geneve"] * 25
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda text: gazetteer.search(text, "fr")[0].id, texts))
    assert found == [DOUALA, LONDON, BERLIN, GENEVA] * 25


def test_a_forked_child_reads_too(gazetteer: Gazetteer) -> None:
    """A gazetteer that was used before a fork answers after it, on both sides."""
    gazetteer.search("douala", "fr")
    child = os.fork()
    if child == 0:
        os._exit(0 if gazetteer.search("douala", "fr")[0].id == DOUALA else 1)
    assert os.waitpid(child, 0)[1] == 0
    assert gazetteer.search("douala", "fr")[0].id == DOUALA


HAMLET = source.SourcePlace(
    id=7,
    name="Ébène-sur-Mer",
    country="CM",
    division="05",
    lat=4.0,
    lng=9.0,
    population=40,
    time_zone="Africa/Douala",
    spellings=("Ébène-sur-Mer", "Ebene-sur-Mer", "Port Ébène"),
)


@pytest.fixture
def little(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """A source of two places; the list counts how often it was read."""
    read: list[int] = []

    def places() -> list[source.SourcePlace]:
        read.append(1)
        return [replace(HAMLET, id=8, name="Ville", spellings=("Ville",), population=99), HAMLET]

    monkeypatch.setattr(source, "places", places)
    return read


@pytest.mark.usefixtures("little")
def test_build_reports_progress_to_its_end(tmp_path: Path) -> None:
    """The callback sees the beginning and the end."""
    seen: list[tuple[int, int]] = []
    build(tmp_path / "new" / "g.sqlite", lambda done, total: seen.append((done, total)))
    assert seen[0] == (0, 2)
    assert seen[-1] == (2, 2)
    with Gazetteer(tmp_path / "new" / "g.sqlite") as built:
        assert [place.id for place in built.search("ebene", "fr")] == [7]
        assert built.search("mer port", "fr") == [], "words of two spellings make no name"
        assert [place.name for place in built.cities(0)] == ["Ville", "Ébène-sur-Mer"]


def test_a_build_that_fails_leaves_the_old_file(
    tmp_path: Path, little: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """And nothing beside it."""
    path = tmp_path / "g.sqlite"
    build(path)
    before = path.read_bytes()

    def broken() -> list[source.SourcePlace]:
        raise OSError("the disk is gone")

    monkeypatch.setattr(source, "places", broken)
    with pytest.raises(OSError, match="the disk is gone"):
        build(path)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]
    assert little == [1]


def test_ensure_builds_once_whoever_asks(tmp_path: Path, little: list[int]) -> None:
    """Of several at once one builds, and the others find its file."""
    path = tmp_path / "g.sqlite"
    with ThreadPoolExecutor(4) as pool:
        assert set(pool.map(ensure, [path] * 4)) == {path}
    assert little == [1]


@pytest.mark.parametrize("content", [b"", b"no database at all", None])
def test_ensure_replaces_what_is_no_gazetteer(
    tmp_path: Path, little: list[int], content: bytes | None
) -> None:
    """An empty file, another file, and one of an older version."""
    path = tmp_path / "g.sqlite"
    if content is None:
        build(path)
        with closing(sqlite3.connect(path)) as db, db:
            db.execute("UPDATE meta SET value = 'format 0'")
        little.clear()
    else:
        path.write_bytes(content)
    with pytest.raises(GazetteerMissing, match=r"python -m board\.gazetteer"):
        Gazetteer(path)
    Gazetteer(ensure(path)).close()
    assert little == [1]


def test_an_absent_file_is_told_with_the_command_that_makes_it(tmp_path: Path) -> None:
    """Opening builds nothing by itself."""
    with pytest.raises(GazetteerMissing, match=r"python -m board\.gazetteer .*absent"):
        Gazetteer(tmp_path / "absent.sqlite")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("arguments", "status", "told"),
    [([], 2, "PATH"), (["/dev/null/g.sqlite"], 1, "/dev/null")],
)
def test_the_command_tells_what_is_wrong(arguments: list[str], status: int, told: str) -> None:
    """In a line, without a traceback."""
    command = [sys.executable, "-m", "board.gazetteer", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == status
    assert told.lower() in done.stderr.lower()
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("place_id", "name"),
    [
        (CAIRO, "القاهرة"),
        (LONDON, "لندن"),
        (112931, "طهران"),
        (2553604, "الدار البيضاء"),
        (2332459, "لاغوس"),
        (BONABERI, "Bonabéri"),
    ],
)
def test_arabic_readers_see_arabic_names(gazetteer: Gazetteer, place_id: int, name: str) -> None:
    """The name of CLDR or the most Arabic spelling; the official name where there is neither."""
    place = gazetteer.get(place_id, "ar")
    assert place is not None
    assert place.name == name

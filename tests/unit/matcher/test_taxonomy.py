"""The words of the board, and the refusal of reference data that is not a taxonomy."""

from typing import Any

import numpy as np
import pytest

from matcher.taxonomy import Kind, Side, Taxonomy, TaxonomyError, UnknownCategory, side_of
from tests.unit.matcher.worlds import CATEGORY_IDS, GROCERIES, MEALS, MEDICINE, OTHER, TAXONOMY

FOOD = {"id": 0, "slug": "food", "group": "daily"}
PETS = {"id": 3, "slug": "pets", "group": "home"}


@pytest.mark.parametrize(
    ("kind", "side"),
    [(Kind.REQUEST, Side.ASK), (Kind.OFFER, Side.GIVE), (Kind.INFO, Side.NONE)],
)
def test_each_kind_stands_on_its_side(kind: Kind, side: Side) -> None:
    """Requests ask, offers give, information does neither."""
    assert side_of(kind) is side


def test_every_kind_has_a_side() -> None:
    """A kind that is added needs a side."""
    assert all(isinstance(side_of(kind), Side) for kind in Kind)


def test_opposite_sides() -> None:
    """The opposite of asking is giving; no side stays none."""
    assert [side.opposite for side in Side] == [Side.NONE, Side.GIVE, Side.ASK]


def test_categories_are_found_by_slug_and_by_id() -> None:
    """Slugs and ids lead to each other, also where ids have gaps."""
    assert tuple(category.id for category in TAXONOMY.categories) == CATEGORY_IDS
    assert TAXONOMY.id("other") == OTHER
    assert TAXONOMY.slug(OTHER) == "other"
    assert OTHER in TAXONOMY
    assert 3 not in TAXONOMY


def test_unknown_categories_are_named() -> None:
    """The error carries what was asked for."""
    with pytest.raises(UnknownCategory, match="'nothing'") as by_slug:
        TAXONOMY.id("nothing")
    assert by_slug.value.category == "nothing"
    with pytest.raises(UnknownCategory, match="3"):
        TAXONOMY.slug(3)
    with pytest.raises(UnknownCategory, match="3"):
        TAXONOMY.best((GROCERIES,), (3,))


def test_affinity_is_symmetric_with_ones_on_the_diagonal() -> None:
    """One pair in the data serves both directions; what is not given is 0."""
    table = TAXONOMY.affinity
    assert table.shape == (256, 256)
    assert table.dtype == np.float64
    assert (table == table.T).all()
    assert (table.diagonal() == 1).all()
    assert table[GROCERIES, MEDICINE] == table[MEDICINE, GROCERIES] == 0.6
    assert table[GROCERIES, OTHER] == 0


def test_affinity_cannot_be_changed_by_accident() -> None:
    """The table is shared, so it is read only."""
    with pytest.raises(ValueError, match="read-only"):
        TAXONOMY.affinity[1, 2] = 1


@pytest.mark.parametrize(
    ("ours", "theirs", "best"),
    [
        ((GROCERIES,), (GROCERIES,), (1.0, GROCERIES)),
        ((GROCERIES,), (MEALS, MEDICINE), (0.6, MEDICINE)),
        ((GROCERIES,), (OTHER, MEALS), (0.6, MEALS)),
        ((MEALS, MEDICINE), (GROCERIES, MEDICINE), (1.0, MEDICINE)),
        ((MEALS, MEDICINE), (MEDICINE, MEALS), (1.0, MEDICINE)),
        ((GROCERIES,), (OTHER,), (0.0, OTHER)),
    ],
)
def test_the_best_category_is_the_nearest_then_the_smallest_id(
    ours: tuple[int, ...], theirs: tuple[int, ...], best: tuple[float, int]
) -> None:
    """Of several equally near categories of the counterpart the smallest id is named."""
    assert TAXONOMY.best(ours, theirs) == best


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ([], "taxonomy must be an object"),
        ({}, "taxonomy must be an object with a list of categories"),
        ({"categories": []}, "categories must not be empty"),
        ({"categories": ["food"]}, r"categories\[0\] must be an object"),
        ({"categories": [{**FOOD, "id": 256}]}, r"categories\[0\].id must be .* 0 to 255"),
        ({"categories": [{**FOOD, "id": -1}]}, r"categories\[0\].id must be"),
        ({"categories": [{**FOOD, "id": True}]}, r"categories\[0\].id must be"),
        ({"categories": [{**FOOD, "slug": ""}]}, r"categories\[0\].slug must be"),
        ({"categories": [{"id": 1, "slug": "food"}]}, r"categories\[0\].group must be"),
        ({"categories": [FOOD, {**PETS, "id": 0}]}, "must not repeat the same id"),
        ({"categories": [FOOD, {**PETS, "slug": "food"}]}, "must not repeat the same slug"),
        ({"categories": [FOOD], "affinity": {}}, "affinity must be a list"),
    ],
)
def test_data_that_is_no_taxonomy_is_refused(data: Any, message: str) -> None:
    """The error names the entry and what it must be."""
    with pytest.raises(TaxonomyError, match=message):
        Taxonomy.from_mapping(data)


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        (["food", "pets"], "must be"),
        (["food", "cars", 0.5], "unknown category: 'cars'"),
        (["food", "pets", 1], "from 0 to below 1"),
        (["food", "pets", 1.5], "from 0 to below 1"),
        (["food", "pets", -0.1], "from 0 to below 1"),
        (["food", "pets", float("nan")], "from 0 to below 1"),
        (["food", "pets", True], "from 0 to below 1"),
        (["food", "pets", "0.5"], "from 0 to below 1"),
        (["food", "food", 0.5], "two categories"),
        (["food", ["pets"], 0.5], "unknown category"),
    ],
)
def test_bad_affinities_are_refused(entry: Any, message: str) -> None:
    """The error names the position in the list."""
    with pytest.raises(TaxonomyError, match=rf"affinity\[0\].*{message}"):
        Taxonomy.from_mapping({"categories": [FOOD, PETS], "affinity": [entry]})


def test_a_pair_given_twice_is_refused() -> None:
    """Two values for one pair would make the order of the file matter."""
    pairs = [["food", "pets", 0.5], ["pets", "food", 0.4]]
    with pytest.raises(TaxonomyError, match=r"affinity\[1\]"):
        Taxonomy.from_mapping({"categories": [FOOD, PETS], "affinity": pairs})

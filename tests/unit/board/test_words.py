"""Codes in words, distances that claim no more than is known, and the languages offered."""

from __future__ import annotations

import unicodedata
from dataclasses import replace

import pytest

from board import words
from board.i18n import LOCALES, direction, negotiate, translations
from board.reference import LANGUAGES, load_taxonomy
from matcher.listing import Match
from matcher.taxonomy import Kind, Reach, Taxonomy, Urgency


def same(message: str) -> str:
    """The gettext of a reader of English."""
    return message


@pytest.mark.parametrize(
    ("distance_m", "resolution", "place_name", "said"),
    [
        (1_234, 8, "", "1.2 km"),
        (1_234, 8, "Bonabéri", "1.2 km"),
        (3_000, 8, "", "3 km"),
        (900, 8, "", "0.9 km"),
        (532, 8, "", "0.5 km"),
        (530, 8, "", "in the same area"),
        (0, 8, "", "in the same area"),
        (0, 8, "Bonabéri", "somewhere in Bonabéri"),
        (9_949, 8, "", "9.9 km"),
        (12_345, 8, "", "12 km"),
        (412_345, 9, "", "412 km"),
        (1_234, 15, "", "1.2 km"),
        (100, 12, "", "in the same area"),
        (8_300, 7, "", "about 8 km"),
        (1_407, 7, "", "about 1 km"),
        (1_405, 7, "", "in the same area"),
        (1_405, 7, "Akwa", "somewhere in Akwa"),
        (12_800, 7, "Akwa", "about 13 km"),
        (14_000, 6, "", "about 10 km"),
        (16_000, 6, "", "about 20 km"),
        (4_900, 6, "", "in the same area"),
        (4_900, 6, "Geneva", "somewhere in Geneva"),
        (14_000, 5, "Douala", "somewhere in Douala"),
        (0, 5, "Douala", "somewhere in Douala"),
        (14_000, 5, "", "in the same area"),
        (234_000, 5, "", "about 250 km"),
        (234_000, 5, "Douala", "somewhere in Douala"),
        (234_000, 4, "", "about 200 km"),
        (5_700_000, 0, "", "about 5,000 km"),
        (1_000_000, 0, "", "in the same area"),
    ],
)
def test_a_distance_claims_no_more_than_the_coarser_cell_knows(
    distance_m: int, resolution: int, place_name: str, said: str
) -> None:
    """The rule of `distance_words`, row by row."""
    found = words.distance_words(distance_m, resolution, same, "en", place_name)
    assert unicodedata.normalize("NFKC", found) == said


@pytest.mark.parametrize("resolution", range(16))
def test_a_number_is_never_said_below_the_size_of_the_cell(resolution: int) -> None:
    """Whatever the distance, digits appear only where the cell can tell it from nothing."""
    _, edge_km = words._KNOWN_KM[min(resolution, 8)]
    for distance_m in range(0, int(edge_km * 1000), max(1, int(edge_km * 20))):
        said = words.distance_words(distance_m, resolution, same, "en")
        assert said == "in the same area"


@pytest.mark.parametrize(
    ("locale", "said"), [("fr", "1,2 km"), ("es", "1,2 km"), ("en", "1.2 km"), ("ar", "1.2 كم")]
)
def test_numbers_are_written_as_the_reader_does(locale: str, said: str) -> None:
    """Comma or point, and the unit in the reader's script."""
    found = words.distance_words(1_234, 8, same, locale)
    assert unicodedata.normalize("NFKC", found) == said


@pytest.mark.parametrize(
    ("locale", "distance_m", "resolution", "said"),
    [
        ("en_GB", 1_234, 8, "0.8 mi"),
        ("en_US", 19_000, 8, "12 mi"),
        ("en_LR", 16_100, 8, "10 mi"),
        ("es_US", 8_300, 7, "about 5 mi"),
        ("en_GB", 234_000, 4, "about 100 mi"),
        ("en_US", 530, 8, "in the same area"),
        ("en_US", 6_000, 6, "in the same area"),
        ("en_IE", 8_300, 7, "about 8 km"),
        ("en_CA", 1_234, 8, "1.2 km"),
        ("en", 1_234, 8, "1.2 km"),
        ("fr_FR", 1_234, 8, "1,2 km"),
        ("fr_US", 1_234, 8, "0,8 mi"),
        ("fr_XK", 1_234, 8, "1,2 km"),
        ("en_XX", 1_234, 8, "1.2 km"),
    ],
)
def test_miles_where_roads_are_measured_so(
    locale: str, distance_m: int, resolution: int, said: str
) -> None:
    """By the country beside the language; as coarse as kilometres or coarser."""
    found = words.distance_words(distance_m, resolution, same, locale)
    assert unicodedata.normalize("NFKC", found) == said


@pytest.fixture(scope="module")
def taxonomy() -> Taxonomy:
    """The categories as shipped."""
    return load_taxonomy()


@pytest.fixture
def match(taxonomy: Taxonomy) -> Match:
    """An offer of the same category 1.2 km away, for a request of today."""
    return Match(
        id=1,
        score=900_000,
        distance_m=1_234,
        category=taxonomy.id("groceries"),
        affinity=1.0,
        urgency=Urgency.TODAY,
        coarser_resolution=8,
        remote=None,
        same_category=True,
    )


def said(match: Match, taxonomy: Taxonomy, place_name: str = "") -> list[str]:
    """The reasons for a reader of English."""
    found = words.reason_words(match, same, "en", taxonomy=taxonomy, place_name=place_name)
    return [unicodedata.normalize("NFKC", reason) for reason in found]


def test_the_reasons_of_a_match(match: Match, taxonomy: Taxonomy) -> None:
    """Distance, category, urgency."""
    assert said(match, taxonomy) == ["1.2 km", "same category", "today"]


def test_a_near_category_is_named(match: Match, taxonomy: Taxonomy) -> None:
    """So that the reader sees what the other one offers."""
    near = replace(match, same_category=False, affinity=0.6, urgency=Urgency.SOON)
    assert said(near, taxonomy) == ["1.2 km", "near category: Groceries", "within two days"]


def test_a_match_beyond_the_radius_says_so(match: Match, taxonomy: Taxonomy) -> None:
    """As the last reason."""
    beyond = replace(match, beyond=True, distance_m=31_000, urgency=Urgency.STANDING)
    assert said(beyond, taxonomy) == ["31 km", "same category", "no hurry", "beyond the radius"]


@pytest.mark.parametrize(
    ("reach", "reason"),
    [
        (Reach.COUNTRY, "remote: same country"),
        (Reach.LANGUAGE, "remote: same language"),
        (Reach.WORLD, "remote: worldwide"),
    ],
)
def test_a_remote_match_has_no_distance(
    match: Match, taxonomy: Taxonomy, reach: Reach, reason: str
) -> None:
    """It says what the two have in common instead."""
    remote = replace(match, remote=reach, distance_m=None, coarser_resolution=None)
    assert said(remote, taxonomy) == [reason, "same category", "today"]


def test_a_match_in_a_city_known_by_name_says_the_name(match: Match, taxonomy: Taxonomy) -> None:
    """No kilometres from the middle of Douala to its middle."""
    vague = replace(match, coarser_resolution=5, distance_m=0, urgency=Urgency.WEEK)
    assert said(vague, taxonomy, "Douala") == ["somewhere in Douala", "same category", "this week"]


def test_every_code_has_a_word(taxonomy: Taxonomy) -> None:
    """Categories in the order of the taxonomy, and no word for what is none."""
    assert list(words.CATEGORIES) == [category.slug for category in taxonomy.categories]
    groups = dict.fromkeys(category.group for category in taxonomy.categories)
    assert list(words.GROUPS) == list(groups)
    for table, codes in (
        (words.KINDS, Kind),
        (words.URGENCIES, Urgency),
        (words.REACHES, Reach),
    ):
        assert set(table) == set(codes)


def test_words_of_categories_are_distinct() -> None:
    """Two categories are never called the same."""
    assert len(set(words.CATEGORIES.values())) == len(words.CATEGORIES)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("medicine", "groceries"),
        ("childcare", "tutoring"),
        ("admin", "legal"),
        ("admin", "repatriation"),
        ("legal", "repatriation"),
    ],
)
def test_near_categories(taxonomy: Taxonomy, one: str, other: str) -> None:
    """What TAXONOMY names as near is near, both ways."""
    first, second = taxonomy.id(one), taxonomy.id(other)
    assert 0.3 <= taxonomy.affinity[first, second] == taxonomy.affinity[second, first] <= 0.8


def test_other_is_near_nothing(taxonomy: Taxonomy) -> None:
    """What nobody has named resembles nothing but itself."""
    assert taxonomy.affinity[taxonomy.id("other")].sum() == 1


def test_category_ids_are_the_shipped_ones(taxonomy: Taxonomy) -> None:
    """Stored listings hold these numbers: a category may be added, none renumbered."""
    assert [(category.id, category.slug) for category in taxonomy.categories] == list(
        enumerate(words.CATEGORIES, 1)
    )
    assert (taxonomy.id("groceries"), taxonomy.id("admin"), taxonomy.id("other")) == (1, 19, 23)


def test_languages_have_names_in_every_language_of_the_interface() -> None:
    """And there are few enough to choose from."""
    assert len(LANGUAGES) == len(set(LANGUAGES)) <= 60
    assert set(LOCALES) <= set(LANGUAGES)
    for locale in LOCALES:
        assert all(words.language_name(code, locale) != code for code in LANGUAGES)
    assert words.language_name("es", "fr") == "espagnol"
    assert words.language_name("xx", "fr") == "xx"


@pytest.mark.parametrize(
    ("header", "locale"),
    [
        ("fr-CA,fr;q=0.9,en;q=0.8", "fr"),
        ("ar-EG,fr;q=0.5", "ar"),
        ("de, pt-BR;q=0.3, es;q=0.9", "es"),
        ("pt-BR", "pt"),
        ("en;q=0, es;q=0.1", "es"),
        ("zz", "fr"),
        ("*", "fr"),
        ("", "fr"),
        (",;=,q=1,en", "en"),
        ("e\x00n", "fr"),
        ("en;q=nan, es", "es"),
        ("x" * 100_000, "fr"),
    ],
)
def test_readers_get_the_language_they_accept(header: str, locale: str) -> None:
    """The best of ours, and the default for a header that names none."""
    assert negotiate(header) == locale


def test_arabic_runs_from_right_to_left() -> None:
    """And the others do not."""
    assert {locale: direction(locale) for locale in LOCALES} == {
        **dict.fromkeys(LOCALES, "ltr"),
        "ar": "rtl",
    }


def test_a_catalogue_of_another_language_is_refused() -> None:
    """A locale of the interface always answers, even before catalogues are compiled."""
    assert all(translations(locale).gettext("") is not None for locale in LOCALES)
    with pytest.raises(ValueError, match="fr, en, es, pt, ar"):
        translations("de")

"""The demonstration: varied, plausible, the same for the same seed, and gone when removed."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from board import checking, demo
from board.audit import AuditEntry
from board.context import Board
from board.db import Tombstone
from board.demo.generation import DemoListing
from board.demo.texts import Script, load
from board.errors import Invalid
from board.i18n import LOCALES
from board.listings import Listing
from board.outbox import OutboxRow
from board.reference import load_languages, load_taxonomy
from board.searching import ListingFilter, search
from board.sources import ImportedRow
from board.validation import TITLE_MAX, clean_text
from config.settings import Settings
from matcher.listing import Query
from matcher.taxonomy import Kind, Reach
from tests.factories import Factory
from tests.fakes import MailSink, work_off

MOMENT = datetime(2026, 11, 22, 12, tzinfo=UTC)
SLUGS = [category.slug for category in load_taxonomy().categories]
#: What would be a way to reach somebody, or somebody's account.
_CONTACT = re.compile(r"@|https?:|www\.|(?:\d[ .-]?){6,}")


@pytest.fixture(scope="module")
def script() -> Script:
    """The texts that ship."""
    return load()


@pytest.fixture(params=["sqlite"])
def environment(environment: dict[str, str]) -> dict[str, str]:
    """SQLite alone: what differs between the databases is tested with the import."""
    return environment


def digest(listings: list[DemoListing]) -> str:
    """One number for everything that the listings say."""
    return hashlib.sha256(repr(listings).encode()).hexdigest()


# The texts


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize("kind", [Kind.REQUEST, Kind.OFFER])
def test_every_category_has_texts_of_its_own(script: Script, locale: str, kind: Kind) -> None:
    """Six in French and three in the other languages, at least, for each category and kind."""
    least = 6 if locale == "fr" else 3
    few = {
        slug: len(script.texts[locale, kind, slug])
        for slug in SLUGS
        if len({text.title for text in script.texts[locale, kind, slug]}) < least
    }
    assert few == {}


def test_no_text_is_told_twice(script: Script) -> None:
    """A board that repeats itself looks invented."""
    titles = Counter(text.title for texts in script.texts.values() for text in texts)
    assert [title for title, times in titles.items() if times > 1] == []


def test_texts_are_clean_and_name_nobody(script: Script) -> None:
    """They fit, name no placeholder but the city, and give no way to reach anybody."""
    said = [
        (one.title, one.text)
        for group in (*script.texts.values(), *script.notices.values())
        for one in group
    ]
    assert len(said) > 800
    for title, text in said:
        assert clean_text(title, max_length=80) == title
        assert len(clean_text(text, max_length=400)) >= 10
        for words in (title, text):
            assert not _CONTACT.search(words), words
            assert set(re.findall(r"\{.*?\}", words)) <= {"{city}"}, words


def test_urgencies_and_categories_are_those_of_the_board(script: Script) -> None:
    """Requests are of every urgency; offers have none; official information has a category."""
    asked = [t.urgency for (_, kind, _), ts in script.texts.items() if kind == 1 for t in ts]
    offered = {t.urgency for (_, kind, _), ts in script.texts.items() if kind == 2 for t in ts}
    assert set(asked) == {0, 1, 2, 3}
    assert offered == {0}
    assert {one.category for group in script.notices.values() for one in group} <= set(SLUGS)
    assert {slug for _, _, slug in script.texts} == set(SLUGS)


def test_countries_speak_known_languages(script: Script) -> None:
    """About seventy countries; texts in our languages, spoken ones from the board's list."""
    assert 60 <= len(script.countries) <= 80
    assert len({country.code for country in script.countries}) == len(script.countries)
    for country in script.countries:
        assert country.weight > 0
        assert set(country.texts) <= set(LOCALES), country.code
        assert set(country.spoken) <= set(load_languages()), country.code


# The listings


@pytest.fixture
def generated(board: Board) -> list[DemoListing]:
    """The demonstration of the default seed."""
    return list(demo.generate(board, MOMENT))


def test_the_same_seed_gives_the_same_listings(board: Board, generated: list[DemoListing]) -> None:
    """Whoever reports something about the demonstration can be followed."""
    assert digest(list(demo.generate(board, MOMENT))) == digest(generated)
    assert digest(list(demo.generate(board, MOMENT, seed=2))) != digest(generated)


def test_listings_are_many_kinds_of_things(board: Board, generated: list[DemoListing]) -> None:
    """Two thousand in about seventy countries, in five languages, near and far."""
    fields = [listing.fields for listing in generated]
    assert len(fields) == demo.COUNT
    assert len({listing.key for listing in generated}) == demo.COUNT
    assert 60 <= len({one.country for one in fields}) <= 80
    assert {one.locale for one in fields} == set(LOCALES)
    assert {one.kind for one in fields} == set(Kind)
    assert {slug for one in fields for slug in one.categories} == set(SLUGS)
    assert {one.reach for one in fields} == set(Reach)
    assert {one.urgency for one in fields} == {0, 1, 2, 3}
    most = Counter(one.title for one in fields).most_common(1)[0][1]
    assert most <= 15, "no text may be seen again and again"
    assert not any("{city}" in one.title + one.text for one in fields)


def test_every_listing_passes_the_checks_of_the_form(
    board: Board, generated: list[DemoListing]
) -> None:
    """Open now, on the ground of its country, in a language of the country."""
    texts = {country.code: country.texts for country in load().countries}
    for listing in generated:
        fields, _ = checking.checked(board, listing.fields, MOMENT)
        assert fields.starts_at <= MOMENT < fields.ends_at
        assert fields.locale in texts[fields.country]
        assert fields.locale in fields.languages
        assert len(fields.title) <= TITLE_MAX
        assert fields.place_name
        assert (listing.organisation != "") == (fields.kind is Kind.INFO)


def test_what_is_urgent_is_recent(generated: list[DemoListing]) -> None:
    """Nobody needs something today since last week."""
    for listing in generated:
        if listing.fields.urgency == 3 and listing.fields.kind is Kind.REQUEST:
            assert MOMENT - listing.fields.starts_at <= timedelta(hours=12, seconds=1)
            assert listing.fields.ends_at - MOMENT <= timedelta(days=3)


# On the board


def test_the_board_is_filled_once_and_marked(board: Board) -> None:
    """A second run of the same seed adds nothing; every listing says that it is demonstration."""
    assert demo.fill(board, count=60).listings == 60
    again = demo.fill(board, count=60)
    assert (again.listings, again.already_there) == (0, 60)
    page = search(board, ListingFilter())
    assert page.total == 60
    assert all(view.demo for view in page.items)
    assert demo.fill(board, count=10, seed=7).listings == 10


def test_removing_takes_the_demonstration_and_nothing_else(board: Board, make: Factory) -> None:
    """A tombstone for each, so that every process forgets them; the person's listing stays."""
    own = make.open()
    demo.fill(board, count=60)
    with board.index.asking(board.db) as copies:
        assert len(copies.index) == 61
    assert demo.remove(board) == 60
    with board.db.read() as session:
        assert session.scalars(sa.select(Listing.public_id)).all() == [own.public_id]
        assert session.scalar(sa.select(sa.func.count()).select_from(ImportedRow)) == 0
        assert session.scalar(sa.select(sa.func.count()).select_from(Tombstone)) == 60
        assert "demo-removed" in session.scalars(sa.select(AuditEntry.action)).all()
    with board.index.asking(board.db) as copies:
        assert len(copies.index) == 1
    assert demo.remove(board) == 0
    assert demo.fill(board, count=60).listings == 60, "it may be filled again"


def test_the_demonstration_tells_nobody(board: Board, make: Factory, smtp: MailSink) -> None:
    """Unless it is asked to."""
    alert = {"email": "volunteer@example.org", "cell": None, "radius_km": None, "remote": True}
    make.alert(**alert)
    work_off(board)
    with board.db.read() as session:
        before = session.scalar(sa.select(sa.func.count()).select_from(OutboxRow)) or 0
    demo.fill(board, count=60)
    with board.db.read() as session:
        assert session.scalar(sa.select(sa.func.count()).select_from(OutboxRow)) == before
    assert demo.fill(board, count=20, seed=2, alert=True).announced == 20


def test_demonstration_listings_find_each_other(board: Board) -> None:
    """A board on which nothing matches would demonstrate little."""
    demo.fill(board)
    with board.db.read() as session:
        asking = session.scalars(
            sa.select(Listing.id).where(Listing.kind == 1, Listing.reach == 0)
        ).all()
    with board.index.asking(board.db) as copies:
        near = 0
        for listing_id in asking:
            listing = copies.index.get(listing_id)
            assert listing is not None
            found = copies.index.top_k(Query(listing, int(MOMENT.timestamp()), 1))
            near += bool(found)
    assert near > len(asking) / 2


def test_production_refuses_the_demonstration(board: Board) -> None:
    """Invented needs must never stand beside real ones."""
    production = Settings.from_mapping(
        {
            "ENTRAIDE_HOME": str(board.settings.home),
            "SECRET_KEY": board.settings.secret_key,
            "ENTRAIDE_PRODUCTION": "1",
        }
    )
    with pytest.raises(Invalid, match="refused in production"):
        demo.fill(replace(board, settings=production), count=10)
    assert search(board, ListingFilter()).total == 0


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"count": 0}, "count"),
        ({"count": 20_001}, "count"),
        ({"seed": -1}, "seed"),
    ],
)
def test_a_value_out_of_range_is_refused(board: Board, given: dict[str, int], field: str) -> None:
    """And nothing is written."""
    with pytest.raises(Invalid) as refusal:
        demo.fill(board, **given)  # type: ignore[arg-type]
    assert [problem.field for problem in refusal.value.problems] == [field]
    assert search(board, ListingFilter()).total == 0

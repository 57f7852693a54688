"""Snapshots of the index: given back whole, or refused."""

import io
import random

import pytest

from matcher.index import Damage, Index, SnapshotError, snapshot
from matcher.listing import Query
from matcher.taxonomy import Reach, Taxonomy
from tests.unit.matcher.worlds import TAXONOMY, listing, offer

NOW = 50


def small_index() -> Index:
    """A few listings, one of them remote."""
    index = Index(TAXONOMY)
    index.upsert_many([listing(), offer(), offer(id=3, reach=Reach.WORLD, owner=2**60)])
    return index


def saved(index: Index, mark: str = "7") -> bytes:
    """The bytes of its snapshot."""
    stream = io.BytesIO()
    index.save(stream, mark)
    return stream.getvalue()


def refusal(data: bytes, taxonomy: Taxonomy = TAXONOMY) -> Damage:
    """Why it is refused."""
    with pytest.raises(SnapshotError) as error:
        Index.load(io.BytesIO(data), taxonomy)
    return error.value.reason


def test_a_loaded_index_answers_and_changes_like_the_saved_one() -> None:
    """Everything comes back: listings, their codes, the leaves of remote ones."""
    index = small_index()
    loaded, mark = Index.load(io.BytesIO(saved(index, "épreuve 7")), TAXONOMY)
    assert mark == "épreuve 7"
    query = Query(listing(), NOW)
    assert loaded.top_k(query) == index.top_k(query)
    assert [match.id for match in loaded.top_k(query)] == [2, 3]
    for one in (loaded, index):
        one.upsert(offer(id=4, reach=Reach.WORLD, owner=2**60 + 1))
        one.remove(2)
    assert loaded.top_k(query) == index.top_k(query)
    assert saved(loaded) == saved(index)


def test_an_empty_index_can_be_saved() -> None:
    """Nothing is a whole snapshot too."""
    loaded, _ = Index.load(io.BytesIO(saved(Index(TAXONOMY))), TAXONOMY)
    assert len(loaded) == 0
    loaded.upsert(listing())
    assert 1 in loaded


def test_any_changed_byte_is_noticed() -> None:
    """Wherever it is, the snapshot is refused and nothing else happens."""
    data = saved(small_index())
    rng = random.Random(1789)
    places = {*range(400), *rng.sample(range(len(data)), 400), len(data) - 1}
    for place in places:
        changed = bytearray(data)
        changed[place] ^= 1 << rng.randrange(8)
        refusal(bytes(changed))


def test_a_cut_snapshot_is_refused() -> None:
    """However much is missing, and when something was added."""
    data = saved(small_index())
    rng = random.Random(1792)
    for size in (0, 1, 15, 16, 23, 24, len(data) - 1, *rng.sample(range(len(data)), 100)):
        expected = Damage.FOREIGN if size < 16 else Damage.DAMAGED
        assert refusal(data[:size]) == expected
    assert refusal(data + b"\0") == Damage.DAMAGED


def test_other_files_and_other_taxonomies_are_refused() -> None:
    """Each with its reason."""
    data = saved(small_index())
    assert refusal(b"%PDF-1.7" + b" " * 100) == Damage.FOREIGN
    current = f'"version": {snapshot.VERSION}'.encode()
    assert refusal(data.replace(current, b'"version": 0')) == Damage.VERSION
    other = Taxonomy.from_mapping(
        {"categories": [{"id": 1, "slug": "groceries", "group": "daily"}]}
    )
    assert refusal(data, other) == Damage.TAXONOMY

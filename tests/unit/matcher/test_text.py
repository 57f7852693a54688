"""Suggestions from text: what they are, why, and that no text whatever is an error."""

from __future__ import annotations

import itertools
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matcher.taxonomy import Kind, Taxonomy, Urgency
from matcher.text import (
    NOTHING,
    READ_UP_TO,
    Suggester,
    Suggestions,
    TextModel,
    TextModelError,
    features,
    suggesting,
)
from matcher.text.features import SIZE, features_of
from matcher.text.suggesting import WORDS
from matcher.text.words import WORDS_UP_TO, words_of
from scripts.text_corpus import learnt_from
from scripts.text_phrases import ROOT

MODEL = ROOT / "matcher" / "text" / "model.npz"
SLUGS = ("groceries", "medicine", "pets", "housing", "money", "tutoring", "other")
TAXONOMY = Taxonomy.from_mapping(
    {"categories": [{"id": i, "slug": slug, "group": "all"} for i, slug in enumerate(SLUGS, 5)]}
)
SUGGESTER = Suggester.shipped(TAXONOMY)

#: Plain texts that must not be missed, one a language.
PLAIN = [
    ("Je cherche un vétérinaire pour mon chat ce soir, urgent", "fr", "pets", Kind.REQUEST, 3),
    ("I offer free maths lessons to pupils every week", "en", "tutoring", Kind.OFFER, 0),
    ("Busco una habitación para dormir esta noche, urgente", "es", "housing", Kind.REQUEST, 3),
    ("Posso fazer as compras no supermercado para idosos", "pt", "groceries", Kind.OFFER, 0),
    ("أحتاج دواء من الصيدلية اليوم ضروري", "ar", "medicine", Kind.REQUEST, 3),
]


@pytest.mark.parametrize(("text", "language", "slug", "kind", "urgency"), PLAIN)
def test_a_plain_text_is_understood(
    text: str, language: str, slug: str, kind: Kind, urgency: int
) -> None:
    """Language, category, kind and urgency of a sentence that says them."""
    found = SUGGESTER.suggest(text)
    assert found.language is not None
    assert found.kind is not None
    assert found.urgency is not None
    assert found.language.value == language
    assert TAXONOMY.slug(found.categories[0].value) == slug
    assert found.kind.value is kind
    assert found.urgency.value is Urgency(urgency)
    assert not found.risk.marked


def test_a_fraud_is_marked_with_the_words_that_say_so() -> None:
    """Moderators see why."""
    text = "Envoyez-moi 300 euros par western union, je rembourse le double"
    risk = SUGGESTER.suggest(text).risk
    assert risk.marked
    assert {"western", "union"} & {word.text for word in risk.words}


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "empty"),
        ("   \n\t", "blank"),
        ("\x00\x00", "NUL"),
        ("12 345 !!", "no word"),
        ("???", "signs"),
        ("😀😀", "pictures"),
        ("日本語のテキストをここに書きます", "another script"),
        ("Ищу человека, который купит продукты", "another script"),
        ("Ich suche jemanden, der mir beim Umzug helfen kann", "another language"),
        ("Cerco qualcuno che mi aiuti con la spesa per mia madre", "another language"),
    ],
)
def test_there_is_nothing_to_suggest(text: str, reason: str) -> None:
    """What cannot be read gives nothing, and no error."""
    assert SUGGESTER.suggest(text) == NOTHING


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=300) | st.text(alphabet="aéz 'ء?\x00\ud800\u0301", max_size=300))
def test_no_text_is_an_error(text: str) -> None:
    """Whatever is typed: probabilities are probabilities, words stand where they say."""
    found = SUGGESTER.suggest(text)
    if found == NOTHING:
        return
    assert found.language is not None
    every = [found.language, found.kind, found.urgency, found.risk, *found.categories]
    for each in (one for one in every if one is not None):
        assert 0 <= each.probability <= 1
        assert len(each.words) <= WORDS
        for word in each.words:
            assert text[word.start : word.end] == word.text != ""
            assert 0 < word.share <= 1
    chances = [each.probability for each in found.categories]
    assert chances == sorted(chances, reverse=True)
    assert len({each.value for each in found.categories}) in {0, 3}


@pytest.mark.parametrize("text", ["pharmacie", "vétérinaire ?", "صيدلية"])
def test_one_word_says_what_and_not_who_asks(text: str) -> None:
    """Nobody is guessed to ask, or to be in a hurry, from a single word."""
    found = SUGGESTER.suggest(text)
    assert found.categories
    assert found.kind is None
    assert found.urgency is None


def test_what_is_unsure_is_not_suggested() -> None:
    """Weights that speak for nothing give no kind and no category; the language stays."""
    model = TextModel.load(MODEL)
    heads = ("kind", "kind_by_group", "kind_by_situation", "category")
    columns = [model.columns(head) for head in heads]
    numbers, rarity, weights, scales, biases = model._arrays
    unsure = (weights.copy(), biases.copy())
    for array, column in itertools.product(unsure, columns):
        array[..., column] = 0
    silent = TextModel(
        numbers=numbers,
        rarity=rarity,
        weights=unsure[0],
        scales=scales,
        biases=unsure[1],
        labels=model.labels,
        risk_from=model.risk_from,
        corpus=model.corpus,
    )
    found = Suggester(silent, TAXONOMY).suggest("Je cherche un vétérinaire pour mon chat ce soir")
    assert found.language is not None
    assert found.language.value == "fr"
    assert found.kind is None
    assert found.categories == ()


@pytest.mark.parametrize(("text", "language", "slug", "kind", "urgency"), PLAIN)
def test_three_heads_tell_the_kind_together(
    text: str, language: str, slug: str, kind: Kind, urgency: int
) -> None:
    """Their probabilities multiplied, each to its power, as spelt out here; words are of all.

    Information counts three quarters.
    """
    model = TextModel.load(MODEL)
    weighed = model.weigh(features_of(words_of(text)))
    products = []
    for label in model.labels["kind"]:
        product = 0.75 if label == "INFO" else 1.0
        for head, power in (("kind", 1.0), ("kind_by_group", 0.7), ("kind_by_situation", 0.5)):
            each = zip(model.labels[head], model.probabilities(head, weighed.sums), strict=True)
            product *= sum(p for name, p in each if name.endswith(label)) ** (power / 2.2)
        products.append(product)
    found = model.kinds(weighed.sums)
    assert found == pytest.approx(np.array(products) / sum(products))
    best = model.labels["kind"].index(kind.name)
    assert found.argmax() == best
    alone = weighed.parts[:, model.columns("kind").start + best]
    assert not np.allclose(model.kind_parts(weighed, best), alone)


def test_threads_that_ask_at_once_are_told_the_same() -> None:
    """Also while the model is still being read."""
    suggesting._shipped_model.cache_clear()
    start = threading.Barrier(4)

    def ask(_: int) -> Suggestions:
        start.wait(timeout=30)
        return Suggester.shipped(TAXONOMY).suggest(PLAIN[0][0])

    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(ask, range(4)))
    assert found == [found[0]] * 4 != [NOTHING] * 4


def test_what_stands_beyond_the_limit_decides_nothing() -> None:
    """A very long text costs what a long one does."""
    start = "je cherche un vétérinaire pour mon chat " * 60
    assert len(start) > READ_UP_TO
    assert SUGGESTER.suggest(start + "bitcoin " * 99) == SUGGESTER.suggest(start)


def test_a_row_of_letters_costs_what_a_long_text_does() -> None:
    """So many words and signs are read, and no more."""
    letters = "a b ? d " * (WORDS_UP_TO // 4)
    assert len(letters + "bitcoin") < READ_UP_TO
    assert words_of(letters + "bitcoin") == words_of(letters)
    assert len(words_of(letters)) == WORDS_UP_TO


@pytest.mark.parametrize(
    ("one", "other", "reason"),
    [
        ("VÉTÉRINAIRE", "veterinaire", "capitals and accents"),
        ("e\u0301te\u0301", "ete", "accents typed apart"),
        ("أَدْوِيَة", "ادويه", "Arabic vowels, hamza and ta marbuta"),
        ("مـساعدة", "مساعده", "tatweel"),
        ("١٢", "34", "digits of any writing"),
        ("؟", "?", "the question mark of Arabic"),
    ],
)
def test_spellings_fold_to_one(one: str, other: str, reason: str) -> None:
    """What hurried people leave out makes no difference."""
    assert [word.folded for word in words_of(one)] == [word.folded for word in words_of(other)]


def test_features_are_the_same_on_every_machine() -> None:
    """Training and asking agree: numbers are a property of the text alone."""
    found = features_of(words_of("Pain, pain ?"))
    assert len(set(found.numbers.tolist())) == len(found.numbers)
    assert (found.numbers >= 0).all()
    assert (found.numbers < SIZE).all()
    assert found.numbers[:3].tolist() == [282238, 1389717, 2283884]
    assert set(found.words.tolist()) <= {0, 1, 2}


def test_pieces_never_cross_words() -> None:
    """Two words side by side have the pieces of each, and no others."""

    def pieces(text: str) -> set[int]:
        hashes, _, _ = features._pieces(words_of(text))
        return set(hashes.tolist())

    assert pieces("lait pain") == pieces("lait") | pieces("pain") != set()


def test_only_categories_of_the_taxonomy_are_suggested() -> None:
    """An operator who has no such category is not offered it."""
    few = Taxonomy.from_mapping({"categories": [{"id": 9, "slug": "pets", "group": "all"}]})
    found = Suggester.shipped(few).suggest("des cours de maths pour mon fils")
    assert found.categories == ()
    found = Suggester.shipped(few).suggest("mon chat est perdu, avez-vous vu un chat roux")
    assert [each.value for each in found.categories] == [9]
    unknown = Taxonomy.from_mapping({"categories": [{"id": 9, "slug": "sailing", "group": "all"}]})
    assert Suggester.shipped(unknown).suggest("mon chat est perdu").categories == ()


def test_the_model_is_learnt_from_the_texts_that_ship() -> None:
    """Whoever changes a phrase trains again: `python -m scripts.train_text`."""
    assert TextModel.load(MODEL).corpus == learnt_from()


def test_threads_that_ask_first_at_once_read_the_model_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It takes as much memory for eight of them as for one."""
    reads, together, read = [], threading.Barrier(8), TextModel.load

    def load(path: Path) -> TextModel:
        reads.append(path)
        return read(path)

    def ask(_: int) -> Suggester:
        together.wait()
        return Suggester.shipped(TAXONOMY)

    monkeypatch.setattr(TextModel, "load", load)
    suggesting._shipped_model.cache_clear()
    with ThreadPoolExecutor(8) as pool:
        asked = list(pool.map(ask, range(8)))
    assert len({id(each._model) for each in asked}) == 1
    assert len(reads) == 1


def test_a_saved_model_is_the_same(tmp_path: Path) -> None:
    """Nothing is lost in the file."""
    model = TextModel.load(MODEL)
    model.save(tmp_path / "copy.npz")
    copy = TextModel.load(tmp_path / "copy.npz")
    features = features_of(words_of("je cherche un vétérinaire"))
    assert np.array_equal(model.weigh(features).sums, copy.weigh(features).sums)
    assert (copy.labels, copy.risk_from, copy.corpus) == (
        model.labels,
        model.risk_from,
        model.corpus,
    )


@pytest.mark.parametrize("content", [b"", b"no archive", b"PK\x03\x04broken"], ids=repr)
def test_a_broken_file_is_refused(tmp_path: Path, content: bytes) -> None:
    """A clear error, whatever is in the file."""
    path = tmp_path / "model.npz"
    path.write_bytes(content)
    with pytest.raises(TextModelError, match="must be"):
        TextModel.load(path)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"version": np.int64(99)}, "version"),
        ({"numbers": np.array([3, 1], dtype=np.uint32)}, "fit"),
        ({"biases": np.zeros(2, dtype=np.float32)}, "fit"),
        ({"labels_kind_by_situation": np.array(["INFO", "OFFER", "OFFER"])}, "must name the kind"),
    ],
    ids=["version", "numbers", "biases", "kinds"],
)
def test_a_model_whose_parts_do_not_fit_is_refused(
    tmp_path: Path, changed: dict[str, object], message: str
) -> None:
    """A file of another version, or damaged, is not half used."""
    with np.load(MODEL) as file:
        arrays = {name: file[name] for name in file.files}
    np.savez(tmp_path / "model.npz", **{**arrays, **changed})
    with pytest.raises(TextModelError, match=message):
        TextModel.load(tmp_path / "model.npz")

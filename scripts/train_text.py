"""Trains the model of `matcher.text` on the texts of `scripts/text_corpus.py`, in some minutes.

`python -m scripts.train_text` writes `matcher/text/model.npz`; with `--validate` it writes nothing
and prints how well texts are judged whose phrases were left out, and demonstration listings. It
never reads `tests/data/text`.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import scipy.sparse as sp
from sklearn.linear_model import SGDClassifier
from sklearn.preprocessing import normalize

from board.reference import load_taxonomy
from matcher.text.features import SIZE, features_of
from matcher.text.model import HEADS, TextModel
from matcher.text.words import words_of
from scripts.text_corpus import corpus, demonstration, learnt_from
from scripts.text_phrases import Example, fold_of

MODEL: Final = Path(__file__).resolve().parents[1] / "matcher" / "text" / "model.npz"
#: Texts that a feature must stand in to be learnt.
_LEAST_TEXTS: Final = 3
#: Features that are kept: those that decide most, by the head for which they decide most.
_KEPT: Final = 300_000
#: How strongly rare features count for more than common ones.
_RARITY: Final = 1.5
#: Demonstration listings are few beside composed texts, and written as people write.
_DEMO_COUNTS: Final = 2
#: How much a whole listing counts beside a composed text, by head. Phrases in frames say who asks
#: and how urgent it is in a few ways, and listings in many.
_WHOLE_COUNTS: Final[dict[str, float]] = {
    "kind": 6,
    "kind_by_group": 6,
    "kind_by_situation": 6,
    "category": 3,
    "urgency": 3,
}
#: Nobody knows how many of each kind will be typed; information has the fewest phrases.
_BALANCED: Final = frozenset({"kind", "kind_by_situation"})
#: Harmless texts that may be marked as risky, among those that were left out.
_FALSE_ALARMS: Final = 0.03
_GROUPS: Final = {category.slug: category.group for category in load_taxonomy().categories}


def _kind(example: Example) -> str | None:
    return None if example.side is None or example.situation else example.side.upper()


def _kind_by_group(example: Example) -> str | None:
    kind = _kind(example)
    return f"{_GROUPS[example.category]}|{kind}" if kind and example.category else None


def _kind_by_situation(example: Example) -> str | None:
    return example.side.upper() if example.side and example.situation else None


#: Head: the label of an example (None: not learnt), and the strength of the penalty.
_LEARNT: Final[dict[str, tuple[Callable[[Example], str | None], float]]] = {
    "language": (lambda e: e.language, 1e-6),
    "kind": (_kind, 4e-6),
    "kind_by_group": (_kind_by_group, 3e-6),
    "kind_by_situation": (_kind_by_situation, 4e-6),
    "category": (lambda e: e.category, 2e-6),
    "urgency": (lambda e: None if e.urgency is None else str(e.urgency), 4e-6),
    "risk": (lambda e: None if e.risky is None else "risky" if e.risky else "harmless", 1e-5),
}


@dataclass(frozen=True)
class _Learnt:
    numbers: np.ndarray[Any, np.dtype[np.int64]]
    rarity: np.ndarray[Any, np.dtype[np.float64]]
    #: int64 [features]: in how many texts each one stands.
    texts: np.ndarray[Any, np.dtype[np.int64]]
    coefficients: list[np.ndarray[Any, np.dtype[np.float64]]]
    biases: list[np.ndarray[Any, np.dtype[np.float64]]]
    labels: dict[str, tuple[str, ...]]


def main() -> None:
    """Parse the command line and train."""
    parser = argparse.ArgumentParser(prog="python -m scripts.train_text", description=__doc__)
    parser.add_argument("--validate", action="store_true", help="judge, and write nothing")
    validate = parser.parse_args().validate
    demo = demonstration()
    part = corpus(lambda phrase: fold_of(phrase) != 0)
    left_out = corpus(lambda phrase: fold_of(phrase) == 0)
    risk_from = _threshold(part, [*left_out, *demo])
    if validate:
        model = as_model(_learn(part), risk_from=risk_from)
        for name, examples in (("left-out phrases", left_out), ("demonstration", demo)):
            print(name, judge(model, examples, risk_from))
        return
    examples = [*corpus(), *demo * _DEMO_COUNTS]
    as_model(_learn(examples), risk_from=risk_from).save(MODEL)
    print(f"{MODEL}: {MODEL.stat().st_size} bytes from {len(examples)} texts")


def _matrix(examples: Sequence[Example]) -> sp.csr_matrix:
    """How much each feature counts in each text, float64 [texts, SIZE]; 0 where it is not there."""
    found = [features_of(words_of(example.text)) for example in examples]
    starts = np.cumsum([0, *(len(each.numbers) for each in found)])
    counts = np.concatenate([each.counts for each in found]).astype(np.float64)
    columns = np.concatenate([each.numbers for each in found])
    return sp.csr_matrix((counts, columns, starts), shape=(len(examples), SIZE))


class _Vectors:
    """Which features texts are told apart by, and how much rare ones count."""

    def __init__(self, present: sp.csr_matrix) -> None:
        texts = np.asarray((present > 0).sum(axis=0)).ravel()
        self.numbers = np.flatnonzero(texts >= _LEAST_TEXTS)
        self.texts = texts[self.numbers]
        rare = (1 + present.shape[0]) / (1 + self.texts)
        self.rarity = (np.log(rare) + 1) ** _RARITY

    def of(self, present: sp.csr_matrix) -> sp.csr_matrix:
        """float64 [texts, features], each row of length 1."""
        return normalize(present[:, self.numbers] @ sp.diags(self.rarity)).tocsr()


def _learn(examples: Sequence[Example]) -> _Learnt:
    present = _matrix(examples)
    vectors = _Vectors(present)
    matrix = vectors.of(present)
    coefficients, biases, labels = [], [], {}
    for head in HEADS:
        classifier = _classifier(head, matrix, examples)
        both = len(classifier.classes_) == 2
        coefficients.append(
            np.vstack([-classifier.coef_, classifier.coef_]) if both else classifier.coef_
        )
        shift = classifier.intercept_
        biases.append(np.concatenate([-shift, shift]) if both else shift)
        labels[head] = tuple(classifier.classes_.tolist())
    return _Learnt(vectors.numbers, vectors.rarity, vectors.texts, coefficients, biases, labels)


def _classifier(head: str, matrix: sp.csr_matrix, examples: Sequence[Example]) -> SGDClassifier:
    """One head, fitted on the examples whose label is known."""
    label, alpha = _LEARNT[head]
    named = [(i, name) for i, e in enumerate(examples) if (name := label(e)) is not None]
    rows, names = zip(*named, strict=True)
    more = _WHOLE_COUNTS.get(head, 1)
    counts = np.array([more if examples[i].whole else 1 for i in rows], dtype=np.float64)
    return SGDClassifier(
        loss="log_loss",
        alpha=alpha,
        max_iter=6,
        tol=None,
        average=True,
        random_state=1,
        class_weight="balanced" if head in _BALANCED else None,
        n_jobs=-1,
    ).fit(matrix[list(rows)], np.array(names), sample_weight=counts)


def as_model(learnt: _Learnt, *, risk_from: float) -> TextModel:
    """What ships of it: the features that decide most, in bytes."""
    weights = np.vstack(learnt.coefficients).T
    kept = np.sort(np.argsort(_ranks(learnt), kind="stable")[:_KEPT])
    scales = np.abs(weights[kept]).max(axis=0) / 127
    return TextModel(
        numbers=learnt.numbers[kept].astype(np.uint32),
        rarity=learnt.rarity[kept].astype(np.float16).astype(np.float32),
        weights=np.round(weights[kept] / scales).astype(np.int8),
        scales=scales.astype(np.float32),
        biases=np.concatenate(learnt.biases).astype(np.float32),
        labels=learnt.labels,
        risk_from=risk_from,
        corpus=learnt_from(),
    )


def _ranks(learnt: _Learnt) -> np.ndarray[Any, np.dtype[np.int64]]:
    """The best rank of each feature among the heads, by its weight and how often it is met."""
    met = learnt.rarity * np.sqrt(learnt.texts)
    ranks = []
    for coefficients in learnt.coefficients:
        order = np.argsort(-np.abs(coefficients).max(axis=0) * met, kind="stable")
        ranks.append(np.argsort(order, kind="stable"))
    best: np.ndarray[Any, np.dtype[np.int64]] = np.min(ranks, axis=0)
    return best


def _probabilities(model: TextModel, head: str, examples: Sequence[Example]) -> Any:
    sums = [model.weigh(features_of(words_of(e.text))).sums for e in examples]
    if head.startswith("kind"):
        return np.array([model.kinds(each) for each in sums])
    return np.array([model.probabilities(head, each) for each in sums])


def _threshold(learnt_from: Sequence[Example], judged: Sequence[Example]) -> float:
    """The probability of risk that few enough harmless texts reach, composed and written ones."""
    present = _matrix(learnt_from)
    vectors = _Vectors(present)
    classifier = _classifier("risk", vectors.of(present), learnt_from)
    harmless = vectors.of(_matrix([e for e in judged if e.risky is False]))
    risky = classifier.classes_.tolist().index("risky")
    found = classifier.predict_proba(harmless)[:, risky]
    return float(np.quantile(found, 1 - _FALSE_ALARMS))


def judge(model: TextModel, examples: Sequence[Example], risk_from: float) -> dict[str, float]:
    """Shares of the texts that are judged rightly."""
    found: dict[str, float] = {}
    for head, (label, _) in _LEARNT.items():
        if head == "kind_by_group":
            continue
        labelled = [e for e in examples if label(e) is not None]
        names = np.array([label(e) for e in labelled])
        probabilities = _probabilities(model, head, labelled)
        if head == "risk":
            marked = probabilities[:, model.labels[head].index("risky")] >= risk_from
            found["risk from"] = risk_from
            if (names == "risky").any():
                found["risky found"] = float(marked[names == "risky"].mean())
            found["false alarms"] = float(marked[names == "harmless"].mean())
            continue
        labels = model.labels["kind" if head == "kind_by_situation" else head]
        order = np.array(labels)[np.argsort(-probabilities, axis=1)]
        found[head] = float((order[:, 0] == names).mean())
        if head == "category":
            found["category, first three"] = float((order[:, :3] == names[:, None]).any(1).mean())
        if head == "urgency":
            middle = (probabilities.cumsum(axis=1) < 0.5).sum(axis=1)
            found["urgency within one"] = float((abs(middle - names.astype(int)) <= 1).mean())
    return {name: round(value, 4) for name, value in found.items()}


if __name__ == "__main__":
    main()

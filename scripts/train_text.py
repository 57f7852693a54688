"""Trains the model of `matcher.text` on the texts of `scripts/text_corpus.py`, in some minutes.

`python -m scripts.train_text` writes `matcher/text/model.npz`; with `--validate` it writes nothing
and prints how well texts are judged whose phrases were left out, and demonstration listings. It
never reads `tests/data/text`.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import scipy.sparse as sp
from sklearn.preprocessing import normalize

from matcher.text.features import SIZE, features_of
from matcher.text.model import HEADS, TextModel
from matcher.text.words import words_of
from scripts.text_corpus import corpus, demonstration, learnt_from
from scripts.text_heads import LEARNT, Head, fit
from scripts.text_phrases import Example, fold_of

MODEL: Final = Path(__file__).resolve().parents[1] / "matcher" / "text" / "model.npz"
#: Texts that a feature must stand in to be learnt.
_LEAST_TEXTS: Final = 4
#: Features that are kept: those that decide most, by the head for which they decide most.
_KEPT: Final = 500_000
#: How strongly rare features count for more than common ones.
_RARITY: Final = 1.5
#: Demonstration listings are few beside composed texts, and written as people write.
_DEMO_COUNTS: Final = 2
#: Texts whose features one process finds at a time.
_TEXTS_AT_ONCE: Final = 10_000
#: Harmless texts that may be marked as risky, among those that were left out.
_FALSE_ALARMS: Final = 0.02


@dataclass(frozen=True)
class _Learnt:
    numbers: np.ndarray[Any, np.dtype[np.int64]]
    rarity: np.ndarray[Any, np.dtype[np.float64]]
    #: int64 [features]: in how many texts each one stands.
    texts: np.ndarray[Any, np.dtype[np.int64]]
    heads: list[Head]


def main() -> None:
    """Parse the command line and train."""
    parser = argparse.ArgumentParser(prog="python -m scripts.train_text", description=__doc__)
    parser.add_argument("--validate", action="store_true", help="judge, and write nothing")
    validate = parser.parse_args().validate
    demo, counts = demonstration(), _Counts()
    part = corpus(lambda phrase: fold_of(phrase) != 0)
    left_out = corpus(lambda phrase: fold_of(phrase) == 0)
    risk_from = _threshold(counts, part, [*left_out, *demo])
    if validate:
        model = as_model(_learn(counts, part), risk_from=risk_from)
        for name, examples in (("left-out phrases", left_out), ("demonstration", demo)):
            print(name, judge(model, examples, risk_from))
        return
    examples = [*corpus(), *demo * _DEMO_COUNTS]
    as_model(_learn(counts, examples), risk_from=risk_from).save(MODEL)
    print(f"{MODEL}: {MODEL.stat().st_size} bytes from {len(examples)} texts")


class _Counts:
    """How much each feature counts in texts; found once for each text."""

    def __init__(self) -> None:
        self._rows: dict[str, int] = {}
        self._counts = sp.csr_matrix((0, SIZE))

    def of(self, examples: Sequence[Example]) -> sp.csr_matrix:
        """float64 [texts, SIZE]: 0 where a feature is not in a text."""
        missing = list(dict.fromkeys(e.text for e in examples if e.text not in self._rows))
        self._rows |= {text: len(self._rows) + i for i, text in enumerate(missing)}
        if missing:
            self._add(missing)
        return self._counts[[self._rows[example.text] for example in examples]]

    def _add(self, missing: Sequence[str]) -> None:
        parts = [
            missing[start : start + _TEXTS_AT_ONCE]
            for start in range(0, len(missing), _TEXTS_AT_ONCE)
        ]
        with ProcessPoolExecutor() as pool:
            self._counts = sp.vstack([self._counts, *pool.map(_counts_of, parts)], format="csr")
        print(f"features found: {len(self._rows)} texts", flush=True)


def _counts_of(texts: Sequence[str]) -> sp.csr_matrix:
    found = [features_of(words_of(text)) for text in texts]
    starts = np.cumsum([0, *(len(each.numbers) for each in found)])
    counts = np.concatenate([each.counts for each in found]).astype(np.float64)
    columns = np.concatenate([each.numbers for each in found])
    return sp.csr_matrix((counts, columns, starts), shape=(len(texts), SIZE))


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


def _learn(counts: _Counts, examples: Sequence[Example]) -> _Learnt:
    present = counts.of(examples)
    vectors = _Vectors(present)
    matrix = vectors.of(present)
    heads = []
    for name in HEADS:
        heads.append(fit(name, matrix, examples))
        print(f"learnt: {name}", flush=True)
    return _Learnt(vectors.numbers, vectors.rarity, vectors.texts, heads)


def as_model(learnt: _Learnt, *, risk_from: float) -> TextModel:
    """What ships of it: the features that decide most, in bytes."""
    weights = np.vstack([head.coefficients for head in learnt.heads]).T
    kept = np.sort(np.argsort(_ranks(learnt), kind="stable")[:_KEPT])
    scales = np.abs(weights[kept]).max(axis=0) / 127
    return TextModel(
        numbers=learnt.numbers[kept].astype(np.uint32),
        rarity=learnt.rarity[kept].astype(np.float16).astype(np.float32),
        weights=np.round(weights[kept] / scales).astype(np.int8),
        scales=scales.astype(np.float32),
        biases=np.concatenate([head.biases for head in learnt.heads]).astype(np.float32),
        labels={name: head.labels for name, head in zip(HEADS, learnt.heads, strict=True)},
        risk_from=risk_from,
        corpus=learnt_from(),
    )


def _ranks(learnt: _Learnt) -> np.ndarray[Any, np.dtype[np.int64]]:
    """The best rank of each feature among the heads, by its weight and how often it is met."""
    met = learnt.rarity * np.sqrt(learnt.texts)
    ranks = []
    for head in learnt.heads:
        order = np.argsort(-np.abs(head.coefficients).max(axis=0) * met, kind="stable")
        ranks.append(np.argsort(order, kind="stable"))
    best: np.ndarray[Any, np.dtype[np.int64]] = np.min(ranks, axis=0)
    return best


def _probabilities(model: TextModel, head: str, examples: Sequence[Example]) -> Any:
    sums = [model.weigh(features_of(words_of(e.text))).sums for e in examples]
    if head.startswith("kind"):
        return np.array([model.kinds(each) for each in sums])
    return np.array([model.probabilities(head, each) for each in sums])


def _threshold(counts: _Counts, learnt_from: Sequence[Example], judged: Sequence[Example]) -> float:
    """The probability of risk that few enough harmless texts reach, composed and written ones."""
    present = counts.of(learnt_from)
    vectors = _Vectors(present)
    head = fit("risk", vectors.of(present), learnt_from)
    harmless = vectors.of(counts.of([e for e in judged if e.risky is False]))
    found = head.probabilities(harmless)[:, head.labels.index("risky")]
    return float(np.quantile(found, 1 - _FALSE_ALARMS))


def judge(model: TextModel, examples: Sequence[Example], risk_from: float) -> dict[str, float]:
    """Shares of the texts that are judged rightly."""
    found: dict[str, float] = {}
    for head, (label, _) in LEARNT.items():
        if head == "kind_by_group":
            continue
        told = [e for e in examples if label(e) is not None]
        labelled = [e for e in told if e.situation] if head == "kind_by_situation" else told
        if not labelled:
            continue
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

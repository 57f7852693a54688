"""A linear model of texts: what ships with the engine, read once, and asked without scikit-learn.

Its file is a NumPy archive without pickled objects. `scripts/train_text.py` writes it.
"""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Self

import numpy as np
from numpy.typing import NDArray

from matcher.text.features import SIZE, Features

#: What is decided about a text, each by a head of its own with these labels' names in the file.
HEADS: Final = (
    *("language", "kind", "kind_by_group", "kind_by_situation"),
    *("category", "urgency", "risk"),
)
#: Who asks and who gives is told by three heads together: by what people say, by that in each group
#: of categories ("daily|OFFER"), and by whole listings alone, in most of which nobody says it. How
#: much the logarithm of each one's probability counts was found on listings that were left out
#: (docs/text.md).
_KIND_HEADS: Final = {"kind": 1.0, "kind_by_group": 0.7, "kind_by_situation": 0.5}
#: What the probability of a kind is multiplied by; others count 1. Training takes all kinds for
#: equally common, and few of those who type publish information: found in the same way.
_KIND_SHARES: Final = {"INFO": 0.75}
_LEAST_PROBABILITY: Final = 1e-9
_VERSION: Final = 4


class TextModelError(ValueError):
    """A file that is no model of this version of the engine; the message says what is wrong."""


@dataclass(frozen=True, slots=True)
class Weighed:
    """The known features of a text and what each speaks for."""

    #: float32 [labels of all heads]: sums, larger where more speaks for a label.
    sums: NDArray[np.float32]
    #: float32 [n, labels of all heads]: what each known feature added.
    parts: NDArray[np.float32]
    #: int64 [n]: index of the word of each known feature.
    words: NDArray[np.int64]
    #: Share of the features that are known: 0 to 1.
    known: float


class TextModel:
    """Weights of hashed features, for the labels of every head."""

    def __init__(
        self,
        *,
        numbers: NDArray[np.uint32],
        rarity: NDArray[np.float32],
        weights: NDArray[np.int8],
        scales: NDArray[np.float32],
        biases: NDArray[np.float32],
        labels: Mapping[str, tuple[str, ...]],
        risk_from: float,
        corpus: str,
    ) -> None:
        """Take what training found.

        numbers: uint32 [n], the known features, ascending; rarity: float32 [n], how much each one
        counts; weights: int8 [n, m] and scales: float32 [m], their product is what a feature speaks
        for one of the m labels; biases: float32 [m]; labels: of each head, m in all; risk_from: the
        probability of risk from which a text is marked; corpus: digest of what was learnt from.
        """
        self.labels = {head: tuple(labels[head]) for head in HEADS}
        self.risk_from = risk_from
        self.corpus = corpus
        self._arrays = (numbers, rarity, weights, scales, biases)
        self._check()
        self._columns = self._spread()
        self._kinds = {head: self._labels_of_kinds(head) for head in _KIND_HEADS}
        self._kind_shares = np.array([_KIND_SHARES.get(kind, 1.0) for kind in self.labels["kind"]])

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read a model; raises TextModelError, and FileNotFoundError where there is none."""
        try:
            with path.open("rb") as stream, np.load(stream, allow_pickle=False) as file:
                if int(file["version"]) != _VERSION:
                    raise TextModelError("version must be that of this engine")
                labels = {head: tuple(file[f"labels_{head}"].tolist()) for head in HEADS}
                return cls(
                    numbers=file["numbers"],
                    rarity=file["rarity"].astype(np.float32),
                    weights=file["weights"],
                    scales=file["scales"],
                    biases=file["biases"],
                    labels=labels,
                    risk_from=float(file["risk_from"]),
                    corpus=str(file["corpus"]),
                )
        except (KeyError, ValueError, EOFError, zipfile.BadZipFile) as error:
            if isinstance(error, TextModelError):
                raise
            raise TextModelError("the file must be a model of texts") from error

    def save(self, path: Path) -> None:
        """Write the model to a file."""
        numbers, rarity, weights, scales, biases = self._arrays
        arrays: dict[str, Any] = {
            "version": np.int64(_VERSION),
            "numbers": numbers,
            "rarity": rarity.astype(np.float16),
            "weights": weights,
            "scales": scales,
            "biases": biases,
            "risk_from": np.float64(self.risk_from),
            "corpus": np.array(self.corpus),
            **{f"labels_{head}": np.array(self.labels[head]) for head in HEADS},
        }
        np.savez_compressed(path, **arrays)

    def columns(self, head: str) -> slice:
        """Where the labels of a head stand among all."""
        return self._columns[head]

    def weigh(self, features: Features) -> Weighed:
        """What the features of a text speak for; nothing but the biases where none is known."""
        numbers, rarity, weights, scales, biases = self._arrays
        slots = np.searchsorted(numbers, features.numbers)
        known = numbers[np.minimum(slots, len(numbers) - 1)] == features.numbers
        slots = slots[known]
        counts = rarity[slots] * features.counts[known]
        length = np.sqrt(np.sum(counts * counts, dtype=np.float32)) or np.float32(1)
        parts = weights[slots] * scales * (counts / length)[:, None]
        share = float(known.mean()) if len(known) else 0.0
        return Weighed(parts.sum(axis=0) + biases, parts, features.words[known], share)

    def probabilities(self, head: str, sums: NDArray[np.float32]) -> NDArray[np.float64]:
        """Probabilities of a head's labels from the sums of all: each one against the rest."""
        chosen = sums[self._columns[head]].astype(np.float64)
        each: NDArray[np.float64] = 1 / (1 + np.exp(-chosen))
        shares: NDArray[np.float64] = each / each.sum()
        return shares

    def kinds(self, sums: NDArray[np.float32]) -> NDArray[np.float64]:
        """Probabilities of the labels of "kind".

        The weighted geometric mean of three heads, times how common each kind is taken to be.
        """
        logs = np.zeros(len(self.labels["kind"]))
        for head, counts in _KIND_HEADS.items():
            each = self.probabilities(head, sums)
            told = np.array([each[labels].sum() for labels in self._kinds[head]])
            logs += counts * np.log(np.maximum(told, _LEAST_PROBABILITY))
        means = self._kind_shares * np.exp(logs / sum(_KIND_HEADS.values()))
        shares: NDArray[np.float64] = means / means.sum()
        return shares

    def kind_parts(self, weighed: Weighed, kind: int) -> NDArray[np.float32]:
        """float32 [n]: what each known feature added to a label of "kind", in all three heads."""
        parts = np.zeros(len(weighed.parts), dtype=np.float32)
        for head, counts in _KIND_HEADS.items():
            columns = self._columns[head].start + self._kinds[head][kind]
            likeliest = columns[weighed.sums[columns].argmax()]
            parts += np.float32(counts) * weighed.parts[:, likeliest]
        return parts

    def _labels_of_kinds(self, head: str) -> list[NDArray[np.int64]]:
        """Of each label of "kind" its labels in a head, which may name a group before it."""
        found = []
        for kind in self.labels["kind"]:
            ends = [i for i, label in enumerate(self.labels[head]) if label.split("|")[-1] == kind]
            if not ends:
                raise TextModelError(f"labels of {head} must name the kind {kind}")
            found.append(np.array(ends, dtype=np.int64))
        return found

    def _spread(self) -> dict[str, slice]:
        columns, start = {}, 0
        for head in HEADS:
            columns[head] = slice(start, start + len(self.labels[head]))
            start += len(self.labels[head])
        return columns

    def _check(self) -> None:
        numbers, rarity, weights, scales, biases = self._arrays
        m = sum(len(labels) for labels in self.labels.values())
        shapes = (rarity.shape, weights.shape, scales.shape, biases.shape)
        if shapes != ((len(numbers),), (len(numbers), m), (m,), (m,)):
            raise TextModelError("the arrays must fit each other and the labels")
        if not len(numbers) or (np.diff(numbers.astype(np.int64)) <= 0).any():
            raise TextModelError("numbers must be at least one, and ascend")
        if int(numbers[-1]) >= SIZE:
            raise TextModelError(f"numbers must be below {SIZE}")

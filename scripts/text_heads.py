"""The heads of the model of `matcher.text`: what each one learns from an example, and how."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Final

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from sklearn.linear_model import SGDClassifier

from board.reference import load_taxonomy
from scripts.text_phrases import Example

#: How much a whole listing counts beside a composed text, by head. Phrases in frames say who asks
#: and how urgent it is in a few ways, and listings in many. Of risk they tell less: few of them are
#: risky, and at full weight the plain words of phrases became a sign of it.
_WHOLE_COUNTS: Final[dict[str, float]] = {
    "kind": 6,
    "kind_by_group": 6,
    "kind_by_situation": 6,
    "category": 3,
    "urgency": 3,
    "risk": 0.3,
}
#: Each label weighs as much as any other here, whatever was written of it: nobody knows how many of
#: each kind and language will be typed.
_BALANCED: Final = frozenset({"language", "kind", "kind_by_situation"})
#: Heads in which a feature counts more that stands by itself more often with one label than with
#: the others: the exponent of the logarithm of that ratio. A feature that is common in all of them
#: is held down before it is learnt from.
_RATIO_COUNTS: Final[dict[str, float]] = {"kind": 0.8, "kind_by_situation": 0.8}
#: Labels that are fitted at once: each may need a copy of what is learnt from.
_LABELS_AT_ONCE: Final = 2
_GROUPS: Final = {category.slug: category.group for category in load_taxonomy().categories}


def _kind(example: Example) -> str | None:
    return None if example.side is None or example.situation else example.side.upper()


def _kind_by_group(example: Example) -> str | None:
    kind = _kind(example)
    return f"{_GROUPS[example.category]}|{kind}" if kind and example.category else None


def _kind_by_situation(example: Example) -> str | None:
    return example.side.upper() if example.side and example.whole else None


#: Head: the label of an example (None: not learnt), and the strength of the penalty.
LEARNT: Final[dict[str, tuple[Callable[[Example], str | None], float]]] = {
    "language": (lambda e: e.language, 1e-6),
    "kind": (_kind, 4e-6),
    "kind_by_group": (_kind_by_group, 3e-6),
    "kind_by_situation": (_kind_by_situation, 4e-6),
    "category": (lambda e: e.category, 2e-6),
    "urgency": (lambda e: None if e.urgency is None else str(e.urgency), 4e-6),
    "risk": (lambda e: None if e.risky is None else "risky" if e.risky else "harmless", 1e-5),
}


@dataclass(frozen=True, slots=True)
class Head:
    """What training found for the labels of one head."""

    #: In ascending order.
    labels: tuple[str, ...]
    #: float64 [labels, features]: how much each feature speaks for a label.
    coefficients: NDArray[np.float64]
    #: float64 [labels]
    biases: NDArray[np.float64]

    def probabilities(self, matrix: sp.csr_matrix) -> NDArray[np.float64]:
        """float64 [texts, labels] of the features of texts: each label against the rest."""
        each = 1 / (1 + np.exp(-(matrix @ self.coefficients.T + self.biases)))
        shares: NDArray[np.float64] = each / each.sum(axis=1, keepdims=True)
        return shares


def fit(name: str, matrix: sp.csr_matrix, examples: Sequence[Example]) -> Head:
    """One head, learnt from the examples whose label is known.

    matrix: float64 [examples, features], as `scripts.train_text` weighs them.
    """
    label, _ = LEARNT[name]
    named = [(i, each) for i, e in enumerate(examples) if (each := label(e)) is not None]
    rows, told = zip(*named, strict=True)
    more = _WHOLE_COUNTS.get(name, 1)
    weights = np.array([more if examples[i].whole else 1 for i in rows], dtype=np.float64)
    labels, names = tuple(sorted(set(told))), np.array(told)
    # Of two labels one against the other is the other against the one.
    sought = labels[1:] if len(labels) == 2 else labels
    chosen = matrix[list(rows)]
    with ThreadPoolExecutor(_LABELS_AT_ONCE) as pool:
        fitted = pool.map(
            lambda each: _fit_label(name, chosen, names == each, weights, len(labels)), sought
        )
    found, shifts = zip(*fitted, strict=True)
    coefficients, biases = np.vstack(found), np.array(shifts)
    if len(labels) == 2:
        coefficients, biases = np.vstack([-coefficients, coefficients]), np.append(-biases, biases)
    return Head(labels, coefficients, biases)


def _fit_label(
    name: str,
    matrix: sp.csr_matrix,
    has: NDArray[np.bool_],
    weights: NDArray[np.float64],
    labels: int,
) -> tuple[NDArray[np.float64], float]:
    """One label of several against the rest: what each feature speaks for it, and the bias."""
    if name in _BALANCED:
        share = np.where(has, 1 / weights[has].sum(), (labels - 1) / weights[~has].sum())
        weights = weights * share * weights.sum() / labels
    scales = np.ones(matrix.shape[1])
    if name in _RATIO_COUNTS:
        scales = _ratios(matrix, has, weights) ** _RATIO_COUNTS[name]
        matrix = matrix @ sp.diags(scales)
        length = np.sqrt(matrix.multiply(matrix).sum(axis=1).mean()) or 1.0
        matrix, scales = matrix / length, scales / length
    classifier = SGDClassifier(
        loss="log_loss",
        alpha=LEARNT[name][1],
        max_iter=6,
        tol=None,
        average=True,
        random_state=1,
    ).fit(matrix, has, sample_weight=weights)
    return classifier.coef_[0] * scales, float(classifier.intercept_[0])


def _ratios(
    matrix: sp.csr_matrix, has: NDArray[np.bool_], weights: NDArray[np.float64]
) -> NDArray[np.float64]:
    """float64 [features]: by how much the logarithm of each one's share differs with the label.

    Wang and Manning, "Baselines and Bigrams: Simple, Good Sentiment and Topic Classification"
    (ACL 2012), with one added to each count.
    """
    present = sp.csr_matrix(
        (np.ones_like(matrix.data), matrix.indices, matrix.indptr), matrix.shape
    )
    with_it = 1 + present[has].T @ weights[has]
    without = 1 + present[~has].T @ weights[~has]
    ratios: NDArray[np.float64] = np.abs(
        np.log(with_it / with_it.sum()) - np.log(without / without.sum())
    )
    return ratios

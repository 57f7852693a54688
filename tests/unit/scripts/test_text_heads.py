"""What each head learns, and that what stands everywhere counts less than what tells a label."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import scipy.sparse as sp

from scripts.text_heads import LEARNT, _ratios, fit
from scripts.text_phrases import Example

SIDES = ("request", "offer", "info")


def example(side: str, *, whole: bool = False, situation: bool = False) -> Example:
    """A text about groceries."""
    return Example(
        text="",
        language="en",
        side=side,
        category="groceries",
        urgency=0,
        whole=whole,
        situation=situation,
    )


@pytest.mark.parametrize(
    ("whole", "situation", "learnt"),
    [
        (False, False, {"kind", "kind_by_group"}),
        (True, False, {"kind", "kind_by_group", "kind_by_situation"}),
        (True, True, {"kind_by_situation"}),
    ],
    ids=["composed", "a whole listing", "a situation"],
)
def test_the_heads_of_the_kind_differ_by_what_they_learn(
    whole: bool, situation: bool, learnt: set[str]
) -> None:
    """A situation would unteach the words that ask and give."""
    text = example("offer", whole=whole, situation=situation)
    told = {name: LEARNT[name][0](text) for name in LEARNT if name.startswith("kind")}
    assert {name for name, label in told.items() if label} == learnt
    assert {label.split("|")[-1] for label in told.values() if label} == {"OFFER"}


def listings() -> tuple[sp.csr_matrix, list[Example]]:
    """Twenty of each side: a word for each, and one that requests have a little more often."""
    examples = [example(side, whole=True) for side in SIDES for _ in range(20)]
    rows = np.eye(3, 4).repeat(20, axis=0)
    rows[[*range(18), *range(20, 34), *range(40, 54)], 3] = 1
    return sp.csr_matrix(rows), examples


@pytest.mark.parametrize("name", ["kind", "kind_by_situation", "kind_by_group"])
def test_each_label_is_told_by_its_word(name: str) -> None:
    """With and without ratios, in heads that are balanced and in others."""
    head = fit(name, *listings())
    assert [label.split("|")[-1] for label in head.labels] == ["INFO", "OFFER", "REQUEST"]
    shares = head.probabilities(sp.csr_matrix(np.eye(3, 4)))
    assert shares.argmax(axis=1).tolist() == [2, 1, 0]
    np.testing.assert_allclose(shares.sum(axis=1), 1)


def test_a_word_that_all_say_is_held_down() -> None:
    """It is nearly as frequent everywhere: where ratios count it speaks less, beside the others."""

    def common(name: str) -> float:
        weights = np.abs(fit(name, *listings()).coefficients[2])
        return float(weights[3] / weights[0])

    assert common("kind") < 0.2 * common("kind_by_group")


def test_risk_has_two_labels_that_mirror_each_other() -> None:
    """One is learnt, and the other is its opposite."""
    matrix, examples = listings()
    marked = [replace(e, risky=e.side == "offer") for e in examples]
    head = fit("risk", matrix, marked)
    assert head.labels == ("harmless", "risky")
    np.testing.assert_array_equal(head.coefficients[0], -head.coefficients[1])
    shares = head.probabilities(sp.csr_matrix(np.eye(3, 4)))
    assert shares.argmax(axis=1).tolist() == [0, 1, 0]


def test_a_text_without_the_label_is_not_learnt() -> None:
    """An unknown side is not a side."""
    unknown = Example(text="", language="en")
    examples = [example("offer"), example("request"), example("info"), unknown]
    matrix = sp.csr_matrix(np.eye(4))
    head = fit("kind", matrix, examples)
    assert not head.coefficients[:, 3].any()


def test_ratios_are_those_of_shares_that_differ() -> None:
    """By hand: 2 and 2 texts with the label have the features, 2 and none without, and one more."""
    told = np.array([True, True, True, False, False])
    matrix = sp.csr_matrix(
        [
            [0.3, 0.1],
            [0.3, 0.0],
            [0.0, 0.9],
            [0.2, 0.0],
            [0.2, 0.0],
        ]
    )
    counts = np.array([1.0, 1.0, 1.0, 1.0, 1.0])
    with_it, without = np.array([3, 3]), np.array([3, 1])
    expected = np.abs(np.log(with_it / 6) - np.log(without / 4))
    np.testing.assert_allclose(_ratios(matrix, told, counts), expected)
    heavier = np.where(told, 1.0, 3.0)
    without = np.array([7, 1])
    expected = np.abs(np.log(with_it / 6) - np.log(without / 8))
    np.testing.assert_allclose(_ratios(matrix, told, heavier), expected)
    same = sp.csr_matrix(np.ones((5, 2)))
    np.testing.assert_allclose(_ratios(same, told, counts), 0, atol=1e-12)

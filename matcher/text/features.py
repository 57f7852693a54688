"""What a model weighs in a text: pieces of words, words, and pairs of words, as numbers.

Each feature is hashed into one of 2^22 numbers, so that no list of them need be kept: a feature
that was never learnt from lands on a number without weights, or rarely on that of another one.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import Final, TypeAlias
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from matcher.text.words import Word

#: Features have numbers below this.
SIZE: Final = 1 << 22
#: Lengths of the pieces of a word, its borders counted as a character each.
PIECES: Final = (2, 3, 4, 5)

_BORDER: Final = ord(" ")
_FACTOR: Final = np.uint64(0x9E3779B97F4A7C15)
_MIX: Final = np.uint64(0xD6E8FEB86659FD93)
_SHIFT: Final = np.uint64(32)
_TOP: Final = np.uint64(64 - 22)

_Hashed: TypeAlias = tuple[NDArray[np.uint64], NDArray[np.int64]]


@dataclass(frozen=True, slots=True)
class Features:
    """The different features of a text."""

    #: int64 [n]: their numbers, ascending, each once.
    numbers: NDArray[np.int64]
    #: int64 [n]: index of the word where each one stood first.
    words: NDArray[np.int64]


def features_of(words: list[Word]) -> Features:
    """The features of a text's words; none where there are none."""
    hashes, places = zip(_pieces(words), _whole(words), strict=True)
    mixed = np.concatenate(hashes)
    mixed = (mixed ^ (mixed >> _SHIFT)) * _MIX
    numbers, first = np.unique((mixed >> _TOP).astype(np.int64), return_index=True)
    return Features(numbers, np.concatenate(places)[first])


def _pieces(words: list[Word]) -> _Hashed:
    """Hashes of the pieces of all words, and the word of each; a piece never crosses words."""
    lettered = [(i, word.folded) for i, word in enumerate(words) if not word.is_sign]
    line = "".join(f" {folded}" for _, folded in lettered) + " "
    codes = np.frombuffer(line.encode("utf-32-le", "surrogatepass"), dtype=np.uint32)
    # A border belongs to the word after it, the last one to nobody.
    owners = np.repeat([i for i, _ in lettered], [len(folded) + 1 for _, folded in lettered])
    borders = np.concatenate(([0], np.cumsum(codes == _BORDER)))
    hashes, places = [], []
    for length in PIECES:
        at = np.arange(max(len(codes) - length + 1, 0))
        at = at[borders[at + length - 1] == borders[at + 1]]
        hashed = np.full(len(at), length, dtype=np.uint64)
        for offset in range(length):
            hashed = hashed * _FACTOR + codes[at + offset]
        hashes.append(hashed)
        places.append(owners[at].astype(np.int64))
    return np.concatenate(hashes), np.concatenate(places)


def _whole(words: list[Word]) -> _Hashed:
    """Hashes of the words, of those with accents, and of the pairs; the word of each."""
    names = [(f"w {word.folded}", i) for i, word in enumerate(words)]
    names += [
        (f"a {word.accented}", i) for i, word in enumerate(words) if word.accented != word.folded
    ]
    pairs = itertools.pairwise(word.folded for word in words)
    names += [(f"p {first} {second}", i) for i, (first, second) in enumerate(pairs)]
    hashes = [crc32(name.encode("utf-8", "surrogatepass")) for name, _ in names]
    return np.array(hashes, dtype=np.uint64), np.array([i for _, i in names], dtype=np.int64)

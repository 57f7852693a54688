"""What a model weighs in a text: pieces of words, words, and words side by side, as numbers.

Each feature is hashed into one of 2^24 numbers, so that no list of them need be kept: a feature
that was never learnt from lands on a number without weights, or rarely on that of another one.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, TypeAlias
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from matcher.text.words import Word

#: Features have numbers below this.
SIZE: Final = 1 << 24
#: Lengths of the pieces of a word, its borders counted as a character each.
PIECES: Final = (2, 3, 4, 5)

#: How much one feature of a kind counts beside one word. A word has a dozen pieces, so that these
#: would drown what words side by side say: who needs and who gives.
_PIECE: Final = 0.5
_ACCENTED: Final = 0.5
_APART: Final = 0.7
_STEMMED: Final = 0.7
_ENDINGS: Final = 0.5
#: Letters that stand for a word beside another one: its first ones, or its last.
_STEM: Final = 4
_ENDING: Final = 3
#: Words from the start, or from the end, that are also features of that place.
_AT_START: Final = 3
_AT_END: Final = 2

_BORDER: Final = ord(" ")
_FACTOR: Final = np.uint64(0x9E3779B97F4A7C15)
_MIX: Final = np.uint64(0xD6E8FEB86659FD93)
_SHIFT: Final = np.uint64(32)
_TOP: Final = np.uint64(64 - 24)

#: Hashes, the index of each one's word, and how much each one counts.
_Hashed: TypeAlias = tuple[NDArray[np.uint64], NDArray[np.int64], NDArray[np.float32]]


@dataclass(frozen=True, slots=True)
class Features:
    """The different features of a text."""

    #: int64 [n]: their numbers, ascending, each once.
    numbers: NDArray[np.int64]
    #: int64 [n]: index of the word where each one stood first.
    words: NDArray[np.int64]
    #: float32 [n]: how much each one counts by its kind; a whole word counts 1.
    counts: NDArray[np.float32]


def features_of(words: list[Word]) -> Features:
    """The features of a text's words; none where there are none."""
    pieces, whole = _pieces(words), _whole(words)
    mixed = np.concatenate((pieces[0], whole[0]))
    mixed = (mixed ^ (mixed >> _SHIFT)) * _MIX
    numbers, first = np.unique((mixed >> _TOP).astype(np.int64), return_index=True)
    places = np.concatenate((pieces[1], whole[1]))
    counts = np.concatenate((pieces[2], whole[2]))
    return Features(numbers, places[first], counts[first])


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
    hashed = np.concatenate(hashes)
    return hashed, np.concatenate(places), np.full(len(hashed), _PIECE, dtype=np.float32)


def _whole(words: list[Word]) -> _Hashed:
    """Hashes of the words, and of words side by side or at either end; the word of each."""
    found = [*_alone(words), *_together([word.folded for word in words])]
    hashes = [crc32(name.encode("utf-8", "surrogatepass")) for name, _, _ in found]
    return (
        np.array(hashes, dtype=np.uint64),
        np.array([place for _, place, _ in found], dtype=np.int64),
        np.array([count for _, _, count in found], dtype=np.float32),
    )


def _alone(words: list[Word]) -> Iterator[tuple[str, int, float]]:
    for i, word in enumerate(words):
        yield f"w {word.folded}", i, 1
        if word.accented != word.folded:
            yield f"a {word.accented}", i, _ACCENTED


def _together(folded: list[str]) -> Iterator[tuple[str, int, float]]:
    for i, (one, two) in enumerate(itertools.pairwise(folded)):
        yield f"p {one} {two}", i, 1
        # Of two words side by side one or both may be inflected in a way that was never met.
        yield f"b {one} {two[:_STEM]}", i, _STEMMED
        yield f"c {one[:_STEM]} {two}", i, _STEMMED
        yield f"e {one[-_ENDING:]} {two[-_ENDING:]}", i, _ENDINGS
    for i, (one, two) in enumerate(zip(folded, folded[2:], strict=False)):
        yield f"s {one} {two}", i, _APART
    for length in range(1, min(_AT_START, len(folded)) + 1):
        yield f"f {' '.join(folded[:length])}", 0, 1
    for length in range(1, min(_AT_END, len(folded)) + 1):
        yield f"l {' '.join(folded[-length:])}", len(folded) - length, 1

"""Categories of alerts and listings as bits."""

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from matcher.taxonomy import CATEGORY_CAPACITY

_WORD = 64
_ALL = 2**_WORD - 1
# Of what was worked out for listings, so much is kept.
_KEPT = 4096


def category_words(categories: Iterable[int]) -> tuple[int, int, int, int]:
    """Category ids as 256 bits in four words."""
    bits = 0
    for category in categories:
        bits |= 1 << category
    if bits <= _ALL:
        return bits, 0, 0, 0
    return bits & _ALL, bits >> 64 & _ALL, bits >> 128 & _ALL, bits >> 192


def categories_of(words: NDArray[np.uint64]) -> frozenset[int]:
    """The category ids whose bits are set in four words."""
    bits = np.unpackbits(words.view(np.uint8), bitorder="little")
    return frozenset(np.flatnonzero(bits).tolist())


class CategoryBits:
    """A bit of 64 for each category that any alert has had, in the order of their coming.

    Bit 0 belongs to alerts on any category, and the last one to all categories that found no bit
    of their own: who meets only there looks at the 256 bits.
    """

    _ANY = 1
    _LAST = _WORD - 1

    def __init__(self) -> None:
        self._bits = [0] * CATEGORY_CAPACITY
        self._used = 1
        self._words: dict[tuple[int, ...], NDArray[np.uint64]] = {}
        #: Whether categories share a bit, so that questions need all 256.
        self.shared = False

    def stored(self, categories: Iterable[int]) -> int:
        """The bits of an alert; new categories get one."""
        bits, mask = self._bits, 0
        for category in categories:
            if bits[category] == 0:
                self._enter(category)
            mask |= bits[category]
        return mask or self._ANY

    def _enter(self, category: int) -> None:
        self.shared = self._used >= self._LAST
        # As a signed number of 64 bits.
        self._bits[category] = -(1 << self._LAST) if self.shared else 1 << self._used
        self._used += 1

    def stored_many(self, words: NDArray[np.uint64]) -> NDArray[np.int64]:
        """The bits of many alerts, given [n, 4] words with the bits of their ids: int64 [n]."""
        masks = np.zeros(len(words), dtype=np.uint64)
        for category in range(CATEGORY_CAPACITY):
            word = words[:, category // _WORD] >> np.uint64(category % _WORD)
            has = (word & np.uint64(1)).astype(np.bool_)
            if has.any():
                masks[has] |= np.uint64(self.stored((category,)) & _ALL)
        masks[masks == 0] = self._ANY
        return masks.view(np.int64)

    def asked(self, categories: tuple[int, ...]) -> int:
        """The bits of a listing."""
        bits, mask = self._bits, self._ANY
        for category in categories:
            mask |= bits[category]
        return mask

    def words(self, categories: tuple[int, ...]) -> int:
        """Address of the 256 bits of a listing; 0 as long as nobody needs them."""
        if not self.shared:
            return 0
        words = self._words.get(categories)
        if words is None:
            if len(self._words) >= _KEPT:
                self._words.clear()
            words = np.array(category_words(categories), dtype=np.uint64)
            self._words[categories] = words
        return int(words.ctypes.data)

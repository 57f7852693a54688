"""Language codes as bits, so that sets of them can be compared in columns."""

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

Words = tuple[int, int, int]

_BITS = 64
_WORDS = 3
#: Different codes that one index can hold; ISO 639-1 has 183.
LANGUAGE_CAPACITY = _WORDS * _BITS


class LanguagesFull(ValueError):
    """More different language codes than one index can hold."""

    def __init__(self) -> None:
        super().__init__(f"languages must be of at most {LANGUAGE_CAPACITY} different codes in all")


class LanguageBits:
    """A bit for each language code that was ever stored."""

    def __init__(self) -> None:
        self._bit_of: dict[str, int] = {}

    def stored(self, codes: Iterable[str]) -> Words:
        """The codes as three words of 64 bits; new codes get a bit. Raises LanguagesFull."""
        new = [code for code in codes if code not in self._bit_of]
        if len(self._bit_of) + len(new) > LANGUAGE_CAPACITY:
            raise LanguagesFull
        for code in new:
            self._bit_of[code] = len(self._bit_of)
        return self._words(codes)

    def asked(self, codes: Iterable[str]) -> NDArray[np.uint64]:
        """The codes as uint64 [3]; codes that were never stored have no bit."""
        return np.array(self._words(codes), dtype=np.uint64)

    def codes(self, words: Iterable[int]) -> frozenset[str]:
        """The codes whose bits are set in three words."""
        mask = sum(word << (_BITS * i) for i, word in enumerate(words))
        return frozenset(code for code, bit in self._bit_of.items() if mask >> bit & 1)

    def _words(self, codes: Iterable[str]) -> Words:
        mask = 0
        for code in codes:
            if code in self._bit_of:
                mask |= 1 << self._bit_of[code]
        low = (1 << _BITS) - 1
        return mask & low, mask >> _BITS & low, mask >> 2 * _BITS

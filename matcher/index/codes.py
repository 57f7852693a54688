"""Numbers of 64 bits as codes of 32: most are their own code, the others are listed."""

import numpy as np
from numpy.typing import NDArray

from matcher.index.arrays import Memory
from matcher.index.layout import ODD_OWNER, ODD_TIME, TIMES
from matcher.languages import LanguageBits

Ints = NDArray[np.int64]
_MOST_ODD = 1 << 24


class CodesFull(ValueError):
    """More odd numbers than codes are left for."""

    def __init__(self, field: str) -> None:
        super().__init__(f"{field} must be of at most {_MOST_ODD} different odd values in all")


class OwnerCodes:
    """Owners within ±2^30 stand for themselves; others get the codes from 2^30 on."""

    def __init__(self, odd: list[int] | None = None) -> None:
        #: In the order of their codes.
        self.odd = odd or []
        self._code_of = {owner: ODD_OWNER + i for i, owner in enumerate(self.odd)}

    def code(self, owner: int) -> int:
        """The code of an owner, a new one where needed."""
        if -ODD_OWNER <= owner < ODD_OWNER:
            return owner
        if owner not in self._code_of:
            if len(self.odd) >= _MOST_ODD:
                raise CodesFull("owner")
            self._code_of[owner] = ODD_OWNER + len(self.odd)
            self.odd.append(owner)
        return self._code_of[owner]

    def known(self, owner: int) -> int:
        """The code of an owner, or one that no row has."""
        return owner if -ODD_OWNER <= owner < ODD_OWNER else self._code_of.get(owner, -(1 << 40))

    def owner(self, code: int) -> int:
        """The owner of a code."""
        return code if code < ODD_OWNER else self.odd[code - ODD_OWNER]

    def codes(self, owners: Ints) -> NDArray[np.int32]:
        """The codes of many."""
        odd = np.flatnonzero((owners < -ODD_OWNER) | (owners >= ODD_OWNER))
        codes = owners.astype(np.int32)
        codes[odd] = [self.code(owner) for owner in owners[odd].tolist()]
        return codes


class TimeCodes:
    """Times from 1970 to 2105 stand for themselves; others are positions in a list."""

    def __init__(self, words: Ints, odd: list[int] | None = None) -> None:
        self._words = words
        #: In the order of their codes.
        self.odd: list[int] = []
        self._code_of: dict[int, int] = {}
        self._memory = Memory(8 * 16)
        for time in odd or []:
            self.code(time)
        self._publish()

    def code(self, time: int) -> int:
        """The code of a time in epoch seconds, a new one where needed."""
        if 0 <= time < ODD_TIME:
            return time
        if time not in self._code_of:
            if len(self.odd) >= _MOST_ODD:
                raise CodesFull("starts and ends")
            number = len(self.odd)
            if 8 * number >= len(self._memory):
                self._memory = self._memory.resized(16 * number, 8 * number)
            self._memory.view(8 * number + 8).view(np.int64)[number] = time
            self._code_of[time] = ODD_TIME + number
            self.odd.append(time)
            self._publish()
        return self._code_of[time]

    def time(self, code: int) -> int:
        """The time of a code."""
        return code if code < ODD_TIME else self.odd[code - ODD_TIME]

    def codes(self, times: Ints) -> NDArray[np.uint32]:
        """The codes of many."""
        odd = np.flatnonzero((times < 0) | (times >= ODD_TIME))
        codes = times.astype(np.uint32)
        codes[odd] = [self.code(time) for time in times[odd].tolist()]
        return codes

    def _publish(self) -> None:
        self._words[TIMES // 8] = self._memory.address


class LanguageSets:
    """The different sets of languages: a number each, and its bits where kernels read them."""

    def __init__(self) -> None:
        self.bits = LanguageBits()
        #: In the order of their numbers.
        self.sets: list[frozenset[str]] = []
        self._number_of: dict[frozenset[str], int] = {}
        self._memory = Memory(24 * 16)

    @property
    def address(self) -> int:
        """Of [n, 3] words of bits."""
        return self._memory.address

    @property
    def nbytes(self) -> int:
        """Memory of the bits."""
        return self._memory.nbytes

    def number(self, languages: frozenset[str]) -> int:
        """Number of a set, a new one where needed. Raises LanguagesFull."""
        known = self._number_of.get(languages)
        if known is not None:
            return known
        words = self.bits.stored(sorted(languages))
        number = len(self.sets)
        if 24 * number >= len(self._memory):
            self._memory = self._memory.resized(48 * number, 24 * number)
        self._memory.view(24 * number + 24).view(np.uint64)[3 * number :] = words
        self._number_of[languages] = number
        self.sets.append(languages)
        return number

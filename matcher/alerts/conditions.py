"""Conditions on kind, urgency and languages as numbers, and what a listing brings to them."""

from collections.abc import Iterable

import numpy as np

from matcher.alerts.changes import NEW_LANGUAGES_SHIFT
from matcher.alerts.layout import (
    ANY_LANGUAGE,
    GATE_BYTES,
    LANGUAGES_BYTES,
    LAST_LANGUAGES,
    SHARED_SHELF,
    SHELF_SHIFT,
    SPOKEN_TABLE,
    SPOKEN_TABLES,
)
from matcher.alerts.memory import Memory
from matcher.languages import LanguageBits, Words
from matcher.taxonomy import Kind, Urgency

#: Kinds, least urgency and languages of an alert.
Condition = tuple[frozenset[Kind], int, frozenset[str]]

_URGENCIES = len(Urgency)
# Sets of kinds that have shelves of their own.
_SHELVED_KINDS = SHARED_SHELF // _URGENCIES

# Number of each kind among the cases; there is room for fifteen.
_KIND_NUMBERS = [0] * 64
for _number, _kind in enumerate(Kind):
    _KIND_NUMBERS[_kind] = _number
_ALL_KINDS = frozenset(Kind)


def case_of(kind: int, urgency: int) -> int:
    """Number of a pair of kind and urgency."""
    return _KIND_NUMBERS[kind] * _URGENCIES + urgency


class Conditions:
    """A number for each condition on kind, urgency and languages that any alert has had."""

    def __init__(self) -> None:
        self._bits = LanguageBits()
        self._numbers: dict[Condition, int] = {}
        self._kept: list[Condition] = []
        #: The gates, and the sets of languages, of layout.py.
        self.gates = Memory(GATE_BYTES * 64)
        self.sets = Memory(LANGUAGES_BYTES * 64)
        self._set_numbers: dict[frozenset[str], int] = {frozenset(): 0}
        self._kind_sets: list[frozenset[Kind]] = [frozenset()]
        #: Whether records do not tell all about gates.
        self.doubtful = False
        #: Room for tables of languages.
        self.tables = Memory(self.table_bytes * SPOKEN_TABLES)
        self._cases: dict[int, tuple[int, int]] = {}

    @property
    def nbytes(self) -> int:
        """How much memory the gates take, and what was worked out for listings."""
        return self.gates.nbytes + self.sets.nbytes + self.tables.nbytes

    def __len__(self) -> int:
        return len(self._kept)

    @property
    def table_bytes(self) -> int:
        """Bytes of a table of languages, whole lines of 64."""
        return (SPOKEN_TABLE + min(self.set_count, LAST_LANGUAGES + 1) + 63) & -64

    @property
    def set_count(self) -> int:
        """How many sets of languages there are; the first is of any language."""
        return len(self._set_numbers)

    def __getitem__(self, gate: int) -> Condition:
        return self._kept[gate & ((1 << SHELF_SHIFT) - 1)]

    def number(self, kinds: frozenset[Kind], least_urgency: int, languages: frozenset[str]) -> int:
        """Gate, shelf and set of languages of a condition, as NEW_GATE has them.

        Raises LanguagesFull beyond 192 different codes.
        """
        condition = (kinds, least_urgency, languages)
        number = self._numbers.get(condition)
        return self._enter(condition) if number is None else number

    def _enter(self, condition: Condition) -> int:
        kinds, least_urgency, languages = condition
        words = self._bits.stored(languages)
        cases = 0 if languages else ANY_LANGUAGE
        for kind in kinds or Kind:
            for urgency in range(least_urgency, _URGENCIES):
                cases |= 1 << case_of(kind, urgency)
        gate = len(self._kept)
        self.gates = _with_entry(self.gates, gate, (cases, *words))
        self._kept.append(condition)
        shelf = self._kinds_number(kinds) * _URGENCIES + least_urgency
        number = gate | shelf << SHELF_SHIFT
        number |= self._languages_number(languages, words) << NEW_LANGUAGES_SHIFT
        self._numbers[condition] = number
        return number

    def _kinds_number(self, kinds: frozenset[Kind]) -> int:
        """Number of a set of kinds among the shelves; the last is of all that come late."""
        if kinds == _ALL_KINDS:
            kinds = frozenset()
        if kinds not in self._kind_sets:
            if len(self._kind_sets) == _SHELVED_KINDS:
                self.doubtful = True
                return _SHELVED_KINDS
            self._kind_sets.append(kinds)
            self._cases.clear()
        return self._kind_sets.index(kinds)

    def _languages_number(self, languages: frozenset[str], words: Words) -> int:
        number = self._set_numbers.get(languages)
        if number is None:
            number = len(self._set_numbers)
            self.sets = _with_entry(self.sets, number, words)
            self._set_numbers[languages] = number
            self.doubtful |= number >= LAST_LANGUAGES
            # Where tables begin has changed: what was in them must not be taken for one.
            if self.table_bytes * SPOKEN_TABLES != len(self.tables.view):
                self.tables = Memory(self.table_bytes * SPOKEN_TABLES)
        return min(number, LAST_LANGUAGES)

    def case(self, kind: int, urgency: int) -> tuple[int, int]:
        """Bit of a pair of kind and urgency, and the shelves where alerts may be hit."""
        case = case_of(kind, urgency)
        return self._cases.get(case) or self._shelves(case, Kind(kind), urgency)

    def _shelves(self, case: int, kind: Kind, urgency: int) -> tuple[int, int]:
        urgencies = (1 << (urgency + 1)) - 1
        shelves = urgencies << SHARED_SHELF
        for number, kinds in enumerate(self._kind_sets):
            if not kinds or kind in kinds:
                shelves |= urgencies << _URGENCIES * number
        self._cases[case] = 1 << case, shelves
        return self._cases[case]

    def spoken(self, languages: frozenset[str]) -> tuple[int, int, int]:
        """The languages of a listing as three signed words."""
        first, second, third = self._bits.asked(languages).view(np.int64).tolist()
        return first, second, third


def _with_entry(memory: Memory, number: int, words: Iterable[int]) -> Memory:
    """The array with one more entry, in a larger one when it was full."""
    entry = np.fromiter(words, dtype=np.uint64)
    at, size = entry.nbytes * number, len(memory.view)
    if at + entry.nbytes > size:
        memory = memory.resized(2 * size, size)
    memory.view[at : at + entry.nbytes].view(np.uint64)[:] = entry
    return memory

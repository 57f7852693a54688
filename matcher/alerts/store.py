"""The arrays of an index of alerts: what is put in and taken out, and how they grow."""

from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from matcher.alerts.alert import Alert
from matcher.alerts.categories import CategoryBits, categories_of
from matcher.alerts.cells import count_cells, move_cells
from matcher.alerts.changes import NEW_BYTES, put_alert, put_alerts, take_alert
from matcher.alerts.columns import AlertColumns
from matcher.alerts.conditions import Conditions
from matcher.alerts.ids import enlarge_ids, row_of
from matcher.alerts.layout import (
    AREA,
    AREA_BYTES,
    AREA_WKB,
    ARENA,
    ARENA_FULL,
    ARENA_ROOM,
    ARENA_USED,
    CELL_BYTES,
    CELLS,
    CELLS_FULL,
    CELLS_SLOTS,
    COUNT,
    DONE,
    DOUBTS,
    FULL_BYTES,
    FULL_CATEGORIES,
    FULLS,
    GATES,
    GATES_DOUBTFUL,
    IDS,
    IDS_FULL,
    IDS_SLOTS,
    NEED,
    OUT,
    REMOTE,
    ROW_AREA,
    ROW_BYTES,
    ROW_GATE,
    ROW_RADIUS,
    ROWS,
    ROWS_FULL,
    ROWS_ROOM,
    ROWS_USED,
    SCRATCH,
    SCRATCH_BYTES,
    SETS,
    SETS_COUNT,
    SHELF_SHIFT,
    TABLE_BYTES,
    TABLES,
    UNIT,
    WORDS,
)
from matcher.alerts.memory import Memory
from matcher.alerts.packing import joined_wkb, pack_alert, pack_columns
from matcher.areas import Area
from matcher.taxonomy import Kind

_FIRST_ROWS = 64
_FIRST_SLOTS = 256
_FIRST_UNITS = 1024
# So many numbers of rows fit into a record.
_MOST_ROWS = 1 << SHELF_SHIFT
# Alerts of a bulk that are prepared at a time.
_CHUNK = 50_000


class AlertStore:
    """Alerts in memory, and the way kernels take to them."""

    def __init__(self) -> None:
        #: What a question has written out, int64 [n]: the next one writes over it.
        self.out: NDArray[np.int64] = np.empty(0, dtype=np.int64)
        self._words = np.zeros(WORDS, dtype=np.int64)
        #: Address of the words.
        self.words: int = self._words.ctypes.data
        self._memories: dict[int, Memory] = {}
        self.categories = CategoryBits()
        self.conditions = Conditions()
        self._set_rows(_FIRST_ROWS)
        self._hold(IDS, Memory(4 * _FIRST_SLOTS))
        self._hold(CELLS, Memory(CELL_BYTES * _FIRST_SLOTS))
        self._hold(ARENA, Memory(UNIT * _FIRST_UNITS))
        self._set(IDS_SLOTS, _FIRST_SLOTS)
        self._set(CELLS_SLOTS, _FIRST_SLOTS)
        self._set(ARENA_ROOM, _FIRST_UNITS)
        self._hold(SCRATCH, Memory(SCRATCH_BYTES))
        self._set_conditions()
        self._new = Memory(NEW_BYTES)
        self._new_bytes = self._new.view.data

    def __len__(self) -> int:
        return self._value(COUNT)

    @property
    def nbytes(self) -> int:
        """How much memory the arrays take."""
        arrays = sum(memory.nbytes for memory in self._memories.values())
        return arrays + self._words.nbytes + self.conditions.nbytes

    @property
    def doubts(self) -> NDArray[np.int64]:
        """The rows that a question has left in doubt, int64 [n]."""
        return self._memories[DOUBTS].view.view(np.int64)

    def row_of(self, alert_id: int) -> int:
        """The row of an alert, or -1."""
        return row_of(self.words, alert_id)

    def number(self, row: int, field: int, kind: type[Any] = np.int64) -> Any:
        """One field of a row."""
        at = ROW_BYTES * row + field
        return self._memories[ROWS].view[at : at + 8].view(kind)[0].item()

    def alert(self, row: int) -> Alert:
        """The alert of a row."""
        full = self._memories[FULLS].view[FULL_BYTES * row : FULL_BYTES * (row + 1)]
        radius_m = self.number(row, ROW_RADIUS, np.int32)
        kinds, least_urgency, languages = self.conditions[self.number(row, ROW_GATE, np.uint32)]
        place: dict[str, Any] = {"cell": int(full.view(np.int64)[0]), "radius_m": radius_m}
        if radius_m == AREA:
            place = {"area": self.area(row), "radius_m": place["cell"]}
        elif radius_m == REMOTE:
            place = {"remote": True, "radius_m": place["cell"]}
        return Alert(
            id=self.number(row, 0),
            owner=self.number(row, 8),
            kinds=kinds,
            categories=categories_of(full[FULL_CATEGORIES:].view(np.uint64)),
            least_urgency=least_urgency,
            languages=languages,
            **place,
        )

    def area(self, row: int) -> Area:
        """The area of a row."""
        at = UNIT * self.number(row, ROW_AREA, np.uint32)
        arena = self._memories[ARENA].view
        size = int(arena[at + AREA_BYTES : at + AREA_WKB].view(np.int64)[0])
        return shapely.from_wkb(arena[at + AREA_WKB : at + AREA_WKB + size].tobytes())

    def put(self, alert: Alert) -> None:
        """Put in an alert, or replace the one of its id. Raises LanguagesFull."""
        gate = self._gate(alert.kinds, alert.least_urgency, alert.languages)
        mask = self.categories.stored(alert.categories)
        # The bytes of an area must live until the kernel has copied them.
        _kept = pack_alert(self._new_bytes, alert, gate, mask)
        while (lack := put_alert(self.words, self._new.address)) != DONE:
            self._grow(lack)

    def put_columns(self, columns: AlertColumns) -> None:
        """Put in many alerts. Raises LanguagesFull, and then none is in."""
        numbers = [self._gate(*condition) for condition in columns.conditions]
        gates = np.array(numbers, dtype=np.int64)
        for start in range(0, len(columns), _CHUNK):
            chunk = columns.take(start, start + _CHUNK)
            wkb = joined_wkb(chunk.area)
            news = pack_columns(chunk, gates, self.categories.stored_many(chunk.categories), wkb)
            done, address = 0, news.ctypes.data
            while done < len(news):
                answer = put_alerts(self.words, address, done, len(news))
                done = answer >> 3
                if answer & 7 != DONE:
                    self._grow(answer & 7)

    def take(self, alert_id: int) -> bool:
        """Take out an alert; False, and no change, when there is none of this id."""
        return take_alert(self.words, alert_id)

    def _gate(self, kinds: frozenset[Kind], least_urgency: int, languages: frozenset[str]) -> int:
        number = self.conditions.number(kinds, least_urgency, languages)
        if len(self.conditions) != self._known:
            self._set_conditions()
        return number

    def _set_conditions(self) -> None:
        """Tell the kernels of conditions that came."""
        conditions = self.conditions
        self._known = len(conditions)
        self._set(GATES, conditions.gates.address)
        self._set(GATES_DOUBTFUL, conditions.doubtful)
        self._set(SETS, conditions.sets.address)
        self._set(SETS_COUNT, conditions.set_count)
        self._set(TABLES, conditions.tables.address)
        self._set(TABLE_BYTES, conditions.table_bytes)

    def _value(self, word: int) -> int:
        return int(self._words[word // 8])

    def _set(self, word: int, value: int) -> None:
        self._words[word // 8] = value

    def _hold(self, word: int, memory: Memory) -> None:
        """Keep an array whose address stands in a word."""
        self._memories[word] = memory
        self._set(word, memory.address)

    def _set_rows(self, room: int) -> None:
        """Make room for so many rows."""
        used = self._value(ROWS_USED)
        for word, size in ((ROWS, ROW_BYTES), (FULLS, FULL_BYTES)):
            old = self._memories.get(word)
            self._hold(word, old.resized(size * room, size * used) if old else Memory(size * room))
        for word in (OUT, DOUBTS):
            # One more, because kernels write before they know whether it counts.
            self._hold(word, Memory(8 * (room + 1)))
        self.out = self._memories[OUT].view.view(np.int64)
        self._set(ROWS_ROOM, room)

    def _grow(self, lack: int) -> None:
        """Make larger what was full."""
        if lack == ROWS_FULL:
            room = self._value(ROWS_ROOM)
            if room == _MOST_ROWS:
                raise MemoryError(f"at most {_MOST_ROWS} alerts")
            self._set_rows(2 * room)
        elif lack == IDS_FULL:
            slots = 2 * self._value(IDS_SLOTS)
            memory = Memory(4 * slots)
            enlarge_ids(self.words, memory.address, slots)
            self._memories[IDS] = memory
        elif lack == CELLS_FULL:
            slots, live = self._value(CELLS_SLOTS), count_cells(self.words)
            while 4 * (live + 1) > slots:
                slots *= 2
            memory = Memory(CELL_BYTES * slots)
            move_cells(self.words, memory.address, slots)
            self._memories[CELLS] = memory
        elif lack == ARENA_FULL:
            room, used = self._value(ARENA_ROOM), self._value(ARENA_USED)
            room = max(room * 3 // 2, used + self._value(NEED))
            self._hold(ARENA, self._memories[ARENA].resized(UNIT * room, UNIT * used))
            self._set(ARENA_ROOM, room)

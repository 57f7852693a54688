"""SedonaDB (DataFusion): the same statement, joined by groups of H3 cells.

Its spatial join of boxes and points, with a category as an offset in the plane, takes more than
twice the processor time of this join.
"""

from __future__ import annotations

import warnings

import nanoarrow as na
import numpy as np
from nanoarrow.c_array_stream import CArrayStream
from numpy.typing import NDArray

from benchmarks.engine.peers.joins import STATEMENT, Columns, Tables

with warnings.catch_warnings():
    # It misses libraries of map projections and images, which the question does not need.
    warnings.simplefilter("ignore")
    import sedonadb


class Bulk:
    """One base in memory, with two partitions."""

    def __init__(self, tables: Tables) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            self._base = sedonadb.connect()
        self._base.sql("SET datafusion.execution.target_partitions = 2").execute()
        self._table("entries", tables.entries)
        self._table("meetings", tables.meetings)

    def _table(self, name: str, columns: Columns) -> None:
        arrays = [na.c_array(np.ascontiguousarray(values)) for values in columns.values()]
        fields = zip(columns, arrays, strict=True)
        schema = na.c_schema(na.struct({key: na.Schema(each.schema) for key, each in fields}))
        count = len(next(iter(columns.values())))
        whole = na.c_array_from_buffers(schema, count, [None], children=arrays)
        stream = na.ArrayStream(CArrayStream.from_c_arrays([whole], schema))
        frame = self._base.create_data_frame(stream).to_memtable()
        frame.to_view(name, overwrite=True)

    def top_k_all(self, ids: NDArray[np.int64], k: int) -> dict[str, NDArray[np.int64]]:
        """Columns asked, other and score for the open ones of these listings."""
        self._table("chosen", {"id": ids})
        # Halves are rounded up here; a score or distance that is exactly one does not occur.
        answer = self._base.sql(STATEMENT.format(round="round", k=k))
        names, columns = na.ArrayStream(answer).read_all().to_columns_pysequence()
        return {name: np.asarray(each) for name, each in zip(names, columns, strict=True)}

    def close(self) -> None:
        """Let it go."""
        del self._base

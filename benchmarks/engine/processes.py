"""The cases memory, build and load, each in a process of its own: `python -m … CASE N FILE`."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

from benchmarks.harness import Result


def compare(sizes: list[int]) -> Iterator[Result]:
    """Rows for each size."""
    with tempfile.TemporaryDirectory(prefix="entraide-bench-") as folder:
        for n in sizes:
            file = Path(folder, f"{n}.snapshot")
            yield from _child("memory", n, file)
            yield from _child("load", n, file)
            file.unlink()


def _child(case: str, n: int, file: Path) -> Iterator[Result]:
    command = [sys.executable, "-m", "benchmarks.engine.processes", case, str(n), str(file)]
    out = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    yield from (json.loads(line) for line in out.splitlines())


def _memory(n: int, file: Path) -> Iterator[Result]:
    """Build once small, so that the kernels are there, then build and save."""
    from benchmarks.engine.workload import world
    from matcher.index import Index

    small, whole = world(2000), world(n)
    Index(small.taxonomy).upsert_columns(small.columns)
    start = time.perf_counter()
    index = Index(whole.taxonomy)
    index.upsert_columns(whole.columns)
    taken = time.perf_counter() - start
    # Once more with every allocation counted, NumPy's too; the columns that go in are not ours.
    tracemalloc.start()
    index = Index(whole.taxonomy)
    index.upsert_columns(whole.columns)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    with file.open("wb") as stream:
        index.save(stream, str(n))
    head = {"benchmark": "engine", "n": n}
    per_listing = round(index.memory_bytes / n, 2)
    yield {**head, "case": "memory", "bytes_per_listing": per_listing, "exact": len(index) == n}
    peak_to_final = round(peak / index.memory_bytes, 2)
    yield {**head, "case": "build", "seconds": round(taken, 3), "peak_to_final": peak_to_final}


def _load(n: int, file: Path) -> Iterator[Result]:
    """From an open file to the first answer, in a process whose kernels are ready."""
    from benchmarks.engine.workload import NOW, world
    from matcher.index import Index

    started = time.perf_counter()
    small = world(2000)
    warm = Index(small.taxonomy)
    warm.upsert_columns(small.columns)
    warm.ranked_for(1, NOW)
    seed = int(small.columns.id[0])
    start = time.perf_counter()
    with file.open("rb") as stream:
        index, mark = Index.load(stream, small.taxonomy)
    ids, _ = index.ranked_for(seed, NOW)
    taken = time.perf_counter() - start
    yield {
        "benchmark": "engine",
        "case": "load",
        "n": n,
        "seconds": round(taken, 4),
        "warm_up_seconds": round(start - started, 3),
        "exact": mark == str(n) and len(index) == n and len(ids) >= 0,
    }


if __name__ == "__main__":
    cases = {"memory": _memory, "load": _load}
    for result in cases[sys.argv[1]](int(sys.argv[2]), Path(sys.argv[3])):
        print(json.dumps(result), flush=True)

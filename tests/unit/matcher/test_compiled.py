"""Compiled kernels: kept on disk where that can be, and working where it cannot."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from config.settings import ROOT

#: Two kernels, called once each; before that, what the test wants to happen.
CALL = """
import shutil
import matcher
from matcher import compiled
from matcher.alerts.arena import size_for
from matcher.index.changes import has_room
import numpy
{before}
words = numpy.zeros(256, dtype=numpy.int64)
print(size_for(5), bool(has_room(words.ctypes.data)), compiled.KERNELS)
"""
VANISHES = """
shutil.rmtree(compiled.KERNELS)
compiled.KERNELS.touch()
"""


def call(package: Path, before: str = "", **variables: str) -> subprocess.CompletedProcess[str]:
    """Import the engine of this folder in a process of its own, and call the kernels."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("NUMBA_")}
    return subprocess.run(
        [sys.executable, "-P", "-c", CALL.format(before=before)],
        env={**kept, "PYTHONPATH": str(package), "HOME": str(package), **variables},
        capture_output=True,
        text=True,
        check=True,
    )


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """A folder with a copy of the engine, beside which nothing can be kept, not even by root."""
    folder = tmp_path / "installed"
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "matcher", folder / "matcher", ignore=ignored)
    for each in (folder / "matcher", *folder.glob("matcher/*/")):
        (each / "__pycache__").touch()
    return folder


@pytest.fixture
def nowhere(tmp_path: Path) -> str:
    """A path below a file, where no folder can be made."""
    (tmp_path / "file").touch()
    return str(tmp_path / "file" / "cache")


def test_where_nothing_can_be_kept_the_engine_works_all_the_same(package: Path) -> None:
    """Each process compiles anew, and is told what to set."""
    result = call(package)
    assert result.stdout == "4 False None\n"
    assert f"compiled kernels cannot be kept in {package}/matcher/__pycache__: " in result.stderr
    assert "set NUMBA_CACHE_DIR to a folder that can be written" in result.stderr
    assert "Traceback" not in result.stderr


def test_where_the_chosen_folder_cannot_be_written_the_next_best_is_taken(
    package: Path, nowhere: str
) -> None:
    """The program's own folder, or none; the one that was chosen is named."""
    for folder in (package, ROOT):
        result = call(folder, NUMBA_CACHE_DIR=nowhere)
        first = result.stderr.splitlines()[0]
        assert first == f"compiled kernels cannot be kept in {nowhere}: Not a directory"
        kept = f"{folder}/matcher/__pycache__/kernels-"
        assert (kept in result.stdout) is (folder is ROOT)


def test_the_chosen_folder_is_used_and_found_again(package: Path, tmp_path: Path) -> None:
    """The second process compiles nothing; nothing is written anywhere else."""
    variables = {"NUMBA_CACHE_DIR": str(tmp_path / "new" / "cache"), "NUMBA_DEBUG_CACHE": "1"}
    first, second = (call(package, **variables) for _ in range(2))
    assert first.stderr == second.stderr == ""
    assert "data saved" in first.stdout
    assert "data loaded" in second.stdout and "data saved" not in second.stdout
    assert {path.name for path in package.iterdir()} == {"matcher"}


def test_a_kernel_that_cannot_be_kept_is_compiled_and_called(package: Path, tmp_path: Path) -> None:
    """The disk is full, or another version has tidied up: the question gets its answer."""
    cache = tmp_path / "cache"
    result = call(package, VANISHES, NUMBA_CACHE_DIR=str(cache))
    assert result.stdout.startswith("4 False ")
    lines = result.stderr.splitlines()
    assert [line.partition(f" in {cache}/kernels-")[0] for line in lines] == [
        "compiled kernels cannot be read",
        "compiled kernels cannot be kept",
    ]


def test_kernels_that_were_cut_off_are_compiled_and_kept_anew(
    package: Path, tmp_path: Path
) -> None:
    """After a loss of power files may be empty."""
    cache = tmp_path / "cache"
    call(package, NUMBA_CACHE_DIR=str(cache))
    for file in cache.rglob("*.nb?"):
        file.write_bytes(b"")
    again = call(package, NUMBA_CACHE_DIR=str(cache))
    assert again.stdout.startswith("4 False ")
    assert again.stderr.startswith("compiled kernels cannot be read in ")
    healed = call(package, NUMBA_CACHE_DIR=str(cache))
    assert (healed.stdout, healed.stderr) == (again.stdout, "")

"""The index of listings in a file, from which processes start: written whole or not at all."""

from __future__ import annotations

import fcntl
import json
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import BinaryIO

import structlog

from board.errors import BoardError
from matcher.index import Index, SnapshotError
from matcher.taxonomy import Taxonomy

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Mark:
    """Of which state of the database the index is a copy."""

    epoch: str
    revision: int


class NotWritten(BoardError):
    """The snapshot cannot be written: `reason` is what the system says of `path`."""

    def __init__(self, path: Path, reason: str) -> None:
        self.path = path
        self.reason = reason
        super().__init__(f"the snapshot of the index cannot be written to {path}: {reason}")


def save(path: Path, index: Index, mark: Mark) -> None:
    """Replace the snapshot by one of this index; readers see the old one or the new one.

    What killed writers have left is removed first. Raises NotWritten.
    """
    try:
        _remove_leftovers(path)
        with _temporary(path) as (stream, temporary):
            index.save(stream, json.dumps(asdict(mark)))
            stream.flush()
            os.fsync(stream.fileno())
            temporary.replace(path)
        _sync_folder(path.parent)
    except OSError as error:
        raise NotWritten(path, error.strerror or type(error).__name__) from error


def load(path: Path, taxonomy: Taxonomy, epoch: str, newest: int) -> tuple[Index, int] | None:
    """The index and its revision, or None where it must be read from SQL.

    Refused, with the reason in the log: what is damaged or foreign, what is of another epoch, and
    what is ahead of the database, whose newest revision is given.
    """
    found = read(path, taxonomy)
    if found is None or not is_of_use(found[1], epoch, newest):
        return None
    return found[0], found[1].revision


def read(path: Path, taxonomy: Taxonomy) -> tuple[Index, Mark] | None:
    """What the file holds; None where there is none, or where it is refused."""
    try:
        with path.open("rb") as stream:
            index, text = Index.load(stream, taxonomy)
        mark = Mark(**json.loads(text))
    except FileNotFoundError:
        return None
    except SnapshotError as error:
        _refuse(str(error.reason))
        return None
    except (OSError, ValueError, TypeError) as error:
        _refuse(type(error).__name__)
        return None
    return index, mark


def is_of_use(mark: Mark, epoch: str, newest: int) -> bool:
    """Whether a database of this epoch and newest revision can be caught up with from there."""
    if mark.epoch != epoch:
        _refuse("another epoch")
        return False
    if not isinstance(mark.revision, int) or mark.revision > newest:
        _refuse("ahead of the database")
        return False
    return True


def remove(path: Path) -> None:
    """Remove the snapshot: what it holds of somebody must not stay until it is written anew."""
    with suppress(FileNotFoundError):
        path.unlink()


def _refuse(reason: str) -> None:
    _log.warning("snapshot of the index refused", reason=reason)


@contextmanager
def _temporary(path: Path) -> Iterator[tuple[BinaryIO, Path]]:
    """A file beside the snapshot, locked while its writer lives, and gone after a failure."""
    stream, temporary = _locked(path)
    try:
        with stream:
            yield stream, temporary
    except BaseException:
        with suppress(OSError):
            temporary.unlink()
        raise


def _locked(path: Path) -> tuple[BinaryIO, Path]:
    while True:
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=_prefix(path))
        stream = os.fdopen(handle, "wb")
        fcntl.flock(handle, fcntl.LOCK_EX)
        # Before it was locked, another writer may have taken it for a leftover.
        if os.fstat(handle).st_nlink:
            return stream, Path(name)
        stream.close()


def _remove_leftovers(path: Path) -> None:
    """Remove the files of dead writers: nobody holds their locks, whatever process that was."""
    for left in path.parent.glob(f"{_prefix(path)}*"):
        with suppress(OSError), left.open("rb") as stream:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
            left.unlink()


def _prefix(path: Path) -> str:
    return f".{path.name}-"


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)

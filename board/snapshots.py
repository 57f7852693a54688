"""The index of listings in a file, from which processes start: written whole or not at all."""

from __future__ import annotations

import json
import os
import tempfile
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

import structlog

from matcher.index import Index, SnapshotError
from matcher.taxonomy import Taxonomy

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Mark:
    """Of which state of the database the index is a copy."""

    epoch: str
    revision: int


def save(path: Path, index: Index, mark: Mark) -> None:
    """Replace the snapshot by one of this index; readers see the old one or the new one."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")
    try:
        with os.fdopen(handle, "wb") as stream:
            index.save(stream, json.dumps(asdict(mark)))
            stream.flush()
            os.fsync(stream.fileno())
        Path(name).replace(path)
    except BaseException:
        with suppress(OSError):
            Path(name).unlink()
        raise
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def load(path: Path, taxonomy: Taxonomy, epoch: str, newest: int) -> tuple[Index, int] | None:
    """The index and its revision, or None where it must be read from SQL.

    Refused, with the reason in the log: what is damaged or foreign, what is of another epoch, and
    what is ahead of the database, whose newest revision is given.
    """
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
    if mark.epoch != epoch:
        _refuse("another epoch")
        return None
    if not isinstance(mark.revision, int) or mark.revision > newest:
        _refuse("ahead of the database")
        return None
    return index, mark.revision


def _refuse(reason: str) -> None:
    _log.warning("snapshot of the index refused", reason=reason)

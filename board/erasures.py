"""The ledger of erasures: who is erased stays so when an older backup is restored.

It holds a keyed hash of the address, the member's number and the moment; in a table, and in a file
of the home folder that no restore of the database takes back. Lines are only added to the file.
"""

from __future__ import annotations

import errno
import fcntl
import json
import os
import secrets
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Self

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, Session, mapped_column

from board.db import Base, BigId, UTCDateTime
from board.errors import BoardError, Unavailable


class LedgerDamaged(BoardError):
    """A line of the ledger's file cannot be read; `line` is its number."""

    def __init__(self, path: Path, line: int) -> None:
        self.path = path
        self.line = line
        super().__init__(f"{path}: line {line} is damaged; accepted: lines as they were written")


class Erasure(Base):
    """One person who is erased."""

    __tablename__ = "erasures"
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    name: Mapped[str] = mapped_column(sa.String(32), unique=True, comment="random; in the file too")
    address_hash: Mapped[str] = mapped_column(sa.String(64), comment="keyed hash of the address")
    member_id: Mapped[int | None] = mapped_column(sa.BigInteger)
    at: Mapped[datetime] = mapped_column(UTCDateTime)


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A line of the ledger."""

    #: The same in the table and in the file.
    name: str
    address_hash: str
    member_id: int | None
    #: When the person was erased: whoever comes back later is not concerned.
    at: datetime

    @classmethod
    def new(cls, address_hash: str, member_id: int | None, at: datetime) -> Self:
        """A line that stands nowhere yet."""
        name = secrets.token_hex(16)
        return cls(name=name, address_hash=address_hash, member_id=member_id, at=at)


def in_table(session: Session) -> dict[str, Entry]:
    """What the database knows, by name."""
    return {
        row.name: Entry(
            name=row.name, address_hash=row.address_hash, member_id=row.member_id, at=row.at
        )
        for row in session.scalars(sa.select(Erasure).order_by(Erasure.id))
    }


def add_to_table(session: Session, entry: Entry) -> None:
    """Note it in the unit that erases."""
    session.add(Erasure(**asdict(entry)))


def in_file(path: Path) -> dict[str, Entry]:
    """What the file holds, by name; nothing where there is none. Raises LedgerDamaged.

    A last line without its end was never finished: its erasure was not either.
    """
    try:
        text = path.read_text(encoding="ascii")
    except FileNotFoundError:
        return {}
    found = {}
    for number, line in enumerate(text.splitlines(keepends=True), start=1):
        if not line.endswith("\n"):
            break
        try:
            entry = Entry(**json.loads(line))
            entry = replace(entry, at=datetime.fromisoformat(str(entry.at)))
        except (ValueError, TypeError) as error:
            raise LedgerDamaged(path, number) from error
        found[entry.name] = entry
    return found


def add_to_file(path: Path, entries: Iterable[Entry]) -> None:
    """Add lines, for the owner's eyes alone, and wait until the disk has them.

    Raises Unavailable where the disk does not take them.
    """
    written = ({**asdict(each), "at": each.at.isoformat()} for each in entries)
    lines = "".join(json.dumps(each) + "\n" for each in written)
    try:
        handle = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            _write_whole(handle, lines.encode("ascii"))
            os.fsync(handle)
        finally:
            os.close(handle)
    except OSError as error:
        raise Unavailable("the ledger of erasures") from error


def _write_whole(handle: int, lines: bytes) -> None:
    """Write all of it or nothing, after the last whole line: a full disk may have cut one."""
    text = os.pread(handle, os.fstat(handle).st_size, 0)
    whole = text.rfind(b"\n") + 1
    if whole < len(text):
        os.ftruncate(handle, whole)
    if os.write(handle, lines) < len(lines):
        os.ftruncate(handle, whole)
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

"""What every application and every board read anew is read once a process.

A test that opens a board and an application of its own would otherwise spend most of its time on
compiling templates, on borders, and on SQL statements that it shares with the test before.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from types import CodeType

import pytest
from flask import Flask
from jinja2 import BytecodeCache
from jinja2.bccache import Bucket

from board.countries import Countries


class CompiledTemplates(BytecodeCache):
    """Keeps compiled templates by the digest of their source."""

    def __init__(self) -> None:
        self._codes: dict[tuple[str, str], CodeType] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        bucket.code = self._codes.get((bucket.key, bucket.checksum))

    def dump_bytecode(self, bucket: Bucket) -> None:
        assert bucket.code is not None
        self._codes[bucket.key, bucket.checksum] = bucket.code


@pytest.fixture(scope="session", autouse=True)
def read_once() -> Iterator[None]:
    """Templates are compiled once, and borders are read once, for all tests of a process."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Flask, "jinja_options", {"bytecode_cache": CompiledTemplates()})
        patch.setattr(Countries, "load", lru_cache(maxsize=1)(Countries.load))
        yield

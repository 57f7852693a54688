"""What every application and every board read anew is read once a process.

A test that opens a board and an application of its own would otherwise spend most of its time on
compiling templates and routes, on borders, and on SQL that it shares with the test before.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import lru_cache
from types import CodeType

import pytest
from flask import Flask
from jinja2 import BytecodeCache
from jinja2.bccache import Bucket
from werkzeug.routing import Rule

from board.countries import Countries

Builder = Callable[..., tuple[str, str]]


class CompiledTemplates(BytecodeCache):
    """Keeps compiled templates by the digest of their source."""

    def __init__(self) -> None:
        self._codes: dict[tuple[str, str], CodeType] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        bucket.code = self._codes.get((bucket.key, bucket.checksum))

    def dump_bytecode(self, bucket: Bucket) -> None:
        assert bucket.code is not None
        self._codes[bucket.key, bucket.checksum] = bucket.code


def built_once() -> Callable[[Rule, bool], Builder]:
    """As `Rule._compile_builder`, which the words of a rule determine, for the first such rule."""
    compiled: dict[tuple[object, ...], Builder] = {}
    compile_ = Rule._compile_builder

    def builder(rule: Rule, append_unknown: bool = True) -> Builder:
        defaults = tuple(sorted((rule.defaults or {}).items()))
        key = (rule.rule, tuple(rule._trace), defaults, append_unknown)
        if key not in compiled:
            compiled[key] = compile_(rule, append_unknown)
        return compiled[key]

    return builder


@pytest.fixture(scope="session", autouse=True)
def read_once() -> Iterator[None]:
    """Templates and routes are compiled once, and borders read once, for all tests of a process."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Flask, "jinja_options", {"bytecode_cache": CompiledTemplates()})
        patch.setattr(Rule, "_compile_builder", built_once())
        patch.setattr(Countries, "load", lru_cache(maxsize=1)(Countries.load))
        yield

"""A host whose clock is wrong by CLOCK_SHIFT_S seconds: Python reads this file at its start.

Only for the one web server of a test that has this folder on its PYTHONPATH.
"""

import datetime
import os
import time

_SHIFT_S = float(os.environ.get("CLOCK_SHIFT_S", "0"))
_time, _time_ns, _real = time.time, time.time_ns, datetime.datetime


class _AnyDatetime(type):
    """Moments that were made elsewhere count as ours."""

    def __instancecheck__(cls, value: object) -> bool:
        return isinstance(value, _real)

    def __subclasscheck__(cls, other: type) -> bool:
        return issubclass(other, _real)


class _Shifted(_real, metaclass=_AnyDatetime):
    """The class as it is, with a clock that is wrong."""

    @classmethod
    def now(cls, tz=None):  # type: ignore[no-untyped-def]
        return _real.fromtimestamp(time.time(), tz)

    @classmethod
    def utcnow(cls):  # type: ignore[no-untyped-def]
        return _real.fromtimestamp(time.time(), datetime.UTC).replace(tzinfo=None)


if _SHIFT_S:
    time.time = lambda: _time() + _SHIFT_S
    time.time_ns = lambda: _time_ns() + int(_SHIFT_S * 1e9)
    datetime.datetime = _Shifted  # type: ignore[misc]

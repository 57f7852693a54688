"""What the processes write about their work: ids, never addresses, texts or positions."""

from __future__ import annotations

import logging
import re
import sys
from types import TracebackType

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

#: A net below the rule, not instead of it: nobody may log these, and a foreign library may.
_HIDDEN = (
    (re.compile(r"[^\s<>\"'@]+@[^\s<>\"'@]+"), "[address]"),
    (
        re.compile(r"/(links|unsubscribe|by-link|rewording|appeals|not-this|not-now)/[^\s\"'?#]+"),
        r"/\1/[token]",
    ),
)


def configure(process: str, *, production: bool) -> None:
    """Send every log line of this process to standard output.

    Args:
        process: name of the process, a field of each line.
        production: one JSON object a line for a collector, instead of words for a reader.
    """
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.ExtraAdder(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        hide_addresses,
    ]
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            structlog.stdlib.PositionalArgumentsFormatter(),
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                *_rendering(process, production=production),
            ],
        )
    )
    logging.basicConfig(handlers=[handler], level=logging.INFO, force=True)
    logging.captureWarnings(True)
    sys.excepthook = _log_uncaught


def hide_addresses(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """Replace e-mail addresses and mailed tokens in every text of a line."""
    for name, value in event.items():
        if isinstance(value, str):
            for pattern, shown in _HIDDEN:
                value = pattern.sub(shown, value)
            event[name] = value
    return event


def _rendering(process: str, *, production: bool) -> list[Processor]:
    if not production:
        plain = structlog.dev.plain_traceback
        return [structlog.dev.ConsoleRenderer(colors=False, exception_formatter=plain)]

    def name_process(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
        return {"process": process, **event}

    return [name_process, structlog.processors.JSONRenderer(ensure_ascii=False)]


def _log_uncaught(
    kind: type[BaseException], error: BaseException, traceback: TracebackType | None
) -> None:
    if issubclass(kind, KeyboardInterrupt):
        return
    logging.getLogger("uncaught").critical(
        "the process ends: %s", kind.__name__, exc_info=(kind, error, traceback)
    )

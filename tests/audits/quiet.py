"""No lines of a log between those of a table."""

from __future__ import annotations

import logging

import structlog


def quiet() -> None:
    """Let only errors through."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    logging.disable(logging.WARNING)

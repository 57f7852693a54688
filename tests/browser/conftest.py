"""A served board and a browser."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator

import pytest

from config.settings import Settings
from tests.fakes import MailSink
from tests.processes import Running, free_ports, wait_for


@pytest.fixture
def served(environment: dict[str, str], smtp: MailSink) -> Iterator[Settings]:
    """`entraide up` over an empty board on each database, mailing to the sink."""
    port, catcher, mailin = free_ports(3)
    ours = {
        **environment,
        "SMTP_URL": smtp.url,
        "PORT": str(port),
        "MAIL_CATCHER_PORT": str(catcher),
        "MAILIN_PORT": str(mailin),
        "BASE_URL": f"http://127.0.0.1:{port}",
    }
    others = {k: v for k, v in os.environ.items() if k not in Settings.variables()}
    running = Running.start([sys.executable, "-m", "cli.main", "up"], {**others, **ours})
    try:
        wait_for(
            lambda: running.says("is served at") or running.process.poll() is not None,
            "the served page",
        )
        assert running.process.poll() is None, "\n".join(running.lines)
        yield Settings.from_mapping(ours)
    finally:
        running.destroy()

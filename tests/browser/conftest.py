"""A served board and a browser."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Iterator
from dataclasses import replace

import pytest
from werkzeug.serving import make_server

from board.context import Board
from config.settings import Settings
from tests.browser.installed import member_id as member_id
from tests.browser.installed import page as page
from tests.browser.installed import server as server
from tests.browser.installed import telephone as telephone
from tests.fakes import MailSink
from tests.processes import Running, free_ports, wait_for
from web.app import create_app


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


@pytest.fixture
def site(board: Board) -> Iterator[str]:
    """The application at an address that browsers trust: for passkeys, and for workers."""
    (port,) = free_ports(1)
    address = f"http://localhost:{port}"
    settings = board.settings.model_copy(update={"base_url": address})
    app = create_app(replace(board, settings=settings), settings)
    server = make_server("127.0.0.1", port, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield address
    server.shutdown()
    thread.join()
    server.server_close()

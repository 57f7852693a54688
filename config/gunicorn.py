"""The web server: `gunicorn --config config/gunicorn.py web.wsgi:app`.

It listens on this machine only; a reverse proxy stands before it in production. What an
installation wants otherwise goes into GUNICORN_CMD_ARGS, which counts more than this file.
"""

import os
from typing import Any

from gunicorn.config import Config
from gunicorn.glogging import Logger

from config.logging import configure
from config.settings import Settings

_settings = Settings.from_mapping(os.environ)
configure("web", production=_settings.production)

bind = f"127.0.0.1:{_settings.port}"
# Each worker keeps its own copy of the index, so there are few of them and they have threads.
workers = _settings.web_processes
worker_class = "gthread"
threads = 4
# The index is loaded after the fork: no thread or connection is shared across it.
preload_app = False
timeout = 60
# Below the time that the supervisor waits before it kills.
graceful_timeout = 4
# A line per request would hold addresses, searches and tokens.
accesslog = None
control_socket_disable = True


def post_worker_init(worker: Any) -> None:
    """After the fork, let the application get ready in the background before it is asked."""
    worker.wsgi.extensions["warming"]()


class _Lines(Logger):  # type: ignore[misc]
    """Gunicorn's own lines, written like all others."""

    def setup(self, cfg: Config) -> None:
        super().setup(cfg)
        self.error_log.handlers.clear()
        self.error_log.propagate = True


logger_class = _Lines

"""The queue's server, seen from the workers."""

from __future__ import annotations

import time

from redis import Redis, exceptions

from config.settings import Settings

_AWAY = (exceptions.ConnectionError, exceptions.TimeoutError, exceptions.BusyLoadingError)
_POLL_S = 0.1


def connect(settings: Settings, patience_s: float = 30.0) -> Redis:
    """A connection to the queue's server, once it answers.

    The server may be starting beside us, or be restarted under us.

    Raises:
        SystemExit: it does not answer within `patience_s`; the supervisor tries again later.
    """
    connection = Redis.from_url(settings.redis_effective_url, socket_connect_timeout=2)
    end = time.monotonic() + patience_s
    while True:
        try:
            connection.ping()
        except _AWAY as error:
            if time.monotonic() > end:
                raise SystemExit("the queue's server (REDIS_URL) does not answer") from error
            time.sleep(_POLL_S)
        else:
            return connection

"""The Server-Timing header: how long the engine took for an answer, and which revision it had.

https://www.w3.org/TR/server-timing/
"""

from __future__ import annotations

from flask import Flask, Response

from board import timing


def init_timing(app: Flask) -> None:
    """Count for each request, and tell where the engine was asked."""
    app.before_request(timing.start)
    app.after_request(_tell)


def _tell(response: Response) -> Response:
    spent = timing.spent()
    if spent is not None and spent.revision is not None:
        response.headers["Server-Timing"] = (
            f"engine;dur={spent.asking_s * 1000:.3f}, "
            f"catchup;dur={spent.catching_up_s * 1000:.3f}, "
            f'revision;desc="{spent.revision}"'
        )
    return response

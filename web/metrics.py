"""The state of the board in figures for Prometheus, and how quickly pages are answered."""

from __future__ import annotations

import time
from typing import Final

from flask import Flask, Response, g, request
from prometheus_client import CONTENT_TYPE_LATEST, Counter, Histogram

from board import metrics, processes
from web.guards import Guard, GuardedBlueprint
from web.words import current_board

blueprint = GuardedBlueprint("metrics", __name__, guard=Guard.OPERATOR)

#: What no route answers has no endpoint; addresses are labels of nothing.
_NO_ENDPOINT: Final = "none"
_REQUESTS: Final = Counter(
    "entraide_http_requests",
    "Requests that were answered.",
    ("endpoint", "status"),
    registry=processes.REGISTRY,
)
_SECONDS: Final = Histogram(
    "entraide_http_request_seconds",
    "Time until the answer was there.",
    ("endpoint",),
    buckets=(0.01, 0.03, 0.1, 0.3, 0.5, 1, 3, 10),
    registry=processes.REGISTRY,
)


@blueprint.get("/metrics")
def show() -> Response:
    """Figures of all processes of this board; 200 also while the database is away."""
    return Response(metrics.exposition(current_board(), "web"), content_type=CONTENT_TYPE_LATEST)


def init_metrics(app: Flask) -> None:
    """Count each answer."""
    app.before_request(_begin)
    app.after_request(_count)


def _begin() -> None:
    g.begun = time.perf_counter()


def _count(response: Response) -> Response:
    endpoint = request.endpoint or _NO_ENDPOINT
    _REQUESTS.labels(endpoint, str(response.status_code)).inc()
    if "begun" in g:
        _SECONDS.labels(endpoint).observe(time.perf_counter() - g.begun)
    return response

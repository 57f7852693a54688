"""Pages travel compressed, which halves the time of a slow line and more.

A page holds secrets (the token of its forms) beside what its address brings in. Whoever sees how
long answers are could guess the one by the other, letter by letter (BREACH, 2013). So each answer
is lengthened by a chance number of bytes in a field of gzip's header that readers pass over, as
"Heal the Breach" (Palacios and others, 2022) has it.
"""

from __future__ import annotations

import gzip
import io
import secrets

from flask import Flask, Response, request

_TYPES = frozenset({"text/html", "text/plain", "application/json", "application/geo+json"})
#: Below this, compressing saves no packet.
_LEAST_BYTES = 860
#: Most bytes that chance adds.
_CHANCE_BYTES = 100
#: Higher levels take three times as long for two hundredths less.
_LEVEL = 6


def compressed(body: bytes) -> bytes:
    """The body as gzip, longer by 0 to `_CHANCE_BYTES` bytes."""
    name = "x" * secrets.randbelow(_CHANCE_BYTES + 1)
    packed = io.BytesIO()
    with gzip.GzipFile(name, "wb", _LEVEL, packed, mtime=0) as whole:
        whole.write(body)
    return packed.getvalue()


def init_compression(app: Flask) -> None:
    """Compress pages and lists for readers who take it; files see to themselves."""
    app.after_request(_compress)


def _compress(response: Response) -> Response:
    if (
        response.mimetype not in _TYPES
        or response.is_streamed
        or response.direct_passthrough
        or "Content-Encoding" in response.headers
    ):
        return response
    response.vary.add("Accept-Encoding")
    body = response.get_data()
    if request.accept_encodings["gzip"] > 0 and len(body) >= _LEAST_BYTES:
        response.set_data(compressed(body))
        response.headers["Content-Encoding"] = "gzip"
        tag, _ = response.get_etag()
        if tag is not None:
            response.set_etag(tag, weak=True)
    return response

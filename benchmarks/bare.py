"""The peer of the first page: a Flask route that returns the same bytes and does nothing else."""

from __future__ import annotations

import os
from pathlib import Path

from flask import Flask, Response

app = Flask(__name__)
_page = Path(os.environ["BENCH_PAGE"]).read_bytes()


@app.get("/<path:name>")
@app.get("/", defaults={"name": ""})
def page(name: str) -> Response:
    """The bytes, whatever is asked for."""
    return Response(_page, content_type="text/html; charset=utf-8")

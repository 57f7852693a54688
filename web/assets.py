"""Files of the pages: our own, and a fixed list of third-party ones from node_modules."""

from __future__ import annotations

import gzip
import hashlib
import json
import mimetypes
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path

from flask import Flask, Response, abort, request, url_for
from werkzeug.security import safe_join

from web import stylesheet
from web.guards import Guard, GuardedBlueprint

_ROOT = Path(__file__).resolve().parent
STATIC = _ROOT / "static"
NODE_MODULES = _ROOT.parent / "node_modules"

#: Name in the address -> package and file inside it. Nothing else of node_modules is served.
VENDOR: dict[str, tuple[str, str]] = {
    "leaflet.css": ("leaflet", "dist/leaflet.css"),
    "leaflet.js": ("leaflet", "dist/leaflet.js"),
    "markercluster.css": ("leaflet.markercluster", "dist/MarkerCluster.css"),
    "markercluster.js": ("leaflet.markercluster", "dist/leaflet.markercluster.js"),
    "chart.js": ("chart.js", "dist/chart.umd.min.js"),
    "h3.js": ("h3-js", "dist/h3-js.umd.js"),
    "topojson.js": ("topojson-client", "dist/topojson-client.min.js"),
    "altcha.css": ("altcha", "dist/external/altcha.css"),
    "altcha.js": ("altcha", "dist/external/altcha.min.js"),
    "altcha-sha.js": ("altcha", "dist/workers/sha.js"),
    "world-110m.json": ("world-atlas", "countries-110m.json"),
}

_FOREVER = "public, max-age=31536000, immutable"
_COMPRESSIBLE = frozenset({".css", ".js", ".json", ".svg", ".webmanifest"})

blueprint = GuardedBlueprint("assets", __name__, guard=Guard.PUBLIC)


@dataclass(frozen=True, slots=True)
class Asset:
    """One file to send."""

    path: Path
    version: str


@cache
def vendor_asset(name: str) -> Asset | None:
    """The third-party file of that name with its package's version, or None."""
    if name not in VENDOR:
        return None
    package, inside = VENDOR[name]
    manifest = NODE_MODULES / package / "package.json"
    path = NODE_MODULES / package / inside
    if not (manifest.is_file() and path.is_file()):
        return None
    return Asset(path, str(json.loads(manifest.read_text("utf-8"))["version"]))


@lru_cache(maxsize=64)
def _digest(path: Path, modified_ns: int) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()[:10]


def own_asset(name: str) -> Asset | None:
    """One of our own files, its version taken from its content, or None."""
    joined = safe_join(str(STATIC), name)
    path = Path(joined) if joined else None
    try:
        if path is None or not path.is_file():
            return None
    except OSError:
        # A name longer than a file may have.
        return None
    return Asset(path, _digest(path, path.stat().st_mtime_ns))


@lru_cache(maxsize=64)
def _compressed(path: Path, modified_ns: int) -> bytes:
    return gzip.compress(path.read_bytes(), 9, mtime=0)


def _send(asset: Asset | None) -> Response:
    """The file, compressed where the reader takes it, kept for ever when its version is named."""
    if asset is None:
        abort(404)
    mimetype = mimetypes.guess_type(asset.path.name)[0] or "application/octet-stream"
    squeeze = asset.path.suffix in _COMPRESSIBLE and request.accept_encodings["gzip"] > 0
    modified_ns = asset.path.stat().st_mtime_ns
    body = _compressed(asset.path, modified_ns) if squeeze else asset.path.read_bytes()
    return answer(body, mimetype, asset.version, squeezed=squeeze)


def answer(body: bytes, mimetype: str, version: str, *, squeezed: bool) -> Response:
    """These bytes, kept for ever when the address names their version, else asked for again."""
    response = Response(body, mimetype=mimetype)
    if squeezed:
        response.headers["Content-Encoding"] = "gzip"
    response.vary.add("Accept-Encoding")
    response.set_etag(version + ("-gz" if squeezed else ""))
    named = request.args.get("v") == version
    response.headers["Cache-Control"] = _FOREVER if named else "public, no-cache"
    return response.make_conditional(request)


@cache
def _sheet(direction: str) -> tuple[str, bytes]:
    """(version, the sheet compressed) for a direction of writing."""
    whole = stylesheet.sheet(direction)
    return hashlib.sha256(whole).hexdigest()[:10], gzip.compress(whole, 9, mtime=0)


@blueprint.get("/sheet/<any(ltr, rtl):direction>.css")
def sheet(direction: str) -> Response:
    """The one sheet of every page."""
    version, compressed = _sheet(direction)
    squeeze = request.accept_encodings["gzip"] > 0
    body = compressed if squeeze else stylesheet.sheet(direction)
    return answer(body, "text/css", version, squeezed=squeeze)


@blueprint.get("/vendor/<name>")
def vendor(name: str) -> Response:
    """A third-party file of the list."""
    return _send(vendor_asset(name))


@blueprint.get("/static/<path:name>")
def static(name: str) -> Response:
    """One of our own files."""
    return _send(own_asset(name))


@blueprint.get("/favicon.ico")
def favicon() -> Response:
    """The sign of the board, for browsers that ask without being told."""
    return _send(own_asset("img/icon.svg"))


@cache
def _own_version(name: str) -> str:
    asset = own_asset(name)
    if asset is None:
        raise LookupError(f"there is no file {name} under static")
    return asset.version


def vendor_url(name: str) -> str:
    """The address of a third-party file with its version; a name off the list is a mistake."""
    if name not in VENDOR:
        raise LookupError(f"{name} is not on the list of third-party files")
    asset = vendor_asset(name)
    return url_for("assets.vendor", name=name, v=asset.version if asset else None)


def static_url(name: str) -> str:
    """The address of one of our own files with its version."""
    return url_for("assets.static", name=name, v=_own_version(name))


def sheet_url(direction: str) -> str:
    """The address of the sheet for a direction of writing, with its version."""
    return url_for("assets.sheet", direction=direction, v=_sheet(direction)[0])


def init_assets(app: Flask) -> None:
    """Serve the files and name them in templates."""
    mimetypes.add_type("application/manifest+json", ".webmanifest")
    app.register_blueprint(blueprint)
    app.jinja_env.globals.update(static_url=static_url, vendor_url=vendor_url, sheet_url=sheet_url)

"""The board on a home screen: its manifest in each language, and its service worker."""

from __future__ import annotations

import gzip
import hashlib
import json
from functools import cache
from pathlib import Path
from typing import Any, Final

from flask import Response, current_app, g, request, url_for
from flask_babel import gettext

from board.i18n import CATALOGUES, LOCALES, direction
from web.assets import STATIC, answer, sheet_url, static_url
from web.guards import Guard, GuardedBlueprint
from web.keeping import COPY, COPY_PATH, KEEPS
from web.offline import KEEP_FOR

blueprint = GuardedBlueprint("install", __name__, guard=Guard.PUBLIC)

#: The parts of the worker, in their order; they are sent as one file.
PARTS: Final = tuple(
    STATIC / "js" / "worker" / f"{name}.js" for name in ("files", "copies", "pages", "push")
)
#: File, side in pixels and purpose of each picture; `scripts/draw_icons.py` draws them.
ICONS: Final = (
    ("img/icon.svg", "any", "any"),
    ("img/icon-192.png", "192x192", "any"),
    ("img/icon-512.png", "512x512", "any"),
    ("img/icon-maskable-512.png", "512x512", "maskable"),
)
#: `--card` and `--paper` of the sheet, in the light.
_BAR, _GROUND = "#fffdf9", "#faf6ee"


@blueprint.get(f"/manifest/<any({', '.join(LOCALES)}):locale>.webmanifest")
def manifest(locale: str) -> Response:
    """What an installed board is called, how it looks and what a long press offers."""
    g.locale = locale
    body = json.dumps(_manifest(locale), ensure_ascii=False, indent=1).encode()
    return _sent(body, "application/manifest+json")


def _manifest(locale: str) -> dict[str, Any]:
    shortcuts = (
        (gettext("I need help"), url_for("listings.new", kind="request")),
        (gettext("I can help"), url_for("listings.new", kind="offer")),
        (gettext("Messages"), url_for("conversations.index")),
    )
    pictures = [
        {
            "src": static_url(name),
            "sizes": sizes,
            "type": "image/svg+xml" if name.endswith(".svg") else "image/png",
            "purpose": purpose,
        }
        for name, sizes, purpose in ICONS
    ]
    return {
        # The same board in every language.
        "id": "/",
        "name": gettext("Entraide"),
        "short_name": gettext("Entraide"),
        "description": gettext("A notice board for people who need a hand far from home."),
        "lang": locale,
        "dir": direction(locale),
        "start_url": "/",
        "scope": "/",
        "display": "standalone",
        "theme_color": _BAR,
        "background_color": _GROUND,
        "icons": pictures,
        "shortcuts": [
            {"name": name, "url": url, "icons": [pictures[1]]} for name, url in shortcuts
        ],
    }


@blueprint.get("/push-worker.js", endpoint="worker_of_before")
@blueprint.get("/service-worker.js")
def worker() -> Response:
    """The one worker, from the top of the site, which is what it may act for.

    The second address is that of browsers where push messages were switched on before there was
    more than that: they look there for what is new.
    """
    return _sent(_worker(json.dumps(_site(), sort_keys=True)), "text/javascript")


def _site() -> dict[str, Any]:
    """What the worker has to know of the board. Another version makes it fetch its pages anew."""
    return {
        "version": _version(),
        "pages": [url_for("offline.page"), url_for("offline.unsent")],
        "copy": COPY_PATH,
        "headers": {"keeps": KEEPS, "copy": COPY, "keepFor": KEEP_FOR},
        "leaving": [
            url_for("sign_in.leave"),
            url_for("sessions.end_all"),
            url_for("own_offline.switch_off"),
        ],
        "icon": static_url("img/icon-192.png"),
    }


@cache
def _version() -> str:
    """Of all that the pages without a connection are made of."""
    templates = Path(current_app.root_path) / "templates" / "offline"
    sources = [*sorted(templates.glob("*.html")), *sorted(CATALOGUES.rglob("*.mo"))]
    files = [static_url(f"js/{name}") for name in ("draft.js", "offline.js")]
    sheets = [sheet_url("ltr"), sheet_url("rtl"), static_url("img/icons.svg"), *files]
    whole = b"".join(path.read_bytes() for path in sources) + " ".join(sheets).encode()
    return hashlib.sha256(whole).hexdigest()[:10]


@cache
def _worker(site: str) -> bytes:
    parts = "\n".join(path.read_text("utf-8") for path in PARTS)
    return f'"use strict";\nconst site = {site};\n{parts}'.encode()


def _sent(body: bytes, mimetype: str) -> Response:
    squeeze = request.accept_encodings["gzip"] > 0
    packed = gzip.compress(body, 9, mtime=0) if squeeze else body
    version = hashlib.sha256(body).hexdigest()[:10]
    return answer(packed, mimetype, version, squeezed=squeeze)

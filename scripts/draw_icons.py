"""Draws the pictures of the installed board out of web/static/img/icon.svg.

    .venv/bin/python -m scripts.draw_icons

Some systems take no SVG for a home screen. Run it after a change of the sign, and commit what it
draws. It needs the Chromium of `make services`; nothing is loaded from elsewhere.
"""

from __future__ import annotations

import base64
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))

from tests.chromium import launched  # noqa: E402 (the folder of the project comes first)

IMG = ROOT / "web" / "static" / "img"
#: The ground on which systems cut out their own shapes: `--paper` of the sheet.
PAPER = "#faf6ee"


@dataclass(frozen=True, slots=True)
class Picture:
    """A square picture of the sign."""

    name: str
    side: int
    #: Part of the side that the sign takes.
    sign: float
    ground: str = "transparent"


PICTURES = (
    Picture("icon-192.png", 192, 1.0),
    Picture("icon-512.png", 512, 1.0),
    # A circle of four fifths of the side is never cut (W3C, Web Application Manifest, 4.4.2).
    Picture("icon-maskable-512.png", 512, 0.62, PAPER),
    Picture("apple-touch-icon.png", 180, 0.78, PAPER),
)


def page_of(picture: Picture, svg: str) -> str:
    """The picture as a page as large as it."""
    sign = base64.b64encode(svg.encode()).decode()
    side = round(picture.side * picture.sign)
    return (
        f"<body style='margin:0;height:{picture.side}px;display:grid;place-items:center;"
        f"background:{picture.ground}'><img width={side} height={side} "
        f"src='data:image/svg+xml;base64,{sign}'>"
    )


def main() -> None:
    """Draw each picture into the folder of the pictures."""
    svg = (IMG / "icon.svg").read_text("utf-8")
    with launched() as browser:
        for each in PICTURES:
            page = browser.new_page(viewport={"width": each.side, "height": each.side})
            page.set_content(page_of(each, svg))
            page.locator("img").wait_for()
            page.screenshot(path=IMG / each.name, omit_background=True)
            page.close()
            print(f"{each.name}: {(IMG / each.name).stat().st_size} bytes")


if __name__ == "__main__":
    main()

"""Colours of the sheet: enough contrast (WCAG 2.2 AA) in the light and in the dark."""

from __future__ import annotations

import re

import pytest

from web.assets import STATIC

#: (ink, ground, least ratio): 4.5 for text, 3 for signs and the borders of fields.
PAIRS = [
    *((ink, ground, 4.5) for ink in ("ink", "ink-soft", "brand", "brand-strong")
      for ground in ("paper", "paper-deep", "card", "brand-wash")),
    ("on-brand", "brand", 4.5),
    ("on-brand", "brand-strong", 4.5),
    *((name, f"{name}-wash", 4.5) for name in ("request", "offer", "info", "alarm", "sun")),
    *((name, "card", 4.5) for name in ("request", "offer", "info", "alarm")),
    *((f"group-{name}", ground, 3.0)
      for name in ("daily", "people", "home", "knowledge", "rights", "other")
      for ground in ("card", "paper", "paper-deep", "land")),
    ("line-strong", "card", 3.0),
    ("focus", "card", 3.0),
    ("focus", "paper", 3.0),
    ("ink", "land", 4.5),
]  # fmt: skip


def schemes() -> dict[str, dict[str, str]]:
    """The colours of the light and of the dark scheme, by name."""
    text = (STATIC / "css" / "site.css").read_text("utf-8")
    light, dark = text.split("@media (prefers-color-scheme: dark)", 1)
    found = re.compile(r"--([\w-]+): (#[0-9a-f]{6});")
    day = dict(found.findall(light))
    night = dict(found.findall(dark.split("/* Ground */", 1)[0]))
    return {"light": day, "dark": {**day, **night}}


def luminance(colour: str) -> float:
    """Relative luminance of WCAG 2.2."""
    parts = (int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5))
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """Contrast ratio of WCAG 2.2, 1 to 21."""
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(("ink", "ground", "least"), PAIRS)
def test_colours_can_be_told_apart(scheme: str, ink: str, ground: str, least: float) -> None:
    """Every pair that stands together on a page."""
    colours = schemes()[scheme]
    assert contrast(colours[ink], colours[ground]) >= least


def test_the_measure_is_that_of_the_standard() -> None:
    """Black on white is 21, a colour on itself 1."""
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#767676", "#ffffff") == pytest.approx(4.54, abs=0.01)
    assert contrast("#123456", "#123456") == 1

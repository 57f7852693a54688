"""Whether a page fits when it is narrow or its text twice as large (WCAG 1.4.4, 1.4.10)."""

from __future__ import annotations

from playwright.sync_api import Page

#: What a page needs to have for no scrolling aside: 320 px wide, which is 1280 px at 400 %.
NARROW = 320
WIDE = 1280
#: Elements that stand out of the page on the side, or hide a part of their own text. Maps and
#: texts shortened on purpose, whose whole is a press away, hide a part by their nature; tables of
#: figures, which criterion 1.4.10 exempts, are scrolled within their frame.
_MISFITS = """
() => {
  const root = document.documentElement;
  const free = ".map-frame, .map-frame *, .excerpt, .visually-hidden, .visually-hidden *, .hero, " +
    "svg, svg *, .table-box, .table-box *, option, select, .skip-link, .mail-text";
  const name = (each) => `${each.tagName.toLowerCase()}.${[...each.classList].join(".")}: ` +
    each.textContent.trim().slice(0, 40);
  const found = [];
  if (root.scrollWidth > root.clientWidth) {
    found.push(`the page is ${root.scrollWidth - root.clientWidth} px too wide`);
  }
  for (const each of document.body.querySelectorAll("*")) {
    if (each.matches(free) || !each.checkVisibility()) continue;
    const box = each.getBoundingClientRect();
    if (box.width && (box.right > root.clientWidth + 1 || box.left < -1)) {
      found.push(`stands out: ${name(each)}`);
    }
    const clips = getComputedStyle(each).overflow !== "visible" && !each.matches("input, textarea");
    if (clips && each.scrollWidth > each.clientWidth + 1) found.push(`hides text: ${name(each)}`);
  }
  return found;
}
"""
#: And wait until what draws itself anew for a size has done so.
_SET_SIZE = """
async (size) => {
  document.documentElement.style.fontSize = size;
  for (let i = 0; i < 3; i += 1) await new Promise(requestAnimationFrame);
}
"""


def misfits(page: Page, height: int) -> list[str]:
    """What does not fit at 320 px, and with text of twice the size at 1280 px.

    The page keeps its text size afterwards, and the width that was set last.
    """
    found: list[str] = []
    for width, size in ((NARROW, "100%"), (WIDE, "200%")):
        page.set_viewport_size({"width": width, "height": height})
        page.evaluate(_SET_SIZE, size)
        found += [f"{width} px, text at {size}: {each}" for each in page.evaluate(_MISFITS)]
    page.evaluate("() => { document.documentElement.style.fontSize = ''; }")
    return found

"""axe-core in the browser: every rule that it has for WCAG 2.2 AA and below, on the whole page.

https://github.com/dequelabs/axe-core
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

from playwright.sync_api import Page

from web.assets import NODE_MODULES

#: Rules that are off unless asked for are asked for (experimental ones, and those of WCAG 2.2);
#: only those of level AAA are not.
_RUN = """
async () => {
  const wanted = axe.getRules().filter((rule) => !rule.tags.includes("wcag2aaa"));
  const rules = Object.fromEntries(wanted.map((rule) => [rule.ruleId, { enabled: true }]));
  const found = await axe.run(document, { rules, resultTypes: ["violations", "incomplete"] });
  const nodes = (results) => results.flatMap((result) => result.nodes.map((node) => ({
    rule: result.id, help: result.help, target: node.target.flat().join(" "),
    why: node.failureSummary, html: node.html,
  })));
  return {
    violations: nodes(found.violations), unsure: nodes(found.incomplete),
    rules: wanted.length, passed: found.passes.length,
  };
}
"""


@dataclass(frozen=True, slots=True)
class Fault:
    """An element that breaks a rule."""

    rule: str
    help: str
    target: str
    why: str
    html: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """What axe says of a page."""

    faults: list[Fault]
    #: What it could not decide by itself.
    unsure: list[Fault]
    #: Rules that were asked, and those that found something to judge and were content.
    rules: int
    passed: int


@cache
def _source() -> str:
    path = NODE_MODULES / "axe-core" / "axe.min.js"
    assert path.is_file(), "axe-core is missing; run: make setup-dev"
    return path.read_text("utf-8")


def judge(page: Page) -> Verdict:
    """Hold the page as it stands against every rule."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(_source())
    found: dict[str, Any] = page.evaluate(_RUN)
    return Verdict(
        [Fault(**each) for each in found["violations"]],
        [Fault(**each) for each in found["unsure"]],
        found["rules"],
        found["passed"],
    )

"""The one sheet of every page: what our pages use of Bootstrap, and our own rules after it.

Bootstrap's whole sheet is 31 kB compressed, of which the pages use a tenth; a telephone on a slow
line shows nothing before it has all of it. So rules stay whose classes our templates and scripts
name: whoever writes one more class of Bootstrap into a template has it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import tinycss2

_ROOT = Path(__file__).resolve().parent
_BOOTSTRAP = _ROOT.parent / "node_modules" / "bootstrap" / "dist" / "css"
#: Direction of writing -> Bootstrap's sheet for it.
BOOTSTRAP = {
    "ltr": _BOOTSTRAP / "bootstrap.min.css",
    "rtl": _BOOTSTRAP / "bootstrap.rtl.min.css",
}
#: Our own sheets, in their order.
OWN = tuple(
    _ROOT / "static" / "css" / f"{name}.css" for name in ("site", "forms", "start", "sharing")
)

_CLASSES_OF_TEMPLATES = re.compile(r'class="([^"]*)"')
_CLASSES_OF_SCRIPTS = re.compile(r"class(?:Name: |List\.\w+\()[`\"']([^`\"']*)")
_WORD = re.compile(r"[A-Za-z][\w-]*")
#: What a selector asks for: classes, and the attributes of Bootstrap's scripts and colour modes.
_ASKED = re.compile(r"\.([A-Za-z][\w-]*)|\[(data-bs-[\w-]+)")
_NEGATED = re.compile(r":not\([^)]*\)")
_NESTING = frozenset({"media", "supports"})
_VARIABLE = re.compile(r"var\(\s*(--[\w-]+)")


def used_classes() -> frozenset[str]:
    """Every word that stands where a template or a script of ours names classes."""
    sources = (
        (_CLASSES_OF_TEMPLATES, _ROOT.joinpath("templates").rglob("*.html")),
        (_CLASSES_OF_SCRIPTS, _ROOT.joinpath("static", "js").glob("*.js")),
    )
    return frozenset(
        word
        for pattern, paths in sources
        for path in paths
        for names in pattern.findall(path.read_text("utf-8"))
        for word in _WORD.findall(names)
    )


def select(css: str, classes: frozenset[str], beside: str = "") -> str:
    """The rules of a sheet that can apply to elements with these classes only.

    Args:
        css: the sheet.
        classes: names that elements may have; a selector without any class always stays.
        beside: other sheets of the same pages, whose variables of this one stay too.
    """
    rules = tinycss2.parse_stylesheet(css, skip_comments=True, skip_whitespace=True)
    kept = "".join(_selected(rules, classes))
    wanted = set(_VARIABLE.findall(kept)) | set(_VARIABLE.findall(beside))
    return "".join(_without_unread(kept, wanted))


def _selected(rules: Iterable[Any], classes: frozenset[str]) -> Iterator[str]:
    for rule in rules:
        if rule.type == "qualified-rule":
            selectors = [each for each in _selectors(rule.prelude) if _applies(each, classes)]
            if selectors:
                yield f"{','.join(selectors)}{{{tinycss2.serialize(rule.content)}}}"
        elif rule.type == "at-rule" and rule.lower_at_keyword in _NESTING:
            inner = tinycss2.parse_rule_list(rule.content, skip_comments=True, skip_whitespace=True)
            if kept := "".join(_selected(inner, classes)):
                yield f"@{rule.at_keyword}{tinycss2.serialize(rule.prelude)}{{{kept}}}"


def _selectors(prelude: list[Any]) -> Iterator[str]:
    """The selectors of a rule: commas inside brackets part nothing."""
    part: list[Any] = []
    for each in [*prelude, tinycss2.ast.LiteralToken(0, 0, ",")]:
        if each == ",":
            yield tinycss2.serialize(part).strip()
            part = []
        else:
            part.append(each)


def _applies(selector: str, classes: frozenset[str]) -> bool:
    asked = _ASKED.findall(_NEGATED.sub("", selector))
    return all(name in classes for name, attribute in asked if name) and not any(
        attribute for _, attribute in asked
    )


def _without_unread(css: str, wanted: set[str]) -> Iterator[str]:
    """The rules, without the variables of the whole page that nothing reads."""
    for rule in tinycss2.parse_stylesheet(css):
        if rule.type == "qualified-rule" and tinycss2.serialize(rule.prelude) == ":root":
            read = [
                each.serialize()
                for each in tinycss2.parse_blocks_contents(rule.content, skip_whitespace=True)
                if not each.name.startswith("--") or each.name in wanted
            ]
            yield f":root{{{';'.join(read)}}}" if read else ""
        else:
            yield rule.serialize()


@cache
def sheet(direction: str) -> bytes:
    """The sheet for a direction of writing, "ltr" or "rtl"; made once in each process."""
    own = "".join(path.read_text("utf-8") for path in OWN)
    bootstrap = select(BOOTSTRAP[direction].read_text("utf-8"), used_classes(), own)
    return (bootstrap + own).encode()

"""Refuses templates that do not parse, or that the content policy would break: `make check`."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path

from jinja2 import Environment, TemplateSyntaxError, meta

ROOT = Path(__file__).resolve().parents[1]
PAGES = ROOT / "web" / "templates"
MAILS = ROOT / "board" / "mails"

_LOADING = r"<(script|link|img|iframe|form|source|object|embed|video|audio)\b[^>]*?"
#: What no page may hold, and why.
REFUSED = (
    (re.compile(r"<script(?![^>]*\ssrc=)", re.I), "a script inside the page"),
    (re.compile(r"<style\b", re.I), "a style inside the page"),
    (re.compile(r"<[a-z][^>]*\sstyle\s*=", re.I), "a style attribute"),
    (re.compile(r"<[a-z][^>]*\son[a-z]+\s*=", re.I), "a script in an attribute"),
    (re.compile(r"javascript:", re.I), "a script in an address"),
    (re.compile(_LOADING + r"=\s*[\"']?(https?:)?//", re.I), "something loaded from elsewhere"),
    (re.compile(r"(?<![\"'\s])\s*\|\s*safe\b|autoescape\s+false"), "text that is not escaped"),
)


def problems(source: str, folder: Path) -> Iterator[tuple[int, str]]:
    """Line and reason of everything wrong with a template.

    Args:
        source: the template.
        folder: where the templates that it names are looked for.
    """
    environment = Environment(extensions=["jinja2.ext.i18n"], autoescape=True)
    try:
        tree = environment.parse(source)
    except TemplateSyntaxError as error:
        yield error.lineno, f"does not parse: {error.message}"
        return
    for name in meta.find_referenced_templates(tree):
        if name is not None and not (folder / name).is_file():
            yield 1, f"names a template that is not there: {name}"
    for pattern, reason in REFUSED:
        for found in pattern.finditer(source):
            yield source.count("\n", 0, found.start()) + 1, f"holds {reason}"


def main() -> int:
    """Check every page and mail; 1 when something is wrong."""
    pages = [(path, PAGES) for path in sorted(PAGES.rglob("*.*ml"))]
    mails = [(path, MAILS) for path in sorted(MAILS.rglob("*.txt"))]
    wrong = 0
    for path, folder in (*pages, *mails):
        for line, reason in problems(path.read_text(encoding="utf-8"), folder):
            print(f"{path.relative_to(ROOT)}:{line}: {reason}")
            wrong += 1
    if not wrong:
        print(f"templates: {len(pages)} pages and {len(mails)} mails are sound")
    return int(wrong > 0)


if __name__ == "__main__":
    sys.exit(main())

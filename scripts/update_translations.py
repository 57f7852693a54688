"""Brings the catalogues up to date with the sources, and says what is left to translate.

    .venv/bin/python scripts/update_translations.py

New messages are added empty, or with the translation of a similar one and marked fuzzy; what no
source uses any more is removed. `make setup` compiles the result.
"""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path

from babel import Locale
from babel.messages.catalog import Catalog
from babel.messages.pofile import PoFileError, write_po

from board.i18n import CATALOGUES
from scripts.check_translations import TRANSLATED, extract, path_of, problems, read

_PROJECT = "Entraide"
_STARTED = datetime(2026, 11, 22, tzinfo=UTC)
#: The order of forms that translators' tools expect; Babel's own puts the last two the other way.
_PLURALS = {
    "ar": (
        "nplurals=6; plural=(n==0 ? 0 : n==1 ? 1 : n==2 ? 2 : n%100>=3 && n%100<=10 ? 3 : "
        "n%100>=11 ? 4 : 5);"
    )
}


def new_catalogue(locale: str) -> Catalog:
    """An empty catalogue with its header."""
    name = Locale.parse(locale).english_name
    catalogue = Catalog(
        locale=locale,
        header_comment=f"# The texts of {_PROJECT} in {name}.",
        project=_PROJECT,
        version="1",
        msgid_bugs_address="see CONTRIBUTING.md",
        last_translator=_PROJECT,
        language_team=_PROJECT,
        creation_date=_STARTED,
        revision_date=_STARTED,
        fuzzy=False,
    )
    if locale in _PLURALS:
        catalogue.mime_headers = [("Plural-Forms", _PLURALS[locale])]
    return catalogue


def update(template: Catalog, locale: str, folder: Path = CATALOGUES) -> Catalog:
    """Write the catalogue of a locale anew with the messages of the sources.

    The same sources give the same file: dates stay, and line numbers are not written.
    """
    path = path_of(locale, folder)
    catalogue = read(locale, path) if path.exists() else new_catalogue(locale)
    catalogue.update(template, update_creation_date=False)
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        write_po(file, catalogue, sort_by_file=True, include_lineno=False, ignore_obsolete=True)
    return catalogue


def main() -> int:
    """Update every catalogue; 1 when something is left to do."""
    template = extract()
    left = 0
    for locale in TRANSLATED:
        try:
            update(template, locale)
        except (UnicodeDecodeError, PoFileError) as error:
            print(f"error: {path_of(locale)} cannot be read: {error}", file=sys.stderr)
            return 1
        for problem in problems(template, read(locale, path_of(locale)), locale):
            print(f"{locale}: {problem}")
            left += 1
    print(f"{len(template)} messages in {len(TRANSLATED)} languages; {left} left to do")
    return int(left > 0)


if __name__ == "__main__":
    sys.exit(main())

"""Reference data that ships with the program and that an operator may edit."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

from matcher.taxonomy import Taxonomy

REFERENCE: Final = Path(__file__).resolve().parent.parent / "data" / "reference"


def load_taxonomy(path: Path = REFERENCE / "taxonomy.json") -> Taxonomy:
    """The categories and how near they are; raises matcher.taxonomy.TaxonomyError."""
    return Taxonomy.from_mapping(_read(path))


def load_languages(path: Path = REFERENCE / "languages.json") -> tuple[str, ...]:
    """ISO 639-1 codes of the languages that people choose from."""
    return tuple(_read(path)["languages"])


def _read(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


#: The languages that people choose from, as shipped.
LANGUAGES: Final = load_languages()

"""The hand-labelled texts of `tests/data/text`: read here, by the benchmark and by tests."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Final

from config.settings import ROOT

FOLDER: Final = ROOT / "tests" / "data" / "text"
LANGUAGES: Final = ("fr", "en", "es", "pt", "ar")


@dataclass(frozen=True, slots=True, kw_only=True)
class Labelled:
    """A text and what a person says of it."""

    id: str
    text: str
    language: str
    #: request, offer or info.
    side: str
    category: str
    #: Further categories that are right as well.
    also: frozenset[str]
    #: 0 to 3, as `matcher.taxonomy.Urgency`.
    urgency: int
    risky: bool


def load(language: str) -> list[Labelled]:
    """All texts of one language, in the order of the file."""
    lines = FOLDER.joinpath(f"{language}.jsonl").read_text(encoding="utf-8").splitlines()
    return [_labelled(json.loads(line), language) for line in lines]


def load_all() -> list[Labelled]:
    """All texts of all languages."""
    return [each for language in LANGUAGES for each in load(language)]


def _labelled(row: dict[str, object], language: str) -> Labelled:
    also = row.pop("also")
    assert isinstance(also, list)
    return Labelled(**row, language=language, also=frozenset(also))  # type: ignore[arg-type]

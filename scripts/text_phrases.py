"""The phrases and listings of `data/reference/texts`, as they were written."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from zlib import crc32

ROOT: Final = Path(__file__).resolve().parents[1]
PHRASES: Final = ROOT / "data" / "reference" / "texts"
LANGUAGES: Final = ("fr", "en", "es", "pt", "ar")
#: How phrases are spread over the parts of a cross-validation.
FOLDS: Final = 5

#: Kept or left out: decides by fold which phrases are composed.
Keep = Callable[[str], bool]


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """A text to learn from; a label that is None is not learnt from it."""

    text: str
    #: Code of a language of the interface, or "other".
    language: str
    side: str | None = None
    category: str | None = None
    urgency: int | None = None
    risky: bool | None = None
    #: A whole listing as somebody types it, and not composed of phrases.
    whole: bool = False
    #: A whole listing in which the situation tells who asks and who gives, more often than words.
    situation: bool = False


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """The words of one language, uncomposed."""

    #: Slug: words and phrases.
    categories: Mapping[str, list[str]]
    urgency: Mapping[int, list[str]]
    sides: Mapping[str, list[str]]


def vocabulary(language: str) -> Vocabulary:
    """What the texts of a language are composed of."""
    data = read(PHRASES / f"{language}.toml")
    frames = lists(data.pop("frames"))
    urgency = {int(level): phrases for level, phrases in lists(data.pop("urgency")).items()}
    for name in ("around", "any", "risky", "harmless"):
        data.pop(name)
    sides = {
        "request": [*frames["ask_do"], *frames["ask_thing"]],
        "offer": [*frames["give_do"], *frames["give_thing"]],
        "info": [*frames["info"], *frames["info_thing"]],
    }
    categories = {
        slug: [*listed(table["words"]), *lines(table["do"]), *lines(table["thing"])]
        for slug, table in data.items()
    }
    return Vocabulary(categories, urgency, sides)


def everything(phrase: str) -> bool:
    """Keep all phrases."""
    return True


def fold_of(phrase: str) -> int:
    """The part of a cross-validation that a phrase belongs to: 0 to FOLDS - 1."""
    return crc32(phrase.encode()) % FOLDS


def lines(text: str) -> list[str]:
    """The lines of a block that are not empty."""
    return [line for line in text.splitlines() if line]


def listed(text: str) -> list[str]:
    """What commas separate."""
    return [word.strip() for word in text.replace("\n", " ").split(",")]


def lists(table: Mapping[str, str]) -> dict[str, list[str]]:
    """The lines of each block."""
    return {name: lines(text) for name, text in table.items()}


def read(path: Path) -> dict[str, Any]:
    """A file of phrases."""
    return tomllib.loads(path.read_text(encoding="utf-8"))

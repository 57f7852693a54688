"""The texts of the demonstration and the countries it plays in, read from data/demo."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from board.i18n import LOCALES
from config.settings import ROOT
from matcher.taxonomy import Kind

FOLDER: Final = ROOT / "data" / "demo"
_INFORMATION: Final = "information"
_LISTS: Final = (
    ("requests", Kind.REQUEST, False),
    ("remote_requests", Kind.REQUEST, True),
    ("offers", Kind.OFFER, False),
    ("remote_offers", Kind.OFFER, True),
)


@dataclass(frozen=True, slots=True)
class DemoText:
    """What one listing says."""

    title: str
    text: str
    urgency: int
    #: Whether the help can come from far away.
    remote: bool


@dataclass(frozen=True, slots=True)
class Notice:
    """One piece of official information."""

    title: str
    text: str
    urgency: int
    category: str


@dataclass(frozen=True, slots=True)
class DemoCountry:
    """One country of the demonstration."""

    code: str
    #: Share of the listings, relative to that of the others.
    weight: int
    #: Languages of the texts, the most frequent first.
    texts: tuple[str, ...]
    #: Other languages that people there may speak.
    spoken: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Script:
    """Everything that the demonstration can say."""

    #: (language, kind, slug of the category) → texts.
    texts: Mapping[tuple[str, Kind, str], tuple[DemoText, ...]]
    #: Language → official information.
    notices: Mapping[str, tuple[Notice, ...]]
    #: Language → who publishes it.
    organisations: Mapping[str, str]
    countries: tuple[DemoCountry, ...]


def load(folder: Path = FOLDER) -> Script:
    """Read the files of a folder; raises OSError, ValueError or KeyError for a broken one."""
    texts: dict[tuple[str, Kind, str], tuple[DemoText, ...]] = {}
    notices, organisations = {}, {}
    for language in LOCALES:
        sections = _read(folder / f"{language}.toml")
        information = sections.pop(_INFORMATION)
        notices[language] = tuple(
            Notice(title, text, urgency, category)
            for urgency, title, text, category in information["notices"]
        )
        organisations[language] = information["organisation"]
        for slug, section in sections.items():
            for kind in (Kind.REQUEST, Kind.OFFER):
                texts[language, kind, slug] = _texts(section, kind)
    countries = tuple(
        DemoCountry(code, weight, tuple(languages.split()), tuple(spoken.split()))
        for code, (weight, languages, spoken) in _read(folder / "countries.toml").items()
    )
    return Script(texts, notices, organisations, countries)


def _texts(section: Mapping[str, Any], wanted: Kind) -> tuple[DemoText, ...]:
    found = []
    for name, kind, remote in _LISTS:
        for entry in section.get(name, ()) if kind is wanted else ():
            # An offer has no urgency of its own: that of the request counts.
            urgency, title, text = entry if kind is Kind.REQUEST else (0, *entry)
            found.append(DemoText(title, text, urgency, remote))
    return tuple(found)


def _read(path: Path) -> dict[str, Any]:
    return tomllib.loads(path.read_text(encoding="utf-8"))

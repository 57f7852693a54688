"""What every feature needs: settings, database, reference data, the index, the waker."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from board.acceptance import Estimates
from board.countries import Countries
from board.db import PATIENCE_S, Database
from board.gazetteer import Gazetteer
from board.geocoding import PlaceFinder
from board.matching import LiveIndex
from board.reference import load_languages, load_taxonomy
from board.secrecy import Vault
from board.waking import Waker
from config.settings import Settings
from matcher.taxonomy import Taxonomy


@dataclass(frozen=True, slots=True)
class Board:
    """The parts of one process. Open it after a fork, never before."""

    settings: Settings
    db: Database
    taxonomy: Taxonomy
    #: ISO 639-1 codes that people choose from.
    languages: tuple[str, ...]
    index: LiveIndex
    gazetteer: Gazetteer
    countries: Countries
    #: Asks the online geocoder where the operator chose one.
    finder: PlaceFinder
    vault: Vault
    #: Of how likely members accept.
    estimates: Estimates
    waker: Waker

    @classmethod
    def open(cls, settings: Settings, *, patience_s: float = PATIENCE_S) -> Self:
        """Everything that these settings name; nothing is contacted before the first question.

        `patience_s` bounds the wait for a lock of the database.
        """
        taxonomy, countries = load_taxonomy(), Countries.load()
        gazetteer = Gazetteer(settings.gazetteer_path)
        return cls(
            settings=settings,
            db=Database(settings.database_url, patience_s=patience_s),
            taxonomy=taxonomy,
            languages=load_languages(),
            index=LiveIndex(taxonomy, settings.snapshot_path),
            gazetteer=gazetteer,
            countries=countries,
            finder=PlaceFinder.from_settings(settings, gazetteer, countries),
            vault=Vault(settings.secret_key),
            estimates=Estimates(),
            waker=Waker(settings.redis_effective_url),
        )

    def close(self) -> None:
        self.db.close()
        self.waker.close()

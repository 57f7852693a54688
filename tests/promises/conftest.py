"""Houses on each database: one after the other where a test compares two."""

from __future__ import annotations

import itertools
import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from tests.conftest import empty_tables
from tests.promises.house import House

NewHouse = Callable[[], AbstractContextManager[House]]


@pytest.fixture
def new_house(
    environment: dict[str, str],
    tmp_path: Path,
    request: pytest.FixtureRequest,
    monkeypatch: pytest.MonkeyPatch,
) -> NewHouse:
    """Opens an empty house; on PostgreSQL what the one before held is removed first."""
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    numbers = itertools.count(1)

    def opened() -> AbstractContextManager[House]:
        home = tmp_path / f"house{next(numbers)}"
        home.mkdir()
        (home / "gazetteer.sqlite").symlink_to(
            Path(environment["ENTRAIDE_HOME"], "gazetteer.sqlite")
        )
        if "MIGRATION_DATABASE_URL" in environment:
            empty_tables(environment["MIGRATION_DATABASE_URL"])
        else:
            shutil.copy(request.getfixturevalue("migrated_sqlite"), home / "entraide.sqlite")
        return House.opened({**environment, "ENTRAIDE_HOME": str(home)})

    return opened


@pytest.fixture
def house(new_house: NewHouse) -> Iterator[House]:
    """An empty house."""
    with new_house() as opened:
        yield opened

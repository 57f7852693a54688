"""Served boards of each database, and what the tests measured."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.faults import servers
from tests.faults.figures import Figures
from tests.faults.interrupting import Interrupted, interrupt
from tests.faults.site import POSTGRESQL, SQLITE, Site, served
from tests.faults.spreading import ByBoard

#: Gentle ones first: what takes a while to show is planted before them and judged after them.
_ORDER = ("P12", "P05", "P08", "P06", "P03", "P07", "P02", "P04", "P01")
HERE = Path(__file__).parent
#: Mails that always fail, from the start: what comes next is measured beside them.
DOOMED = 20
#: Databases for which this process has started a board.
_served: set[str] = set()


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> ByBoard:
    """Those of one board go to one process."""
    return ByBoard(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put them in order."""
    ours = [item for item in items if HERE in item.path.parents]
    for item in ours:
        item.add_marker(pytest.mark.faults)
    ordered = sorted(ours, key=lambda item: _ORDER.index(item.path.name.split("_")[1]))
    places = [place for place, item in enumerate(items) if item in ours]
    for place, item in zip(places, ordered, strict=True):
        items[place] = item


@pytest.fixture(
    scope="session",
    params=[SQLITE, pytest.param(POSTGRESQL, marks=pytest.mark.postgresql)],
)
def site(
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
    gazetteer_path: Path,
) -> Iterator[Site]:
    """A served board: on the embedded defaults, or on PostgreSQL and Redis of this test's own."""
    # Nothing else would show that tests are spread badly, but for an hour of starting boards.
    assert request.param not in _served, "a second board; with -n, name the folder tests/faults"
    _served.add(request.param)
    home = tmp_path_factory.mktemp("home")
    if request.param == SQLITE:
        copy_of = request.getfixturevalue("migrated_sqlite")
        with served(home, gazetteer_path, copy_of=copy_of) as site:
            yield site
        return
    with (
        servers.postgresql() as postgresql,
        servers.redis() as redis,
        served(home, gazetteer_path, postgresql=postgresql, redis=redis) as site,
    ):
        yield site


@pytest.fixture(scope="session")
def doomed(site: Site) -> None:
    """Mails that always fail: for the first test of all, and judged by P6."""
    site.doom(DOOMED)


@pytest.fixture(scope="session")
def interrupted(site: Site) -> Interrupted:
    """A worker that was killed in its work: for the first who asks, and judged by the last."""
    return interrupt(site)


@pytest.fixture(scope="session")
def figures() -> Figures:
    """Takes what a test measured."""
    return Figures()

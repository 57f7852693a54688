"""Boards to be measured on each database: SQLite, and PostgreSQL where `make services` runs it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

import sqlalchemy as sa

from benchmarks.harness import environment
from board import migrations
from config.settings import ROOT, Settings

SQLITE, POSTGRESQL = "sqlite", "postgresql"
_SERVICES = ROOT / "var" / "services.env"
#: Setting → where the services say what it is for tests.
_ADDRESSES = {
    "DATABASE_URL": "TEST_DATABASE_URL",
    "MIGRATION_DATABASE_URL": "TEST_MIGRATION_DATABASE_URL",
}


def available() -> list[str]:
    """The databases that this machine has."""
    return [SQLITE, POSTGRESQL] if _addresses() else [SQLITE]


@contextmanager
def on(database: str) -> Iterator[dict[str, str]]:
    """Variables of an empty, migrated board on this database, which goes with the block."""
    with environment() as variables:
        if database == SQLITE:
            yield variables
            return
        with _own_database(_addresses()) as urls:
            variables = {**variables, **urls}
            migrations.upgrade(Settings.from_mapping(variables))
            yield variables


@contextmanager
def _own_database(urls: dict[str, str]) -> Iterator[dict[str, str]]:
    name = f"entraide_bench_{os.getpid()}"
    administration = sa.create_engine(
        _address(urls["MIGRATION_DATABASE_URL"]), isolation_level="AUTOCOMMIT"
    )
    with administration.connect() as connection:
        connection.exec_driver_sql(f'CREATE DATABASE "{name}"')
    try:
        yield {
            key: _address(url).set(database=name).render_as_string(hide_password=False)
            for key, url in urls.items()
        }
    finally:
        with administration.connect() as connection:
            # Without FORCE, which fails where PostgreSQL itself is vacuuming there.
            connection.exec_driver_sql(f'DROP DATABASE "{name}"')
        administration.dispose()


def _address(url: str) -> sa.URL:
    return sa.make_url(url).set(drivername="postgresql+psycopg")


def _addresses() -> dict[str, str]:
    """The two addresses of the services, or nothing where they are not all known."""
    known = dict(os.environ)
    if _SERVICES.exists():
        lines = (line.partition("=") for line in _SERVICES.read_text("utf-8").splitlines())
        known |= {key.removeprefix("export "): value.strip("'\"") for key, _, value in lines}
    found = {key: known[name] for key, name in _ADDRESSES.items() if known.get(name)}
    return found if len(found) == len(_ADDRESSES) else {}

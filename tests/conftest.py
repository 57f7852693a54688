"""What every test may ask for: a board on each database, a mail server, factories.

The PostgreSQL lane runs where `make services` has left var/services.env.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy as sa

from board import migrations
from board.context import Board
from board.db import Base, make_engine
from board.gazetteer import Gazetteer, ensure
from config.settings import ROOT, Settings
from tests.chromium import chromium as chromium
from tests.factories import Factory
from tests.fakes import FakeWaker, MailSink
from tests.once import read_once as read_once

SECRET = "a secret that only tests know, long enough"
SERVICES = ROOT / "var" / "services.env"


def service(name: str) -> str | None:
    """A setting of var/services.env, which `make services` writes."""
    if name in os.environ:
        return os.environ[name]
    if SERVICES.exists():
        lines = (line.partition("=") for line in SERVICES.read_text().splitlines())
        return {key.removeprefix("export "): value.strip("'\"") for key, _, value in lines}.get(
            name
        )
    return None


@pytest.fixture(scope="session")
def gazetteer_path() -> Path:
    """The gazetteer, built once on this machine."""
    return ensure(ROOT / "var" / "gazetteer.sqlite")


@pytest.fixture(scope="session")
def gazetteer(gazetteer_path: Path) -> Gazetteer:
    """The offline gazetteer with all its places."""
    return Gazetteer(gazetteer_path)


@pytest.fixture(scope="session")
def migrated_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty migrated SQLite database, to be copied."""
    home = tmp_path_factory.mktemp("migrated")
    settings = Settings.from_mapping({"ENTRAIDE_HOME": str(home), "SECRET_KEY": SECRET})
    migrations.upgrade(settings)
    engine = make_engine(settings.database_url)
    with engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    engine.dispose()
    return home / "entraide.sqlite"


@pytest.fixture(scope="session")
def migrated_postgresql(worker_id: str) -> Iterator[dict[str, str]]:
    """A migrated PostgreSQL database of this test process, as DATABASE_URL and its owner's."""
    program, owner = service("TEST_DATABASE_URL"), service("TEST_MIGRATION_DATABASE_URL")
    if program is None or owner is None:
        pytest.fail("the PostgreSQL lane needs `make services`")
    name = f"entraide_test_{worker_id}_{os.getpid()}"
    administration = sa.create_engine(
        sa.make_url(owner).set(drivername="postgresql+psycopg"), isolation_level="AUTOCOMMIT"
    )
    with administration.connect() as connection:
        connection.exec_driver_sql(f'CREATE DATABASE "{name}"')
    urls = {
        key: sa.make_url(url)
        .set(drivername="postgresql+psycopg", database=name)
        .render_as_string(hide_password=False)
        for key, url in (("DATABASE_URL", program), ("MIGRATION_DATABASE_URL", owner))
    }
    migrations.upgrade(Settings.from_mapping({**urls, "SECRET_KEY": SECRET}))
    yield urls
    with administration.connect() as connection:
        connection.exec_driver_sql(f'DROP DATABASE "{name}"')
    administration.dispose()


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def environment(
    request: pytest.FixtureRequest, tmp_path: Path, gazetteer_path: Path
) -> Iterator[dict[str, str]]:
    """Environment variables of an empty board, once on each database."""
    home = tmp_path / "home"
    home.mkdir()
    (home / "gazetteer.sqlite").symlink_to(gazetteer_path)
    variables = {"ENTRAIDE_HOME": str(home), "SECRET_KEY": SECRET, "BASE_URL": "http://board.test"}
    if request.param == "sqlite":
        shutil.copy(request.getfixturevalue("migrated_sqlite"), home / "entraide.sqlite")
        yield variables
        return
    urls = request.getfixturevalue("migrated_postgresql")
    yield {**variables, **urls}
    empty_tables(urls["MIGRATION_DATABASE_URL"])


def empty_tables(url: str) -> None:
    """Remove every row, as the owner of the schema, and begin a new epoch."""
    engine = make_engine(url)
    tables = ", ".join(
        table.name for table in Base.metadata.sorted_tables if table.name != "board_state"
    )
    with engine.begin() as connection:
        connection.exec_driver_sql("SET session_replication_role = replica")
        connection.exec_driver_sql(f"TRUNCATE {tables} RESTART IDENTITY CASCADE")
        connection.exec_driver_sql("UPDATE board_state SET revision = 0, epoch = md5(epoch)")
    engine.dispose()


@pytest.fixture
def smtp() -> Iterator[MailSink]:
    """A real SMTP server on loopback that keeps what it gets."""
    with MailSink() as sink:
        yield sink


@pytest.fixture
def settings(environment: dict[str, str], smtp: MailSink) -> Settings:
    """Settings of an empty board whose mails go to the sink."""
    return Settings.from_mapping({**environment, "SMTP_URL": smtp.url})


@pytest.fixture
def board(settings: Settings) -> Iterator[Board]:
    """An empty board on each database; its wake-ups are kept, not sent."""
    real = Board.open(settings)
    real.waker.close()
    board = replace(real, waker=FakeWaker())
    yield board
    board.close()


@pytest.fixture
def make(board: Board) -> Factory:
    """Makes listings, alerts and members with sensible values."""
    return Factory(board)

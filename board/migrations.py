"""Bringing a database to the schema of this program, as the owner of the schema."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.util import CommandError
from sqlalchemy import event

from board.db import foreign_errors, make_engine
from board.errors import BoardError
from board.schema import SCRIPTS
from board.secrecy import Vault
from config.settings import Settings


class SchemaUnknown(BoardError):
    """The database has a schema that this program does not know: that of a newer one."""

    def __init__(self, detail: str) -> None:
        super().__init__(f"the schema of the database is not known to this program: {detail}")


def upgrade(settings: Settings, revision: str = "head") -> None:
    """Apply what is missing, then let the program's own role use the tables."""
    _run(settings, command.upgrade, revision)
    _grant_program_role(settings)


def downgrade(settings: Settings, revision: str) -> None:
    """Go back to an earlier schema."""
    _run(settings, command.downgrade, revision)


def check(settings: Settings) -> None:
    """Raise when the models and the migrated schema differ."""
    engine = make_engine(settings.migration_database_url)
    try:
        with engine.connect() as connection:
            command.check(_config(settings, connection))
    finally:
        engine.dispose()


def _run(settings: Settings, action: object, revision: str) -> None:
    engine = make_engine(settings.migration_database_url).execution_options(writing=True)
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _leave_references_alone)
    try:
        with foreign_errors(), engine.begin() as connection:
            action(_config(settings, connection), revision)  # type: ignore[operator]
            _require_whole(connection)
    except CommandError as error:
        raise SchemaUnknown(str(error)) from error
    finally:
        engine.dispose()


def _leave_references_alone(connection: Any, _: object) -> None:
    """SQLite changes a column by making its table anew; dropping the old one must delete nothing.

    The way that https://www.sqlite.org/lang_altertable.html describes: switched off before the
    transaction, and checked at its end.
    """
    connection.execute("PRAGMA foreign_keys=OFF")


def _require_whole(connection: sa.Connection) -> None:
    if connection.dialect.name == "sqlite":
        broken = connection.exec_driver_sql("PRAGMA foreign_key_check").all()
        if broken:
            raise SchemaUnknown(f"{len(broken)} rows refer to rows that are not there")


def _config(settings: Settings, connection: sa.Connection) -> Config:
    config = Config()
    config.set_main_option("script_location", str(SCRIPTS))
    config.attributes["connection"] = connection
    # For a step that has to read what is kept sealed.
    config.attributes["vault"] = Vault(settings.secret_key)
    return config


def _grant_program_role(settings: Settings) -> None:
    """On PostgreSQL, where the program connects as a lesser role: data yes, schema no.

    The audit log can only be added to and read.
    """
    owner, program = (
        sa.make_url(url) for url in (settings.migration_database_url, settings.database_url)
    )
    if not program.drivername.startswith("postgresql") or owner.username == program.username:
        return
    engine = make_engine(settings.migration_database_url)
    try:
        with foreign_errors(), engine.begin() as connection:
            role = engine.dialect.identifier_preparer.quote(program.username or "")
            for grant in (
                f"GRANT USAGE ON SCHEMA public TO {role}",
                f"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {role}",
                f"GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO {role}",
                f"REVOKE UPDATE, DELETE, TRUNCATE ON audit_log FROM {role}",
                # It reads there whether the schema is its own.
                f"REVOKE ALL ON alembic_version FROM {role}",
                f"GRANT SELECT ON alembic_version TO {role}",
            ):
                connection.exec_driver_sql(grant)
    finally:
        engine.dispose()

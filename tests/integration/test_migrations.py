"""The schema: what is migrated is what the models say, up and down."""

from __future__ import annotations

import sqlalchemy as sa

from board import migrations
from board.db import make_engine
from config.settings import Settings


def tables(settings: Settings) -> set[str]:
    """Names of the tables of the program."""
    engine = make_engine(settings.migration_database_url)
    try:
        return set(sa.inspect(engine).get_table_names()) - {"spatial_ref_sys", "alembic_version"}
    finally:
        engine.dispose()


def test_a_migrated_schema_is_that_of_the_models(settings: Settings) -> None:
    """Alembic finds nothing to add or to drop."""
    migrations.check(settings)


def test_migrating_twice_changes_nothing(settings: Settings) -> None:
    """Every start of the program migrates."""
    before = tables(settings)
    migrations.upgrade(settings)
    assert tables(settings) == before


def test_down_and_up_again(settings: Settings) -> None:
    """Going down leaves no table, and up brings all back."""
    before = tables(settings)
    try:
        migrations.downgrade(settings, "base")
        assert tables(settings) == set()
    finally:
        migrations.upgrade(settings)
    assert tables(settings) == before
    migrations.check(settings)

"""The schema: what is migrated is what the models say, up and down."""

from __future__ import annotations

import sqlalchemy as sa

from board import migrations, partners
from board.alerts import Alert
from board.context import Board
from board.db import make_engine
from board.listings import Listing, ListingCategory
from board.members import Member
from board.roles import Grant
from config.settings import Settings
from tests.factories import Factory


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


def test_people_survive_the_way_down_and_up(board: Board, make: Factory) -> None:
    """Changing columns of a table deletes nothing that refers to it."""
    view = make.open(email="a@example.org")
    make.alert(email="b@example.org")
    nobody = make.member(email=None)
    partners.add_partner(board, "c@example.org", "CM")

    def seen() -> list[object]:
        with board.db.read() as session:
            people = sa.select(Member.id, Member.public_id, Member.email).order_by(Member.id)
            return [
                *session.execute(people),
                *session.execute(sa.select(Listing.id, Listing.member_id)),
                *session.scalars(sa.select(ListingCategory.listing_id)),
                *session.scalars(sa.select(Alert.member_id)),
                *session.execute(sa.select(Grant.member_id, Grant.country)),
            ]

    before = seen()
    with board.db.read() as session:
        owner = session.get_one(Listing, view.id).member_id
    board.db.close()
    try:
        migrations.downgrade(board.settings, "0001")
    finally:
        migrations.upgrade(board.settings)
    assert seen() == before
    assert (view.id, owner) in before
    with board.db.read() as session:
        assert session.get_one(Member, nobody).email is None

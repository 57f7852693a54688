"""The schema: what is migrated is what the models say, up and down."""

from __future__ import annotations

import sqlalchemy as sa

from board import migrations, partners
from board.alerts import Alert
from board.context import Board
from board.db import make_engine
from board.listings import Listing, ListingCategory
from board.members import Member
from board.organisations import Membership, Organisation
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
    partners.add_administrator(board, "d@example.org")

    def seen() -> list[object]:
        with board.db.read() as session:
            people = sa.select(Member.id, Member.public_id, Member.email).order_by(Member.id)
            return [
                *session.execute(people),
                *session.execute(sa.select(Listing.id, Listing.member_id)),
                *session.scalars(sa.select(ListingCategory.listing_id)),
                *session.scalars(sa.select(Alert.member_id)),
                *session.execute(
                    sa.select(Membership.member_id, Organisation.countries).join(Organisation)
                ),
                *session.execute(sa.select(Grant.member_id, Grant.role)),
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


#: Who published what by mail: member, organisation's name, countries of the grants.
GRANTED = [
    (1, "Consulat", ("CM", "GA")),
    (2, "Consulat", ("CM", "GA")),
    (3, "Consulat", ("TD",)),
    (4, "", ("CM",)),
    (5, "", ("CM",)),
]


def test_grants_of_partners_become_organisations(settings: Settings) -> None:
    """Nobody's right grows; information goes to an organisation that may speak of its countries.

    What waits for a mailed link is gone with its link.
    """
    migrations.downgrade(settings, "0002")
    engine = make_engine(settings.migration_database_url)
    with engine.begin() as connection:
        for member_id, name, countries in GRANTED:
            _insert_partner(connection, member_id, name, countries)
        for listing_id, member_id, status, area in (
            (1, 1, "open", ",CM,GA,"),
            (2, 3, "open", ",TD,"),
            (3, 3, "open", ",CM,"),
            (4, 4, "pending", ",CM,"),
        ):
            _insert_information(connection, listing_id, member_id, status, area)
    engine.dispose()
    migrations.upgrade(settings)
    engine = make_engine(settings.migration_database_url)
    with engine.begin() as connection:
        seats = connection.execute(
            sa.text(
                "SELECT m.member_id, o.name, o.countries, o.id FROM organisation_members m "
                "JOIN organisations o ON o.id = m.organisation_id ORDER BY m.member_id"
            )
        ).all()
        owners = connection.execute(
            sa.text("SELECT id, member_id, organisation_id FROM listings ORDER BY id")
        ).all()
        left = connection.execute(sa.text("SELECT count(*) FROM links")).scalar()
        grants = connection.execute(sa.text("SELECT count(*) FROM grants")).scalar()
    engine.dispose()
    assert [row[:3] for row in seats] == [
        (1, "Consulat", ",CM,GA,"),
        (2, "Consulat", ",CM,GA,"),
        (3, "Consulat", ",TD,"),
        (4, "Partner (CM)", ",CM,"),
        (5, "Partner (CM)", ",CM,"),
    ]
    ids = [row[3] for row in seats]
    assert ids[0] == ids[1] and len(set(ids)) == 4
    assert [tuple(row) for row in owners] == [(1, None, ids[0]), (2, None, ids[2]), (3, 3, None)]
    assert (left, grants) == (1, 0)


def _insert_partner(
    connection: sa.Connection, member_id: int, name: str, countries: tuple[str, ...]
) -> None:
    connection.execute(
        sa.text(
            "INSERT INTO members (id, public_id, email, locale, time_zone, created_at) VALUES "
            "(:id, :public, :email, 'fr', 'UTC', '2026-11-01 00:00:00')"
        ),
        {"id": member_id, "public": f"m{member_id}", "email": f"m{member_id}@example.org"},
    )
    for country in countries:
        connection.execute(
            sa.text(
                "INSERT INTO grants (member_id, role, country, organisation, created_at) VALUES "
                "(:id, 'partner', :country, :name, '2026-11-01 00:00:00')"
            ),
            {"id": member_id, "country": country, "name": name},
        )


def _insert_information(
    connection: sa.Connection, listing_id: int, member_id: int, status: str, area: str
) -> None:
    connection.execute(
        sa.text(
            "INSERT INTO listings (id, public_id, region, kind, status, urgency, title, text, "
            "folded, languages, locale, country, place_name, reach, radius_m, area_countries, "
            "organisation, starts_at, ends_at, member_id, demo, notify, created_at) VALUES "
            "(:id, :public, 122, 3, :status, 0, 'T', '', '', ',', 'fr', '', '', 0, 0, :area, '', "
            "'2026-11-01 00:00:00', '2027-11-01 00:00:00', :member, false, false, "
            "'2026-11-01 00:00:00')"
        ),
        {
            "id": listing_id,
            "public": f"l{listing_id}",
            "status": status,
            "area": area,
            "member": member_id,
        },
    )
    for purpose in ("confirm-listing", "confirm-alert") if status == "pending" else ():
        connection.execute(
            sa.text(
                "INSERT INTO links (token_hash, purpose, subject_id, address_hash, created_at, "
                "expires_at) VALUES (:purpose, :purpose, :id, '', '2026-11-01 00:00:00', "
                "'2027-11-01 00:00:00')"
            ),
            {"id": listing_id, "purpose": purpose},
        )

"""The schema: what is migrated is what the models say, up and down."""

from __future__ import annotations

import hashlib
import json

import sqlalchemy as sa

from board import confirmations, conversations, inbox, migrations, partners
from board.alerts import Alert
from board.context import Board
from board.conversations import Conversation
from board.db import make_engine
from board.links import Link
from board.listings import Listing, ListingCategory
from board.members import Member
from board.organisations import Membership, Organisation
from board.roles import Grant
from board.secrecy import Vault
from config.settings import Settings
from tests.factories import Factory
from tests.fakes import MailSink, work_off

_OF_ANSWERS = Link.purpose == "confirm-answer"


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


def test_answers_that_wait_become_conversations(
    board: Board, make: Factory, smtp: MailSink
) -> None:
    """Neither the link that was mailed nor the mail that was not is lost; what was opened stays."""
    view = make.open(email="asker@example.org", locale="en")
    make.member(email="told@example.org")
    work_off(board)
    board.db.close()
    migrations.downgrade(board.settings, "0002")
    token, link = "a-token-that-was-mailed", hashlib.sha256(b"a-token-that-was-mailed")
    engine = make_engine(board.settings.migration_database_url)
    waiting = {"email": "new@example.org", "text": "I wait"}
    unsent = {"email": "told@example.org", "text": "I was confirmed"}
    moment = "2099-01-01 00:00:00+00" if engine.dialect.name == "postgresql" else "2099-01-01"
    now_sql = "CURRENT_TIMESTAMP"
    rows = (
        "INSERT INTO answers (id, listing_id, locale, sealed, created_at, confirmed_at) VALUES "
        f"(7, :listing, 'en', :waiting, {now_sql}, NULL), (8, :listing, 'en', NULL, {now_sql}, "
        f"{now_sql}), (9, :listing, 'en', :foreign, {now_sql}, NULL)",
        "INSERT INTO links (token_hash, purpose, subject_id, address_hash, created_at, expires_at) "
        f"VALUES (:hash, 'confirm-answer', 7, 'x', {now_sql}, '{moment}'), "
        f"('other', 'confirm-answer', 9, 'x', {now_sql}, '{moment}')",
        "INSERT INTO outbox (purpose, channel, once, listing_id, member_id, locale, payload, "
        "status, attempts, due_at, created_at, error) VALUES ('answer', 'email', "
        f"'answer:8:email', :listing, :poster, 'en', :unsent, 'pending', 0, {now_sql}, {now_sql}, "
        "'')",
    )
    with engine.begin() as connection:
        poster = connection.execute(
            sa.text("SELECT member_id FROM listings WHERE id = :id"), {"id": view.id}
        ).scalar_one()
        values = {
            "listing": view.id,
            "poster": poster,
            "hash": link.hexdigest(),
            "waiting": board.vault.seal(json.dumps(waiting)),
            "unsent": board.vault.seal(json.dumps(unsent)),
            "foreign": Vault("another key, as long as the first one").seal("{}"),
        }
        for statement in rows:
            wanted = {name: each for name, each in values.items() if f":{name}" in statement}
            connection.execute(sa.text(statement), wanted)
    engine.dispose()
    migrations.upgrade(board.settings)
    migrations.check(board.settings)
    work_off(board)
    told = [mail for mail in smtp.to("asker@example.org") if mail["Reply-To"]]
    assert ["I was confirmed" in mail.get_content() for mail in told] == [True]
    deed = confirmations.act(board, token)
    assert deed.conversation_token is not None
    seat = conversations.seat_of_link(board, deed.conversation_token)
    assert [each.text for each in inbox.show(board, seat).messages] == ["I wait"]
    assert inbox.show(board, seat).outcome.state == "proposed"
    with board.db.read() as session:
        assert session.scalar(sa.select(sa.func.count(Conversation.id))) == 2
        assert session.scalar(sa.select(sa.func.count(Link.id)).where(_OF_ANSWERS)) == 0
        assert session.get_one(Listing, view.id).ask_at is not None


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
    migrations.downgrade(settings, "0004")
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

"""Organisations: members, official information, readers, questions; grants of partners become some.

Official information published before belongs to the organisation of whoever published it. No
mailed link publishes or closes any more, so those that wait are gone.
"""

import secrets
import string
from datetime import UTC, datetime

import sqlalchemy as sa
from alembic import op

from board.db import Codes, Geo, UTCDateTime

revision = "0005"
down_revision = "0004"

BigId = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

EVERYWHERE = "role IN ('relay', 'moderator', 'administrator')"
ROLES = "role IN ('relay', 'partner', 'coordinator', 'moderator', 'administrator')"
#: 3 is the kind of official information.
NO_MAILED_LINKS = (
    """DELETE FROM links WHERE purpose IN
        ('confirm-listing', 'close-listing', 'edit-listing', 'extend-listing')
        AND subject_id IN (SELECT id FROM listings WHERE kind = 3)""",
    """DELETE FROM outbox WHERE purpose = 'not-a-partner' OR (status = 'pending' AND listing_id
        IN (SELECT id FROM listings WHERE kind = 3 AND status = 'pending'))""",
    "DELETE FROM listings WHERE kind = 3 AND status = 'pending'",
)
PUBLISHED = """SELECT id, member_id, area_countries FROM listings
    WHERE kind = 3 AND member_id IS NOT NULL"""
HAND_OVER = (
    "UPDATE listings SET organisation_id = :organisation, member_id = NULL WHERE id = :listing",
    """INSERT INTO official_information (listing_id, source_url)
        SELECT :listing, '' FROM organisations WHERE id = :organisation""",
)

OWNED = "status = 'pending' OR member_id IS NOT NULL OR imported_row_id IS NOT NULL"
OWNED_OR_OFFICIAL = f"{OWNED} OR organisation_id IS NOT NULL"


def upgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute("SET LOCAL lock_timeout = '5s'")
    _create_tables()
    _add_owner()
    organisations = _organisations_of_grants()
    _hand_over(organisations)
    _narrow_grants()


def _create_tables() -> None:
    op.create_table(
        "organisations",
        sa.Column("id", BigId, nullable=False),
        sa.Column("public_id", sa.String(length=16), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column(
            "country",
            sa.String(length=2),
            nullable=False,
            comment="whose it is; for a consulate the country it represents",
        ),
        sa.Column("website", sa.String(length=500), nullable=False),
        sa.Column(
            "phone",
            sa.String(length=32),
            nullable=False,
            comment="line for emergencies, shown to everybody",
        ),
        sa.Column("note", sa.Text(), nullable=False, comment="what the applicant said"),
        sa.Column("status", sa.String(length=10), nullable=False),
        sa.Column(
            "evidence",
            sa.Text(),
            nullable=False,
            comment="why it was judged so, noted by the administrator",
        ),
        sa.Column("countries", Codes(), nullable=False, comment="jurisdiction, ISO 3166-1 alpha-2"),
        sa.Column(
            "area", Geo(), nullable=True, comment="narrows the countries of the jurisdiction"
        ),
        sa.Column("locale", sa.String(length=8), nullable=False),
        sa.Column(
            "pending_email",
            sa.String(length=254),
            nullable=True,
            comment="the applicant's, until it is confirmed",
        ),
        sa.Column("created_at", UTCDateTime(timezone=True), nullable=False),
        sa.Column("decided_at", UTCDateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "status IN ('pending', 'applied', 'verified', 'refused', 'revoked')",
            name="ck_organisations_status",
        ),
        sa.CheckConstraint(
            "kind IN ('consulate', 'embassy', 'association', 'town-hall', 'ngo')",
            name="ck_organisations_kind",
        ),
        sa.PrimaryKeyConstraint("id", name="pk_organisations"),
        sa.UniqueConstraint("public_id", name="uq_organisations_public_id"),
    )
    op.create_index("ix_organisations_status", "organisations", ["status"], unique=False)
    op.create_table(
        "organisation_members",
        sa.Column("id", BigId, nullable=False),
        sa.Column("organisation_id", BigId, nullable=False),
        sa.Column("member_id", BigId, nullable=False),
        sa.Column("role", sa.String(length=12), nullable=False),
        sa.Column("created_at", UTCDateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "role IN ('partner', 'coordinator')", name="ck_organisation_members_role"
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["organisations.id"],
            name="fk_organisation_members_organisation_id",
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["member_id"],
            ["members.id"],
            name="fk_organisation_members_member_id",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name="pk_organisation_members"),
        sa.UniqueConstraint(
            "organisation_id", "member_id", name="uq_organisation_members_organisation_id_member_id"
        ),
    )
    op.create_index(
        "ix_organisation_members_member_id", "organisation_members", ["member_id"], unique=False
    )
    op.create_table(
        "official_information",
        sa.Column("listing_id", BigId, nullable=False),
        sa.Column("source_url", sa.String(length=500), nullable=False),
        sa.Column("superseded_by", BigId, nullable=True),
        sa.Column(
            "reminded_for",
            UTCDateTime(timezone=True),
            nullable=True,
            comment="the end of which its organisation was reminded",
        ),
        sa.ForeignKeyConstraint(
            ["listing_id"],
            ["listings.id"],
            name="fk_official_information_listing_id",
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["superseded_by"],
            ["listings.id"],
            name="fk_official_information_superseded_by",
            ondelete="SET NULL",
        ),
        sa.PrimaryKeyConstraint("listing_id", name="pk_official_information"),
    )
    op.create_index(
        "ix_official_information_superseded_by",
        "official_information",
        ["superseded_by"],
        unique=False,
    )
    _create_reader_tables()
    _create_question_tables()


def _create_reader_tables() -> None:
    op.create_table(
        "reader_salts",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("salt", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("day", name="pk_reader_salts"),
    )
    for name, rest in (
        ("readers", sa.Column("hash", sa.String(length=32), nullable=False)),
        ("reader_days", sa.Column("readers", sa.Integer(), nullable=False)),
    ):
        key = ["listing_id", "day", "hash"] if name == "readers" else ["listing_id", "day"]
        op.create_table(
            name,
            sa.Column("listing_id", BigId, nullable=False),
            sa.Column("day", sa.Date(), nullable=False),
            rest,
            sa.ForeignKeyConstraint(
                ["listing_id"], ["listings.id"], name=f"fk_{name}_listing_id", ondelete="CASCADE"
            ),
            sa.PrimaryKeyConstraint(*key, name=f"pk_{name}"),
        )


def _create_question_tables() -> None:
    op.create_table(
        "questions",
        sa.Column("id", BigId, nullable=False),
        sa.Column("public_id", sa.String(length=16), nullable=False),
        sa.Column("listing_id", BigId, nullable=False),
        sa.Column("organisation_id", BigId, nullable=False),
        sa.Column("asker_id", BigId, nullable=True, comment="once confirmed"),
        sa.Column("assigned_to", BigId, nullable=True),
        sa.Column("locale", sa.String(length=8), nullable=False),
        sa.Column("status", sa.String(length=8), nullable=False),
        sa.Column(
            "sealed",
            sa.LargeBinary(),
            nullable=False,
            comment="encrypted: text, and the address until it is confirmed",
        ),
        sa.Column("created_at", UTCDateTime(timezone=True), nullable=False),
        sa.Column("answered_at", UTCDateTime(timezone=True), nullable=True),
        sa.CheckConstraint("status IN ('pending', 'open', 'answered')", name="ck_questions_status"),
        sa.ForeignKeyConstraint(
            ["listing_id"], ["listings.id"], name="fk_questions_listing_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["organisations.id"],
            name="fk_questions_organisation_id",
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["asker_id"], ["members.id"], name="fk_questions_asker_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["assigned_to"], ["members.id"], name="fk_questions_assigned_to", ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_questions"),
        sa.UniqueConstraint("public_id", name="uq_questions_public_id"),
    )
    op.create_index("ix_questions_inbox", "questions", ["organisation_id", "status", "created_at"])
    for column in ("listing_id", "asker_id", "assigned_to", "created_at"):
        op.create_index(f"ix_questions_{column}", "questions", [column], unique=False)
    op.create_table(
        "public_answers",
        sa.Column("id", BigId, nullable=False),
        sa.Column("listing_id", BigId, nullable=False),
        sa.Column("question", sa.Text(), nullable=False),
        sa.Column("answer", sa.Text(), nullable=False),
        sa.Column("locale", sa.String(length=8), nullable=False),
        sa.Column("created_at", UTCDateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["listing_id"],
            ["listings.id"],
            name="fk_public_answers_listing_id",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name="pk_public_answers"),
    )
    op.create_index("ix_public_answers_listing_id", "public_answers", ["listing_id"])


def _add_owner() -> None:
    """An organisation may own a listing, alone."""
    if op.get_bind().dialect.name == "sqlite":
        op.execute(
            "ALTER TABLE listings ADD COLUMN organisation_id INTEGER "
            "CONSTRAINT fk_listings_organisation_id REFERENCES organisations (id)"
        )
        _rewrite_check(OWNED, OWNED_OR_OFFICIAL)
    else:
        op.add_column("listings", sa.Column("organisation_id", sa.BigInteger(), nullable=True))
        op.create_foreign_key(
            "fk_listings_organisation_id", "listings", "organisations", ["organisation_id"], ["id"]
        )
        op.drop_constraint("ck_listings_owned", "listings", type_="check")
        op.create_check_constraint("ck_listings_owned", "listings", sa.text(OWNED_OR_OFFICIAL))
    op.create_index("ix_listings_organisation_id", "listings", ["organisation_id"], unique=False)


def _rewrite_check(old: str, new: str) -> None:
    """Change a CHECK of `listings` in SQLite's own way for what is not on disk.

    A copy of the table, the usual way, would take what refers to it along when it is dropped.
    See "Making Other Kinds Of Table Schema Changes" in SQLite's documentation of ALTER TABLE.
    """
    bind = op.get_bind()
    text = bind.exec_driver_sql("SELECT sql FROM sqlite_schema WHERE name = 'listings'").scalar()
    if text.count(f"({old})") != 1:
        raise RuntimeError("the CHECK of listings is not as it was")
    version = bind.exec_driver_sql("PRAGMA schema_version").scalar()
    bind.exec_driver_sql("PRAGMA writable_schema = ON")
    bind.exec_driver_sql(
        "UPDATE sqlite_schema SET sql = ? WHERE type = 'table' AND name = 'listings'",
        (text.replace(f"({old})", f"({new})"),),
    )
    bind.exec_driver_sql(f"PRAGMA schema_version = {version + 1}")
    bind.exec_driver_sql("PRAGMA writable_schema = RESET")


def _narrow_grants() -> None:
    """What is left are rights that hold everywhere."""
    op.execute("DELETE FROM grants WHERE role IN ('partner', 'coordinator')")
    with op.batch_alter_table("grants") as grants:
        grants.drop_constraint("uq_grants_member_id_role_country", type_="unique")
        grants.drop_constraint("ck_grants_role", type_="check")
        grants.drop_column("country")
        grants.drop_column("organisation")
        grants.create_unique_constraint("uq_grants_member_id_role", ["member_id", "role"])
        grants.create_check_constraint("ck_grants_role", sa.text(EVERYWHERE))


def _organisations_of_grants() -> dict[int, list[tuple[int, set[str]]]]:
    """Make an organisation of each name and set of countries; member → (organisation, countries).

    Members share one only where both are the same: nobody's right grows.
    """
    bind = op.get_bind()
    held: dict[tuple[int, str], set[str]] = {}
    query = "SELECT member_id, organisation, country FROM grants WHERE role = 'partner'"
    for member_id, name, country in bind.exec_driver_sql(query):
        held.setdefault((member_id, name), set()).add(country)
    made: dict[tuple[str, tuple[str, ...]], int] = {}
    found: dict[int, list[tuple[int, set[str]]]] = {}
    for (member_id, name), countries in sorted(held.items()):
        codes = tuple(sorted(countries))
        # Without a name there is no telling whether two are colleagues.
        key = (name or f"Partner ({', '.join(codes)})", codes)
        if not name or key not in made:
            made[key] = _insert_organisation(*key)
        _insert_member(made[key], member_id)
        found.setdefault(member_id, []).append((made[key], countries))
    return found


def _insert_organisation(name: str, codes: tuple[str, ...]) -> int:
    table = sa.table(
        "organisations",
        sa.column("id", BigId),
        *map(sa.column, ("public_id", "kind", "name", "country", "website", "phone", "note")),
        *map(sa.column, ("status", "evidence", "locale")),
        sa.column("countries", Codes()),
        sa.column("created_at", UTCDateTime(timezone=True)),
        sa.column("decided_at", UTCDateTime(timezone=True)),
    )
    letters = string.ascii_letters + string.digits
    moment = datetime.now(UTC)
    row = table.insert().values(
        public_id="".join(secrets.choice(letters) for _ in range(12)),
        kind="association",
        name=name[:120],
        country=codes[0],
        website="",
        phone="",
        note="",
        status="verified",
        evidence="Registered on the command line before organisations had pages.",
        locale="fr",
        countries=codes,
        created_at=moment,
        decided_at=moment,
    )
    return int(op.get_bind().execute(row.returning(table.c.id)).scalar_one())


def _insert_member(organisation_id: int, member_id: int) -> None:
    table = sa.table(
        "organisation_members",
        *map(sa.column, ("organisation_id", "member_id", "role")),
        sa.column("created_at", UTCDateTime(timezone=True)),
    )
    op.execute(
        table.insert().values(
            organisation_id=organisation_id,
            member_id=member_id,
            role="coordinator",
            created_at=datetime.now(UTC),
        )
    )


def _hand_over(organisations: dict[int, list[tuple[int, set[str]]]]) -> None:
    """Give each item to an organisation that may speak of its countries; the rest has no owner."""
    bind = op.get_bind()
    # What waits for a mailed link would be published without a second factor.
    for statement in NO_MAILED_LINKS:
        op.execute(statement)
    items = bind.execute(sa.text(PUBLISHED)).all()
    for listing_id, member_id, text in items:
        about = {code for code in text.split(",") if code}
        fitting = [each for each, codes in organisations.get(member_id, []) if about <= codes]
        for statement in HAND_OVER if fitting else ():
            bind.execute(sa.text(statement), {"listing": listing_id, "organisation": fitting[0]})


def downgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute("SET LOCAL lock_timeout = '5s'")
    _widen_grants()
    _give_back()
    op.drop_index("ix_listings_organisation_id", "listings")
    if op.get_bind().dialect.name == "sqlite":
        _rewrite_check(OWNED_OR_OFFICIAL, OWNED)
        op.execute("ALTER TABLE listings DROP COLUMN organisation_id")
    else:
        op.drop_constraint("ck_listings_owned", "listings", type_="check")
        op.create_check_constraint("ck_listings_owned", "listings", sa.text(OWNED))
        op.drop_column("listings", "organisation_id")
    for table in (
        "public_answers",
        "questions",
        "reader_days",
        "readers",
        "reader_salts",
        "official_information",
        "organisation_members",
        "organisations",
    ):
        op.drop_table(table)


def _widen_grants() -> None:
    with op.batch_alter_table("grants") as grants:
        grants.drop_constraint("uq_grants_member_id_role", type_="unique")
        grants.drop_constraint("ck_grants_role", type_="check")
        grants.add_column(
            sa.Column(
                "country",
                sa.String(length=2),
                nullable=False,
                server_default="",
                comment="jurisdiction of a partner, ISO 3166-1 alpha-2",
            )
        )
        grants.add_column(
            sa.Column("organisation", sa.String(length=120), nullable=False, server_default="")
        )
        grants.create_unique_constraint(
            "uq_grants_member_id_role_country", ["member_id", "role", "country"]
        )
        grants.create_check_constraint("ck_grants_role", sa.text(ROLES))


def _give_back() -> None:
    """Rights become grants again, and information its organisation's first member's."""
    bind = op.get_bind()
    rows = bind.execute(
        sa.text(
            "SELECT m.member_id, o.countries, o.name, m.created_at FROM organisation_members m "
            "JOIN organisations o ON o.id = m.organisation_id WHERE o.status = 'verified' "
            "ORDER BY m.id"
        )
    ).all()
    known: set[tuple[int, str]] = set()
    for member_id, countries, name, created_at in rows:
        for country in (code for code in countries.split(",") if code):
            if (member_id, country) not in known:
                known.add((member_id, country))
                bind.execute(
                    sa.text(
                        "INSERT INTO grants (member_id, role, country, organisation, created_at) "
                        "VALUES (:member, 'partner', :country, :name, :created)"
                    ),
                    {
                        "member": member_id,
                        "country": country,
                        "name": name,
                        "created": created_at,
                    },
                )
    bind.exec_driver_sql(
        "UPDATE listings SET member_id = (SELECT min(member_id) FROM organisation_members m "
        "WHERE m.organisation_id = listings.organisation_id) WHERE organisation_id IS NOT NULL"
    )
    bind.exec_driver_sql(
        "DELETE FROM listings WHERE organisation_id IS NOT NULL AND member_id IS NULL"
    )

"""People: profiles, sessions, blocks; roles that are a closed list."""

import sqlalchemy as sa
from alembic import op

from board.db import Codes, UTCDateTime

revision = "0002"
down_revision = "0001"

BigId = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

#: Domain of no mailbox (RFC 2606), for who has no address while the schema is that of 0001.
NOBODY = "@nobody.invalid"
ROLES = "role IN ('relay', 'partner', 'coordinator', 'moderator', 'administrator')"


def upgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute("SET LOCAL lock_timeout = '5s'")
    with op.batch_alter_table("members") as members:
        members.alter_column(
            "email",
            existing_type=sa.String(length=254),
            nullable=True,
            comment="null for somebody whom a relay speaks for",
        )
        members.add_column(
            sa.Column("display_name", sa.String(length=60), nullable=False, server_default="")
        )
        members.add_column(
            sa.Column("languages", Codes(), nullable=False, server_default=",", comment="spoken")
        )
        members.add_column(
            sa.Column("here_cell", sa.BigInteger(), nullable=True, comment="H3 cell: lives in")
        )
        members.add_column(
            sa.Column("here_name", sa.String(length=200), nullable=False, server_default="")
        )
        members.add_column(
            sa.Column(
                "there_cell",
                sa.BigInteger(),
                nullable=True,
                comment="H3 cell: comes from, is tied to",
            )
        )
        members.add_column(
            sa.Column("there_name", sa.String(length=200), nullable=False, server_default="")
        )
        members.add_column(
            sa.Column(
                "helps_with",
                Codes(),
                nullable=False,
                server_default=",",
                comment="ids of categories",
            )
        )
    op.execute(f"UPDATE members SET email = NULL WHERE email LIKE '%{NOBODY}'")  # noqa: S608
    with op.batch_alter_table("grants") as grants:
        grants.add_column(
            sa.Column(
                "granted_by",
                sa.BigInteger(),
                nullable=True,
                comment="member who granted it; null for the command line",
            )
        )
        grants.create_check_constraint("ck_grants_role", ROLES)
    op.create_table(
        "sessions",
        sa.Column("id", BigId, nullable=False),
        sa.Column("member_id", BigId, nullable=False),
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("created_at", UTCDateTime(timezone=True), nullable=False),
        sa.Column("seen_at", UTCDateTime(timezone=True), nullable=False),
        sa.Column("second_factor_at", UTCDateTime(timezone=True), nullable=True),
        sa.Column(
            "device",
            sa.String(length=24),
            nullable=False,
            comment="family of the browser, nothing finer",
        ),
        sa.Column("ended_at", UTCDateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["member_id"], ["members.id"], name="fk_sessions_member_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_sessions"),
        sa.UniqueConstraint("token_hash", name="uq_sessions_token_hash"),
    )
    op.create_index("ix_sessions_member_id", "sessions", ["member_id"], unique=False)
    op.create_index("ix_sessions_seen_at", "sessions", ["seen_at"], unique=False)
    op.create_table(
        "sign_in_codes",
        sa.Column("id", BigId, nullable=False),
        sa.Column("browser_hash", sa.String(length=64), nullable=False),
        sa.Column("code_hash", sa.String(length=64), nullable=False),
        sa.Column("address_hash", sa.String(length=64), nullable=False),
        sa.Column(
            "sealed",
            sa.LargeBinary(),
            nullable=True,
            comment="encrypted: address; erased when the code is over",
        ),
        sa.Column("locale", sa.String(length=8), nullable=False),
        sa.Column("tries", sa.SmallInteger(), nullable=False),
        sa.Column("created_at", UTCDateTime(timezone=True), nullable=False),
        sa.Column("expires_at", UTCDateTime(timezone=True), nullable=False),
        sa.Column("used_at", UTCDateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_sign_in_codes"),
        sa.UniqueConstraint("browser_hash", name="uq_sign_in_codes_browser_hash"),
    )
    op.create_index(
        "ix_sign_in_codes_address_hash", "sign_in_codes", ["address_hash"], unique=False
    )
    _create_second_factor()
    _create_relayed_listings()
    op.create_table(
        "blocks",
        sa.Column("member_id", BigId, nullable=False),
        sa.Column("blocked_id", BigId, nullable=False),
        sa.Column("created_at", UTCDateTime(timezone=True), nullable=False),
        sa.CheckConstraint("member_id <> blocked_id", name="ck_blocks_two"),
        sa.ForeignKeyConstraint(
            ["member_id"], ["members.id"], name="fk_blocks_member_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["blocked_id"], ["members.id"], name="fk_blocks_blocked_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("member_id", "blocked_id", name="pk_blocks"),
    )
    op.create_index("ix_blocks_blocked_id", "blocks", ["blocked_id"], unique=False)


def _create_second_factor() -> None:
    op.create_table(
        "passkeys",
        sa.Column("id", BigId, nullable=False),
        sa.Column("member_id", BigId, nullable=False),
        sa.Column("credential_id", sa.LargeBinary(), nullable=False),
        sa.Column("public_key", sa.LargeBinary(), nullable=False, comment="COSE key"),
        sa.Column(
            "sign_count",
            sa.BigInteger(),
            nullable=False,
            comment="as the device counts; one that falls back was copied",
        ),
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("created_at", UTCDateTime(timezone=True), nullable=False),
        sa.Column("used_at", UTCDateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["member_id"], ["members.id"], name="fk_passkeys_member_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_passkeys"),
        sa.UniqueConstraint("credential_id", name="uq_passkeys_credential_id"),
    )
    op.create_index("ix_passkeys_member_id", "passkeys", ["member_id"], unique=False)
    op.create_table(
        "passkey_challenges",
        sa.Column("id", BigId, nullable=False),
        sa.Column("challenge_hash", sa.String(length=64), nullable=False),
        sa.Column("purpose", sa.String(length=16), nullable=False),
        sa.Column("member_id", BigId, nullable=True, comment="null before a sign-in"),
        sa.Column("expires_at", UTCDateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "purpose IN ('register', 'sign-in', 'second-factor')",
            name="ck_passkey_challenges_purpose",
        ),
        sa.ForeignKeyConstraint(
            ["member_id"],
            ["members.id"],
            name="fk_passkey_challenges_member_id",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name="pk_passkey_challenges"),
        sa.UniqueConstraint("challenge_hash", name="uq_passkey_challenges_challenge_hash"),
    )
    op.create_index(
        "ix_passkey_challenges_expires_at", "passkey_challenges", ["expires_at"], unique=False
    )
    op.create_table(
        "recovery_codes",
        sa.Column("id", BigId, nullable=False),
        sa.Column("member_id", BigId, nullable=False),
        sa.Column("code_hash", sa.String(length=64), nullable=False),
        sa.Column("created_at", UTCDateTime(timezone=True), nullable=False),
        sa.Column("used_at", UTCDateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["member_id"], ["members.id"], name="fk_recovery_codes_member_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_recovery_codes"),
        sa.UniqueConstraint("member_id", "code_hash", name="uq_recovery_codes_member_id_code_hash"),
    )


def _create_relayed_listings() -> None:
    op.create_table(
        "relayed_listings",
        sa.Column("listing_id", BigId, autoincrement=False, nullable=False),
        sa.Column("relay_id", BigId, nullable=False),
        sa.Column("consent", sa.String(length=16), nullable=False, comment="how the person agreed"),
        sa.Column("consented_at", UTCDateTime(timezone=True), nullable=False),
        sa.Column(
            "reference",
            sa.String(length=8),
            nullable=False,
            comment="number that is said on the telephone",
        ),
        sa.Column("code_hash", sa.String(length=64), nullable=False),
        sa.Column("tries", sa.SmallInteger(), nullable=False),
        sa.Column("outcome", sa.String(length=16), nullable=True),
        sa.CheckConstraint(
            "consent IN ('in-person', 'telephone', 'in-writing', 'representative')",
            name="ck_relayed_listings_consent",
        ),
        sa.CheckConstraint(
            "outcome IN ('helped', 'not-needed', 'not-found')", name="ck_relayed_listings_outcome"
        ),
        sa.ForeignKeyConstraint(
            ["listing_id"],
            ["listings.id"],
            name="fk_relayed_listings_listing_id",
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["relay_id"], ["members.id"], name="fk_relayed_listings_relay_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("listing_id", name="pk_relayed_listings"),
        sa.UniqueConstraint("reference", name="uq_relayed_listings_reference"),
    )
    op.create_index("ix_relayed_listings_relay_id", "relayed_listings", ["relay_id"], unique=False)


def downgrade() -> None:
    """Members without an address get one that reaches nobody: 0001 has no room for none."""
    if op.get_bind().dialect.name == "postgresql":
        op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_table("blocks")
    op.drop_table("relayed_listings")
    op.drop_table("recovery_codes")
    op.drop_table("passkey_challenges")
    op.drop_table("passkeys")
    op.drop_table("sign_in_codes")
    op.drop_table("sessions")
    with op.batch_alter_table("grants") as grants:
        grants.drop_constraint("ck_grants_role", type_="check")
        grants.drop_column("granted_by")
    replaced = f"UPDATE members SET email = public_id || '{NOBODY}' WHERE email IS NULL"  # noqa: S608
    op.execute(replaced)
    with op.batch_alter_table("members") as members:
        for name in (
            "helps_with",
            "there_name",
            "there_cell",
            "here_name",
            "here_cell",
            "languages",
            "display_name",
        ):
            members.drop_column(name)
        members.alter_column(
            "email", existing_type=sa.String(length=254), nullable=False, comment=None
        )

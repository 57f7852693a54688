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


def downgrade() -> None:
    """Members without an address get one that reaches nobody: 0001 has no room for none."""
    if op.get_bind().dialect.name == "postgresql":
        op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_table("blocks")
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

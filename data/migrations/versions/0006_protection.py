"""Data protection: consents, the ledger of erasures, when a member was last here.

A member's number is never given twice: what the audit log says of somebody who is gone must not
become true of somebody else.
"""

import sqlalchemy as sa
from alembic import op

from board.db import UTCDateTime

revision = "0006"
down_revision = "0005"

BigId = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute("SET LOCAL lock_timeout = '5s'")
    op.add_column(
        "members",
        sa.Column(
            "seen_at",
            UTCDateTime(timezone=True),
            nullable=True,
            comment="last sign-in or confirmation; null where there was none since this is kept",
        ),
    )
    _number_members(sqlite_autoincrement=True)
    op.add_column(
        "links",
        sa.Column(
            "sealed",
            sa.LargeBinary(),
            nullable=True,
            comment="encrypted: address; only of links that need it, until they are used",
        ),
    )
    op.create_table(
        "consents",
        sa.Column("id", BigId, nullable=False),
        sa.Column("member_id", BigId, nullable=True, comment="null until it is confirmed"),
        sa.Column(
            "subject",
            sa.String(length=16),
            nullable=False,
            comment="table of the row that it was given with; empty for a sign-in",
        ),
        sa.Column("subject_id", sa.BigInteger(), nullable=True),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("version", sa.String(length=10), nullable=False, comment="date of the text"),
        sa.Column("given_at", UTCDateTime(timezone=True), nullable=False),
        sa.Column("withdrawn_at", UTCDateTime(timezone=True), nullable=True),
        sa.CheckConstraint("kind IN ('terms', 'health')", name="ck_consents_kind"),
        sa.CheckConstraint(
            "member_id IS NOT NULL OR subject_id IS NOT NULL", name="ck_consents_whose"
        ),
        sa.ForeignKeyConstraint(
            ["member_id"], ["members.id"], name="fk_consents_member_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_consents"),
    )
    op.create_index("ix_consents_member_id", "consents", ["member_id"], unique=False)
    op.create_index("ix_consents_subject", "consents", ["subject", "subject_id"], unique=False)
    op.create_table(
        "erasures",
        sa.Column("id", BigId, nullable=False),
        sa.Column("name", sa.String(length=32), nullable=False, comment="random; in the file too"),
        sa.Column(
            "address_hash",
            sa.String(length=64),
            nullable=False,
            comment="keyed hash of the address",
        ),
        sa.Column("member_id", sa.BigInteger(), nullable=True),
        sa.Column("at", UTCDateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_erasures"),
        sa.UniqueConstraint("name", name="uq_erasures_name"),
    )


def _number_members(*, sqlite_autoincrement: bool) -> None:
    """On SQLite, make the table anew, with numbers that are given once or with any free ones."""
    if op.get_bind().dialect.name != "sqlite":
        return
    with op.batch_alter_table(
        "members", recreate="always", table_kwargs={"sqlite_autoincrement": sqlite_autoincrement}
    ):
        pass


def downgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_table("erasures")
    op.drop_table("consents")
    own_data = sa.table("links", sa.column("purpose"))
    op.execute(own_data.delete().where(own_data.c.purpose == "own-data"))
    outbox = sa.table("outbox", sa.column("purpose"))
    op.execute(outbox.delete().where(outbox.c.purpose == "own-data"))
    op.drop_column("links", "sealed")
    op.drop_column("members", "seen_at")
    _number_members(sqlite_autoincrement=False)

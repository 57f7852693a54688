"""Bans that outlast an erasure: a keyed hash of the address, and the day on which it ends."""

import sqlalchemy as sa
from alembic import op

from board.db import UTCDateTime

revision = "0008"
down_revision = "0007"

BigId = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_table(
        "kept_bans",
        sa.Column("id", BigId, nullable=False),
        sa.Column(
            "address_hash",
            sa.String(length=64),
            nullable=False,
            comment="keyed hash of the address",
        ),
        sa.Column(
            "reason",
            sa.String(length=16),
            nullable=False,
            comment="a key of board.reasons.BAN",
        ),
        sa.Column("ends_at", UTCDateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_kept_bans"),
        sa.UniqueConstraint("address_hash", name="uq_kept_bans_address_hash"),
    )


def downgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_table("kept_bans")

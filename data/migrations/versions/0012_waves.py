"""Waves of a request: how far they have come, and who was asked in them."""

import sqlalchemy as sa
from alembic import op

from board.db import UTCDateTime

revision = "0012"
down_revision = "0011"

BigId = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_table(
        "calls",
        sa.Column("listing_id", BigId, nullable=False),
        sa.Column("status", sa.String(8), nullable=False),
        sa.Column("why", sa.String(16), nullable=False, comment="why it ended"),
        sa.Column(
            "area", sa.BigInteger(), nullable=True, comment="H3 cell in which calls are counted"
        ),
        sa.Column("wave", sa.SmallInteger(), nullable=False, comment="waves so far"),
        sa.Column(
            "rings",
            sa.SmallInteger(),
            nullable=False,
            comment="rings of cells that the last one reached out to",
        ),
        sa.Column("look", sa.Integer(), nullable=False, comment="number of the next look"),
        sa.Column("look_at", UTCDateTime(timezone=True), nullable=True),
        sa.Column("created_at", UTCDateTime(timezone=True), nullable=False),
        sa.CheckConstraint("status IN ('open', 'ended', 'stopped')", name="ck_calls_status"),
        sa.CheckConstraint("(status = 'open') = (look_at IS NOT NULL)", name="ck_calls_look"),
        sa.ForeignKeyConstraint(
            ["listing_id"], ["listings.id"], name="fk_calls_listing_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("listing_id", name="pk_calls"),
    )
    op.create_index("ix_calls_area", "calls", ["area"], unique=False)
    op.create_table(
        "asked",
        sa.Column("listing_id", BigId, nullable=False),
        sa.Column("member_id", BigId, nullable=False),
        sa.Column("wave", sa.SmallInteger(), nullable=False),
        sa.Column("at", UTCDateTime(timezone=True), nullable=False),
        sa.Column("hour", sa.Float(), nullable=False, comment="of the day, at the place"),
        sa.Column("distance_m", sa.Integer(), nullable=False, comment="between cells; -1 unknown"),
        sa.Column("named", sa.Boolean(), nullable=False, comment="the alert names the category"),
        sa.Column("told_week", sa.SmallInteger(), nullable=False),
        sa.Column("chance", sa.Float(), nullable=False, comment="of an acceptance, estimated"),
        sa.Column("usual", sa.Float(), nullable=False, comment="the same without the own record"),
        sa.Column("why", sa.String(160), nullable=False, comment="reasons, as JSON"),
        sa.ForeignKeyConstraint(
            ["listing_id"], ["listings.id"], name="fk_asked_listing_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["member_id"], ["members.id"], name="fk_asked_member_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("listing_id", "member_id", name="pk_asked"),
    )
    op.create_index("ix_asked_member_id", "asked", ["member_id", "at"], unique=False)


def downgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_table("asked")
    op.drop_table("calls")
    op.execute("DELETE FROM outbox WHERE purpose = 'wave'")

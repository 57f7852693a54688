"""Addresses that mails came back from."""

import sqlalchemy as sa
from alembic import op

from board.db import UTCDateTime

revision = "0010"
down_revision = "0009"

BigId = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_table(
        "suspensions",
        sa.Column("member_id", BigId, nullable=False),
        sa.Column("suspended_at", UTCDateTime(timezone=True), nullable=False),
        sa.Column("reason", sa.String(8), nullable=False),
        sa.Column(
            "lifted_at",
            UTCDateTime(timezone=True),
            nullable=True,
            comment="when its member proved that mail arrives",
        ),
        sa.CheckConstraint(
            "reason IN ('address', 'domain', 'mailbox')", name="ck_suspensions_reason"
        ),
        sa.ForeignKeyConstraint(
            ["member_id"], ["members.id"], name="fk_suspensions_member_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("member_id", name="pk_suspensions"),
    )


def downgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_table("suspensions")

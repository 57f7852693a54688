"""Push messages: the browsers that asked for them, and whether a member wants them."""

import sqlalchemy as sa
from alembic import op

from board.db import UTCDateTime

revision = "0011"
down_revision = "0010"

BigId = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute("SET LOCAL lock_timeout = '5s'")
        op.execute("COMMENT ON COLUMN outbox.channel IS 'event, email or push'")
    op.add_column(
        "preferences",
        sa.Column("by_push", sa.Boolean(), nullable=False, server_default=sa.true()),
    )
    op.create_table(
        "push_subscriptions",
        sa.Column("id", BigId, nullable=False),
        sa.Column("member_id", BigId, nullable=False),
        sa.Column(
            "endpoint_hash",
            sa.String(length=64),
            nullable=False,
            comment="keyed hash, by which a browser is known again",
        ),
        sa.Column(
            "sealed",
            sa.LargeBinary(),
            nullable=False,
            comment="encrypted: endpoint and the keys of the browser",
        ),
        sa.Column(
            "service", sa.String(length=64), nullable=False, comment="host of the push service"
        ),
        sa.Column(
            "device",
            sa.String(length=24),
            nullable=False,
            comment="family of the browser, nothing finer",
        ),
        sa.Column("created_at", UTCDateTime(timezone=True), nullable=False),
        sa.Column(
            "used_at",
            UTCDateTime(timezone=True),
            nullable=False,
            comment="when its service last took a message, or it was added",
        ),
        sa.ForeignKeyConstraint(
            ["member_id"],
            ["members.id"],
            name="fk_push_subscriptions_member_id",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name="pk_push_subscriptions"),
        sa.UniqueConstraint("endpoint_hash", name="uq_push_subscriptions_endpoint_hash"),
    )
    op.create_index("ix_push_subscriptions_member_id", "push_subscriptions", ["member_id"])
    op.create_index("ix_push_subscriptions_used_at", "push_subscriptions", ["used_at"])


def downgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute("SET LOCAL lock_timeout = '5s'")
        op.execute("COMMENT ON COLUMN outbox.channel IS 'event or email'")
    # A program that knows no push messages could send none of these.
    op.execute("DELETE FROM outbox WHERE channel = 'push' AND status = 'pending'")
    op.drop_table("push_subscriptions")
    op.execute("ALTER TABLE preferences DROP COLUMN by_push")

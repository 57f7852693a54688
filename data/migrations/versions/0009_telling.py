"""How members want to be told: the rhythm of an alert, what they wish, what waits for a digest."""

import sqlalchemy as sa
from alembic import op

from board.db import UTCDateTime

revision = "0009"
down_revision = "0008"

BigId = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute("SET LOCAL lock_timeout = '5s'")
    # As SQL, because SQLite takes a condition of a new column with the column alone.
    op.execute(
        "ALTER TABLE alerts ADD COLUMN rhythm VARCHAR(8) DEFAULT 'instant' NOT NULL "
        "CONSTRAINT ck_alerts_rhythm CHECK (rhythm IN ('instant', 'daily', 'weekly'))"
    )
    op.create_table(
        "preferences",
        sa.Column("member_id", BigId, nullable=False),
        sa.Column("quiet_from", sa.SmallInteger(), nullable=True, comment="minute of the day"),
        sa.Column("quiet_to", sa.SmallInteger(), nullable=True, comment="minute of the day"),
        sa.Column("urgent_passes", sa.Boolean(), nullable=False),
        sa.Column("most_a_week", sa.SmallInteger(), nullable=False),
        sa.Column("paused_until", UTCDateTime(timezone=True), nullable=True),
        sa.Column("by_email", sa.Boolean(), nullable=False),
        sa.CheckConstraint(
            "(quiet_from IS NULL) = (quiet_to IS NULL)", name="ck_preferences_quiet_both"
        ),
        sa.CheckConstraint(
            "quiet_from BETWEEN 0 AND 1439 AND quiet_to BETWEEN 0 AND 1439",
            name="ck_preferences_quiet_minutes",
        ),
        sa.CheckConstraint("most_a_week BETWEEN 1 AND 100", name="ck_preferences_most_a_week"),
        sa.ForeignKeyConstraint(
            ["member_id"], ["members.id"], name="fk_preferences_member_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("member_id", name="pk_preferences"),
    )
    op.create_table(
        "tellings",
        sa.Column("id", BigId, nullable=False),
        sa.Column("member_id", BigId, nullable=False),
        sa.Column("listing_id", BigId, nullable=False),
        sa.Column(
            "alert_id",
            sa.BigInteger(),
            nullable=True,
            comment="that is hit; null where the member's own listing matches",
        ),
        sa.Column("created_at", UTCDateTime(timezone=True), nullable=False),
        sa.Column(
            "due_at",
            UTCDateTime(timezone=True),
            nullable=False,
            comment="when the digest goes out that it waits for",
        ),
        sa.Column("told_at", UTCDateTime(timezone=True), nullable=True),
        sa.Column("told_on", sa.Date(), nullable=True, comment="day of its digest"),
        sa.Column("declined_at", UTCDateTime(timezone=True), nullable=True),
        sa.CheckConstraint("(told_at IS NULL) = (told_on IS NULL)", name="ck_tellings_told"),
        sa.ForeignKeyConstraint(
            ["member_id"], ["members.id"], name="fk_tellings_member_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["listing_id"], ["listings.id"], name="fk_tellings_listing_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_tellings"),
        sa.UniqueConstraint("member_id", "listing_id", name="uq_tellings_member_id_listing_id"),
    )
    op.create_index("ix_tellings_listing_id", "tellings", ["listing_id"], unique=False)
    waiting = sa.text("told_at IS NULL AND declined_at IS NULL")
    op.create_index(
        "ix_tellings_waiting",
        "tellings",
        ["due_at"],
        unique=False,
        postgresql_where=waiting,
        sqlite_where=waiting,
    )


def downgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_table("tellings")
    op.drop_table("preferences")
    op.execute("ALTER TABLE alerts DROP COLUMN rhythm")

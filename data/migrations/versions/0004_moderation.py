"""Moderation: listings that wait for a look, cases, reports, bans, what limits count."""

import sqlalchemy as sa
from alembic import op

from board.db import Codes, UTCDateTime

revision = "0004"
down_revision = "0003"

BigId = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

#: SQLite's `INSERT OR REPLACE` deletes without firing the trigger that forbids to delete.
REPLACE = """CREATE TRIGGER audit_log_replace BEFORE INSERT ON audit_log
    WHEN EXISTS (SELECT 1 FROM audit_log WHERE id = new.id) BEGIN
        SELECT RAISE(ABORT, 'the audit log can only be added to');
    END"""
BEFORE = "status IN ('pending', 'open', 'closed')"
AFTER = "status IN ('pending', 'held', 'open', 'closed')"


def upgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute("SET LOCAL lock_timeout = '5s'")
    else:
        op.execute(REPLACE)
    _allow(BEFORE, AFTER)
    op.create_table(
        "cases",
        sa.Column("id", BigId, nullable=False),
        sa.Column("subject", sa.String(length=8), nullable=False),
        sa.Column("subject_id", sa.BigInteger(), nullable=False),
        sa.Column("reasons", Codes(), nullable=False, comment="keys of board.reasons.HELD"),
        sa.Column("opened_at", UTCDateTime(timezone=True), nullable=False),
        sa.Column("decision", sa.String(length=9), nullable=True),
        sa.Column("decided_at", UTCDateTime(timezone=True), nullable=True),
        sa.Column(
            "decided_by",
            sa.BigInteger(),
            nullable=True,
            comment="member; null for what nobody decided",
        ),
        sa.Column("reason", sa.String(length=16), nullable=False, comment="a listed word"),
        sa.CheckConstraint("subject IN ('listing', 'message')", name="ck_cases_subject"),
        sa.CheckConstraint(
            "decision IN ('approve', 'refuse', 'edit', 'ban', 'overtaken')",
            name="ck_cases_decision",
        ),
        sa.CheckConstraint("(decision IS NULL) = (decided_at IS NULL)", name="ck_cases_decided"),
        sa.PrimaryKeyConstraint("id", name="pk_cases"),
    )
    op.create_index(
        "ix_cases_open",
        "cases",
        ["subject", "subject_id"],
        unique=True,
        postgresql_where=sa.text("decision IS NULL"),
        sqlite_where=sa.text("decision IS NULL"),
    )
    op.create_index(
        "ix_cases_subject_subject_id_decided_at",
        "cases",
        ["subject", "subject_id", "decided_at"],
        unique=False,
    )
    _create_reports_and_bans()
    _create_what_limits_count()


def _create_reports_and_bans() -> None:
    op.create_table(
        "reports",
        sa.Column("id", BigId, nullable=False),
        sa.Column("subject", sa.String(length=8), nullable=False),
        sa.Column("subject_id", sa.BigInteger(), nullable=False),
        sa.Column(
            "reporter",
            sa.String(length=64),
            nullable=False,
            comment="a member's id, or the hash of a guest's network",
        ),
        sa.Column(
            "reason",
            sa.String(length=16),
            nullable=False,
            comment="a key of board.reasons.REPORT",
        ),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("created_at", UTCDateTime(timezone=True), nullable=False),
        sa.CheckConstraint("subject IN ('listing', 'message')", name="ck_reports_subject"),
        sa.PrimaryKeyConstraint("id", name="pk_reports"),
        sa.UniqueConstraint(
            "subject", "subject_id", "reporter", name="uq_reports_subject_subject_id_reporter"
        ),
    )
    op.create_table(
        "bans",
        sa.Column("id", BigId, nullable=False),
        sa.Column("member_id", BigId, nullable=False),
        sa.Column("banned_by", sa.BigInteger(), nullable=False, comment="the moderator"),
        sa.Column(
            "reason", sa.String(length=16), nullable=False, comment="a key of board.reasons.BAN"
        ),
        sa.Column("created_at", UTCDateTime(timezone=True), nullable=False),
        sa.Column("appeal", sa.Text(), nullable=True, comment="what the member wrote"),
        sa.Column("appealed_at", UTCDateTime(timezone=True), nullable=True),
        sa.Column("appeal_decided_by", sa.BigInteger(), nullable=True),
        sa.Column("appeal_decided_at", UTCDateTime(timezone=True), nullable=True),
        sa.Column("lifted_at", UTCDateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "appeal_decided_by IS NULL OR appeal_decided_by <> banned_by",
            name="ck_bans_two_moderators",
        ),
        sa.ForeignKeyConstraint(
            ["member_id"], ["members.id"], name="fk_bans_member_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_bans"),
    )
    op.create_index(
        "ix_bans_active",
        "bans",
        ["member_id"],
        unique=True,
        postgresql_where=sa.text("lifted_at IS NULL"),
        sqlite_where=sa.text("lifted_at IS NULL"),
    )


def _create_what_limits_count() -> None:
    op.create_table(
        "network_secrets",
        sa.Column("id", BigId, nullable=False),
        sa.Column("secret", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", UTCDateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_network_secrets"),
    )
    op.create_table(
        "sightings",
        sa.Column("id", BigId, nullable=False),
        sa.Column(
            "network_hash",
            sa.String(length=64),
            nullable=True,
            comment="null where the network is not known",
        ),
        sa.Column("what", sa.String(length=8), nullable=False),
        sa.Column("subject_id", sa.BigInteger(), nullable=True),
        sa.Column("proven", sa.Boolean(), nullable=False),
        sa.Column(
            "crowded",
            sa.Boolean(),
            nullable=False,
            comment="its network had sent more than usual by then",
        ),
        sa.Column("at", UTCDateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_sightings"),
    )
    op.create_index(
        "ix_sightings_network_hash_at", "sightings", ["network_hash", "at"], unique=False
    )
    op.create_index(
        "ix_sightings_what_subject_id", "sightings", ["what", "subject_id"], unique=False
    )
    op.create_index("ix_sightings_at", "sightings", ["at"], unique=False)
    op.create_table(
        "spent_proofs",
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("expires_at", UTCDateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("digest", name="pk_spent_proofs"),
    )
    op.create_index("ix_spent_proofs_expires_at", "spent_proofs", ["expires_at"], unique=False)


def downgrade() -> None:
    """What waited for a look is closed: the schema before has no place where nobody sees it."""
    if op.get_bind().dialect.name == "postgresql":
        op.execute("SET LOCAL lock_timeout = '5s'")
    else:
        op.execute("DROP TRIGGER audit_log_replace")
    for table in ("spent_proofs", "sightings", "network_secrets", "bans", "reports", "cases"):
        op.drop_table(table)
    op.execute("UPDATE listings SET status = 'closed' WHERE status = 'held'")
    _allow(AFTER, BEFORE)


def _allow(before: str, after: str) -> None:
    """Change which statuses the table of listings takes.

    SQLite has no statement for it. Making the table anew would lose its triggers and what other
    migrations added to it; its text is changed in place instead, in the way that
    https://www.sqlite.org/lang_altertable.html allows for a change that no stored row feels.
    """
    if op.get_bind().dialect.name == "postgresql":
        op.drop_constraint("ck_listings_status", "listings", type_="check")
        op.create_check_constraint("ck_listings_status", "listings", after)
        return
    connection = op.get_bind()
    version = connection.exec_driver_sql("PRAGMA schema_version").scalar_one()
    connection.exec_driver_sql("PRAGMA writable_schema = ON")
    connection.exec_driver_sql(
        "UPDATE sqlite_master SET sql = replace(sql, ?, ?) WHERE type = 'table' AND name = ?",
        (before, after, "listings"),
    )
    connection.exec_driver_sql(f"PRAGMA schema_version = {version + 1}")
    connection.exec_driver_sql("PRAGMA writable_schema = OFF")

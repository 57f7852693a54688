"""The board: members, listings, alerts, links, outbox, audit log."""

import secrets

import sqlalchemy as sa
from alembic import op

from board.db import Codes, Geo, UTCDateTime

revision = "0001"
down_revision = None

BigId = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

#: Word search, and an audit log that can only be added to.
SQLITE = (
    """CREATE VIRTUAL TABLE listing_words USING fts5(
        folded, content='listings', content_rowid='id', tokenize='unicode61 remove_diacritics 0',
        prefix='2 3')""",
    """CREATE TRIGGER listing_words_insert AFTER INSERT ON listings BEGIN
        INSERT INTO listing_words (rowid, folded) VALUES (new.id, new.folded);
    END""",
    """CREATE TRIGGER listing_words_delete AFTER DELETE ON listings BEGIN
        INSERT INTO listing_words (listing_words, rowid, folded)
        VALUES ('delete', old.id, old.folded);
    END""",
    """CREATE TRIGGER listing_words_update AFTER UPDATE OF folded ON listings BEGIN
        INSERT INTO listing_words (listing_words, rowid, folded)
        VALUES ('delete', old.id, old.folded);
        INSERT INTO listing_words (rowid, folded) VALUES (new.id, new.folded);
    END""",
    """CREATE TRIGGER audit_log_update BEFORE UPDATE ON audit_log BEGIN
        SELECT RAISE(ABORT, 'the audit log can only be added to');
    END""",
    """CREATE TRIGGER audit_log_delete BEFORE DELETE ON audit_log BEGIN
        SELECT RAISE(ABORT, 'the audit log can only be added to');
    END""",
)
POSTGRESQL = (
    "CREATE INDEX ix_listings_words ON listings USING gin (to_tsvector('simple', folded))",
    "CREATE INDEX ix_listings_location ON listings USING gist (location)",
    # NaN is greater than every number here, so it is refused too.
    """ALTER TABLE listings ADD CONSTRAINT ck_listings_location CHECK (
        ST_X(location::geometry) BETWEEN -180 AND 180
        AND ST_Y(location::geometry) BETWEEN -90 AND 90)""",
    """ALTER TABLE alerts ADD CONSTRAINT ck_alerts_location CHECK (
        ST_X(location::geometry) BETWEEN -180 AND 180
        AND ST_Y(location::geometry) BETWEEN -90 AND 90)""",
    """CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN RAISE EXCEPTION 'the audit log can only be added to'; END $$""",
    """CREATE TRIGGER audit_log_change BEFORE UPDATE OR DELETE ON audit_log
        FOR EACH ROW EXECUTE FUNCTION refuse_change()""",
    """CREATE TRIGGER audit_log_truncate BEFORE TRUNCATE ON audit_log
        FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()""",
)


def upgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute("SET LOCAL lock_timeout = '5s'")
        op.execute("CREATE EXTENSION IF NOT EXISTS postgis")
    op.create_table(
        "audit_log",
        sa.Column("id", BigId, nullable=False),
        sa.Column("at", UTCDateTime(timezone=True), nullable=False),
        sa.Column("action", sa.String(length=32), nullable=False),
        sa.Column("member_id", sa.BigInteger(), nullable=True, comment="who did it, if known"),
        sa.Column(
            "subject", sa.String(length=16), nullable=False, comment="table of the row concerned"
        ),
        sa.Column("subject_id", sa.BigInteger(), nullable=True),
        sa.Column("reason", sa.String(length=32), nullable=False, comment="a listed word"),
        sa.PrimaryKeyConstraint("id", name="pk_audit_log"),
    )
    op.create_table(
        "board_state",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("epoch", sa.String(length=32), nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_board_state"),
    )
    op.create_table(
        "imported_rows",
        sa.Column("id", BigId, nullable=False),
        sa.Column(
            "source", sa.String(length=64), nullable=False, comment="name shown beside the listing"
        ),
        sa.Column(
            "external_id",
            sa.String(length=128),
            nullable=False,
            comment="the row's id in its source",
        ),
        sa.Column("imported_at", UTCDateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_imported_rows"),
        sa.UniqueConstraint("source", "external_id", name="uq_imported_rows_source_external_id"),
    )
    op.create_table(
        "links",
        sa.Column("id", BigId, nullable=False),
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("purpose", sa.String(length=16), nullable=False),
        sa.Column(
            "subject_id",
            sa.BigInteger(),
            nullable=False,
            comment="id of the listing, alert or answer",
        ),
        sa.Column("address_hash", sa.String(length=64), nullable=False),
        sa.Column("created_at", UTCDateTime(timezone=True), nullable=False),
        sa.Column("expires_at", UTCDateTime(timezone=True), nullable=False),
        sa.Column("used_at", UTCDateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_links"),
        sa.UniqueConstraint("token_hash", name="uq_links_token_hash"),
    )
    op.create_index("ix_links_address_hash", "links", ["address_hash"], unique=False)
    op.create_table(
        "members",
        sa.Column("id", BigId, nullable=False),
        sa.Column("public_id", sa.String(length=16), nullable=False),
        sa.Column("email", sa.String(length=254), nullable=False),
        sa.Column(
            "locale", sa.String(length=8), nullable=False, comment="language of this member's mails"
        ),
        sa.Column("time_zone", sa.String(length=64), nullable=False, comment="IANA name"),
        sa.Column("created_at", UTCDateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_members"),
        sa.UniqueConstraint("email", name="uq_members_email"),
        sa.UniqueConstraint("public_id", name="uq_members_public_id"),
    )
    op.create_table(
        "outbox",
        sa.Column("id", BigId, nullable=False),
        sa.Column("purpose", sa.String(length=24), nullable=False),
        sa.Column("channel", sa.String(length=8), nullable=False, comment="event or email"),
        sa.Column(
            "once",
            sa.String(length=96),
            nullable=False,
            comment="cause, recipient and channel: what may exist once",
        ),
        sa.Column("listing_id", sa.BigInteger(), nullable=True),
        sa.Column("alert_id", sa.BigInteger(), nullable=True),
        sa.Column("member_id", sa.BigInteger(), nullable=True),
        sa.Column("locale", sa.String(length=8), nullable=False),
        sa.Column(
            "payload",
            sa.LargeBinary(),
            nullable=True,
            comment="encrypted: address and token; erased on delivery",
        ),
        sa.Column("status", sa.String(length=8), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("due_at", UTCDateTime(timezone=True), nullable=False),
        sa.Column("lease", sa.String(length=32), nullable=True, comment="who holds the row"),
        sa.Column("lease_until", UTCDateTime(timezone=True), nullable=True),
        sa.Column("created_at", UTCDateTime(timezone=True), nullable=False),
        sa.Column("done_at", UTCDateTime(timezone=True), nullable=True),
        sa.Column("error", sa.String(length=64), nullable=False, comment="class of the failure"),
        sa.PrimaryKeyConstraint("id", name="pk_outbox"),
        sa.UniqueConstraint("once", name="uq_outbox_once"),
    )
    op.create_index("ix_outbox_listing_id", "outbox", ["listing_id"], unique=False)
    op.create_index("ix_outbox_member_id", "outbox", ["member_id"], unique=False)
    op.create_index(
        "ix_outbox_waiting",
        "outbox",
        ["due_at"],
        unique=False,
        postgresql_where=sa.text("status = 'pending'"),
        sqlite_where=sa.text("status = 'pending'"),
    )
    op.create_table(
        "posting_keys",
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("body_hash", sa.String(length=64), nullable=False),
        sa.Column("listing_id", sa.BigInteger(), nullable=False),
        sa.Column("created_at", UTCDateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_posting_keys"),
    )
    op.create_index("ix_posting_keys_created_at", "posting_keys", ["created_at"], unique=False)
    op.create_table(
        "tombstones",
        sa.Column("id", BigId, nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("row_id", sa.BigInteger(), nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_tombstones"),
    )
    op.create_index("ix_tombstones_revision", "tombstones", ["revision"], unique=False)
    op.create_table(
        "alerts",
        sa.Column("id", BigId, nullable=False),
        sa.Column("public_id", sa.String(length=16), nullable=False),
        sa.Column("region", sa.SmallInteger(), nullable=False),
        sa.Column("status", sa.String(length=8), nullable=False),
        sa.Column("member_id", BigId, nullable=True),
        sa.Column("pending_email", sa.String(length=254), nullable=True),
        sa.Column("locale", sa.String(length=8), nullable=False),
        sa.Column("remote", sa.Boolean(), nullable=False),
        sa.Column("cell", sa.BigInteger(), nullable=True),
        sa.Column("location", Geo(), nullable=True, comment="centre of the cell"),
        sa.Column("place_name", sa.String(length=200), nullable=False),
        sa.Column("radius_m", sa.Integer(), nullable=False),
        sa.Column("area", Geo(), nullable=True),
        sa.Column("kinds", Codes(), nullable=False),
        sa.Column("categories", Codes(), nullable=False),
        sa.Column("least_urgency", sa.SmallInteger(), nullable=False),
        sa.Column("languages", Codes(), nullable=False),
        sa.Column("created_at", UTCDateTime(timezone=True), nullable=False),
        sa.Column(
            "revision",
            sa.BigInteger(),
            nullable=True,
            comment="revision of the last change the index must know; null while it holds nothing",
        ),
        sa.CheckConstraint("status IN ('pending', 'active', 'ended')", name="ck_alerts_status"),
        sa.CheckConstraint(
            "remote OR cell IS NOT NULL OR area IS NOT NULL", name="ck_alerts_has_area"
        ),
        sa.ForeignKeyConstraint(
            ["member_id"], ["members.id"], name="fk_alerts_member_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_alerts"),
        sa.UniqueConstraint("public_id", name="uq_alerts_public_id"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_alerts_member_id", "alerts", ["member_id"], unique=False)
    op.create_index("ix_alerts_region", "alerts", ["region"], unique=False)
    op.create_index("ix_alerts_revision", "alerts", ["revision"], unique=False)
    op.create_table(
        "grants",
        sa.Column("id", BigId, nullable=False),
        sa.Column("member_id", BigId, nullable=False),
        sa.Column("role", sa.String(length=16), nullable=False),
        sa.Column(
            "country",
            sa.String(length=2),
            nullable=False,
            comment="jurisdiction of a partner, ISO 3166-1 alpha-2",
        ),
        sa.Column("organisation", sa.String(length=120), nullable=False),
        sa.Column("created_at", UTCDateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["member_id"], ["members.id"], name="fk_grants_member_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_grants"),
        sa.UniqueConstraint(
            "member_id", "role", "country", name="uq_grants_member_id_role_country"
        ),
    )
    op.create_table(
        "listings",
        sa.Column("id", BigId, nullable=False, comment="what the engine holds"),
        sa.Column("public_id", sa.String(length=16), nullable=False),
        sa.Column(
            "region",
            sa.SmallInteger(),
            nullable=False,
            comment="H3 base cell 0-121; 122 for remote ones",
        ),
        sa.Column("kind", sa.SmallInteger(), nullable=False),
        sa.Column("status", sa.String(length=8), nullable=False),
        sa.Column("urgency", sa.SmallInteger(), nullable=False),
        sa.Column("title", sa.String(length=120), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("folded", sa.Text(), nullable=False, comment="what word search reads"),
        sa.Column("languages", Codes(), nullable=False),
        sa.Column(
            "locale",
            sa.String(length=8),
            nullable=False,
            comment="language the text was written in",
        ),
        sa.Column("cell", sa.BigInteger(), nullable=True, comment="H3 cell: place and precision"),
        sa.Column("location", Geo(), nullable=True, comment="centre of the cell"),
        sa.Column("country", sa.String(length=2), nullable=False),
        sa.Column("place_name", sa.String(length=200), nullable=False),
        sa.Column("reach", sa.SmallInteger(), nullable=False),
        sa.Column("radius_m", sa.Integer(), nullable=False),
        sa.Column("area", Geo(), nullable=True, comment="official information covers it"),
        sa.Column("area_countries", Codes(), nullable=False),
        sa.Column("organisation", sa.String(length=120), nullable=False),
        sa.Column("starts_at", UTCDateTime(timezone=True), nullable=False),
        sa.Column("ends_at", UTCDateTime(timezone=True), nullable=False),
        sa.Column("member_id", BigId, nullable=True),
        sa.Column("imported_row_id", BigId, nullable=True),
        sa.Column("demo", sa.Boolean(), nullable=False),
        sa.Column(
            "notify",
            sa.Boolean(),
            nullable=False,
            comment="the poster wants to hear of counterparts",
        ),
        sa.Column(
            "pending_email",
            sa.String(length=254),
            nullable=True,
            comment="until it is confirmed; then the member's",
        ),
        sa.Column("created_at", UTCDateTime(timezone=True), nullable=False),
        sa.Column("opened_at", UTCDateTime(timezone=True), nullable=True),
        sa.Column(
            "revision",
            sa.BigInteger(),
            nullable=True,
            comment="revision of the last change the index must know; null while it holds nothing",
        ),
        sa.CheckConstraint(
            "status = 'pending' OR member_id IS NOT NULL OR imported_row_id IS NOT NULL",
            name="ck_listings_owned",
        ),
        sa.CheckConstraint("status IN ('pending', 'open', 'closed')", name="ck_listings_status"),
        sa.CheckConstraint("ends_at > starts_at", name="ck_listings_window"),
        sa.CheckConstraint(
            "reach <> 0 OR kind = 3 OR cell IS NOT NULL", name="ck_listings_local_has_place"
        ),
        sa.CheckConstraint("urgency BETWEEN 0 AND 3", name="ck_listings_urgency"),
        sa.ForeignKeyConstraint(
            ["imported_row_id"],
            ["imported_rows.id"],
            name="fk_listings_imported_row_id",
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["member_id"], ["members.id"], name="fk_listings_member_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_listings"),
        sa.UniqueConstraint("public_id", name="uq_listings_public_id"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_listings_demo", "listings", ["demo"], unique=False)
    op.create_index("ix_listings_imported_row_id", "listings", ["imported_row_id"], unique=False)
    op.create_index("ix_listings_member_id", "listings", ["member_id"], unique=False)
    op.create_index("ix_listings_open", "listings", ["status", "ends_at"], unique=False)
    op.create_index("ix_listings_region", "listings", ["region"], unique=False)
    op.create_index("ix_listings_revision", "listings", ["revision"], unique=False)
    op.create_table(
        "answers",
        sa.Column("id", BigId, nullable=False),
        sa.Column("listing_id", BigId, nullable=False),
        sa.Column("locale", sa.String(length=8), nullable=False),
        sa.Column(
            "sealed",
            sa.LargeBinary(),
            nullable=True,
            comment="encrypted: address and text; erased when it is passed on",
        ),
        sa.Column("created_at", UTCDateTime(), nullable=False),
        sa.Column("confirmed_at", UTCDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["listing_id"], ["listings.id"], name="fk_answers_listing_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_answers"),
    )
    op.create_index("ix_answers_listing_id", "answers", ["listing_id"], unique=False)
    op.create_table(
        "listing_categories",
        sa.Column("listing_id", BigId, nullable=False),
        sa.Column(
            "category",
            sa.SmallInteger(),
            nullable=False,
            comment="id in data/reference/taxonomy.json",
        ),
        sa.ForeignKeyConstraint(
            ["listing_id"],
            ["listings.id"],
            name="fk_listing_categories_listing_id",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("listing_id", "category", name="pk_listing_categories"),
    )
    op.create_index(
        "ix_listing_categories_category_listing_id",
        "listing_categories",
        ["category", "listing_id"],
        unique=False,
    )

    epoch = secrets.token_hex(16)
    state = sa.table("board_state", *map(sa.column, ("id", "epoch", "revision")))
    op.execute(state.insert().values(id=1, epoch=epoch, revision=0))
    statements = SQLITE if op.get_bind().dialect.name == "sqlite" else POSTGRESQL
    for statement in statements:
        op.execute(statement)


def downgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        op.execute("DROP TABLE listing_words")
    op.drop_table("answers")
    op.drop_table("listing_categories")
    op.drop_table("listings")
    op.drop_table("grants")
    op.drop_table("alerts")
    op.drop_table("tombstones")
    op.drop_table("posting_keys")
    op.drop_table("outbox")
    op.drop_table("members")
    op.drop_table("links")
    op.drop_table("imported_rows")
    op.drop_table("board_state")
    op.drop_table("audit_log")
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION refuse_change()")

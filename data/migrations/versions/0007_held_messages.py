"""Messages that a moderator reads before they are passed on.

What a side says once may be said anew after a refusal.
"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"

BEFORE = "kind <> 'words'"
AFTER = "kind <> 'words' AND state <> 'refused'"


def upgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_index("ix_messages_only_one", table_name="messages")
    # With its check beside the column, SQLite needs no new table for it, and can drop it again.
    op.execute(
        "ALTER TABLE messages ADD COLUMN state VARCHAR(8) DEFAULT 'sent' NOT NULL "
        "CONSTRAINT ck_messages_state CHECK (state IN ('sent', 'held', 'refused'))"
    )
    if op.get_bind().dialect.name == "postgresql":
        op.execute(
            "COMMENT ON COLUMN messages.state IS 'what is not sent is shown to its writer alone'"
        )
    _create_only_one(AFTER)


def downgrade() -> None:
    """What waited for a look stays with its writer: as if a block had withheld it."""
    if op.get_bind().dialect.name == "postgresql":
        op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_index("ix_messages_only_one", table_name="messages")
    op.execute("DELETE FROM messages WHERE state = 'refused' AND kind <> 'words'")
    op.execute("UPDATE messages SET withheld = true WHERE state <> 'sent'")
    op.execute(
        "UPDATE cases SET decision = 'overtaken', decided_at = CURRENT_TIMESTAMP "
        "WHERE subject = 'message' AND decision IS NULL"
    )
    op.execute("DELETE FROM outbox WHERE purpose = 'message-refused'")
    op.drop_column("messages", "state")
    _create_only_one(BEFORE)


def _create_only_one(where: str) -> None:
    op.create_index(
        "ix_messages_only_one",
        "messages",
        ["conversation_id", "side", "kind"],
        unique=True,
        postgresql_where=sa.text(where),
        sqlite_where=sa.text(where),
    )

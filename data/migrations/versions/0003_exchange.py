"""The exchange: conversations take the place of answers; places, outcomes, moments to ask at."""

import json
from datetime import timedelta

import sqlalchemy as sa
from alembic import context, op

from board.db import UTCDateTime, new_public_id
from board.secrecy import Unreadable

revision = "0003"
down_revision = "0002"

BigId = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

#: A table of SQLite takes a new constraint only with a new column.
PLACES = (
    ("places_needed", "SMALLINT DEFAULT 1 NOT NULL", "places_needed BETWEEN 1 AND 50"),
    (
        "places_taken",
        "SMALLINT DEFAULT 0 NOT NULL",
        "places_taken BETWEEN 0 AND places_needed",
    ),
)
OFFER = 2
#: What the forms of offers propose.
PLACES_OF_OFFERS = 3
ASKED_BEFORE = timedelta(days=3)
REST = timedelta(days=30)


def upgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute("SET LOCAL lock_timeout = '5s'")
    for name, kind, condition in PLACES:
        op.execute(
            f"ALTER TABLE listings ADD COLUMN {name} {kind} "
            f"CONSTRAINT ck_listings_{name} CHECK ({condition})"
        )
    op.add_column(
        "listings",
        sa.Column(
            "ask_at",
            UTCDateTime(timezone=True),
            nullable=True,
            comment="when to ask whether it is still needed; null once asked",
        ),
    )
    op.add_column("listings", sa.Column("closed_at", UTCDateTime(timezone=True), nullable=True))
    op.create_index("ix_listings_ask_at", "listings", ["ask_at"], unique=False)
    if op.get_bind().dialect.name == "postgresql":
        _comment_subject("id of the listing, alert or conversation")
    op.add_column("outbox", sa.Column("conversation_id", sa.BigInteger(), nullable=True))
    _create_tables()
    _move_listings()
    _move_answers()
    op.drop_table("answers")


def _comment_subject(comment: str) -> None:
    op.alter_column(
        "links",
        "subject_id",
        existing_type=sa.BigInteger(),
        existing_nullable=False,
        comment=comment,
    )


def _create_tables() -> None:
    op.create_table(
        "conversations",
        sa.Column("id", BigId, nullable=False),
        sa.Column("public_id", sa.String(length=16), nullable=False),
        sa.Column("listing_id", BigId, nullable=False),
        sa.Column("poster_id", BigId, nullable=False),
        sa.Column("answerer_id", BigId, nullable=True, comment="null until it is confirmed"),
        sa.Column("status", sa.String(length=8), nullable=False),
        sa.Column(
            "pending_email",
            sa.String(length=254),
            nullable=True,
            comment="until it is confirmed; then the member's",
        ),
        sa.Column("locale", sa.String(length=8), nullable=False),
        sa.Column(
            "poster_read", sa.BigInteger(), nullable=False, comment="last message the poster read"
        ),
        sa.Column(
            "answerer_read",
            sa.BigInteger(),
            nullable=False,
            comment="last message the answerer read",
        ),
        sa.Column("created_at", UTCDateTime(timezone=True), nullable=False),
        sa.Column("active_at", UTCDateTime(timezone=True), nullable=False),
        sa.Column(
            "ask_at",
            UTCDateTime(timezone=True),
            nullable=True,
            comment="when to ask whether it goes on; null once asked",
        ),
        sa.Column(
            "ends_at",
            UTCDateTime(timezone=True),
            nullable=False,
            comment="when it closes by itself",
        ),
        sa.CheckConstraint(
            "status IN ('pending', 'open', 'closed')", name="ck_conversations_status"
        ),
        sa.CheckConstraint(
            "status = 'pending' OR answerer_id IS NOT NULL", name="ck_conversations_answered"
        ),
        sa.ForeignKeyConstraint(
            ["answerer_id"], ["members.id"], name="fk_conversations_answerer_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["listing_id"], ["listings.id"], name="fk_conversations_listing_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["poster_id"], ["members.id"], name="fk_conversations_poster_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_conversations"),
        sa.UniqueConstraint("public_id", name="uq_conversations_public_id"),
        sa.UniqueConstraint(
            "listing_id", "answerer_id", name="uq_conversations_listing_id_answerer_id"
        ),
        sqlite_autoincrement=True,
    )
    for column in ("poster_id", "answerer_id", "ask_at", "ends_at"):
        op.create_index(f"ix_conversations_{column}", "conversations", [column], unique=False)
    op.create_table(
        "messages",
        sa.Column("id", BigId, nullable=False),
        sa.Column("conversation_id", BigId, nullable=False),
        sa.Column("side", sa.String(length=8), nullable=False, comment="who wrote it"),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column(
            "once",
            sa.String(length=64),
            nullable=True,
            comment="keyed hash of the form's key or of the mail's Message-ID",
        ),
        sa.Column(
            "withheld",
            sa.Boolean(),
            nullable=False,
            comment="written across a block: shown to its writer alone",
        ),
        sa.Column("created_at", UTCDateTime(timezone=True), nullable=False),
        sa.CheckConstraint("side IN ('poster', 'answerer')", name="ck_messages_side"),
        sa.CheckConstraint("kind IN ('words', 'contact', 'thanks')", name="ck_messages_kind"),
        sa.ForeignKeyConstraint(
            ["conversation_id"],
            ["conversations.id"],
            name="fk_messages_conversation_id",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name="pk_messages"),
        sa.UniqueConstraint("once", name="uq_messages_once"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_messages_conversation_id", "messages", ["conversation_id"], unique=False)
    op.create_index(
        "ix_messages_only_one",
        "messages",
        ["conversation_id", "side", "kind"],
        unique=True,
        postgresql_where=sa.text("kind <> 'words'"),
        sqlite_where=sa.text("kind <> 'words'"),
    )
    op.create_table(
        "outcomes",
        sa.Column("conversation_id", BigId, autoincrement=False, nullable=False),
        sa.Column("listing_id", BigId, nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column(
            "step", sa.Integer(), nullable=False, comment="number of the change: a mail tells one"
        ),
        sa.Column(
            "since",
            UTCDateTime(timezone=True),
            nullable=False,
            comment="of the state; orders the waiting list",
        ),
        sa.CheckConstraint(
            "state IN ('proposed', 'waiting', 'accepted', 'done', 'not-done', 'withdrawn', "
            "'declined')",
            name="ck_outcomes_state",
        ),
        sa.ForeignKeyConstraint(
            ["conversation_id"],
            ["conversations.id"],
            name="fk_outcomes_conversation_id",
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["listing_id"], ["listings.id"], name="fk_outcomes_listing_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("conversation_id", name="pk_outcomes"),
    )
    op.create_index("ix_outcomes_listing_id", "outcomes", ["listing_id", "state"], unique=False)


def _table(name: str, *columns: str) -> sa.TableClause:
    """A table as this revision knows it; times go through the type that both databases read."""
    typed = {"pending": sa.LargeBinary, "sealed": sa.LargeBinary, "payload": sa.LargeBinary}
    return sa.table(
        name,
        *(
            sa.column(each, UTCDateTime() if each.endswith(("_at", "since")) else typed.get(each))
            for each in columns
        ),
    )


def _move_listings() -> None:
    """Offers have room for some at once; closed ones get a time; open ones a moment to ask at."""
    connection = op.get_bind()
    listings = _table(
        "listings",
        *("id", "kind", "status", "member_id", "starts_at", "ends_at", "created_at"),
        *("places_needed", "ask_at", "closed_at"),
    )
    connection.execute(
        listings.update().where(listings.c.kind == OFFER).values(places_needed=PLACES_OF_OFFERS)
    )
    connection.execute(
        listings.update().where(listings.c.status == "closed").values(closed_at=listings.c.ends_at)
    )
    waiting = connection.execute(
        sa.select(listings.c.id, listings.c.starts_at, listings.c.ends_at).where(
            listings.c.status == "open", listings.c.member_id.is_not(None), listings.c.kind < 3
        )
    ).all()
    for listing_id, starts_at, ends_at in waiting:
        ask_at = ends_at - min(ASKED_BEFORE, (ends_at - starts_at) / 3)
        connection.execute(
            listings.update().where(listings.c.id == listing_id).values(ask_at=ask_at)
        )


def _move_answers() -> None:
    """What waits for its writer or for the mail server becomes a conversation.

    What was sealed with another key can be read by nobody, and is left behind.
    """
    connection = op.get_bind()
    answers = _table(
        "answers", "id", "listing_id", "locale", "sealed", "created_at", "confirmed_at"
    )
    links = _table("links", "id", "purpose", "subject_id", "used_at")
    outbox = _table("outbox", "id", "purpose", "once", "status", "payload", "conversation_id")
    for answer in connection.execute(sa.select(answers).where(answers.c.sealed.is_not(None))).all():
        moved = _converse(answer.listing_id, answer.sealed, answer)
        if moved is not None:
            connection.execute(
                links.update()
                .where(links.c.purpose == "confirm-answer", links.c.subject_id == answer.id)
                .values(purpose="confirm-message", subject_id=moved[0])
            )
            connection.execute(
                outbox.update()
                .where(outbox.c.once == f"confirm-answer:{answer.id}")
                .values(purpose="confirm-message", conversation_id=moved[0])
            )
    for answer in connection.execute(sa.select(answers).where(answers.c.sealed.is_(None))).all():
        row = connection.execute(
            sa.select(outbox.c.id, outbox.c.payload).where(
                outbox.c.once == f"answer:{answer.id}:email", outbox.c.payload.is_not(None)
            )
        ).one_or_none()
        moved = None if row is None else _converse(answer.listing_id, row.payload, answer)
        if row is not None and moved is not None:
            payload = context.config.attributes["vault"].seal(
                json.dumps({"message": str(moved[1])})
            )
            connection.execute(
                outbox.update()
                .where(outbox.c.id == row.id)
                .values(purpose="message", conversation_id=moved[0], payload=payload)
            )
    connection.execute(links.delete().where(links.c.purpose == "confirm-answer"))
    left = ("answer", "confirm-answer")
    connection.execute(outbox.delete().where(outbox.c.purpose.in_(left)))


def _converse(listing_id: int, sealed: bytes, answer: sa.Row) -> tuple[int, int] | None:
    """Ids of the conversation and of its message; None when nobody can read the answer."""
    connection = op.get_bind()
    listings = _table("listings", "id", "member_id")
    members = _table("members", "id", "email")
    poster_id = connection.scalar(
        sa.select(listings.c.member_id).where(listings.c.id == listing_id)
    )
    try:
        said = json.loads(context.config.attributes["vault"].open(sealed))
    except Unreadable:
        return None
    confirmed = answer.confirmed_at is not None
    member_id = connection.scalar(sa.select(members.c.id).where(members.c.email == said["email"]))
    if poster_id is None or (confirmed and member_id is None):
        return None
    conversation_id = _insert(
        "conversations",
        public_id=new_public_id(),
        listing_id=listing_id,
        poster_id=poster_id,
        answerer_id=member_id if confirmed else None,
        status="open" if confirmed else "pending",
        pending_email=None if confirmed else said["email"],
        locale=answer.locale,
        poster_read=0,
        answerer_read=0,
        created_at=answer.created_at,
        active_at=answer.created_at,
        ask_at=None,
        ends_at=answer.created_at + REST,
    )
    message_id = _insert(
        "messages",
        conversation_id=conversation_id,
        side="answerer",
        kind="words",
        text=said["text"],
        withheld=False,
        created_at=answer.created_at,
    )
    if confirmed:
        _insert(
            "outcomes",
            key="conversation_id",
            conversation_id=conversation_id,
            listing_id=listing_id,
            state="proposed",
            step=0,
            since=answer.created_at,
        )
    return conversation_id, message_id


def _insert(table: str, key: str = "id", **values: object) -> int:
    """Insert one row; gives its id."""
    made = _table(table, *dict.fromkeys((key, *values)))
    return op.get_bind().execute(made.insert().values(values).returning(made.c[key])).scalar_one()


def downgrade() -> None:
    """Back to answers by mail. What was written in conversations has no place there."""
    if op.get_bind().dialect.name == "postgresql":
        op.execute("SET LOCAL lock_timeout = '5s'")
        _comment_subject("id of the listing, alert or answer")
    op.create_table(
        "answers",
        sa.Column("id", BigId, nullable=False),
        sa.Column("listing_id", BigId, nullable=False),
        sa.Column("locale", sa.String(length=8), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=True),
        sa.Column("created_at", UTCDateTime(), nullable=False),
        sa.Column("confirmed_at", UTCDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["listing_id"], ["listings.id"], name="fk_answers_listing_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_answers"),
    )
    op.create_index("ix_answers_listing_id", "answers", ["listing_id"], unique=False)
    op.drop_table("outcomes")
    op.drop_table("messages")
    op.drop_table("conversations")
    links = sa.table("links", sa.column("purpose"))
    op.execute(
        links.delete().where(
            links.c.purpose.in_(
                ("confirm-message", "conversation", "keep-talking", "extend-listing")
            )
        )
    )
    outbox = sa.table("outbox", sa.column("conversation_id"), sa.column("purpose"))
    op.execute(
        outbox.delete().where(
            sa.or_(outbox.c.conversation_id.is_not(None), outbox.c.purpose == "still-needed")
        )
    )
    op.drop_column("outbox", "conversation_id")
    op.drop_index("ix_listings_ask_at", "listings")
    for column in ("closed_at", "ask_at", "places_taken", "places_needed"):
        op.drop_column("listings", column)

"""Public figures: needs by week, country and category, and unmet ones by area."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"


def _key(*more: sa.Column) -> list[sa.Column]:
    """What a group of needs is known by."""
    return [
        sa.Column("demo", sa.Boolean(), nullable=False, comment=_DEMO),
        sa.Column("week", sa.Date(), nullable=False, comment="its Monday, in UTC"),
        sa.Column("country", sa.String(2), nullable=False, comment="of the cell; empty for none"),
        sa.Column("category", sa.SmallInteger(), nullable=False, comment=_CATEGORY),
        *more,
    ]


_DEMO = "of the demonstration: nothing of it happened"
_CATEGORY = "id in data/reference/taxonomy.json; -1 for every need once"


def upgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_table(
        "figures",
        *_key(
            sa.Column("requests", sa.Integer(), nullable=False),
            sa.Column("answered", sa.Integer(), nullable=False),
            sa.Column("met", sa.Integer(), nullable=False),
            sa.Column(
                "messages",
                sa.Integer(),
                nullable=False,
                comment="that told people of these requests",
            ),
        ),
        sa.PrimaryKeyConstraint("demo", "week", "country", "category", name="pk_figures"),
    )
    op.create_table(
        "figure_waits",
        *_key(
            sa.Column(
                "minutes",
                sa.Integer(),
                nullable=False,
                comment="rounded: no exact moment of an answer is kept",
            ),
            sa.Column("answers", sa.Integer(), nullable=False),
        ),
        sa.PrimaryKeyConstraint(
            "demo", "week", "country", "category", "minutes", name="pk_figure_waits"
        ),
    )
    op.create_table(
        "unmet_needs",
        sa.Column("demo", sa.Boolean(), nullable=False, comment=_DEMO),
        sa.Column("cell", sa.BigInteger(), nullable=False, comment="a coarse H3 cell"),
        sa.Column("country", sa.String(2), nullable=False, comment="of the cell; empty for none"),
        sa.Column("category", sa.SmallInteger(), nullable=False, comment=_CATEGORY),
        sa.Column("needs", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("demo", "cell", "country", "category", name="pk_unmet_needs"),
    )
    op.create_table(
        "counted_days",
        sa.Column("day", sa.Date(), nullable=False),
        sa.PrimaryKeyConstraint("day", name="pk_counted_days"),
    )
    op.create_index("ix_listings_opened_at", "listings", ["opened_at"], unique=False)


def downgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_index("ix_listings_opened_at", table_name="listings")
    for table in ("counted_days", "unmet_needs", "figure_waits", "figures"):
        op.drop_table(table)

"""Codes that are typed in place of a link: how many tries there were."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute("SET LOCAL lock_timeout = '5s'")
    op.add_column(
        "links",
        sa.Column(
            "tries",
            sa.SmallInteger(),
            nullable=False,
            server_default="0",
            comment="codes that were typed in its place",
        ),
    )
    op.create_index("ix_links_subject_id", "links", ["subject_id", "purpose"], unique=False)


def downgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_index("ix_links_subject_id", table_name="links")
    op.drop_column("links", "tries")

"""Alembic's way in: runs on the connection that `board.migrations` opened."""

from alembic import context

from board import models

#: Made by hand in migrations: word search, and what PostGIS brings.
BY_HAND = ("listing_words", "ix_listings_words", "ix_listings_location", "spatial_ref_sys")


def _include(_: object, name: str | None, *__: object) -> bool:
    return not (name or "").startswith(BY_HAND)


context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=models.ALL[0].metadata,
    include_object=_include,
    compare_type=False,
    render_as_batch=False,
)
with context.begin_transaction():
    context.run_migrations()

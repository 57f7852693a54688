"""Every table says whose its rows are: one that is added later cannot be forgotten."""

from __future__ import annotations

import sqlalchemy as sa

from board import models, personal
from board.db import Base
from web.export import LABELS, PLUMBING


def undeclared(metadata: sa.MetaData) -> set[str]:
    """Tables that the list does not know."""
    return set(metadata.tables) - {each.name for each in personal.TABLES}


def test_every_table_is_declared_once() -> None:
    """In the list, and in that of the models."""
    names = [each.name for each in personal.TABLES]
    assert sorted(names) == sorted(Base.metadata.tables)
    assert {each.model for each in personal.TABLES} == set(models.ALL)


def test_a_table_that_nobody_declared_is_found() -> None:
    """Positive control."""
    metadata = sa.MetaData()
    sa.Table("diaries", metadata, sa.Column("id", sa.Integer))
    sa.Table("members", metadata, sa.Column("id", sa.Integer))
    assert undeclared(metadata) == {"diaries"}


def test_what_refers_goes_before_what_it_refers_to() -> None:
    """So that deleting in the order of the list breaks no reference."""
    order = {each.name: place for place, each in enumerate(personal.TABLES)}
    for each in personal.TABLES:
        for key in each.model.__table__.foreign_keys:
            target = key.column.table.name
            if each.whose is not None and target != each.name:
                assert order[each.name] < order[target], (each.name, target)


def test_what_is_nobody_s_or_stays_says_why() -> None:
    """And what refers to a member is somebody's."""
    for each in personal.TABLES:
        refers = any(
            key.column.table.name == "members" for key in each.model.__table__.foreign_keys
        )
        assert each.whose is not None or (each.stays and not refers), each.name
        assert each.whose is None or each.title, each.name


def test_every_column_that_is_shown_has_a_name_for_readers() -> None:
    """No column is shown by its name in the database; those that are hidden exist."""
    for each in personal.TABLES:
        columns = {column.name for column in each.model.__table__.columns}
        assert each.hidden <= columns, each.name
        if each.whose is not None:
            assert columns - each.hidden <= LABELS.keys() | PLUMBING, each.name

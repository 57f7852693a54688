"""The database: units of work, column types, the clock and the revision counter.

Two scopes: `Database.read()` (plain BEGIN) and `Database.write()` (BEGIN IMMEDIATE on SQLite,
where a read that becomes a write would lose updates or fail). No network call inside either.
"""

from __future__ import annotations

import secrets
import string
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

import sqlalchemy as sa
from geoalchemy2 import Geography
from geoalchemy2.elements import WKBElement
from shapely import from_wkb, to_wkb
from shapely.geometry.base import BaseGeometry
from sqlalchemy import event
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Connection, Dialect, Engine
from sqlalchemy.exc import InterfaceError, OperationalError, ProgrammingError
from sqlalchemy.orm import (
    DeclarativeBase,
    InstrumentedAttribute,
    Mapped,
    Session,
    mapped_column,
    sessionmaker,
)
from sqlalchemy.types import LargeBinary, TypeDecorator, TypeEngine

from board import schema
from board.errors import SchemaMismatch, Unavailable

#: Key of the advisory lock that orders revisions on PostgreSQL; any constant of our own.
_REVISION_LOCK = 0x456E7472
#: No dash or underscore: an id is also typed after a command and read out.
_PUBLIC = string.ascii_letters + string.digits
_PENDING = "rows whose change the index must hear of"
#: How long a unit waits for a lock. A page waits less than a job, since its reader can try again,
#: and so little that with all else it answers within two seconds.
PATIENCE_S = 10.0
PATIENCE_OF_PAGES_S = 1.5

BigId = sa.BigInteger().with_variant(sa.Integer, "sqlite")


class Base(DeclarativeBase):
    """All tables of the board."""

    metadata = sa.MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )


class UTCDateTime(TypeDecorator[datetime]):
    """A moment in UTC with its zone. Naive ones are refused."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a naive datetime cannot be stored")
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Codes(TypeDecorator[tuple[str, ...]]):
    """A short tuple of codes without commas (languages, countries), kept as ",fr,en,"."""

    impl = sa.Text
    cache_ok = True

    def process_bind_param(self, value: tuple[str, ...] | None, dialect: Dialect) -> str | None:
        return None if value is None else "," + "".join(f"{code}," for code in value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> tuple[str, ...] | None:
        return None if value is None else tuple(code for code in value.split(",") if code)


class Geo(TypeDecorator[BaseGeometry]):
    """A shapely geometry: `geography` on PostgreSQL, WKB on SQLite.

    GeoAlchemy2's own type calls SpatiaLite functions on SQLite, also through `with_variant`; the
    class attributes below keep its DDL hooks away.
    """

    impl = LargeBinary
    cache_ok = True
    spatial_index = use_N_D_index = management = False  # noqa: N815 (names of GeoAlchemy2)

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        if dialect.name == "postgresql":
            return dialect.type_descriptor(Geography(srid=4326, spatial_index=False))
        return dialect.type_descriptor(LargeBinary())

    def process_bind_param(self, value: BaseGeometry | None, dialect: Dialect) -> Any:
        if value is None:
            return None
        wkb = to_wkb(value)
        return WKBElement(wkb, srid=4326) if dialect.name == "postgresql" else wkb

    def process_result_value(self, value: Any, dialect: Dialect) -> BaseGeometry | None:
        if value is None:
            return None
        data = bytes(value.data) if isinstance(value, WKBElement) else bytes(value)
        return cast(BaseGeometry, from_wkb(data))


class BoardState(Base):
    """One row: the epoch of this database and the last revision given out."""

    __tablename__ = "board_state"
    id: Mapped[int] = mapped_column(sa.Integer, primary_key=True, autoincrement=False)
    #: Random; renewed by a restore, so that copies of another past are discarded.
    epoch: Mapped[str] = mapped_column(sa.String(32))
    revision: Mapped[int] = mapped_column(sa.BigInteger, default=0)


class Tombstone(Base):
    """An indexed row that was deleted: what the index must forget."""

    __tablename__ = "tombstones"
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    #: Table of the deleted row.
    kind: Mapped[str] = mapped_column(sa.String(16))
    row_id: Mapped[int] = mapped_column(sa.BigInteger)
    revision: Mapped[int | None] = mapped_column(sa.BigInteger, index=True)


class Indexed:
    """Mixin of the rows that the in-memory index copies."""

    id: Mapped[int]
    revision: Mapped[int | None] = mapped_column(
        sa.BigInteger,
        index=True,
        comment="revision of the last change the index must know; null while it holds nothing",
    )

    @property
    def in_index(self) -> bool:
        """Whether the index should hold this row now."""
        raise NotImplementedError


@event.listens_for(Session, "before_flush")
def _collect_indexed(session: Session, *_: object) -> None:
    """Note the indexed rows of this flush; only what the index holds takes a revision."""
    pending: dict[int, Any] = session.info.setdefault(_PENDING, {})
    for row in (*session.new, *session.dirty):
        known = isinstance(row, Indexed) and (row.in_index or row.revision is not None)
        if known and (row in session.new or session.is_modified(row)):
            pending[id(row)] = row
    for row in session.deleted:
        if isinstance(row, Indexed) and row.revision is not None:
            pending.pop(id(row), None)
            tomb = Tombstone(kind=cast(Any, row).__tablename__, row_id=row.id)
            session.add(tomb)
            pending[id(tomb)] = tomb


def _stamp_revision(session: Session) -> None:
    """Give this unit's indexed rows one revision, under a lock held to the commit.

    Were the revision taken earlier, a unit that commits late could carry a number that readers
    have already passed, and be missed for ever.
    """
    session.flush()
    rows = session.info.pop(_PENDING, {}).values()
    if not rows:
        return
    if session.get_bind().dialect.name == "postgresql":
        session.execute(sa.select(sa.func.pg_advisory_xact_lock(_REVISION_LOCK)))
    revision = session.execute(
        sa.update(BoardState)
        .values(revision=BoardState.revision + 1)
        .returning(BoardState.revision)
        .execution_options(synchronize_session=False)
    ).scalar_one()
    for row in rows:
        row.revision = revision
    session.flush()
    session.info.pop(_PENDING, None)


class Database:
    """An engine and its two scopes."""

    def __init__(
        self, url: str, *, clock_offset: timedelta = timedelta(), patience_s: float = PATIENCE_S
    ) -> None:
        self.engine = make_engine(url, patience_s)
        #: Added to the database's clock; for tests only.
        self.clock_offset = clock_offset
        self._reading = sessionmaker(self.engine, expire_on_commit=False)
        writing = self.engine.execution_options(writing=True)
        self._writing = sessionmaker(writing, expire_on_commit=False)
        self._schema_fits = False

    @contextmanager
    def read(self) -> Iterator[Session]:
        """A unit that only reads; closing it rolls back what it changed."""
        with self._guarded(), self._reading() as session:
            session.info["clock_offset"] = self.clock_offset
            yield session

    @contextmanager
    def write(self) -> Iterator[Session]:
        """A unit that commits at the end, with one revision for what the index holds."""
        with self._guarded(), self._writing() as session, session.begin():
            session.info["clock_offset"] = self.clock_offset
            yield session
            _stamp_revision(session)

    def close(self) -> None:
        self.engine.dispose()

    @contextmanager
    def _guarded(self) -> Iterator[None]:
        """Look at the schema before the first unit, and again where a part of it was missing."""
        with foreign_errors():
            if not self._schema_fits:
                schema.check(self.engine)
                self._schema_fits = True
            try:
                yield
            except (OperationalError, ProgrammingError) as error:
                if not schema.lacks_a_part(error):
                    raise
                self._schema_fits = False
                schema.check(self.engine)
                raise SchemaMismatch(ahead=False) from error


@contextmanager
def foreign_errors() -> Iterator[None]:
    """A database that is away, locked or full is `Unavailable`, with its cause."""
    try:
        yield
    except (OperationalError, InterfaceError) as error:
        raise Unavailable("the database") from error
    except sa.exc.TimeoutError as error:
        raise Unavailable("the database") from error
    except sa.exc.DatabaseError as error:
        if type(error) is not sa.exc.DatabaseError:
            raise
        # SQLite's word for a file that is no database, or a damaged one.
        raise Unavailable("the database") from error


def make_engine(url: str, patience_s: float = PATIENCE_S) -> Engine:
    """An engine with the settings each database needs to lose nothing.

    `patience_s` bounds the wait for a lock that another unit holds.
    """
    if url.startswith("sqlite"):
        _make_private(url)
        engine = sa.create_engine(
            url,
            hide_parameters=True,
            connect_args={"isolation_level": None, "timeout": patience_s},
        )
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
        return engine
    return sa.create_engine(
        url,
        # Errors are logged, and kept with failed jobs: they may name no address, text or cell.
        hide_parameters=True,
        pool_pre_ping=True,
        pool_timeout=2,
        connect_args={
            "connect_timeout": 2,
            # A server that answers no more is given up, and not only one that refuses.
            "tcp_user_timeout": 10_000,
            "options": "-c statement_timeout=30000 -c timezone=UTC "
            f"-c lock_timeout={round(patience_s * 1000)}",
        },
    )


def _make_private(url: str) -> None:
    """Make a new database file readable by its owner alone: it holds addresses.

    SQLite gives its journals the rights of the database. A folder that is not there is told by
    the first connection.
    """
    path = sa.make_url(url).database
    if path:
        with suppress(OSError):
            Path(path).touch(mode=0o600)


def _prepare_sqlite(connection: Any, _: object) -> None:
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "secure_delete=ON"):
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: Connection) -> None:
    writing = connection.get_execution_options().get("writing", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writing else "BEGIN")


#: Asked several times a page, so neither is written anew nor passes through the ORM.
_CLOCK_POSTGRESQL = sa.select(sa.func.clock_timestamp())
_CLOCK_SQLITE = sa.select(sa.func.strftime("%Y-%m-%dT%H:%M:%f", "now"))


def now(session: Session) -> datetime:
    """The only source of the time: the database's clock, in UTC, plus the offset of tests."""
    connection = session.connection()
    if connection.dialect.name == "postgresql":
        moment = cast(datetime, connection.scalar(_CLOCK_POSTGRESQL))
    else:
        text = cast(str, connection.scalar(_CLOCK_SQLITE))
        moment = datetime.fromisoformat(text).replace(tzinfo=UTC)
    offset: timedelta = session.info.get("clock_offset", timedelta())
    return moment.astimezone(UTC) + offset


def one_of(
    session: Session, column: InstrumentedAttribute[Any], values: Collection[Any]
) -> sa.ColumnElement[bool]:
    """The condition that a column holds one of many values.

    PostgreSQL gets them as one array: written as parameters, its driver spends more time on a
    thousand of them than the database does.
    """
    if session.get_bind().dialect.name == "postgresql":
        array = sa.literal(list(values), postgresql.ARRAY(column.type))
        held: sa.ColumnElement[bool] = column == sa.any_(array)
        return held
    return column.in_(values)


def insert_new(session: Session, table: type[Base], unique: Sequence[str]) -> Any:
    """An INSERT that leaves out rows of which the table has one with these unique columns.

    The database decides: of two processes that write the same, one does.
    """
    dialect = session.connection().dialect.name
    insert = postgresql.insert if dialect == "postgresql" else sqlite.insert
    return insert(table).on_conflict_do_nothing(index_elements=unique)


def insert_all_new(
    session: Session,
    table: type[Base],
    unique: Sequence[str],
    rows: Sequence[Mapping[str, object]],
) -> list[Any]:
    """As `insert_new`, of many rows that name the same columns; the keys of those that are new.

    PostgreSQL gets each column as one array, for the reason of `one_of`; or as one value where all
    rows have the same.
    """
    if not rows:
        return []
    key = sa.inspect(table).primary_key[0]
    statement = insert_new(session, table, unique).returning(key)
    if session.get_bind().dialect.name != "postgresql":
        return list(session.scalars(statement, list(rows)))
    columns = [_as_one(table.__table__.c[name], [row[name] for row in rows]) for name in rows[0]]
    return list(session.scalars(statement.from_select(list(rows[0]), sa.select(*columns))))


def _as_one(column: sa.ColumnElement[Any], values: Sequence[object]) -> sa.ColumnElement[Any]:
    """The values of a column in many rows, as one parameter."""
    if all(value == values[0] for value in values) and len(set(map(type, values))) == 1:
        return sa.literal(values[0], column.type)
    return sa.func.unnest(sa.literal(values, postgresql.ARRAY(column.type)))


def new_public_id() -> str:
    """Twelve random letters and digits (71 bits): what addresses show."""
    return "".join(secrets.choice(_PUBLIC) for _ in range(12))

"""A board of its own on each database: `entraide up`, and people around it."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa

from board import alerts, members, outbox, own_alerts, preferences, sessions
from board.alerts import Terms
from board.context import Board
from board.errors import Unavailable
from board.listings import Listing
from board.outbox import OutboxRow
from board.preferences import NewPreferences
from board.waking import QUEUE
from config.settings import LEASE_S as DEFAULT_LEASE_S
from config.settings import Settings
from matcher.place import Place
from tests.factories import AKWA, Factory
from tests.faults.clients import Browser
from tests.faults.figures import LONG
from tests.faults.parts import Parts
from tests.faults.servers import PostgreSQL, Redis
from tests.faults.sink import FaultySink
from tests.processes import Running, free_ports, wait_for
from web.guards import session_cookie

SECRET = "a secret that only tests know, long enough"
#: Requests that one network may send in a minute; those of this machine are not counted.
REQUESTS_PER_MINUTE = 60
#: As installed; in the short form so long that none is lost where much else runs, and no longer.
LEASE_S = DEFAULT_LEASE_S if LONG else 6
SQLITE, POSTGRESQL = "sqlite", "postgresql"


@dataclass(frozen=True, slots=True)
class Town:
    """A cell so far from the others that nobody hears of two of them."""

    cell: str
    #: Addresses of those who are told of what is posted there.
    volunteers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Promise:
    """A listing on the board of which one volunteer is to be told."""

    public_id: str
    listing_id: int
    volunteer: str


@dataclass
class Site(Parts):
    """A served board, the people around it, and a way to look behind it."""

    sink: FaultySink
    _towns: int = 0

    @property
    def database(self) -> str:
        return POSTGRESQL if self.postgresql else SQLITE

    @property
    def make(self) -> Factory:
        return Factory(self.board)

    def browser(self, email: str = "") -> Browser:
        """A browser, in which this member is signed in where one is named."""
        browser = Browser(self.settings.port)
        if email:
            with self.board.db.write() as session:
                member = members.confirmed(session, email, "fr")
                token = sessions.open_(session, member.id)
            browser.cookies[session_cookie(self.settings)] = token
        return browser

    def town(self, volunteers: int = 2) -> Town:
        """A place where nobody posts yet, with members who wait for what is posted there."""
        self._towns += 1
        row, column = divmod(self._towns, 12)
        place = Place.at(3.0 + 0.35 * row, 10.2 + 0.35 * column, 7)
        emails = tuple(f"volunteer{self._towns}.{n}@example.org" for n in range(volunteers))
        for email in emails:
            member_id = self.make.member(email)
            terms = Terms(cell=place.cell, place_name="Mbalmayo", radius_km=5.0)
            own_alerts.add(self.board, member_id, terms)
            most = preferences.MOST_A_WEEK_BOUNDS[1]
            chosen = NewPreferences(time_zone="UTC", most_a_week=most)
            preferences.save(self.board, member_id, chosen)
        return Town(place.hex, emails)

    def promise(self, town: Town | None = None) -> Promise:
        """An offer in a town, by default one of its own; the worker is woken."""
        town = town or self.town(volunteers=1)
        view = self.make.offer(cell=int(town.cell, 16), radius_km=5.0, categories=("groceries",))
        (event,) = self.rows(
            OutboxRow.purpose == outbox.LISTING_OPENED, OutboxRow.listing_id == view.id
        )
        self.board.waker.wake([event.id])
        return Promise(view.public_id, view.id, town.volunteers[0])

    def rows_of(self, promise: Promise) -> list[OutboxRow]:
        """The mails that tell the volunteer."""
        wanted = OutboxRow.purpose == outbox.MATCH
        return self.rows(wanted, OutboxRow.listing_id == promise.listing_id)

    def kept(self, promise: Promise) -> bool:
        """Whether the mail came."""
        return bool(self.sink.came(promise.volunteer, promise.public_id))

    def arrived(self, promise: Promise) -> float:
        """When it came first (time.monotonic())."""
        return self.sink.came(promise.volunteer, promise.public_id)[0].at

    def offer_form(self, browser: Browser, title: str, cell: str = AKWA.hex) -> dict[str, object]:
        """The form of an offer as this browser would send it."""
        return {
            **browser.blank("offer"),
            "categories": "groceries",
            "urgency": "0",
            "title": title,
            "text": "",
            "place": "",
            "cell": cell,
            "languages": ["fr", ""],
        }

    def doom(self, rows: int) -> None:
        """Write mails that no try can send: they lack what they are made of."""
        public_id = self.make.pending(email="doomed@example.org")
        with self.board.db.write() as session:
            listing = session.query(Listing).filter_by(public_id=public_id).one()
            for number in range(rows):
                outbox.add(
                    session,
                    outbox.NewRow(
                        purpose=outbox.CONFIRM_LISTING,
                        once=f"doomed:{number}",
                        listing_id=listing.id,
                        payload=self.board.vault.seal("{}"),
                    ),
                )

    def doomed_rows(self) -> list[OutboxRow]:
        return self.rows(OutboxRow.once.startswith("doomed:"))

    def alert_of(self, email: str) -> int:
        """Id of the newest alert of a member."""
        with self.board.db.read() as session:
            found = session.scalar(
                sa.select(sa.func.max(alerts.Alert.id))
                .join(members.Member, members.Member.id == alerts.Alert.member_id)
                .where(members.Member.email == email)
            )
            assert found is not None
            return found

    def rows(self, *wanted: sa.ColumnElement[bool]) -> list[OutboxRow]:
        """Rows of the outbox, oldest first."""
        with self.board.db.read() as session:
            return list(session.scalars(sa.select(OutboxRow).where(*wanted).order_by(OutboxRow.id)))

    def hasten(self) -> bool:
        """Wake what is due, which the sweep would find within ten seconds; always True."""
        with self.queue() as connection:
            if connection.llen(f"rq:queue:{QUEUE}") == 0:
                self.board.waker.wake(outbox.due_ids(self.board.db))
        return True

    def pending(self) -> int:
        """How many rows of the outbox wait; -1 while nobody can tell."""
        try:
            return len(self.rows(OutboxRow.status == outbox.PENDING))
        except Unavailable:
            return -1


@contextmanager
def served(
    folder: Path,
    gazetteer: Path,
    *,
    copy_of: Path | None = None,
    postgresql: PostgreSQL | None = None,
    redis: Redis | None = None,
) -> Iterator[Site]:
    """`entraide up` in an empty home folder, over these servers or its own defaults."""
    (folder / "gazetteer.sqlite").symlink_to(gazetteer)
    if copy_of is not None:
        (folder / "entraide.sqlite").write_bytes(copy_of.read_bytes())
    port, mailin = free_ports(2)
    with FaultySink() as sink:
        ours = {
            "ENTRAIDE_HOME": str(folder),
            "SECRET_KEY": SECRET,
            "PORT": str(port),
            "MAILIN_PORT": str(mailin),
            "SMTP_URL": sink.url,
            "PROXIES": "1",
            "REQUESTS_PER_MINUTE": str(REQUESTS_PER_MINUTE),
            "LEASE_S": str(LEASE_S),
            **(postgresql.urls if postgresql else {}),
            **({"REDIS_URL": redis.url} if redis else {}),
        }
        others = {k: v for k, v in os.environ.items() if k not in Settings.variables()}
        settings, environment = Settings.from_mapping(ours), {**others, **ours}
        up = Running.start([sys.executable, "-m", "cli.main", "up"], environment)
        board: Board | None = None
        try:
            wait_for(_serves(up), "the served page")
            assert up.process.poll() is None, "\n".join(up.lines)
            board = Board.open(settings)
            site = Site(settings, environment, board, up, postgresql, redis, sink)
            wait_for(lambda: up.says("engine ready", times=3), "three processes that are ready")
            wait_for(site.is_whole, "all processes")
            yield site
        finally:
            up.destroy()
            if board is not None:
                board.close()


def _serves(up: Running) -> Callable[[], bool]:
    return lambda: up.says("is served at") or up.process.poll() is not None

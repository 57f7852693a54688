"""A board of its own on each database: `entraide up`, and what it takes to kill parts of it."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import psutil
import sqlalchemy as sa
from redis import Redis as Client
from redis import RedisError

from board import alerts, members, outbox, preferences, sessions
from board.context import Board
from board.errors import Unavailable
from board.listings import Listing
from board.outbox import OutboxRow
from board.preferences import NewPreferences
from config.settings import Settings
from matcher.place import Place
from tests.factories import AKWA, Factory
from tests.faults.clients import Browser
from tests.faults.servers import PostgreSQL, Redis
from tests.faults.sink import FaultySink
from tests.processes import Running, free_ports, wait_for
from web.guards import session_cookie

SECRET = "a secret that only tests know, long enough"
#: Requests that one network may send in a minute; those of this machine are not counted.
REQUESTS_PER_MINUTE = 60
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
class Site:
    """A served board whose every process can be killed, and a way to look behind it."""

    settings: Settings
    environment: dict[str, str]
    sink: FaultySink
    board: Board
    up: Running
    #: Ours to kill and to start again; None where `entraide up` has its own.
    postgresql: PostgreSQL | None
    redis: Redis | None
    _towns: int = 0

    @property
    def database(self) -> str:
        return POSTGRESQL if self.postgresql else SQLITE

    @property
    def make(self) -> Factory:
        return Factory(self.board)

    def browser(self, email: str = "", **more: str) -> Browser:
        """A browser, in which this member is signed in where one is named."""
        browser = Browser(self.settings.port, **more)  # type: ignore[arg-type]
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
            self.make.alert(email=email, cell=place.cell, radius_km=5.0)
            with self.board.db.read() as session:
                member = members.by_email(session, email)
                assert member is not None
            most = preferences.MOST_A_WEEK_BOUNDS[1]
            chosen = NewPreferences(time_zone="UTC", most_a_week=most)
            preferences.save(self.board, member.id, chosen)
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

    def pending(self) -> int:
        """How many rows of the outbox wait; -1 while nobody can tell."""
        try:
            return len(self.rows(OutboxRow.status == outbox.PENDING))
        except Unavailable:
            return -1

    # What runs.

    def web(self) -> list[psutil.Process]:
        """The web server and its processes, the server first."""
        return self.up.find("gunicorn")

    def worker(self) -> psutil.Process:
        """The worker, once there is one."""
        wait_for(lambda: self.up.find("workers.worker"), "a worker")
        return self.up.find("workers.worker")[0]

    def queue(self) -> Client:
        """The queue's server."""
        return Client.from_url(self.settings.redis_effective_url, socket_timeout=2)

    def queue_answers(self) -> bool:
        with self.queue() as connection:
            try:
                return bool(connection.ping())
            except RedisError:
                return False

    def worker_listens(self) -> bool:
        """Whether a worker that lives has registered."""
        alive = {str(each.pid) for each in self.up.find("workers.worker")}
        with self.queue() as connection:
            try:
                names = connection.smembers("rq:workers")
                pids = {(connection.hget(name, "pid") or b"").decode() for name in names}
            except RedisError:
                return False
        return bool(alive & pids)

    def is_whole(self) -> bool:
        """Whether everything runs that should."""
        with suppress(OSError):
            if Browser(self.settings.port).get("/health", timeout_s=2).status == 200:
                return len(self.web()) >= 3 and self.worker_listens()
        return False

    @contextmanager
    def own_worker_aside(self) -> Iterator[None]:
        """Meanwhile another worker of this test takes the jobs, and that of the site none."""
        worker = self.worker()
        wait_for(self.worker_listens, "a worker that listens")
        with self.queue() as connection:
            (name,) = (
                name.decode()
                for name in connection.smembers("rq:workers")
                if connection.hget(name, "pid") == str(worker.pid).encode()
            )
            wait_for(lambda: self._suspended(worker, connection, name), "a worker at rest")
            # Were its connection kept, the next job would be handed to it.
            self._drop_clients(connection, name.rpartition(":")[2])
        try:
            yield
        finally:
            worker.resume()

    def _suspended(self, worker: psutil.Process, connection: Client, name: str) -> bool:
        """Suspend the worker where it holds nothing of the database; whether that was so."""
        # Nobody else writes to SQLite while we could.
        with self.board.db.write():
            worker.suspend()
            if connection.hget(name, "state") == b"idle":
                return True
            worker.resume()
        return False

    @staticmethod
    def _drop_clients(connection: Client, name: str) -> None:
        for client in connection.client_list():
            if client["name"] == name:
                connection.client_kill_filter(_id=client["id"])

    # What is killed.

    def kill_web(self, whole: bool = False) -> None:
        """One process of the web server, or all of them at once."""
        wait_for(lambda: len(self.web()) >= 2, "a web server with a process")
        server, *processes = self.web()
        for process in (server, *processes) if whole else processes[:1]:
            end(process)

    def kill_worker(self) -> None:
        end(self.worker())

    def kill_redis(self) -> None:
        """The queue's server; ours comes back empty, that of `entraide up` with its journal."""
        if self.redis is not None:
            self.redis.kill()
            self.redis.start()
            return
        wait_for(lambda: self.up.find("valkey-server"), "the queue's server")
        end(self.up.find("valkey-server")[0])

    @contextmanager
    def redis_away(self) -> Iterator[None]:
        """No queue's server; that of `entraide up` finds no folder to start in."""
        if self.redis is not None:
            self.redis.kill()
            try:
                yield
            finally:
                self.redis.start()
                wait_for(self.queue_answers, "the queue's server again")
            return
        folder = self.settings.home / "valkey"
        hidden = folder.rename(folder.with_name("valkey-away"))
        self.kill_redis()
        try:
            yield
        finally:
            hidden.rename(folder)
            wait_for(self.queue_answers, "the queue's server again")

    def kill_postgresql(self) -> None:
        """Every process of the cluster; it comes back at once."""
        assert self.postgresql is not None
        self.postgresql.kill()
        self.postgresql.start()


def end(process: psutil.Process) -> None:
    """SIGKILL to a process that we started, which may have ended by itself."""
    with suppress(psutil.NoSuchProcess):
        process.kill()


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
            site = Site(settings, environment, sink, board, up, postgresql, redis)
            wait_for(lambda: up.says("engine ready", times=3), "three processes that are ready")
            wait_for(site.is_whole, "all processes")
            yield site
        finally:
            up.destroy()
            if board is not None:
                board.close()


def _serves(up: Running) -> Callable[[], bool]:
    return lambda: up.says("is served at") or up.process.poll() is not None

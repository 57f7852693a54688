"""P1: everything is killed again and again while people post; judged when it is over."""

from __future__ import annotations

import random
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import sqlalchemy as sa

from board.listings import Listing, Status
from tests.faults.clients import Browser, confirmed, until_known
from tests.faults.site import Site, Town
from tests.processes import wait_for

WORKER, WORKER_AFTER_250 = "worker", "worker after the 250"
#: Those after which a mail may come a second time.
DEADLY = (WORKER, WORKER_AFTER_250, "postgresql")
CLIENTS = 8
#: Listings of one member in a day; the eleventh is refused.
PER_MEMBER = 10
#: Every so many listings, a guest posts one and confirms it by the mailed link.
GUEST_EVERY = 4
SETTLED_S = 120.0
#: A kill comes after some of the listings it is to meet, or after this long.
_NEXT_KILL_S = 4.0


@dataclass
class Post:
    """A listing that somebody wants on the board."""

    title: str
    town: Town
    poster: str
    is_guest: bool
    #: How often the form was sent until its answer was known.
    tries: int = 0
    acknowledged: bool = False


@dataclass(frozen=True, slots=True)
class Kill:
    kind: str
    at: float


@dataclass
class Storm:
    """So many listings and kills, and what came of them."""

    site: Site
    kinds: Sequence[str]
    posts: list[Post]
    chance: random.Random
    #: Cookies of those who do not post as guests.
    signed_in: dict[str, dict[str, str]]
    kills: list[Kill] = field(default_factory=list)
    seen: Counter[str] = field(default_factory=Counter)
    settled_s: float = 0.0

    @classmethod
    def of(cls, site: Site, kinds: Sequence[str], listings: int, seed: int) -> Storm:
        """Kills of these kinds in random order, and listings in towns of fifty each."""
        chance = random.Random(seed)
        kinds = chance.sample(list(kinds), len(kinds))
        towns = [site.town() for _ in range(-(-listings // 50))]
        posts = []
        for number in range(listings):
            is_guest = number % GUEST_EVERY == 0
            poster = f"guest{number}" if is_guest else f"poster{number // PER_MEMBER}"
            post = Post(
                _title(number), towns[number % len(towns)], f"{poster}@example.org", is_guest
            )
            posts.append(post)
        signed_in = {
            post.poster: site.browser(post.poster).cookies for post in posts if not post.is_guest
        }
        return cls(site, kinds, posts, chance, signed_in)

    def run(self) -> None:
        """Post and kill together, then wait until everything is settled."""
        self._tickets = threading.Semaphore(CLIENTS)
        self._next = iter(self.posts)
        self._lock = threading.Lock()
        with ThreadPoolExecutor(CLIENTS) as pool:
            clients = [pool.submit(self._client) for _ in range(CLIENTS)]
            try:
                for number, kind in enumerate(self.kinds):
                    self._kill(number, kind)
            finally:
                self._tickets.release(len(self.posts))
            for client in clients:
                client.result()
        self._settle()

    def _client(self) -> None:
        """Post one listing after another; guests confirm theirs when the mail is there."""
        waiting: list[Post] = []
        browsers: dict[str, Browser] = {}
        while post := self._take():
            if post.poster not in browsers:
                cookies = dict(self.signed_in.get(post.poster, {}))
                browsers[post.poster] = Browser(self.site.settings.port, cookies)
            self._send(browsers[post.poster], post)
            if post.is_guest:
                waiting.append(post)
            waiting = [each for each in waiting if not self._confirm(browsers, each)]
        for each in waiting:
            wait_for(lambda each=each: self._confirm(browsers, each), "the mail of a guest")  # type: ignore[misc]
        with self._lock:
            for browser in browsers.values():
                self.seen += browser.seen

    def _take(self) -> Post | None:
        self._tickets.acquire()
        with self._lock:
            return next(self._next, None)

    def _send(self, browser: Browser, post: Post) -> None:
        form = self.site.offer_form(browser, post.title, post.town.cell)
        form["email"] = post.poster

        def send() -> object:
            post.tries += 1
            return browser.post("/listings", form)

        answer = until_known(send)  # type: ignore[arg-type]
        assert answer.status == 303, f"{answer.status}: {answer.text}"
        assert post.is_guest == answer.location.endswith("/sent"), answer.location
        post.acknowledged = not post.is_guest

    def _confirm(self, browsers: dict[str, Browser], post: Post) -> bool:
        """Whether a guest's listing is on the board, the mailed link pressed where it has come."""
        if not self.site.sink.came(post.poster):
            return False
        confirmed(browsers[post.poster], self.site.sink.token(post.poster))
        post.acknowledged = True
        return True

    def _kill(self, number: int, kind: str) -> None:
        """Let some more be posted, and kill amid that."""
        share = len(self.posts) / len(self.kinds)
        self._tickets.release(round(share * (number + 1)) - round(share * number))
        moment = self.chance.randint(1, 4)
        acknowledged, end = self._done(), time.monotonic() + _NEXT_KILL_S
        while self._done() < acknowledged + moment and time.monotonic() < end:
            threading.Event().wait(0.01)
        if kind == "web":
            self.site.kill_web(whole=number % 2 == 0)
        elif kind == "worker":
            kind = self._kill_worker(after_250=number % 2 == 0)
        elif kind == "redis":
            self.site.kill_redis()
        else:
            self.site.kill_postgresql()
        self.kills.append(Kill(kind, time.monotonic()))

    def _kill_worker(self, after_250: bool) -> str:
        """Anywhere in its work, or between the mail server's 250 and our commit; which it was."""
        worker = self.site.worker()
        if not after_250:
            self.site.kill_worker()
            return WORKER
        done = threading.Event()

        def kill() -> None:
            worker.kill()
            done.set()

        self.site.sink.after_next = kill
        if done.wait(_NEXT_KILL_S):
            return WORKER_AFTER_250
        self.site.sink.after_next = None
        self.site.kill_worker()
        return WORKER

    def _done(self) -> int:
        return sum(post.acknowledged or post.tries > 0 for post in self.posts)

    def _settle(self) -> None:
        begun = time.monotonic()
        wait_for(
            lambda: self.site.pending() == 0 and not self.untold(),
            "everybody told, nothing pending",
            SETTLED_S,
        )
        self.settled_s = time.monotonic() - begun

    # What is judged.

    def stored(self) -> dict[str, list[Listing]]:
        """Listings in the database by their title."""
        found: dict[str, list[Listing]] = defaultdict(list)
        with self.site.board.db.read() as session:
            for listing in session.scalars(sa.select(Listing)):
                found[listing.title].append(listing)
        return found

    def lost(self) -> list[str]:
        """Acknowledged listings that are not on the board: not in SQL, or not on their page."""
        stored = self.stored()

        def is_there(post: Post) -> bool:
            open_ = [each for each in stored[post.title] if each.status == Status.OPEN]
            browser = Browser(self.site.settings.port)
            return bool(open_) and any(
                post.title in browser.get(f"/listings/{each.public_id}").text for each in open_
            )

        return [post.title for post in self.posts if post.acknowledged and not is_there(post)]

    def doubled(self) -> list[str]:
        """Listings that are there more than once."""
        return [title for title, rows in self.stored().items() if len(rows) > 1]

    def expected(self) -> set[tuple[str, str]]:
        """(address, public id) of everything that is to be told."""
        stored = self.stored()
        return {
            (address, listing.public_id)
            for post in self.posts
            for listing in stored[post.title]
            if listing.status == Status.OPEN
            for address in (*post.town.volunteers, post.poster)
        }

    def told(self) -> dict[tuple[str, str], list[tuple[str, float]]]:
        """(address, public id) → (Message-ID, moment) of each mail about it."""
        found: dict[tuple[str, str], list[tuple[str, float]]] = defaultdict(list)
        for arrival in list(self.site.sink.arrivals):
            for listing in arrival.listings:
                found[arrival.to, listing].append((arrival.message_id, arrival.at))
        return found

    def untold(self) -> set[tuple[str, str]]:
        return self.expected() - self.told().keys()

    def told_twice(self) -> list[tuple[str, str]]:
        """Pairs with mails of several Message-IDs: a mailbox cannot know them for copies."""
        told = self.told()
        return [pair for pair in self.expected() if len({name for name, _ in told[pair]}) > 1]

    def copies(self) -> list[float]:
        """For each second copy of a mail, the seconds from the first to the kill that followed.

        Infinite where no worker and no database was killed after it.
        """
        deadly = [kill.at for kill in self.kills if kill.kind in DEADLY]
        first: dict[tuple[str, str], float] = {}
        gaps = []
        for arrival in list(self.site.sink.arrivals):
            key = (arrival.to, arrival.message_id)
            if key in first:
                after = [at - first[key] for at in deadly if at >= first[key] - 0.5]
                gaps.append(min(after, default=float("inf")))
            first[key] = arrival.at
        return gaps


def _title(number: int) -> str:
    """Letters alone: numbers might be read as a telephone's."""
    letters = ""
    while number or not letters:
        number, rest = divmod(number, 26)
        letters = chr(ord("a") + rest) + letters
    return f"Je fais vos courses {letters}"

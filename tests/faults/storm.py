"""P1: everything is killed again and again while people post; judged when it is over."""

from __future__ import annotations

import random
import threading
import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field

from tests.faults.clients import Browser, confirmed, until_known
from tests.faults.site import Site
from tests.faults.verdict import WORKER, WORKER_AFTER_250, Kill, Post, Verdict
from tests.processes import wait_for

CLIENTS = 8
#: Listings of one member in a day; the eleventh is refused.
PER_MEMBER = 10
#: Every so many listings, a guest posts one and confirms it by the mailed link.
GUEST_EVERY = 4
SETTLED_S = 120.0
#: A kill comes after some of the listings it is to meet, or after this long.
_NEXT_KILL_S = 4.0
#: No process dies before its kind is replaced, and none while more than this waits: killed at its
#: start, again and again, it would be killed in the middle of nothing.
_WAITING = 150
_VOWELS = "aeiou"
_AT_WORK_S = 60.0


@dataclass
class Storm:
    """So many listings and kills; `tests.faults.verdict` tells what came of them."""

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
            except BaseException:
                self._next = iter(())
                raise
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
        mails = self.site.sink.came(post.poster)
        if not mails:
            return False
        # Of several mails the first: those that follow hold the link that takes it down.
        confirmed(browsers[post.poster], mails[0].token)
        post.acknowledged = True
        return True

    def _kill(self, number: int, kind: str) -> None:
        """Let some more be posted, and kill amid that."""
        with suppress(AssertionError):
            wait_for(lambda: self._is_at_work(kind), "what is killed next", _AT_WORK_S)
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

    def _is_at_work(self, kind: str) -> bool:
        if kind == "web" and not self.site.web_answers():
            return False
        if kind == "worker" and not self.site.worker_listens():
            return False
        return 0 <= self.site.pending() < _WAITING

    def _done(self) -> int:
        return sum(post.acknowledged or post.tries > 0 for post in self.posts)

    def _settle(self) -> None:
        begun = time.monotonic()
        with suppress(AssertionError):
            # What is missing is judged, and told, with all the rest.
            wait_for(
                lambda: self.site.pending() == 0 and not Verdict(self.site, self.posts).untold(),
                "everybody told, nothing pending",
                SETTLED_S,
            )
        self.settled_s = time.monotonic() - begun


def _title(number: int) -> str:
    """Vowels alone: numbers might be read as a telephone's, and "btc" holds a listing."""
    letters = ""
    while number or not letters:
        number, rest = divmod(number, len(_VOWELS))
        letters = _VOWELS[rest] + letters
    return f"Je fais vos courses {letters}"

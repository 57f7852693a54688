"""What came of the listings of a storm: judged from pages, the database and the mails."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from board.listings import Listing, Status
from tests.faults.clients import Browser
from tests.faults.site import Site, Town

WORKER, WORKER_AFTER_250 = "worker", "worker after the 250"
#: Those after which a mail may come a second time.
DEADLY = (WORKER, WORKER_AFTER_250, "postgresql")


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
    """What was killed, and when (time.monotonic())."""

    kind: str
    at: float


@dataclass(frozen=True, slots=True)
class Verdict:
    """Of each listing: is it there, is it there once, was everybody told, and once?"""

    site: Site
    posts: Sequence[Post]

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
        stored = self.stored()
        return [post.title for post in self.posts if len(stored[post.title]) > 1]

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

    def copies(self, kills: Sequence[Kill]) -> list[float]:
        """For each second copy of a mail, the seconds from the first to the kill that followed.

        Infinite where no worker and no database was killed after it.
        """
        deadly = [kill.at for kill in kills if kill.kind in DEADLY]
        first: dict[tuple[str, str], float] = {}
        gaps = []
        for arrival in list(self.site.sink.arrivals):
            key = (arrival.to, arrival.message_id)
            if key in first:
                after = [at - first[key] for at in deadly if at >= first[key] - 0.5]
                gaps.append(min(after, default=float("inf")))
            first[key] = arrival.at
        return gaps

"""`make weight`: every page among two thousand listings, against the goals, as a table."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Browser

from tests.audits.quiet import quiet
from tests.audits.site import Site, Visit, busy
from tests.audits.weight import Slowness, Weight, on_a_slow_line, weights
from tests.chromium import launched

#: Bytes: of the first page and others without a map, of pages with one, and of the page and the
#: sheet of a listing.
PLAIN, WITH_MAP, CORE = 120_000, 350_000, 45_000
SHIFT = 0.05
SLOW_S = 2.0
_LISTING = ("listings/show.html", "answering/new.html")


@dataclass(frozen=True, slots=True)
class Kind:
    """The heaviest of the pages of one template at one width."""

    page: str
    width: int
    of: tuple[Weight, ...]

    @property
    def whole(self) -> int:
        return max(each.whole for each in self.of)

    @property
    def core(self) -> int:
        return max(each.core for each in self.of)

    @property
    def shifted(self) -> float:
        return max(each.shifted for each in self.of)

    @property
    def foreign(self) -> int:
        return sum(len(each.foreign) for each in self.of)

    @property
    def goal(self) -> int:
        return WITH_MAP if any(each.has_map for each in self.of) else PLAIN

    def misses(self) -> bool:
        """Whether a goal is missed."""
        too_heavy = self.whole > self.goal or (self.page in _LISTING and self.core > CORE)
        return too_heavy or self.shifted > SHIFT or bool(self.foreign)

    def line(self) -> str:
        """Its line of the table."""
        return (
            f"| {self.page} | {self.width} | {self.whole / 1000:.1f} | {self.goal / 1000:.0f} "
            f"| {self.core / 1000:.1f} | {self.shifted:.3f} | {self.foreign} "
            f"| {'MISSED' if self.misses() else 'met'} |"
        )


def run() -> int:
    """Measure, print, and say whether every goal is met."""
    quiet()
    with (
        tempfile.TemporaryDirectory() as folder,
        busy(Path(folder) / "busy") as site,
        launched() as browser,
    ):
        visits = [*_around(), *site.pages()]
        kinds = by_kind(list(weights(browser, site, visits)))
        slow = list(_slowly(browser, site))
    print("| page | width | kB | goal | page and sheet, kB | shift | to others | |")
    print("|---|---|---|---|---|---|---|---|")
    print(*(kind.line() for kind in kinds), "", sep="\n")
    for each in slow:
        late = each.usable_s > SLOW_S
        print(
            f"{each.address} at 400 kbit/s and 400 ms, without script: read after "
            f"{each.readable_s:.2f} s, used after {each.usable_s:.2f} s of {SLOW_S:.0f}: "
            f"{'MISSED' if late else 'met'}"
        )
    missed = sum(kind.misses() for kind in kinds) + sum(each.usable_s > SLOW_S for each in slow)
    print(f"{sum(len(kind.of) for kind in kinds)} measurements, {missed} goals missed")
    return int(bool(missed))


def _around() -> list[Visit]:
    """Lists with their maps, from near and from far."""
    wheres = ("/listings?place=2232593", "/listings?place=2232593&radius_km=300")
    return [Visit("filled", "guest", where) for where in wheres]


def _slowly(browser: Browser, site: Site) -> list[Slowness]:
    assert site.town is not None
    listing = f"/listings/{site.town.view.public_id}"
    pages = ((listing, "main h1"), (f"{listing}/answer", "main textarea"))
    return [on_a_slow_line(browser, site, *page) for page in pages]


def by_kind(measured: list[Weight]) -> list[Kind]:
    """Pages of one template and width together, by name."""
    keys = sorted({(each.page, each.width) for each in measured})
    return [
        Kind(page, width, tuple(e for e in measured if (e.page, e.width) == (page, width)))
        for page, width in keys
    ]

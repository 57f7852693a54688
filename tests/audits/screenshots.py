"""Pictures of the main pages, as docs/screenshots keeps them: `make screenshots`.

On the demonstration board, with somebody who has a listing, an answer and an alert. Dates are those
of the day.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from playwright.sync_api import Browser

from board import demo
from board.context import Board
from board.conversations import Conversation
from config.settings import ROOT
from tests.audits.quiet import quiet
from tests.audits.site import GUEST, Site, application, opened, serving
from tests.chromium import launched
from tests.factories import AKWA, Factory

FOLDER = ROOT / "docs" / "screenshots"
#: No picture is heavier.
MOST_BYTES = 200_000
MEMBER, PARTNER, MODERATOR, RELAY = "member", "partner", "moderator", "relay"
ADMINISTRATOR = "administrator"
TELEPHONE, SCREEN = (360, 740), (1280, 860)


@dataclass(frozen=True, slots=True)
class Shot:
    """One picture: what of which page, for whom, how it is looked at."""

    name: str
    address: str
    who: str = GUEST
    locale: str = "fr"
    size: tuple[int, int] = TELEPHONE
    is_dark: bool = False
    #: Of a page that is longer than the screen: the element that stands on top.
    at: str = ""
    #: An element that comes only once that one is in view.
    until: str = ""

    @property
    def file(self) -> str:
        look = "-dark" if self.is_dark else ""
        return f"{self.name}-{self.locale}-{self.size[0]}{look}.png"


def shots(site: Shown) -> Iterator[Shot]:
    """Every main page once on a telephone; some of them wide, dark, in Arabic."""
    listing, talk = f"/listings/{site.listing}", f"/conversations/{site.conversation}"
    yield Shot("first-page", "/")
    yield Shot("first-page", "/", locale="ar", is_dark=True)
    yield Shot("first-page", "/", locale="en", size=SCREEN)
    yield Shot("board", "/listings")
    yield Shot("board", "/listings", size=SCREEN)
    yield Shot("board", "/listings", locale="ar", size=SCREEN, is_dark=True)
    yield Shot("ask", "/listings/new?kind=request", locale="pt")
    yield Shot("listing", listing)
    yield Shot("listing", listing, locale="es", size=SCREEN)
    yield Shot("answer", f"{listing}/answer", locale="ar")
    yield Shot("poster", f"{listing}/poster", size=SCREEN, at=".poster")
    yield Shot("impact", "/impact", at="main")
    yield Shot("impact", "/impact", locale="en", size=SCREEN, at="main")
    yield Shot("impact", "/impact", locale="ar", is_dark=True, at="#by-week")
    yield Shot("offline", "/offline")
    yield Shot("my-space", "/me", MEMBER)
    yield Shot("own-alerts", "/me", MEMBER, at="#own-alerts", until="path.hex")
    yield Shot("conversation", talk, MEMBER)
    yield Shot("alerts", "/me/preferences", MEMBER, is_dark=True)
    yield Shot("partner", f"/organisation/{site.office}", PARTNER)
    yield Shot("moderation", "/moderation", MODERATOR)
    yield Shot("relay", "/relay", RELAY, locale="ar")
    yield Shot("administration", "/admin/people", ADMINISTRATOR)


@dataclass
class Shown:
    """The board that is looked at."""

    site: Site
    listing: str
    conversation: str
    office: str


@contextmanager
def _shown(folder: Path) -> Iterator[Shown]:
    with ExitStack() as stack:
        board, _, url = stack.enter_context(opened(folder))
        demo.fill(board)
        app = application(board, set())
        stack.enter_context(serving(app, url))
        people, rest = _people(board)
        yield Shown(Site(app, board, url, people), **rest)


def _people(board: Board) -> tuple[dict[str, int], dict[str, Any]]:
    """Those who sign in, and what they have."""
    make = Factory(board)
    email = "member@example.org"
    member = make.member(email, display_name="Awa")
    office = make.organisation("Consulat général (démonstration)")
    make.information(office, title="Légalisations : nouveaux horaires", text="Sur rendez-vous.")
    place = {"cell": AKWA.cell, "place_name": "Douala", "country": "CM"}
    view = make.open(
        email=email,
        title="Courses pour une semaine",
        text="Je ne peux pas sortir. Du riz, de l’huile et des fruits, s’il vous plaît.",
        **place,
    )
    seat = make.answered(view, text="Bonjour, je passe demain matin au marché. Que vous faut-il ?")
    make.alert(email=email, **{key: place[key] for key in ("cell", "place_name")})
    make.held(title="Garde d’enfants le soir", categories=("childcare",), text="Le lundi soir.")
    make.held(title="Transfert rapide", text="Écrivez-moi au 06 12 34 56 78.")
    people = {
        MEMBER: member,
        PARTNER: office.member_id,
        MODERATOR: make.member("moderator@example.org", roles=["moderator"]),
        RELAY: make.member("relay@example.org", roles=["relay"]),
        ADMINISTRATOR: make.member("administrator@example.org", roles=["administrator"]),
    }
    with board.db.read() as session:
        talk = session.scalar(
            sa.select(Conversation.public_id).where(Conversation.id == seat.conversation_id)
        )
    rest = {"listing": view.public_id, "conversation": talk, "office": office.id}
    return people, rest


def _take(browser: Browser, site: Site, shot: Shot, folder: Path) -> int:
    """Take one; its size in bytes."""
    width, height = shot.size
    context = browser.new_context(
        base_url=site.url,
        locale=shot.locale,
        viewport={"width": width, "height": height},
        color_scheme="dark" if shot.is_dark else "light",
        reduced_motion="reduce",
    )
    if (cookie := site.cookie(shot.who)) is not None:
        context.add_cookies([cookie])  # type: ignore[list-item]
    page = context.new_page()
    answer = page.goto(shot.address, wait_until="networkidle")
    assert answer is not None and answer.ok, f"{shot.address}: {answer and answer.status}"
    if shot.at:
        page.locator(shot.at).evaluate("element => element.scrollIntoView()")
    if shot.until:
        page.locator(shot.until).first.wait_for()
    path = folder / shot.file
    page.screenshot(path=path)
    context.close()
    return path.stat().st_size


def run(folder: Path = FOLDER) -> int:
    """Take them all anew; 1 where one is too heavy."""
    quiet()
    folder.mkdir(parents=True, exist_ok=True)
    heavy = 0
    with (
        tempfile.TemporaryDirectory() as home,
        _shown(Path(home) / "home") as shown,
        launched() as browser,
    ):
        wanted = list(shots(shown))
        for old in set(folder.glob("*.png")) - {folder / each.file for each in wanted}:
            old.unlink()
        for shot in wanted:
            size = _take(browser, shown.site, shot, folder)
            heavy += size > MOST_BYTES
            print(f"{size / 1000:6.0f} kB  {shot.file}", flush=True)
    if heavy:
        print(f"{heavy} are heavier than {MOST_BYTES // 1000} kB", file=sys.stderr)
    return int(heavy > 0)

"""A board with one of everything, everybody who may look at it, and the addresses of its pages."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from functools import cached_property

import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.routing import Rule

from board import (
    answering,
    asking,
    export,
    messages,
    moderation,
    organisations,
    tallying,
    unmet,
    verification,
)
from board.answering import NewAnswer
from board.asking import NewQuestion
from board.bans import Ban
from board.context import Board
from board.conversations import Seat, Side
from board.db import now
from board.figures import EVERY, CountedDay, UnmetNeeds
from board.organisations import NewOrganisation, Organisation
from board.small_counts import Counts
from tests.factories import AKWA, Factory
from tests.fakes import MailSink, work_off
from tests.web.conftest import english, sign_in
from tests.web.test_dev_mail import catch
from tests.web.walk import World, address, naming
from web.guards import Guard, GuardedBlueprint, guard_of

#: What is typed and stored everywhere: it must come back as text.
NASTY = "<script>alert(1)</script> \"onload='x' javascript:alert(1) <img src=//evil.test/x>"
#: Questions that some addresses need before they show something.
QUERIES = {
    "listings.index": ("", "place=2232593", "near=Saint-Denis", "q=%3Cscript%3E", "page=2"),
    "listings.new": ("", "kind=offer", "kind=info"),
    "listings.show": ("", "published=1"),
    "places.search": ("q=Douala", "cell=85584e33fffffff"),
    "places.labelled_grid": ("place=2232593",),
    "places.land": ("cell=85584e33fffffff",),
    "places.names": ("cell=85584e33fffffff",),
    "sign_in.ask": ("", "next=/me"),
    "impact.show": ("", "country=CM", "weeks=x"),
    "second_factor.ask": ("", "next=//evil.test/"),
    "conversations.show": ("", "sent=1", "reported=1"),
}
#: What a parameter may be that names nothing of anybody's.
CHOICES = {
    "where": ("here", "there"),
    "table": ("weeks", "categories", "countries", "needs"),
    "locale": ("fr", "ar"),
}
#: Routes of files, which are looked at by themselves.
NO_PAGES = {
    "assets.static",
    "assets.vendor",
    "assets.favicon",
    "assets.sheet",
    "install.worker",
    "install.worker_of_before",
}
#: Who has one of everything.
OWNER = "owner"
LOCALES = ("en", "ar")


class Town:
    """A board with one of everything, and everybody who may look at it."""

    def __init__(self, board: Board, make: Factory, smtp: MailSink, app: Flask) -> None:
        self.board, self.make, self.app = board, make, app
        self.world = World(board, make)
        self.member_id = make.member(email="member@example.org", display_name=NASTY[:40])
        self.view = make.open(email="member@example.org", title=NASTY[:120], text=NASTY)
        seat = make.answered(self.view, text=NASTY)
        messages.write(board, Seat(seat.conversation_id, Side.POSTER), NASTY, "a-key-of-one-form")
        make.offer(title=NASTY[:120])
        with board.db.write() as session:
            # Whoever acts for one organisation alone is led to its page at once.
            second = organisations.find(session, make.organisation().id)
            organisations.give_seat(session, second, self.world.member_id, "partner")
        self._counted()
        self._moderated()
        self._waiting()
        work_off(board)
        self.mailed = _addresses(smtp)
        self.behind = self._behind(english(app))
        catch(board.settings, NASTY[:60], NASTY, NASTY)

    def _behind(self, client: FlaskClient) -> list[str]:
        """Pages that the pages of mailed links lead to, under the same token."""
        found: set[str] = set()
        for where in self.mailed:
            if where.startswith("/preferences/by-link/"):
                page = client.get(where).text
                found |= set(re.findall(rf'href="({re.escape(where)}/[^"]+)"', page))
            elif where.startswith("/conversations/by-link/"):
                found |= {f"{where}/{page}" for page in ("report", "block")}
        return sorted(found)

    def _counted(self) -> None:
        """Figures of a quarter, and unmet requests of one area."""
        area = AKWA.coarsened(unmet.RESOLUTION).cell
        counts = {("CM", each): Counts(40, 30, 20, 90, {75: 30}) for each in (EVERY, 1, 2)}
        with self.board.db.read() as session:
            today = now(session).date()
        for age in range(12):
            week = tallying.monday(today) - age * tallying.WEEK
            tallying.write_week(self.board.db, week, {**counts, ("FR", EVERY): Counts(2)})
        with self.board.db.write() as session:
            session.add(UnmetNeeds(demo=False, cell=area, country="CM", category=EVERY, needs=9))
            session.add(CountedDay(day=today))

    def _moderated(self) -> None:
        """One case waits, one led to a link, two to bans, one of which was appealed."""
        self.moderator_id = self.make.member(roles=["moderator"])
        asked, *banned = (self.make.held(email=f"held{n}@example.org") for n in range(3))
        moderation.ask_edit(self.board, self.moderator_id, asked, "contact")
        for case_id in banned:
            moderation.ban(self.board, self.moderator_id, case_id, "fraud")
        with self.board.db.write() as session:
            first = session.scalars(sa.select(Ban).order_by(Ban.id)).first()
            assert first is not None
            first.appeal, first.appealed_at = NASTY, now(session)
        self.case_id = self.make.held(text=f"06 12 34 56 78 {NASTY}")

    def _waiting(self) -> None:
        """What waits for a mailed link, of each kind."""
        board, make = self.board, self.make
        make.pending(title=NASTY[:120])
        make.pending(text="06 12 34 56 78")
        answering.answer(board, self.view.public_id, NewAnswer(email="a@example.org", text=NASTY))
        information = make.information(title=NASTY[:120], text=NASTY)
        self.information = information
        question = NewQuestion(email="q@example.org", text=NASTY)
        asking.ask(board, information.public_id, question)
        verification.apply(
            board,
            NewOrganisation(
                kind="ngo", name=NASTY[:60], country="CM", countries=("CM",), email="o@example.org"
            ),
        )
        export.ask(board, "member@example.org", "en")

    @cached_property
    def values(self) -> dict[str, set[object]]:
        """What addresses behind a guard may name."""
        found = self.world.values()
        found["PublicIdConverter"] |= self.public["PublicIdConverter"]
        found["IntegerConverter"] = {self.case_id}
        return found

    @cached_property
    def public(self) -> dict[str, set[object]]:
        """What public addresses may name; the rest of what there is would be 404 alike."""
        with self.board.db.read() as session:
            offices = session.scalars(sa.select(Organisation.public_id)).all()
        return {"PublicIdConverter": {self.view.public_id, self.information.public_id, *offices}}

    def readers(self) -> Iterator[tuple[str, FlaskClient]]:
        """(who, a browser of theirs)."""
        yield "guest", english(self.app)
        make = self.make
        people = {
            "member": self.member_id,
            OWNER: self.world.member_id,
            "relay": make.member(roles=["relay"]),
            "partner": make.organisation().member_id,
            "moderator": make.member(roles=["moderator"]),
            "administrator": make.administrator(),
        }
        for who, member_id in people.items():
            client = english(self.app)
            sign_in(client, member_id, second_factor=True)
            yield who, client


def _addresses(smtp: MailSink) -> list[str]:
    """Every address that was mailed to somebody, without its host."""
    texts = [str(message.get_content()) for message in smtp.messages if not message.is_multipart()]
    texts += [
        str(part.get_content())
        for message in smtp.messages
        if message.is_multipart()
        for part in message.walk()
        if part.get_content_type() == "text/plain"
    ]
    return sorted({each for text in texts for each in re.findall(r"https?://[^/\s]+(/\S+)", text)})


def is_public(app: Flask, rule: Rule) -> bool:
    """Whether anybody may ask for a route."""
    blueprint = app.blueprints[rule.endpoint.partition(".")[0]]
    return isinstance(blueprint, GuardedBlueprint) and blueprint.guard is Guard.PUBLIC


def asked(app: Flask, rule: Rule, town: Town) -> Iterator[str]:
    """The addresses of a route that name something."""
    known = town.public if is_public(app, rule) else town.values
    if rule.endpoint == "dev_mail.show":
        folder = town.board.settings.mail_dir / "new"
        yield from (f"/dev/mail/{path.name}" for path in folder.iterdir())
        return
    if rule._converters and not naming(rule, known):
        for name in set(rule._converters) & CHOICES.keys():
            yield from (address(app, rule, {name: choice}) for choice in CHOICES[name])
        return
    for values in naming(rule, known) or [{}]:
        for query in QUERIES.get(rule.endpoint, ("",)):
            yield f"{address(app, rule, values)}{'?' if query else ''}{query}"


def addresses(app: Flask, gets: list[Rule], town: Town, who: str) -> Iterator[str]:
    """What somebody asks for: the owner and guests everything, others one page behind each guard.

    That these others are let into nothing of the owner's is shown by the walk of strangers.
    """
    for rule in gets:
        found = asked(app, rule, town)
        everything = who == OWNER or is_public(app, rule)
        yield from itertools.islice(found, None if everything else 1)


def guard_at(app: Flask, where: str) -> tuple[str, Guard]:
    """(endpoint, guard) of an address."""
    endpoint, _ = app.url_map.bind("board.test").match(where.partition("?")[0])
    with app.app_context():
        guard = guard_of(endpoint.partition(".")[0])
    assert guard is not None
    return endpoint, guard

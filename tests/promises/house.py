"""A board with everything around it, and the doors by which positions come in."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from board import alerts, confirmations, importing, members, sessions
from board.alerts import NewAlert
from board.context import Board
from board.db import now
from board.geocoding import PlaceFinder
from config.settings import Settings
from matcher.place import Place
from tests.fakes import FakeWaker, MailSink, text_of, work_off
from tests.geocoder import Geocoder, features, online
from tests.web.conftest import Page, Poster, csrf_token, english
from web.app import create_app
from web.guards import session_cookie

Point = tuple[float, float]
#: As a client sends that does not coarsen by itself.
EXACT = 15


class Stopped:
    """An offset that holds the database's clock at one moment."""

    def __init__(self, moment: datetime = datetime(2031, 5, 6, 12, tzinfo=UTC)) -> None:
        self.moment = moment

    def __radd__(self, _: datetime) -> datetime:
        return self.moment


@dataclass(frozen=True, slots=True)
class Post:
    """What somebody posts; the position is theirs alone."""

    name: str
    point: Point
    kind: str = "request"
    category: str = "groceries"
    radius_km: str = "50"

    @property
    def email(self) -> str:
        return f"{self.name}@example.org"

    @property
    def fields(self) -> dict[str, Any]:
        """The form's fields besides the place."""
        urgency = "3" if self.kind == "request" else "0"
        return {
            "kind": self.kind,
            "categories": self.category,
            "urgency": urgency,
            "title": self.name,
            "text": "",
            "email": self.email,
            "radius_km": self.radius_km,
            "key": f"key-of-{self.name}",
        }


@dataclass(frozen=True, slots=True)
class House:
    """A board, its application, a mail server and an online geocoder."""

    board: Board
    app: Flask
    smtp: MailSink
    geocoder: Geocoder
    folder: Path

    @classmethod
    @contextmanager
    def opened(cls, environment: dict[str, str]) -> Iterator[Self]:
        """Over the empty database of these variables."""
        with MailSink() as smtp, Geocoder.running() as geocoder:
            real = Board.open(Settings.from_mapping({**environment, "SMTP_URL": smtp.url}))
            real.waker.close()
            finder = PlaceFinder(real.gazetteer, real.countries, online(geocoder))
            board = replace(real, waker=FakeWaker(), finder=finder)  # type: ignore[arg-type]
            try:
                yield cls(board, create_app(board), smtp, geocoder, board.settings.home)
            finally:
                board.close()

    @property
    def client(self) -> FlaskClient:
        """A new browser, that asks for English."""
        return english(self.app)

    def mailed(self) -> None:
        """Send whatever waits to be sent."""
        work_off(self.board)

    def confirm(self, email: str) -> None:
        """Follow the link that was mailed to this address."""
        work_off(self.board)
        confirmations.act(self.board, self.smtp.token(email))

    def member(self, email: str, app: Flask | None = None) -> FlaskClient:
        """A browser in which this member is signed in."""
        with self.board.db.write() as session:
            found = members.by_email(session, email)
            assert found is not None
            token = sessions.open_(session, found.id)
        client = english(app or self.app)
        client.set_cookie(session_cookie(self.board.settings), token)
        return client

    def edited(self, email: str, title: str) -> None:
        """Change the title of a listing, by the newest link of its poster that does."""
        self.mailed()
        mails = "\n".join(text_of(each) for each in self.smtp.to(email))
        for token in reversed(re.findall(r"/links/(\S+)", mails)):
            page = Page(self.client.get(f"/links/{token}").text)
            if page.all("input", name="title"):
                names = {"title", "urgency", "ends_on"}
                fields = {**hidden(page, *names), "title": title}
                client = self.client
                fields["csrf_token"] = csrf_token(client, f"/links/{token}")
                assert client.post(f"/links/{token}", data=fields).status_code in (200, 303)
                self.mailed()
                return
        raise AssertionError(f"no link of {email} edits")

    def by_script(self, post: Post) -> None:
        """The form with script: the cell of "near me", from a client that does not coarsen it."""
        cell = Place.at(*post.point, EXACT).hex
        self._sent(Poster(self.client).listing(**post.fields, place="", cell=cell), post)

    def by_geocoder(self, post: Post) -> None:
        """An address that the geocoder knows exactly, confirmed on the page that comes back."""
        self.geocoder.answer = features((*post.point, "house"))
        poster = Poster(self.client)
        asked = poster.listing(**post.fields, place=f"12 rue {post.name}")
        again = hidden(Page(asked.text), "place_for", "cell")
        self._sent(poster.listing(**post.fields, place=f"12 rue {post.name}", **again), post)

    def without_script(self, post: Post, village: str) -> None:
        """A village's name, then the hexagon of the labelled grid in which the position lies."""
        poster = Poster(self.client)
        page = Page(poster.listing(**post.fields, place=village, step="grid").text)
        cell = Place.at(*post.point, 8).hex
        assert page.all("input", name="cell", value=cell), f"{cell} is not on the grid"
        chosen = hidden(page, "place_for", "place_id")
        self._sent(poster.listing(**post.fields, place=village, **chosen, cell=cell), post)

    def by_import(self, *posts: Post) -> None:
        """A file with latitudes and longitudes."""
        path = self.folder / "posts.csv"
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(
                ["id", "kind", "category", "title", "lat", "lng", "starts", "radius_km"]
            )
            with self.board.db.read() as session:
                today = now(session)
            for post in posts:
                about = (post.name, post.kind, post.category, post.name)
                writer.writerow([*about, *post.point, today.date(), post.radius_km])
        plan = importing.plan(self.board, path, importing.load(self.board, importing.DEFAULT))
        assert plan.refused == []
        importing.store(self.board, plan.source, plan.rows, alert=True)

    def alert(self, email: str, point: Point, radius_km: float, **fields: Any) -> None:
        """An alert around a position, confirmed."""
        cell = Place.at(*point, EXACT).hex
        given = {"email": email, "place": "", "cell": cell, "radius_km": f"{radius_km:.3f}"}
        answer = Poster(self.client).alert(**given, **fields)
        assert answer.status_code == 303, answer.text
        self.confirm(email)

    def waits(self, email: str, center: Place, radius_m: int) -> None:
        """The same without the pages, for many."""
        new = NewAlert(email=email, locale="en", cell=center.cell, radius_km=radius_m / 1000)
        alerts.save(self.board, new)
        self.confirm(email)

    def _sent(self, answer: TestResponse, post: Post) -> None:
        assert answer.status_code == 303, problems(answer)
        self.confirm(post.email)


def hidden(page: Page, *names: str) -> dict[str, str]:
    """What a form would send again for these fields."""
    return {name: page.value(name) for name in names}


def problems(answer: TestResponse) -> str:
    """What a refused form says."""
    return "; ".join(re.findall(r'class="field-error[^>]*>([^<]+)', answer.text)) or answer.text

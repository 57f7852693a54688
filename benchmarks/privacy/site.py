"""A board of one's own as an attacker meets it: its doors, its pages over HTTP, its mails."""

from __future__ import annotations

import csv
import json
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlencode

import sqlalchemy as sa
from sqlalchemy import event

from benchmarks.harness import fresh_board
from benchmarks.privacy import weak
from benchmarks.privacy.earth import Point
from benchmarks.privacy.people import Person
from board import alerts, dispatching, importing, outbox, places
from board.alerts import Alert, AlertStatus, NewAlert
from board.context import Board
from board.outbox import OutboxRow
from matcher.place import Place
from web.app import create_app

_SOURCE = "attack"
#: A place and a radius in metres.
Circle = tuple[Place, int]


@dataclass(frozen=True, slots=True)
class Wanted:
    """A listing to be published."""

    name: str
    kind: str
    point: Point
    category: str = "groceries"
    radius_km: float = 50.0


def requests_of(people: Sequence[Person]) -> list[Wanted]:
    """A request of each person."""
    return [Wanted(each.name, "request", each.point) for each in people]


class _Silent:
    """Wakes nobody: here the attacker's own hand works the outbox off."""

    def wake(self, outbox_ids: Iterable[int]) -> bool:
        return True

    def close(self) -> None:
        """Nothing to close."""


class Site:
    """What an attacker can do with a board without any right."""

    def __init__(self, board: Board) -> None:
        self.board = board
        # Without cookies: a page asked for in another language must not change the next.
        self._client = create_app(board).test_client(use_cookies=False)
        self._client.environ_base["HTTP_ACCEPT_LANGUAGE"] = "en"
        self._folder = tempfile.TemporaryDirectory()
        self._files = 0
        self._kept: dict[tuple[int, str], Place] = {}

    @classmethod
    @contextmanager
    def opened(cls, *, defended: bool) -> Iterator[Self]:
        """An empty board, with its own defence or with the weak one."""
        with ExitStack() as stack:
            board = stack.enter_context(fresh_board())
            board.waker.close()
            board = replace(board, waker=_Silent())  # type: ignore[arg-type]
            # Durability is not measured here, and would take most of the time.
            event.listen(board.db.engine, "connect", _forget_power_cuts)
            if not defended:
                stack.enter_context(weak.exact_points(board.gazetteer))
            site = cls(board)
            stack.enter_context(site._folder)
            yield site

    def publish(self, wanted: Sequence[Wanted], *, announce: bool = False) -> None:
        """Bring listings in by the door that takes coordinates: the import of a file."""
        self._files += 1
        path = Path(self._folder.name, f"{self._files}.csv")
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(
                ["id", "kind", "category", "title", "lat", "lng", "starts", "radius_km"]
            )
            starts = datetime.now(UTC).date().isoformat()
            for each in wanted:
                row = (each.name, each.kind, each.category, each.name, *each.point, starts)
                writer.writerow([*row, each.radius_km])
        mapping = importing.load(self.board, importing.DEFAULT, source=f"{_SOURCE}-{self._files}")
        plan = importing.plan(self.board, path, mapping)
        if plan.refused:
            raise RuntimeError(f"{len(plan.refused)} rows were refused: {plan.reasons}")
        importing.store(self.board, plan.source, plan.rows, alert=announce)

    def wait_for(self, name: str, circles: Sequence[Circle]) -> list[int]:
        """Alerts, each of a member of its own, confirmed; their ids in the same order."""
        for number, (place, radius_m) in enumerate(circles):
            email = f"{name}-{number}@example.org"
            new = NewAlert(email=email, cell=place.cell, radius_km=radius_m / 1000)
            alerts.save(self.board, new)
        with self.board.db.write() as session:
            waiting = sa.select(Alert).where(Alert.status == AlertStatus.PENDING).order_by(Alert.id)
            found = session.scalars(waiting).all()
            for alert in found:
                alerts.confirm(session, alert)
            # The mails that asked for the confirmations are of no interest.
            session.execute(sa.delete(OutboxRow))
            return [alert.id for alert in found]

    def told(self) -> set[int]:
        """The alerts that have been told of something since the last look."""
        for row_id in outbox.due_ids(self.board.db):
            dispatching.dispatch(self.board, row_id)
        with self.board.db.write() as session:
            mails = sa.select(OutboxRow.alert_id).where(OutboxRow.purpose == outbox.MATCH)
            found = {alert_id for alert_id in session.scalars(mails) if alert_id is not None}
            session.execute(sa.delete(OutboxRow))
        return found

    def features(self, **query: Any) -> list[dict[str, Any]]:
        """What the map is given."""
        answer = self._client.get(f"/listings.geojson?{urlencode(query)}")
        found: list[dict[str, Any]] = json.loads(answer.get_data())["features"]
        return found

    def page(self, path: str, **query: Any) -> str:
        """A page as HTML."""
        return self._client.get(f"{path}?{urlencode(query)}").text

    def kept(self, point: Point, category: str = "groceries") -> Place:
        """The cell that this board keeps of a position: whoever has the code can compute it."""
        given = Place.at(*point, places.FINEST).cell
        known = self._kept.get((given, category))
        if known is None:
            known = Place(places.kept_cell(self.board.gazetteer, given, (category,)))
            self._kept[given, category] = known
        return known


def _forget_power_cuts(connection: Any, _: object) -> None:
    connection.execute("PRAGMA synchronous=OFF")

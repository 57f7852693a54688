"""T3 and T4: no question and no alert tells where in a cell somebody is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from benchmarks.privacy import weak
from board import alerts
from board.gazetteer import Gazetteer
from tests.promises import twins
from tests.promises.conftest import NewHouse
from tests.promises.house import House
from tests.web.conftest import Poster

#: Of the twins, and of the weak copy, which shows itself sooner.
QUESTIONS = 2000
FEW = 60


@dataclass(frozen=True, slots=True)
class Seen:
    """All that one twin's board gave away, and all that it stores."""

    answers: list[tuple[int, list[tuple[str, str]], str]]
    letters: list[Any]
    rows: dict[str, list[dict[str, Any]]]
    #: Title → cell on the whole map.
    cells: dict[str, str]


def see(
    new_house: NewHouse, monkeypatch: pytest.MonkeyPatch, count: int, pairs: list[twins.Pair]
) -> tuple[Seen, Seen]:
    """Fill a house with each twin, one after the other, and ask both the same."""
    seen = []
    for twin in (0, 1):
        with new_house() as house:
            twins.fill(house, monkeypatch, pairs, twin)
            whole = house.client.get("/listings.geojson").json["features"]
            cells = {each["properties"]["title"]: each["properties"]["cell"] for each in whole}
            asked = twins.questions(pairs, count, [each["id"] for each in whole])
            answers = [twins.answer(house, address) for address in asked]
            seen.append(Seen(answers, twins.letters(house), twins.dump(house), cells))
    return seen[0], seen[1]


@pytest.fixture(scope="module")
def known() -> dict[str, tuple[Seen, Seen]]:
    """What the twins of each database gave away: they are asked once for both promises."""
    return {}


@pytest.fixture
def seen(
    known: dict[str, tuple[Seen, Seen]],
    new_house: NewHouse,
    monkeypatch: pytest.MonkeyPatch,
    request: pytest.FixtureRequest,
    gazetteer: Gazetteer,
) -> tuple[Seen, Seen]:
    """What the two boards gave away."""
    database = request.node.callspec.params["environment"]
    if database not in known:
        known[database] = see(new_house, monkeypatch, QUESTIONS, twins.pairs(gazetteer))
    return known[database]


def test_T03_twins_answer_every_question_alike(seen: tuple[Seen, Seen]) -> None:
    """Random filters, orders, pages and names, byte for byte."""
    first, second = seen
    assert len(first.answers) == QUESTIONS
    for one, other in zip(first.answers, second.answers, strict=True):
        assert one == other
    assert len({text for *_, text in first.answers}) > QUESTIONS / 3, "the questions ask little"
    # What was imported cannot be answered; nothing else is refused.
    assert {status for status, *_ in first.answers} <= {200, 404}


def test_T03_nothing_finer_than_the_cell_is_stored(seen: tuple[Seen, Seen]) -> None:
    """Row for row, tokens and sealed mails aside, the databases of the twins are one."""
    first, second = seen
    assert first.rows == second.rows
    assert len(first.rows["listings"]) > 40 and len(first.rows["alerts"]) > 25


def test_T04_twins_set_off_the_same_mails(seen: tuple[Seen, Seen]) -> None:
    """Each mail that the sink got, byte for byte, with circles that cut between the twins."""
    first, second = seen
    assert first.letters == second.letters
    assert len(told(first)) > 10


def test_T03_T04_control_exact_points_tell_the_twins_apart(
    new_house: NewHouse, monkeypatch: pytest.MonkeyPatch, gazetteer: Gazetteer
) -> None:
    """The same probes where points are stored exactly and blurred only where they are shown."""
    pairs = twins.pairs(gazetteer, count=6)
    with weak.exact_points(gazetteer):
        first, second = see(new_house, monkeypatch, FEW, pairs)
    differ = sum(a != b for a, b in zip(first.answers, second.answers, strict=True))
    assert differ > FEW / 10
    assert first.cells == second.cells, "the map shows more, not only the questions"
    assert first.rows["listings"] != second.rows["listings"]
    assert told(first) != told(second)


def told(seen: Seen) -> set[tuple[str, str]]:
    """Which circle's owner was told of what."""
    return {
        (to[0], dict(headers)["Subject"])
        for to, headers, _ in seen.letters
        if to[0].startswith("circle") and "List-Unsubscribe" in dict(headers)
    }


@pytest.mark.parametrize("radius_km", ["1.999", "0", "-5", "nan", "1e-3"])
def test_T04_an_alert_has_a_floor_for_its_radius(house: House, radius_km: str) -> None:
    """A circle smaller than a cell is refused."""
    answer = Poster(house.client).alert(radius_km=radius_km)
    assert answer.status_code == 422
    assert alerts.RADIUS_KM[0] == 2.0

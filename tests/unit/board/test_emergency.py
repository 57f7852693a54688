"""Whom to call in danger."""

from __future__ import annotations

import json

import pytest

from board import emergency
from board.context import Board
from board.countries import Countries
from board.reference import REFERENCE
from matcher.areas import parse_polygon
from tests.factories import INLAND, Factory


@pytest.mark.parametrize(
    ("text", "urgent"),
    [
        ("Mon mari me frappe", True),
        ("Il est BLESSÉ !", True),
        ("He is not breathing", True),
        ("Estoy en peligro", True),
        ("Ela não respira", True),
        ("أنا في خطر", True),
        ("هناك الحريق", True),
        ("Je cherche un four", False),
        ("Garder un chat", False),
        ("", False),
    ],
)
def test_words_of_danger_are_heard(text: str, urgent: bool) -> None:
    """In each language, whatever the accents; words inside of others are none."""
    assert emergency.is_urgent(0, text) is urgent


@pytest.mark.parametrize(("urgency", "urgent"), [(3, True), (2, False), (0, False)])
def test_today_is_urgent(urgency: int, urgent: bool) -> None:
    """What is needed today may be danger that nobody calls so."""
    assert emergency.is_urgent(urgency, "Courses") is urgent


def test_every_number_has_a_source_and_a_known_country() -> None:
    """Nobody calls a number that somebody typed in without saying where it is from."""
    known = Countries.load().codes
    data = json.loads((REFERENCE / "emergency.json").read_text(encoding="utf-8"))
    for group in data["groups"]:
        assert len(group["source"]) > 10
        assert set(group["countries"]) <= known
        assert set(group["numbers"]) <= set(emergency.SERVICES)
        for numbers in group["numbers"].values():
            assert numbers and all(number.isdecimal() for number in numbers)
    assert emergency.load_numbers()["FR"] == {"all": ["112"]}


def test_the_consulate_s_line_comes_from_verified_organisations(
    board: Board, make: Factory
) -> None:
    """Of this country, for this place; an association has none, nor has a revoked consulate."""
    consulate = make.organisation("Consulat", phone="+237 222 22 22 22")
    make.organisation("Association", kind="association", phone="+237 1")
    make.organisation("Ailleurs", country="GA", phone="+241 1")
    make.organisation("Intérieur", kind="embassy", phone="+237 3", area=parse_polygon(INLAND))
    assert [line.name for line in emergency.at(board, "CM", (4.05, 9.7)).lines] == ["Consulat"]
    assert len(emergency.at(board, "CM", (4.5, 10.3)).lines) == 2
    found = emergency.at(board, "CM")
    assert found.numbers == (("ambulance", ("119",)), ("police", ("117",)), ("fire", ("118",)))
    assert found.lines[0].organisation_id == consulate.id
    with board.db.write() as session:
        from board import organisations

        organisations.find(session, consulate.id).status = organisations.Status.REVOKED
    assert [line.name for line in emergency.at(board, "CM").lines] == ["Intérieur"]


def test_where_we_are_not_sure_no_number_is_shown(board: Board) -> None:
    """One asks people on the spot."""
    assert emergency.at(board, "AQ").numbers == emergency.at(board, "").numbers == ()

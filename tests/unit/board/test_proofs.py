"""Proof of work: solved once, used once, in time, and only for a challenge of ours."""

from __future__ import annotations

import base64
import json
from datetime import timedelta
from typing import Any

import altcha
import pytest
import sqlalchemy as sa

from board import forgetting, proofs
from board.context import Board
from board.proofs import SpentProof


def solve(made: dict[str, Any]) -> str:
    """What the widget would send."""
    challenge = altcha.Challenge.from_dict(made)
    solution = altcha.solve_challenge(challenge)
    assert solution is not None
    return altcha.Payload(challenge, solution).to_base64()


def doctored(solution: str, **changes: Any) -> str:
    """A solution with other parameters, as an attacker would send it."""
    data = json.loads(base64.b64decode(solution))
    data["challenge"]["parameters"].update(changes)
    return base64.b64encode(json.dumps(data).encode()).decode()


def test_a_solution_counts_once(board: Board) -> None:
    """Also when its text is written in another way."""
    solution = solve(proofs.challenge(board))
    assert proofs.spend(board, solution)
    assert not proofs.spend(board, solution)
    spaced = base64.b64encode(json.dumps(json.loads(base64.b64decode(solution)), indent=2).encode())
    assert not proofs.spend(board, spaced.decode())


def test_a_solution_ends_by_the_clock_of_the_database(board: Board) -> None:
    """After two hours it counts no more, and what was used is forgotten."""
    used, late = (solve(proofs.challenge(board)) for _ in range(2))
    assert proofs.spend(board, used)
    board.db.clock_offset = timedelta(hours=2, minutes=1)
    assert not proofs.spend(board, late)
    assert not proofs.spend(board, used)
    forgetting.forget_unconfirmed(board)
    with board.db.read() as session:
        assert session.scalar(sa.select(sa.func.count(SpentProof.digest))) == 0
    assert not proofs.spend(board, used)


def test_an_altered_challenge_is_refused(board: Board) -> None:
    """Easier, later, or another one."""
    solution = solve(proofs.challenge(board))
    for changes in (
        {"cost": 1},
        {"keyPrefix": ""},
        {"data": {"until": 9_999_999_999}},
        {"nonce": "00" * 16},
        {"algorithm": "PBKDF2/SHA-256", "cost": 10_000_000},
    ):
        assert not proofs.spend(board, doctored(solution, **changes)), changes
    assert proofs.spend(board, solution)


@pytest.mark.parametrize(
    "text",
    [
        None,
        "",
        "x",
        "é",
        "bnVsbA==",
        base64.b64encode(b"[]").decode(),
        base64.b64encode(b'{"challenge": {"parameters": {}}, "solution": {}}').decode(),
        base64.b64encode(b"[" * 2500).decode(),
        "A" * 5000,
    ],
)
def test_what_is_no_solution_is_none(board: Board, text: str | None) -> None:
    """Nothing breaks on what anybody may send."""
    assert not proofs.spend(board, text)

"""Sessions: opened, listed, ended; the token itself is kept nowhere."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa

from board import roles, sessions
from board.context import Board
from board.roles import Role
from board.sessions import IDLE, LONGEST, SECOND_FACTOR, MemberSession, SignedIn
from tests.factories import Factory


def sign_in(board: Board, member_id: int, **given: object) -> str:
    """Token of a new session."""
    with board.db.write() as session:
        return sessions.open_(session, member_id, **given)  # type: ignore[arg-type]


def of(board: Board, token: str) -> SignedIn:
    """Whose session it is; there must be one."""
    found = sessions.of(board, token)
    assert found is not None
    return found


def test_a_token_opens_the_session_of_its_member(board: Board, make: Factory) -> None:
    """Only its hash is in the database; any other token opens nothing."""
    member_id = make.member()
    token = sign_in(board, member_id, device="Firefox")
    assert of(board, token).member_id == member_id
    assert not of(board, token).second_factor
    for other in ("", "x", token[:-1], token + "x", "\ud800"):
        assert sessions.of(board, other) is None
    with board.db.read() as session:
        rows = session.execute(sa.select(sa.inspect(MemberSession).mapper.c)).all()
    assert token not in str(rows)


def test_roles_are_read_again_each_time(board: Board, make: Factory) -> None:
    """What is granted or taken away counts at the next request."""
    member_id = make.member(email="m@example.org")
    token = sign_in(board, member_id)
    assert of(board, token).roles == frozenset()
    roles.grant(board, "m@example.org", "moderator")
    assert of(board, token).roles == {Role.MODERATOR}
    roles.revoke(board, "m@example.org", "moderator")
    assert of(board, token).roles == frozenset()


@pytest.mark.parametrize(
    ("used_every", "lives_until"),
    [
        (None, IDLE),  # never used again
        (timedelta(days=7), LONGEST),  # used each week: ends all the same
    ],
)
def test_a_session_ends_by_itself(
    board: Board, make: Factory, used_every: timedelta | None, lives_until: timedelta
) -> None:
    """By the database's clock, when idle and at the latest after its longest time."""
    token = sign_in(board, make.member())
    step = used_every or lives_until
    passed = timedelta()
    while passed + step < lives_until:
        passed += step
        board.db.clock_offset = passed
        assert sessions.of(board, token) is not None
    board.db.clock_offset = lives_until - timedelta(minutes=1)
    assert sessions.of(board, token) is not None
    board.db.clock_offset = lives_until + timedelta(days=20 if used_every is None else 0)
    assert sessions.of(board, token) is None
    assert sessions.forget_dead(board) == 1
    assert sessions.forget_dead(board) == 0


def test_the_second_factor_counts_for_a_while_and_changes_the_token(
    board: Board, make: Factory
) -> None:
    """The token from before opens nothing any more."""
    token = sign_in(board, make.member())
    before = of(board, token)
    with board.db.write() as session:
        new = sessions.give_second_factor(session, before.session_id)
    assert sessions.of(board, token) is None
    assert of(board, new).second_factor
    assert of(board, new).session_id == before.session_id
    board.db.clock_offset = SECOND_FACTOR
    assert not of(board, new).second_factor


def test_signing_in_again_ends_the_session_before(board: Board, make: Factory) -> None:
    """A token that somebody planted in the browser is worth nothing after the sign-in."""
    planted = sign_in(board, make.member())
    victim = sign_in(board, make.member(), replacing=planted)
    assert sessions.of(board, planted) is None
    assert sessions.of(board, victim) is not None


def test_sessions_are_listed_and_ended_by_their_member_alone(board: Board, make: Factory) -> None:
    """One, or all; never those of somebody else."""
    mine, other = make.member(), make.member()
    tokens = [sign_in(board, mine, device=name) for name in ("Firefox", "Chrome")]
    foreign = sign_in(board, other)
    with board.db.read() as session:
        assert {each.device for each in sessions.devices(session, mine)} == {"Firefox", "Chrome"}
    first = of(board, tokens[0]).session_id
    with board.db.write() as session:
        assert not sessions.revoke(session, other, first)
        assert sessions.revoke(session, mine, first)
        assert not sessions.revoke(session, mine, first)
    assert sessions.of(board, tokens[0]) is None
    with board.db.write() as session:
        assert sessions.revoke_all(session, mine) == 1
    assert sessions.of(board, tokens[1]) is None
    assert sessions.of(board, foreign) is not None


@pytest.mark.parametrize(
    ("user_agent", "label"),
    [
        ("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0", "Firefox"),
        ("Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/140.0 Safari/537.36", "Chrome"),
        ("Mozilla/5.0 AppleWebKit/537.36 Chrome/140.0 Safari/537.36 Edg/140.0", "Edge"),
        ("Mozilla/5.0 (iPhone) AppleWebKit/605.1 Version/18.0 Safari/604.1", "Safari"),
        ("curl/8", ""),
        ("", ""),
    ],
)
def test_a_browser_is_known_by_its_family_alone(user_agent: str, label: str) -> None:
    """No version, no system."""
    assert sessions.device_label(user_agent) == label

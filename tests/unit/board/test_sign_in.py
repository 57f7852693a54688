"""Signing in by a mailed code: once, ten minutes, few tries, one browser."""

from __future__ import annotations

import re
import threading
from datetime import timedelta

import pytest
import sqlalchemy as sa

from board import members, sessions, sign_in
from board.codes import ALPHABET
from board.context import Board
from board.errors import CodeRefused, Invalid
from board.members import Member
from board.outbox import OutboxRow
from board.sign_in import LIFETIME, TRIES, SignInCode
from tests.factories import Factory
from tests.fakes import MailSink, work_off

ADDRESS = "member@example.org"
WRONG = "22222222"


def ask(board: Board, smtp: MailSink, email: str = ADDRESS) -> tuple[str, str]:
    """What the browser keeps, and the code of the mail."""
    browser = sign_in.ask(board, email, "en")
    work_off(board)
    return browser, mailed(smtp, email)


def mailed(smtp: MailSink, email: str = ADDRESS) -> str:
    """The code of the newest mail."""
    found = re.search(rf"[{ALPHABET}]{{4}}-[{ALPHABET}]{{4}}", smtp.to(email)[-1].get_content())
    assert found
    return found[0]


def refused(board: Board, browser: str, code: str) -> str:
    """Why a code lets nobody in."""
    with pytest.raises(CodeRefused) as refusal:
        sign_in.enter(board, browser, code)
    return refusal.value.reason


def test_the_code_signs_in_once(board: Board, make: Factory, smtp: MailSink) -> None:
    """Typed in any case, with or without the dash."""
    member_id = make.member(email=ADDRESS)
    browser, code = ask(board, smtp)
    token = sign_in.enter(board, browser, f" {code.lower().replace('-', ' ')} ", device="Firefox")
    found = sessions.of(board, token)
    assert found is not None
    assert (found.member_id, found.second_factor) == (member_id, False)
    assert refused(board, browser, code) == "over"


def test_a_new_address_gets_the_same_and_becomes_a_member(board: Board, smtp: MailSink) -> None:
    """The code confirms the address; before it is typed, nobody is a member."""
    browser, code = ask(board, smtp)
    with board.db.read() as session:
        assert members.by_email(session, ADDRESS) is None
    sign_in.enter(board, browser, code)
    with board.db.read() as session:
        assert members.by_email(session, ADDRESS) is not None


def test_the_code_works_in_no_other_browser(board: Board, smtp: MailSink) -> None:
    """Not even in one that asked for a code itself; its own still works."""
    browser, code = ask(board, smtp)
    other, _ = ask(board, smtp)
    assert refused(board, "", code) == "over"
    assert refused(board, "\ud800", code) == "over"
    assert refused(board, other, code) == "wrong"
    assert sign_in.enter(board, browser, code)


def test_after_few_tries_the_right_code_is_refused_too(board: Board, smtp: MailSink) -> None:
    """Each wrong one is counted, also by its form."""
    browser, code = ask(board, smtp)
    for typed in (WRONG, "", "x" * 5000, code + "2"):
        assert refused(board, browser, typed) == "wrong"
    assert refused(board, browser, WRONG) == "over"
    assert refused(board, browser, code) == "over"


def test_one_try_is_left_for_who_mistyped(board: Board, smtp: MailSink) -> None:
    """The last try counts."""
    browser, code = ask(board, smtp)
    for _ in range(TRIES - 1):
        refused(board, browser, WRONG)
    assert sign_in.enter(board, browser, code)


def test_guesses_sent_at_once_are_counted_one_by_one(board: Board, smtp: MailSink) -> None:
    """Forty threads: five guesses are looked at; the others learn nothing."""
    browser, code = ask(board, smtp)
    reasons, lock = [], threading.Lock()
    start = threading.Barrier(8)

    def guess() -> None:
        start.wait()
        for _ in range(5):
            try:
                sign_in.enter(board, browser, WRONG)
                reason = "in"
            except CodeRefused as refusal:
                reason = refusal.reason
            with lock:
                reasons.append(reason)

    run(guess, 8)
    assert len(reasons) == 40
    assert reasons.count("wrong") == TRIES - 1
    assert reasons.count("over") == 40 - TRIES + 1
    with board.db.read() as session:
        assert session.scalar(sa.select(SignInCode.tries)) == TRIES
    assert refused(board, browser, code) == "over"


def test_the_right_code_sent_at_once_makes_one_session(board: Board, smtp: MailSink) -> None:
    """Two presses of the button are one sign-in."""
    browser, code = ask(board, smtp)
    tokens, start = [], threading.Barrier(4)

    def enter() -> None:
        start.wait()
        try:
            tokens.append(sign_in.enter(board, browser, code))
        except CodeRefused:
            return

    run(enter, 4)
    assert len(tokens) == 1


def run(work: object, times: int) -> None:
    """Run the same work in several threads."""
    threads = [threading.Thread(target=work) for _ in range(times)]  # type: ignore[arg-type]
    for each in threads:
        each.start()
    for each in threads:
        each.join()


def test_a_code_is_over_after_ten_minutes(board: Board, smtp: MailSink) -> None:
    """By the database's clock; its address is erased, and a day later nothing is left."""
    browser, code = ask(board, smtp)
    board.db.clock_offset = LIFETIME
    assert refused(board, browser, code) == "over"
    sign_in.forget_old(board)
    with board.db.read() as session:
        assert session.scalars(sa.select(SignInCode.sealed)).all() == [None]
    board.db.clock_offset = timedelta(days=1)
    assert sign_in.forget_old(board) == 1


def test_a_code_that_is_over_is_not_mailed(board: Board, smtp: MailSink) -> None:
    """A mail server that was away sends no code that opens nothing."""
    sign_in.ask(board, ADDRESS, "en")
    board.db.clock_offset = LIFETIME
    work_off(board)
    assert smtp.to(ADDRESS) == []


def test_an_inbox_is_no_target(board: Board, smtp: MailSink) -> None:
    """A thousand times asked, three mails; those that were used do not count; a day later more."""
    browser, code = ask(board, smtp)
    sign_in.enter(board, browser, code)
    for _ in range(50):
        assert sign_in.ask(board, ADDRESS, "en")
    work_off(board)
    assert len(smtp.to(ADDRESS)) == 1 + sign_in.UNUSED_PER_ADDRESS
    board.db.clock_offset = timedelta(days=1)
    sign_in.ask(board, ADDRESS, "en")
    work_off(board)
    assert len(smtp.to(ADDRESS)) == 2 + sign_in.UNUSED_PER_ADDRESS


def test_neither_code_nor_address_stays_in_the_database(board: Board, smtp: MailSink) -> None:
    """Neither while the code waits, nor after."""
    browser, code = ask(board, smtp)

    def dump() -> str:
        with board.db.read() as session:
            rows = [session.execute(sa.select(model.__table__)).all() for model in MODELS]
        return str(rows)

    for secret in (code, code.replace("-", ""), browser, ADDRESS):
        assert secret not in dump()
    with board.db.read() as session:
        assert session.scalars(sa.select(OutboxRow.payload)).all() == [None]
    sign_in.enter(board, browser, code)
    with board.db.read() as session:
        assert session.scalars(sa.select(SignInCode.sealed)).all() == [None]


MODELS = (SignInCode, OutboxRow)


@pytest.mark.parametrize("email", ["", "x", "a@example.org, b@example.org", "a@b\r\nBcc: c@d.org"])
def test_a_bad_address_is_refused(board: Board, email: str) -> None:
    """The field is named and nothing is written."""
    with pytest.raises(Invalid, match="email"):
        sign_in.ask(board, email, "en")
    with board.db.read() as session:
        assert session.scalars(sa.select(SignInCode.id)).all() == []
        assert session.scalars(sa.select(Member.id)).all() == []

"""A ban outlasts the erasure of whom it was for, without the address, and ends by itself."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa

from board import bans, confirmations, erasure, export, forgetting, kept_bans, moderation, sign_in
from board.bans import Ban
from board.context import Board
from board.db import now
from board.errors import NotAllowed
from board.kept_bans import KeptBan
from board.members import Member
from board.privacy import KEPT
from tests.factories import Factory
from tests.fakes import MailSink, work_off

BANNED = "banned@example.org"


def banned(board: Board, make: Factory) -> None:
    """Somebody whom a moderator has banned."""
    moderation.ban(board, make.member(), make.held(email=BANNED), "fraud")


def erased(board: Board, smtp: MailSink) -> None:
    """By the mailed link, which is open to whoever holds the address."""
    export.ask(board, BANNED, "en")
    work_off(board)
    opened = export.open_(board, smtp.token(BANNED, "by-link"))
    erasure.erase_by_link(board, opened.erase_token)


def kept(board: Board) -> list[KeptBan]:
    """The rows that stay."""
    with board.db.read() as session:
        return list(session.scalars(sa.select(KeptBan)))


def code_for(board: Board, smtp: MailSink) -> tuple[str, str]:
    """What the browser keeps, and the code of the mail."""
    browser = sign_in.ask(board, BANNED, "en")
    work_off(board)
    lines = [line.strip() for line in smtp.to(BANNED)[-1].get_content().splitlines()]
    return browser, next(line for line in lines if len(line) == 9 and line[4] == "-")


def test_who_was_banned_does_not_come_back_by_erasing(
    board: Board, make: Factory, smtp: MailSink
) -> None:
    """Neither with a listing nor an alert nor a sign-in; and nobody is a member by trying."""
    banned(board, make)
    erased(board, smtp)
    make.pending(email=BANNED)
    work_off(board)
    with pytest.raises(NotAllowed) as refusal:
        confirmations.act(board, smtp.token(BANNED))
    assert refusal.value.right == bans.BANNED
    with pytest.raises(NotAllowed):
        sign_in.enter(board, *code_for(board, smtp))
    with board.db.read() as session:
        assert session.scalar(sa.select(Member.id).where(Member.email == BANNED)) is None
        assert session.scalar(sa.select(sa.func.count(Ban.id))) == 0


def test_only_a_hash_a_reason_and_a_day_stay(board: Board, make: Factory, smtp: MailSink) -> None:
    """Without the key nobody can tell whose it is."""
    banned(board, make)
    erased(board, smtp)
    (row,) = kept(board)
    assert row.reason == "fraud"
    assert len(row.address_hash) == 64
    assert "banned" not in row.address_hash
    with board.db.read() as session:
        assert timedelta(days=364) < row.ends_at - now(session) <= kept_bans.LASTS


def test_it_ends_by_itself(board: Board, make: Factory, smtp: MailSink) -> None:
    """The day comes, the row goes, and the address is like any other."""
    banned(board, make)
    erased(board, smtp)
    board.db.clock_offset = kept_bans.LASTS + timedelta(minutes=1)
    sign_in.enter(board, *code_for(board, smtp))
    forgetting.forget_unconfirmed(board)
    assert kept(board) == []


@pytest.mark.parametrize("lifted", [True, False])
def test_without_a_ban_that_holds_nothing_stays(
    board: Board, make: Factory, smtp: MailSink, lifted: bool
) -> None:
    """One that was lifted, or never was."""
    make.open(email=BANNED)
    if lifted:
        banned(board, make)
        with board.db.write() as session:
            session.execute(sa.update(Ban).values(lifted_at=now(session)))
    erased(board, smtp)
    assert kept(board) == []
    sign_in.enter(board, *code_for(board, smtp))


def test_another_address_is_not_concerned(board: Board, make: Factory, smtp: MailSink) -> None:
    """The hash is of one address."""
    banned(board, make)
    erased(board, smtp)
    make.pending(email="other@example.org")
    work_off(board)
    assert confirmations.act(board, smtp.token("other@example.org")).public_id


def test_a_restored_backup_keeps_the_ban(board: Board, make: Factory, smtp: MailSink) -> None:
    """The ledger erases again, and the ban of the backup outlasts that too."""
    banned(board, make)
    with board.db.read() as session:
        member = session.scalars(sa.select(Member).where(Member.email == BANNED)).one()
        person = erasure.person_of(board, member)
        moment = now(session) + timedelta(seconds=1)
    entry = erasure.erasures.Entry.new(person.address_hash, person.member_id, moment)
    erasure.erasures.add_to_file(board.settings.ledger_path, [entry])
    assert erasure.apply(board) == 1
    assert [row.address_hash for row in kept(board)] == [person.address_hash]


def test_whoever_holds_the_address_is_told(board: Board, make: Factory, smtp: MailSink) -> None:
    """In the own data, without the hash; and the page about privacy says how long."""
    banned(board, make)
    erased(board, smtp)
    export.ask(board, BANNED, "en")
    work_off(board)
    data = export.open_(board, smtp.token(BANNED, "by-link")).data
    (part,) = [each for each in data.parts if each.name == "kept_bans"]
    assert part.rows[0]["reason"] == "fraud"
    assert "address_hash" not in part.rows[0]
    assert part.stays
    assert kept_bans.LASTS in {each.lasts for each in KEPT if "banned" in each.what}

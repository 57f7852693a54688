"""Between two members who blocked each other nothing passes, either way."""

from __future__ import annotations

import pytest

from board import answers, blocks, confirmations, dispatching, matching, members, outbox
from board.answers import NewAnswer
from board.context import Board
from board.errors import Invalid
from tests.factories import Factory
from tests.fakes import MailSink, work_off

ASKER, HELPER = "asker@example.org", "helper@example.org"


def block(board: Board, make: Factory, order: tuple[str, str]) -> None:
    """The first blocks the second; both become members."""
    with board.db.write() as session:
        first, second = (members.confirmed(session, email, "en").id for email in order)
        blocks.block(session, first, second)


def id_of(board: Board, email: str) -> int:
    """Id of a member."""
    with board.db.read() as session:
        member = members.by_email(session, email)
        assert member is not None
        return member.id


def test_a_block_is_seen_from_both_sides_and_taken_back_by_its_own(
    board: Board, make: Factory
) -> None:
    """Blocking twice is once; the other side cannot unblock."""
    one, two, three = make.member(), make.member(), make.member()
    with board.db.write() as session:
        blocks.block(session, one, two)
        blocks.block(session, one, two)
        assert blocks.between(session, one, two)
        assert blocks.between(session, two, one)
        assert not blocks.between(session, one, three)
        assert blocks.blocked_with(session, two) == {one}
        assert blocks.blocked_by(session, one) == [two]
        assert blocks.blocked_by(session, two) == []
        blocks.unblock(session, two, one)
        assert blocks.between(session, one, two)
        blocks.unblock(session, one, two)
        assert not blocks.between(session, one, two)
        with pytest.raises(Invalid):
            blocks.block(session, one, one)


@pytest.mark.parametrize("order", [None, (ASKER, HELPER), (HELPER, ASKER)])
def test_no_listing_is_shown(board: Board, make: Factory, order: tuple[str, str] | None) -> None:
    """Neither sees the other among the counterparts; somebody else and a guest see all."""
    request = make.open(email=ASKER)
    offer = make.offer(email=HELPER)
    other = make.offer()
    if order:
        block(board, make, order)

    def seen(viewer: int | None) -> set[str]:
        found = matching.counterparts(board, request.public_id, 2, viewer=viewer)
        return {each.listing.public_id for each in found.matches}

    both, left = {offer.public_id, other.public_id}, {other.public_id}
    assert seen(id_of(board, ASKER)) == (left if order else both)
    assert seen(make.member()) == seen(None) == both


@pytest.mark.parametrize("order", [None, (ASKER, HELPER), (HELPER, ASKER)])
@pytest.mark.parametrize("late", [False, True])
def test_no_alert_is_mailed(
    board: Board, make: Factory, smtp: MailSink, order: tuple[str, str] | None, late: bool
) -> None:
    """Also when the block comes between the alert and its mail."""
    make.alert(email=HELPER)
    if order and not late:
        block(board, make, order)
    make.open(email=ASKER, title="Needs a hand")
    if order and late:
        # What was written to the outbox before is looked at again.
        for row_id in outbox.due_ids(board.db)[:2]:
            dispatching.dispatch(board, row_id)
        block(board, make, order)
    work_off(board)
    told = [mail for mail in smtp.to(HELPER) if "Needs a hand" in mail["Subject"]]
    assert len(told) == (0 if order else 1)


@pytest.mark.parametrize("order", [None, (ASKER, HELPER), (HELPER, ASKER)])
@pytest.mark.parametrize("late", [False, True])
def test_no_message_is_passed_on(
    board: Board, make: Factory, smtp: MailSink, order: tuple[str, str] | None, late: bool
) -> None:
    """The writer sees what every writer sees: nobody is told of a block."""
    view = make.open(email=ASKER)
    if order and not late:
        block(board, make, order)
    answers.send(board, view.public_id, NewAnswer(email=HELPER, text="A secret greeting"))
    work_off(board)
    deed = confirmations.act(board, smtp.token(HELPER))
    assert deed.title == view.title
    if order and late:
        block(board, make, order)
    work_off(board)
    got = [mail for mail in smtp.to(ASKER) if "A secret greeting" in mail.get_content()]
    assert len(got) == (0 if order else 1)

"""What is said in a conversation, and to whom it goes."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa

from board import blocks, conversations, inbox, listings, messages
from board.audit import AuditEntry
from board.context import Board
from board.conversations import Conversation, Seat, Side
from board.errors import ConversationNotFound, Invalid
from board.messages import PER_DAY, TEXT_MAX, Message
from tests.factories import Factory
from tests.fakes import MailSink, work_off

ASKER, HELPER = "asker@example.org", "helper@example.org"


@pytest.fixture
def helper(board: Board, make: Factory) -> Seat:
    """The seat of a helper who has answered an asker."""
    return make.answered(make.open(email=ASKER), email=HELPER, text="Bonjour")


def other(seat: Seat) -> Seat:
    """The seat across."""
    return Seat(seat.conversation_id, seat.side.other)


def texts(board: Board, seat: Seat) -> list[str]:
    """What this side reads."""
    return [each.text for each in inbox.show(board, seat).messages]


def members_of(board: Board, seat: Seat) -> tuple[int, int]:
    """Ids of the poster and of the answerer."""
    with board.db.read() as session:
        row = session.get_one(Conversation, seat.conversation_id)
        assert row.answerer_id is not None
        return row.poster_id, row.answerer_id


def mails_with(smtp: MailSink, address: str, words: str) -> int:
    """How many mails to an address say this."""
    return sum(words in mail.get_content() for mail in smtp.to(address))


def test_words_go_to_the_other_side_and_to_nobody_else(
    board: Board, helper: Seat, smtp: MailSink
) -> None:
    """Both ways; each mail names neither address, and can be answered."""
    messages.write(board, other(helper), "Demain ?", "key-of-one-form")
    messages.write(board, helper, "D'accord !", "key-of-another")
    work_off(board)
    assert (mails_with(smtp, HELPER, "Demain ?"), mails_with(smtp, ASKER, "Demain ?")) == (1, 0)
    assert (mails_with(smtp, ASKER, "D'accord"), mails_with(smtp, HELPER, "D'accord")) == (1, 0)
    assert (
        texts(board, helper) == texts(board, other(helper)) == ["Bonjour", "Demain ?", "D'accord !"]
    )
    for mail in smtp.to(HELPER):
        assert ASKER not in mail.as_string()
    for mail in smtp.to(ASKER):
        assert HELPER not in mail.as_string()


def test_mails_of_one_conversation_are_shown_together(
    board: Board, helper: Seat, smtp: MailSink
) -> None:
    """One subject, one reference, one reply address; a Message-ID for each."""
    for number in range(3):
        messages.write(board, other(helper), f"Encore {number}", f"key-number-{number}")
    work_off(board)
    mails = [mail for mail in smtp.to(HELPER) if "Encore" in mail.get_content()]
    assert len({mail["Message-ID"] for mail in mails}) == 3
    for header in ("References", "In-Reply-To", "Reply-To", "Subject"):
        assert len({mail[header] for mail in mails}) == 1, header
    theirs = [mail for mail in smtp.to(ASKER) if mail["Reply-To"]]
    assert theirs[0]["Reply-To"] != mails[0]["Reply-To"]
    assert theirs[0]["References"] != mails[0]["References"]


def test_one_form_says_one_thing(board: Board, helper: Seat, smtp: MailSink) -> None:
    """The same key again changes nothing; the other side may use the same key."""
    for _ in range(2):
        messages.write(board, helper, "Une fois", "the-same-key")
    messages.write(board, other(helper), "Une fois", "the-same-key")
    assert texts(board, helper) == ["Bonjour", "Une fois", "Une fois"]


@pytest.mark.parametrize("text", ["", " \n", "x" * (TEXT_MAX + 1), "a\x00", "a\u202eb"])
def test_a_bad_text_is_refused(board: Board, helper: Seat, text: str) -> None:
    """Nothing is stored."""
    with pytest.raises(Invalid, match="text"):
        messages.write(board, helper, text, "a-key-of-a-form")
    with pytest.raises(Invalid, match="contact"):
        messages.share_contact(board, helper, text)
    assert texts(board, helper) == ["Bonjour"]


def test_a_contact_is_shared_once_and_recorded(board: Board, helper: Seat, smtp: MailSink) -> None:
    """By each side for itself; nothing but ids stands in the audit log."""
    messages.share_contact(board, helper, "+237 600 00 00 00")
    with pytest.raises(Invalid, match="already shared"):
        messages.share_contact(board, helper, "+237 611 11 11 11")
    messages.share_contact(board, other(helper), "Au marché, à midi")
    work_off(board)
    assert mails_with(smtp, ASKER, "+237 600 00 00 00") == 1
    view = inbox.show(board, helper)
    assert [each.kind for each in view.messages] == ["words", "contact", "contact"]
    assert view.contact_shared
    with board.db.read() as session:
        shared = session.scalars(
            sa.select(AuditEntry).where(AuditEntry.action == "contact-shared")
        ).all()
    assert {entry.member_id for entry in shared} == set(members_of(board, helper))
    assert {(entry.subject, entry.subject_id, entry.reason) for entry in shared} == {
        ("conversations", helper.conversation_id, "")
    }


def test_the_database_refuses_a_second_contact(board: Board, helper: Seat) -> None:
    """Also were two presses to pass the check at once."""
    with pytest.raises(sa.exc.IntegrityError), board.db.write() as session:
        for _ in range(2):
            session.add(
                Message(
                    conversation_id=helper.conversation_id,
                    side=Side.POSTER,
                    kind="contact",
                    text="x",
                    withheld=False,
                    created_at=sa.func.now(),
                )
            )


def test_unread_messages_come_first(board: Board, make: Factory, helper: Seat) -> None:
    """Until they are marked, or one answers; one's own are never unread."""
    poster, answerer = members_of(board, helper)
    with board.db.read() as session:
        view = listings.views(session, board, [session.get_one(Conversation, 1).listing_id])[0]
    board.db.clock_offset = timedelta(minutes=1)
    later = make.answered(view, text="Moi aussi")
    messages.write(board, other(later), "Merci", "a-key-of-a-form")
    listed = inbox.of_member(board, poster)
    assert [(each.unread, each.side) for each in listed] == [(1, "poster"), (0, "poster")]
    newest = inbox.show(board, other(helper)).newest
    messages.mark_read(board, other(helper), newest)
    assert [each.unread for each in inbox.of_member(board, poster)] == [0, 0]
    messages.mark_read(board, other(helper), 0)
    assert inbox.show(board, other(helper)).unread == 0
    messages.write(board, other(helper), "Et vous ?", "another-key-of-a-form")
    assert [each.unread for each in inbox.of_member(board, answerer)] == [1]


def test_marking_reads_no_further_than_this_conversation(
    board: Board, make: Factory, helper: Seat
) -> None:
    """A number from elsewhere does not mark what comes later."""
    messages.mark_read(board, other(helper), 10**15)
    messages.write(board, helper, "Encore", "a-key-of-a-form")
    assert inbox.show(board, other(helper)).unread == 1


def test_nobody_else_sits_here(board: Board, make: Factory, helper: Seat) -> None:
    """To a third member, and before the confirmation, the conversation does not exist."""
    poster, answerer = members_of(board, helper)
    public_id = inbox.show(board, helper).public_id
    assert conversations.seat_of_member(board, public_id, poster).side is Side.POSTER
    assert conversations.seat_of_member(board, public_id, answerer).side is Side.ANSWERER
    with pytest.raises(ConversationNotFound):
        conversations.seat_of_member(board, public_id, make.member())
    with pytest.raises(ConversationNotFound):
        conversations.seat_of_member(board, "AAAAAAAAAAAA", poster)
    assert inbox.of_member(board, make.member()) == []


@pytest.mark.parametrize("blocker", [Side.POSTER, Side.ANSWERER])
def test_across_a_block_nothing_passes(
    board: Board, helper: Seat, smtp: MailSink, blocker: Side
) -> None:
    """Who made it is told so; the other writes into the void, and is not told."""
    poster, answerer = members_of(board, helper)
    work_off(board)
    before = len(smtp.messages)
    pair = (poster, answerer) if blocker is Side.POSTER else (answerer, poster)
    with board.db.write() as session:
        blocks.block(session, *pair)
    theirs, mine = (
        Seat(helper.conversation_id, blocker.other),
        Seat(helper.conversation_id, blocker),
    )
    with pytest.raises(Invalid, match="blocked"):
        messages.write(board, mine, "Encore moi", "a-key-of-a-form")
    messages.write(board, theirs, "Pourquoi ?", "a-key-of-a-form")
    assert texts(board, theirs) == ["Bonjour", "Pourquoi ?"]
    assert texts(board, mine) == ["Bonjour"]
    assert inbox.of_member(board, pair[0])[0].unread == inbox.show(board, mine).unread
    work_off(board)
    assert len(smtp.messages) == before
    with board.db.write() as session:
        blocks.unblock(session, *pair)
    assert texts(board, mine) == ["Bonjour"]


def test_a_message_that_waits_when_the_block_comes_is_not_sent(
    board: Board, helper: Seat, smtp: MailSink
) -> None:
    """The reason is looked at again just before sending."""
    work_off(board)
    messages.write(board, helper, "Trop tard", "a-key-of-a-form")
    with board.db.write() as session:
        blocks.block(session, *members_of(board, helper))
    work_off(board)
    assert mails_with(smtp, ASKER, "Trop tard") == 0


def test_writing_goes_on_for_two_weeks_after_the_end(board: Board, helper: Seat) -> None:
    """Then the conversation can still be read."""
    with board.db.write() as session:
        row = session.get_one(Conversation, helper.conversation_id)
        listings.close(session, session.get_one(listings.Listing, row.listing_id), "poster")
    board.db.clock_offset = timedelta(days=13, hours=23)
    messages.write(board, helper, "Encore une chose", "a-key-of-a-form")
    board.db.clock_offset = timedelta(days=14, hours=1)
    with pytest.raises(Invalid, match="two weeks"):
        messages.write(board, helper, "Trop tard", "another-key-of-a-form")
    shown = inbox.show(board, helper)
    assert [each.text for each in shown.messages] == ["Bonjour", "Encore une chose"]
    assert shown.silence is not None


def test_nobody_floods_a_mailbox(board: Board, helper: Seat) -> None:
    """The cap is per side, and a day later one can go on."""
    for number in range(PER_DAY - 1):
        messages.write(board, helper, f"{number}", f"key-number-{number}")
    with pytest.raises(Invalid, match=f"{PER_DAY} messages"):
        messages.write(board, helper, "Un de trop", "a-key-of-a-form")
    messages.write(board, other(helper), "Moi, j'ai peu dit", "a-key-of-a-form")
    board.db.clock_offset = timedelta(days=1, minutes=1)
    messages.write(board, helper, "Un autre jour", "a-key-of-a-form")

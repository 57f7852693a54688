"""What moderators decide about messages, and who may."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
import sqlalchemy as sa

from board import inbox, messages, moderation, reports, roles
from board.audit import AuditEntry
from board.context import Board
from board.conversations import Conversation, Seat, Side
from board.db import Database
from board.errors import AlreadyDecided, CaseNotFound, Invalid
from board.i18n import translations
from board.reasons import REFUSAL_OF_MESSAGES
from board.reports import Report
from board.scanning import Part
from tests.factories import Factory
from tests.fakes import MailSink, work_off

ASKER, HELPER = "asker@example.org", "helper@example.org"
PHONE = "Tél. 06 12 34 56 78, merci"


@pytest.fixture
def moderator(make: Factory) -> int:
    """Id of a moderator."""
    return make.member(roles=["moderator"])


@pytest.fixture
def helper(board: Board, make: Factory) -> Seat:
    """The seat of a helper who has answered an asker."""
    view = make.open(email=ASKER, title="Courses")
    return make.answered(view, email=HELPER, text="Bonjour", locale="es")


def other(seat: Seat) -> Seat:
    """The seat across."""
    return Seat(seat.conversation_id, seat.side.other)


def hold(board: Board, seat: Seat, moderator: int, text: str = PHONE, key: str = "a-key") -> int:
    """Say something that waits; returns the id of its case."""
    messages.write(board, seat, text, key)
    return moderation.queue(board, moderator).waiting[-1].id


def texts(board: Board, seat: Seat) -> list[str]:
    """What this side reads."""
    return [each.text for each in inbox.show(board, seat).messages]


def deeds(board: Board) -> list[tuple[str, int | None, str]]:
    """(action, who, reason) of what the audit log says of cases and bans."""
    with board.db.read() as session:
        rows = session.scalars(
            sa.select(AuditEntry)
            .where(AuditEntry.action.like("message-%") | AuditEntry.action.like("member-%"))
            .order_by(AuditEntry.id)
        )
        return [(row.action, row.member_id, row.reason) for row in rows]


def test_the_queue_has_both_kinds_oldest_first(
    board: Board, make: Factory, moderator: int, helper: Seat
) -> None:
    """A message with its reasons, its marks, what it is about, and its writer in counts."""
    first = make.held()
    board.db.clock_offset = timedelta(minutes=1)
    case = hold(board, helper, moderator)
    queue = moderation.queue(board, moderator)
    assert ([each.id for each in queue.waiting], queue.total) == ([first, case], 2)
    waiting = moderation.case(board, moderator, case)
    assert waiting == queue.waiting[1]
    assert waiting.reasons == ("phone",)
    assert waiting.text == (Part("Tél. "), Part("06 12 34 56 78", ("phone",)), Part(", merci"))
    assert (waiting.title, waiting.listing.categories) == ((Part("Courses"),), ("groceries",))
    assert waiting.said is not None
    assert (waiting.said.side, waiting.said.kind) == (Side.ANSWERER, "words")
    assert (waiting.said.passed, waiting.said.agreed) == (False, False)
    assert waiting.history is not None and waiting.history.posted == 0
    assert ASKER not in repr(waiting) and HELPER not in repr(waiting)
    assert "Bonjour" not in repr(waiting)


def test_approved_it_arrives_now(
    board: Board, make: Factory, moderator: int, helper: Seat, smtp: MailSink
) -> None:
    """By mail and in the app: after what was said meanwhile, unread, with the time of now."""
    case = hold(board, helper, moderator)
    messages.write(board, helper, "Encore une chose", "another-key")
    messages.mark_read(board, other(helper), inbox.show(board, other(helper)).newest)
    board.db.clock_offset = timedelta(hours=5)
    moderation.approve(board, moderator, case)
    work_off(board)
    view = inbox.show(board, other(helper))
    assert [each.text for each in view.messages] == ["Bonjour", "Encore une chose", PHONE]
    assert [each.unread for each in view.messages] == [False, False, True]
    assert view.messages[2].created_at - view.messages[1].created_at > timedelta(hours=4)
    assert [PHONE in mail.get_content() for mail in smtp.to(ASKER)].count(True) == 1
    assert texts(board, helper) == texts(board, other(helper))
    assert deeds(board) == [
        ("message-held", None, "phone"),
        ("message-approved", moderator, ""),
    ]
    assert moderation.queue(board, moderator).total == 0
    with pytest.raises(AlreadyDecided):
        moderation.case(board, moderator, case)


@pytest.mark.parametrize("locale", ["fr", "en", "es", "pt", "ar"])
def test_a_refusal_is_mailed_with_its_reason_in_the_language_of_the_writer(
    board: Board, make: Factory, moderator: int, smtp: MailSink, locale: str
) -> None:
    """Its writer alone keeps it, with the reason on the page; the other side never knows."""
    seat = make.answered(make.open(email=ASKER), email=HELPER, text="Bonjour", locale=locale)
    case = hold(board, seat, moderator)
    moderation.refuse(board, moderator, case, "contact")
    work_off(board)
    mail = smtp.to(HELPER)[-1]
    assert mail["Content-Language"] == locale
    said = " ".join(mail.get_content().split())
    assert " ".join(translations(locale).gettext(REFUSAL_OF_MESSAGES["contact"]).split()) in said
    assert "06 12 34 56 78" in said
    mine = inbox.show(board, seat).messages[-1]
    assert (mine.state, mine.refused_for) == ("refused", REFUSAL_OF_MESSAGES["contact"])
    assert texts(board, other(seat)) == ["Bonjour"]
    assert not any("06 12" in mail.as_string() for mail in smtp.to(ASKER))
    assert deeds(board)[-1] == ("message-refused", moderator, "contact")
    assert moderation.queue(board, moderator).total == 0


def test_reasons_are_of_the_list_and_a_change_is_asked_of_listings_alone(
    board: Board, moderator: int, helper: Seat
) -> None:
    """Every listed reason fits; others change nothing."""
    for number, reason in enumerate(REFUSAL_OF_MESSAGES):
        case = hold(board, helper, moderator, key=f"key-{number}")
        moderation.refuse(board, moderator, case, reason)
    case = hold(board, helper, moderator, key="the-last-key")
    for decide in (moderation.refuse, moderation.ban):
        with pytest.raises(Invalid):
            decide(board, moderator, case, "because")
    with pytest.raises(CaseNotFound):
        moderation.ask_edit(board, moderator, case, "contact")
    assert moderation.queue(board, moderator).total == 1


def test_a_ban_stops_whatever_waits(
    board: Board, make: Factory, moderator: int, helper: Seat, smtp: MailSink
) -> None:
    """Of the banned writer; what others wrote still waits."""
    case = hold(board, helper, moderator)
    hold(board, helper, moderator, "PayPal !", "another-key")
    messages.write(board, other(helper), "Mon numéro : 06 98 76 54 32", "a-key")
    moderation.ban(board, moderator, case, "fraud")
    work_off(board)
    assert [each.said.side for each in moderation.queue(board, moderator).waiting if each.said] == [
        Side.POSTER
    ]
    assert [each.state for each in inbox.show(board, helper).messages] == [
        "sent",
        "refused",
        "refused",
    ]
    assert ("member-banned", moderator, "fraud") in deeds(board)
    assert not any("PayPal" in mail.as_string() for mail in smtp.to(ASKER))


@pytest.mark.parametrize("party", [ASKER, HELPER])
def test_one_of_the_two_neither_sees_nor_decides(
    board: Board, make: Factory, moderator: int, helper: Seat, party: str
) -> None:
    """As if there were no such case: the other side's words are not read through the queue."""
    case = hold(board, helper, moderator)
    roles.grant(board, party, "moderator")
    with board.db.read() as session:
        row = session.get_one(Conversation, helper.conversation_id)
        mine = row.poster_id if party == ASKER else row.answerer_id
    assert mine is not None
    queue = moderation.queue(board, mine)
    assert (queue.waiting, queue.total) == ((), 0)
    with pytest.raises(CaseNotFound):
        moderation.case(board, mine, case)
    with pytest.raises(CaseNotFound):
        moderation.approve(board, mine, case)
    for decide in (moderation.refuse, moderation.ban):
        with pytest.raises(CaseNotFound):
            decide(board, mine, case, "illegal")
    assert texts(board, other(helper)) == ["Bonjour"]
    assert moderation.queue(board, moderator).total == 1


def test_two_moderators_at_once(
    board: Board, make: Factory, moderator: int, helper: Seat, smtp: MailSink
) -> None:
    """One decides; the other is told who did; nothing is done twice."""
    case, second = hold(board, helper, moderator), make.member(roles=["moderator"])
    there = Board(
        **{
            **{name: getattr(board, name) for name in Board.__slots__},
            "db": Database(board.settings.database_url),
        }
    )
    start = threading.Barrier(2)
    done: list[str] = []
    told: list[AlreadyDecided] = []

    def run(here: Board, who: int, name: str) -> None:
        start.wait()
        try:
            if name == "approve":
                moderation.approve(here, who, case)
            else:
                moderation.refuse(here, who, case, "contact")
            done.append(name)
        except AlreadyDecided as error:
            told.append(error)

    threads = [
        threading.Thread(target=run, args=(board, moderator, "approve")),
        threading.Thread(target=run, args=(there, second, "refuse")),
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    there.db.close()
    assert len(done) == len(told) == 1
    winner = moderator if done == ["approve"] else second
    assert (told[0].by, told[0].decision, told[0].subject) == (winner, done[0], "message")
    assert [who for _, who, _ in deeds(board)] == [None, winner]
    work_off(board)
    carried = [PHONE in mail.get_content() for mail in smtp.to(ASKER)].count(True)
    assert carried == (1 if done == ["approve"] else 0)


def test_a_report_brings_a_message_into_the_queue(
    board: Board, make: Factory, moderator: int, helper: Seat, smtp: MailSink
) -> None:
    """By whoever got it, once; it stays until it is refused, and its writer is told by mail."""
    newest = inbox.show(board, other(helper)).newest
    for _ in range(2):
        reports.report_message(board, other(helper), newest, "scam", "Il veut de l’argent")
    waiting = moderation.queue(board, moderator).waiting
    assert [(each.reasons, each.reports) for each in waiting] == [
        (("reports",), (("scam", "Il veut de l’argent"),))
    ]
    assert waiting[0].said is not None and waiting[0].said.passed
    assert texts(board, other(helper)) == ["Bonjour"]
    moderation.refuse(board, moderator, waiting[0].id, "money")
    work_off(board)
    assert texts(board, other(helper)) == []
    assert texts(board, helper) == ["Bonjour"]
    assert "Bonjour" in smtp.to(HELPER)[-1].get_content()
    with board.db.read() as session:
        assert session.scalar(sa.select(sa.func.count(Report.id))) == 1


def test_approving_what_was_only_reported_sends_nothing_again(
    board: Board, moderator: int, helper: Seat, smtp: MailSink
) -> None:
    """It was passed on when it was written."""
    work_off(board)
    reports.report_message(board, other(helper), inbox.show(board, other(helper)).newest, "spam")
    moderation.approve(board, moderator, moderation.queue(board, moderator).waiting[0].id)
    assert work_off(board) == 0
    assert texts(board, other(helper)) == ["Bonjour"]


def test_what_cannot_be_reported(board: Board, make: Factory, helper: Seat, moderator: int) -> None:
    """One's own, another conversation's, what one does not see; a reason that is not listed."""
    hold(board, helper, moderator)
    elsewhere = make.answered(make.open(), text="Ailleurs")
    numbers = {
        "own": inbox.show(board, helper).messages[0].id,
        "held": inbox.show(board, helper).newest,
        "elsewhere": inbox.show(board, elsewhere).newest,
        "none": 4711,
    }
    for name, number in numbers.items():
        seat = helper if name == "own" else other(helper)
        with pytest.raises(Invalid, match="message"):
            reports.report_message(board, seat, number, "scam")
    with pytest.raises(Invalid, match="reason"):
        reports.report_message(board, other(helper), numbers["own"], "because")
    assert moderation.queue(board, moderator).total == 1

"""What moderators decide, what each decision does, and two of them at once."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from datetime import timedelta

import pytest
import sqlalchemy as sa

from board import (
    bans,
    holding,
    inbox,
    listings,
    messages,
    moderation,
    reports,
    rewording,
    searching,
    sessions,
    sign_in,
)
from board.alerts import Alert, AlertStatus
from board.audit import AuditEntry
from board.context import Board
from board.db import Database
from board.errors import (
    AlreadyDecided,
    CaseNotFound,
    Invalid,
    LinkRefused,
    ListingNotFound,
    NotAllowed,
)
from board.i18n import translations
from board.limits import Visitor
from board.listings import Listing, Status
from board.members import Member
from board.reasons import BAN, REFUSAL
from board.rewording import Words
from board.scanning import Part
from tests.factories import Factory
from tests.fakes import MailSink, work_off

POSTER = "poster@example.org"


@pytest.fixture
def moderator(make: Factory) -> int:
    """Id of a moderator."""
    return make.member(roles=["moderator"])


def deeds(board: Board) -> list[tuple[str, int | None, str]]:
    """(action, who, reason) of the audit log, oldest first, without the confirmations."""
    with board.db.read() as session:
        rows = session.scalars(sa.select(AuditEntry).order_by(AuditEntry.id))
        return [
            (row.action, row.member_id, row.reason)
            for row in rows
            if row.action != "listing-confirmed"
        ]


def test_the_queue_is_oldest_first_with_reasons_marks_and_history(
    board: Board, make: Factory, moderator: int
) -> None:
    """A moderator sees why, where in the text, and who it is in counts."""
    make.open(email=POSTER)
    first = make.held(email=POSTER, title="Courses", text="Tél. 06 12 34 56 78, merci")
    second = make.held(text="", categories=("childcare",))
    queue = moderation.queue(board, moderator)
    assert [each.id for each in queue.waiting] == [first, second]
    assert queue.total == 2
    waiting = queue.waiting[0]
    assert waiting.reasons == ("phone",)
    assert waiting.text == (Part("Tél. "), Part("06 12 34 56 78", ("phone",)), Part(", merci"))
    assert waiting.history is not None
    assert (waiting.history.posted, waiting.history.opened, waiting.history.refused) == (2, 1, 0)
    assert not waiting.own
    assert waiting.listing.state == "held"
    assert moderation.case(board, moderator, first) == waiting


@pytest.mark.parametrize("locale", ["fr", "en", "es", "pt", "ar"])
def test_a_refusal_is_mailed_with_its_reason_in_the_language_of_the_poster(
    board: Board, make: Factory, smtp: MailSink, moderator: int, locale: str
) -> None:
    """It is off the board for good, and the text comes back so that it can be written anew."""
    case = make.held(email=POSTER, locale=locale)
    moderation.refuse(board, moderator, case, "contact")
    work_off(board)
    mail = smtp.to(POSTER)[-1]
    assert mail["Content-Language"] == locale
    said = " ".join(mail.get_content().split())
    assert " ".join(translations(locale).gettext(REFUSAL["contact"]).split()) in said
    assert searching.search(board, searching.ListingFilter()).items == ()
    assert deeds(board)[-1] == ("listing-refused", moderator, "contact")


def test_every_listed_reason_can_be_given(board: Board, make: Factory, moderator: int) -> None:
    """All codes fit their columns; others are refused and change nothing."""
    for reason in REFUSAL:
        moderation.refuse(board, moderator, make.held(), reason)
    for reason in BAN:
        moderation.ban(board, moderator, make.held(), reason)
    case = make.held()
    for decide in (moderation.refuse, moderation.ask_edit, moderation.ban):
        with pytest.raises(Invalid):
            decide(board, moderator, case, "because")
    assert moderation.queue(board, moderator).total == 1


def test_a_change_that_was_asked_for_is_made_once_and_judged_again(
    board: Board, make: Factory, smtp: MailSink, moderator: int
) -> None:
    """Through a mailed link; the case comes back with what is found in the new words."""
    case = make.held(email=POSTER, title="Courses")
    moderation.ask_edit(board, moderator, case, "contact")
    work_off(board)
    token = smtp.token(POSTER, "rewording")
    assert rewording.show(board, token).title == "Courses"
    with pytest.raises(Invalid):
        rewording.reword(board, token, Words("", "nothing"))
    rewording.reword(board, token, Words("Courses du mardi", "Contact : zoe@example.org"))
    again = moderation.queue(board, moderator).waiting
    assert [(each.listing.title, each.reasons) for each in again] == [
        ("Courses du mardi", ("email", "edited"))
    ]
    with pytest.raises(LinkRefused):
        rewording.reword(board, token, Words("Courses", "un autre texte"))
    moderation.approve(board, moderator, again[0].id)
    found = searching.search(board, searching.ListingFilter(words="mardi")).items
    assert [each.title for each in found] == ["Courses du mardi"]
    actions = [action for action, _, _ in deeds(board)]
    assert actions == ["listing-held", "edit-asked", "listing-reworded", "listing-approved"]


def test_other_links_do_not_edit(board: Board, make: Factory, smtp: MailSink) -> None:
    """A link does what it is for, and nothing else."""
    make.pending(email=POSTER)
    work_off(board)
    with pytest.raises(LinkRefused):
        rewording.show(board, smtp.token(POSTER))
    with pytest.raises(LinkRefused):
        bans.banned_for(board, smtp.token(POSTER))


def test_words_changed_by_another_door_are_judged_too(board: Board, make: Factory) -> None:
    """Whoever edits an open listing does not get past the moderators."""
    view = make.open()
    with board.db.write() as session:
        listing = session.get_one(Listing, view.id)
        listing.text = "WhatsApp 06 12 34 56 78"
        assert holding.judge_again(session, board, listing)
    with pytest.raises(ListingNotFound):
        listings.get(board, view.public_id)


def test_a_ban_ends_sessions_and_closes_conversations(
    board: Board, make: Factory, smtp: MailSink, moderator: int
) -> None:
    """On both sides; what was said can be read, and nobody writes or signs in any more."""
    view = make.open(email=POSTER)
    asked = make.answered(view, email="helper@example.org")
    answered = make.answered(make.open(), email=POSTER)
    with board.db.write() as session:
        member = session.scalars(sa.select(Member).where(Member.email == POSTER)).one()
        token = sessions.open_(session, member.id)
    moderation.ban(board, moderator, make.held(email=POSTER), "fraud")
    work_off(board)
    assert sessions.of(board, token) is None
    for seat in (asked, answered):
        assert "closed" in (inbox.show(board, seat).silence or "")
        with pytest.raises(Invalid):
            messages.write(board, seat, "Encore un mot", "a-message-key")
    with pytest.raises(NotAllowed):
        make.answered(make.open(), email=POSTER)
    browser = sign_in.ask(board, POSTER, "fr")
    work_off(board)
    code = re.search(r"[A-Z2-9]{4}-[A-Z2-9]{4}", smtp.to(POSTER)[-1].get_content())
    assert code
    with pytest.raises(NotAllowed):
        sign_in.enter(board, browser, code[0])


def test_a_ban_ends_everything_and_allows_one_appeal(
    board: Board, make: Factory, smtp: MailSink, moderator: int
) -> None:
    """Listings and alerts end; the address posts no more; another moderator reads the appeal."""
    view = make.open(email=POSTER)
    make.alert(email=POSTER)
    moderation.ban(board, moderator, make.held(email=POSTER), "fraud")
    work_off(board)
    assert listings.get(board, view.public_id).state == "closed"
    with board.db.read() as session:
        assert session.scalars(sa.select(Alert.status)).all() == [AlertStatus.ENDED]
    public_id = make.pending(email=POSTER)
    with pytest.raises(NotAllowed):
        make.confirm(public_id)
    with pytest.raises(NotAllowed):
        make.alert(email=POSTER)
    token = smtp.token(POSTER, "appeals")
    assert bans.banned_for(board, token) == "fraud"
    with pytest.raises(Invalid):
        bans.appeal(board, token, "  ")
    bans.appeal(board, token, "C’est une erreur.")
    with pytest.raises(LinkRefused):
        bans.appeal(board, token, "Encore")
    assert moderation.queue(board, moderator).appeals == 1
    waiting = bans.appeals(board, moderator)[0]
    assert (waiting.text, waiting.own) == ("C’est une erreur.", True)


@pytest.mark.parametrize("lift", [True, False])
def test_a_moderator_other_than_the_one_who_banned_decides(
    board: Board, make: Factory, smtp: MailSink, moderator: int, lift: bool
) -> None:
    """Lifted, the address may post again; upheld, it may not; either way its owner is told."""
    moderation.ban(board, moderator, make.held(email=POSTER), "spam")
    work_off(board)
    bans.appeal(board, smtp.token(POSTER, "appeals"), "Une erreur.")
    ban_id = bans.appeals(board, moderator)[0].ban_id
    with pytest.raises(NotAllowed):
        bans.decide(board, moderator, ban_id, lift=lift)
    other = make.member(roles=["moderator"])
    bans.decide(board, other, ban_id, lift=lift)
    with pytest.raises(AlreadyDecided):
        bans.decide(board, other, ban_id, lift=not lift)
    work_off(board)
    said = smtp.to(POSTER)[-1]["Subject"]
    public_id = make.pending(email=POSTER)
    if lift:
        assert said == "Vous pouvez de nouveau utiliser le site"
        make.confirm(public_id)
    else:
        assert said == "Votre exclusion est maintenue"
        with pytest.raises(NotAllowed):
            make.confirm(public_id)
    assert deeds(board)[-1][:2] == ("ban-lifted" if lift else "ban-upheld", other)


def test_the_database_itself_refuses_a_judge_in_their_own_case(
    board: Board, make: Factory, moderator: int
) -> None:
    """Also when the code forgets to ask."""
    moderation.ban(board, moderator, make.held(email=POSTER), "spam")
    with pytest.raises(sa.exc.IntegrityError), board.db.write() as session:
        session.execute(sa.text("UPDATE bans SET appeal_decided_by = banned_by"))


def test_nobody_decides_about_a_listing_of_their_own(board: Board, make: Factory) -> None:
    """A moderator who posts waits like everybody."""
    case = make.held(email="moderator@example.org")
    with board.db.read() as session:
        own = session.scalar(sa.select(Member.id).where(Member.email == "moderator@example.org"))
    assert own is not None
    assert moderation.queue(board, own).waiting[0].own
    with pytest.raises(NotAllowed):
        moderation.approve(board, own, case)
    moderation.approve(board, make.member(), case)


def test_unknown_cases_are_told(board: Board, moderator: int) -> None:
    """A number that was typed."""
    for act in (moderation.case, moderation.approve):
        with pytest.raises(CaseNotFound):
            act(board, moderator, 4711)


def test_two_moderators_at_once(board: Board, make: Factory, moderator: int) -> None:
    """One decides; the other is told who did, and what; nothing is done twice."""
    case, other = make.held(email=POSTER), make.member(roles=["moderator"])
    second = Board(
        **{
            **{name: getattr(board, name) for name in Board.__slots__},
            "db": Database(board.settings.database_url),
        }
    )
    start = threading.Barrier(2)
    told: list[AlreadyDecided] = []
    done: list[str] = []

    def run(here: Board, who: int, name: str, act: Callable[[Board, int], None]) -> None:
        start.wait()
        try:
            act(here, who)
            done.append(name)
        except AlreadyDecided as error:
            told.append(error)

    threads = [
        threading.Thread(
            target=run,
            args=(board, moderator, "approve", lambda b, m: moderation.approve(b, m, case)),
        ),
        threading.Thread(
            target=run,
            args=(second, other, "refuse", lambda b, m: moderation.refuse(b, m, case, "unclear")),
        ),
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    second.db.close()
    assert len(done) == len(told) == 1
    winner = moderator if done == ["approve"] else other
    assert (told[0].by, told[0].decision, told[0].own) == (winner, done[0], False)
    acts = [deed for deed in deeds(board) if deed[0] != "listing-held"]
    assert [who for _, who, _ in acts] == [winner]


def test_the_same_moderator_who_presses_twice_is_told_so(
    board: Board, make: Factory, moderator: int
) -> None:
    """Nothing happens a second time."""
    case = make.held()
    moderation.approve(board, moderator, case)
    with pytest.raises(AlreadyDecided) as told:
        moderation.refuse(board, moderator, case, "unclear")
    assert told.value.own
    assert len(searching.search(board, searching.ListingFilter()).items) == 1


def test_a_day_has_room_for_ten_listings_of_one_member(board: Board, make: Factory) -> None:
    """The eleventh link stays whole and works tomorrow."""
    for _ in range(10):
        make.confirm(make.pending(email=POSTER))
    public_id = make.pending(email=POSTER)
    with pytest.raises(Invalid, match="10"):
        make.confirm(public_id)
    board.db.clock_offset = timedelta(hours=25)
    make.confirm(public_id)
    with board.db.read() as session:
        found = session.scalar(sa.select(Listing.status).where(Listing.public_id == public_id))
    assert found == Status.OPEN


def test_approving_what_was_only_reported_tells_nobody_again(
    board: Board, make: Factory, smtp: MailSink, moderator: int
) -> None:
    """It was announced when it opened."""
    make.alert(email="volunteer@example.org")
    view = make.open(email=POSTER)
    work_off(board)
    reports.report(board, view.public_id, "spam", visitor=Visitor("81.2.69.1"))
    moderation.approve(board, moderator, moderation.queue(board, moderator).waiting[0].id)
    assert work_off(board) == 0
    assert len(smtp.to("volunteer@example.org")) == 1

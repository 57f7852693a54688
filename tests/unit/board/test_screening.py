"""Which messages a moderator reads first, and that the other side knows nothing of them before."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa

from board import (
    answering,
    blocks,
    confirmations,
    conversations,
    export,
    extensions,
    inbox,
    messages,
    moderation,
    outcomes,
    relays,
    screening,
)
from board.answering import NewAnswer
from board.context import Board
from board.conversations import Conversation, Seat
from board.errors import Invalid
from board.messages import MessageKind
from board.outcomes import Action
from tests.factories import Factory
from tests.fakes import MailSink, work_off

ASKER, HELPER = "asker@example.org", "helper@example.org"
PHONE = "Appelez-moi au 06 12 34 56 78."

#: Text → reasons before the two have agreed, after it, and where it is shared as a contact.
RULE: list[tuple[str, tuple[str, ...], tuple[str, ...], tuple[str, ...]]] = [
    (PHONE, ("phone",), (), ()),
    ("zéro six, douze, trente-quatre, cinquante-six, soixante-dix-huit", ("phone",), (), ()),
    ("Écrivez à marie arobase gmail point com", ("email",), (), ()),
    ("On se parle sur WhatsApp ?", ("messaging",), (), ()),
    ("12 rue de la Paix, 75002 Paris, à 18h30, 3e étage", (), (), ()),
    ("Mon compte : FR76 3000 6000 0112 3456 7890 189", ("iban",), ("iban",), ("iban",)),
    ("Envoyez par Western Union", ("payment",), ("payment",), ("payment",)),
    ("J’ai besoin de 200 € pour le visa", ("money",), ("money",), ("money",)),
    ("Je donne du Tramadol", ("prescription",), ("prescription",), ("prescription",)),
    ("06 12 34 56 78, puis PayPal", ("phone", "payment"), ("payment",), ("payment",)),
    ("Mon mari me frappe, venez vite", (), (), ()),
    ("Demain à dix heures devant la pharmacie ?", (), (), ()),
]


@pytest.fixture
def helper(board: Board, make: Factory) -> Seat:
    """The seat of a helper who has answered an asker."""
    return make.answered(make.open(email=ASKER), email=HELPER, text="Bonjour")


def other(seat: Seat) -> Seat:
    """The seat across."""
    return Seat(seat.conversation_id, seat.side.other)


def shown(board: Board, seat: Seat) -> list[tuple[str, str]]:
    """(text, state) of what this side reads."""
    return [(each.text, each.state) for each in inbox.show(board, seat).messages]


def id_of(board: Board, seat: Seat) -> int:
    """Id of the member of a seat."""
    with board.db.read() as session:
        member_id = session.get_one(Conversation, seat.conversation_id).member_id(seat.side)
        assert member_id is not None
        return member_id


@pytest.mark.parametrize(("text", "before", "after", "as_contact"), RULE)
def test_the_rule(
    text: str, before: tuple[str, ...], after: tuple[str, ...], as_contact: tuple[str, ...]
) -> None:
    """Contact data waits until the two have agreed or one shares it; money always waits."""
    assert screening.reasons(text, agreed=False) == before
    assert screening.reasons(text, agreed=True) == after
    assert screening.reasons(text, agreed=False, is_contact=True) == as_contact


@pytest.mark.parametrize(
    ("deeds", "free"),
    [
        ([], False),
        (["accept"], True),
        (["accept", "done"], True),
        (["accept", "not-done"], False),
        (["accept", "withdraw"], False),
        (["decline"], False),
        (["withdraw"], False),
    ],
)
def test_a_telephone_number_passes_once_both_have_agreed(
    board: Board, helper: Seat, deeds: list[str], free: bool
) -> None:
    """In both directions; and waits again when somebody has stepped back."""
    for deed in deeds:
        seat = helper if deed == "withdraw" else other(helper)
        outcomes.decide(board, seat, Action(deed))
    messages.write(board, helper, PHONE, "a-key-of-a-form")
    messages.write(board, other(helper), PHONE, "a-key-of-a-form")
    state = "sent" if free else "held"
    assert [each for each in shown(board, helper) if each == (PHONE, state)]
    assert ((PHONE, "sent") in shown(board, other(helper))) is free


def test_a_shared_contact_is_free(board: Board, helper: Seat, smtp: MailSink) -> None:
    """It is the way that the board offers; an account beside it waits, and is said anew after."""
    messages.share_contact(board, helper, "06 12 34 56 78, zoe@example.org, WhatsApp")
    work_off(board)
    assert any("zoe@example.org" in mail.get_content() for mail in smtp.to(ASKER))
    messages.share_contact(board, other(helper), "06 11, IBAN FR76 3000 6000 0112 3456 7890 189")
    with pytest.raises(Invalid, match="already shared"):
        messages.share_contact(board, other(helper), "06 11 22 33 44")
    with board.db.write() as session:
        messages.refuse_held(session, id_of_in(session, other(helper)))
    messages.share_contact(board, other(helper), "06 11 22 33 44")
    assert [each.kind for each in inbox.show(board, helper).messages] == [
        MessageKind.WORDS,
        MessageKind.CONTACT,
        MessageKind.CONTACT,
    ]


def id_of_in(session: sa.orm.Session, seat: Seat) -> int:
    """Id of the member of a seat."""
    return session.get_one(Conversation, seat.conversation_id).member_id(seat.side) or 0


def test_the_other_side_knows_nothing_of_it(board: Board, helper: Seat, smtp: MailSink) -> None:
    """No text, number, order, time, mail or row of the export differs from before."""
    asker = id_of(board, other(helper))
    work_off(board)

    def seen() -> list[object]:
        data = export.of_member(board, asker)
        return [
            inbox.show(board, other(helper)),
            inbox.of_member(board, asker),
            [(part.name, part.rows) for part in data.parts],
            len(smtp.to(ASKER)),
        ]

    before = seen()
    messages.write(board, helper, PHONE, "a-key-of-a-form")
    messages.write(board, helper, "Envoyez par PayPal", "another-key-of-a-form")
    work_off(board)
    assert seen() == before
    assert shown(board, helper)[1:] == [(PHONE, "held"), ("Envoyez par PayPal", "held")]
    board.db.clock_offset = timedelta(minutes=1)
    messages.write(board, helper, "Merci", "a-third-key-of-a-form")
    assert seen() != before


def test_a_first_message_that_waits_is_no_conversation_to_the_poster(
    board: Board, make: Factory, smtp: MailSink
) -> None:
    """Not in the list, the export, the relay's count, nor by a mail when the answerer withdraws."""
    view = make.open(email=ASKER)
    make.open(email=HELPER, locale="en")
    work_off(board)
    before = len(smtp.to(ASKER))
    answering.answer(board, view.public_id, NewAnswer(email=HELPER, text=PHONE, locale="en"))
    work_off(board)
    deed = confirmations.act(board, smtp.token(HELPER))
    assert deed.conversation_token
    seat = conversations.seat_of_link(board, deed.conversation_token)
    work_off(board)
    opened = " ".join(smtp.to(HELPER)[-1].get_content().split())
    assert "A person of the board reads it before it goes on" in opened
    assert shown(board, seat) == [(PHONE, "held")]
    outcomes.decide(board, seat, Action.WITHDRAW)
    asker = id_of(board, other(seat))
    board.db.clock_offset = timedelta(days=27, minutes=1)
    extensions.ask(board)
    work_off(board)
    assert [mail for mail in smtp.to(ASKER)[before:] if mail["Reply-To"]] == []
    assert inbox.of_member(board, asker) == []
    parts = {part.name: part.rows for part in export.of_member(board, asker).parts}
    assert [parts[name] for name in ("conversations", "outcomes", "messages", "cases")] == [()] * 4
    assert [row["purpose"] for row in parts["outbox"] if "conv" in str(row["purpose"])] == []
    own = {part.name: part.rows for part in export.of_member(board, id_of(board, seat)).parts}
    assert [(row["text"], row["state"]) for row in own["messages"]] == [(PHONE, "held")]
    assert [row["reasons"] for row in own["cases"]] == [["phone"]]


def test_a_relay_counts_what_has_passed(board: Board, make: Factory) -> None:
    """How many have answered, as the person would see it."""
    relay = make.member(roles=["relay"])
    dictated = relays.post(board, relay, make.form(), "in-person", "a-key-of-a-form")
    view = relays.own(board, relay)[0].view
    make.answered(view, text=PHONE)
    assert relays.own(board, relay)[0].answers == 0
    make.answered(view, text="Bonjour")
    assert relays.own(board, relay)[0].answers == 1
    assert dictated


def test_across_a_block_a_held_message_looks_the_same(
    board: Board, make: Factory, helper: Seat, smtp: MailSink
) -> None:
    """Whoever is blocked is told that it waits, as anybody is; approved, it still does not pass."""
    with board.db.write() as session:
        blocks.block(session, id_of_in(session, other(helper)), id_of_in(session, helper))
    messages.write(board, helper, PHONE, "a-key-of-a-form")
    assert shown(board, helper)[-1] == (PHONE, "held")
    moderator = make.member(roles=["moderator"])
    moderation.approve(board, moderator, moderation.queue(board, moderator).waiting[0].id)
    work_off(board)
    assert shown(board, helper)[-1] == (PHONE, "sent")
    assert shown(board, other(helper)) == [("Bonjour", "sent")]
    assert not any(PHONE in mail.get_content() for mail in smtp.to(ASKER))


def test_one_form_is_held_once(board: Board, make: Factory, helper: Seat) -> None:
    """The same key again is one message and one case; also after it has passed."""
    moderator = make.member(roles=["moderator"])
    for _ in range(2):
        messages.write(board, helper, PHONE, "the-same-key")
    queue = moderation.queue(board, moderator)
    assert queue.total == 1
    moderation.approve(board, moderator, queue.waiting[0].id)
    messages.write(board, helper, PHONE, "the-same-key")
    assert shown(board, helper) == [("Bonjour", "sent"), (PHONE, "sent")]

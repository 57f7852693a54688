"""What a device may keep: the own, short, and nothing by which somebody is reached."""

from __future__ import annotations

import pytest

from board import me, messages, offline
from board.context import Board
from board.conversations import Seat, Side
from board.messages import MessageKind
from tests.factories import Factory

PHONE = "+237 6 99 12 34 56"


@pytest.fixture
def member_id(make: Factory) -> int:
    """Somebody."""
    return make.member("somebody@example.org")


def test_the_own_listings_and_conversations(board: Board, make: Factory, member_id: int) -> None:
    """What goes on is there, what is over or of others is not."""
    view = make.open(email="somebody@example.org", title="Courses pour deux")
    over = make.open(email="somebody@example.org", title="Déjà fait")
    me.close(board, member_id, over.public_id)
    make.answered(view, text="Je peux venir.")
    make.answered(make.open(title="À quelqu’un d’autre"))
    copy = offline.copy_of(board, member_id)
    assert [each.title for each in copy.listings] == ["Courses pour deux"]
    assert [each.view.messages[0].text for each in copy.talks] == ["Je peux venir."]
    assert [each.listed.unread for each in copy.talks] == [1], "looking has read nothing"


def test_no_contact_is_in_it(board: Board, make: Factory, member_id: int) -> None:
    """Neither shared nor written: numbers, addresses, messaging services."""
    view = make.open(email="somebody@example.org", title="Courses", text=f"Appelez {PHONE}.")
    seat = make.answered(view, text=f"Mon numéro : {PHONE}, ou moi@example.org.")
    messages.share_contact(board, Seat(seat.conversation_id, Side.POSTER), f"{PHONE}, 3 rue Joffre")
    copy = offline.copy_of(board, member_id)
    said = [each for talk in copy.talks for each in talk.view.messages]
    assert "Appelez" in copy.listings[0].text
    assert {each.text for each in said if each.kind is MessageKind.CONTACT} == {""}
    whole = repr(copy)
    for secret in ("99 12 34", "moi@example.org", "rue Joffre", "somebody@example.org"):
        assert secret not in whole


@pytest.mark.parametrize(
    ("name", "kept"),
    [("Awa", "Awa"), (f"Awa {PHONE}", "Awa +…"), ("awa@example.org", "…")],
)
def test_no_name_by_which_somebody_is_reached(
    board: Board, make: Factory, member_id: int, name: str, kept: str
) -> None:
    """Names are free text as well, in the list and on the page."""
    make.member("awa@example.org", display_name=name)
    make.answered(make.open(email="somebody@example.org"), email="awa@example.org")
    (talk,) = offline.copy_of(board, member_id).talks
    assert (talk.listed.other_name, talk.view.other_name) == (kept, kept)


def test_it_is_short(board: Board, make: Factory, member_id: int) -> None:
    """The newest messages, oldest first, of the latest conversations."""
    view = make.open(email="somebody@example.org", places_needed=5)
    seats = [make.answered(view, text=f"Réponse {number}") for number in range(3)]
    for number in range(offline.MESSAGES + 2):
        messages.write(board, seats[0], f"Mot {number}", f"key-of-form-{number}")
    copy = offline.copy_of(board, member_id)
    said = {each.view.messages[-1].text: each.view.messages for each in copy.talks}
    assert len(said) == 3
    kept = said[f"Mot {offline.MESSAGES + 1}"]
    assert [each.text for each in kept] == [f"Mot {n + 2}" for n in range(offline.MESSAGES)]


def test_more_listings_than_it_holds(
    board: Board, make: Factory, member_id: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The newest stay."""
    monkeypatch.setattr(offline, "LISTINGS", 2)
    for title in ("Première", "Deuxième", "Troisième"):
        make.open(email="somebody@example.org", title=title)
    copy = offline.copy_of(board, member_id)
    assert [each.title for each in copy.listings] == ["Troisième", "Deuxième"]


def test_more_conversations_than_it_holds(
    board: Board, make: Factory, member_id: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The latest stay."""
    monkeypatch.setattr(offline, "CONVERSATIONS", 2)
    view = make.open(email="somebody@example.org", places_needed=5)
    for number in range(3):
        make.answered(view, text=f"Réponse {number}")
    copy = offline.copy_of(board, member_id)
    assert [each.view.messages[0].text for each in copy.talks] == ["Réponse 2", "Réponse 1"]

"""What comes of a conversation: places, the waiting list, done, thanks."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
import sqlalchemy as sa

from board import blocks, inbox, listings, matching, outcomes, searching
from board.context import Board
from board.conversations import Conversation, Seat, Side
from board.errors import Invalid
from board.listings import Listing, ListingView
from board.outcomes import Action, Outcome, State
from board.searching import ListingFilter
from tests.factories import Factory
from tests.fakes import MailSink, work_off

ASKER = "asker@example.org"


def poster(seat: Seat) -> Seat:
    """The poster's seat in the conversation of a helper."""
    return Seat(seat.conversation_id, Side.POSTER)


def state(board: Board, seat: Seat) -> State:
    """How things stand."""
    return inbox.show(board, seat).outcome.state


def taken(board: Board, view: ListingView) -> tuple[str, int]:
    """State of the listing and how many places are taken."""
    now = listings.get(board, view.public_id)
    return now.state, now.places_taken


def actions(board: Board, seat: Seat) -> set[str]:
    """What this side can decide."""
    return set(inbox.show(board, seat).outcome.actions)


def news(smtp: MailSink, address: str) -> list[str]:
    """The mails about outcomes that an address got, by their sentences."""
    found = []
    for mail in smtp.to(address):
        text = mail.get_content()
        found += [words for words in NEWS if words in text]
    return found


EXPECTED, WAITS, AGAIN = "You are expected", "on the waiting list", "proposes again"
GONE, FREED, DONE, NOT = (
    "has withdrawn",
    "became free, and this",
    "It is done",
    "did not come about",
)
NEWS = (EXPECTED, WAITS, AGAIN, GONE, FREED, DONE, NOT)


@pytest.fixture
def view(make: Factory) -> ListingView:
    """A request for one person, in English."""
    return make.open(email=ASKER, locale="en")


def helper(make: Factory, view: ListingView, number: int = 1) -> Seat:
    """The seat of one more helper."""
    return make.answered(view, email=f"helper{number}@example.net", locale="en")


def test_the_way_from_proposed_to_thanks(
    board: Board, make: Factory, view: ListingView, smtp: MailSink
) -> None:
    """Each side is told what the other decided, and the helped one says thank you once."""
    seat = helper(make, view)
    assert state(board, seat) is State.PROPOSED
    assert actions(board, seat) == {"withdraw"}
    assert actions(board, poster(seat)) == {"accept", "decline"}
    outcomes.decide(board, poster(seat), Action.ACCEPT)
    assert (state(board, seat), taken(board, view)) == (State.ACCEPTED, ("found", 1))
    with pytest.raises(Invalid, match="thanks"):
        outcomes.thank(board, poster(seat), "Merci")
    outcomes.decide(board, poster(seat), Action.DONE)
    assert (state(board, seat), taken(board, view)) == (State.DONE, ("found", 1))
    with pytest.raises(Invalid, match="thanks"):
        outcomes.thank(board, seat, "De rien")
    outcomes.thank(board, poster(seat), "Merci mille fois")
    with pytest.raises(Invalid, match="thanks"):
        outcomes.thank(board, poster(seat), "Encore merci")
    work_off(board)
    # What was overtaken before it was sent is not sent.
    assert news(smtp, "helper1@example.net") == [DONE]
    assert inbox.show(board, seat).messages[-1].kind == "thanks"


@pytest.mark.parametrize(
    ("side", "done", "refused"),
    [
        (Side.ANSWERER, [], Action.ACCEPT),
        (Side.ANSWERER, [Action.ACCEPT], Action.PROPOSE),
        (Side.POSTER, [], Action.WITHDRAW),
        (Side.POSTER, [], Action.DONE),
        (Side.POSTER, [Action.DECLINE], Action.DONE),
        (Side.POSTER, [Action.ACCEPT], Action.DECLINE),
        (Side.POSTER, [Action.ACCEPT, Action.DONE], Action.NOT_DONE),
        (Side.POSTER, [Action.ACCEPT, Action.DONE], Action.ACCEPT),
        (Side.ANSWERER, [Action.ACCEPT, Action.DONE], Action.WITHDRAW),
    ],
)
def test_what_makes_no_sense_is_refused(
    board: Board,
    make: Factory,
    view: ListingView,
    side: Side,
    done: list[Action],
    refused: Action,
) -> None:
    """Nobody decides for the other side, and nothing is decided twice over."""
    seat = helper(make, view)
    for action in done:
        outcomes.decide(board, poster(seat), action)
    before = state(board, seat)
    with pytest.raises(Invalid, match="no longer possible"):
        outcomes.decide(board, Seat(seat.conversation_id, side), refused)
    assert state(board, seat) is before


def test_a_button_pressed_twice_decides_once(
    board: Board, make: Factory, view: ListingView, smtp: MailSink
) -> None:
    """The second press is no error, and tells nobody anything."""
    seat = helper(make, view)
    for _ in range(2):
        outcomes.decide(board, poster(seat), Action.ACCEPT)
    work_off(board)
    assert news(smtp, "helper1@example.net") == [EXPECTED]
    assert taken(board, view)[1] == 1


def test_who_comes_when_all_places_are_taken_waits_for_one(
    board: Board, make: Factory, smtp: MailSink
) -> None:
    """The longest waiting takes the place of whoever withdraws; both sides are told."""
    view = make.open(email=ASKER, locale="en", places_needed=2)
    seats = [helper(make, view, number) for number in range(1, 5)]
    for minute, seat in enumerate(seats):
        board.db.clock_offset = timedelta(minutes=minute)
        outcomes.decide(board, poster(seat), Action.ACCEPT)
    states = [state(board, seat) for seat in seats]
    assert states == [State.ACCEPTED, State.ACCEPTED, State.WAITING, State.WAITING]
    assert [inbox.show(board, seat).outcome.before for seat in seats] == [0, 0, 0, 1]
    assert taken(board, view) == ("found", 2)
    work_off(board)
    outcomes.decide(board, seats[0], Action.WITHDRAW)
    states = [state(board, seat) for seat in seats]
    assert states == [State.WITHDRAWN, State.ACCEPTED, State.ACCEPTED, State.WAITING]
    assert taken(board, view) == ("found", 2)
    work_off(board)
    assert news(smtp, "helper3@example.net") == [WAITS, EXPECTED]
    assert news(smtp, "helper4@example.net") == [WAITS]
    assert news(smtp, ASKER) == [GONE, FREED]
    outcomes.decide(board, poster(seats[1]), Action.NOT_DONE)
    assert state(board, seats[3]) is State.ACCEPTED
    outcomes.decide(board, seats[0], Action.PROPOSE)
    work_off(board)
    assert news(smtp, ASKER)[-1] == AGAIN


def test_who_blocked_or_is_blocked_is_passed_over(board: Board, make: Factory) -> None:
    """A place is given to the next with whom something can be agreed."""
    view = make.open(email=ASKER)
    seats = [helper(make, view, number) for number in range(3)]
    for minute, seat in enumerate(seats):
        board.db.clock_offset = timedelta(minutes=minute)
        outcomes.decide(board, poster(seat), Action.ACCEPT)
    with board.db.write() as session:
        row = session.get_one(Conversation, seats[1].conversation_id)
        assert row.answerer_id is not None
        blocks.block(session, row.answerer_id, row.poster_id)
    outcomes.decide(board, seats[0], Action.WITHDRAW)
    states = [state(board, seat) for seat in seats]
    assert states == [State.WITHDRAWN, State.WAITING, State.ACCEPTED]


def test_what_is_found_matches_nobody_until_a_place_is_free(board: Board, make: Factory) -> None:
    """It leaves the engine, the list and the map, and comes back."""
    view = make.open(email=ASKER)
    offer = make.offer()

    def seen() -> tuple[bool, bool, bool]:
        matches = matching.counterparts(board, offer.public_id).matches
        own = matching.counterparts(board, view.public_id).matches
        listed = searching.search(board, ListingFilter()).items
        return (
            view.id in {each.listing.id for each in matches},
            bool(own),
            view.id in {each.id for each in listed},
        )

    seat = helper(make, view)
    assert seen() == (True, True, True)
    outcomes.decide(board, poster(seat), Action.ACCEPT)
    assert seen() == (False, False, False)
    outcomes.decide(board, seat, Action.WITHDRAW)
    assert seen() == (True, True, True)


def test_an_offer_is_free_again_when_it_is_done(board: Board, make: Factory) -> None:
    """Whoever was helped says thank you; the next can come."""
    view = make.offer(places_needed=1)
    seat = helper(make, view)
    outcomes.decide(board, poster(seat), Action.ACCEPT)
    assert taken(board, view) == ("found", 1)
    outcomes.decide(board, poster(seat), Action.DONE)
    assert taken(board, view) == ("open", 0)
    with pytest.raises(Invalid, match="thanks"):
        outcomes.thank(board, poster(seat), "De rien")
    outcomes.thank(board, seat, "Merci")


def test_nobody_is_accepted_when_it_is_over_but_it_can_be_done(
    board: Board, make: Factory, view: ListingView
) -> None:
    """After the end one can still say what came of it."""
    accepted, late, waiting = (helper(make, view, number) for number in (1, 2, 3))
    outcomes.decide(board, poster(accepted), Action.ACCEPT)
    outcomes.decide(board, poster(waiting), Action.ACCEPT)
    with board.db.write() as session:
        listings.close(session, session.get_one(Listing, view.id), "poster")
    assert actions(board, poster(late)) == {"decline"}
    with pytest.raises(Invalid, match="no longer possible"):
        outcomes.decide(board, poster(late), Action.ACCEPT)
    outcomes.decide(board, poster(accepted), Action.NOT_DONE)
    assert state(board, accepted) is State.NOT_DONE
    assert state(board, waiting) is State.WAITING


@pytest.mark.parametrize("places", [1, 3])
def test_simultaneous_acceptances_cannot_over_fill(
    board: Board, make: Factory, places: int
) -> None:
    """Eight presses at once: so many are accepted as there are places, all others wait."""
    view = make.open(email=ASKER, places_needed=places)
    seats = [helper(make, view, number) for number in range(8)]
    start, failures = threading.Barrier(len(seats)), []

    def press(seat: Seat) -> None:
        start.wait()
        try:
            outcomes.decide(board, poster(seat), Action.ACCEPT)
        except Exception as error:
            failures.append(error)

    threads = [threading.Thread(target=press, args=(seat,)) for seat in seats]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    found = [state(board, seat) for seat in seats]
    assert found.count(State.ACCEPTED) == places
    assert found.count(State.WAITING) == len(seats) - places
    assert taken(board, view) == ("found", places)


def test_simultaneous_withdrawals_give_each_place_once(board: Board, make: Factory) -> None:
    """Two withdraw at the same moment: both who wait come in, and the count holds."""
    view = make.open(email=ASKER, places_needed=2)
    seats = [helper(make, view, number) for number in range(4)]
    for seat in seats:
        outcomes.decide(board, poster(seat), Action.ACCEPT)
    start = threading.Barrier(2)

    def withdraw(seat: Seat) -> None:
        start.wait()
        outcomes.decide(board, seat, Action.WITHDRAW)

    threads = [threading.Thread(target=withdraw, args=(seat,)) for seat in seats[:2]]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [state(board, seat) for seat in seats[2:]] == [State.ACCEPTED] * 2
    assert taken(board, view) == ("found", 2)


def test_the_database_refuses_to_over_fill(board: Board, view: ListingView) -> None:
    """Whatever a program does, no more places are taken than there are."""
    with pytest.raises(sa.exc.IntegrityError), board.db.write() as session:
        session.execute(sa.update(Listing).where(Listing.id == view.id).values(places_taken=2))


def test_places_are_the_sum_of_the_outcomes(board: Board, make: Factory) -> None:
    """After any order of decisions, the count is that of those who take a place."""
    view = make.open(email=ASKER, places_needed=2)
    seats = [helper(make, view, number) for number in range(3)]
    deeds = [
        (poster(seats[0]), Action.ACCEPT),
        (poster(seats[1]), Action.ACCEPT),
        (poster(seats[2]), Action.ACCEPT),
        (poster(seats[0]), Action.DONE),
        (seats[1], Action.WITHDRAW),
        (poster(seats[2]), Action.NOT_DONE),
        (seats[1], Action.PROPOSE),
        (poster(seats[1]), Action.DECLINE),
        (seats[2], Action.PROPOSE),
        (poster(seats[2]), Action.ACCEPT),
    ]
    for seat, action in deeds:
        outcomes.decide(board, seat, action)
        with board.db.read() as session:
            states = session.scalars(sa.select(Outcome.state)).all()
        assert taken(board, view)[1] == sum(each in ("accepted", "done") for each in states)

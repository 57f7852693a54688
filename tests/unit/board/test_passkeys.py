"""Passkeys and recovery codes: what they prove, and every answer that proves nothing."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
import sqlalchemy as sa

from board import passkeys, recovery, sessions
from board.audit import AuditEntry
from board.context import Board
from board.errors import CodeRefused, Invalid, NotAllowed, NotFound, PasskeyRefused
from board.passkeys import LIFETIME, PasskeyChallenge
from board.recovery import RecoveryCode
from board.roles import Role
from board.sessions import SignedIn
from tests.authenticator import Authenticator
from tests.factories import Factory


def signed_in(board: Board, member_id: int) -> SignedIn:
    """A member in a new session without the second factor."""
    with board.db.write() as session:
        token = sessions.open_(session, member_id)
    found = sessions.of(board, token)
    assert found is not None
    return found


@pytest.fixture
def reader(board: Board, make: Factory) -> SignedIn:
    """A member who is signed in."""
    return signed_in(board, make.member(email="holder@example.org"))


@pytest.fixture
def device(board: Board, reader: SignedIn) -> Authenticator:
    """The reader's registered device."""
    device = Authenticator()
    answer = device.create(passkeys.registration_options(board, reader))
    passkeys.register(board, reader, answer, "My telephone")
    return device


def of(board: Board, token: str) -> SignedIn:
    """Whose session a token opens."""
    found = sessions.of(board, token)
    assert found is not None
    return found


def test_a_passkey_signs_in_with_both_factors(
    board: Board, reader: SignedIn, device: Authenticator
) -> None:
    """No address is typed, and none is told."""
    options = passkeys.sign_in_options(board)
    assert "holder@example.org" not in options
    assert "allowCredentials" not in options or json.loads(options)["allowCredentials"] == []
    found = of(board, passkeys.sign_in(board, device.get(options)))
    assert (found.member_id, found.second_factor) == (reader.member_id, True)
    (listed,) = passkeys.overview(board, found).passkeys
    assert listed.name == "My telephone"
    assert listed.used_at is not None


def test_a_passkey_is_the_second_factor(
    board: Board, reader: SignedIn, device: Authenticator
) -> None:
    """The session gets a new token and keeps its place in the list."""
    answer = device.get(passkeys.second_factor_options(board, reader))
    found = of(board, passkeys.give_second_factor(board, reader, answer))
    assert (found.session_id, found.second_factor) == (reader.session_id, True)


#: What is wrong with an answer: done to the device before it answers.
WRONG: dict[str, Callable[[Authenticator], object]] = {
    "another site": lambda device: setattr(device, "origin", "http://evil.test"),
    "another relying party": lambda device: setattr(device, "rp_id", "evil.test"),
    "nobody verified": lambda device: setattr(device, "verified", False),
    "another key": lambda device: setattr(device, "key", Authenticator().key),
    "a counter that fell back": lambda device: setattr(device, "counter", -1),
    "an unknown credential": lambda device: setattr(device, "id", b"x" * 16),
}


@pytest.mark.parametrize("what", WRONG)
def test_a_wrong_answer_proves_nothing(
    board: Board, reader: SignedIn, device: Authenticator, what: str
) -> None:
    """Neither at the sign-in nor as a second factor."""
    passkeys.sign_in(board, device.get(passkeys.sign_in_options(board)))
    WRONG[what](device)
    for_sign_in = device.get(passkeys.sign_in_options(board))
    device.counter -= 1
    for_factor = device.get(passkeys.second_factor_options(board, reader))
    with pytest.raises(PasskeyRefused):
        passkeys.sign_in(board, for_sign_in)
    with pytest.raises(PasskeyRefused):
        passkeys.give_second_factor(board, reader, for_factor)


@pytest.mark.parametrize(
    "answer", ["", "null", "{}", "[]", "x", '{"response": 1}', "9" * 30_000, '{"rawId": 3}']
)
def test_nonsense_is_refused(board: Board, reader: SignedIn, answer: str) -> None:
    """By every door, without a traceback."""
    for judge in (
        lambda: passkeys.sign_in(board, answer),
        lambda: passkeys.give_second_factor(board, reader, answer),
        lambda: passkeys.register(board, reader, answer, ""),
    ):
        with pytest.raises(PasskeyRefused):
            judge()


class TestChallenges:
    """One answer, five minutes, one purpose, one member."""

    def test_an_answer_works_once(self, board: Board, device: Authenticator) -> None:
        """Sent again, also at once from elsewhere, it opens nothing."""
        answer = device.get(passkeys.sign_in_options(board))
        tokens, start = [], threading.Barrier(4)

        def enter() -> None:
            start.wait()
            try:
                tokens.append(passkeys.sign_in(board, answer))
            except PasskeyRefused:
                return

        threads = [threading.Thread(target=enter) for _ in range(4)]
        for each in threads:
            each.start()
        for each in threads:
            each.join()
        assert len(tokens) == 1

    def test_an_answer_that_comes_late_is_refused(
        self, board: Board, device: Authenticator
    ) -> None:
        """By the database's clock; what nobody answered is deleted."""
        answer = device.get(passkeys.sign_in_options(board))
        board.db.clock_offset = LIFETIME
        with pytest.raises(PasskeyRefused):
            passkeys.sign_in(board, answer)
        assert passkeys.forget_old(board) == 1
        with board.db.read() as session:
            assert session.scalars(sa.select(PasskeyChallenge.id)).all() == []

    def test_a_challenge_of_ours_is_needed(self, board: Board, device: Authenticator) -> None:
        """One that somebody made up is signed in vain."""
        options = json.dumps({"challenge": "AAAA"})
        with pytest.raises(PasskeyRefused):
            passkeys.sign_in(board, device.get(options))

    def test_a_challenge_has_one_purpose_and_one_member(
        self, board: Board, make: Factory, reader: SignedIn, device: Authenticator
    ) -> None:
        """That of a sign-in is no second factor, and that of one member is not another's."""
        other = signed_in(board, make.member())
        with pytest.raises(PasskeyRefused):
            answer = device.get(passkeys.sign_in_options(board))
            passkeys.give_second_factor(board, reader, answer)
        with pytest.raises(PasskeyRefused):
            answer = device.get(passkeys.second_factor_options(board, reader))
            passkeys.sign_in(board, answer)
        with pytest.raises(PasskeyRefused):
            answer = device.get(passkeys.second_factor_options(board, other))
            passkeys.give_second_factor(board, other, answer)


class TestChanging:
    """Who may add and remove what proves a member."""

    def test_reading_somebody_s_mail_is_not_enough(
        self, board: Board, reader: SignedIn, device: Authenticator
    ) -> None:
        """Once there is a second factor, it must be given before it is changed."""
        options = passkeys.registration_options(board, replace(reader, second_factor=True))
        (listed,) = passkeys.overview(board, reader).passkeys
        for change in (
            lambda: passkeys.registration_options(board, reader),
            lambda: passkeys.register(board, reader, Authenticator().create(options), ""),
            lambda: passkeys.remove(board, reader, listed.id),
            lambda: passkeys.new_recovery_codes(board, reader),
        ):
            with pytest.raises(NotAllowed):
                change()
        assert len(passkeys.overview(board, reader).passkeys) == 1

    @pytest.mark.parametrize("role", sorted({Role.PARTNER, Role.MODERATOR, Role.ADMINISTRATOR}))
    def test_a_role_begins_with_a_list_of_an_administrator(
        self, board: Board, make: Factory, role: Role
    ) -> None:
        """Who may do harm cannot begin with the mail alone."""
        reader = signed_in(board, make.member(email="new@example.org", roles=[role]))
        with pytest.raises(NotAllowed):
            passkeys.registration_options(board, reader)
        codes = recovery.issue_for(board, "new@example.org")
        found = of(board, recovery.give_second_factor(board, reader, codes[0]))
        assert passkeys.registration_options(board, found)

    def test_a_passkey_is_removed_by_its_member_alone(
        self, board: Board, make: Factory, reader: SignedIn, device: Authenticator
    ) -> None:
        """Then it opens nothing any more."""
        sure = replace(reader, second_factor=True)
        (listed,) = passkeys.overview(board, sure).passkeys
        other = replace(signed_in(board, make.member()), second_factor=True)
        with pytest.raises(NotFound):
            passkeys.remove(board, other, listed.id)
        passkeys.remove(board, sure, listed.id)
        with pytest.raises(PasskeyRefused):
            passkeys.sign_in(board, device.get(passkeys.sign_in_options(board)))
        with board.db.read() as session:
            log = session.scalars(sa.select(AuditEntry.action).order_by(AuditEntry.id)).all()
        assert log == ["passkey-added", "passkey-removed"]

    def test_a_device_is_registered_once(
        self, board: Board, make: Factory, device: Authenticator
    ) -> None:
        """Not with a second member either."""
        other = signed_in(board, make.member())
        answer = device.create(passkeys.registration_options(board, other))
        with pytest.raises(PasskeyRefused):
            passkeys.register(board, other, answer, "")

    def test_a_bad_name_uses_no_challenge_up(self, board: Board, reader: SignedIn) -> None:
        """The field is named, and the same answer is taken with a better one."""
        answer = Authenticator().create(passkeys.registration_options(board, reader))
        with pytest.raises(Invalid, match="name"):
            passkeys.register(board, reader, answer, "x" * 61)
        passkeys.register(board, reader, answer, "x")


class TestRecovery:
    """Ten codes, each once."""

    def test_a_code_works_once_and_only_for_its_member(
        self, board: Board, make: Factory, reader: SignedIn
    ) -> None:
        """Typed with or without dashes; the database holds hashes alone."""
        codes = passkeys.new_recovery_codes(board, reader)
        assert len(set(codes)) == recovery.COUNT
        other = signed_in(board, make.member())
        with pytest.raises(CodeRefused):
            recovery.give_second_factor(board, other, codes[0])
        typed = codes[0].lower().replace("-", " ")
        assert of(board, recovery.give_second_factor(board, reader, typed)).second_factor
        for code in (codes[0], "", "x" * 5000):
            with pytest.raises(CodeRefused):
                recovery.give_second_factor(board, reader, code)
        with board.db.read() as session:
            rows = str(session.execute(sa.select(RecoveryCode.__table__)).all())
        assert codes[1] not in rows
        assert codes[1].replace("-", "") not in rows

    def test_a_new_list_replaces_the_old_one(self, board: Board, reader: SignedIn) -> None:
        """What was printed before opens nothing."""
        old = passkeys.new_recovery_codes(board, reader)
        sure = replace(reader, second_factor=True)
        new = passkeys.new_recovery_codes(board, sure)
        with pytest.raises(CodeRefused):
            recovery.give_second_factor(board, reader, old[1])
        assert recovery.give_second_factor(board, reader, new[1])
        assert passkeys.overview(board, sure).codes_left == recovery.COUNT - 1

    @pytest.mark.parametrize("email", ["", "x", "nobody@example.org"])
    def test_nobody_gets_a_list_by_mistake(self, board: Board, email: str) -> None:
        """Only a member's address is taken."""
        with pytest.raises(Invalid, match="email"):
            recovery.issue_for(board, email)

    def test_the_second_factor_ends(self, board: Board, reader: SignedIn) -> None:
        """And must be given again."""
        codes = passkeys.new_recovery_codes(board, reader)
        token = recovery.give_second_factor(board, reader, codes[0])
        board.db.clock_offset = sessions.SECOND_FACTOR + timedelta(minutes=1)
        assert not of(board, token).second_factor

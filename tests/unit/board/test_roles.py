"""Roles: granted, taken away, audited, told by mail."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from board import bans, kept_bans, links, members, roles
from board.audit import AuditEntry
from board.bans import Ban
from board.context import Board
from board.db import now
from board.errors import Invalid, NotAllowed
from board.members import Member
from board.organisations import Organisation
from board.roles import Grant, Role
from tests.conftest import SECRET
from tests.factories import Factory
from tests.fakes import MailSink, work_off

ADDRESS = "person@example.org"


def held(board: Board, email: str = ADDRESS) -> frozenset[Role]:
    """Roles of an address now."""
    with board.db.read() as session:
        member = members.by_email(session, email)
        return frozenset() if member is None else roles.of(session, member.id)


@pytest.mark.parametrize("role", sorted(set(Role) - roles.BY_ORGANISATION))
def test_every_role_can_be_granted_and_taken_away(board: Board, make: Factory, role: Role) -> None:
    """Twice changes nothing; the log names who did it, the member, and the role."""
    by = make.administrator()
    assert roles.grant(board, ADDRESS, role, by=by)
    assert not roles.grant(board, ADDRESS, role, by=by)
    assert held(board) == {role}
    assert roles.revoke(board, ADDRESS, role, by=by)
    assert not roles.revoke(board, ADDRESS, role, by=by)
    assert held(board) == frozenset()
    with board.db.read() as session:
        member = members.by_email(session, ADDRESS)
        log = session.execute(
            sa.select(
                AuditEntry.action,
                AuditEntry.member_id,
                AuditEntry.subject,
                AuditEntry.subject_id,
                AuditEntry.reason,
            ).order_by(AuditEntry.id)
        ).all()
    assert member is not None
    assert [tuple(row) for row in log] == [
        ("grant", by, "members", member.id, role),
        ("revoke", by, "members", member.id, role),
    ]


@pytest.mark.parametrize(
    ("seat", "expected"),
    [("partner", {Role.PARTNER}), ("coordinator", {Role.PARTNER, Role.COORDINATOR})],
)
def test_a_partner_s_right_is_that_of_a_verified_organisation(
    board: Board, make: Factory, seat: str, expected: set[Role]
) -> None:
    """It is gone with the verification, and no grant can stand for it."""
    make.member(ADDRESS, roles=[seat])
    assert held(board) == expected
    with board.db.write() as session:
        session.execute(sa.update(Organisation).values(status="revoked"))
    assert held(board) == frozenset()


@pytest.mark.parametrize(
    ("email", "role", "field"),
    [
        ("nobody", "moderator", "email"),
        (ADDRESS, "king", "role"),
        (ADDRESS, "", "role"),
        (ADDRESS, "partner", "role"),
        (ADDRESS, "coordinator", "role"),
    ],
)
def test_a_bad_grant_is_refused(board: Board, email: str, role: str, field: str) -> None:
    """The field is named, and nobody becomes a member."""
    with pytest.raises(Invalid) as refusal:
        roles.grant(board, email, role)
    assert [problem.field for problem in refusal.value.problems] == [field]
    assert held(board) == frozenset()
    with board.db.read() as session:
        assert members.by_email(session, ADDRESS) is None


@pytest.mark.parametrize("role", sorted(set(Role) - roles.BY_ORGANISATION))
def test_whoever_gets_or_loses_a_role_is_told(
    board: Board, make: Factory, smtp: MailSink, role: Role
) -> None:
    """Once each, in the member's language, with what the role needs; nothing of who did it."""
    make.member(ADDRESS, locale="fr")
    by = make.administrator()
    roles.grant(board, ADDRESS, role, by=by)
    roles.grant(board, ADDRESS, role, by=by)
    work_off(board)
    (given,) = smtp.to(ADDRESS)
    assert given["Subject"].startswith("Votre nouveau rôle")
    needs_second_factor = role in roles.WITH_SECOND_FACTOR
    assert ("second facteur" in given.get_content()) is needs_second_factor
    roles.revoke(board, ADDRESS, role, by=by)
    roles.revoke(board, ADDRESS, role, by=by)
    work_off(board)
    (_, ended) = smtp.to(ADDRESS)
    assert ended["Subject"].startswith("Un de vos rôles a pris fin")
    assert all("admin@example.org" not in mail.as_string() for mail in (given, ended))


def test_a_role_that_is_gone_before_its_mail_is_told_of_once(board: Board, smtp: MailSink) -> None:
    """The mail says how it stands when it goes out."""
    roles.grant(board, ADDRESS, Role.RELAY)
    roles.revoke(board, ADDRESS, Role.RELAY)
    work_off(board)
    (mail,) = smtp.to(ADDRESS)
    assert "rôles a pris fin" in mail["Subject"]
    for deed in (roles.grant, roles.revoke, roles.grant):
        deed(board, ADDRESS, Role.RELAY)
    work_off(board)
    (_, again) = smtp.to(ADDRESS)
    assert again["Subject"].startswith("Votre nouveau")
    for deed in (roles.revoke, roles.grant, roles.revoke):
        deed(board, ADDRESS, Role.RELAY)
    work_off(board)
    (_, _, ended) = smtp.to(ADDRESS)
    assert "rôles a pris fin" in ended["Subject"]


@pytest.mark.parametrize("others", [(), ("moderator", "relay")])
def test_only_an_administrator_gives_and_takes(
    board: Board, make: Factory, others: tuple[str, ...]
) -> None:
    """Nobody else, whatever else they are; nobody becomes a member, and nothing is noted."""
    by = make.member(roles=others)
    make.member("moderator@example.org", roles=["moderator"])
    with pytest.raises(NotAllowed):
        roles.grant(board, ADDRESS, Role.ADMINISTRATOR, by=by)
    with pytest.raises(NotAllowed):
        roles.revoke(board, "moderator@example.org", Role.MODERATOR, by=by)
    assert held(board, "moderator@example.org") == {Role.MODERATOR}
    with board.db.read() as session:
        assert members.by_email(session, ADDRESS) is None
        assert session.scalars(sa.select(AuditEntry)).all() == []


def test_nobody_takes_their_own_right_to_administer(board: Board, make: Factory) -> None:
    """Neither the only administrator nor one of two; another role of theirs they may."""
    own = make.member(ADDRESS, roles=["administrator", "moderator"])
    for _ in range(2):
        with pytest.raises(Invalid, match="another administrator"):
            roles.revoke(board, ADDRESS, Role.ADMINISTRATOR, by=own)
        make.member(roles=["administrator"])
    assert roles.revoke(board, ADDRESS, Role.MODERATOR, by=own)
    assert held(board) == {Role.ADMINISTRATOR}


def ban(board: Board, member_id: int) -> None:
    """Ban a member."""
    with board.db.write() as session:
        bans.ban(session, board, session.get_one(Member, member_id), "fraud", by=1)


def test_who_is_banned_is_given_no_role(board: Board, make: Factory, smtp: MailSink) -> None:
    """Neither by an administrator nor on the command line; no word of it is mailed."""
    by = make.administrator()
    ban(board, make.member(ADDRESS))
    for giver in (by, None):
        with pytest.raises(Invalid, match="email: This person is banned"):
            roles.grant(board, ADDRESS, Role.RELAY, by=giver)
    assert held(board) == frozenset()
    work_off(board)
    assert len(smtp.to(ADDRESS)) == 1, "the mail about the ban"
    with board.db.write() as session:
        session.execute(sa.update(Ban).values(lifted_at=now(session)))
    assert roles.grant(board, ADDRESS, Role.RELAY, by=by)


def test_who_was_banned_gets_no_role_by_erasing(board: Board, make: Factory) -> None:
    """Nobody is a member by trying; the ban ends by itself."""
    member_id = make.member(ADDRESS)
    ban(board, member_id)
    with board.db.write() as session:
        kept_bans.keep(session, links.address_hash(SECRET, ADDRESS), member_id)
        session.delete(session.get_one(Member, member_id))
    with pytest.raises(Invalid, match="email: This person is banned"):
        roles.grant(board, ADDRESS, Role.RELAY)
    with board.db.read() as session:
        assert members.by_email(session, ADDRESS) is None
    board.db.clock_offset = kept_bans.LASTS + timedelta(minutes=1)
    assert roles.grant(board, ADDRESS, Role.RELAY)


def test_a_banned_administrator_gives_and_takes_nothing(board: Board, make: Factory) -> None:
    """Until the ban is lifted; others take the right away meanwhile."""
    by = make.member("banned@example.org", roles=["administrator"])
    other = make.administrator()
    roles.grant(board, ADDRESS, Role.RELAY)
    ban(board, by)
    with pytest.raises(NotAllowed):
        roles.grant(board, ADDRESS, Role.MODERATOR, by=by)
    with pytest.raises(NotAllowed):
        roles.revoke(board, ADDRESS, Role.RELAY, by=by)
    assert held(board) == {Role.RELAY}
    assert roles.revoke(board, "banned@example.org", Role.ADMINISTRATOR, by=other)


@pytest.mark.parametrize("deed", [roles.grant, roles.revoke])
def test_an_erasure_is_waited_for_with_nothing_held(
    board: Board, make: Factory, deed: Callable[..., bool]
) -> None:
    """It takes the member first, then the grants; whoever held these would wait for it in turn."""
    by, member_id = make.administrator(), make.member(ADDRESS, roles=["administrator"])
    outcomes = list[bool]()
    doing = threading.Thread(
        target=lambda: outcomes.append(deed(board, ADDRESS, Role.ADMINISTRATOR, by=by))
    )
    with board.db.write() as session:
        member = session.get_one(Member, member_id, with_for_update=True)
        doing.start()
        while not is_waited_for(session):
            assert doing.is_alive()
        # Raises at once what would be a deadlock.
        session.execute(sa.select(Grant.id).with_for_update(nowait=True))
        session.delete(member)
    doing.join()
    assert outcomes == [deed is roles.grant]


def is_waited_for(session: Session) -> bool:
    """Whether another unit waits for this one; on SQLite it does as soon as it begins."""
    if session.get_bind().dialect.name != "postgresql":
        return True
    waiting = "SELECT count(*) FROM pg_locks WHERE NOT granted"
    for_us = "pg_backend_pid() = ANY(pg_blocking_pids(pid))"
    return bool(session.scalar(sa.text(f"{waiting} AND {for_us}")))


def at_once(*deeds: object) -> list[object]:
    """What each gives or raises, begun at the same moment."""
    start, outcomes = threading.Barrier(len(deeds)), list[object]()

    def run(deed: object) -> None:
        start.wait()
        try:
            outcomes.append(deed())  # type: ignore[operator]
        except NotAllowed as refusal:
            outcomes.append(refusal)

    threads = [threading.Thread(target=run, args=(deed,)) for deed in deeds]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    return outcomes


def test_of_administrators_who_take_each_other_s_right_one_stays(
    board: Board, make: Factory
) -> None:
    """Whoever comes second has no right any more."""
    pair = ("one@example.org", "two@example.org")
    for _ in range(8):
        ids = [make_administrator(board, make, each) for each in pair]
        outcomes = at_once(
            lambda: roles.revoke(board, pair[1], Role.ADMINISTRATOR, by=ids[0]),  # noqa: B023
            lambda: roles.revoke(board, pair[0], Role.ADMINISTRATOR, by=ids[1]),  # noqa: B023
        )
        assert {type(each) for each in outcomes} == {bool, NotAllowed}
        assert sorted(len(held(board, each)) for each in pair) == [0, 1]


def make_administrator(board: Board, make: Factory, email: str) -> int:
    """Id of the member of this address, who is an administrator now."""
    roles.grant(board, email, Role.ADMINISTRATOR)
    with board.db.read() as session:
        member = members.by_email(session, email)
        assert member is not None
        return member.id


def test_the_same_deed_at_once_is_done_once(board: Board, make: Factory, smtp: MailSink) -> None:
    """One entry of the log and one mail each, for a member who was not known before."""
    by = make.administrator()
    for deed in (roles.grant, roles.revoke):
        doing = [lambda: deed(board, ADDRESS, Role.RELAY, by=by)] * 6  # noqa: B023
        assert sorted(map(str, at_once(*doing))) == [*["False"] * 5, "True"]
        work_off(board)
    assert len(smtp.to(ADDRESS)) == 2
    with board.db.read() as session:
        assert session.scalars(sa.select(AuditEntry.action)).all() == ["grant", "revoke"]


def test_the_command_line_takes_the_last_right_too(board: Board, make: Factory) -> None:
    """A mailbox in wrong hands cannot wait; whoever runs the board grants anew."""
    make.member(ADDRESS, roles=["administrator"])
    assert roles.revoke(board, ADDRESS, Role.ADMINISTRATOR)
    assert held(board) == frozenset()

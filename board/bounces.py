"""Mails that come back: the address they come to, what is believed of them, what can be done then.

A mail leaves with an envelope sender that names its recipient's member and its hour to this
program alone, so that nobody can have another's mails stopped. What is refused in the SMTP dialogue
and what comes back later are judged alike, by `delivery_status`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

import sqlalchemy as sa
import structlog
from sqlalchemy.orm import Session

from board import delivery_status, links, outbox, preferences, suspensions
from board.db import now, one_of
from board.delivery_status import Reason
from board.errors import Invalid, Problem
from board.i18n import N_
from board.members import Member

if TYPE_CHECKING:
    from board.context import Board

_log = structlog.get_logger(__name__)

#: Test mails that an address may get in a day and not use: nobody's inbox is a target.
TESTS_PER_ADDRESS: Final = links.WAITING_PER_ADDRESS
#: What is mailed to an address that mails come back from too, because somebody asks for it at this
#: moment; most of it proves that mail arrives.
ASKED_FOR: Final = frozenset(
    {outbox.SIGN_IN_CODE, outbox.OWN_DATA, outbox.TEST_MAIL, *links.CONFIRMATIONS}
)
#: Why a row of the outbox was dropped.
SUSPENDED: Final = "suspended"
_ADDRESS: Final = re.compile(r"b\+([a-z2-7]{44})@([^@\s]+)", re.IGNORECASE | re.ASCII)
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_HOUR: Final = timedelta(hours=1)
#: In the place of a member's number, for an address that was never confirmed.
_NOBODY: Final = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipient:
    """Who is about to get a mail."""

    member_id: int
    #: Whether mails to this address came back.
    is_suspended: bool
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """What a member is told of mails that come back."""

    since: datetime
    reason: Reason


def recipients(
    session: Session, addresses: Collection[str], moment: datetime
) -> dict[str, Recipient]:
    """Address → who has it, also of those that nobody has; `moment` is now."""
    rows = session.execute(
        sa.select(Member.email, Member.id, suspensions.holds(Member.id)).where(
            one_of(session, Member.email, addresses)
        )
    )
    known = {address: (member_id, bool(held)) for address, member_id, held in rows}
    nobody = (_NOBODY, False)
    return {
        address: Recipient(member_id=member_id, is_suspended=held, at=moment)
        for address in addresses
        for member_id, held in [known.get(address, nobody)]
    }


def return_path(board: Board, to: Recipient) -> str | None:
    """The envelope sender of a mail; None where mail cannot come in, for the sender as it is.

    The same within an hour, so that a server that asks to come again knows it again.
    """
    if not board.settings.takes_bounces:
        return None
    token = board.vault.bounce_token(to.member_id, (to.at - _EPOCH) // _HOUR)
    return f"b+{token}@{board.settings.mail_domain}"


def note_refusal(board: Board, to: Recipient, reason: Reason | None) -> None:
    """Send no more mail to whoever's server has just refused one for a reason of the address."""
    if reason is not None:
        with board.db.write() as session:
            _suspend(session, to.member_id, reason, to.at)


def is_known(board: Board, address: str) -> bool:
    """Whether this is an address that a mail of ours comes back to."""
    return _opened(board, address) is not None


def take(board: Board, address: str, raw: bytes, *, return_path: str) -> bool:
    """Take what came to such an address; False for another one. Raises Unavailable.

    A report has no sender (RFC 3464, 2): what has one is no report, and is dropped.
    """
    opened = _opened(board, address)
    if opened is None:
        return False
    member_id, sent_at = opened
    reason = None if return_path else delivery_status.of_report(raw)
    if reason is None:
        _log.info("came back without effect", member=member_id, report=not return_path)
        return True
    with board.db.write() as session:
        if sent_at > now(session) - suspensions.COUNTS_FOR:
            _suspend(session, member_id, reason, sent_at)
    return True


def state(board: Board, member_id: int) -> State | None:
    """Since when, and why, no mail is sent to a member; None where mails are sent."""
    with board.db.read() as session:
        held = suspensions.of(session, member_id)
        if held is None:
            return None
        return State(since=held.suspended_at, reason=Reason(held.reason))


def send_test(board: Board, member_id: int) -> None:
    """Mail a link that proves that mail arrives; nothing where mails are sent anyway.

    Raises Invalid when the address has had enough of them today.
    """
    with board.db.write() as session:
        member = session.get_one(Member, member_id)
        if member.email is None or suspensions.of(session, member_id) is None:
            return
        address = links.address_hash(board.settings.secret_key, member.email)
        if not links.may_get(session, address, links.TEST_MAIL, member_id, TESTS_PER_ADDRESS):
            raise Invalid([Problem("test", N_("You have had enough test mails for today."))])
        token = links.issue(session, links.TEST_MAIL, member_id, address)
        session.flush()
        row = outbox.NewRow(
            purpose=outbox.TEST_MAIL,
            once=f"{outbox.TEST_MAIL}:{links.find(session, token).token_hash}",
            member_id=member_id,
            locale=member.locale,
            payload=board.vault.seal(json.dumps({"token": token})),
        )
        woken = outbox.add(session, row)
    board.waker.wake([woken])


def _suspend(session: Session, member_id: int, reason: Reason, sent_at: datetime) -> None:
    # Who was erased meanwhile, and who has not confirmed the address, is nobody.
    known = session.get(Member, member_id, with_for_update={"key_share": True}) is not None
    if known and suspensions.suspend(session, member_id, reason, sent_at=sent_at):
        # What waits to be mailed comes in the first digest after the proof.
        preferences.keep_for_digest(session, member_id, now(session))


def _opened(board: Board, address: str) -> tuple[int, datetime] | None:
    """Whose mail comes back to this address, and when it was sent; None for no such address."""
    found = _ADDRESS.fullmatch(address)
    if found is None or found[2].lower() != board.settings.mail_domain.lower():
        return None
    opened = board.vault.bounced(found[1])
    return opened and (opened[0], _EPOCH + opened[1] * _HOUR)

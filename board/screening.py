"""Which messages a moderator reads before they are passed on, and why.

Words that ask for money, name an account or deal with medicines on prescription hold in every
message. Words that lead away from the board hold until the two have agreed: whoever is expected
somewhere needs a telephone number, and a stranger does not. Words of danger hold nothing here:
the other side is who can help at once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import sqlalchemy as sa
from sqlalchemy.orm import Session

from board import audit, cases
from board.reasons import HELD
from board.scanning import scan

if TYPE_CHECKING:
    from board.conversations import Conversation

#: Hold in every message, also beside shared contact data.
ALWAYS: Final = frozenset({"iban", "payment", "money", "prescription"})
#: Hold until the two have agreed; never what one shares as one's own contact.
UNTIL_AGREED: Final = frozenset({"phone", "email", "messaging"})
#: States of an outcome in which both have said yes.
AGREED: Final = ("accepted", "done")


def reasons(text: str, *, agreed: bool, is_contact: bool = False) -> tuple[str, ...]:
    """Why a message is read first, in the order of `board.reasons.HELD`; () when it is not.

    `agreed`: whether the two have; `is_contact`: whether it shares one's own contact.
    """
    holding = ALWAYS if agreed or is_contact else ALWAYS | UNTIL_AGREED
    found = {finding.reason for finding in scan(text)} & holding
    return tuple(code for code in HELD if code in found)


def have_agreed(session: Session, conversation: Conversation) -> bool:
    """Whether the answer was accepted, and nobody has stepped back since."""
    # `outcomes` says things through `messages`, which asks this module.
    from board.outcomes import Outcome

    state = session.scalar(
        sa.select(Outcome.state).where(Outcome.conversation_id == conversation.id)
    )
    return state in AGREED


def open_case(session: Session, message_id: int, why: tuple[str, ...]) -> None:
    """Put a message into the moderators' queue; call it with its conversation locked."""
    case = cases.open_(session, cases.MESSAGE, message_id, why)
    audit.record(
        session, "message-held", subject="cases", subject_id=case.id, reason=case.reasons[0]
    )

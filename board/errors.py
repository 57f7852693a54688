"""One tree of errors. Messages are English msgids; the faces translate them."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from datetime import datetime


@dataclasses.dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with one field, and what is accepted."""

    #: Name of the field as the caller gave it.
    field: str
    #: English msgid; may hold %(name)s placeholders filled from `params`.
    message: str
    params: Mapping[str, object] = dataclasses.field(default_factory=dict)

    def __str__(self) -> str:
        return f"{self.field}: {self.message % self.params if self.params else self.message}"


class BoardError(Exception):
    """Anything the board refuses to do."""


class Invalid(BoardError):
    """Values were refused; nothing was written."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("; ".join(str(problem) for problem in self.problems))


class NotFound(BoardError):
    """No such thing, or none that whoever asks may know of: both are answered alike."""


class AlertNotFound(NotFound):
    """No such alert of this member."""

    def __init__(self, alert_id: str) -> None:
        self.alert_id = alert_id
        super().__init__(f"there is no alert {alert_id}")


class CallNotFound(NotFound):
    """Nobody is asked about this listing in waves."""

    def __init__(self, listing_id: str) -> None:
        self.listing_id = listing_id
        super().__init__(f"there are no waves of {listing_id}")


class MemberNotFound(NotFound):
    """No such member, or none that concerns whoever asks."""

    def __init__(self, member_id: str | int) -> None:
        self.member_id = member_id
        super().__init__(f"there is no member {member_id}")


class ListingNotFound(NotFound):
    """No such listing, or nobody may see it yet."""

    def __init__(self, listing_id: str | int) -> None:
        self.listing_id = listing_id
        super().__init__(f"there is no listing {listing_id}")


class ConsentNotFound(NotFound):
    """No such consent of this member that could be taken back."""

    def __init__(self, consent_id: int) -> None:
        self.consent_id = consent_id
        super().__init__(f"there is no consent {consent_id}")


class ConversationNotFound(NotFound):
    """No such conversation, or it is between two others."""

    def __init__(self, conversation_id: str | int) -> None:
        self.conversation_id = conversation_id
        super().__init__(f"there is no conversation {conversation_id}")


class OrganisationNotFound(NotFound):
    """No such organisation, or none that the asker may see."""

    def __init__(self, public_id: str) -> None:
        self.public_id = public_id
        super().__init__(f"there is no organisation {public_id}")


class QuestionNotFound(NotFound):
    """No such question in this inbox."""

    def __init__(self, public_id: str) -> None:
        self.public_id = public_id
        super().__init__(f"there is no question {public_id}")


class LinkRefused(BoardError):
    """A mailed link that opens nothing: `reason` is "unknown", "expired" or "used"."""

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(f"this link is {reason}")


class CodeRefused(BoardError):
    """A code that was typed and lets nobody in: `reason` is "wrong" or "over"."""

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(f"this code is {reason}")


class PasskeyRefused(BoardError):
    """What a passkey answered proves nothing: not asked, too late, or not of this site."""

    def __init__(self) -> None:
        super().__init__("this passkey was not accepted")


class KeyReused(BoardError):
    """The idempotency key was already used for another text."""

    def __init__(self, key: str) -> None:
        self.key = key
        super().__init__("this form was already sent with other content; open a new form")


class NotAllowed(BoardError):
    """The address has not the right that the action needs; `right` names it."""

    def __init__(self, right: str) -> None:
        self.right = right
        super().__init__(f"this needs the right: {right}")


class CaseNotFound(NotFound):
    """No such case."""

    def __init__(self, case_id: int) -> None:
        self.case_id = case_id
        super().__init__(f"there is no case {case_id}")


class BanNotFound(NotFound):
    """No such ban, or nobody appealed against it."""

    def __init__(self, ban_id: int) -> None:
        self.ban_id = ban_id
        super().__init__(f"there is no appeal against a ban {ban_id}")


class AlreadyDecided(BoardError):
    """Somebody else was faster: `decision` by member `by` (None: nobody) at `at`."""

    def __init__(
        self,
        decision: str,
        by: int | None,
        at: datetime | None,
        asker: int,
        *,
        subject: str = "listing",
    ) -> None:
        self.decision, self.by, self.at, self.subject = decision, by, at, subject
        #: Whether it was the same moderator, who pressed twice.
        self.own = by == asker
        super().__init__(f"this was already decided: {decision}")


class LimitReached(BoardError):
    """More than `most` of `what` within a day."""

    def __init__(self, what: str, most: int) -> None:
        self.what, self.most = what, most
        super().__init__(f"at most {most} of {what} in a day")


class Unavailable(BoardError):
    """A part that the answer needs is away for now; `part` names it."""

    def __init__(self, part: str) -> None:
        self.part = part
        super().__init__(f"{part} cannot be reached now; try again in a moment")


class SchemaMismatch(Unavailable):
    """The database has another schema than this program: a newer one if it is `ahead`."""

    def __init__(self, *, ahead: bool) -> None:
        super().__init__("the database")
        self.ahead = ahead

    def __str__(self) -> str:
        if self.ahead:
            return "the database has the schema of a newer program; update this one"
        return "the database does not have the schema of this program; run `entraide migrate`"

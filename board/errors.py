"""One tree of errors. Messages are English msgids; the faces translate them."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence


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


class ListingNotFound(BoardError):
    """No such listing, or nobody may see it yet."""

    def __init__(self, listing_id: str | int) -> None:
        self.listing_id = listing_id
        super().__init__(f"there is no listing {listing_id}")


class OrganisationNotFound(BoardError):
    """No such organisation, or none that the asker may see."""

    def __init__(self, public_id: str) -> None:
        self.public_id = public_id
        super().__init__(f"there is no organisation {public_id}")


class QuestionNotFound(BoardError):
    """No such question in this inbox."""

    def __init__(self, public_id: str) -> None:
        self.public_id = public_id
        super().__init__(f"there is no question {public_id}")


class LinkRefused(BoardError):
    """A mailed link that opens nothing: `reason` is "unknown", "expired" or "used"."""

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(f"this link is {reason}")


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


class Unavailable(BoardError):
    """A part that the answer needs is away for now; `part` names it."""

    def __init__(self, part: str) -> None:
        self.part = part
        super().__init__(f"{part} cannot be reached now; try again in a moment")

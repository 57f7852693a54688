"""What is kept, for how long: the figures of the page about privacy are those of the code."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from board import (
    forgetting,
    kept_bans,
    limits,
    links,
    passkeys,
    questions,
    sessions,
    sign_in,
    suspensions,
)
from board.i18n import N_


@dataclass(frozen=True, slots=True)
class Kept:
    """One kind of data, and how long it stays."""

    #: Msgid.
    what: str
    #: Msgid with a %(number)d of days or of minutes.
    how_long: str
    lasts: timedelta

    @property
    def number(self) -> int:
        """The figure in the words: days, or minutes where it is less than a day."""
        return self.lasts.days or self.lasts.seconds // 60


KEPT: Final = (
    Kept(
        N_(
            "What waits for your confirmation: a listing, an alert, a first message, a question, "
            "an application"
        ),
        N_("%(number)d days; then it is deleted with your address"),
        links.LIFETIMES[links.CONFIRM_LISTING],
    ),
    Kept(
        N_("A listing"),
        N_("%(number)d days after you take it down or its last day has passed"),
        forgetting.LISTINGS,
    ),
    Kept(
        N_("A conversation, with its messages and what came of it"),
        N_("until it has rested and closed, and %(number)d days after the last activity in it"),
        forgetting.CONVERSATIONS,
    ),
    Kept(
        N_("A question to an organisation, encrypted"),
        N_("%(number)d days after the answer, and no longer than what it is about"),
        questions.KEPT_ANSWERED,
    ),
    Kept(
        N_("What was written for an organisation that was refused"),
        N_("%(number)d days after the decision"),
        forgetting.MEMBERS,
    ),
    Kept(
        N_("That a mail was sent to you, without its words"),
        N_("%(number)d days; where it is about a listing, until the listing is deleted"),
        forgetting.MAILS,
    ),
    Kept(
        N_("A browser that gets notifications: its address at its maker, encrypted"),
        N_("until you remove it, and at most %(number)d days after the last notification"),
        forgetting.PUSH,
    ),
    Kept(
        N_("That mails to your address came back: since when, and for what kind of reason"),
        N_("until a mail arrives again, and %(number)d days longer"),
        suspensions.COUNTS_FOR,
    ),
    Kept(
        N_("A sign-in in one browser: the kind of browser and the times, nothing finer"),
        N_("%(number)d days after you last used it"),
        sessions.IDLE,
    ),
    Kept(
        N_("A code to sign in, and the address it was sent to"),
        N_("the code works for %(number)d minutes, and is deleted a day later"),
        sign_in.LIFETIME,
    ),
    Kept(
        N_("The question that a passkey answers"),
        N_("%(number)d minutes, and at most a day longer"),
        passkeys.LIFETIME,
    ),
    Kept(
        N_("A number made from your network’s address, so that nobody floods the board"),
        N_("%(number)d days; the key that it is made with goes too, and nobody can read it back"),
        limits.FORGOTTEN_AFTER,
    ),
    Kept(
        N_("What the server writes about its work: numbers, never addresses or words of yours"),
        N_("%(number)d days"),
        forgetting.LOGS,
    ),
    Kept(
        N_("That an address was banned when it was erased: a number made from it, and the reason"),
        N_("%(number)d days after the erasure; then it is deleted, and the address is free again"),
        kept_bans.LASTS,
    ),
    Kept(
        N_("Your address, profile, passkeys and blocks"),
        N_(
            "until you erase them, or %(number)d days after you were last here, if no listing, "
            "alert, conversation or role of yours is left"
        ),
        forgetting.MEMBERS,
    ),
)

"""Lists that must agree: reasons, listed words, columns, and what pages say."""

from __future__ import annotations

import json

from board import audit, cases, moderation, outbox, reasons
from board.cases import Case, Decision
from board.holding import FIRST_POST
from board.limits import Sighting
from board.mails import compose
from board.reports import Report
from board.scanning import load_lexicon
from board.scanning.lexicon import WORDS
from web.moderation import DONE

FOUND_IN_TEXTS = {"phone", "email", "iban", "money"}


def test_every_reason_is_named() -> None:
    """Whatever holds a listing can be said to a moderator."""
    listed = set(load_lexicon().words)
    assert listed | FOUND_IN_TEXTS | set(FIRST_POST.values()) <= reasons.HELD.keys()
    others = reasons.HELD.keys() - listed - FOUND_IN_TEXTS - set(FIRST_POST.values())
    assert others == {"network", "unproven", "reports", "edited"}


def test_every_reason_has_words_in_five_languages() -> None:
    """A reason that is known in one language only protects only some."""
    words = json.loads(WORDS.read_text(encoding="utf-8"))["words"]
    for reason, by_language in words.items():
        assert by_language.keys() - {"all"} <= {"fr", "en", "es", "pt", "ar"}, reason
        assert by_language["ar"], reason
        assert by_language.keys() >= {"fr", "en", "es", "pt", "ar"}, reason


def test_every_code_fits_its_column() -> None:
    """SQLite would not tell."""
    for codes, column in (
        (Decision, Case.decision),
        ([*reasons.REFUSAL, *reasons.BAN], Case.reason),
        (reasons.REPORT, Report.reason),
        ((cases.LISTING, cases.MESSAGE), Case.subject),
        (("listing", "alert", "answer"), Sighting.what),
        (audit.ACTIONS, audit.AuditEntry.action),
        ([*reasons.HELD, *reasons.REVEAL], audit.AuditEntry.reason),
    ):
        assert max(map(len, codes)) <= column.type.length, column  # type: ignore[attr-defined]


def test_every_decision_is_said() -> None:
    """To who decided, and to who came second."""
    assert set(Decision) <= DONE.keys()
    assert moderation.QUEUE > 0


def test_every_mail_of_moderation_has_its_writer() -> None:
    """What is promised in the outbox can be written."""
    purposes = (
        outbox.LISTING_HELD,
        outbox.LISTING_REFUSED,
        outbox.EDIT_ASKED,
        outbox.BANNED,
        outbox.APPEAL_DECIDED,
    )
    assert set(purposes) <= compose._WRITERS.keys()

"""What every door refuses."""

from __future__ import annotations

import math
from datetime import UTC, datetime

import pytest

from board.errors import Invalid
from board.validation import (
    Checks,
    Refused,
    aware,
    clean_text,
    email_address,
    finite,
    fold,
    required_text,
)


@pytest.mark.parametrize(
    ("value", "why"),
    [
        ("a\x00b", "NUL"),
        ("a\ud800b", "a lone surrogate"),
        ("abc\u202etxt", "a direction override"),
        ("abc\u2067txt", "a direction isolate"),
        ("a\x1bb", "an escape character"),
        ("two\nlines", "a line break in a single line"),
        ("x" * 121, "one character too many"),
        (None, "nothing"),
        (7, "a number"),
    ],
)
def test_a_single_line_refuses(value: object, why: str) -> None:
    """Texts that could hide, break or overflow are refused."""
    with pytest.raises(Refused):
        clean_text(value, max_length=120)


@pytest.mark.parametrize(
    ("value", "kept"),
    [
        ("  Cafe\u0301  ", "Café"),
        ("عربى", "عربى"),
        ("x" * 120, "x" * 120),
        ("👩\u200d👧", "👩\u200d👧"),
        ("", ""),
    ],
)
def test_a_text_is_kept_in_nfc(value: str, kept: str) -> None:
    """What people write is kept, composed and trimmed."""
    assert clean_text(value, max_length=120) == kept


def test_line_ends_become_one_kind_where_lines_are_allowed() -> None:
    """A text of several lines has one kind of line end."""
    assert clean_text("a\r\nb\rc", max_length=9, multiline=True) == "a\nb\nc"


def test_an_empty_text_is_refused_where_one_is_needed() -> None:
    """Blanks are no text."""
    with pytest.raises(Refused, match="Write something"):
        required_text(" \n ", max_length=10)


@pytest.mark.parametrize(
    "value",
    [
        math.nan,
        math.inf,
        -math.inf,
        "NaN",
        "inf",
        "1_0",
        "٣",
        "",
        " ",
        "1,5",
        "0x10",
        True,
        None,
        201,
        0.5,
        "1e400",
        "--1",
        10**400,
    ],
)
def test_a_number_refuses(value: object) -> None:
    """Only finite decimal numbers in range pass."""
    with pytest.raises(Refused, match="from 1 to 200"):
        finite(value, least=1, most=200)


@pytest.mark.parametrize(
    ("value", "number"), [(1, 1.0), ("200", 200.0), (" 2.5 ", 2.5), ("1e1", 10.0), ("+3", 3.0)]
)
def test_a_number_is_read(value: object, number: float) -> None:
    """Bounds are included; plain decimal digits are read."""
    assert finite(value, least=1, most=200) == number


@pytest.mark.parametrize(
    "value",
    [
        "",
        "nobody",
        "a@b",
        "a@example.org, c@example.org",
        "a@example.org\nBcc: c@example.org",
        "<a@example.org>",
        "Somebody <a@example.org>",
        '"a b"@example.org',
        "a@exa mple.org",
        "a" * 65 + "@example.org",
        "a@[127.0.0.1]",
        "=?utf-8?q?b?=@example.org",
    ],
)
def test_an_address_refuses(value: str) -> None:
    """Anything but exactly one address is refused."""
    with pytest.raises(Refused):
        email_address(value)


def test_an_address_is_normalised() -> None:
    """Case and outer blanks do not make two members of one person."""
    assert email_address("  Name@Example.ORG ") == "name@example.org"


def test_a_naive_moment_is_refused() -> None:
    """A time without its zone means nothing."""
    with pytest.raises(Refused):
        aware(datetime(2026, 1, 1))
    assert aware(datetime(2026, 1, 1, tzinfo=UTC)).tzinfo is UTC


def test_all_problems_of_a_form_are_told_at_once() -> None:
    """Each refused field is named, with what is accepted."""
    checks = Checks()
    with checks.field("email"):
        email_address("x")
    with checks.field("radius_km"):
        finite("far", least=1, most=200)
    with pytest.raises(Invalid) as refused:
        checks.done()
    assert [problem.field for problem in refused.value.problems] == ["email", "radius_km"]
    assert "from 1 to 200" in str(refused.value)


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("Médicaments, S.V.P. !", "medicaments s v p"),
        ("ŒUVRE straße İSTANBUL", "œuvre strasse istanbul"),
        ("l'école n°12", "l ecole n 12"),
        ("القاهرة", "القاهرة"),
        ("  ", ""),
    ],
)
def test_words_are_folded_alike_everywhere(text: str, folded: str) -> None:
    """Accents, case and punctuation do not matter to who searches."""
    assert fold(text) == folded

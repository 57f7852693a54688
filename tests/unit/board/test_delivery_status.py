"""What a refusal says of an address: tables of codes, shapes of reports, and hostile ones."""

from __future__ import annotations

import base64
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from board.delivery_status import Reason, of_reply, of_report
from tests.reports import SHAPES, report

ADDRESS, DOMAIN, MAILBOX = Reason.ADDRESS, Reason.DOMAIN, Reason.MAILBOX


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize(
    ("status", "reason"),
    [
        ("5.1.1", ADDRESS),
        ("5.1.2", DOMAIN),
        ("5.1.3", ADDRESS),
        ("5.1.6", ADDRESS),
        ("5.1.10", DOMAIN),
        ("5.2.1", MAILBOX),
        ("5.4.4", DOMAIN),
        # Of the sender, of a full mailbox, of the message, of the other system, of a policy.
        ("5.1.7", None),
        ("5.1.8", None),
        ("5.2.2", None),
        ("5.2.3", None),
        ("5.3.2", None),
        ("5.4.7", None),
        ("5.6.1", None),
        ("5.7.1", None),
        ("5.7.26", None),
        # Of nothing in particular.
        ("5.0.0", None),
        ("5.1.0", None),
        ("5.5.0", None),
        # What may pass, and what went well.
        ("4.1.1", None),
        ("4.2.2", None),
        ("2.1.5", None),
        # No codes.
        ("5.1", None),
        ("5.1.1.1", None),
        ("5.1.1000", None),
        ("55.1.1", None),
        ("٥.١.١", None),
        ("", None),
    ],
)
def test_only_a_code_that_speaks_of_the_address_counts(
    shape: str, status: str, reason: Reason | None
) -> None:
    """In each shape; where the own status says nothing, in the answer that is passed on."""
    words = f"550-{status} Nobody of this name\r\n    550 {status} here"
    assert of_report(report(shape, status=status, answered=words)) is reason


@pytest.mark.parametrize(
    ("action", "counts"),
    [
        ("failed", True),
        ("Failed", True),
        ("failed (bad address)", True),
        ("delayed", False),
        ("delivered", False),
        ("relayed", False),
        ("expanded", False),
        ("failedish", False),
        ("", False),
    ],
)
@pytest.mark.parametrize("shape", SHAPES)
def test_only_what_failed_counts(shape: str, action: str, counts: bool) -> None:
    """A delay is not the end."""
    assert (of_report(report(shape, action=action)) is ADDRESS) is counts


@pytest.mark.parametrize(
    ("answered", "reason"),
    [
        ("550 5.1.1 no such user", ADDRESS),
        ("550-5.1.1 no such user\r\n    550 5.1.1 here", ADDRESS),
        ("550 5.2.1 disabled", MAILBOX),
        ("550 no such user", None),
        ("550 see 5.1.1 for this", None),
        ("452 5.1.1 no such user", None),
        ("554 5.7.1 blocked, see 5.1.1", None),
        ("x 5.1.1", None),
    ],
)
def test_where_a_status_is_undefined_the_answer_counts_by_its_codes(
    answered: str, reason: Reason | None
) -> None:
    """By the enhanced code at its beginning, and never by words."""
    assert of_report(report("exim", answered=answered)) is reason


def test_a_defined_status_is_not_overruled_by_words() -> None:
    """The system that reports has judged."""
    raw = report(status="5.7.1", answered="550 5.1.1 no such user")
    assert of_report(raw) is None


def with_second(action: bytes, status: bytes) -> bytes:
    """A report about two recipients."""
    raw = report()
    marker = b"\r\n\r\n--4F1.1790000000/mx.example.net\r\nContent-Description: Undelivered"
    assert raw.count(marker) == 1
    group = b"\r\n\r\nFinal-Recipient: rfc822; other@example.org\r\nAction: %s\r\nStatus: %s"
    return raw.replace(marker, group % (action, status) + marker)


@pytest.mark.parametrize(
    ("action", "status", "reason"),
    [
        (b"failed", b"5.1.1", ADDRESS),
        (b"delivered", b"2.1.5", None),
        (b"delayed", b"4.4.1", None),
        (b"failed", b"5.7.1", None),
    ],
)
def test_of_several_recipients_all_must_be_gone(
    action: bytes, status: bytes, reason: Reason | None
) -> None:
    """An address may lead to several mailboxes: one that is left is enough."""
    assert of_report(with_second(action, status)) is reason


def test_a_field_that_is_there_twice_says_nothing() -> None:
    """Nobody can tell which one counts."""
    raw = report().replace(b"Status: 5.1.1", b"Status: 5.1.1\r\nStatus: 2.0.0")
    assert of_report(raw) is None


WRAPPED = (
    b'Content-Type: multipart/mixed; boundary="outer"\r\n\r\n--outer\r\n%s\r\n--outer\r\n'
    b"Content-Type: text/plain\r\n\r\nA disclaimer.\r\n--outer--\r\n"
)


def test_a_report_that_was_wrapped_once_is_read() -> None:
    """Some systems add words of their own to whatever passes."""
    assert of_report(WRAPPED % report()) is ADDRESS


def test_a_report_under_another_name_is_read_for_its_codes() -> None:
    """The part is what counts; some systems lose the type of the whole."""
    raw = report().replace(b"multipart/report; report-type=delivery-status;", b"multipart/mixed;")
    assert of_report(raw) is ADDRESS


def test_a_report_that_is_only_sent_back_is_none() -> None:
    """Somebody returns a mail that holds a report about somebody else."""
    inner = b"Content-Type: message/rfc822\r\n\r\n" + report()
    assert of_report(WRAPPED % inner) is None


def test_two_reports_in_one_mail_are_none() -> None:
    """Which one would be meant?"""
    two = b'Content-Type: multipart/mixed; boundary="o"\r\n\r\n--o\r\n%s\r\n--o\r\n%s\r\n--o--\r\n'
    assert of_report(two % (report(), report("exim"))) is None


@pytest.mark.parametrize(
    "words",
    [
        "550 5.1.1 User unknown",
        "Status: 5.1.1\nAction: failed",
        "Final-Recipient: rfc822; gone@example.org\nAction: failed\nStatus: 5.1.1",
    ],
)
def test_free_words_never_count(words: str) -> None:
    """Not in the text, not in the headers of the mail itself, not in HTML, not encoded."""
    encoded = base64.b64encode(words.encode()).decode()
    for raw in (
        f"Subject: Undeliverable\n\n{words}\n",
        f"Status: 5.1.1\nAction: failed\nX-Failed-Recipients: gone@example.org\n\n{words}\n",
        f"Content-Type: text/html\n\n<p>{words}</p>\n",
        f"Content-Type: text/plain\nContent-Transfer-Encoding: base64\n\n{encoded}\n",
        re.sub(r"message/delivery-status", "text/plain", report().decode()),
    ):
        assert of_report(raw.encode()) is None


def hostile() -> dict[str, bytes]:
    """Mails that are made to hurt, none of them longer than the listener takes."""
    nested = b"".join(
        b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (n, n)
        for n in range(12_000)
    )
    return {
        "nothing": b"",
        "a line": b"\r\n",
        "nested": nested,
        "one header of a megabyte": b"Subject: " + b"x" * 1_000_000 + b"\r\n\r\n5.1.1",
        "many headers": b"X-A: b\r\n" * 100_000 + b"\r\n",
        "a status of a megabyte": report(status="5." + "1" * 900_000),
        "a diagnosis of a megabyte": report("exim", answered="550 " + "5.1.1" * 180_000),
        "many groups": report().replace(
            b"Action: failed", b"Action: failed\r\nStatus: 5.1.1\r\n\r\n" * 20_000
        ),
        "wrong charset": report().replace(b"us-ascii", b"\xff\xfe-nobody"),
        "bytes in the status": report().replace(b"Status: 5.1.1", b"Status: \xff5.1.1"),
        "an encoded word": report().replace(b"Status: 5.1.1", b"Status: =?utf-8?q?5=2E1=2E1?="),
        "a base64 report": report().replace(
            b"Content-Type: message/delivery-status",
            b"Content-Type: message/delivery-status\r\nContent-Transfer-Encoding: base64",
        )[:400],
        "no boundary": report().replace(b"boundary=", b"x="),
        "cut": report()[:700],
        "zeros": b"\0" * 10_000 + report(),
    }


@pytest.mark.parametrize("name", hostile())
def test_hostile_mails_are_no_reports_and_raise_nothing(name: str) -> None:
    """Whatever its form; what is guessed of it is nothing."""
    expected = ADDRESS if name == "wrong charset" else None
    assert of_report(hostile()[name]) is expected


@given(st.binary(max_size=300), st.integers(0, 900))
def test_a_damaged_report_never_raises(noise: bytes, at: int) -> None:
    """Bytes put anywhere into a good one."""
    raw = report()
    assert of_report(raw[:at] + noise + raw[at:]) in (None, *Reason)
    assert of_report(noise) is None


@pytest.mark.parametrize(
    ("code", "text", "reason"),
    [
        (550, b"5.1.1 <gone@example.org>: unknown", ADDRESS),
        (550, b"5.1.1 The account\n5.1.1 does not exist", ADDRESS),
        (553, b"5.1.3 bad syntax", ADDRESS),
        (550, b"5.1.2 no such domain", DOMAIN),
        (556, b"5.1.10 takes no mail", DOMAIN),
        (550, b"5.2.1 disabled", MAILBOX),
        # Without an enhanced code, 550 may as well be a policy (RFC 5321, 4.2.3).
        (550, b"no such user", None),
        (551, b"user not local", None),
        (554, b"5.7.1 Relay access denied", None),
        (550, b"5.7.1 blocked", None),
        (552, b"5.2.2 over quota", None),
        (552, b"5.3.4 too big", None),
        (554, b"5.6.0 content", None),
        (554, b"", None),
        # A class that does not agree with the code, and what may pass.
        (550, b"4.1.1 later", None),
        (450, b"4.1.1 later", None),
        (450, b"5.1.1 what?", None),
        (550, b"\xff\xfe5.1.1", None),
        (550, b"see 5.1.1", None),
    ],
)
def test_what_an_smtp_reply_says(code: int, text: bytes, reason: Reason | None) -> None:
    """By its enhanced code alone."""
    assert of_reply(code, text) is reason

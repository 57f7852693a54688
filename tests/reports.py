"""Reports of delivery (RFC 3464) as mail systems of several kinds write them; example domains."""

from __future__ import annotations

_POSTFIX = """\
Return-Path: <>
From: MAILER-DAEMON@mx.example.net (Mail Delivery System)
To: {to}
Subject: Undelivered Mail Returned to Sender
Auto-Submitted: auto-replied
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status;
\tboundary="4F1.1790000000/mx.example.net"

--4F1.1790000000/mx.example.net
Content-Description: Notification
Content-Type: text/plain; charset=us-ascii

The mail system at mx.example.net could not deliver your mail.

--4F1.1790000000/mx.example.net
Content-Description: Delivery report
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example.net
X-Postfix-Queue-ID: 4F1
Arrival-Date: Sun, 29 Nov 2026 06:00:00 +0000 (UTC)

Final-Recipient: rfc822; gone@example.org
Original-Recipient: rfc822;gone@example.org
Action: {action}
Status: {status}
Remote-MTA: dns; mail.example.org
Diagnostic-Code: smtp; {answered}

--4F1.1790000000/mx.example.net
Content-Description: Undelivered Message
Content-Type: message/rfc822

From: Entraide <board@example.com>
To: gone@example.org
Subject: About your request

Hello

--4F1.1790000000/mx.example.net--
"""

_EXIM = """\
From: Mail Delivery System <Mailer-Daemon@relay.example.net>
To: {to}
Auto-Submitted: auto-replied
X-Failed-Recipients: gone@example.org
Content-Type: multipart/report; report-type=delivery-status; boundary=1790000000-eximdsn-1
MIME-Version: 1.0
Subject: Mail delivery failed: returning message to sender

--1790000000-eximdsn-1
Content-type: text/plain; charset=us-ascii

A message that you sent could not be delivered to one of its recipients.

--1790000000-eximdsn-1
Content-type: message/delivery-status

Reporting-MTA: dns; relay.example.net

Action: {action}
Final-Recipient: rfc822;gone@example.org
Status: 5.0.0
Remote-MTA: dns; mail.example.org
Diagnostic-Code: smtp; {answered}

--1790000000-eximdsn-1
Content-type: message/rfc822

Subject: About your request

Hello
--1790000000-eximdsn-1--
"""

_EXCHANGE = """\
From: <postmaster@example.org>
To: <{to}>
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status;
\tboundary="=_part_of_a_report"
Subject: Undeliverable: About your request
Auto-Submitted: auto-replied

--=_part_of_a_report
Content-Type: multipart/alternative; boundary="=_words"

--=_words
Content-Type: text/plain; charset="utf-8"
Content-Transfer-Encoding: base64

VGhlIGFkZHJlc3Mgd2FzIG5vdCBmb3VuZC4=
--=_words
Content-Type: text/html; charset="utf-8"

<p>The address was not found.</p>
--=_words--

--=_part_of_a_report
Content-Type: message/delivery-status

Reporting-MTA: dns;host.example.org
Received-From-MTA: dns;mx.example.net
Arrival-Date: Sun, 29 Nov 2026 06:00:00 +0000

Original-Recipient: rfc822;gone@example.org
Final-Recipient: rfc822;gone@example.org
Action: {action}
Status: {status}
Diagnostic-Code: smtp;{answered}
X-Display-Name: Gone

--=_part_of_a_report
Content-Type: text/rfc822-headers

Subject: About your request

--=_part_of_a_report--
"""

SHAPES = {"postfix": _POSTFIX, "exim": _EXIM, "exchange": _EXCHANGE}


def report(
    shape: str = "postfix",
    *,
    to: str = "bounce@example.com",
    action: str = "failed",
    status: str = "5.1.1",
    answered: str = "550 5.1.1 <gone@example.org> unknown",
) -> bytes:
    """A report of one of the shapes about one mail; Exim's own status is always 5.0.0."""
    text = SHAPES[shape].format(to=to, action=action, status=status, answered=answered)
    return text.replace("\n", "\r\n").encode()

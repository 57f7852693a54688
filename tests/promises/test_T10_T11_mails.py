"""T10 and T11: what a request says of hosts and addresses reaches no mail."""

from __future__ import annotations

import re
import smtplib
from email.message import EmailMessage
from typing import Any, ClassVar

import pytest
from flask import Flask, request
from flask.testing import FlaskClient

from tests.fakes import MailSink, text_of, work_off
from tests.promises.house import House, Post
from tests.web.conftest import Poster, csrf_token

EVIL = "evil.example"
#: Headers by which a request may say that it came for another host.
HOSTS: tuple[dict[str, str], ...] = (
    {"Host": EVIL},
    {"Host": f"{EVIL}:8000"},
    {"Host": f"board.test@{EVIL}"},
    {"Host": f"board.test.{EVIL}"},
    {"X-Forwarded-Host": EVIL},
    {"X-Forwarded-Host": f"board.test, {EVIL}"},
    {"X-Forwarded-Server": EVIL},
    {"X-Host": EVIL},
    {"X-Original-Host": EVIL},
    {"X-Forwarded-Proto": "javascript", "X-Forwarded-Port": "1"},
    {"X-Forwarded-Prefix": f"//{EVIL}"},
    {"Forwarded": f"host={EVIL};proto=https"},
    {"X-Rewrite-Url": f"//{EVIL}/"},
    {"Referer": f"http://{EVIL}/", "Origin": f"http://{EVIL}"},
)
_ADDRESS = re.compile(r"https?://[^\s>\"]+")


class Misled(FlaskClient):
    """A browser all of whose requests carry some headers."""

    said: ClassVar[dict[str, str]] = {}

    def open(self, *args: Any, **options: Any) -> Any:
        """Send the headers with the request."""
        return super().open(*args, **{**options, "headers": self.said})


def misled(app: Flask, headers: dict[str, str]) -> FlaskClient:
    """A browser that says what it should not."""
    client = type("Saying", (Misled,), {"said": {"Accept-Language": "en", **headers}})
    return client(app, app.response_class, use_cookies=True)


def test_T10_links_in_mails_begin_with_the_boards_own_address(house: House) -> None:
    """Whatever a request says: in confirmations, alerts, answers, and the way out of each."""
    house.alert("waits@example.org", (4.05, 9.70), 50)
    house.by_script(Post("asker", (4.05, 9.70)))
    (listing,) = house.client.get("/listings.geojson").json["features"]
    for number, headers in enumerate(HOSTS):
        post = Post(f"guest{number}", (4.06, 9.71), "offer")
        poster = Poster(misled(house.app, headers))
        placed = {"place": "Douala"}
        assert poster.listing(**post.fields, **placed).status_code == 303
        assert poster.alert(email=f"new{number}@example.org").status_code == 303
        answered(poster.client, listing["properties"]["address"], f"writer{number}@example.org")
        house.confirm(post.email)
    work_off(house.board)
    assert len(house.smtp.messages) > 5 * len(HOSTS)
    for message in house.smtp.messages:
        text = f"{message}\n{text_of(message)}"
        assert EVIL not in text
        assert all(each.startswith("http://board.test") for each in _ADDRESS.findall(text))
    assert any("List-Unsubscribe" in message for message in house.smtp.messages)


def answered(client: FlaskClient, address: str, email: str) -> None:
    """Answer a listing through its form."""
    token = csrf_token(client, f"{address}/answer")
    data = {"csrf_token": token, "email": email, "text": "I can come."}
    assert client.post(f"{address}/answer", data=data).status_code == 303


def test_T10_no_page_and_no_redirect_leads_to_another_host(house: House) -> None:
    """Neither a link, nor a form, nor a Location."""
    for headers in HOSTS:
        client = misled(house.app, headers)
        for address in ("/", "/listings", "/listings/new", "/alerts/new", "/no/such/page"):
            response = client.get(address)
            assert EVIL not in response.text
            assert EVIL not in str(response.headers)
        # A form is sent without scruples too: it is refused, or leads on at the board's own place.
        answer = Poster(client).listing(place="Douala", key=f"key-{abs(hash(str(headers)))}")
        assert answer.status_code == 303
        assert (answer.location or "").startswith("/listings/")


def test_T10_control_a_link_made_from_the_request_is_found() -> None:
    """The same headers, where the link is made as frameworks make it by themselves."""
    app = Flask("weak")

    @app.get("/")
    def mail() -> str:
        return f"Confirm: {request.host_url}links/a-token"

    assert EVIL in misled(app, HOSTS[0]).get("/").text


#: What is typed as an address: whom it would reach if it went into a mail as it is.
ADDRESSES = (
    "a@example.org, b@example.org",
    "a@example.org,b@example.org",
    "a@example.org;b@example.org",
    "a@example.org b@example.org",
    "<a@example.org>, <b@example.org>",
    "A <a@example.org>, B <b@example.org>",
    "friends: a@example.org, b@example.org;",
    "a@example.org\r\nBcc: b@example.org",
    "a@example.org\nBcc: b@example.org",
    "a@example.org%0d%0aBcc:b@example.org",
    "a@example.org\x00b@example.org",
    "a@example.org\u2028Bcc: b@example.org",
    "a@example.org\x85Bcc: b@example.org",
    "a@example.org>\r\nRCPT TO:<b@example.org",
    '"a@example.org, b"@example.org',
    '"\\r\\nBcc: b@example.org"@example.org',
    "a@example.org(b@example.org)",
    "a@b@example.org",
    "a%b@example.org@example.net",
    "a@[127.0.0.1]",
    "a@example.org\t,b@example.org",
    "=?utf-8?q?a=40example.org=2C?= b@example.org",
    "=?utf-8?q?a=0ABcc=3Ab?=@example.org",
    "=?utf-8?q?b?=@example.org",
)
#: What is typed as a title, which a subject repeats.
TITLES = (
    "Help\r\nBcc: b@example.org",
    "Help\nTo: b@example.org",
    "Help\rX-Evil: 1",
    "Help\u2028Bcc: b@example.org",
    "Help\x0bBcc: b@example.org",
    "Help\x85Bcc: b@example.org",
    "=?utf-8?q?Help=0ABcc:_b@example.org?=",
    "Help\r\n\r\nA body of my own",
)
_HEADERS = {
    *("From", "To", "Subject", "Date", "Message-ID", "Auto-Submitted", "Content-Language"),
    *("Content-Type", "Content-Transfer-Encoding", "MIME-Version", "Reply-To"),
    *("List-Unsubscribe", "List-Unsubscribe-Post", "List-Id"),
}


def test_T11_an_address_is_one_address(house: House) -> None:
    """Whatever is typed, the sink sees one recipient a mail, and the queue goes on."""
    house.by_script(Post("asker", (4.05, 9.70)))
    (listing,) = house.client.get("/listings.geojson").json["features"]
    address = listing["properties"]["address"]
    work_off(house.board)
    before = len(house.smtp.messages)
    poster = Poster(house.client)
    taken = 0
    for number, typed in enumerate(ADDRESSES):
        answers = [
            poster.listing(email=typed, key=f"key-number-{number}"),
            poster.alert(email=typed),
            poster.client.post(
                f"{address}/answer",
                data={
                    "csrf_token": csrf_token(poster.client, f"{address}/answer"),
                    "email": typed,
                    "text": "I can come.",
                },
            ),
        ]
        assert {each.status_code for each in answers} <= {422, 303}, typed
        taken += sum(each.status_code == 303 for each in answers)
    work_off(house.board)
    assert_sound(house.smtp)
    assert len(house.smtp.messages) - before == taken == 0
    house.by_script(Post("later", (4.05, 9.70)))
    assert house.smtp.to("later@example.org")


def test_T11_a_title_is_one_line(house: House) -> None:
    """Refused with its reason, or one line of the subject; never a header of its own."""
    poster = Poster(house.client)
    for number, title in enumerate(TITLES):
        answer = poster.listing(
            title=title, email=f"t{number}@example.org", key=f"key-number-{number}"
        )
        assert answer.status_code in (303, 422)
    house.by_import(*(Post(" ".join(each.split()), (4.05, 9.70)) for each in TITLES[-2:-1]))
    work_off(house.board)
    assert_sound(house.smtp)
    assert 0 < len(house.smtp.messages) < len(TITLES)
    assert "Bcc" in " ".join(message["Subject"] for message in house.smtp.messages)


def test_T11_a_refused_recipient_holds_up_nobody(house: House) -> None:
    """The server's 550 for one ends that mail alone."""
    poster = Poster(house.client)
    for number in range(4):
        email = f"r{number}@example.org"
        poster.listing(email=email, key=f"key-number-{number}")
    house.smtp.answers = ["550 no such mailbox"]
    work_off(house.board)
    assert len(house.smtp.messages) == 3
    assert_sound(house.smtp)


def assert_sound(smtp: MailSink) -> None:
    """One recipient a mail, the one it names, and no header but ours."""
    for to, message in zip(smtp.recipients, smtp.messages, strict=True):
        assert [to, set(message.keys()) - _HEADERS] == [[message["To"]], set()]
        assert not {"a@example.org", "b@example.org"} & set(to)
        assert len(message.get_all("Subject", [])) == len(message.get_all("To", [])) == 1


def test_T11_control_a_typed_address_used_as_it_is_reaches_two(smtp: MailSink) -> None:
    """The standard library takes two for one, and a header written by hand takes a third."""
    message = EmailMessage()
    message["From"], message["To"] = "board@example.org", ADDRESSES[0]
    message.set_content("Confirm: ...")
    port = int(smtp.url.rpartition(":")[2])
    with smtplib.SMTP("127.0.0.1", port) as server:
        server.send_message(message)
        written = f"To: c@example.org\r\nSubject: {TITLES[0]}\r\n\r\nConfirm: ..."
        server.sendmail("board@example.org", ["c@example.org"], written)
    assert smtp.recipients[0] == ["a@example.org", "b@example.org"]
    assert smtp.messages[1]["Bcc"] == "b@example.org"
    with pytest.raises(AssertionError):
        assert_sound(smtp)


def test_T11_control_encoded_text_in_a_subject_becomes_a_header(smtp: MailSink) -> None:
    """What the standard library made of such a title, on the Pythons that do not refuse it."""
    message = EmailMessage()
    message["From"], message["To"] = "board@example.org", "c@example.org"
    message["Subject"] = f"Confirm: {TITLES[-2]}"
    message.set_content("Confirm: ...")
    assert "\n" in message["Subject"]

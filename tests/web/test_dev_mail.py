"""Mails caught on this machine: readable there, and nowhere else."""

from __future__ import annotations

import mailbox
from email.message import EmailMessage

import pytest
from flask.testing import FlaskClient

from board.context import Board
from config.settings import Settings
from tests.web.conftest import Page, english
from web.app import create_app
from web.dev_mail import linked


@pytest.fixture
def embedded(environment: dict[str, str]) -> Settings:
    """Settings without a mail server."""
    return Settings.from_mapping(environment)


@pytest.fixture
def local(board: Board, embedded: Settings) -> FlaskClient:
    """A browser on a machine that catches its mails."""
    return english(create_app(board, embedded))


def catch(settings: Settings, subject: str, text: str, html: str = "") -> None:
    """Put a mail into the catcher's Maildir."""
    message = EmailMessage()
    message["Subject"], message["From"], message["To"] = subject, "board@a.fr", "reader@a.fr"
    message.set_content(text)
    if html:
        message.add_alternative(html, subtype="html")
    mailbox.Maildir(settings.mail_dir, create=True).add(message)


def test_mails_are_listed_and_read(local: FlaskClient, embedded: Settings) -> None:
    """Subject, recipient, and the text with links to follow."""
    catch(embedded, "Bonjour à tous", "Press http://board.test/links/abc-1_2, please.")
    page = Page(local.get("/dev/mail").text)
    address = next(each["href"] for each in page.all("a") if "/dev/mail/" in each["href"])
    html = local.get(address).text
    assert "Bonjour à tous" in html
    assert "reader@a.fr" in html
    assert Page(html).all("a", href="http://board.test/links/abc-1_2")


def test_an_empty_catcher_says_so(local: FlaskClient) -> None:
    """Also before the catcher has made its folder."""
    assert "No mail yet." in local.get("/dev/mail").text


def test_the_html_part_is_shown_as_text(local: FlaskClient, embedded: Settings) -> None:
    """Nothing of a mail runs in the page."""
    catch(embedded, "<script>1</script>", "<script>2</script>", "<script>3</script>")
    page = Page(local.get("/dev/mail").text)
    address = next(each["href"] for each in page.all("a") if "/dev/mail/" in each["href"])
    html = local.get(address).text
    assert "&lt;script&gt;3" in html
    assert all(script.get("src") for script in Page(html).all("script"))


@pytest.mark.parametrize("name", ["none", "..", "..%2F..%2Fsecret_key", "new", "%00"])
def test_another_file_is_not_a_mail(local: FlaskClient, name: str) -> None:
    """Only what the catcher holds can be read."""
    assert local.get(f"/dev/mail/{name}").status_code in (404, 308)


@pytest.mark.parametrize("change", [{"smtp_url": "smtp://mail.test:25"}, {"production": True}])
def test_it_does_not_exist_elsewhere(
    board: Board, embedded: Settings, change: dict[str, object]
) -> None:
    """404 with a mail server and in production, and no page leads to it."""
    client = create_app(board, embedded.model_copy(update=change)).test_client()
    assert client.get("/dev/mail").status_code == 404
    assert client.get("/dev/mail/anything").status_code == 404
    assert "/dev/mail" not in client.get("/").text
    assert "/dev/mail" not in client.get("/listings/sent").text


def test_the_page_after_posting_leads_to_it(local: FlaskClient) -> None:
    """Whoever tries the board on their own machine finds the mail."""
    assert Page(local.get("/listings/sent").text).all("a", href="/dev/mail")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("no link", "no link"),
        ("see http://a.fr/x.", 'see <a href="http://a.fr/x">http://a.fr/x</a>.'),
        ("(https://a.fr)", '(<a href="https://a.fr">https://a.fr</a>)'),
        ("javascript:alert(1)", "javascript:alert(1)"),
        ('http://a.fr/"onclick=1', '<a href="http://a.fr/">http://a.fr/</a>&#34;onclick=1'),
        ("a & <b>", "a &amp; &lt;b&gt;"),
        ("http://a.fr/?a=1&b=2", '<a href="http://a.fr/?a=1&amp;b=2">http://a.fr/?a=1&amp;b=2</a>'),
    ],
)
def test_only_web_addresses_become_links(text: str, expected: str) -> None:
    """Everything else of a mail's text is escaped."""
    assert linked(text) == expected


@pytest.mark.parametrize(
    ("host", "status"),
    [("127.0.0.1:8000", 200), ("localhost", 200), ("[::1]:8000", 200), ("evil.example", 404)],
)
def test_a_foreign_name_of_this_machine_reads_no_mail(
    local: FlaskClient, host: str, status: int
) -> None:
    """A page elsewhere that points its own name here gets nothing."""
    assert local.get("/dev/mail", headers={"Host": host}).status_code == status

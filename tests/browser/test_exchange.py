"""The whole exchange in a real browser: asked, answered, talked over, accepted, done, thanked.

Real processes (`entraide up`), real SMTP both ways, Debian's Chromium; once on each database.
"""

from __future__ import annotations

import re
import smtplib
from collections.abc import Iterator
from email.message import EmailMessage

import pytest
from playwright.sync_api import Browser, Page, expect

from config.settings import Settings
from tests.browser.test_journey import choose, choose_town, confirm, send, site
from tests.fakes import MailSink
from tests.processes import wait_for

__all__ = ["site"]
pytestmark = pytest.mark.browser

ASKER, HELPER = "asker@example.org", "helper@example.org"


@pytest.fixture
def second(served: Settings, chromium: Browser) -> Iterator[Page]:
    """The browser of another person, who reads Arabic."""
    context = chromium.new_context(base_url=served.base_url, locale="ar")
    yield context.new_page()
    context.close()


def mail_with(smtp: MailSink, address: str, words: str) -> EmailMessage:
    """The mail to an address that says this, once it is there."""

    def found() -> list[EmailMessage]:
        return [mail for mail in smtp.to(address) if words in mail.get_content()]

    wait_for(found, f"a mail that says “{words}”")
    (mail,) = found()
    return mail


def door(mail: EmailMessage) -> str:
    """The page of the conversation that a mail leads to."""
    found = re.search(r"(/conversations/by-link/\S+)", mail.get_content())
    assert found is not None
    return found[1]


def reply(settings: Settings, mail: EmailMessage, text: str) -> None:
    """Answer a mail as a mail program would, quoting it below."""
    message = EmailMessage()
    message["From"], message["To"] = mail["To"], mail["Reply-To"]
    message["Subject"] = f"Re: {mail['Subject']}"
    message["Message-ID"] = f"<{abs(hash(text))}@mailer.example>"
    message["In-Reply-To"] = mail["Message-ID"]
    quoted = "\n".join(f"> {line}" for line in mail.get_content().splitlines())
    message.set_content(f"{text}\n\nLe 24 nov. 2026 à 10:15, Entraide a écrit :\n{quoted}\n")
    with smtplib.SMTP(settings.mailin_host, settings.mailin_port, timeout=20) as server:
        server.send_message(message)


def say(page: Page, text: str) -> None:
    """Write on the page of the conversation."""
    page.locator("textarea[name=text]").fill(text)
    page.locator("form[action$='/messages'] button[type=submit]").click()
    expect(page.locator(".message.is-mine").last).to_contain_text(text)


def press(page: Page, action: str) -> None:
    """Decide with a button of the conversation."""
    page.locator(f"button[name=action][value='{action}']").click()
    page.wait_for_load_state()


def test_from_a_request_to_thanks(
    site: Page, second: Page, served: Settings, smtp: MailSink
) -> None:
    """A guest asks, a volunteer answers; they write in the app and by mail, and it is done."""
    site.goto("/listings/new?kind=request")
    choose_town(site, "Douala")
    choose(site, "categories", "groceries")
    choose(site, "urgency", "2")
    site.locator("input[name=title]").fill("Courses pour une semaine")
    send(site, ASKER)
    confirm(site, smtp, ASKER)
    site.wait_for_url(re.compile("/listings/[^/?]+"))
    listing = site.url.partition("?")[0]

    second.goto(listing)
    second.locator("a[href$='/answer']").click()
    expect(second.locator(".safety")).to_be_visible()
    second.locator("textarea[name=text]").fill("Je peux passer demain.")
    send(second, HELPER)
    confirm(second, smtp, HELPER)
    second.wait_for_url(re.compile("/conversations/by-link/"))
    expect(second.locator(".message.is-mine")).to_contain_text("Je peux passer demain.")

    asked = mail_with(smtp, ASKER, "Je peux passer demain.")
    assert HELPER not in asked.as_string()
    site.goto(door(asked))
    expect(site.locator(".message.is-unread")).to_have_count(1)
    expect(site.locator("form[data-read]")).to_be_hidden()
    say(site, "Merci ! À quelle heure ?")

    got = mail_with(smtp, HELPER, "Merci ! À quelle heure ?")
    assert ASKER not in got.as_string()
    reply(served, got, "À dix heures.")
    back = mail_with(smtp, ASKER, "À dix heures.")
    assert "À quelle heure" not in back.get_content()
    reply(served, back, "Parfait, je serai là.")
    mail_with(smtp, HELPER, "Parfait, je serai là.")

    site.reload()
    expect(site.locator(".message")).to_have_count(4)
    press(site, "accept")
    second.goto(listing)
    expect(second.locator(".badge-offer .icon").first).to_be_visible()
    press(site, "done")
    site.locator("textarea[name=thanks]").fill("Merci mille fois !")
    site.locator("form[action$='/thanks'] button[type=submit]").click()
    expect(site.locator(".message.is-thanks")).to_contain_text("Merci mille fois !")
    thanked = mail_with(smtp, HELPER, "Merci mille fois !")
    second.goto(door(thanked))
    expect(second.locator(".message.is-thanks")).to_contain_text("Merci mille fois !")
    assert second.evaluate("document.dir") == "rtl"

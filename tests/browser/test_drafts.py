"""What was typed and not sent, in a real browser: a lost connection, the next member, a day."""

from __future__ import annotations

import pytest
from flask import Response
from playwright.sync_api import Page, expect

from board.context import Board
from tests.browser.installed import Server, everything, keep_copy, sign_in, talk_of
from tests.factories import Factory

pytestmark = [
    pytest.mark.browser,
    pytest.mark.parametrize("environment", ["sqlite"], indirect=True),
]


def test_a_message_survives_a_lost_connection(
    page: Page, server: Server, board: Board, member_id: int
) -> None:
    """Typed, not sent, said so, found again, sent once; then there is no draft any more."""
    keep_copy(page)
    talk = talk_of(board, member_id)
    page.goto(talk)
    page.locator("textarea[name=text]").fill("Je prends aussi du pain.")
    server.stop()
    page.locator("form[action$='/messages'] button[type=submit]").click()
    expect(page.locator("h1")).to_contain_text("Nothing was sent")
    page.get_by_role("link", name="Je prends aussi du pain.").click()
    expect(page.get_by_text("This page is as it was at")).to_be_visible()
    expect(page.locator("textarea[name=text]")).to_have_value("Je prends aussi du pain.")
    page.locator("textarea[name=text]").fill("Je prends aussi du lait.")
    server.start()
    page.get_by_role("link", name="Try again").click()
    expect(page.locator("form[action$='/messages']")).to_be_visible()
    expect(page.locator("textarea[name=text]")).to_have_value("Je prends aussi du lait.")
    page.locator("form[action$='/messages'] button[type=submit]").click()
    expect(page.locator(".message.is-mine").last).to_contain_text("Je prends aussi du lait.")
    expect(page.locator("textarea[name=text]")).to_have_value("")
    page.reload()
    expect(page.locator("textarea[name=text]")).to_have_value("")
    assert "du lait" not in page.evaluate("JSON.stringify({ ...localStorage })")


def test_what_arrived_before_the_line_broke_is_not_said_twice(
    page: Page, server: Server, board: Board, member_id: int
) -> None:
    """The answer is lost, not the message: sent again as it was, it stands there once."""
    lost = iter([True])

    def lose(response: Response) -> Response:
        if "said=message" in response.headers.get("Location", "") and next(lost, False):
            return Response("The line is gone.", 502)
        return response

    server.app.after_request_funcs.setdefault(None, []).append(lose)
    talk = talk_of(board, member_id)
    page.goto(talk)
    page.locator("textarea[name=text]").fill("Une fois.")
    page.locator("form[action$='/messages'] button[type=submit]").click()
    expect(page.get_by_text("The line is gone.")).to_be_visible()
    page.goto(talk)
    expect(page.locator("textarea[name=text]")).to_have_value("Une fois.")
    page.locator("form[action$='/messages'] button[type=submit]").click()
    expect(page.locator("textarea[name=text]")).to_have_value("")
    expect(page.locator(".message.is-mine").filter(has_text="Une fois.")).to_have_count(1)


def test_a_second_message_survives_a_lost_connection_too(
    page: Page, server: Server, board: Board, member_id: int
) -> None:
    """The page that came after the first one, gone back to, does not take the second for sent."""
    page.goto(talk_of(board, member_id))
    for text in ("La première.", "La deuxième."):
        page.locator("textarea[name=text]").fill(text)
        if text == "La deuxième.":
            server.stop()
        page.locator("form[action$='/messages'] button[type=submit]").click()
        if text == "La première.":
            expect(page.locator(".message.is-mine").last).to_contain_text(text)
    expect(page.locator("h1")).to_contain_text("Nothing was sent")
    server.start()
    page.get_by_role("link", name="Back to what I typed").click()
    expect(page.locator("textarea[name=text]")).to_have_value("La deuxième.")
    page.reload()
    expect(page.locator("textarea[name=text]")).to_have_value("La deuxième.")


def test_a_draft_is_its_writer_s(
    page: Page, server: Server, board: Board, member_id: int, make: Factory
) -> None:
    """The next member at this telephone is given nothing of it."""
    page.goto(talk_of(board, member_id))
    page.locator("textarea[name=text]").fill("Rien que pour toi.")
    assert "Rien que pour toi." in everything(page)
    sign_in(page, server, board, make.member("next@example.org", locale="en"))
    page.goto("/about")
    assert "Rien que pour toi." not in everything(page)


def test_a_draft_is_deleted_after_a_day(page: Page, board: Board, member_id: int) -> None:
    """By any page, also where nobody is signed in: it is not only given back no more."""
    page.goto(talk_of(board, member_id))
    page.locator("textarea[name=text]").fill("Il y a longtemps.")
    page.evaluate(
        """() => {
          for (const [key, text] of Object.entries(localStorage)) {
            if (!key.startsWith("entraide-draft-")) continue;
            const draft = JSON.parse(text);
            localStorage.setItem(key, JSON.stringify({ ...draft, at: draft.at - 86_400_000 }));
          }
        }"""
    )
    page.context.clear_cookies()
    assert "Il y a longtemps." in everything(page)
    page.goto("/about")
    assert "Il y a longtemps." not in everything(page)

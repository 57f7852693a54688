"""One's own data, on pages and as a file."""

from __future__ import annotations

import json

from flask.testing import FlaskClient

from board.context import Board
from tests.factories import Factory
from tests.fakes import MailSink, work_off
from tests.web.conftest import Page, csrf_token, sign_in

ADDRESS = "me@example.org"


def test_the_page_and_the_file_hold_the_same(client: FlaskClient, make: Factory) -> None:
    """The file is private and kept by no cache; a guest gets neither."""
    make.open(email=ADDRESS, title="A title of mine", text="Insulin")
    make.alert(email=ADDRESS)
    board: Board = client.application.config["BOARD"]
    assert client.get("/me/data").status_code == 303
    assert client.get("/me/data.json").status_code == 303
    sign_in(client, owner(board))
    page = client.get("/me/data")
    assert "A title of mine" in page.text
    assert "Douala" in page.text
    answer = client.get("/me/data.json")
    assert answer.headers["Cache-Control"] == "private, no-store"
    assert answer.headers["Content-Disposition"].startswith("attachment")
    assert json.loads(answer.text)["data"]["listings"][0]["title"] == "A title of mine"


def owner(board: Board) -> int:
    """Id of the member of the address."""
    from board import members

    with board.db.read() as session:
        member = members.by_email(session, ADDRESS)
        assert member is not None
        return member.id


def test_a_consent_is_taken_back_by_a_button(client: FlaskClient, make: Factory) -> None:
    """The listing leaves the board; the button is there no more."""
    view = make.open(email=ADDRESS, text="Insulin")
    sign_in(client, owner(client.application.config["BOARD"]))
    page = Page(client.get("/me/data").text)
    (form,) = [each for each in page.all("form") if "/me/consents/" in each.get("action", "")]
    token = page.value("csrf_token")
    assert client.post(form["action"], data={"csrf_token": token}).status_code == 303
    assert client.get(f"/listings/{view.public_id}").status_code == 410
    assert "/me/consents/" not in client.get("/me/data").text


def test_a_guest_goes_by_a_mailed_link(client: FlaskClient, board: Board, make: Factory) -> None:
    """To the page, the file and the erasure; a known and an unknown address are answered alike."""
    make.open(email=ADDRESS, title="A title of mine")
    with MailSink() as smtp:
        object.__setattr__(
            board, "settings", board.settings.model_copy(update={"smtp_url": smtp.url})
        )
        answers = []
        for email in (ADDRESS, "unknown@example.org"):
            data = {"csrf_token": csrf_token(client, "/data"), "email": email}
            answer = client.post("/data", data=data)
            answers.append((answer.status_code, answer.location))
        assert answers[0] == answers[1]
        work_off(board)
        link = f"/data/by-link/{smtp.token(ADDRESS, 'by-link')}"
    for _ in range(2):
        client.head(link)
        assert "A title of mine" not in client.get(link).text
    opened = client.post(link, data={"csrf_token": csrf_token(client, link)})
    assert "A title of mine" in opened.text
    assert opened.headers["Cache-Control"] == "no-store"
    assert client.get(link).status_code == 410
    page = Page(opened.text)
    actions = [each["action"] for each in page.all("form")]
    token = {"csrf_token": page.value("csrf_token")}
    (file,) = [each for each in actions if each.endswith("/file")]
    assert "A title of mine" in client.post(file, data=token).text
    assert client.post(file, data=token).status_code == 410
    (erase,) = [each for each in actions if each.endswith("/erase")]
    gone = client.post(erase, data=token)
    assert (gone.status_code, gone.location) == (303, "/data/erased")
    assert client.get("/data/erased").status_code == 200
    assert client.post(erase, data=token).status_code == 410
    assert "A title of mine" not in client.get("/listings").text


def test_no_address_is_refused_with_what_was_typed(client: FlaskClient) -> None:
    """The form comes back."""
    data = {"csrf_token": csrf_token(client, "/data"), "email": "not one"}
    answer = client.post("/data", data=data)
    assert answer.status_code == 422
    assert Page(answer.text).value("email") == "not one"

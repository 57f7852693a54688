"""Applying, being judged, acting together: the pages of organisations."""

from __future__ import annotations

import re
from typing import Any

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient

from board import organisations, questions
from board.context import Board
from board.members import by_email
from board.organisations import Organisation, Status
from matcher.taxonomy import Reach
from tests.factories import Factory
from tests.fakes import MailSink, work_off
from tests.web.conftest import Page, Poster, csrf_token, english, sign_in

APPLICATION: dict[str, Any] = {
    "kind": "consulate",
    "name": "Consulat du Sénégal",
    "country": "SN",
    "countries": ["CM", "GA"],
    "website": "https://consulat.example",
    "phone": "+237 222 22 22 22",
    "note": "Standard : 222 22 22 22",
    "email": "consul@example.org",
}


def press(client: FlaskClient, page: str, address: str, **data: Any) -> Any:
    """Send a form of a page."""
    return client.post(address, data={"csrf_token": csrf_token(client, page), **data})


def test_from_the_form_to_the_badge(
    client: FlaskClient, board: Board, make: Factory, smtp: MailSink
) -> None:
    """Applied, confirmed by mail, verified with evidence, listed, revoked with a word of it."""
    answer = press(client, "/organisations/new", "/organisations", **APPLICATION)
    assert (answer.status_code, answer.location) == (303, "/organisations/sent")
    assert client.get(answer.location).status_code == 200
    work_off(board)
    link = f"/links/{smtp.token('consul@example.org')}"
    assert "Consulat du Sénégal" in client.get(link).text
    assert press(client, link, link).status_code == 200
    with board.db.read() as session:
        row = session.scalars(sa.select(Organisation)).one()
    page, console = f"/organisations/{row.public_id}", f"/admin/organisations/{row.public_id}"
    assert client.get(page).status_code == 404

    admin = english(client.application)
    sign_in(admin, make.administrator(), second_factor=True)
    assert "Waits for a decision" in admin.get("/admin/organisations").text
    assert "Standard" in admin.get(console).text
    verdict = {"verdict": "verify", "countries": ["CM"], "phone": "+237 1 23"}
    refused = press(admin, console, console, **verdict, evidence="")
    assert refused.status_code == 422 and "evidence" in Page(refused.text).problems()
    assert press(admin, console, console, **verdict, evidence="Appelé.").status_code == 303
    html = client.get(page).text
    assert "Verified" in html and "Cameroon" in html and "Gabon" not in html
    assert "Appelé" not in html and "Standard" not in html and "consul@" not in html
    assert page in client.get("/organisations").text

    naming = f"{console}/coordinator"
    assert press(admin, console, naming, email="nobody").status_code == 422
    assert press(admin, console, naming, email="second@example.org").status_code == 303

    revoked = press(admin, console, console, verdict="revoke", evidence="Fermé.")
    assert revoked.status_code == 303
    html = client.get(page).text
    assert "no longer verified" in html and "Line for emergencies" not in html
    assert page not in client.get("/organisations").text


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"kind": "ministry"}, "kind"),
        ({"name": " "}, "name"),
        ({"country": ""}, "country"),
        ({"countries": []}, "countries"),
        ({"website": "http://consulat.example"}, "website"),
        ({"phone": "abc"}, "phone"),
        ({"email": "nobody"}, "email"),
    ],
)
def test_a_refused_application_comes_back_as_it_was(
    client: FlaskClient, board: Board, changes: dict[str, Any], field: str
) -> None:
    """422, the field named, what was typed, and nothing stored."""
    answer = press(client, "/organisations/new", "/organisations", **{**APPLICATION, **changes})
    assert answer.status_code == 422
    page = Page(answer.text)
    assert field in page.problems()
    if field != "name":
        assert page.value("name") == APPLICATION["name"]
    with board.db.read() as session:
        assert session.scalars(sa.select(Organisation)).all() == []


def test_the_page_after_it_says_the_same_for_every_address(
    client: FlaskClient, make: Factory
) -> None:
    """A known and an unknown address lead to one and the same page."""
    make.member("known@example.org")
    for email in ("known@example.org", "unknown@example.org"):
        data = {**APPLICATION, "email": email}
        answer = press(client, "/organisations/new", "/organisations", **data)
        assert (answer.status_code, answer.location) == (303, "/organisations/sent")


def test_colleagues_are_added_and_removed(client: FlaskClient, board: Board, make: Factory) -> None:
    """By the coordinator; a partner has no form, and sending one finds nothing."""
    office = make.organisation()
    sign_in(client, office.member_id, second_factor=True)
    home = f"/organisation/{office.id}"
    assert client.get("/organisation").location == home
    assert client.get("/organisation/inbox").location == f"{home}/inbox"
    data = {"email": "new@example.org", "role": "partner"}
    assert press(client, home, f"{home}/members", **data).status_code == 303
    bad = press(client, home, f"{home}/members", email="nobody", role="king")
    assert bad.status_code == 422 and {"email", "role"} <= set(Page(bad.text).problems())
    html = client.get(home).text
    own, new = re.findall(rf"{home}/members/(\w+)/remove", html)[::-1]
    with board.db.read() as session:
        colleague = by_email(session, "new@example.org")
        assert colleague is not None
        if colleague.public_id != new:
            own, new = new, own
    partner = english(client.application)
    sign_in(partner, colleague.id, second_factor=True)
    assert "/members" not in partner.get(home).text
    writing = f"{home}/information/new"
    assert press(partner, writing, f"{home}/members", **data).status_code == 404
    assert press(partner, writing, f"{home}/members/{own}/remove").status_code == 404
    assert press(client, home, f"{home}/members/{new}/remove").status_code == 303
    assert partner.get(home).status_code == 404
    assert press(client, home, f"{home}/members/{own}/remove").status_code == 422


def test_a_question_goes_through_the_shared_inbox(
    client: FlaskClient, board: Board, make: Factory, smtp: MailSink
) -> None:
    """Asked, confirmed, assigned, answered, published; no address is shown to the other side."""
    office = make.organisation()
    view = make.information(office)
    form = f"/listings/{view.public_id}/question"
    bad = press(client, form, form, text="", email="x")
    assert bad.status_code == 422 and {"text", "email"} <= set(Page(bad.text).problems())
    answer = press(client, form, form, text="Et <b>demain</b> ?", email="asker@example.org")
    assert (answer.status_code, answer.location) == (303, f"{form}/sent")
    assert client.get(answer.location).status_code == 200
    work_off(board)
    link = f"/links/{smtp.token('asker@example.org')}"
    assert press(client, link, link).status_code == 200

    partner = english(client.application)
    sign_in(partner, office.member_id, second_factor=True)
    inbox = f"/organisation/{office.id}/inbox"
    html = partner.get(inbox).text
    assert "asker@example.org" not in html and "&lt;b&gt;demain" in html
    (question,) = questions.inbox(board, office.member_id, office.id)
    page = f"{inbox}/{question.public_id}"
    (me,) = re.findall(r'<option value="(\w+)">', partner.get(page).text)
    assert press(partner, page, f"{page}/assign", assigned_to=me).status_code == 303
    assert press(partner, page, f"{page}/assign", assigned_to="x").status_code == 422
    assert press(partner, page, f"{page}/answer", text="").status_code == 422
    reply = {"text": "Oui.", "published_question": "Est-ce ouvert demain ?"}
    assert press(partner, page, f"{page}/answer", **reply).status_code == 303
    assert "Est-ce ouvert demain ?" in client.get(f"/listings/{view.public_id}").text
    work_off(board)
    mail = smtp.to("asker@example.org")[-1].as_string()
    assert office.email not in mail
    assert organisations.get(board, office.id).status == Status.VERIFIED


def test_a_question_about_health_needs_a_yes(client: FlaskClient, make: Factory) -> None:
    """The box is there only once the words seem to need it."""
    address = f"/listings/{make.information().public_id}/question"
    typed = {"text": "I am ill: may I travel?", "email": "asker@example.org"}
    form = {**typed, "csrf_token": csrf_token(client, address)}
    assert not Page(client.get(address).text).all("input", name="health")
    refused = client.post(address, data=form)
    assert refused.status_code == 422
    Page(refused.text).one("input", name="health")
    assert client.post(address, data={**form, "health": "1"}).status_code == 303


def test_whom_to_call_comes_first_when_it_is_urgent(client: FlaskClient, make: Factory) -> None:
    """The country's numbers and the consulate's line, above the request itself."""
    make.organisation("Consulat", phone="+237 222 22 22 22")
    urgent = make.open(urgency=0, title="Mon mari me frappe")
    html = client.get(f"/listings/{urgent.public_id}").text
    line = html.index("tel:+237222222222")
    assert html.index("tel:117") < line < html.index('<h1 id="title"')
    calm = make.open(urgency=1)
    assert "tel:" not in client.get(f"/listings/{calm.public_id}").text
    nowhere = make.open(urgency=3, cell=None, country="", place_name="", reach=Reach.WORLD)
    assert "ask people on the spot" in client.get(f"/listings/{nowhere.public_id}").text


def test_the_page_after_posting_shows_help_and_officials_first(
    client: FlaskClient, make: Factory
) -> None:
    """Before anybody is asked: the request still waits for its confirmation."""
    view = make.information(make.organisation())
    poster = Poster(client)
    assert poster.listing(categories="admin", urgency="3").status_code == 303
    html = client.get("/listings/sent").text
    assert html.index("tel:117") < html.index(view.public_id) < html.index("Look at your mail</h1>")
    assert poster.listing(key="another-key-of-it", urgency="1").status_code == 303
    html = client.get("/listings/sent").text
    assert "tel:" not in html and view.public_id not in html

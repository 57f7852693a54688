"""What every answer must carry, and what no page may contain."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from board.context import Board
from tests.factories import Factory
from tests.web.conftest import ALERT, REQUEST, Page, Poster, csrf_token, english
from web.app import MAX_CONTENT_BYTES, create_app
from web.guards import GUARDS, Guard, GuardedBlueprint

#: An address for each route that takes something.
EXAMPLES = {
    "assets.vendor": "/vendor/leaflet.js",
    "assets.static": "/static/js/page.js",
    "listings.show": "/listings/AAAAAAAAAAAA",
    "sharing.poster": "/listings/AAAAAAAAAAAA/poster",
    "answering.new": "/listings/AAAAAAAAAAAA/answer",
    "answering.create": "/listings/AAAAAAAAAAAA/answer",
    "answering.sent": "/listings/AAAAAAAAAAAA/answer/sent",
    "conversations.show": "/conversations/AAAAAAAAAAAA",
    "conversations.write": "/conversations/AAAAAAAAAAAA/messages",
    "conversations.share": "/conversations/AAAAAAAAAAAA/contact",
    "conversations.thank": "/conversations/AAAAAAAAAAAA/thanks",
    "conversations.decide": "/conversations/AAAAAAAAAAAA/outcome",
    "conversations.read": "/conversations/AAAAAAAAAAAA/read",
    "conversations.ask_report": "/conversations/AAAAAAAAAAAA/report",
    "conversations.report": "/conversations/AAAAAAAAAAAA/report",
    "conversations.ask_block": "/conversations/AAAAAAAAAAAA/block",
    "conversations.block": "/conversations/AAAAAAAAAAAA/block",
    "conversation_links.show": "/conversations/by-link/a-token",
    "conversation_links.write": "/conversations/by-link/a-token/messages",
    "conversation_links.share": "/conversations/by-link/a-token/contact",
    "conversation_links.thank": "/conversations/by-link/a-token/thanks",
    "conversation_links.decide": "/conversations/by-link/a-token/outcome",
    "conversation_links.read": "/conversations/by-link/a-token/read",
    "conversation_links.ask_report": "/conversations/by-link/a-token/report",
    "conversation_links.report": "/conversations/by-link/a-token/report",
    "conversation_links.ask_block": "/conversations/by-link/a-token/block",
    "conversation_links.block": "/conversations/by-link/a-token/block",
    "links.show": "/links/a-token",
    "links.act": "/links/a-token",
    "unsubscribe.show": "/unsubscribe/a-token",
    "unsubscribe.one_click": "/unsubscribe/a-token",
    "me.edit": "/me/listings/AAAAAAAAAAAA/edit",
    "me.change": "/me/listings/AAAAAAAAAAAA/edit",
    "me.extend": "/me/listings/AAAAAAAAAAAA/extend",
    "me.close": "/me/listings/AAAAAAAAAAAA/close",
    "not_this.ask_not_this": "/not-this/a-token",
    "not_this.not_this": "/not-this/a-token",
    "not_now.ask_not_now": "/not-now/a-token",
    "not_now.not_now": "/not-now/a-token",
    "preferences_links.show": "/preferences/by-link/a-token",
    "preferences_links.save": "/preferences/by-link/a-token",
    "push.remove": "/me/push/1/remove",
    "push_links.add": "/preferences/by-link/a-token/push",
    "push_links.remove": "/preferences/by-link/a-token/push/1/remove",
    "own_alerts.show": "/me/alerts/AAAAAAAAAAAA",
    "own_alerts.change": "/me/alerts/AAAAAAAAAAAA",
    "own_alerts.end": "/me/alerts/AAAAAAAAAAAA/end",
    "own_alerts_links.new": "/preferences/by-link/a-token/alerts/new",
    "own_alerts_links.create": "/preferences/by-link/a-token/alerts",
    "own_alerts_links.show": "/preferences/by-link/a-token/alerts/AAAAAAAAAAAA",
    "own_alerts_links.change": "/preferences/by-link/a-token/alerts/AAAAAAAAAAAA",
    "own_alerts_links.end": "/preferences/by-link/a-token/alerts/AAAAAAAAAAAA/end",
    "profiles.place": "/me/profile/here",
    "profiles.set_place": "/me/profile/here",
    "overseeing.show": "/moderation/waves/AAAAAAAAAAAA",
    "overseeing.stop": "/moderation/waves/AAAAAAAAAAAA/stop",
    "overseeing.go_on": "/moderation/waves/AAAAAAAAAAAA/go-on",
    "blocks.ask": "/listings/AAAAAAAAAAAA/block",
    "blocks.block": "/listings/AAAAAAAAAAAA/block",
    "blocks.end": "/me/blocked/AAAAAAAAAAAA/end",
    "passkeys.remove": "/me/passkeys/1/remove",
    "consent.withdraw": "/me/consents/1/withdraw",
    "data_links.by_link": "/data/by-link/a-token",
    "data_links.open_": "/data/by-link/a-token",
    "data_links.file": "/data/by-link/a-token/file",
    "data_links.erase": "/data/by-link/a-token/erase",
    "relays.new_code": "/relay/AAAAAAAAAAAA/code",
    "relays.act": "/relay/AAAAAAAAAAAA",
    "sessions.end": "/me/sessions/1/end",
    "reports.new": "/listings/AAAAAAAAAAAA/report",
    "reports.create": "/listings/AAAAAAAAAAAA/report",
    "reports.sent": "/listings/AAAAAAAAAAAA/report/sent",
    "rewording.show": "/rewording/a-token",
    "rewording.save": "/rewording/a-token",
    "appeals.show": "/appeals/a-token",
    "appeals.send": "/appeals/a-token",
    "moderation.case": "/moderation/cases/1",
    "moderation.decide": "/moderation/cases/1/approve",
    "moderation.reveal": "/moderation/cases/1/reveal",
    "moderation.decide_appeal": "/moderation/appeals/1/lift",
    "dev_mail.show": "/dev/mail/none",
    "assets.sheet": "/sheet/ltr.css",
    "install.manifest": "/manifest/ar.webmanifest",
    "impact.download": "/impact/weeks.csv",
    "places.land": "/places/land?cell=85584e33fffffff",
    "places.labelled_grid": "/places/grid?place=2232593",
    "places.names": "/places/names?cell=85584e33fffffff",
    "organisations.show": "/organisations/AAAAAAAAAAAA",
    "verification.show": "/admin/organisations/AAAAAAAAAAAA",
    "verification.decide": "/admin/organisations/AAAAAAAAAAAA",
    "verification.add_coordinator": "/admin/organisations/AAAAAAAAAAAA/coordinator",
    "partners.show": "/organisation/AAAAAAAAAAAA",
    "partners.add": "/organisation/AAAAAAAAAAAA/members",
    "partners.remove": "/organisation/AAAAAAAAAAAA/members/BBBBBBBBBBBB/remove",
    "information.new": "/organisation/AAAAAAAAAAAA/information/new",
    "information.create": "/organisation/AAAAAAAAAAAA/information",
    "information.withdraw": "/organisation/AAAAAAAAAAAA/information/BBBBBBBBBBBB/withdraw",
    "information.extend": "/organisation/AAAAAAAAAAAA/information/BBBBBBBBBBBB/extend",
    "inbox.index": "/organisation/AAAAAAAAAAAA/inbox",
    "inbox.show": "/organisation/AAAAAAAAAAAA/inbox/BBBBBBBBBBBB",
    "inbox.assign": "/organisation/AAAAAAAAAAAA/inbox/BBBBBBBBBBBB/assign",
    "inbox.answer": "/organisation/AAAAAAAAAAAA/inbox/BBBBBBBBBBBB/answer",
    "questions.new": "/listings/AAAAAAAAAAAA/question",
    "questions.create": "/listings/AAAAAAAAAAAA/question",
    "questions.sent": "/listings/AAAAAAAAAAAA/question/sent",
    "readers.count": "/listings/AAAAAAAAAAAA/read",
}


def routes(app: Flask) -> Iterator[tuple[str, str, str]]:
    """(endpoint, method, address) of every route."""
    for rule in app.url_map.iter_rules():
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
            yield rule.endpoint, method, EXAMPLES.get(rule.endpoint, rule.rule)


def test_every_example_is_of_a_route(untouched_app: Flask) -> None:
    """The list above follows the routes, and no route with a parameter lacks an example."""
    endpoints = {endpoint for endpoint, _, _ in routes(untouched_app)}
    assert set(EXAMPLES) <= endpoints
    assert all("<" not in address for _, _, address in routes(untouched_app))


def test_every_route_is_guarded(untouched_app: Flask) -> None:
    """Each route belongs to a blueprint that names its guard, and the guard runs before it."""
    for endpoint, _, _ in routes(untouched_app):
        blueprint = untouched_app.blueprints[endpoint.partition(".")[0]]
        assert isinstance(blueprint, GuardedBlueprint), endpoint
        before = untouched_app.before_request_funcs[blueprint.name]
        assert GUARDS[blueprint.guard] in before, endpoint


def test_a_route_of_a_plain_blueprint_would_be_found(untouched_app: Flask) -> None:
    """The guard of blueprints cannot be left out."""
    with pytest.raises(TypeError, match="guard"):
        GuardedBlueprint("careless", __name__)  # type: ignore[call-arg]


def test_every_answer_carries_the_headers(untouched_app: Flask) -> None:
    """Policy, permissions, referrer, sniffing and framing on every route, refusals included."""
    client, blueprints = english(untouched_app), untouched_app.blueprints
    for endpoint, method, address in [*routes(untouched_app), ("", "GET", "/no/such/page")]:
        headers = client.open(address, method=method).headers
        policy = dict(
            part.strip().partition(" ")[::2]
            for part in headers["Content-Security-Policy"].split(";")
        )
        assert policy["default-src"] == "'none'", endpoint
        assert policy["script-src"] == policy["style-src"] == "'self'", endpoint
        assert policy["img-src"] == "'self' data:", endpoint
        assert policy["frame-ancestors"] == policy["base-uri"] == "'none'", endpoint
        assert policy["form-action"] == "'self'", endpoint
        assert "geolocation=(self)" in headers["Permissions-Policy"], endpoint
        assert headers["X-Content-Type-Options"] == "nosniff", endpoint
        guard = blueprints[endpoint.partition(".")[0]].guard if endpoint else None
        referrer = "strict-origin" if guard is Guard.LINK else "same-origin"
        assert headers["Referrer-Policy"] == referrer, endpoint
        assert "Strict-Transport-Security" not in headers, endpoint
        assert headers["Cache-Control"], endpoint


@pytest.fixture
def shown(client: FlaskClient, send: Poster, make: Factory, app: Flask) -> list[str]:
    """Every kind of page with something on it, as HTML."""
    request = make.open(title='<script>alert(1)</script> "quoted"', text="<img src=x>")
    make.offer()
    address = f"/listings/{request.public_id}"
    gets = [address for _, method, address in routes(app) if method == "GET"]
    answers: list[TestResponse] = [client.get(address) for address in [*gets, address]]
    answers.append(client.get("/listings?place=2232593"))
    answers.append(client.get("/listings?near=Saint-Denis"))
    answers.append(send.listing(place="Saint-Denis", title="<script>alert(2)</script>"))
    answers.append(send.listing(place="Douala", step="grid"))
    answers.append(send.listing(kind="info"))
    answers.append(send.alert(email="<script>"))
    return [answer.text for answer in answers if answer.mimetype == "text/html"]


def test_no_page_has_inline_script_or_style_or_a_foreign_address(shown: list[str]) -> None:
    """Whatever the policy would block is not written in the first place."""
    assert len(shown) > 15
    for html in shown:
        for tag, attributes in Page(html).tags:
            assert tag != "style"
            assert "style" not in attributes, (tag, attributes)
            assert not [name for name in attributes if name.startswith("on")], (tag, attributes)
            assert tag != "script" or attributes.get("src"), "a script without a file"
            for name in ("src", "href", "action", "data-search", "data-features"):
                address = attributes.get(name, "/")
                assert address.startswith(("/", "#", "?", "tel:")), (tag, name, address)
                assert not address.startswith("//"), (tag, name, address)


def test_the_check_for_inline_script_finds_one() -> None:
    """The probe above sees what it looks for."""
    page = Page('<p onclick="x()" style="color:red"><script>y()</script></p>')
    assert page.one("p") == {"onclick": "x()", "style": "color:red"}
    assert page.one("script") == {}


def test_typed_markup_is_shown_as_text(shown: list[str]) -> None:
    """A title that is a script is a title."""
    assert any("&lt;script&gt;alert(1)" in html for html in shown)
    assert not any("<script>alert" in html for html in shown)


class TestForms:
    """Cross-site requests, sizes, hosts and cookies."""

    @pytest.mark.parametrize("address", ["/listings", "/alerts", "/links/a-token"])
    def test_a_form_without_its_token_is_refused_with_a_page(
        self, reader: FlaskClient, address: str
    ) -> None:
        """400 and advice, before anything is read."""
        response = reader.post(address, data=REQUEST)
        assert response.status_code == 400
        assert "refuses cookies" in response.text

    def test_a_token_of_another_session_is_refused(
        self, reader: FlaskClient, untouched_app: Flask
    ) -> None:
        """The token belongs to the reader's cookie."""
        foreign = csrf_token(untouched_app.test_client(), "/alerts/new")
        response = reader.post("/listings", data={**REQUEST, "csrf_token": foreign})
        assert response.status_code == 400

    def test_too_much_is_refused_with_a_page(self, reader: FlaskClient) -> None:
        """413 with advice in the reader's language."""
        response = reader.post("/listings", data={"text": "x" * (MAX_CONTENT_BYTES + 1)})
        assert response.status_code == 413
        assert Page(response.text).one("html")["lang"] == "en"

    def test_the_host_header_is_never_believed(self, reader: FlaskClient) -> None:
        """No page and no redirect repeats it."""
        for address in ("/", "/listings", "/listings/new?kind=request", "/alerts/new"):
            headers = {"Host": "evil.example", "X-Forwarded-Host": "evil.example"}
            assert "evil.example" not in reader.get(address, headers=headers).text

    def test_a_redirect_stays_on_this_site(self, send: Poster) -> None:
        """The address after a post has no host."""
        assert (send.listing().location or "").startswith("/listings/")

    def test_the_cookie_is_out_of_reach_of_scripts(self, reader: FlaskClient) -> None:
        """HttpOnly and SameSite, always."""
        cookie = reader.get("/alerts/new").headers["Set-Cookie"]
        assert "HttpOnly" in cookie
        assert "SameSite=Lax" in cookie
        assert "Secure" not in cookie


class TestProduction:
    """What a public site adds."""

    @pytest.fixture
    def public(self, board: Board) -> FlaskClient:
        settings = board.settings.model_copy(
            update={"production": True, "base_url": "https://board.test"}
        )
        return create_app(board, settings).test_client()

    def test_transport_is_strict(self, public: FlaskClient) -> None:
        """HSTS where the public address is https."""
        assert "max-age=31536000" in public.get("/").headers["Strict-Transport-Security"]

    def test_cookies_travel_encrypted(self, public: FlaskClient) -> None:
        """Secure cookies only."""
        answer = public.get("/alerts/new", base_url="https://board.test")
        assert "Secure" in answer.headers["Set-Cookie"]

    def test_a_form_is_taken_over_https(self, public: FlaskClient) -> None:
        """The referrer policy leaves what the CSRF check of an https form reads."""
        https = {"base_url": "https://board.test"}
        page = Page(public.get("/alerts/new", **https).text)
        data = {"csrf_token": page.value("csrf_token"), "email": ""}
        own = public.post("/alerts", data=data, headers={"Referer": "https://board.test/"}, **https)
        foreign = public.post(
            "/alerts", data=data, headers={"Referer": "https://evil.test/"}, **https
        )
        assert own.status_code == 422
        assert foreign.status_code == 400


def test_the_application_builds_from_the_environment_alone(
    environment: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """`create_app()` is what the server calls."""
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert create_app().test_client().get("/health").json == {"status": "ok"}


def test_no_method_gives_a_request_back(reader: FlaskClient) -> None:
    """TRACE is refused everywhere, and what a page does not do is said."""
    for where in ("/", "/sign-in", "/me", "/links/a-token", "/no/such/page"):
        answer = reader.open(where, method="TRACE", headers={"Cookie": "secret=1"})
        assert answer.status_code in (303, 401, 404, 405), where
        assert "secret=1" not in answer.text


def test_templates_hold_no_inline_handlers() -> None:
    """Also those that no test renders."""
    folder = Path(create_app.__code__.co_filename).parent / "templates"
    for path in folder.rglob("*.html"):
        text = path.read_text("utf-8")
        assert not re.search(r"\son\w+=|\sstyle=|<style|https?://", text), path
        assert not re.search(r"\|\s*safe", text), path


@pytest.mark.parametrize("shift_s", [-3600, 0, 3600])
def test_the_form_of_a_host_whose_clock_is_off_is_taken(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch, shift_s: int
) -> None:
    """Its cookie was signed an hour ahead or an hour ago."""
    with monkeypatch.context() as wrong:
        real = time.time
        wrong.setattr(time, "time", lambda: real() + shift_s)
        blank = Page(client.get("/alerts/new").text)
    data = {"csrf_token": blank.value("csrf_token"), **ALERT}
    assert client.post("/alerts", data=data).status_code == 303

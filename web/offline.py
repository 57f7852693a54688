"""Without a connection: the page that says so, the copy that a device keeps, and its switch."""

from __future__ import annotations

import json
from typing import Any

from flask import Response, redirect, render_template, url_for
from flask import current_app as app
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from board import offline
from board.offline import Copy, Talk
from config.settings import Settings
from web.conversations import state_words
from web.guards import (
    Guard,
    GuardedBlueprint,
    drop_cookie,
    keep_cookie,
    offline_cookie,
    signed_in,
)
from web.keeping import COPY_PATH, KEEPS, is_kept_for, mark_of
from web.words import current_board, minute_words

blueprint = GuardedBlueprint("offline", __name__, guard=Guard.PUBLIC, url_prefix="/offline")
own_blueprint = GuardedBlueprint("own_offline", __name__, guard=Guard.MEMBER, url_prefix=COPY_PATH)

#: Header: how many seconds a device shows its copy.
KEEP_FOR = "Entraide-Keep-For"


@blueprint.get("")
def page() -> str:
    """What the worker shows in place of a page that it cannot get."""
    return render_template("offline/page.html", is_unsent=False)


@blueprint.get("/unsent")
def unsent() -> str:
    """The same in place of the answer to a form that could not be sent."""
    return render_template("offline/page.html", is_unsent=True)


@own_blueprint.get("")
def copy() -> Response:
    """The pages that this device keeps, by their paths; none where its switch is off."""
    member = signed_in()
    if not is_kept_for(member):
        return _as_json("", {})
    kept = offline.copy_of(current_board(), member.member_id)
    moment = minute_words(kept.made_at, kept.time_zone)
    response = _as_json(gettext("As it was: %(moment)s", moment=moment), _pages(kept, moment))
    response.headers[KEEPS] = mark_of(member)
    response.headers[KEEP_FOR] = str(int(offline.KEPT_FOR.total_seconds()))
    return response


@own_blueprint.post("")
def switch_on() -> ResponseReturnValue:
    """Keep a copy on this device from now on, until this session ends."""
    return keep_cookie(_to_switch(), _cookie(), mark_of(signed_in()))


@own_blueprint.post("/end")
def switch_off() -> ResponseReturnValue:
    """Keep nothing more; the worker deletes what there is."""
    return drop_cookie(_to_switch(), _cookie())


def _to_switch() -> Response:
    return redirect(url_for("me.index", _anchor="offline"), 303)


def _cookie() -> str:
    settings: Settings = app.config["SETTINGS"]
    return offline_cookie(settings)


def _as_json(as_it_was: str, pages: dict[str, dict[str, str]]) -> Response:
    """In the order of the pages: a device lists them so."""
    body = json.dumps({"as_it_was": as_it_was, "pages": pages}, ensure_ascii=False)
    return Response(body, mimetype="application/json")


def _pages(kept: Copy, moment: str) -> dict[str, dict[str, str]]:
    """Path → title and HTML."""
    own, listed = url_for("me.index"), url_for("conversations.index")
    common: dict[str, Any] = {"moment": moment, "state_words": state_words}
    talks = kept.talks
    return {
        own: {
            "title": gettext("Your listings"),
            "html": render_template(
                "offline/listings.html", path=own, listings=kept.listings, **common
            ),
        },
        listed: {
            "title": gettext("Conversations"),
            "html": render_template(
                "offline/conversations.html", path=listed, talks=talks, **common
            ),
        },
        **dict(_talk_page(talk, common) for talk in talks),
    }


def _talk_page(talk: Talk, common: dict[str, Any]) -> tuple[str, dict[str, str]]:
    path = url_for("conversations.show", key=talk.view.public_id)
    html = render_template("offline/conversation.html", path=path, view=talk.view, **common)
    return path, {"title": talk.listed.title or gettext("A listing that is over"), "html": html}

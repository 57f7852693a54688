"""Conversations: the list of a member, the page where two people write, reports and blocks.

Members sign in; guests come by the link of a mail. Both have the same pages, under two addresses.
"""

from __future__ import annotations

from collections.abc import Callable
from textwrap import shorten
from typing import Final

from flask import abort, current_app, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from board import conversations, inbox, messages, outcomes, reports
from board.conversations import Seat, Side
from board.errors import Invalid
from board.i18n import N_
from board.messages import TEXT_MAX, MessageState
from board.outcomes import Action, State
from board.reasons import REPORT
from web.forms.conversation import ConversationForm, MessageReportForm
from web.guards import Guard, GuardedBlueprint, current_member
from web.words import current_board

blueprint = GuardedBlueprint(
    "conversations", __name__, guard=Guard.MEMBER, url_prefix="/conversations"
)
guests_blueprint = GuardedBlueprint(
    "conversation_links", __name__, guard=Guard.LINK, url_prefix="/conversations/by-link"
)

_KEY_MAX = 64
#: Forms of which the browser keeps what was typed, and that lead to this page.
_DRAFTS: Final = ("message", "thanks", "answer")
#: Characters of a message by which it is known in a list.
EXCERPT: Final = 70

#: State → how things stand, to the poster and to whoever answered.
STATES: Final = {
    State.PROPOSED: (
        N_("Waits for your decision"),
        N_("Waits for the decision of whoever posted this"),
    ),
    State.WAITING: (N_("On your waiting list"), N_("You are on the waiting list")),
    State.ACCEPTED: (N_("You have accepted"), N_("You are expected")),
    State.DONE: (N_("Done"), N_("Done")),
    State.NOT_DONE: (N_("Did not come about"), N_("Did not come about")),
    State.WITHDRAWN: (N_("This person has withdrawn"), N_("You have withdrawn")),
    State.DECLINED: (N_("You have declined"), N_("Not this time")),
}
#: Decision → its button.
ACTIONS: Final = {
    Action.ACCEPT: N_("Accept"),
    Action.DECLINE: N_("Decline"),
    Action.DONE: N_("It is done"),
    Action.NOT_DONE: N_("It did not come about"),
    Action.WITHDRAW: N_("Withdraw: I cannot come"),
    Action.PROPOSE: N_("Propose again"),
}
#: Of these, there is one that a reader waits for.
MAIN_ACTIONS: Final = frozenset({Action.ACCEPT, Action.DONE, Action.PROPOSE})


@blueprint.get("")
def index() -> str:
    """The conversations of whoever is signed in, the unread first."""
    found = inbox.of_member(current_board(), _member_id())
    return render_template("conversations/index.html", conversations=found, state_words=state_words)


@blueprint.get("/<public_id:key>")
@guests_blueprint.get("/<key>")
def show(key: str) -> str:
    """The conversation, and what this side can do in it. Looking changes nothing."""
    return _render(key, _seat(key), ConversationForm.empty(), _before())


@blueprint.post("/<public_id:key>/messages")
@guests_blueprint.post("/<key>/messages")
def write(key: str) -> ResponseReturnValue:
    """Say something."""
    form = ConversationForm(request.form)
    sent = (form.key.data or "")[:_KEY_MAX]
    text, health = form.text.data or "", form.health.data
    return _do(
        key,
        form,
        lambda seat: messages.write(current_board(), seat, text, sent, health=health),
        said="message",
    )


@blueprint.post("/<public_id:key>/contact")
@guests_blueprint.post("/<key>/contact")
def share(key: str) -> ResponseReturnValue:
    """Share one's own contact, once."""
    form = ConversationForm(request.form)
    text = form.contact.data or ""
    return _do(key, form, lambda seat: messages.share_contact(current_board(), seat, text))


@blueprint.post("/<public_id:key>/thanks")
@guests_blueprint.post("/<key>/thanks")
def thank(key: str) -> ResponseReturnValue:
    """Thank the other side, once."""
    form = ConversationForm(request.form)
    text = form.thanks.data or ""
    return _do(key, form, lambda seat: outcomes.thank(current_board(), seat, text), said="thanks")


@blueprint.post("/<public_id:key>/outcome")
@guests_blueprint.post("/<key>/outcome")
def decide(key: str) -> ResponseReturnValue:
    """Accept, decline, withdraw, done or not: what the pressed button says."""
    # First: another's conversation does not exist, whatever is sent.
    _seat(key)
    try:
        action = Action(request.form.get("action", ""))
    except ValueError:
        abort(400)
    form = ConversationForm.empty()
    return _do(key, form, lambda seat: outcomes.decide(current_board(), seat, action), 409)


@blueprint.post("/<public_id:key>/read")
@guests_blueprint.post("/<key>/read")
def read(key: str) -> ResponseReturnValue:
    """Note that everything up to a message was read."""
    seat, newest = _seat(key), request.form.get("newest", "")
    if not _is_number(newest):
        abort(400)
    messages.mark_read(current_board(), seat, int(newest))
    return redirect(url_for(".show", key=key), 303)


@blueprint.get("/<public_id:key>/report")
@guests_blueprint.get("/<key>/report")
def ask_report(key: str) -> str:
    """The empty form to report one of the other side's messages."""
    view = inbox.show(current_board(), _seat(key), _before())
    return _render_report(key, view, MessageReportForm.empty())


@blueprint.post("/<public_id:key>/report")
@guests_blueprint.post("/<key>/report")
def report(key: str) -> ResponseReturnValue:
    """Note it; a person of the board reads it."""
    seat, form = _seat(key), MessageReportForm(request.form)
    chosen = form.message.data or ""
    message_id = int(chosen) if _is_number(chosen) else 0
    try:
        reports.report_message(
            current_board(), seat, message_id, form.reason.data or "", form.text.data or ""
        )
    except Invalid as invalid:
        g.page_address = url_for(".ask_report", key=key)
        form.refuse_all(invalid.problems)
        return _render_report(key, inbox.show(current_board(), seat, _before()), form), 422
    return redirect(url_for(".show", key=key, reported=1), 303)


@blueprint.get("/<public_id:key>/block")
@guests_blueprint.get("/<key>/block")
def ask_block(key: str) -> str:
    """What a block does, and its one button."""
    view = inbox.show(current_board(), _seat(key))
    return render_template("conversations/block.html", key=key, view=view)


@blueprint.post("/<public_id:key>/block")
@guests_blueprint.post("/<key>/block")
def block(key: str) -> ResponseReturnValue:
    """Block the other side, who is not told."""
    conversations.block(current_board(), _seat(key))
    return redirect(url_for(".show", key=key), 303)


def _do(
    key: str,
    form: ConversationForm,
    deed: Callable[[Seat], None],
    refused: int = 422,
    said: str | None = None,
) -> ResponseReturnValue:
    """Do what was asked and show the page anew; or give the form back as it was.

    `said`: of which form the draft is over that the browser has kept.
    """
    seat = _seat(key)
    try:
        deed(seat)
    except Invalid as invalid:
        g.page_address = url_for(".show", key=key)
        form.refuse_all(invalid.problems)
        return _render(key, seat, form), refused
    return redirect(url_for(".show", key=key, said=said, _anchor="newest"), 303)


def _is_number(typed: str) -> bool:
    """Whether it can be the number of a message."""
    return typed.isascii() and typed.isdigit() and len(typed) <= 18


def _seat(key: str) -> Seat:
    """Where the reader sits: by the session of a member, or by the link of a mail."""
    if request.blueprint == guests_blueprint.name:
        return conversations.seat_of_link(current_board(), key)
    return conversations.seat_of_member(current_board(), key, _member_id())


def _member_id() -> int:
    member = current_member()
    if member is None:
        abort(401)
    return member.member_id


def _before() -> int | None:
    """The message before which a reader wants to see what was said."""
    asked = request.args.get("before", "")
    if asked and not _is_number(asked):
        abort(400)
    return int(asked) if asked else None


def _render(key: str, seat: Seat, form: ConversationForm, before: int | None = None) -> str:
    view = inbox.show(current_board(), seat, before)
    return render_template(
        "conversations/show.html",
        key=key,
        view=view,
        before=before,
        form=form,
        text_max=TEXT_MAX,
        contact_max=messages.CONTACT_MAX,
        by_mail=current_app.config["SETTINGS"].mail_domain,
        state_words=state_words,
        actions=[(each.value, _action_words(view, each)) for each in view.outcome.actions],
        main_actions={each.value for each in MAIN_ACTIONS},
        sent=request.args.get("sent") == "1",
        said=next((each for each in _DRAFTS if each == request.args.get("said")), None),
        reported=request.args.get("reported") == "1",
        waits=any(each.state is MessageState.HELD for each in view.messages),
    )


def _render_report(key: str, view: inbox.ConversationView, form: MessageReportForm) -> str:
    theirs = [each for each in reversed(view.messages) if not each.mine]
    return render_template(
        "conversations/report.html",
        key=key,
        view=view,
        form=form,
        theirs=[(str(each.id), shorten(each.text, EXCERPT)) for each in theirs],
        reasons=[(code, gettext(text), "", "") for code, text in REPORT.items()],
    )


def state_words(state: State, side: Side) -> str:
    """How things stand, in the words of one side."""
    of_poster, of_answerer = STATES[state]
    return str(gettext(of_poster if side is Side.POSTER else of_answerer))


def _action_words(view: inbox.ConversationView, action: Action) -> str:
    if action is Action.ACCEPT and view.outcome.full:
        return str(gettext("Put on the waiting list"))
    return str(gettext(ACTIONS[action]))

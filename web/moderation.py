"""The moderators' pages: the queue, one case, appeals; what they decide goes to `board`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Final

from flask import Flask, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import format_date, gettext

from board import bans, members, moderation, revealing, suggesting
from board.errors import AlreadyDecided, Invalid, NotAllowed, Unavailable
from board.i18n import N_
from board.reasons import BAN, HELD, REFUSAL, REFUSAL_OF_MESSAGES, REPORT, REVEAL
from board.roles import Role
from web.errors import error_response
from web.guards import Guard, GuardedBlueprint, current_member
from web.words import current_board, moment_words

blueprint = GuardedBlueprint(
    "moderation", __name__, guard=Guard.MODERATOR, url_prefix="/moderation"
)

#: What is said after a decision, and to who came second.
DONE: Final = {
    "approve": N_("It is on the board."),
    "approve-message": N_("The message goes on, or stays where it is."),
    "refuse-message": N_("The message is refused. The reason is on its way to whoever wrote it."),
    "overtaken-message": N_("It is gone: nobody could read it any more."),
    "refuse": N_("It is refused. The reason is on its way to whoever posted it."),
    "edit": N_("A link to change the words is on its way to whoever posted it."),
    "ban": N_("The address is banned. A mail says why, and how to appeal."),
    "overtaken": N_("It is gone: its poster took it down, or its time is over."),
    "lift": N_("The ban is lifted."),
    "uphold": N_("The ban stays."),
}
#: Decision in the address → what does it.
_WITH_REASON: Final[dict[str, Callable[..., str]]] = {
    "refuse": moderation.refuse,
    "edit": moderation.ask_edit,
    "ban": moderation.ban,
}


@blueprint.get("")
def index() -> str:
    """What waits, the oldest first."""
    done = _done()
    queue = moderation.queue(current_board(), _own_id())
    return render_template("moderation/index.html", queue=queue, done=done)


@blueprint.get("/cases/<int:case_id>")
def case(case_id: int) -> ResponseReturnValue:
    """One case with everything there is to decide by."""
    try:
        return _render_case(case_id)
    except AlreadyDecided as decided:
        return _decided(decided)


@blueprint.post("/cases/<int:case_id>/<any(approve,refuse,edit,ban):decision>")
def decide(case_id: int, decision: str) -> ResponseReturnValue:
    """Decide, unless somebody else did."""
    board, moderator = current_board(), _own_id()
    try:
        if decision == "approve":
            subject = moderation.approve(board, moderator, case_id)
        else:
            act = _WITH_REASON[decision]
            subject = act(board, moderator, case_id, request.form.get("reason", ""))
    except AlreadyDecided as decided:
        return _decided(decided)
    except NotAllowed:
        return error_response(403)
    except Invalid as invalid:
        try:
            return _render_case(case_id, gettext(invalid.problems[0].message), decision), 422
        except AlreadyDecided as decided:
            return _decided(decided)
    return redirect(url_for("moderation.index", done=_name(decision, subject)), 303)


@blueprint.post("/cases/<int:case_id>/reveal")
def reveal(case_id: int) -> ResponseReturnValue:
    """Show the address of who posted it, on this page only: it is in no address and no cache."""
    board, moderator = current_board(), _own_id()
    try:
        history = moderation.case(board, moderator, case_id).history
        member = history.public_id if history else ""
        address = revealing.reveal(board, moderator, member, request.form.get("reason", ""))
        return _render_case(case_id, revealed=address)
    except AlreadyDecided as decided:
        return _decided(decided)
    except Invalid as invalid:
        return _render_case(case_id, gettext(invalid.problems[0].message), "reveal"), 422


@blueprint.get("/appeals")
def appeals() -> str:
    """Appeals that wait, the oldest first."""
    waiting = bans.appeals(current_board(), _own_id())
    done = _done()
    return render_template("moderation/appeals.html", appeals=waiting, done=done)


@blueprint.post("/appeals/<int:ban_id>/<any(lift,uphold):decision>")
def decide_appeal(ban_id: int, decision: str) -> ResponseReturnValue:
    """Lift the ban or leave it."""
    try:
        bans.decide(current_board(), _own_id(), ban_id, lift=decision == "lift")
    except AlreadyDecided as decided:
        return _decided(decided)
    except NotAllowed:
        return error_response(403)
    return redirect(url_for("moderation.appeals", done=decision), 303)


def _render_case(case_id: int, problem: str = "", place: str = "", revealed: str = "") -> str:
    waiting = moderation.case(current_board(), _own_id(), case_id)
    return render_template(
        "moderation/case.html",
        case=waiting,
        risky_words=_risky_words(waiting),
        problem=problem,
        place=place,
        revealed=revealed,
        refusals=_choices(REFUSAL if waiting.said is None else REFUSAL_OF_MESSAGES),
        ban_reasons=_choices(BAN),
        reveal_reasons=_choices(REVEAL),
    )


def _risky_words(waiting: moderation.Waiting) -> list[str]:
    """The words for which a text resembles risky ones, the weightiest first; none for most."""
    written = (waiting.text,) if waiting.said else (waiting.title, waiting.text)
    text = "\n".join("".join(part.text for part in parts) for parts in written)
    risk = suggesting.suggest(current_board(), text).risk
    return [word.text for word in risk.words] if risk.marked else []


def _choices(reasons: Mapping[str, str]) -> list[tuple[str, str]]:
    return [(code, gettext(text)) for code, text in reasons.items()]


def _decided(decided: AlreadyDecided) -> ResponseReturnValue:
    """Somebody was faster: who, when, and what."""
    board = current_board()
    who = gettext("You")
    if not decided.own:
        name = "" if decided.by is None else members.display_name(board, decided.by)
        who = name or gettext("Another moderator")
    page = render_template(
        "moderation/decided.html",
        who=who if decided.by is not None else "",
        when=moment_words(decided.at) if decided.at else "",
        what=gettext(DONE[_name(decided.decision, decided.subject)]),
    )
    return page, 409


def _name(decision: str, subject: str) -> str:
    """The key of what is said after a decision."""
    named = f"{decision}-{subject}"
    return named if named in DONE else decision


def _done() -> str:
    """What the decision before this page did, in words; "" after none."""
    text = DONE.get(request.args.get("done", ""))
    return str(gettext(text)) if text else ""


def _own_id() -> int:
    member = current_member()
    if member is None:
        raise LookupError("the guard lets nobody in who is not signed in")
    return member.member_id


def may_moderate() -> bool:
    """Whether the reader has the role, so that pages can lead to the queue."""
    try:
        member = current_member()
    except Unavailable:
        # The page that says so is one of those that ask.
        return False
    return member is not None and Role.MODERATOR in member.roles


def held_words(code: str) -> str:
    """Why something is held, in the reader's language."""
    return str(gettext(HELD[code]))


def report_words(code: str) -> str:
    """What was reported, in the reader's language."""
    return str(gettext(REPORT[code]))


def ban_words(code: str) -> str:
    """Why somebody is banned, in the reader's language."""
    return str(gettext(BAN[code]))


def day_words(moment: datetime) -> str:
    """A day in UTC."""
    return str(format_date(moment, "long"))


def init_moderation(app: Flask) -> None:
    """Give the names to templates."""
    app.jinja_env.filters["held_words"] = held_words
    app.jinja_env.globals.update(
        may_moderate=may_moderate,
        held_words=held_words,
        report_words=report_words,
        ban_words=ban_words,
        day_words=day_words,
    )

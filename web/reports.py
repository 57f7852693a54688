"""Reporting a listing: the form, and the page after it. No account is needed."""

from __future__ import annotations

from flask import g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from board import listings, reports
from board.errors import Invalid, ListingNotFound
from board.reasons import REPORT
from web import visitors
from web.forms.choice import ReportForm
from web.guards import Guard, GuardedBlueprint, current_member
from web.words import current_board

blueprint = GuardedBlueprint("reports", __name__, guard=Guard.PUBLIC, url_prefix="/listings")


@blueprint.get("/<public_id:public_id>/report")
def new(public_id: str) -> str:
    """The empty form."""
    return _render(public_id, ReportForm(formdata=None))


@blueprint.post("/<public_id:public_id>/report")
def create(public_id: str) -> ResponseReturnValue:
    """Note it and say thank you; the answer is the same for the first and for the tenth time."""
    form = ReportForm(request.form)
    g.page_address = url_for("reports.new", public_id=public_id)
    member = current_member()
    try:
        if not visitors.is_trapped():
            reports.report(
                current_board(),
                public_id,
                form.reason.data or "",
                form.text.data or "",
                visitor=visitors.current_visitor(),
                member_id=member.member_id if member else None,
            )
    except Invalid as invalid:
        form.refuse_all(invalid.problems)
        return _render(public_id, form), 422
    return redirect(url_for("reports.sent", public_id=public_id), 303)


@blueprint.get("/<public_id:public_id>/report/sent")
def sent(public_id: str) -> str:
    """Thank you, and what happens now."""
    return render_template("reports/sent.html")


@blueprint.get("/waiting")
def thanks() -> str:
    """Something waits for a moderator now: other words, or an appeal."""
    return render_template("reports/thanks.html")


def _render(public_id: str, form: ReportForm) -> str:
    view = listings.get(current_board(), public_id)
    if view.state != "open":
        raise ListingNotFound(public_id)
    choices = [(code, gettext(text), "", "") for code, text in REPORT.items()]
    return render_template("reports/new.html", view=view, form=form, choices=choices)

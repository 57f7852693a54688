"""Mails caught on this machine, readable in the browser; only where no mail server is set."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from email import policy
from email.message import EmailMessage
from email.parser import BytesParser
from pathlib import Path

from flask import abort, current_app, render_template
from markupsafe import Markup

from web.guards import Guard, GuardedBlueprint

blueprint = GuardedBlueprint(
    "dev_mail", __name__, guard=Guard.EMBEDDED_MAIL, url_prefix="/dev/mail"
)

_SHOWN = 100
_ADDRESS = re.compile(r"https?://[^\s<>\"']+", re.ASCII)
_TRAILING = ".,;:!?)]»"


@dataclass(frozen=True, slots=True)
class CaughtMail:
    """One mail of the catcher."""

    id: str
    subject: str
    sender: str
    recipient: str
    received: datetime
    text: str
    html: str


@blueprint.get("")
def index() -> str:
    """The mails, newest first."""
    return render_template("dev_mail/index.html", mails=list(_mails()))


@blueprint.get("/<mail_id>")
def show(mail_id: str) -> str:
    """One mail: its text with links to follow, its HTML part as text."""
    found = next((mail for mail in _mails() if mail.id == mail_id), None)
    if found is None:
        abort(404)
    return render_template("dev_mail/show.html", mail=found, text=linked(found.text))


def linked(text: str) -> Markup:
    """The text with its web addresses as links, everything escaped."""
    shown = Markup("")
    end = 0
    for match in _ADDRESS.finditer(text):
        address = match[0].rstrip(_TRAILING)
        shown += text[end : match.start()]
        shown += Markup('<a href="{0}">{0}</a>').format(address)
        end = match.start() + len(address)
    return shown + text[end:]


def _mails() -> Iterator[CaughtMail]:
    """The mails of the catcher's Maildir, newest first."""
    folder = Path(current_app.config["SETTINGS"].mail_dir)
    paths = [path for part in ("new", "cur") for path in (folder / part).glob("[!.]*")]
    newest = sorted(paths, key=lambda path: (path.stat().st_mtime_ns, path.name), reverse=True)
    for path in newest[:_SHOWN]:
        yield _read(path)


def _read(path: Path) -> CaughtMail:
    message = BytesParser(EmailMessage, policy=policy.default).parsebytes(path.read_bytes())
    return CaughtMail(
        id=path.name.partition(":")[0],
        subject=str(message["Subject"] or ""),
        sender=str(message["From"] or ""),
        recipient=str(message["To"] or ""),
        received=datetime.fromtimestamp(path.stat().st_mtime, UTC),
        text=_part(message, "plain"),
        html=_part(message, "html"),
    )


def _part(message: EmailMessage, kind: str) -> str:
    body = message.get_body((kind,))
    return str(body.get_content()) if body is not None else ""

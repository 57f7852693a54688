"""From a claimed outbox row to a message, or to nothing when its reason is gone."""

from __future__ import annotations

import hmac
import re
from email import policy
from email.headerregistry import Address, BaseHeader, HeaderRegistry
from email.message import EmailMessage
from email.utils import format_datetime, parseaddr
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import jinja2
from sqlalchemy.orm import Session

from board import codes, links, outbox, places, relays, sign_in, suspensions
from board.alerts import Alert, AlertStatus
from board.errors import LinkRefused
from board.extensions import LONGER
from board.i18n import N_, direction, translations
from board.listings import Listing, Status
from board.loader import Loader
from board.mails import exchange, moderation, organisation_letters, role_letters, telling
from board.mails.dates import last_day
from board.mails.letter import Letter
from board.members import Member
from matcher.taxonomy import Kind

if TYPE_CHECKING:
    from board.context import Board

_TEMPLATES = Path(__file__).parent
#: Name, under our domain, of the list that mails about listings belong to.
_LIST = "listings"
_BLANK_LINES = re.compile(r"\n{3,}")


class _Headers(HeaderRegistry):
    """Makes the class of each header once; the library's own makes it anew for every header."""

    @lru_cache(maxsize=64)  # noqa: B019 (there is one)
    def __getitem__(self, name: str) -> type[BaseHeader]:
        return super().__getitem__(name)


_POLICY = policy.EmailPolicy(header_factory=_Headers())


def compose(loader: Loader, held: outbox.Claim) -> EmailMessage | None:
    """The mail of this row as things stand now; None when nobody should get it any more."""
    board = loader.board
    if held.purpose in telling.WRITERS:
        letter = telling.WRITERS[held.purpose](loader, held)
    else:
        letter = _WRITERS[held.purpose](loader.session, board, held)
    if letter is None or letter.to is None:
        return None
    message = EmailMessage(_POLICY)
    message["From"] = board.settings.mail_from
    message["To"] = Address(addr_spec=letter.to)
    message["Subject"] = _subject(letter, held.locale)
    message["Date"] = format_datetime(loader.moment)
    # The same for every try at the same row, so that a mailbox can drop a second copy.
    message["Message-ID"] = _message_id(board, held.once)
    message["Auto-Submitted"] = "auto-generated"
    if letter.reply_to:
        message["Reply-To"] = Address(addr_spec=letter.reply_to)
    if letter.thread:
        root = _message_id(board, letter.thread)
        message["In-Reply-To"] = message["References"] = root
    if letter.unsubscribe_url:
        message["List-Unsubscribe"] = f"<{letter.unsubscribe_url}>"
        message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
        # The same in all mails about listings, so that a mailbox can file them (RFC 2919).
        message["List-Id"] = f"<{_LIST}.{_domain(board)}>"
    message.set_content(_render(letter, "txt", held.locale, board))
    if letter.has_html:
        message.add_alternative(_render(letter, "html", held.locale, board), subtype="html")
        # The same at every try, as the rest of the mail.
        message.set_boundary(_digest(board, f"{held.once}:parts"))
    # After the content, which takes the place of every header about content.
    message["Content-Language"] = held.locale
    return message


def _message_id(board: Board, name: str) -> str:
    """A Message-ID that the same name always gives."""
    return f"<{_digest(board, name)}@{_domain(board)}>"


def _domain(board: Board) -> str:
    """The domain that our mails come from."""
    return parseaddr(board.settings.mail_from)[1].rpartition("@")[2]


def _digest(board: Board, name: str) -> str:
    return hmac.new(board.settings.secret_key.encode(), name.encode(), "sha256").hexdigest()[:32]


def _subject(letter: Letter, locale: str) -> str:
    text = translations(locale).gettext(letter.subject) % letter.subject_params
    # The mail library would take "=?…?=" for encoded text (RFC 2047), with the line breaks in it.
    return " ".join(text.split()).replace("=?", "= ?")


def _render(letter: Letter, kind: str, locale: str, board: Board) -> str:
    template = _environment(locale).get_template(f"{letter.template}.{kind}")
    text = template.render(
        letter.values,
        site=board.settings.base_url,
        locale=locale,
        direction=direction(locale),
    )
    return _BLANK_LINES.sub("\n\n", text.strip() + "\n")


@lru_cache(maxsize=8)
def _environment(locale: str) -> jinja2.Environment:
    """In plain text nothing is escaped: what people wrote is shown as they wrote it."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_TEMPLATES),
        extensions=["jinja2.ext.i18n"],
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        autoescape=jinja2.select_autoescape(("html",), default=False, default_for_string=False),
    )
    environment.install_gettext_translations(  # type: ignore[attr-defined]
        translations(locale), newstyle=True
    )
    return environment


def _confirm_listing(session: Session, board: Board, held: outbox.Claim) -> Letter | None:
    listing = session.get(Listing, held.listing_id)
    if listing is None or listing.status != Status.PENDING:
        return None
    return Letter(
        to=held.payload["email"],
        subject=N_("Confirm: %(title)s"),
        subject_params={"title": listing.title},
        template="confirm_listing",
        values={
            "title": listing.title,
            "link": f"{board.settings.base_url}/links/{held.payload['token']}",
            "code": codes.shown(links.code_of(board, held.payload["token"])),
        },
    )


def _confirm_alert(session: Session, board: Board, held: outbox.Claim) -> Letter | None:
    alert = session.get(Alert, held.alert_id)
    if alert is None or alert.status != AlertStatus.PENDING:
        return None
    return Letter(
        to=held.payload["email"],
        subject=N_("Confirm your alert"),
        template="confirm_alert",
        values={
            "alert": alert,
            "place": places.name_in(board.gazetteer, alert.place_name, alert.cell, held.locale),
            "radius_km": alert.radius_m / 1000,
            "link": f"{board.settings.base_url}/links/{held.payload['token']}",
        },
    )


def _published(session: Session, board: Board, held: outbox.Claim) -> Letter | None:
    return _with_links(
        session, board, held, N_("On the board: %(title)s"), template="listing_published"
    )


def _changed(session: Session, board: Board, held: outbox.Claim) -> Letter | None:
    return _with_links(session, board, held, N_("Changed: %(title)s"), template="listing_changed")


def _with_links(
    session: Session, board: Board, held: outbox.Claim, subject: str, *, template: str
) -> Letter | None:
    """What its poster gets of an open listing, with the links that manage it."""
    listing, member = session.get(Listing, held.listing_id), session.get(Member, held.member_id)
    if listing is None or member is None or listing.status != Status.OPEN:
        return None
    prefix = f"{board.settings.base_url}/links/"
    return Letter(
        to=relays.address_for(session, member),
        subject=subject,
        subject_params={"title": listing.title},
        template=template,
        values={
            "title": listing.title,
            "notify": listing.notify,
            "until": last_day(board, listing.ends_at, listing.cell, held.locale),
            "page": f"{board.settings.base_url}/listings/{listing.public_id}",
            "close_link": prefix + held.payload["token"],
            "edit_link": prefix + held.payload["edit"],
            "extend_link": prefix + held.payload["extend"],
            "days": LONGER[Kind(listing.kind)].days,
        },
    )


def _sign_in_code(session: Session, board: Board, held: outbox.Claim) -> Letter | None:
    if not sign_in.is_waiting(session, int(held.payload["row"])):
        return None
    return Letter(
        to=held.payload["email"],
        subject=N_("Your code to sign in"),
        template="sign_in_code",
        values={"code": held.payload["code"]},
    )


def _own_data(session: Session, board: Board, held: outbox.Claim) -> Letter | None:
    """The same whoever it is, so that the mail tells nobody who is known here.

    Of a link that is over, nothing is sent.
    """
    try:
        links.find(session, held.payload["token"])
    except LinkRefused:
        return None
    return Letter(
        to=held.payload["email"],
        subject=N_("What the board keeps about you"),
        template="own_data",
        values={"link": f"{board.settings.base_url}/data/by-link/{held.payload['token']}"},
    )


def _test_mail(session: Session, board: Board, held: outbox.Claim) -> Letter | None:
    """Nothing once mail arrives again, or when its link is over."""
    member = session.get(Member, held.member_id)
    if member is None or suspensions.of(session, member.id) is None:
        return None
    try:
        links.find(session, held.payload["token"])
    except LinkRefused:
        return None
    return Letter(
        to=member.email,
        subject=N_("Test mail: does it arrive?"),
        template="test_mail",
        values={"link": f"{board.settings.base_url}/links/{held.payload['token']}"},
    )


_WRITERS = {
    outbox.TEST_MAIL: _test_mail,
    outbox.OWN_DATA: _own_data,
    outbox.SIGN_IN_CODE: _sign_in_code,
    outbox.CONFIRM_MESSAGE: exchange.confirm_message,
    outbox.CONVERSATION_OPENED: exchange.conversation_opened,
    outbox.MESSAGE: exchange.message,
    outbox.OUTCOME: exchange.outcome,
    outbox.STILL_NEEDED: exchange.still_needed,
    outbox.STILL_TALKING: exchange.still_talking,
    outbox.MAIL_REFUSED: exchange.mail_refused,
    outbox.MESSAGE_REFUSED: exchange.message_refused,
    outbox.CONFIRM_LISTING: _confirm_listing,
    **organisation_letters.WRITERS,
    **role_letters.WRITERS,
    outbox.CONFIRM_ALERT: _confirm_alert,
    outbox.LISTING_PUBLISHED: _published,
    outbox.LISTING_CHANGED: _changed,
    **moderation.WRITERS,
}

#: What is sent as a mail.
PURPOSES = frozenset((*_WRITERS, *telling.WRITERS))

"""What a push message says: one listing or the digest of a day, on a locked screen.

It is short, and holds no link that acts, no address and no way to reach anybody: whoever looks over
a shoulder learns what the board shows to everybody, and why this person is told.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from board import outbox
from board.i18n import N_, direction, translations
from board.loader import Loader
from board.mails import telling
from board.mails.telling import News
from board.push_delivery import Envelope
from board.scanning import without_contacts
from matcher.taxonomy import Urgency

if TYPE_CHECKING:
    from board.context import Board

#: Longest lines, in characters: with four bytes each they fit into a message three times over.
TITLE_MAX: Final = 100
BODY_MAX: Final = 200
#: How long a service keeps a message for a browser that is away; never beyond the listing's end.
KEPT: Final[Mapping[Urgency, timedelta]] = {
    Urgency.TODAY: timedelta(hours=12),
    Urgency.SOON: timedelta(days=1),
    Urgency.WEEK: timedelta(days=3),
    Urgency.STANDING: timedelta(days=3),
}
#: What a device that saves its battery makes of it (RFC 8030, 5.3).
URGENCIES: Final[Mapping[Urgency, str]] = {
    Urgency.TODAY: "high",
    Urgency.SOON: "normal",
    Urgency.WEEK: "low",
    Urgency.STANDING: "low",
}

_NEWS: Final[Mapping[str, Callable[[Loader, outbox.Claim], News | None]]] = {
    outbox.MATCH: telling.news_of_match,
    outbox.DIGEST: telling.news_of_digest,
}
#: What is sent as a push message.
PURPOSES: Final = frozenset(_NEWS)


def compose(loader: Loader, held: outbox.Claim) -> Envelope | None:
    """The message of this row as things stand now; None when nobody should get it any more.

    Raises Later in the quiet hours.
    """
    news = _NEWS[held.purpose](loader, held)
    if news is None:
        return None
    first, moment = news.entries[0]["listing"], news.reader.moment
    urgency = Urgency(first.urgency)
    topic = _name(loader.board, held.once)
    return Envelope(
        content=json.dumps(_content(news, held.locale, topic), ensure_ascii=False).encode(),
        ttl=min(KEPT[urgency], first.ends_at - moment),
        urgency=URGENCIES[urgency],
        topic=topic,
        moment=moment,
    )


def _content(news: News, locale: str, tag: str) -> dict[str, str]:
    """What the service worker shows and opens; the address is one of our own pages."""
    first = news.entries[0]
    _ = translations(locale).gettext
    because = _(N_("Because of %(why)s: %(reasons)s"))
    body = because % {"why": first["why"], "reasons": first["reasons"]}
    alone = len(news.entries) == 1
    return {
        "title": _short(_(news.subject) % news.subject_params, TITLE_MAX),
        "body": _short(body, BODY_MAX),
        "path": f"/listings/{first['listing'].public_id}" if alone else "/listings",
        "tag": tag,
        "lang": locale,
        "dir": direction(locale),
    }


def _short(text: str, most: int) -> str:
    """One line of so many characters, without anything by which somebody can be reached."""
    plain = without_contacts(" ".join(text.split()))
    return plain if len(plain) <= most else f"{plain[: most - 1].rstrip()}…"


def _name(board: Board, once: str) -> str:
    """What services and browsers know the same message again by: 32 signs (RFC 8030, 5.4)."""
    return board.vault.once("push topic", once)[:32]

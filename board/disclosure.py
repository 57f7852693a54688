"""How weaknesses are reported to whoever runs the board: the text of security.txt (RFC 9116)."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

from board.db import now
from board.i18n import LOCALES

if TYPE_CHECKING:
    from board.context import Board

#: Where the RFC puts the file.
PATH: Final = "/.well-known/security.txt"
#: How long a reader may rely on a copy; the RFC advises less than a year.
LIFETIME: Final = timedelta(days=180)


def security_txt(board: Board) -> str | None:
    """The lines of the file as of now; None where no contact is set.

    Its end is counted from the database's clock at each reading, so that it is never over.
    """
    settings = board.settings
    if settings.security_contact is None:
        return None
    with board.db.read() as session:
        end = (now(session) + LIFETIME).replace(microsecond=0)
    lines = [
        f"Contact: {settings.security_contact}",
        f"Expires: {end:%Y-%m-%dT%H:%M:%SZ}",
        f"Preferred-Languages: {', '.join(LOCALES)}",
    ]
    if settings.base_url.startswith("https://"):
        # The RFC takes no other web address.
        lines.append(f"Canonical: {settings.base_url}{PATH}")
    return "".join(f"{line}\n" for line in lines)

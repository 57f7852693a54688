"""E-mail addresses, also those written around, and IBANs by their checksum."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

from board.scanning.lexicon import Lexicon
from board.scanning.plain import Finding, Plain

_LOCAL = r"[^\W_][\w.+-]{0,63}"
_IBAN = re.compile(
    r"(?<![a-z0-9])[a-z][ .\-]?[a-z][ .\-]?\d[ .\-]?\d(?:[ .\-_]{0,2}[a-z0-9]){11,30}"
)
_SIGNS = re.compile(r"[^a-z0-9]")


def find_emails(folded: Plain, words: Lexicon) -> Iterator[Finding]:
    """Addresses as they are typed, and as people write them so that no machine should see."""
    for match in _emails(words).finditer(folded.text):
        yield folded.finding("email", *match.span())


@lru_cache(maxsize=4)
def _compiled(sure_at: str, doubtful_at: str, dot: str, hosts: str) -> re.Pattern[str]:
    bracketed = r"[\[({<]\s*(?:at|a|@|" + sure_at + r")\s*[\])}>]"
    sure = rf"\s*(?:@|{bracketed}|(?<!\w){sure_at}(?!\w))\s*"
    doubtful = rf"\s+{doubtful_at}\s+"
    bracketed_dot = r"[\[({<]\s*(?:\.|" + dot + r")\s*[\])}>]"
    spoken_dot = rf"(?:\s*{bracketed_dot}\s*|\s+{dot}\s+)"
    # A dot that ends a sentence has a space on one side only.
    any_dot = rf"(?:\s+\.\s+|\.|{spoken_dot})"
    domain = rf"[^\W_][\w-]{{0,62}}(?:{any_dot}[^\W\d_]{{2,15}})+"
    known = rf"{hosts}{any_dot}[a-z]{{2,3}}(?!\w)"
    return re.compile(
        rf"{_LOCAL}{sure}{domain}"
        # "at" is a word of its own: only before a mail service or a dot in words.
        rf"|{_LOCAL}{doubtful}(?:{known}|[^\W_][\w-]{{0,62}}{spoken_dot}[a-z]{{2,6}}(?!\w))"
        rf"|(?<!\w)(?:gmail|hotmail|yahoo){any_dot}(?:com|fr|es|pt|br)(?!\w)"
        rf"|{_LOCAL}{sure}{hosts}(?!\w)"
    )


def _emails(words: Lexicon) -> re.Pattern[str]:
    return _compiled(words.sure_at, words.doubtful_at, words.dot, words.mail_hosts)


def find_ibans(folded: Plain, words: Lexicon) -> list[Finding]:
    """Runs of the length that their country uses and whose checksum holds (ISO 13616)."""
    found = []
    for match in _IBAN.finditer(folded.text):
        end = _end_of_iban(match, words)
        if end:
            found.append(folded.finding("iban", match.start(), end))
    return found


def _end_of_iban(match: re.Match[str], words: Lexicon) -> int:
    """Where the IBAN ends that begins with this match; 0 where none does."""
    signs = _SIGNS.sub("", match[0])
    length = words.iban_lengths.get(signs[:2].upper())
    lengths = [length] if length else [len(signs)]
    for wanted in lengths:
        if wanted <= len(signs) and iban_holds(signs[:wanted]):
            seen = 0
            for offset, sign in enumerate(match[0]):
                seen += sign.isalnum()
                if seen == wanted:
                    return match.start() + offset + 1
    return 0


def iban_holds(signs: str) -> bool:
    """Whether the checksum of an IBAN without spaces holds: 1 modulo 97 (ISO 7064)."""
    moved = signs[4:] + signs[:4]
    return int("".join(str(int(sign, 36)) for sign in moved)) % 97 == 1

"""Short codes that people read in a mail and type: eight characters, 37 bits.

What keeps them from being guessed is that few tries are counted, not their length.
"""

from __future__ import annotations

import hmac
import secrets
import unicodedata
from typing import Final

#: No vowels, so that no word comes out, and nothing that looks like something else.
_LETTERS: Final = "BCDFGHJKMNPQRSTVWXZ"
ALPHABET: Final = f"23456789{_LETTERS}"
LENGTH: Final = 8
#: What is read of a text that somebody types for a code.
_READ: Final = 64


def new() -> str:
    """A code by chance."""
    return _spelt(secrets.randbits(256))


def derived(key: bytes, what: str) -> str:
    """The code that belongs to something: always the same, and only the holder of the key tells."""
    digest = hmac.new(key, what.encode(), "sha256").digest()
    return _spelt(int.from_bytes(digest, "big"))


def _spelt(number: int) -> str:
    """256 bits as a code. A letter comes first: after it, nothing is shown from right to left."""
    number, first = divmod(number, len(_LETTERS))
    signs = [_LETTERS[first]]
    while len(signs) < LENGTH:
        number, sign = divmod(number, len(ALPHABET))
        signs.append(ALPHABET[sign])
    return "".join(signs)


def shown(code: str) -> str:
    """The code as it is written for people: ABCD-EFGH."""
    return f"{code[:4]}-{code[4:]}"


def typed(text: str) -> str:
    """What somebody typed, in capitals, with digits of any script, without what only parts it."""
    plain = unicodedata.normalize("NFKC", text[:_READ]).upper()
    letters = (str(unicodedata.digit(c)) if c.isdecimal() else c for c in plain if c.isalnum())
    return "".join(letters)[: 2 * LENGTH]

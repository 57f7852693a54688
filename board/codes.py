"""Short codes that people read in a mail and type: eight characters, 38 bits.

What keeps them from being guessed is that few tries are counted, not their length.
"""

from __future__ import annotations

import hmac
import secrets
import unicodedata
from typing import Final

#: No vowels, so that no word comes out, and nothing that looks like something else.
ALPHABET: Final = "23456789BCDFGHJKMNPQRSTVWXZ"
LENGTH: Final = 8


def new() -> str:
    """A code by chance."""
    return "".join(secrets.choice(ALPHABET) for _ in range(LENGTH))


def derived(key: bytes, what: str) -> str:
    """The code that belongs to something: always the same, and only the holder of the key tells."""
    digest = hmac.new(key, what.encode(), "sha256").digest()
    number = int.from_bytes(digest, "big")
    letters = []
    for _ in range(LENGTH):
        number, letter = divmod(number, len(ALPHABET))
        letters.append(ALPHABET[letter])
    return "".join(letters)


def shown(code: str) -> str:
    """The code as it is written for people: ABCD-EFGH."""
    return f"{code[:4]}-{code[4:]}"


def typed(text: str) -> str:
    """What somebody typed, in capitals, with digits of any script, without what only parts it."""
    plain = unicodedata.normalize("NFKC", text).upper()
    letters = (str(unicodedata.digit(c)) if c.isdecimal() else c for c in plain if c.isalnum())
    return "".join(letters)[: 2 * LENGTH]

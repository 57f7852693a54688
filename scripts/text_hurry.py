"""Texts as a hurried thumb types them."""

from __future__ import annotations

import random
import re
import unicodedata
from collections.abc import Mapping
from typing import Final

#: What people shorten: (word or pattern, what they type).
_SHORT: Final[Mapping[str, tuple[tuple[str, str], ...]]] = {
    "fr": (
        *(("quelqu'un", "qqn"), ("bonjour", "bjr"), ("pour", "pr"), ("dans", "ds")),
        *(("s'il vous plaît", "stp"), ("pendant", "pdt"), ("rendez-vous", "rdv"), ("c'est", "c")),
        *(("je suis", "jsuis"), ("j'ai", "jai"), ("que", "ke"), ("beaucoup", "bcp")),
        *(
            ("aujourd'hui", "auj"),
            ("toujours", "tjrs"),
            ("téléphone", "tel"),
            ("est-ce que", "esq"),
        ),
    ),
    "en": (
        *(("you", "u"), ("please", "pls"), ("are", "r"), ("thanks", "thx"), ("I'm", "im")),
        *(("don't", "dont"), ("can't", "cant"), ("tomorrow", "tmrw"), ("with", "w"), ("for", "4")),
    ),
    "es": (
        *(("que", "q"), ("por favor", "xfa"), ("para", "pa"), ("por", "x"), ("también", "tb")),
        *(("porque", "xq"), ("alguien", "alguin"), ("estoy", "toy")),
    ),
    "pt": (
        *(("você", "vc"), ("que", "q"), ("para", "pra"), ("também", "tb"), ("estou", "to")),
        *(("está", "tá"), ("hoje", "hj"), ("muito", "mt"), ("por favor", "pf")),
    ),
}


def hurried(chance: random.Random, language: str, text: str) -> str:
    """Without accents, without capitals, shortened, mistyped: each sometimes."""
    if chance.random() < 0.4:
        text = text.lower()
    if chance.random() < 0.35:
        plain = unicodedata.normalize("NFKD", text)
        text = "".join(c for c in plain if not unicodedata.combining(c))
    if chance.random() < 0.35:
        for long, short in _SHORT.get(language, ()):
            text = re.sub(rf"\b{long}\b", short, text, flags=re.IGNORECASE)
    if chance.random() < 0.3:
        text = re.sub(r"[.,'’]", " ", text)
    words = text.split(" ")
    return " ".join(_mistyped(chance, w) if chance.random() < 0.03 else w for w in words)


def _mistyped(chance: random.Random, word: str) -> str:
    """A letter left out, doubled, or in the place of the next one."""
    if len(word) < 4:
        return word
    at = chance.randrange(1, len(word) - 1)
    return chance.choice(
        [
            word[:at] + word[at + 1 :],
            word[:at] + word[at] + word[at:],
            word[:at] + word[at + 1] + word[at] + word[at + 2 :],
        ]
    )

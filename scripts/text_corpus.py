"""The texts that suggestions are learnt from, the same ones each time.

Phrases of `data/reference/texts` are put into frames, with words of time, greetings and the
mistakes of a hurried thumb. Nothing here ever reads `tests/data/text`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Final

from scripts.text_composer import Composer
from scripts.text_phrases import LANGUAGES, PHRASES, ROOT, Example, Keep, everything, lines, read

_DEMO: Final = ROOT / "data" / "demo"

#: Demonstration listings that share five words in a row with a text that is measured.
_NOT_LEARNT: Final = frozenset(
    {
        *("Visites aux personnes âgées du quartier", "Première année à l'étranger, moral en berne"),
        *(
            "Deuil à distance",
            "Écoute par téléphone, le soir",
            "Vol annulé, famille à la rue ce soir",
        ),
        *("Trouver un pédiatre francophone", "Comment marche l'assurance maladie ici ?"),
        *("Vaccins à prévoir avant un départ", "Accueil des nouveaux"),
        *("Préparer son retour en France", "Treinta personas en el gimnasio"),
    }
)


def corpus(keep: Keep = everything) -> list[Example]:
    """All composed texts of the phrases that are kept, in an order that never changes."""
    examples = [each for language in LANGUAGES for each in Composer(language, keep).examples()]
    return [*examples, *_others(keep)]


def demonstration() -> list[Example]:
    """The demonstration listings, which others wrote: none of them is risky."""
    found = []
    for language in LANGUAGES:
        data = read(_DEMO / f"{language}.toml")
        for urgency, title, text, slug in data.pop("information")["notices"]:
            found.append(_demo(language, "info", slug, urgency, title, text))
        for slug, kinds in data.items():
            for kind, rows in kinds.items():
                side = "offer" if kind.endswith("offers") else "request"
                for *urgency, title, text in rows:
                    found.append(_demo(language, side, slug, *(urgency or [0]), title, text))
    return [each for each in found if each.text.split(". ", 1)[0] not in _NOT_LEARNT]


def learnt_from() -> str:
    """What tells one corpus from another: SHA-256 of all texts and labels that are learnt from."""
    return hashlib.sha256("\n".join(map(repr, [*corpus(), *demonstration()])).encode()).hexdigest()


def _demo(language: str, side: str, slug: str, urgency: int, title: str, text: str) -> Example:
    words = f"{title}. {text}".replace("{city}", "")
    return Example(
        text=words,
        language=language,
        side=side,
        category=slug,
        urgency=urgency,
        risky=False,
        whole=True,
    )


def _others(keep: Keep) -> Iterator[Example]:
    for text in read(PHRASES / "others.toml").values():
        for phrase in (p for p in lines(text) if keep(p)):
            words = phrase.split()
            for start, end in ((0, None), (0, 5), (3, None)):
                yield Example(text=" ".join(words[start:end]), language="other")
            yield Example(text=phrase.lower(), language="other")

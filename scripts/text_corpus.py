"""Composes the texts that suggestions are learnt from, the same ones each time.

Phrases of `data/reference/texts` are put into frames, with words of time, greetings and the
mistakes of a hurried thumb. Nothing here ever reads `tests/data/text`.
"""

from __future__ import annotations

import hashlib
import random
import re
import tomllib
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final, TypeVar
from zlib import crc32

ROOT: Final = Path(__file__).resolve().parents[1]
PHRASES: Final = ROOT / "data" / "reference" / "texts"
DEMO: Final = ROOT / "data" / "demo"
LANGUAGES: Final = ("fr", "en", "es", "pt", "ar")
SIDES: Final = {"ask": "request", "give": "offer", "info": "info"}
#: How phrases are spread over the parts of a cross-validation.
FOLDS: Final = 5

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

_T = TypeVar("_T")
#: Kept or left out: decides by fold which phrases are composed.
Keep = Callable[[str], bool]


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """A text to learn from; a label that is None is not learnt from it."""

    text: str
    #: Code of a language of the interface, or "other".
    language: str
    side: str | None = None
    category: str | None = None
    urgency: int | None = None
    risky: bool | None = None
    #: A whole listing as somebody types it, and not composed of phrases.
    whole: bool = False
    #: A whole listing in which the situation tells who asks and who gives, more often than words.
    situation: bool = False


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """The words of one language, uncomposed."""

    #: Slug: words and phrases.
    categories: Mapping[str, list[str]]
    urgency: Mapping[int, list[str]]
    sides: Mapping[str, list[str]]


def vocabulary(language: str) -> Vocabulary:
    """What the texts of a language are composed of."""
    data = _read(PHRASES / f"{language}.toml")
    frames = _lists(data.pop("frames"))
    urgency = {int(level): phrases for level, phrases in _lists(data.pop("urgency")).items()}
    for name in ("around", "any", "risky", "harmless"):
        data.pop(name)
    sides = {
        "request": [*frames["ask_do"], *frames["ask_thing"]],
        "offer": [*frames["give_do"], *frames["give_thing"]],
        "info": [*frames["info"], *frames["info_thing"]],
    }
    categories = {
        slug: [*_listed(table["words"]), *_lines(table["do"]), *_lines(table["thing"])]
        for slug, table in data.items()
    }
    return Vocabulary(categories, urgency, sides)


def everything(phrase: str) -> bool:
    """Keep all phrases."""
    return True


def fold_of(phrase: str) -> int:
    """The part of a cross-validation that a phrase belongs to: 0 to FOLDS - 1."""
    return crc32(phrase.encode()) % FOLDS


def corpus(keep: Keep = everything) -> list[Example]:
    """All composed texts of the phrases that are kept, in an order that never changes."""
    examples = [each for language in LANGUAGES for each in _Composer(language, keep).examples()]
    return [*examples, *_others(keep)]


def demonstration() -> list[Example]:
    """The demonstration listings, which others wrote: none of them is risky."""
    found = []
    for language in LANGUAGES:
        data = _read(DEMO / f"{language}.toml")
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


class _Composer:
    """The texts of one language."""

    def __init__(self, language: str, keep: Keep) -> None:
        data = _read(PHRASES / f"{language}.toml")
        self._language = language
        self._keep = keep
        self._random = random.Random()  # noqa: S311 - no secret
        self._copies = 2 if language == "fr" else 1
        self._frames = _lists(data.pop("frames"))
        self._urgency = {int(k): v for k, v in _lists(data.pop("urgency")).items()}
        self._around = _lists(data.pop("around"))
        self._any = _lists(data.pop("any"))
        self._marked = {name: data.pop(name) for name in ("risky", "harmless")}
        self._whole = {
            folder: _read(PHRASES / folder / f"{language}.toml")
            for folder in ("whole", "situations")
        }
        self._words = {slug: _listed(table.pop("words")) for slug, table in data.items()}
        self._categories = {slug: _lists(table) for slug, table in data.items()}

    def examples(self) -> Iterator[Example]:
        for slug, table in self._categories.items():
            timeless = [p for p in table["ask"] if self._keep(p) and p[1:2] != "|"]
            for part, phrases in table.items():
                for phrase in (p for p in phrases if self._keep(p)):
                    yield from self._of_phrase(slug, part, phrase, timeless)
            words = [word for word in self._words[slug] if self._keep(word)]
            for word in words:
                yield from self._of_word(slug, word, words)
        for part, phrases in self._any.items():
            for phrase in (p for p in phrases if self._keep(p)):
                yield from self._of_any(SIDES[part], phrase)
        for name, blocks in self._marked.items():
            for block in blocks:
                for phrase in (p for p in _lines(block["texts"]) if self._keep(p)):
                    yield from self._of_marked(name == "risky", block, phrase)
        yield from self._of_listings("whole")
        for example in self._of_listings("situations"):
            # None of them is risky, and what tells them from phrases is no sign of that.
            yield replace(example, situation=True, risky=None)

    def _of_phrase(
        self, slug: str, part: str, phrase: str, timeless: list[str]
    ) -> Iterator[Example]:
        self._begin(part, slug, phrase)
        if part in SIDES:
            for _ in range(self._copies * (4 if part == "info" else 3)):
                core = self._framed("info", phrase) if part == "info" else phrase
                if part == "ask" and timeless and self._chance(0.25):
                    core = f"{phrase}. {self._pick(timeless)}"
                yield self._example(slug, SIDES[part], core)
            return
        for _ in range(2 * self._copies):
            yield self._example(slug, "request", self._framed(f"ask_{part}", phrase))
            yield self._example(slug, "offer", self._framed(f"give_{part}", phrase))
        if part == "thing":
            for _ in range(2 * self._copies):
                yield self._example(slug, "info", self._framed("info_thing", phrase))

    def _of_word(self, slug: str, word: str, others: list[str]) -> Iterator[Example]:
        """A word with some others of its category: in a frame, and as telegrams without a side."""
        self._begin("words", slug, word)
        for side in ("request", "offer", "info", None):
            chosen = [word, *self._random.sample(others, min(len(others), self._pick([0, 1, 2])))]
            self._random.shuffle(chosen)
            text = self._pick([", ", " "]).join(chosen)
            if side is None:
                bare = self._example(slug, "request", text)
                yield replace(bare, side=None, risky=None)
            else:
                yield self._example(slug, side, self._framed(_THING_FRAMES[side], text))

    def _of_any(self, side: str, phrase: str) -> Iterator[Example]:
        """What is said on one side in every category: alone, and beside words of a category."""
        self._begin("any", side, phrase)
        for _ in range(4 * self._copies):
            yield replace(self._example("other", side, phrase), category=None)
            slug = self._pick(list(self._words))
            words = ", ".join(self._random.sample(self._words[slug], 2))
            yield self._example(slug, side, self._pick([". ", ", ", " "]).join((words, phrase)))

    def _of_marked(self, risky: bool, block: Mapping[str, str], phrase: str) -> Iterator[Example]:
        self._begin("marked", block["category"], phrase)
        for _ in range(6 * self._copies):
            yield replace(self._example(block["category"], block["side"], phrase), risky=risky)

    def _of_listings(self, folder: str) -> Iterator[Example]:
        for slug, sides in self._whole[folder].items():
            for side, texts in sides.items():
                for text in (t for t in _lines(texts) if self._keep(t)):
                    yield from self._of_whole(slug, side, text)

    def _of_whole(self, slug: str, side: str, line: str) -> Iterator[Example]:
        """A listing as somebody types it: as it is, and in a hurry."""
        self._begin("whole", slug, line)
        urgency, text = int(line[0]), line[2:]
        for copy in range(3):
            typed = self._hurried(self._surrounded(side, text) if copy == 2 else text)
            yield Example(
                text=typed if copy else text,
                language=self._language,
                side=side,
                category=slug,
                urgency=urgency,
                risky=False,
                whole=True,
            )

    def _begin(self, *what: str) -> None:
        """Chance of its own for each phrase: one that is changed changes no other one's texts."""
        self._random.seed(" ".join((self._language, *what)))

    def _framed(self, frame: str, phrase: str) -> str:
        return self._pick(self._frames[frame]).format(phrase)

    def _example(self, slug: str, side: str, core: str) -> Example:
        text, urgency = self._timed(side, core)
        text = self._hurried(self._surrounded(side, text))
        return Example(
            text=text,
            language=self._language,
            side=side,
            category=slug,
            urgency=urgency,
            risky=False,
        )

    def _timed(self, side: str, core: str) -> tuple[str, int]:
        """The core with words of time, and how urgent it is."""
        if core[1:2] == "|":
            urgency, core = int(core[0]), core[2:]
            if self._chance(0.5):
                return core, urgency
        elif side == "request":
            urgency = self._random.choice((0, 1, 2, 3))
        else:
            urgency = self._random.choice((0, 0, 0, 0, 1, 1, 2, 3))
        if urgency == 0 and self._chance(0.6):
            return core, 0
        when = self._pick(self._urgency[urgency])
        if urgency == 3 and self._chance(0.2):
            when = when.upper()
        joint = self._pick([" ", ", ", " "])
        parts = (when, core) if self._chance(0.3) else (core, when)
        return joint.join(parts), urgency

    def _surrounded(self, side: str, text: str) -> str:
        if side == "info":
            return text[:1].upper() + text[1:]
        if side == "request" and self._chance(0.3):
            parts = [text, self._pick(self._around["who"])]
            self._random.shuffle(parts)
            text = self._pick([". ", ", ", " "]).join(parts)
        if self._chance(0.35):
            text = f"{self._pick(self._around['open'])}{self._pick([' ', ', ', '! '])}{text}"
        if side == "offer" and self._chance(0.3):
            text = f"{text}, {self._pick(self._around['give_close'])}"
        if self._chance(0.3):
            text = f"{text} {self._pick(self._around['close'])}"
        if side == "request" and self._chance(0.25):
            text += self._pick(["?", " ?", "??", "!", " !!"])
        return text

    def _hurried(self, text: str) -> str:
        """Without accents, without capitals, shortened, mistyped: each sometimes."""
        if self._chance(0.4):
            text = text.lower()
        if self._chance(0.35):
            plain = unicodedata.normalize("NFKD", text)
            text = "".join(c for c in plain if not unicodedata.combining(c))
        if self._chance(0.35):
            for long, short in _SHORT.get(self._language, ()):
                text = re.sub(rf"\b{long}\b", short, text, flags=re.IGNORECASE)
        if self._chance(0.3):
            text = re.sub(r"[.,'’]", " ", text)
        words = text.split(" ")
        return " ".join(self._mistyped(w) if self._chance(0.03) else w for w in words)

    def _mistyped(self, word: str) -> str:
        if len(word) < 4:
            return word
        at = self._random.randrange(1, len(word) - 1)
        return self._pick(
            [
                word[:at] + word[at + 1 :],
                word[:at] + word[at] + word[at:],
                word[:at] + word[at + 1] + word[at] + word[at + 2 :],
            ]
        )

    def _pick(self, choices: list[_T]) -> _T:
        return self._random.choice(choices)

    def _chance(self, probability: float) -> bool:
        return self._random.random() < probability


#: Side: the frames that a thing is put into.
_THING_FRAMES: Final = {"request": "ask_thing", "offer": "give_thing", "info": "info_thing"}
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


def _others(keep: Keep) -> Iterator[Example]:
    for text in _read(PHRASES / "others.toml").values():
        for phrase in (p for p in _lines(text) if keep(p)):
            words = phrase.split()
            for start, end in ((0, None), (0, 5), (3, None)):
                yield Example(text=" ".join(words[start:end]), language="other")
            yield Example(text=phrase.lower(), language="other")


def _lines(text: str) -> list[str]:
    return [line for line in text.splitlines() if line]


def _listed(text: str) -> list[str]:
    return [word.strip() for word in text.replace("\n", " ").split(",")]


def _lists(table: Mapping[str, str]) -> dict[str, list[str]]:
    return {name: _lines(text) for name, text in table.items()}


def _read(path: Path) -> dict[str, Any]:
    return tomllib.loads(path.read_text(encoding="utf-8"))

"""Composes texts of the phrases of one language, the same ones each time."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Final, TypeVar

from scripts.text_hurry import hurried
from scripts.text_phrases import PHRASES, Example, Keep, lines, listed, lists, read

SIDES: Final = {"ask": "request", "give": "offer", "info": "info"}
#: Side: the frames that a thing is put into.
_THING_FRAMES: Final = {"request": "ask_thing", "offer": "give_thing", "info": "info_thing"}

_T = TypeVar("_T")


class Composer:
    """The texts of one language."""

    def __init__(self, language: str, keep: Keep) -> None:
        data = read(PHRASES / f"{language}.toml")
        self._language = language
        self._keep = keep
        self._random = random.Random()  # noqa: S311 - no secret
        self._copies = 2 if language == "fr" else 1
        self._frames = lists(data.pop("frames"))
        self._urgency = {int(k): v for k, v in lists(data.pop("urgency")).items()}
        self._around = lists(data.pop("around"))
        self._any = lists(data.pop("any"))
        self._marked = {name: data.pop(name) for name in ("risky", "harmless")}
        self._whole = {
            folder: read(PHRASES / folder / f"{language}.toml")
            for folder in ("whole", "risks", "ordinary", "situations")
        }
        self._words = {slug: listed(table.pop("words")) for slug, table in data.items()}
        self._categories = {slug: lists(table) for slug, table in data.items()}

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
                for phrase in (p for p in lines(block["texts"]) if self._keep(p)):
                    yield from self._of_marked(name == "risky", block, phrase)
        yield from self._of_listings(self._whole["whole"])
        for name, listings in self._whole["risks"].items():
            for example in self._of_listings(listings):
                yield replace(example, risky=name == "risky")
        yield from self._of_listings(self._whole["ordinary"])
        for example in self._of_listings(self._whole["situations"]):
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

    def _of_listings(self, listings: Mapping[str, Mapping[str, str]]) -> Iterator[Example]:
        for slug, sides in listings.items():
            for side, texts in sides.items():
                for text in (t for t in lines(texts) if self._keep(t)):
                    yield from self._of_whole(slug, side, text)

    def _of_whole(self, slug: str, side: str, line: str) -> Iterator[Example]:
        """A listing as somebody types it: as it is, and in a hurry."""
        self._begin("whole", slug, line)
        urgency, text = int(line[0]), line[2:]
        for copy in range(3):
            typed = self._typed(self._surrounded(side, text) if copy == 2 else text)
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
        text = self._typed(self._surrounded(side, text))
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

    def _typed(self, text: str) -> str:
        return hurried(self._random, self._language, text)

    def _pick(self, choices: list[_T]) -> _T:
        return self._random.choice(choices)

    def _chance(self, probability: float) -> bool:
        return self._random.random() < probability

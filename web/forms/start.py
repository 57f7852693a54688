"""The form of the first page: one text and one place, and what they are taken for."""

from __future__ import annotations

import re
from typing import ClassVar, Final

from flask_babel import lazy_gettext

from board import suggesting
from board.context import Board
from board.i18n import N_
from board.validation import TEXT_MAX, TITLE_MAX, required_text
from matcher.taxonomy import Kind
from matcher.text import Suggestions
from web.forms.base import TextField
from web.forms.listing import POSTED, URGENCIES, ListingForm
from web.forms.place import PlaceForm
from web.words import kind_slug

#: A suggestion that is less probable is not proposed: a question without an answer is better.
SURE_ENOUGH: Final = 0.5
#: The first sentence, with what ends it.
_SENTENCE: Final = re.compile(r"[^.!?…؟\n]+[.!?…؟]*")
#: A sentence of fewer words is a greeting or a call, where others follow.
_WORDS_OF_A_TITLE: Final = 4


class StartForm(PlaceForm):
    """What somebody says first, and what it is taken for until they say otherwise."""

    FIRST: ClassVar = ("words", "kind", "category", "urgency")

    class Meta:
        """Nothing is stored by this form, and the first page sets no cookie for it."""

        csrf = False

    words = TextField(lazy_gettext("What do you need, or what can you offer?"))
    kind = TextField(lazy_gettext("Do you need help, or do you offer it?"))
    category = TextField(lazy_gettext("What is it about?"))
    urgency = TextField(lazy_gettext("How urgent is it?"))

    def check_words(self) -> None:
        """Refuse a text that no listing could have."""
        words = self.words.data or ""
        self.check("words", lambda: required_text(words, max_length=TEXT_MAX, multiline=True))

    def check_answers(self, board: Board) -> None:
        """Refuse what is none of the answers that were offered."""
        unknown = self._unknown(board)
        if "kind" in unknown:
            self.refuse("kind", N_("Choose one of the two answers."))
        if "category" in unknown:
            self.refuse("category", N_("Choose the nearest one."))
        if "urgency" in unknown and self.kind.data == "request":
            self.refuse("urgency", N_("Choose one of the four answers."))

    def forget_unknown(self, board: Board) -> None:
        """Empty the answers that nobody was offered."""
        for name in self._unknown(board):
            self[name].data = ""

    def _unknown(self, board: Board) -> set[str]:
        """The questions whose answer is none of those that were offered."""
        categories = {each.slug for each in board.taxonomy.categories}
        offered = {"kind": POSTED, "category": categories, "urgency": URGENCIES}
        return {name for name, answers in offered.items() if self[name].data not in answers}

    def propose(self, board: Board) -> Suggestions:
        """Fill in what the text seems to be, where nothing was said yet."""
        found = suggesting.suggest(board, self.words.data or "")
        kind, urgency = found.kind, found.urgency
        if not self.kind.data and kind is not None and kind.probability >= SURE_ENOUGH:
            self.kind.data = kind_slug(kind.value) if kind.value is not Kind.INFO else ""
        if not self.category.data and found.categories:
            best = found.categories[0]
            if best.probability >= SURE_ENOUGH:
                self.category.data = board.taxonomy.slug(best.value)
        if not self.urgency.data and urgency is not None:
            self.urgency.data = str(int(urgency.value))
        return found

    def as_listing(self, board: Board, locale: str, language: str | None) -> ListingForm:
        """The form of the listing that these answers make; all else as an empty form has it."""
        form = ListingForm.empty(POSTED[self.kind.data or ""], board, locale)
        title, text = headline((self.words.data or "").strip())
        form.title.data, form.text.data = title, text
        form.categories.data = [self.category.data or ""]
        if self.kind.data == "request":
            form.urgency.data = self.urgency.data
        if language is not None and language != locale:
            form.languages.data = [language, locale]
        for name in ("place", "place_id", "place_for", "cell", "precision"):
            form[name].data = self[name].data
        form.settled = self.settled
        return form


def headline(words: str) -> tuple[str, str]:
    """(title, text) of a listing: its first sentence, and all of it where that is not all.

    "Hello!" is passed over. A sentence too long for a title is cut after a word.
    """
    sentences = [" ".join(found.split()) for found in _SENTENCE.findall(words)]
    telling = (each for each in sentences if each.count(" ") >= _WORDS_OF_A_TITLE - 1)
    first = next(telling, max(sentences, key=len, default=words))
    if len(first) > TITLE_MAX:
        first = first[: TITLE_MAX - 1].rsplit(" ", 1)[0].rstrip(" ,;:") + "…"
    return first, "" if first == words else words

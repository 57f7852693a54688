"""Words of care beside every contact."""

from __future__ import annotations

import pytest

from board import safety
from board.context import Board
from board.i18n import LOCALES, translations
from board.reference import load_taxonomy
from tests.factories import Factory
from tests.fakes import MailSink, work_off


@pytest.mark.parametrize(
    ("category", "own"),
    [
        ("groceries", ()),
        ("pets", (safety.KEYS,)),
        ("housing", (safety.KEYS, safety.PAPERS)),
        ("medicine", (safety.MEDICINE,)),
        ("childcare", (safety.CHILDREN,)),
        ("eldercare", (safety.ELDERLY,)),
        ("admin", (safety.PAPERS,)),
    ],
)
def test_each_category_has_its_words(category: str, own: tuple[str, ...]) -> None:
    """After those about meeting and money, which are said everywhere."""
    assert safety.words_for([category]) == (safety.MEETING, safety.MONEY, *own)


def test_nothing_is_said_twice() -> None:
    """Also where two categories ask for the same care."""
    words = safety.words_for(["pets", "housing", "moving", "childcare", "tutoring"])
    assert len(words) == len(set(words)) == 5


def test_every_category_that_has_words_exists() -> None:
    """A category that is renamed keeps its words."""
    known = {category.slug for category in load_taxonomy().categories}
    assert safety._OF_CATEGORY.keys() <= known


@pytest.mark.parametrize("locale", LOCALES)
def test_every_message_mail_says_them_in_its_language(
    board: Board, make: Factory, smtp: MailSink, locale: str
) -> None:
    """To the poster and to whoever answered."""
    view = make.open(email="asker@example.org", categories=("childcare",), locale=locale)
    make.answered(view, email="helper@example.org", locale=locale)
    work_off(board)
    gettext = translations(locale).gettext
    for address in ("asker@example.org", "helper@example.org"):
        (mail,) = [mail for mail in smtp.to(address) if mail["Reply-To"]]
        assert mail["Content-Language"] == locale
        for words in safety.words_for(["childcare"]):
            assert gettext(words) in mail.get_content()

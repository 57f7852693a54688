"""The catalogues hold every text of the interface, and the check finds what is wrong with one."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog

from board.i18n import CATALOGUES, LOCALES, translations
from scripts.check_translations import (
    TRANSLATED,
    check,
    extract,
    main,
    path_of,
    problems,
    read,
    typography,
)
from scripts.update_translations import new_catalogue, update

ONE = ("%(num)s letter", "%(num)s letters")
DAYS = ("One day", "%(num)d days")
TITLE = "Confirm: %(title)s"
PLAIN = "Search"


@pytest.fixture(scope="module")
def template() -> Catalog:
    """The messages of the sources as they are."""
    return extract()


def small_template() -> Catalog:
    """Four messages of every shape."""
    made = Catalog(charset="utf-8")
    for message in (PLAIN, TITLE, ONE, DAYS):
        made.add(message, locations=[("web/page.html", 1)])
    return made


def sound(locale: str) -> Catalog:
    """Their translations, without a fault."""
    made = new_catalogue(locale)
    if locale == "fr":
        made.add(PLAIN, "Chercher")
        made.add(TITLE, "À confirmer\u00a0: %(title)s")
        made.add(ONE, ("%(num)s lettre", "%(num)s lettres"))
        made.add(DAYS, ("Un jour", "%(num)d jours"))
    else:
        made.add(PLAIN, "بحث")
        made.add(TITLE, "للتأكيد: \u2068%(title)s\u2069")
        made.add(ONE, ("لا شيء", "رسالة", "رسالتان", *["%(num)s رسالة"] * 3))
        made.add(DAYS, ("لا شيء", "يوم", "يومان", *["%(num)d يوم"] * 3))
    return made


def put(message: str | tuple[str, str], text: str | tuple[str, ...]) -> Callable[[Catalog], None]:
    """A doctoring that gives a message another translation."""

    def doctor(catalogue: Catalog) -> None:
        found = catalogue[message]
        assert found is not None
        found.string = text

    return doctor


def test_every_text_is_translated(template: Catalog) -> None:
    """French, Spanish, Portuguese and Arabic are complete and sound."""
    assert check(template) == []
    assert {"en", *TRANSLATED} == set(LOCALES)


def test_every_way_of_marking_a_text_is_found(template: Catalog) -> None:
    """Python and templates, marks and calls, plurals, and the blocks of mails."""
    marked = {
        "This is not a text.": "board/validation.py",
        "Words": "web/forms/filters.py",
        "No particular place": "web/words.py",
        "Skip to the content": "web/templates/base.html",
        "A message about “%(title)s”:": "board/mails/message.txt",
        "%(num)s listing": "web/templates/listings/index.html",
    }
    for text, place in marked.items():
        message = template.get(text)
        assert message is not None, text
        assert place in {name for name, _ in message.locations}, text


@pytest.mark.parametrize("locale", ["fr", "ar"])
def test_a_sound_catalogue_passes(locale: str) -> None:
    """No fault is found where there is none."""
    assert list(problems(small_template(), sound(locale), locale)) == []


DOCTORED = [
    ("fr", lambda catalogue: catalogue.delete(PLAIN), "missing: “Search”"),
    ("fr", put(PLAIN, ""), "untranslated: “Search”"),
    ("fr", lambda catalogue: catalogue[PLAIN].flags.add("fuzzy"), "fuzzy: “Search”"),
    ("fr", lambda catalogue: catalogue.add("Gone", "Parti"), "used by no source: “Gone”"),
    ("fr", put(TITLE, "À confirmer"), "placeholders differ"),
    ("fr", put(TITLE, "À confirmer\u00a0: %(titre)s"), "placeholders differ"),
    ("fr", put(TITLE, "À confirmer\u00a0: %(title)d"), "placeholders differ"),
    ("fr", put(TITLE, "À 100 % confirmé\u00a0: %(title)s"), "placeholders differ"),
    ("fr", put(PLAIN, "Chercher {{ here }}"), "placeholders differ"),
    ("fr", put(ONE, ("%(num)s lettre", "")), "plural forms incomplete"),
    ("fr", put(ONE, ("%(num)s lettre",)), "plural forms incomplete"),
    ("fr", put(ONE, ("une lettre", "%(num)s lettres")), "placeholders differ"),
    ("fr", put(DAYS, ("Un jour", "des jours")), "placeholders differ"),
    ("fr", put(TITLE, "À confirmer : %(title)s"), "no-break space before"),
    ("fr", put(TITLE, "À confirmer: %(title)s"), "no-break space before"),
    ("fr", put(PLAIN, "Chercher ?"), "no-break space before"),
    ("fr", put(PLAIN, "« Chercher\u00a0»"), "no-break space after"),
    ("fr", put(PLAIN, "L'ouvrir"), "instead of straight quotes"),
    ("ar", put(TITLE, "للتأكيد: %(title)s"), "not isolated"),
    ("ar", put(ONE, ("", "رسالة", "رسالتان", *["%(num)s رسالة"] * 3)), "plural forms incomplete"),
    ("ar", put(ONE, ("لا شيء", "رسالة", "رسالتان", *["رسالة"] * 3)), "placeholders differ"),
]


@pytest.mark.parametrize(("locale", "doctor", "expected"), DOCTORED)
def test_a_doctored_catalogue_is_caught(
    locale: str, doctor: Callable[[Catalog], None], expected: str
) -> None:
    """Each fault is told with its message, and nothing else is."""
    catalogue = sound(locale)
    doctor(catalogue)
    found = list(problems(small_template(), catalogue, locale))
    assert found
    assert all(expected in line for line in found), found


def test_a_wrong_header_is_caught() -> None:
    """A catalogue that compilers pass over, or one with too few plural forms."""
    catalogue = sound("fr")
    catalogue.fuzzy = True
    assert "fuzzy" in next(problems(small_template(), catalogue, "fr"))
    catalogue = sound("ar")
    catalogue.mime_headers = [("Plural-Forms", "nplurals=2; plural=(n != 1);")]
    assert list(problems(small_template(), catalogue, "ar")) == ["Plural-Forms: nplurals must be 6"]


@pytest.mark.parametrize(
    "text",
    [
        "Demain à 8:30, voir https://example.org ou 2026-11-20T08:00Z.",
        "Où\u00a0? Ici\u202f! «\u00a0Ah\u00a0»\u00a0: oui\u00a0; l’un ou l’autre.",
    ],
)
def test_french_as_it_is_written_passes(text: str) -> None:
    """Colons inside addresses and times need no space; narrow no-break spaces are fine."""
    assert list(typography(text, "fr")) == []


def test_the_shipped_catalogues_are_what_is_checked(tmp_path: Path, template: Catalog) -> None:
    """A line taken away, an unreadable file and a missing one are each told."""
    shutil.copytree(CATALOGUES, tmp_path, dirs_exist_ok=True)
    french, spanish = path_of("fr", tmp_path), path_of("es", tmp_path)
    whole = french.read_text(encoding="utf-8")
    assert whole.count('msgstr "Chercher ici"') == 1
    french.write_text(whole.replace('msgstr "Chercher ici"', 'msgstr ""'), encoding="utf-8")
    spanish.write_text("msgid broken\n", encoding="utf-8")
    path_of("ar", tmp_path).unlink()
    found = check(template, tmp_path)
    assert [line.partition(":")[0] for line in found] == ["fr", "es", "ar"]
    assert "untranslated: “Search here” (web/templates/listings/index.html)" in found[0]


def test_the_command_fails_when_something_is_wrong(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], template: Catalog
) -> None:
    """1 with a list and what to do; 0 with one line."""
    monkeypatch.setattr("scripts.check_translations.extract", lambda: template)
    monkeypatch.setattr("scripts.check_translations.check", lambda _: ["fr: missing: “Search”"])
    assert main() == 1
    out = capsys.readouterr().out
    assert "fr: missing: “Search”" in out
    assert "update_translations.py" in out
    monkeypatch.setattr("scripts.check_translations.check", lambda _: [])
    assert main() == 0
    assert capsys.readouterr().out.count("\n") == 1


def test_updating_twice_changes_nothing(tmp_path: Path) -> None:
    """New messages come empty, old ones stay, left-over ones go; then the file rests."""
    path = path_of("fr", tmp_path)
    update(small_template(), "fr", tmp_path)
    path.write_text(
        path.read_text().replace('msgid "Search"\nmsgstr ""', 'msgid "Search"\nmsgstr "Chercher"')
    )
    later = small_template()
    later.delete(TITLE)
    update(later, "fr", tmp_path)
    once = path.read_bytes()
    update(later, "fr", tmp_path)
    assert path.read_bytes() == once
    written = read("fr", path)
    assert written[PLAIN].string == "Chercher"
    assert TITLE not in written and not written.obsolete


@pytest.mark.parametrize("locale", TRANSLATED)
def test_what_is_compiled_is_what_is_written(locale: str, template: Catalog) -> None:
    """A catalogue that was changed since `make setup` is told, not silently left out."""
    compiled = translations(locale)
    for message in read(locale, path_of(locale)):
        if isinstance(message.id, str) and message.id:
            assert compiled.gettext(message.id) == message.string, "run `make setup`"


@pytest.mark.parametrize(
    ("locale", "number", "expected"),
    [
        ("fr", 1, "1 annonce"),
        ("fr", 2, "2 annonces"),
        ("es", 2, "2 anuncios"),
        ("pt", 2, "2 anúncios"),
        ("ar", 0, "لا إعلانات"),
        ("ar", 1, "إعلان واحد"),
        ("ar", 2, "إعلانان"),
        ("ar", 3, "3 إعلانات"),
        ("ar", 11, "11 إعلانًا"),
        ("ar", 99, "99 إعلانًا"),
        ("ar", 100, "100 إعلان"),
        ("ar", 103, "103 إعلانات"),
    ],
)
def test_numbers_take_the_form_of_their_language(locale: str, number: int, expected: str) -> None:
    """Arabic has six forms, and the order in the file is that of its rule."""
    text = translations(locale).ngettext("%(num)s listing", "%(num)s listings", number)
    assert text % {"num": number} == expected

"""Refuses translations that are missing, unsure, left over or broken: `make check`.

Messages are read from the sources as they are now; data/translations/babel.cfg says from which.
"""

from __future__ import annotations

import gettext
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import DEFAULT_KEYWORDS, extract_from_dir
from babel.messages.frontend import parse_mapping_cfg
from babel.messages.plurals import get_plural
from babel.messages.pofile import PoFileError, read_po

from board.i18n import CATALOGUES, LOCALES, direction

ROOT = Path(__file__).resolve().parents[1]
CONFIGURATION = CATALOGUES / "babel.cfg"
#: English is the language of the message ids.
TRANSLATED = tuple(locale for locale in LOCALES if locale != "en")

_KEYWORDS = {**DEFAULT_KEYWORDS, "lazy_gettext": None, "lazy_ngettext": (1, 2)}
#: Folders that hold no messages and many files.
_PASSED_OVER = {"node_modules", "var", "data", "tests"}

_PLACEHOLDER = re.compile(r"%\(\w+\)[-#0 +]*\d*(?:\.\d+)?[a-zA-Z]|%%|\{\{.*?\}\}")
#: The placeholder of ngettext's number, whatever its type.
_NUMBER = re.compile(r"%\(num\)[a-z]")
#: More than any language needs to show each of its plural forms.
_COUNTED = range(1000)

#: What French typography does not allow, and why.
_FRENCH = (
    (re.compile(r"[ \w)»”][;?!»]|[ ]:|[\w)»”]:(?=\s|$)"), "no-break space before"),
    (re.compile(r"«(?!\u00a0)"), "no-break space after «"),
    (re.compile(r"'|\""), "’ and « » instead of straight quotes"),
)
#: First strong isolate … pop directional isolate: what stands between keeps its own direction.
_ISOLATED = re.compile("\u2068[^\u2068\u2069]*\u2069")
_TEXT = re.compile(r"%\((?!num\))\w+\)s")


def path_of(locale: str, folder: Path = CATALOGUES) -> Path:
    """Where the catalogue of a locale is."""
    return folder / locale / "LC_MESSAGES" / "messages.po"


def extract(root: Path = ROOT, configuration: Path = CONFIGURATION) -> Catalog:
    """Every message of the sources under a folder, with the files that use it."""
    with configuration.open(encoding="utf-8") as file:
        methods, options = parse_mapping_cfg(file, str(configuration))
    found = extract_from_dir(root, methods, options, _KEYWORDS, directory_filter=_is_source)
    template = Catalog(charset="utf-8")
    for file_name, line, message, comments, context in found:
        template.add(message, None, [(file_name, line)], auto_comments=comments, context=context)
    return template


def _is_source(folder: str) -> bool:
    name = Path(folder).name
    return not name.startswith((".", "__")) and name not in _PASSED_OVER


def read(locale: str, path: Path) -> Catalog:
    """The catalogue of a file; raises OSError, UnicodeDecodeError or PoFileError."""
    with path.open("rb") as file:
        return read_po(file, locale, abort_invalid=True)


def problems(template: Catalog, catalogue: Catalog, locale: str) -> Iterator[str]:
    """What is wrong with a catalogue, one line each.

    Args:
        template: the messages of the sources.
        catalogue: their translations.
        locale: the language of the catalogue.
    """
    if catalogue.fuzzy:
        yield "the whole catalogue is marked fuzzy: compilers pass it over"
    if catalogue.num_plurals != get_plural(locale).num_plurals:
        yield f"Plural-Forms: nplurals must be {get_plural(locale).num_plurals}"
        return
    for wanted in template:
        if not wanted.id:
            continue
        translated = catalogue.get(wanted.id, wanted.context)
        if translated is None or translated.pluralizable != wanted.pluralizable:
            yield f"missing: {_shown(wanted)}"
        else:
            yield from _message_problems(translated, catalogue, locale)
    for left in (*catalogue, *catalogue.obsolete.values()):
        if left.id and template.get(left.id, left.context) is None:
            yield f"used by no source: {_shown(left)}"


def _shown(message: Message) -> str:
    text = message.id if isinstance(message.id, str) else message.id[0]
    places = ", ".join(sorted({place for place, _ in message.locations}))
    return f"“{text}”{f' ({places})' if places else ''}"


def _strings(message: Message) -> list[str]:
    """The translation, or its plural forms."""
    whole = message.string
    if whole is None or isinstance(whole, str):
        return [whole or ""]
    return [str(form or "") for form in whole]


def _message_problems(message: Message, catalogue: Catalog, locale: str) -> Iterator[str]:
    shown = _shown(message)
    if message.fuzzy:
        yield f"fuzzy: {shown}"
    strings = _strings(message)
    if not any(strings):
        yield f"untranslated: {shown}"
        return
    if message.pluralizable and (len(strings) != catalogue.num_plurals or not all(strings)):
        yield f"plural forms incomplete, {catalogue.num_plurals} are needed: {shown}"
        return
    plural = gettext.c2py(catalogue.plural_expr)
    for form, text in enumerate(strings):
        least, most = _placeholders(message, form, plural)
        there = set(_PLACEHOLDER.findall(text))
        if not least <= there <= most or "%" in _PLACEHOLDER.sub("", text):
            names = ", ".join(sorted(most)) or "none"
            yield f"placeholders differ (wanted: {names}): {shown}"
        yield from (f"{reason}: {shown}" for reason in typography(text, locale))


def _placeholders(
    message: Message, form: int, plural: Callable[[int], int]
) -> tuple[set[str], set[str]]:
    """Placeholders that a plural form must and may have.

    A form that stands for one number alone, as the dual does, may say it in words.
    """
    if isinstance(message.id, str):
        wanted = set(_PLACEHOLDER.findall(message.id))
        return wanted, wanted
    one, many = (set(_PLACEHOLDER.findall(text)) for text in message.id)
    numbers = [number for number in _COUNTED if plural(number) == form]
    in_words = len(numbers) == 1 or (form == plural(1) and one != many)
    return {name for name in many if not (in_words and _NUMBER.fullmatch(name))}, many


def typography(text: str, locale: str) -> Iterator[str]:
    """What a language's way of writing does not allow in a translation."""
    if locale == "fr":
        for pattern, reason in _FRENCH:
            found = pattern.search(text)
            if found:
                yield f"typography, {reason} (“{found[0]}”)"
    if direction(locale) == "rtl" and _TEXT.search(_ISOLATED.sub("", text)):
        yield "a %(text)s that may be of the other direction is not isolated by U+2068 and U+2069"


def check(template: Catalog, folder: Path = CATALOGUES) -> list[str]:
    """What is wrong with the catalogues of a folder: "fr: missing: …"."""
    wrong = []
    for locale in TRANSLATED:
        path = path_of(locale, folder)
        try:
            catalogue = read(locale, path)
        except (OSError, UnicodeDecodeError, PoFileError) as error:
            wrong.append(f"{locale}: {path} cannot be read: {error}")
            continue
        wrong += [f"{locale}: {problem}" for problem in problems(template, catalogue, locale)]
    return wrong


def main() -> int:
    """Check every catalogue; 1 when something is wrong."""
    template = extract()
    wrong = check(template)
    for line in wrong:
        print(f"translations: {line}")
    if wrong:
        print(
            "translations: python scripts/update_translations.py brings the catalogues up to date"
        )
    else:
        print(f"translations: {len(template)} messages are complete in {', '.join(TRANSLATED)}")
    return int(bool(wrong))


if __name__ == "__main__":
    sys.exit(main())

"""docs/security.md has each number once, and names tests and modules that exist."""

from __future__ import annotations

import re

import pytest

from tests.architecture.test_documents import ROOT, read

DOCUMENT = ROOT / "docs" / "security.md"
#: How many requirements of levels 1 and 2 each section of ASVS 5.0 has; they are numbered from 1.
SECTIONS = (
    "1.1:2 1.2:9 1.3:11 1.4:3 1.5:2 2.1:3 2.2:3 2.3:4 2.4:1 3.2:2 3.3:4 3.4:6 3.5:5 3.7:2 4.1:3 "
    "4.2:1 4.3:2 4.4:4 5.1:1 5.2:3 5.3:2 5.4:3 6.1:3 6.2:12 6.3:4 6.4:4 6.5:5 6.6:3 6.8:4 7.1:3 "
    "7.2:4 7.3:2 7.4:5 7.5:2 7.6:2 8.1:2 8.2:3 8.3:1 8.4:1 9.1:3 9.2:4 10.1:2 10.2:2 10.3:4 "
    "10.4:11 10.5:5 10.6:2 10.7:3 11.1:2 11.2:3 11.3:3 11.4:4 11.5:1 11.6:1 12.1:3 12.2:2 12.3:4 "
    "13.1:1 13.2:5 13.3:2 13.4:5 14.1:2 14.2:4 14.3:3 15.1:3 15.2:3 15.3:7 16.1:1 16.2:5 16.3:4 "
    "16.4:3 16.5:3 17.1:1 17.2:4 17.3:2"
)
_NUMBERS = re.compile(r"^\| ([\d., –]+) \|(.*)$", re.MULTILINE)
_NAMED_TEST = re.compile(r"`(tests/[\w/]+\.py)::(\w+)`")
_PATH = re.compile(r"`((?:board|web|config|tests|docs)/[\w/.]+)`")


def requirements() -> list[str]:
    """Every number of the two levels, in order."""
    pairs = [each.split(":") for each in SECTIONS.split()]
    return [f"{section}.{n}" for section, count in pairs for n in range(1, int(count) + 1)]


def numbers(text: str) -> list[str]:
    """The numbers that the rows of a document stand for, ranges written out."""
    known, found = requirements(), []
    for cell, _ in _NUMBERS.findall(text):
        for part in cell.split(", "):
            first, _, last = part.strip().partition("–")
            found += known[known.index(first) : known.index(last or first) + 1]
    return found


def missing(text: str) -> list[str]:
    """Tests and files that a document names and that are not there."""
    gone = [path for path in _PATH.findall(text) if not (ROOT / path).exists()]
    for path, name in _NAMED_TEST.findall(text):
        file = ROOT / path
        if not file.exists() or f"def {name}(" not in read(file):
            gone.append(f"{path}::{name}")
    return gone


def test_each_requirement_stands_in_one_row() -> None:
    """Met, not met or not for us: nothing is passed over in silence, and nothing said twice."""
    assert sorted(numbers(read(DOCUMENT))) == sorted(requirements())


def test_what_is_named_exists() -> None:
    """Each test, and each module."""
    text = read(DOCUMENT)
    assert missing(text) == []
    assert len(_NAMED_TEST.findall(text)) > 60


def test_each_row_that_says_met_names_a_test_or_a_document() -> None:
    """A claim without either is none."""
    met = read(DOCUMENT).partition("## What does not apply")[0]
    for cell, rest in _NUMBERS.findall(met):
        assert "::test_" in rest or "](" in rest, cell


def test_the_checks_find_what_is_wrong() -> None:
    """Positive control: a test that is gone, a file that is gone, a number that is unknown."""
    weak = "| 1.1.1 | x | `web/gone.py` | `tests/web/test_walk.py::test_gone` |"
    assert missing(weak) == ["web/gone.py", "tests/web/test_walk.py::test_gone"]
    assert numbers("| 6.2.1–6.2.3, 6.3.1 | none |") == ["6.2.1", "6.2.2", "6.2.3", "6.3.1"]
    with pytest.raises(ValueError, match=r"1\.1\.9"):
        numbers("| 1.1.9 | x |")

"""The one sheet: nothing that pages use is missing, what they do not use is left out."""

from __future__ import annotations

import gzip
import re

import pytest
from flask.testing import FlaskClient

from tests.web.conftest import Page
from web import stylesheet

CLASSES = frozenset({"row", "button", "h3"})


@pytest.mark.parametrize(
    ("rule", "kept"),
    [
        ("p{margin:0}", "p{margin:0}"),
        (".row{a:b}", ".row{a:b}"),
        (".modal{a:b}", ""),
        (".row .modal{a:b}", ""),
        (".row>*{a:b}", ".row>*{a:b}"),
        (".h3,h3,.h9{a:b}", ".h3,h3{a:b}"),
        (".row:not(.modal){a:b}", ".row:not(.modal){a:b}"),
        (".row:is(.h3,.h9),.x{a:b}", ""),
        ("a:not([href]):not([class]){a:b}", "a:not([href]):not([class]){a:b}"),
        (":root,[data-bs-theme=light]{color:red}", ":root{color:red}"),
        ("[data-bs-theme=dark]{color:red}", ""),
        ("@media (min-width:768px){.row{a:b}.modal{a:b}}", "@media (min-width:768px){.row{a:b}}"),
        ("@media print{.modal{a:b}}", ""),
        ("@keyframes spin{to{a:b}}", ""),
        ('@charset "utf-8";', ""),
        (":root{--read:1;--unread:2}p{a:var(--read)}", ":root{--read:1}p{a:var(--read)}"),
    ],
)
def test_rules_stay_that_can_apply(rule: str, kept: str) -> None:
    """Each selector by itself, in media queries too."""
    assert stylesheet.select(rule, CLASSES) == kept


def test_a_variable_that_our_own_sheet_reads_stays() -> None:
    """Ours stand beside Bootstrap's."""
    assert stylesheet.select(":root{--x:1}", CLASSES, "p{a:var(--x)}") == ":root{--x:1}"


@pytest.mark.parametrize("direction", ["ltr", "rtl"])
def test_the_sheet_holds_every_rule_for_the_classes_of_our_pages(direction: str) -> None:
    """By another way of reading: the classes of Bootstrap that templates name are all in it."""
    whole = stylesheet.BOOTSTRAP[direction].read_text("utf-8")
    there = set(re.findall(r"\.([A-Za-z][\w-]*)", whole))
    made = stylesheet.sheet(direction).decode()
    named = set(re.findall(r"\.([A-Za-z][\w-]*)", made))
    used = stylesheet.used_classes() & there
    assert {"row", "g-3", "form-control", "visually-hidden"} <= used
    assert used <= named
    assert "modal" not in named
    assert made.index(".visually-hidden") < made.index("--paper: ")


def test_the_right_to_left_sheet_is_bootstraps_own_for_it() -> None:
    """Their sides are turned, ours need no turning."""
    ltr, rtl = (stylesheet.sheet(direction).decode() for direction in ("ltr", "rtl"))
    assert "ol,ul{padding-left:2rem}" in ltr
    assert "ol,ul{padding-right:2rem}" in rtl


@pytest.mark.parametrize("locale", ["fr", "ar"])
def test_a_page_has_one_sheet_of_15_kb(reader: FlaskClient, locale: str) -> None:
    """Nothing stands between a slow line and a page that can be read."""
    page = Page(reader.get(f"/?lang={locale}").text)
    address = page.one("link", rel="stylesheet")["href"]
    assert len(page.all("link", rel="stylesheet")) == 1
    packed = reader.get(address, headers={"Accept-Encoding": "gzip"})
    assert "immutable" in packed.headers["Cache-Control"]
    assert len(packed.data) < 15_000
    assert gzip.decompress(packed.data) == reader.get(address).data

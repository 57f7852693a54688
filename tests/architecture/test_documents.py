"""The documents say what is true of the code: lists, figures and links are compared with it."""

from __future__ import annotations

import csv
import re
import tomllib
from collections.abc import Iterator
from datetime import timedelta
from importlib import import_module
from itertools import takewhile
from pathlib import Path
from typing import get_args

import h3.api.basic_int as h3
import pytest

from board import words
from board.importing import mapping
from board.importing.mapping import Mapping
from board.reference import load_taxonomy
from cli.main import COMMANDS
from cli.supervision import read_procfile
from config.schedule import SCHEDULE
from config.settings import Settings
from matcher.place import Place
from matcher.ranking import Weights, score_millionths
from matcher.taxonomy import Kind, Reach, Urgency
from tests.factories import AKWA, BONAPRISO

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
DECISIONS = DOCS / "decisions"
DOCUMENTS = sorted([*ROOT.glob("*.md"), *DOCS.rglob("*.md")])

_LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
_TARGET = re.compile(r"^([a-z][a-z0-9-]*):(.*)$", re.MULTILINE)
_FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_CODE = re.compile(r"`([^`\n]+)`")
_MAKE = re.compile(r"\bmake ([a-z][a-z0-9-]*)")
_ENTRAIDE = re.compile(r"(?:^|\s|bin/)entraide ([a-z]+)(?=\s|$)")

documents = pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))


def read(path: Path) -> str:
    """The text of a document."""
    return path.read_text(encoding="utf-8")


def table(text: str, *header: str) -> list[list[str]]:
    """The rows of the one table whose first columns have these names; code marks left out."""
    lines = text.splitlines()
    starts = [i for i, line in enumerate(lines) if _cells(line)[: len(header)] == list(header)]
    assert len(starts) == 1, f"{len(starts)} tables begin with the columns {header}"
    body = takewhile(lambda line: line.startswith("|"), lines[starts[0] + 2 :])
    return [_cells(line) for line in body]


def _cells(line: str) -> list[str]:
    return [cell.strip().strip("`") for cell in line.strip().strip("|").split("|")]


def commands(text: str) -> Iterator[str]:
    """What a document shows to be typed: shell blocks and words in code marks."""
    yield from (body for language, body in _FENCE.findall(text) if language == "sh")
    yield from _CODE.findall(_FENCE.sub("", text))


def broken_links(path: Path, text: str) -> list[str]:
    """Links to files or headings that are not there; addresses of the web are not followed."""
    broken = []
    for target in _LINK.findall(_FENCE.sub("", text)):
        file, _, heading = target.partition("#")
        if "://" in file or file.startswith("mailto:"):
            continue
        found = (path.parent / file).resolve() if file else path
        if not found.exists() or (heading and heading not in anchors(found)):
            broken.append(target)
    return broken


def anchors(path: Path) -> set[str]:
    """Names of the headings of a document, as links write them."""
    titles = re.findall(r"^#+ (.+)$", _FENCE.sub("", read(path)), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


def makefile_targets() -> dict[str, str]:
    """Target → what stands behind its colon."""
    return dict(_TARGET.findall(read(ROOT / "Makefile")))


def top_level_folders() -> set[str]:
    """Folders of the repository, without hidden ones and those that git ignores."""
    ignored = {line.strip("/") for line in read(ROOT / ".gitignore").splitlines()}
    folders = {path.name for path in ROOT.iterdir() if path.is_dir()}
    return {name for name in folders - ignored if not name.startswith(".")}


def shown(value: object) -> str:
    """A constant as the table of figures writes it."""
    if isinstance(value, timedelta):
        return f"{value.days} days" if value.days else f"{value.seconds} s"
    if isinstance(value, tuple):
        return " to ".join(f"{number:g}" for number in value)
    return f"{value:g}" if isinstance(value, float) else str(value)


@documents
def test_every_link_leads_somewhere(path: Path) -> None:
    """A file or heading that a document points to exists."""
    assert broken_links(path, read(path)) == []


@documents
def test_every_command_exists(path: Path) -> None:
    """What a document tells to type is a target of the Makefile or a command of ours."""
    for text in commands(read(path)):
        assert set(_MAKE.findall(text)) <= makefile_targets().keys()
        assert set(_ENTRAIDE.findall(text)) <= COMMANDS.keys()


def test_the_checks_find_what_is_wrong(tmp_path: Path) -> None:
    """A proof that could not fail would prove nothing."""
    path = tmp_path / "page.md"
    path.write_text("# One\n[a](gone.md) [b](page.md#two) [c](#one) [d](https://example.org)\n")
    assert broken_links(path, read(path)) == ["gone.md", "page.md#two"]
    typed = list(commands("```sh\nmake fly\n```\nthen `.venv/bin/entraide dance`, to make tea"))
    assert [_MAKE.findall(text) + _ENTRAIDE.findall(text) for text in typed] == [["fly"], ["dance"]]
    with pytest.raises(AssertionError):
        table("| a | b |\n|---|---|\n", "a", "c")


def test_the_readme_lists_the_settings_of_the_program() -> None:
    """Each variable stands there with the words of the program."""
    rows = table(read(ROOT / "README.md"), "variable", "what it decides")
    assert dict(rows) == Settings.variables()
    assert len(rows) == len(Settings.variables())


def test_the_settings_of_a_public_site_exist() -> None:
    """The file that is shown for production names variables of the program."""
    text = read(DOCS / "operating.md")
    block = next(body for _, body in _FENCE.findall(text) if "ENTRAIDE_PRODUCTION=" in body)
    named = {line.partition("=")[0] for line in block.splitlines()}
    assert named <= Settings.variables().keys()


def test_every_folder_is_on_the_map() -> None:
    """The README has one line for each folder, and no other."""
    rows = table(read(ROOT / "README.md"), "folder", "what is in it")
    named = {name.strip("/") for name, _ in rows}
    assert {name for name in named if not name.startswith(".")} == top_level_folders()
    assert all((ROOT / name).is_dir() for name in named)


def test_make_help_lists_every_target() -> None:
    """A target without words is one that nobody finds."""
    targets = makefile_targets()
    assert [name for name, rest in targets.items() if "##" not in rest] == []
    phony = re.search(r"^\.PHONY: (.+)$", read(ROOT / "Makefile"), re.MULTILINE)
    assert phony is not None
    assert set(phony[1].split()) == targets.keys()


def test_every_process_is_described() -> None:
    """Who operates the board finds each line of the Procfile."""
    rows = table(read(DOCS / "operating.md"), "name", "what it does")
    assert [row[0] for row in rows] == [
        program.name for program in read_procfile(ROOT / "Procfile")
    ]


@pytest.mark.parametrize("document", ["operating.md", "how-it-works.md"])
def test_every_periodic_job_is_described(document: str) -> None:
    """With the interval at which it runs."""
    text = " ".join(read(DOCS / document).split())
    for periodic in SCHEDULE:
        assert f"`{periodic.job}` every {periodic.every_s} s" in text


def test_every_decision_is_listed() -> None:
    """They are numbered without gaps, have one shape, and stand in the list with their titles."""
    records = sorted(DECISIONS.glob("[0-9]*.md"))
    assert [int(path.name[:4]) for path in records] == list(range(1, len(records) + 1))
    listed = re.findall(r"^- \[(\d{4})\]\((\S+)\) (.+)$", read(DECISIONS / "README.md"), re.M)
    for path, (number, file, title) in zip(records, listed, strict=True):
        lines = read(path).splitlines()
        assert (number, file) == (path.name[:4], path.name)
        assert lines[0] == f"# {int(number)}. {title}"
        headings = [line for line in lines if line.startswith("## ")]
        assert headings == ["## Context", "## Decision", "## Consequences"]


def test_the_scores_shown_are_those_of_the_engine() -> None:
    """The worked example is computed as the board computes it."""
    rows = table(read(DOCS / "how-it-works.md"), "offer", "distance in metres", "affinity")
    assert int(rows[0][1]) == AKWA.distance_m(BONAPRISO)
    for _, distance, affinity, urgency, score in rows:
        distance_m = None if distance == "none" else int(distance)
        assert score_millionths(distance_m, float(affinity), int(urgency), Weights()) == int(score)


def test_the_session_shown_prints_what_it_says() -> None:
    """The two rows to import rank as the line below them says."""
    text = read(ROOT / "README.md")
    session = next(body for _, body in _FENCE.findall(text) if "cat > " in body)
    rows = csv.DictReader(session[session.index("id,") : session.index("\nEND\n")].splitlines())
    asking, giving = ((row, Place.at(float(row["lat"]), float(row["lng"]), 8)) for row in rows)
    assert asking[0]["category"] in giving[0]["category"].split(";")
    distance_m = asking[1].distance_m(giving[1])
    assert distance_m <= 1000 * min(int(row["radius_km"]) for row, _ in (asking, giving))
    score = score_millionths(distance_m, 1.0, int(asking[0]["urgency"]), Weights())
    said = words.distance_words(distance_m, 8, str, "en", "Douala")
    printed = next(body for language, body in _FENCE.findall(text) if language == "text")
    assert printed.startswith(f"1. {score / 1e6:.3f}  ")
    assert f"{giving[0]['title']}  ({said} · same category · today)" in printed


def test_the_formula_shown_has_the_weights_of_the_engine() -> None:
    """The shares and the scale are the defaults."""
    shares = Weights()
    formula = (
        f"score = {shares.distance:.2f} · e^(−distance / {shares.scale_m / 1000:.0f} km) "
        f"+ {shares.affinity:.2f} · affinity + {shares.urgency:.2f} · urgency / {max(Urgency)}"
    )
    assert formula in read(DOCS / "how-it-works.md")


def test_the_precisions_shown_are_those_of_the_cells() -> None:
    """Widths are those of H3, and distances are worded as the board words them."""
    header = ("resolution", "mean width", "kept for")
    text = read(DOCS / "how-it-works.md")
    rows = table(text, *header)
    titles = next(_cells(line) for line in text.splitlines() if _cells(line)[:3] == list(header))
    metres = [int(title.split()[0].replace(",", "")) for title in titles[3:]]
    for resolution, width, _, *said in rows:
        edge_km = h3.average_hexagon_edge_length(int(resolution), unit="km")
        assert width == f"{edge_km * 3**0.5:.2g} km"
        assert said == [
            words.distance_words(m, int(resolution), str, "en", "Douala") for m in metres
        ]


def test_the_figures_shown_are_those_of_the_code() -> None:
    """Each row names the constant that it quotes."""
    rows = table(read(DOCS / "how-it-works.md"), "what", "value", "where")
    assert len(rows) > 10
    for what, value, where in rows:
        module, _, name = where.rpartition(".")
        assert value == shown(getattr(import_module(module), name)), what


def test_every_lane_and_marker_is_described() -> None:
    """Who tests finds each marker with what it needs."""
    project = tomllib.loads(read(ROOT / "pyproject.toml"))
    markers = {
        line.partition(":")[0] for line in project["tool"]["pytest"]["ini_options"]["markers"]
    }
    rows = table(read(DOCS / "testing.md"), "lane", "marker", "needs")
    assert {marker for _, marker, _ in rows} == markers | {"none of the others"}
    lanes = re.findall(
        r'^    Lane\(\s*"([a-z]+)"', read(ROOT / "scripts" / "lanes.py"), re.MULTILINE
    )
    assert {lane for lane, _, _ in rows} == set(lanes)


def test_every_folder_of_tests_is_described() -> None:
    """A new folder says what belongs into it."""
    rows = table(read(DOCS / "testing.md"), "folder", "what is tested there")
    folders = {path for path in ROOT.joinpath("tests").iterdir() if path.is_dir()}
    there = {f"tests/{path.name}" for path in folders if not path.name.startswith("__")}
    assert {folder for folder, _ in rows} == there


def test_the_mapping_shown_is_accepted() -> None:
    """Whoever copies the example can import with it."""
    text = read(DOCS / "import.md")
    example = next(body for language, body in _FENCE.findall(text) if language == "toml")
    shown_mapping = Mapping.model_validate(tomllib.loads(example))
    codes = shown_mapping.codes
    slugs = {*codes.request.values(), *codes.offer.values(), *shown_mapping.fallback.values()}
    assert slugs <= {category.slug for category in load_taxonomy().categories}
    for field in get_args(mapping.FieldName):
        assert f"`{field}`" in text, f"the field {field} is not described"


def test_the_columns_shown_are_those_of_the_mapping() -> None:
    """The table of our own columns is that of the mapping that ships."""
    ours = Mapping.model_validate(tomllib.loads(read(mapping.MAPPINGS / "entraide.toml")))
    rows = table(read(DOCS / "import.md"), "column", "must it be there?")
    needed: dict[str, bool] = {}
    for names, answer, _ in rows:
        needed |= dict.fromkeys(names.split(", "), answer == "yes")
    expected = dict.fromkeys(ours.columns.values(), True)
    assert needed == expected | dict.fromkeys(ours.optional_columns.values(), False)


def test_every_mapping_that_ships_is_named() -> None:
    """Who imports can choose among them."""
    text = read(DOCS / "import.md")
    assert [name for name in mapping.names() if f"`{name}`" not in text] == []


def test_every_code_has_words() -> None:
    """Whatever the reference data or the engine names can be shown to a reader."""
    categories = load_taxonomy().categories
    assert words.CATEGORIES.keys() == {category.slug for category in categories}
    assert words.GROUPS.keys() == {category.group for category in categories}
    assert words.KINDS.keys() == set(Kind)
    assert words.URGENCIES.keys() == set(Urgency)
    assert words.REACHES.keys() == set(Reach)

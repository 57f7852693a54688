"""The impact page: what it shows of figures, its files, its filters, in every language."""

from __future__ import annotations

import csv
import io
import re
from datetime import date

import pytest
from flask.testing import FlaskClient

from board import tallying, unmet
from board.context import Board
from board.db import now
from board.figures import EVERY, CountedDay, UnmetNeeds
from board.i18n import LOCALES
from board.small_counts import Counts
from board.tallying import WEEK, monday
from matcher.place import Place
from tests.factories import AKWA, MARSEILLE
from tests.web.conftest import Page

#: Of this week; two subjects of which one is too small to be named.
TALLY = {
    ("CM", EVERY): Counts(23, 14, 9, 40, {190: 14}),
    ("CM", 1): Counts(23, 14, 9, 40, {190: 14}),
    ("FR", EVERY): Counts(2, 2, 2, 7, {5: 2}),
    ("FR", 2): Counts(2, 2, 2, 7, {5: 2}),
}
TABLES = ("weeks", "categories", "countries", "needs")


@pytest.fixture
def today(board: Board) -> date:
    with board.db.read() as session:
        return now(session).date()


@pytest.fixture
def counted(board: Board, today: date) -> Board:
    """A board whose figures were counted today."""
    areas = ((AKWA, "CM", 17), (MARSEILLE, "FR", 4))
    for week in (monday(today), monday(today) - 5 * WEEK):
        tallying.write_week(board.db, week, TALLY)
    with board.db.write() as session:
        session.add(CountedDay(day=today))
        for place, country, needs in areas:
            cell = place.coarsened(unmet.RESOLUTION).cell
            session.add(
                UnmetNeeds(demo=False, cell=cell, country=country, category=EVERY, needs=needs)
            )
    return board


def table(client: FlaskClient, name: str, query: str = "") -> list[dict[str, str]]:
    """A file as rows."""
    answer = client.get(f"/impact/{name}.csv{query}")
    assert answer.status_code == 200
    assert answer.mimetype == "text/csv"
    assert answer.headers["Content-Disposition"] == f'attachment; filename="entraide-{name}.csv"'
    return list(csv.DictReader(io.StringIO(answer.get_data().decode("utf-8"))))


def values(html: str, name: str) -> list[list[str]]:
    """What a plot reads of a table of the page."""
    body = html.partition(f'id="table-{name}"')[2].partition("</table>")[0]
    rows = re.findall(r"<tr.*?</tr>", body.partition("<tbody>")[2], re.DOTALL)
    cells = r'<td class="is-number"(?: data-value="([^"]*)")?>'
    return [re.findall(cells, row) for row in rows]


def test_a_new_board_says_that_there_is_nothing(reader: FlaskClient) -> None:
    """No table, no plot, and what will be counted."""
    page = Page(reader.get("/impact").text)
    assert "No figures yet" in page.texts["h2"]
    assert page.all("table") == page.all("canvas") == []
    assert table(reader, "weeks") == []
    assert table(reader, "needs") == [
        {"cell": "others", "lat": "", "lng": "", "country": "", "needs": ""}
    ]


def test_the_page_and_the_files_say_the_same(counted: Board, client: FlaskClient) -> None:
    """What a plot reads of each table is what its file holds."""
    html = client.get("/impact").text
    for name in TABLES[:3]:
        rows = [list(row.values()) for row in table(client, name)]
        width = 3 if name == "weeks" else 1
        reordered = [
            [*row[width : width + 3], row[width + 4], row[width + 3], row[width + 5]]
            for row in rows
        ]
        assert values(html, name) == reordered, name
    assert values(html, "needs") == [["15"]]


def test_small_counts_are_said_nowhere(counted: Board, client: FlaskClient) -> None:
    """France has four in all: together with others, and never by name."""
    page = client.get("/impact").text
    countries = table(client, "countries")
    assert [row["country"] for row in countries] == ["CM", "others"]
    assert countries[0]["requests"] == "45"
    assert countries[1]["requests"] == ""
    assert "under 5</td>" in page
    weeks = table(client, "weeks", "?country=FR")
    assert {row["requests"] for row in weeks} == {""}
    assert table(client, "needs", "?country=FR") == [
        {"cell": "others", "lat": "", "lng": "", "country": "", "needs": ""}
    ]


def test_a_file_is_the_same_in_every_language(counted: Board, client: FlaskClient) -> None:
    """Codes, dates and numbers that nothing of a sheet would run."""
    for name in TABLES:
        files = {client.get(f"/impact/{name}.csv?lang={locale}").text for locale in LOCALES}
        assert len(files) == 1, name
        cells = [cell for row in csv.reader(io.StringIO(files.pop())) for cell in row]
        assert all(re.fullmatch(r"|-?\d+(\.\d+)?|[a-zA-Z0-9][\w-]*", each) for each in cells)


def test_weeks_are_named_as_iso_has_them(counted: Board, client: FlaskClient, today: date) -> None:
    """The newest first, without a gap, and whether they can still change."""
    weeks = table(client, "weeks")
    first = monday(today)
    assert [row["monday"] for row in weeks] == [str(first - n * WEEK) for n in range(6)]
    assert weeks[0]["week"] == first.strftime("%G-W%V")
    assert [row["final"] for row in weeks] == ["no"] * 4 + ["yes"] * 2
    assert weeks[0]["median_minutes"] == "190"
    assert weeks[1]["requests"] == ""


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("weeks=13", "weeks"),
        ("weeks=-1", "weeks"),
        ("weeks=99999999999", "weeks"),
        ("weeks=%D9%A1%D9%A2", "weeks"),
        ("category=gold", "category"),
        ("category=%00", "category"),
        ("country=XX", "country"),
        ("country=%27%20OR%201", "country"),
    ],
)
def test_bad_input_is_refused_by_name(reader: FlaskClient, query: str, field: str) -> None:
    """On the page beside its field, in a file as JSON; no figures."""
    answer = reader.get(f"/impact?{query}")
    assert answer.status_code == 400
    page = Page(answer.text)
    assert page.problems() == [field]
    assert page.all("table") == []
    refused = reader.get(f"/impact/weeks.csv?{query}")
    assert refused.status_code == 400
    assert [each["field"] for each in refused.json["problems"]] == [field]


def test_a_filter_stays_in_the_address(counted: Board, client: FlaskClient) -> None:
    """The form keeps what was asked, and so do the addresses of the files."""
    page = Page(client.get("/impact?weeks=26&category=medicine&country=CM").text)
    chosen = {each["value"] for each in page.all("option") if "selected" in each}
    assert chosen == {"26", "medicine", "CM"}
    files = [each["href"] for each in page.all("a") if ".csv" in each.get("href", "")]
    assert files
    assert all("weeks=26&category=medicine&country=CM" in each for each in files)
    assert "table-categories" not in {each.get("id") for each in page.all("table")}


@pytest.mark.parametrize("locale", LOCALES)
def test_tables_are_well_built_in_every_language(
    counted: Board, client: FlaskClient, locale: str
) -> None:
    """A caption and scopes, a name for each plot, and numbers without the words of another."""
    html = client.get(f"/impact?lang={locale}").text
    page = Page(html)
    assert len(page.all("table")) == len(page.texts["caption"]) == len(TABLES)
    assert all(each.get("scope") in ("col", "row") for each in page.all("th"))
    plots = page.all("canvas", role="img")
    assert len(plots) == 5
    assert all(each["aria-label"] for each in plots)
    assert locale == "en" or "Requests" not in html


def test_the_map_has_its_areas_by_name(counted: Board, client: FlaskClient) -> None:
    """For whoever does not see it, and for whoever has no script."""
    page = client.get("/impact?lang=fr").text
    cell = Place(AKWA.cell).coarsened(unmet.RESOLUTION).hex
    assert f'data-cell="{cell}"><th scope="row">Douala, Cameroun</th>' in page
    assert "Marseille" not in page


def test_the_footer_leads_here(reader: FlaskClient) -> None:
    """From every page."""
    assert {"href": "/impact"} in Page(reader.get("/about").text).all("a")

"""Plots and the map of the impact page say what their tables say, and nothing foreign is asked."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import pytest
from playwright.sync_api import Browser, Page, expect

from board import tallying, unmet
from board.context import Board
from board.db import now
from board.figures import EVERY, CountedDay, UnmetNeeds
from board.small_counts import Counts
from tests.chromium import until
from tests.factories import AKWA

pytestmark = [
    pytest.mark.browser,
    pytest.mark.parametrize("environment", ["sqlite"], indirect=True),
]

#: What each plot holds, by the name of its table and its columns.
_DRAWN = """
() => [...document.querySelectorAll("[data-plot]:not([hidden])")].map((figure) => {
  const { data, options } = window.Chart.getChart(figure.querySelector("canvas"));
  return {
    table: figure.dataset.table, series: figure.dataset.series.split(" "),
    values: data.datasets.map((each) => each.data), reverse: options.scales.x.reverse,
  };
})
"""
#: How many pixels of each canvas are of some colour.
_INKED = """
() => [...document.querySelectorAll("[data-plot]:not([hidden]) canvas")].map((canvas) => {
  const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
  let inked = 0;
  for (let index = 3; index < data.length; index += 4) inked += data[index] > 0;
  return inked;
})
"""


@pytest.fixture
def counted(board: Board) -> date:
    """Figures of eight weeks and one area; the Monday of the newest."""
    area = AKWA.coarsened(unmet.RESOLUTION).cell
    with board.db.read() as session:
        today = now(session).date()
    newest = tallying.monday(today)
    for age in range(8):
        counts = Counts(60 - 5 * age, 45, 5 * age, 300, {60 + 10 * age: 45})
        tally = {("CM", each): counts for each in (EVERY, 1)}
        tallying.write_week(board.db, newest - age * tallying.WEEK, tally)
    with board.db.write() as session:
        session.add(UnmetNeeds(demo=False, cell=area, country="CM", category=EVERY, needs=17))
        session.add(CountedDay(day=today))
    return newest


@pytest.fixture(params=["en", "ar"])
def page(
    request: pytest.FixtureRequest, site: str, counted: date, chromium: Browser
) -> Iterator[Page]:
    """The page in a language, where nothing may be asked of anybody else."""
    context = chromium.new_context(
        base_url=site, locale=request.param, viewport={"width": 360, "height": 740}
    )
    found = context.new_page()
    problems: list[str] = []
    found.on("pageerror", lambda error: problems.append(str(error)))
    found.on("console", lambda line: problems.append(line.text) if line.type == "error" else None)
    found.on(
        "request",
        lambda asked: None if asked.url.startswith((site, "data:")) else problems.append(asked.url),
    )
    found.goto("/impact")
    yield found
    context.close()
    assert problems == []


def column(page: Page, table: str, series: str) -> list[float | None]:
    """What stands in a column of a table for the plots, from the top."""
    found = page.evaluate(
        """([table, series]) => {
          const heads = [...document.querySelectorAll(`#${table} thead th`)];
          const index = heads.findIndex((head) => head.dataset.series === series);
          return [...document.querySelectorAll(`#${table} tbody tr`)]
            .map((row) => row.cells[index].dataset.value ?? null);
        }""",
        [table, series],
    )
    return [None if value is None else float(value) for value in found]


def test_plots_draw_what_their_tables_say(page: Page) -> None:
    """Every column, the oldest week first; in Arabic time goes from right to left."""
    until(
        page,
        "() => Boolean(window.Chart) && Object.keys(window.Chart.instances).length === 5",
        "five plots",
    )
    drawn = page.evaluate(_DRAWN)
    assert len(drawn) == 5
    for plot in drawn:
        for series, values in zip(plot["series"], plot["values"], strict=True):
            expected = column(page, plot["table"], series)
            if plot["table"] == "table-weeks":
                expected.reverse()
                assert len(expected) == 8
            if series == "median_minutes":
                expected = [None if each is None else each / 60 for each in expected]
            assert values == pytest.approx(expected), plot
        assert plot["reverse"] == (page.locator("html").get_attribute("dir") == "rtl")
    assert min(page.evaluate(_INKED)) > 1000
    assert page.evaluate("document.documentElement.scrollWidth") == 360


def test_the_map_shows_the_areas_of_its_table(page: Page) -> None:
    """From near as a hexagon that says the name and the number of its row."""
    page.locator("[data-needs-map]").scroll_into_view_if_needed()
    shape = page.locator("[data-needs-map] path.need")
    expect(shape).to_have_count(1)
    shape.hover(force=True)
    row = page.locator("#table-needs tbody tr")
    words = f"{row.locator('th').inner_text()}: {row.locator('td').inner_text()}"
    assert words.endswith("15")
    expect(page.locator(".leaflet-tooltip:not(.map-label)")).to_have_text(words)


def test_without_script_the_tables_stand_alone(site: str, counted: date, chromium: Browser) -> None:
    """No empty frame of a plot or a map."""
    context = chromium.new_context(base_url=site, java_script_enabled=False, locale="fr")
    page = context.new_page()
    page.goto("/impact")
    expect(page.locator("table")).to_have_count(4)
    for frame in page.locator(".plot, .needs-map").all():
        expect(frame).to_be_hidden()
    page.locator("select[name=weeks]").select_option("26")
    page.locator("main form button").click()
    assert "weeks=26" in page.url
    context.close()

"""Thousands of real reports, from the file to the ranked counterparts, against brute force."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from functools import cache
from typing import Any

import pytest
from click.testing import CliRunner

from board.context import Board
from board.rankings import Rankings
from board.reference import load_taxonomy
from cli.listings import import_command, match_command
from config.settings import ROOT
from matcher.index import Index
from matcher.listing import Listing, Match, Query
from matcher.taxonomy import Kind
from tests import reference

REPORTS = ROOT.parent / "shared" / "data" / "haiti-2010" / "reports_structured.csv"
AT = datetime(2010, 1, 25, tzinfo=UTC)
K = 20
#: Of so many requests one is asked by brute force, which takes all pairs.
EVERY = 3
#: Matched pairs below which the import or the matching has lost something.
LEAST_PAIRS = 1000

pytestmark = pytest.mark.skipif(
    not REPORTS.exists(), reason=f"the reports are not there: {REPORTS}"
)


def run(command: Any, *arguments: str, environment: dict[str, str]) -> str:
    """The standard output of a command that succeeds."""
    result = CliRunner().invoke(command, list(arguments), env=environment, catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.stdout


def import_reports(environment: dict[str, str]) -> dict[str, Any]:
    """The summary of an import of the reports."""
    arguments = (str(REPORTS), "--mapping", "haiti-2010", "--json")
    summary: dict[str, Any] = json.loads(run(import_command, *arguments, environment=environment))
    return summary


@cache
def expected(everything: tuple[Listing, ...]) -> list[tuple[int, list[Match]]]:
    """Brute force for every third request, once for databases that hold the same listings."""
    moment, taxonomy = int(AT.timestamp()), load_taxonomy()
    asked = [one for one in everything if one.kind == Kind.REQUEST and one.ends > moment]
    queries = [Query(one, moment, K) for one in asked[::EVERY]]
    return [(query.listing.id, reference.top_k(everything, query, taxonomy)) for query in queries]


def test_every_report_is_stored_once_or_refused_with_its_reason(
    board: Board, environment: dict[str, str]
) -> None:
    """455 are neither a need nor a service; the others are open for thirty days each."""
    summary = import_reports(environment)
    assert (summary["stored_rows"], summary["stored_listings"]) == (3119, 3483)
    assert (summary["refused_rows"], summary["announced"]) == (455, 0)
    assert summary["refused_by_reason"] == {"kind: neither a need nor a service": 455}
    assert [row["line"] for row in summary["refused"]][:3] == [2, 3, 4]
    again = import_reports(environment)
    assert (again["stored_listings"], again["already_there"]) == (0, 3119)
    held = Rankings.load(board, AT).index
    assert len(held) == 3483
    assert {one.ends - one.starts for one in everything_in(held)} == {30 * 24 * 3600}
    assert len(Rankings.load(board, AT.replace(year=2011)).index) == 0


def test_the_reports_are_matched_as_brute_force_says(
    board: Board, environment: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Requests on 25 January: the same order, scores and distances, and enough of them."""
    import_reports(environment)
    arguments = ("--all", "--json", "--at", "2010-01-25", "--k", str(K))
    lines = run(match_command, *arguments, environment=environment).splitlines()
    found = {answer["id"]: answer["matches"] for answer in map(json.loads, lines)}
    everything = everything_in(Rankings.load(board, AT).index)
    # The same distance for the same pair of cells: only quicker.
    monkeypatch.setattr(reference, "distance_m", cache(reference.distance_m))
    answers = expected(everything)
    assert list(found)[::EVERY] == [listing_id for listing_id, _ in answers]
    for listing_id, matches in answers:
        assert [(m.id, m.score, m.distance_m) for m in matches] == [
            (m["id"], m["score"], m["distance_m"]) for m in found[listing_id]
        ]
    assert sum(map(len, found.values())) >= LEAST_PAIRS


def everything_in(index: Index) -> tuple[Listing, ...]:
    """All listings of an index of the reports alone: their ids begin at 1."""
    found = (index.get(listing_id) for listing_id in range(1, len(index) + 1))
    listings = tuple(listing for listing in found if listing is not None)
    assert len(listings) == len(index)
    return listings

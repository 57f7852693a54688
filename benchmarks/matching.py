"""Counterparts of every request of thousands of real reports, against brute force in NumPy."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

from benchmarks.baseline import BruteForce, Ranked
from benchmarks.harness import REPORTS, Options, Result, fresh_board, median, seconds
from board import importing
from board.rankings import Rankings
from matcher.index import Index
from matcher.listing import Listing
from matcher.taxonomy import Kind, Side, Taxonomy

NOW = int(datetime(2010, 1, 25, tzinfo=UTC).timestamp())
K = 20


class Disagreement(Exception):
    """The engine and brute force differ: then no figure means anything."""


def run(options: Options) -> Iterator[Result]:
    """All requests against all offers; the two take turns, and must agree."""
    if not REPORTS.exists():
        yield {"benchmark": "matching", "skipped": f"the reports are not there: {REPORTS}"}
        return
    index, taxonomy = _index()
    # The reports alone: their ids begin at 1.
    found = (index.get(listing_id) for listing_id in range(1, len(index) + 1))
    everything = [listing for listing in found if listing is not None]
    offers = [each for each in everything if each.kind is Kind.OFFER]
    requests = [each for each in everything if each.kind is Kind.REQUEST]
    brute = BruteForce(offers, taxonomy)
    _compare(index, brute, requests)
    ours, theirs = [], []
    for _ in range(options.rounds):
        ours.append(seconds(lambda: _by_engine(index)))
        theirs.append(seconds(lambda: _by_brute_force(brute, requests)))
    yield {
        "benchmark": "matching",
        "requests": len(requests),
        "offers": len(offers),
        "pairs": sum(len(ranked) for ranked in _by_engine(index).values()),
        "k": K,
        "engine_s": median(ours),
        "numpy_brute_force_s": median(theirs),
        "engine_to_brute_force": round(median(ours) / median(theirs), 3),
        "rounds": options.rounds,
    }


def _index() -> tuple[Index, Taxonomy]:
    with fresh_board() as board:
        plan = importing.plan(board, REPORTS, importing.load(board, "haiti-2010"))
        importing.store(board, plan.source, plan.rows)
        return Rankings.load(board, datetime.fromtimestamp(NOW, UTC)).index, board.taxonomy


def _by_engine(index: Index) -> dict[int, Ranked]:
    return {
        listing_id: [(match.id, match.score) for match in matches]
        for listing_id, matches in index.top_k_all(Side.ASK, NOW, K)
    }


def _by_brute_force(brute: BruteForce, requests: list[Listing]) -> dict[int, Ranked]:
    return {request.id: brute.top_k(request, NOW, K) for request in requests}


def _compare(index: Index, brute: BruteForce, requests: list[Listing]) -> None:
    engine, plain = _by_engine(index), _by_brute_force(brute, requests)
    differing = [listing_id for listing_id, ranked in plain.items() if engine[listing_id] != ranked]
    if differing or engine.keys() != plain.keys():
        raise Disagreement(f"the rankings of {len(differing)} requests differ: {differing[:5]}")

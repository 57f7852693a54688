"""The case hits: which of M standing alerts a new listing hits, one listing a call."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from benchmarks.engine.alert_rules import Conditions
from benchmarks.engine.alerts import Alerts, arriving, beside_the_edge
from benchmarks.engine.brute_hits import Brute
from benchmarks.engine.peers import HITS, NotHere, hits_peers
from benchmarks.engine.timing import Timed, interleaved, left_out, row
from benchmarks.harness import Result

Ids = NDArray[np.int64]

#: Listings at polygons that cross ±180 degrees, asked for the answers alone.
_EDGE = 20


def compare(m: int, count: int, names: list[str] | None = None) -> Iterator[Result]:
    """Rows for each peer: mean, median, and the median of the busiest tenth."""
    alerts = Alerts(m)
    index, conditions = alerts.index(), Conditions(alerts)
    listings, edge = arriving(count, m), beside_the_edge(alerts, _EDGE)
    brute = Brute(conditions)
    truth = [brute.hit_ids(listing) for listing in listings]
    edge_truth = [brute.hit_ids(listing) for listing in edge]
    edge_exact = all(map(_same, map(index.hit_ids, edge), edge_truth))
    found = np.array([len(answer) for answer in truth])
    busiest = np.argsort(-found, kind="stable")[: max(1, count // 10)]
    for name, peer in hits_peers(conditions, names or list(HITS)):
        if isinstance(peer, NotHere):
            yield left_out("hits", m, name, peer)
            continue
        ours, theirs = interleaved(listings, index.hit_ids, peer.hit_ids)
        agrees = all(map(_same, map(peer.hit_ids, edge), edge_truth))
        peer.close()
        more = {
            "questions": count,
            "checked": count + len(edge),
            "mean_hits": round(float(found.mean()), 1),
            "peer_exact": agrees and all(map(_same, theirs.answers, truth)),
        }
        exact = edge_exact and all(map(_same, ours.answers, truth))
        yield from _rows(m, name, ours, theirs, busiest, exact, more)


def _rows(
    m: int,
    name: str,
    ours: Timed[Ids],
    theirs: Timed[Ids],
    busiest: NDArray[np.intp],
    exact: bool,
    more: dict[str, object],
) -> Iterator[Result]:
    for statistic, pick in (
        ("mean", np.mean),
        ("median", np.median),
        ("busiest_tenth_median", lambda us: np.median(us[busiest])),
    ):
        pair = float(pick(ours.us)), float(pick(theirs.us))
        yield row("hits", m, name, *pair, exact, statistic=statistic, **more)


def _same(found: Ids, truth: Ids) -> bool:
    """Whether these are the same ids, each once; an answer has no order."""
    return np.array_equal(np.sort(found), truth)

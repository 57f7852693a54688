"""What one could use instead of the engine, each as good as its friends would make it."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from types import ModuleType
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from benchmarks.engine.alert_rules import Conditions
from benchmarks.engine.candidates import Candidates, Ranked
from benchmarks.engine.peers.joins import Tables
from matcher.listing import Listing


class Peer(Protocol):
    """An index of listings that answers for one of them."""

    def top_k(self, listing_id: int, k: int) -> Ranked:
        """Ids and scores of the first k counterparts."""

    def close(self) -> None:
        """Give back what the peer holds."""


class BatchPeer(Peer, Protocol):
    """One that answers for several listings with one call of its own."""

    def top_k_many(self, listing_ids: list[int], k: int) -> list[Ranked]:
        """What top_k says of each."""


class HitsPeer(Protocol):
    """An index of alerts that answers for one new listing."""

    def hit_ids(self, listing: Listing) -> NDArray[np.int64]:
        """Ids of the alerts that the listing hits, in any order."""

    def close(self) -> None:
        """Give back what the peer holds."""


class BulkPeer(Protocol):
    """A base that answers for many listings with one statement."""

    def top_k_all(self, ids: NDArray[np.int64], k: int) -> dict[str, NDArray[np.int64]]:
        """Columns asked, other and score for the open ones of these listings."""

    def close(self) -> None:
        """Give back what the peer holds."""


class NotHere(Exception):
    """The peer cannot be run on this machine; the text says why."""


#: Name: module of this package, whose class is `Peer`.
TOP_K = {
    "ckdtree": "ckdtree",
    "strtree": "strtree",
    "rtree": "rtree",
    "sqlite_rtree": "sqlite",
    "redis_geosearch": "redis",
    "postgis": "postgis",
}
#: Those of them whose index has a batch.
BATCH = ["ckdtree", "strtree"]
HITS = {"strtree": "hits_strtree", "rtree": "hits_rtree"}
#: Name: module whose class is `Bulk`.
BULK = {"duckdb_h3": "duckdb", "sedonadb_h3": "sedonadb"}


def peer(name: str, candidates: Candidates) -> Peer:
    """A peer that holds the candidates. Raises NotHere."""
    made: Peer = _module(TOP_K[name]).Peer(candidates)
    return made


def batch_peer(name: str, candidates: Candidates) -> BatchPeer:
    """The same, of those that have a batch. Raises NotHere."""
    made: BatchPeer = _module(TOP_K[name]).Peer(candidates)
    return made


def hits_peer(name: str, conditions: Conditions) -> HitsPeer:
    """A peer that holds the alerts. Raises NotHere."""
    made: HitsPeer = _module(HITS[name]).Peer(conditions)
    return made


def bulk_peer(name: str, tables: Tables) -> BulkPeer:
    """A base that holds the tables. Raises NotHere."""
    made: BulkPeer = _module(BULK[name]).Bulk(tables)
    return made


def peers(candidates: Candidates, names: list[str]) -> Iterator[tuple[str, Peer | NotHere]]:
    """The named peers, one after the other, or why they are left out."""
    for name in names:
        try:
            yield name, peer(name, candidates)
        except NotHere as reason:
            yield name, reason


def hits_peers(
    conditions: Conditions, names: list[str]
) -> Iterator[tuple[str, HitsPeer | NotHere]]:
    """The same for alerts."""
    for name in names:
        try:
            yield name, hits_peer(name, conditions)
        except NotHere as reason:
            yield name, reason


def _module(name: str) -> ModuleType:
    try:
        return import_module(f"benchmarks.engine.peers.{name}")
    except ImportError as error:
        raise NotHere(f"{error.name} is not installed") from error

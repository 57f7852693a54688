"""What one could use instead of the engine, each as good as its friends would make it."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from typing import Protocol

from benchmarks.engine.candidates import Candidates, Ranked


class Peer(Protocol):
    """An index of listings that answers for one of them."""

    def __init__(self, candidates: Candidates) -> None: ...

    def top_k(self, listing_id: int, k: int) -> Ranked:
        """Ids and scores of the first k counterparts."""

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


def peer(name: str, candidates: Candidates) -> Peer:
    """A peer that holds the candidates. Raises NotHere."""
    try:
        module = import_module(f"benchmarks.engine.peers.{TOP_K[name]}")
    except ImportError as error:
        raise NotHere(f"{error.name} is not installed") from error
    made: Peer = module.Peer(candidates)
    return made


def peers(candidates: Candidates, names: list[str]) -> Iterator[tuple[str, Peer | NotHere]]:
    """The named peers, one after the other, or why they are left out."""
    for name in names:
        try:
            yield name, peer(name, candidates)
        except NotHere as reason:
            yield name, reason

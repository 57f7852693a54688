"""The index of listings: `Index`, what it gives and what it raises."""

from matcher.index.bulk_answers import RankedAll
from matcher.index.codes import CodesFull
from matcher.index.search import Index, ListingNotHeld
from matcher.index.snapshot import Damage, SnapshotError

__all__ = ["CodesFull", "Damage", "Index", "ListingNotHeld", "RankedAll", "SnapshotError"]

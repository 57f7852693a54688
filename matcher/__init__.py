"""The matching engine of the board.

Pure: no clock, network, database or environment inside. Whoever asks passes the time, the
weights and the taxonomy in.

- `Index`: listings, and exact answers about them: counterparts (`top_k` with reasons, `ranked` and
  `ranked_for` with ids and scores alone, `ranked_all` for every listing), neighbours (`within`,
  `nearest_beyond`), changes (`upsert`, `upsert_many`, `upsert_columns`, `remove`), snapshots
  (`save`, `load`).
- `AlertIndex`: standing alerts, and which of them a listing hits (`hits` with distances, `hit_ids`
  with ids alone); changes as above (`upsert`, `upsert_many`, `upsert_columns`, `remove`).
- `waves`: whom to tell of a call for people next, how long to wait, when to stop (`next_step`).
- `explain`: the terms of one pair, or the rule that it breaks.
- `Listing`, `ListingColumns`, `Query`, `Weights`, `Match`, `RankedAll`, `Alert`, `AlertColumns`,
  `Hit`: what goes in and what comes out.
- `Place`, `Taxonomy`, `Kind`, `Side`, `Urgency`, `Reach`: the words.
- `warm_up` compiles everything before the first question.
- Refusals carry the field and what would be accepted (`FieldError`); others are `UnknownCategory`,
  `ListingNotHeld`, `SnapshotError`.

Places are H3 cells; distances are whole metres between their centres; times are epoch seconds;
scores are millionths. Order is exact and the same everywhere: distances are rounded to whole metres
before they are compared, scores to millionths, both half to even, and ties are broken by ascending
id. An index is not safe for use by several threads at once; the caller holds a lock.
"""

from matcher import waves
from matcher.alerts import Alert, AlertColumns, AlertIndex, Hit
from matcher.columns import ListingColumns
from matcher.errors import FieldError
from matcher.index import Damage, Index, ListingNotHeld, RankedAll, SnapshotError
from matcher.listing import DEFAULT_WEIGHTS, Listing, Match, Query, Weights
from matcher.place import Place
from matcher.ranking import Reason, Refusal, explain
from matcher.taxonomy import Kind, Reach, Side, Taxonomy, UnknownCategory, Urgency
from matcher.warming import warm_up

__all__ = [
    "DEFAULT_WEIGHTS",
    "Alert",
    "AlertColumns",
    "AlertIndex",
    "Damage",
    "FieldError",
    "Hit",
    "Index",
    "Kind",
    "Listing",
    "ListingColumns",
    "ListingNotHeld",
    "Match",
    "Place",
    "Query",
    "RankedAll",
    "Reach",
    "Reason",
    "Refusal",
    "Side",
    "SnapshotError",
    "Taxonomy",
    "UnknownCategory",
    "Urgency",
    "Weights",
    "explain",
    "warm_up",
    "waves",
]

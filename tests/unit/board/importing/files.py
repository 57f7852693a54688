"""Files of listings, good and less good, and what is said of them."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Callable

from board.importing import ImportRow, Plan

#: A row that is accepted, in our own column names.
GOOD = {
    "id": "a-1",
    "kind": "offer",
    "category": "groceries;meals",
    "title": "Courses le samedi",
    "lat": "4.0503",
    "lng": "9.6980",
    "starts": "2026-11-20T08:00Z",
}
FEATURE = {
    "type": "Feature",
    "properties": {name: GOOD[name] for name in ("id", "kind", "category", "title", "starts")},
    "geometry": {"type": "Point", "coordinates": [9.6980, 4.0503]},
}


Planner = Callable[..., Plan]


def csv_of(*rows: dict[str, str], delimiter: str = ",") -> str:
    """CSV of rows that all have the same columns, each value quoted."""
    lines = [delimiter.join(rows[0])]
    for row in rows:
        cells = (f'"{value.replace(chr(34), chr(34) * 2)}"' for value in row.values())
        lines.append(delimiter.join(cells))
    return "\n".join(lines) + "\n"


def geojson_of(*features: object, **members: object) -> str:
    """A FeatureCollection."""
    return json.dumps({"type": "FeatureCollection", "features": features, **members})


def only(found: Plan) -> ImportRow:
    """The one accepted row of a file without refusals."""
    assert found.refused == []
    assert len(found.rows) == 1
    return found.rows[0]


def is_safe(text: str) -> bool:
    """Whether a terminal shows it as it is: no control character, surrogate or override."""
    overrides = "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
    return not any(unicodedata.category(c) in ("Cc", "Cs") or c in overrides for c in text)

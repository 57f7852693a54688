"""The matching engine of the board.

Pure: no clock, network, database or environment inside. Whoever asks passes the time, the
weights and the taxonomy in.

- `matcher.place`: places are H3 cells; distance in whole metres between their centres.
- `matcher.taxonomy`: kinds, sides, urgency, reach, categories and their affinity.
- `matcher.listing`: what the engine sees of a listing; questions and matches.
- `matcher.ranking`: the score, and the rules explained on one pair.
- `matcher.index`: counterparts and neighbours among many listings.
- `matcher.areas`: polygons, and which of many cover a point.
- `matcher.alerts`: which standing alerts a listing hits.

Order is exact and the same everywhere: distances are rounded to whole metres before they are
compared, scores to millionths, both half to even, and ties are broken by ascending id. A copy of
the engine is not safe for use by several threads at once; the caller holds a lock.
"""

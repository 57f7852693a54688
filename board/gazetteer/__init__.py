"""The offline gazetteer: where on Earth a typed name is, in any spelling.

`build` compiles the places of GeoNames (of 500 inhabitants or more, and seats of administration)
into one SQLite file, `ensure` does so when the file is absent or old, and `Gazetteer` answers from
it. `python -m board.gazetteer PATH` builds.
"""

from board.gazetteer.building import build, ensure, stamp
from board.gazetteer.model import GazetteerMissing, GazetteerPlace, name_resolution
from board.gazetteer.reader import Gazetteer

#: To be shown wherever its data is shown: the licence of GeoNames asks for it.
ATTRIBUTION = "GeoNames, CC BY 4.0"
ATTRIBUTION_URL = "https://www.geonames.org/"

__all__ = [
    "ATTRIBUTION",
    "ATTRIBUTION_URL",
    "Gazetteer",
    "GazetteerMissing",
    "GazetteerPlace",
    "build",
    "ensure",
    "name_resolution",
    "stamp",
]

"""From the bytes of a CSV or GeoJSON file to rows of fields, nothing yet believed of them.

A file that is broken as a whole raises `Invalid`; what is wrong with one row is told with it.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, NoReturn

from board.errors import Invalid, Problem
from board.i18n import N_
from board.importing import cells
from board.importing import mapping as mappings

#: A file is held in memory while it is checked.
MAX_FILE_BYTES: Final = 128 * 1024 * 1024
_DELIMITERS: Final = (",", ";", "\t", "|")
_GEOJSON_SUFFIXES: Final = frozenset({".geojson", ".json"})
#: A GeoJSON that names a reference system of its own may only name longitude and latitude.
_LNG_LAT_SYSTEMS: Final = ("CRS84", "EPSG:4326", "EPSG::4326")


@dataclass(frozen=True, slots=True)
class RawRow:
    """One row as it stands in the file."""

    #: Line of the file where it begins (CSV), or number of the feature (GeoJSON), from 1.
    number: int
    #: Field of the mapping → what the file holds; absent and null ones are missing.
    values: Mapping[str, object]
    #: Why the row cannot be used whatever its values, or None.
    problem: Problem | None = None


@dataclass(frozen=True, slots=True)
class RawFile:
    """A file that is whole."""

    #: What `RawRow.number` counts: "line" or "feature".
    unit: str
    rows: Sequence[RawRow]


def read(path: Path, mapping: mappings.Mapping) -> RawFile:
    """The rows of a file; raises Invalid when it is broken as a whole."""
    text = _text_of(path)
    if path.suffix.lower() in _GEOJSON_SUFFIXES:
        return RawFile("feature", list(_features(text, mapping)))
    return RawFile("line", list(_lines(text, mapping)))


def _refuse(message: str, **params: object) -> NoReturn:
    raise Invalid([Problem("file", message, params)])


def _text_of(path: Path) -> str:
    try:
        size = path.stat().st_size
        if size > MAX_FILE_BYTES:
            _refuse(
                N_("This file has %(size)d bytes; at most %(max)d are accepted. Cut it in parts."),
                size=size,
                max=MAX_FILE_BYTES,
            )
        content = path.read_bytes()
    except OSError as error:
        _refuse(N_("This file cannot be read (%(reason)s)."), reason=error.strerror or "")
    if not content.strip():
        _refuse(N_("This file is empty. CSV with a header line, or GeoJSON, is accepted."))
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        _refuse(N_("This file is not UTF-8 (byte %(at)d). Save it again as UTF-8."), at=error.start)


# CSV


def _lines(text: str, mapping: mappings.Mapping) -> Iterator[RawRow]:
    delimiter = mapping.delimiter or _delimiter(text, mapping)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    line = 0
    try:
        header = [name.strip() for name in next(reader, [])]
        positions = _positions(header, mapping)
        line = reader.line_num
        for row in reader:
            if row:
                yield _csv_row(line + 1, row, len(header), positions)
            line = reader.line_num
    except csv.Error as error:
        _refuse(
            N_("The CSV is broken at line %(line)d (%(reason)s)."),
            line=line + 1,
            reason=cells.shown(error, 200),
        )


def _delimiter(text: str, mapping: mappings.Mapping) -> str:
    """The one under which the header holds most of the columns that must be there."""
    wanted = set(mapping.columns.values())

    def found(delimiter: str) -> int:
        try:
            header = next(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter), [])
        except csv.Error:
            return 0
        return len(wanted & {name.strip() for name in header})

    return max(_DELIMITERS, key=found)


def _positions(header: Sequence[str], mapping: mappings.Mapping) -> dict[str, int]:
    """Field → number of its column, from 0."""
    problems = []
    for column in mapping.columns.values():
        if column not in header:
            message = N_("The column “%(column)s” is missing. Columns of this file: %(columns)s.")
            columns = cells.shown(", ".join(header), 200)
            problems.append(Problem("file", message, {"column": column, "columns": columns}))
    positions = {}
    for field, column in {**mapping.columns, **mapping.optional_columns}.items():
        if header.count(column) > 1:
            message = N_("The column “%(column)s” is there twice; once is accepted.")
            problems.append(Problem("file", message, {"column": column}))
        elif column in header:
            positions[str(field)] = header.index(column)
    if problems:
        raise Invalid(problems)
    return positions


def _csv_row(number: int, row: Sequence[str], width: int, positions: Mapping[str, int]) -> RawRow:
    if len(row) != width:
        message = N_("This row has %(found)d fields, the header has %(width)d.")
        return RawRow(number, {}, Problem("row", message, {"found": len(row), "width": width}))
    values = {field: row[position] for field, position in positions.items()}
    return RawRow(number, {field: value for field, value in values.items() if value.strip()})


# GeoJSON


def _features(text: str, mapping: mappings.Mapping) -> Iterator[RawRow]:
    document = _document(text)
    if not isinstance(document, dict) or document.get("type") != "FeatureCollection":
        found = document.get("type") if isinstance(document, dict) else type(document).__name__
        _refuse(
            N_("This is GeoJSON of type “%(found)s”; a FeatureCollection of Points is accepted."),
            found=cells.shown(found),
        )
    features = document.get("features")
    if not isinstance(features, list):
        _refuse(N_("This FeatureCollection has no list of features."))
    _check_reference_system(document.get("crs"))
    _check_properties(features, mapping)
    for number, feature in enumerate(features, start=1):
        yield _feature_row(number, feature, mapping)


def _document(text: str) -> Any:
    try:
        return json.loads(text, object_pairs_hook=_without_doubles)
    except RecursionError:
        _refuse(N_("This JSON is nested too deeply."))
    except ValueError as error:
        _refuse(N_("This file is not JSON (%(reason)s)."), reason=cells.shown(error, 200))


def _without_doubles(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        double = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"the key {double[:40]!r} is there twice in one object")
    return found


def _check_reference_system(system: object) -> None:
    if system is not None and not any(name in json.dumps(system) for name in _LNG_LAT_SYSTEMS):
        _refuse(N_("Coordinates in another reference system are not accepted; WGS 84 is."))


def _check_properties(features: Sequence[Any], mapping: mappings.Mapping) -> None:
    """A column that no feature has is missing from the file, not from a row."""
    present: set[str] = set()
    for feature in features:
        if isinstance(feature, dict):
            present |= _properties(feature).keys()
    wanted = {c for field, c in mapping.columns.items() if field not in ("lat", "lng")}
    message = N_("No feature has the property “%(column)s”.")
    missing = sorted(wanted - present) if features else []
    if missing:
        raise Invalid([Problem("file", message, {"column": column}) for column in missing])


def _properties(feature: Mapping[str, Any]) -> dict[str, Any]:
    """The properties of a feature, and its own id where they have none."""
    properties = feature.get("properties")
    own_id = {} if feature.get("id") is None else {"id": feature["id"]}
    return {**own_id, **properties} if isinstance(properties, dict) else own_id


def _feature_row(number: int, feature: Any, mapping: mappings.Mapping) -> RawRow:
    if not isinstance(feature, dict) or feature.get("type") != "Feature":
        return RawRow(number, {}, Problem("feature", N_("This is not a GeoJSON Feature.")))
    properties = _properties(feature)
    values = {
        str(field): properties[column]
        for field, column in {**mapping.columns, **mapping.optional_columns}.items()
        if properties.get(column) not in (None, "", [])
    }
    values.pop("lat", None)
    values.pop("lng", None)
    geometry = feature.get("geometry")
    if geometry is None:
        return RawRow(number, values)
    found = geometry.get("type") if isinstance(geometry, dict) else type(geometry).__name__
    if not isinstance(geometry, dict) or found != "Point":
        message = N_("This geometry is a %(found)s; a Point is accepted.")
        return RawRow(number, values, Problem("geometry", message, {"found": cells.shown(found)}))
    position = _position(geometry.get("coordinates"))
    if position is None:
        message = N_("Coordinates are not accepted; numbers [longitude, latitude] are.")
        return RawRow(number, values, Problem("geometry", message))
    return RawRow(number, {**values, "lat": position[0], "lng": position[1]})


def _position(coordinates: object) -> tuple[float, float] | None:
    """(lat, lng) of [lng, lat] or [lng, lat, altitude] in numbers (RFC 7946, 3.1.1), or None."""
    if not isinstance(coordinates, list) or len(coordinates) not in (2, 3):
        return None
    if not all(isinstance(c, int | float) and not isinstance(c, bool) for c in coordinates):
        return None
    return coordinates[1], coordinates[0]

"""Which items of official information are about a place."""

from __future__ import annotations

from collections.abc import Iterable

from shapely.geometry.base import BaseGeometry

from matcher.areas import AreaIndex


class InformationIndex:
    """Items by the countries they are about, and by the polygons that narrow these."""

    def __init__(self) -> None:
        self._by_country: dict[str, set[int]] = {}
        self._countries: dict[int, tuple[str, ...]] = {}
        self._areas = AreaIndex()
        self._with_area: set[int] = set()

    def upsert(self, listing_id: int, countries: Iterable[str], area: BaseGeometry | None) -> None:
        """Add an item, or replace what is known of it. A polygon narrows the countries."""
        self.remove(listing_id)
        if area is not None:
            self._areas.upsert(listing_id, area)
            self._with_area.add(listing_id)
        self._countries[listing_id] = tuple(countries)
        for country in self._countries[listing_id]:
            self._by_country.setdefault(country, set()).add(listing_id)

    def remove(self, listing_id: int) -> None:
        """Forget an item; unknown ones are no error."""
        for country in self._countries.pop(listing_id, ()):
            self._by_country[country].discard(listing_id)
        if listing_id in self._with_area:
            self._with_area.discard(listing_id)
            self._areas.remove(listing_id)

    def covering(self, point: tuple[float, float] | None, country: str) -> list[int]:
        """Ids, ascending, of the items about (lat, lng) in this country.

        A polygon only ever narrows: what is drawn beyond the item's countries reaches nobody there.
        A reader of whom only the country is known gets all that is about it.
        """
        found = set(self._by_country.get(country, ()))
        if point is not None and not found.isdisjoint(self._with_area):
            found &= (found - self._with_area) | set(self._areas.covering(*point))
        return sorted(found)

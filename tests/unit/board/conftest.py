"""Days and needs that tests of public figures ask for."""

from __future__ import annotations

from tests.unit.board.needs import need as need
from tests.unit.board.needs import today as today

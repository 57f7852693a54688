"""Where imported listings come from: one row per row of a source, so that none comes twice."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from board.db import Base, BigId, UTCDateTime


class ImportedRow(Base):
    """A row of a file or feed; its listings hang on it as others hang on a member."""

    __tablename__ = "imported_rows"
    __table_args__ = (sa.UniqueConstraint("source", "external_id"),)
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    source: Mapped[str] = mapped_column(sa.String(64), comment="name shown beside the listing")
    external_id: Mapped[str] = mapped_column(sa.String(128), comment="the row's id in its source")
    imported_at: Mapped[datetime] = mapped_column(UTCDateTime)

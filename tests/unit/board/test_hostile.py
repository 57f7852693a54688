"""What somebody hostile, or a mishap by hand, puts before the board: one row harms no other."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from board import (
    alerts,
    answering,
    confirmations,
    dispatching,
    mailin,
    matching,
    migrations,
    outbox,
    places,
    searching,
)
from board.alerts import Alert
from board.answering import NewAnswer
from board.context import Board
from board.db import Database, now
from board.errors import Unavailable
from board.listings import Listing, ListingCategory
from board.outbox import OutboxRow
from board.rankings import Rankings
from board.searching import ListingFilter
from board.secrecy import Vault
from board.validation import TEXT_MAX, TITLE_MAX, Refused, clean_text, email_address, required_text
from config.settings import Settings
from matcher.place import Place
from matcher.taxonomy import Side
from tests.factories import BONAPRISO, Factory
from tests.fakes import MailSink, text_of, work_off

VOLUNTEER = "volunteer@example.org"
#: Sparse country.
SIBERIA = Place.at(66.0, 100.0, 8)


def spoil(board: Board, public_id: str, **values: object) -> None:
    """Change a stored listing by hand, as no door of the board would."""
    with board.db.write() as session:
        row = session.scalars(sa.select(Listing).where(Listing.public_id == public_id)).one()
        for name, value in values.items():
            setattr(row, name, value)


def unknown_category(board: Board, public_id: str) -> None:
    """Give it a category that the taxonomy has no more."""
    with board.db.write() as session:
        row = session.scalars(sa.select(Listing).where(Listing.public_id == public_id)).one()
        session.execute(sa.delete(ListingCategory).where(ListingCategory.listing_id == row.id))
        session.add(ListingCategory(listing_id=row.id, category=199))
        row.title += " again"


POISONS: dict[str, Callable[[Board, str], None]] = {
    "a country that is none": lambda board, spoiled: spoil(board, spoiled, country="c1"),
    "a kind that is none": lambda board, spoiled: spoil(board, spoiled, kind=77),
    "a cell that is none": lambda board, spoiled: spoil(board, spoiled, cell=12),
    "a category that vanished": unknown_category,
}


@pytest.mark.parametrize("poison", POISONS.values(), ids=POISONS)
@pytest.mark.parametrize("before", [True, False], ids=["in the index before", "never indexed"])
def test_a_listing_that_the_engine_refuses_stops_no_page(
    board: Board, make: Factory, poison: Callable[[Board, str], None], before: bool
) -> None:
    """It is left out; the others are matched and listed, now and after the next change."""
    bad, request = make.offer(title="Bad"), make.open()
    good = make.offer(title="Good")
    if before:
        matching.counterparts(board, request.public_id)
    poison(board, bad.public_id)
    for _ in range(2):
        found = matching.counterparts(board, request.public_id)
        assert [each.listing.public_id for each in found.matches] == [good.public_id]
        around = ListingFilter(cell=BONAPRISO.cell, radius_km=50.0)
        for wanted in (ListingFilter(), around):
            shown = {view.title for view in searching.search(board, wanted).items}
            assert {"Good", request.title} <= shown
        spoil(board, request.public_id, text="changed")
    assert matching.counterparts(board, bad.public_id).matches == ()


@pytest.mark.parametrize("poison", POISONS.values(), ids=POISONS)
def test_a_listing_that_the_engine_refuses_stops_no_ranking(
    board: Board, make: Factory, poison: Callable[[Board, str], None]
) -> None:
    """`match --all` leaves it out and ranks the others."""
    bad, request = make.offer(title="Bad"), make.open()
    good = make.offer(title="Good")
    poison(board, bad.public_id)
    (ranking,) = Rankings.load(board).of_all(Side.ASK)
    assert ranking.listing.id == request.id
    assert [named.id for named, _ in ranking.matches] == [good.id]


def test_an_alert_that_the_engine_refuses_stops_no_mail(
    board: Board, make: Factory, smtp: MailSink
) -> None:
    """The alert beside it is told."""
    bad = make.alert(email="bad@example.org")
    make.alert(email=VOLUNTEER)
    with board.db.write() as session:
        session.get_one(Alert, bad).kinds = ("77",)
    view = make.open()
    work_off(board)
    assert view.public_id in text_of(smtp.to(VOLUNTEER)[-1])


def test_a_payload_of_another_key_stops_no_other_row(
    board: Board, make: Factory, smtp: MailSink
) -> None:
    """It is tried again later with its payload kept; what comes after it is sent at once."""
    make.pending(email="old@example.org")
    other = replace(board, vault=Vault("another secret, just as long as the first"))
    Factory(other).pending(email="new@example.org")
    assert work_off(other) == 2
    assert len(smtp.to("new@example.org")) == 1
    with board.db.read() as session:
        row = session.scalars(sa.select(OutboxRow).order_by(OutboxRow.id)).first()
        assert row is not None
        assert (row.status, row.attempts, row.error) == (outbox.PENDING, 1, "Unreadable")
        assert row.payload and row.due_at > now(session)


def test_an_answer_survives_another_key_and_reply_addresses_do_not(
    board: Board, make: Factory, smtp: MailSink
) -> None:
    """What waits for its writer is confirmed all the same; old addresses lead nowhere."""
    view = make.open(email="asker@example.org")
    answering.answer(board, view.public_id, NewAnswer(email=VOLUNTEER, text="I can come."))
    work_off(board)
    token = smtp.token(VOLUNTEER)
    other = replace(board, vault=Vault("another secret, just as long as the first"))
    assert confirmations.act(other, token).purpose == "confirm-message"
    work_off(other)
    (mail,) = [mail for mail in smtp.to("asker@example.org") if mail["Reply-To"]]
    assert mailin.is_known(other, mail["Reply-To"])
    assert not mailin.is_known(board, mail["Reply-To"])


@pytest.mark.parametrize(
    ("cell", "categories", "kept"),
    [
        (Place.at(4.0503, 9.6980, 15), (), 8),
        (Place.at(4.0503, 9.6980, 8), ("childcare",), 7),
        (SIBERIA, (), 7),
        (Place.at(4.0503, 9.6980, 6), (), 6),
    ],
    ids=["finer than any", "what tells of a home", "sparse country", "coarser stays"],
)
def test_where_somebody_waits_is_kept_no_finer_than_a_listing(
    board: Board, make: Factory, cell: Place, categories: tuple[str, ...], kept: int
) -> None:
    """An alert's place is a person's place, whatever the door handed over."""
    alert = make.alert(cell=cell.cell, categories=categories)
    with board.db.read() as session:
        stored = session.get_one(Alert, alert).cell
    assert stored == cell.coarsened(kept).cell
    assert stored == places.kept_cell(board.gazetteer, cell.cell, categories)


def test_a_coarser_place_does_not_keep_the_name_of_the_quarter(board: Board) -> None:
    """Whoever chose to be shown as a wide area is not found by a name inside of it."""
    quarter = board.gazetteer.search("Brixton", "en")[0]
    settle = partial(places.settle_name, board.gazetteer, board.countries, quarter.id, (), "en")
    assert settle().name == quarter.name
    wide = settle(coarser=5)
    assert Place(wide.cell).resolution == 5
    assert wide.name == places.place_label(board.gazetteer, wide.cell, "en") == "London"


def test_an_error_of_the_database_names_no_value(board: Board, make: Factory) -> None:
    """It is logged with its traceback, and kept with a failed job."""
    view = make.open(title="A title that is nobody else's")
    with pytest.raises(sa.exc.IntegrityError) as caught, board.db.write() as session:
        row = session.get_one(Listing, view.id)
        row.title, row.urgency = "Words of a person", 9
        session.flush()
    assert "Words of a person" not in str(caught.value).partition("DETAIL")[0]
    assert "[SQL parameters hidden" in str(caught.value)


def test_a_run_of_combining_marks_costs_no_time() -> None:
    """Normalising 120,000 of them took nine seconds, in which the process answered nobody."""
    marks = "a" + "\u0315\u0300" * 60_000
    start = time.process_time()
    for most in (TITLE_MAX, TEXT_MAX):
        with pytest.raises(Refused, match="120001 characters"):
            clean_text(marks, max_length=most, multiline=True)
    assert time.process_time() - start < 2


def test_an_alert_ended_before_the_sending_is_told_nothing_more(
    board: Board, make: Factory, smtp: MailSink
) -> None:
    """Whoever unsubscribes gets no mail that was already waiting."""
    alert = make.alert(email=VOLUNTEER)
    make.open()
    for row in outbox.due_ids(board.db):
        dispatching.dispatch(board, row)
    before = len(smtp.to(VOLUNTEER))
    (waiting,) = outbox.due_ids(board.db)
    alerts.unsubscribe(board, alerts.unsubscribe_token(board, alert))
    dispatching.dispatch(board, waiting)
    assert len(smtp.to(VOLUNTEER)) == before


def test_what_ended_before_the_sending_is_told_to_nobody(
    board: Board, make: Factory, smtp: MailSink
) -> None:
    """A mail that waited for a mail server must not send people to what is over."""
    make.alert(email=VOLUNTEER)
    make.open()
    for row in outbox.due_ids(board.db):
        dispatching.dispatch(board, row)
    before = len(smtp.to(VOLUNTEER))
    (waiting,) = outbox.due_ids(board.db)
    board.db.clock_offset = timedelta(days=15)
    dispatching.dispatch(board, waiting)
    assert len(smtp.to(VOLUNTEER)) == before
    with board.db.read() as session:
        assert session.get_one(OutboxRow, waiting).status == outbox.DROPPED


def test_a_text_that_only_fits_when_composed_is_taken() -> None:
    """The bound counts what is stored."""
    decomposed = "\u03b1\u0313\u0300\u0345" * TITLE_MAX
    assert clean_text(decomposed, max_length=TITLE_MAX) == "\u1f82" * TITLE_MAX


@pytest.mark.parametrize("text", ["\u200b", "\ufeff\u200d", "\u2028", "\u0301"])
def test_a_required_text_shows_something(text: str) -> None:
    """A title of invisible characters would be a link that nobody can press."""
    with pytest.raises(Refused, match="Write something"):
        required_text(text, max_length=TITLE_MAX)


def test_bytes_that_were_no_text_are_refused() -> None:
    """A decoder that replaces them must not make them a word."""
    with pytest.raises(Refused, match="half a character"):
        clean_text("a\ufffdb", max_length=TITLE_MAX)


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("Name@Exämple.org", "name@xn--exmple-cua.org"),
        ("name@例え.jp", "name@xn--r8jz45g.jp"),
    ],
)
def test_an_international_domain_is_kept_as_mail_servers_read_it(typed: str, kept: str) -> None:
    """A mail to it leaves from any server."""
    assert email_address(typed) == kept


def test_a_local_part_beyond_ascii_is_refused_at_the_door() -> None:
    """It was accepted once, and its mail could never be written."""
    with pytest.raises(Refused, match="not one e-mail address"):
        email_address("é@example.org")


def test_a_mail_to_an_international_domain_is_delivered(
    board: Board, make: Factory, smtp: MailSink
) -> None:
    """From the form to the sink."""
    make.pending(email="name@exämple.org")
    work_off(board)
    assert len(smtp.to("name@xn--exmple-cua.org")) == 1


class RudeSink(MailSink):
    """A mail server that takes the mail and answers the goodbye with an error."""

    goodbye = "421 closing"

    async def handle_QUIT(self, *_: Any) -> str:  # noqa: N802
        """What `QUIT` is answered with."""
        return self.goodbye


@pytest.mark.parametrize("goodbye", ["421 closing", "500 what"])
def test_a_rude_goodbye_neither_repeats_nor_loses_a_mail(
    board: Board, make: Factory, goodbye: str
) -> None:
    """The mail counts as sent once the server has taken it."""
    make.pending(email="asker@example.org")
    with RudeSink() as sink:
        sink.goodbye = goodbye
        settings = board.settings.model_copy(update={"smtp_url": sink.url})
        assert work_off(replace(board, settings=settings)) == 1
        assert len(sink.to("asker@example.org")) == 1
    with board.db.read() as session:
        assert session.scalar(sa.select(OutboxRow.status)) == outbox.SENT


@pytest.mark.parametrize("environment", ["sqlite"], indirect=True)
def test_a_page_waits_little_for_a_lock(settings: Settings) -> None:
    """A writer that cannot begin says so within its patience; readers do not wait at all."""
    database = Database(settings.database_url, patience_s=0.1)
    holder = sqlite3.connect(settings.home / "entraide.sqlite", isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    start = time.monotonic()
    with pytest.raises(Unavailable), database.write() as session:
        now(session)
    assert time.monotonic() - start < 1.5
    with database.read() as session:
        assert now(session)
    holder.close()
    database.close()


@pytest.mark.parametrize(
    "url",
    [
        "sqlite:///{home}/no/such/folder.sqlite",
        "sqlite:///{home}/no_database",
        "postgresql://nobody@127.0.0.1:1/none",
    ],
    ids=["no folder", "no database", "no server"],
)
def test_a_migration_of_what_is_not_there_is_refused(url: str, tmp_path: Path) -> None:
    """The command line prints one line for it."""
    (tmp_path / "no_database").write_bytes(b"not a database at all, but long enough" * 100)
    settings = Settings.from_mapping(
        {"ENTRAIDE_HOME": str(tmp_path), "DATABASE_URL": url.format(home=tmp_path)}
    )
    with pytest.raises(Unavailable):
        migrations.upgrade(settings)


def test_the_schema_of_a_newer_program_is_refused(tmp_path: Path) -> None:
    """An older program says so, and changes nothing."""
    settings = Settings.from_mapping({"ENTRAIDE_HOME": str(tmp_path)})
    with sqlite3.connect(tmp_path / "entraide.sqlite") as connection:
        connection.execute("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL)")
        connection.execute("INSERT INTO alembic_version VALUES ('from_the_future')")
    connection.close()
    with pytest.raises(migrations.SchemaUnknown, match="not known to this program"):
        migrations.upgrade(settings)

"""T16: nothing is kept too long: what is over goes by itself, and who asks to be erased is.

Every kind of personal data holds a marker. The probe looks through every table, the files of the
home folder, the pages, and what the processes wrote.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from redis import Redis

from board import (
    alerts,
    answering,
    consent,
    conversations,
    erasure,
    erasures,
    export,
    forgetting,
    inbox,
    listings,
    messages,
    outbox,
    personal,
    profiles,
    relays,
    reports,
    sign_in,
    snapshots,
)
from board.answering import NewAnswer
from board.bans import Ban
from board.context import Board
from board.conversations import Conversation, Seat, Side
from board.db import Base, make_engine, now
from board.listings import Listing
from board.members import Member
from board.outcomes import Action, decide
from board.passkeys import Passkey
from board.profiles import Profile
from board.sessions import SignedIn, open_
from board.waking import Waker
from tests.conftest import service
from tests.factories import AKWA, Factory
from tests.fakes import FakeWaker, work_off
from tests.promises.conftest import dump
from workers import upkeep

MARK = "quetzal"
POSTER, HELPER, GUEST = (f"{name}-{MARK}@example.org" for name in ("poster", "helper", "guest"))
#: Tables that hold nothing of anybody: they may have rows at the end.
NOBODYS = {each.name for each in personal.TABLES if each.whose is None or each.stays}


@pytest.fixture(autouse=True)
def jobs_use_this_board(board: Board, monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker opens its board once; here it is that of the test."""
    monkeypatch.setattr(upkeep, "board", lambda: board)


def member_of(board: Board, email: str) -> int:
    """Id of the member of an address."""
    with board.db.read() as session:
        return session.scalars(sa.select(Member.id).where(Member.email == email)).one()


def fill(board: Board, make: Factory) -> None:
    """A marker in every kind of personal data: of a poster, a helper, and a guest who waits."""
    words = {"title": f"Title {MARK}", "text": f"Doctor {MARK}", "place_name": f"Place {MARK}"}
    view = make.open(email=POSTER, places_needed=2, **words)
    seat = make.answered(view, email=HELPER, text=f"First words {MARK}")
    with board.db.read() as session:
        public_id = session.get_one(Conversation, seat.conversation_id).public_id
    poster, helper = member_of(board, POSTER), member_of(board, HELPER)
    decide(board, conversations.seat_of_member(board, public_id, poster), Action.ACCEPT)
    decide(board, Seat(seat.conversation_id, Side.POSTER), Action.DONE)
    messages.write(board, seat, f"Second words {MARK}", "a-key-of-a-form")
    messages.share_contact(board, seat, f"Contact {MARK}")
    hold(board, seat)
    for who in (poster, helper):
        profiles.save(board, who, Profile(display_name=f"Name {MARK}", time_zone="Europe/Paris"))
        profiles.set_place(board, who, "here", AKWA.cell, f"Here {MARK}")
        profiles.set_place(board, who, "there", AKWA.cell, f"There {MARK}")
        make.alert(email=(POSTER if who == poster else HELPER), place_name=f"Alert {MARK}")
        with board.db.write() as session:
            open_(session, who, device=f"D {MARK}")
            session.add(
                Passkey(
                    member_id=who,
                    credential_id=f"{who}".encode(),
                    public_key=b"key",
                    sign_count=0,
                    name=f"Key {MARK}",
                    created_at=now(session),
                )
            )
    relays.post(
        board,
        helper,
        make.form(title=f"Relayed {MARK}"),
        "in-person",
        f"key-of-{MARK}",
        health=True,
    )
    moderate(board, view.public_id, helper, poster)
    wait(board, make, view.public_id)
    for email in (POSTER, HELPER, GUEST):
        sign_in.ask(board, email, "en")
        export.ask(board, email, "en")


def hold(board: Board, seat: Seat) -> None:
    """One message that waits for a moderator, one that was refused, one that was reported."""
    messages.write(board, seat, f"PayPal refused {MARK}", "another-key-of-a-form")
    with board.db.write() as session:
        messages.refuse_held(session, member_of(board, HELPER))
    messages.write(board, seat, f"PayPal held {MARK}", "a-third-key-of-a-form")
    other = Seat(seat.conversation_id, Side.POSTER)
    first = inbox.show(board, other).messages[0].id
    reports.report_message(board, other, first, "other", f"Report of words {MARK}")


def moderate(board: Board, public_id: str, reporter: int, banned: int) -> None:
    """What moderators get to read: a report, and the appeal against a ban that was lifted."""
    reports.report(board, public_id, "other", f"Report {MARK}", member_id=reporter)
    with board.db.write() as session:
        session.add(
            Ban(
                member_id=banned,
                banned_by=reporter,
                reason="other",
                created_at=now(session),
                appeal=f"Appeal {MARK}",
                lifted_at=now(session),
            )
        )


def wait(board: Board, make: Factory, public_id: str) -> None:
    """What a guest has not confirmed."""
    make.pending(email=GUEST, title=f"Pending {MARK}")
    alerts.save(board, make.alert_form(email=GUEST, place_name=f"Pending alert {MARK}"))
    answering.answer(board, public_id, NewAnswer(email=GUEST, text=f"Pending words {MARK}"))


def end_everything(board: Board) -> None:
    """The poster takes the listings down, the alerts end."""
    with board.db.write() as session:
        for listing in session.scalars(sa.select(Listing).where(Listing.status == "open")):
            listings.close(session, listing, "poster")
        session.execute(sa.update(alerts.Alert).values(status="ended"))


def run(board: Board, days: float) -> None:
    """Let so many days pass since the beginning, then let the clock's jobs do their work."""
    board.db.clock_offset = timedelta(days=days)
    while upkeep.expire() + upkeep.forget():
        work_off(board)
    upkeep.snapshot()


def tables_with(board: Board, mark: str) -> set[str]:
    """Names of the tables in which the mark stands."""
    with board.db.read() as session:
        return {
            table.name
            for table in Base.metadata.sorted_tables
            if mark in str(session.execute(sa.select(table)).all()).lower()
        }


def filled(board: Board) -> set[str]:
    """Tables that have a row of somebody."""
    with board.db.read() as session:
        return {
            table.name
            for table in Base.metadata.sorted_tables
            if table.name not in NOBODYS
            and session.scalar(sa.select(sa.func.count()).select_from(table))
        }


def files_with(board: Board, mark: str) -> set[str]:
    """Names of the files of the home folder in which the mark stands."""
    return {
        path.name
        for path in Path(board.settings.home).rglob("*")
        if path.is_file()
        and not path.name.startswith("gazetteer")
        and mark.encode() in path.read_bytes().lower()
    }


def pages_with(client: FlaskClient, mark: str) -> list[str]:
    """Public pages on which the mark stands."""
    addresses = ("/", "/listings", "/listings?q=title", "/listings.geojson", "/privacy")
    return [each for each in addresses if mark in client.get(each).text.lower()]


def in_snapshot(board: Board) -> int:
    """How many listings the snapshot of the index holds."""
    found = snapshots.read(board.settings.snapshot_path, board.taxonomy)
    return 0 if found is None else len(found[0])


def test_T16_the_probe_finds_every_marker(board: Board, make: Factory, client: FlaskClient) -> None:
    """Positive control: while nothing is over, it stands in every table and page that can tell."""
    fill(board, make)
    upkeep.snapshot()
    assert tables_with(board, MARK) >= {
        "alerts",
        "conversations",
        "listings",
        "members",
        "messages",
        "passkeys",
        "posting_keys",
        "sessions",
        "reports",
        "bans",
    }
    assert {
        "outbox",
        "sign_in_codes",
        "links",
        "consents",
        "outcomes",
        "cases",
        "sightings",
    } <= filled(board)
    assert pages_with(client, MARK)
    assert in_snapshot(board) == 2
    if board.db.engine.dialect.name == "sqlite":
        assert files_with(board, MARK)


def assert_forgotten(
    board: Board,
    client: FlaskClient,
    capfd: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    """No table, file, page, snapshot or log holds the marker."""
    assert tables_with(board, MARK) == set()
    assert filled(board) == set()
    assert files_with(board, MARK) == set()
    assert pages_with(client, MARK) == []
    assert in_snapshot(board) == 0
    written = capfd.readouterr()
    assert MARK not in (written.out + written.err + caplog.text).lower()


def test_T16_what_is_over_goes_by_itself(
    board: Board,
    make: Factory,
    client: FlaskClient,
    capfd: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    """What waits after three days, listings after 30, conversations after 90, people at last.

    Each is there the day before.
    """
    fill(board, make)
    run(board, 2.9)
    assert f"pending {MARK}" in dump(board).lower()
    run(board, 3.1)
    assert f"pending {MARK}" not in dump(board).lower()
    assert GUEST not in dump(board)
    end_everything(board)
    run(board, 33)
    assert f"Title {MARK}" in dump(board)
    run(board, 33.2)
    assert f"Title {MARK}" not in dump(board)
    assert f"Place {MARK}" not in dump(board)
    assert f"Second words {MARK}" in dump(board), "the conversation stays longer than its listing"
    run(board, 89.9)
    for kept in ("Second words", "PayPal refused", "PayPal held", "Report of words"):
        assert f"{kept} {MARK}" in dump(board), kept
    run(board, 90.1)
    assert tables_with(board, MARK) == {"members", "passkeys", "bans"}
    run(board, 364)
    assert tables_with(board, MARK) == {"members", "passkeys", "bans"}
    run(board, 366)
    assert_forgotten(board, client, capfd, caplog)


def erase(board: Board, email: str) -> None:
    """As its page does."""
    reader = SignedIn(
        member_id=member_of(board, email), session_id=0, roles=frozenset(), second_factor=True
    )
    browser = erasure.ask_for_code(board, reader, "en")
    with board.db.read() as session:
        row = session.scalars(
            sa.select(outbox.OutboxRow).order_by(outbox.OutboxRow.id.desc()).limit(1)
        ).one()
        payload = board.vault.open(row.payload or b"")
    erasure.erase(board, reader, browser, payload.partition('"code": "')[2][:9])


def forget_the_unused_codes(board: Board) -> None:
    """Those of the beginning count for the cap of codes."""
    with board.db.write() as session:
        session.execute(sa.delete(sign_in.SignInCode))


def test_T16_who_is_erased_is_gone_at_once(
    board: Board,
    make: Factory,
    client: FlaskClient,
    capfd: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    """From the tables, the files, the snapshot, the pages and the logs; mails are not sent."""
    fill(board, make)
    upkeep.snapshot()
    forget_the_unused_codes(board)
    erase(board, POSTER)
    assert POSTER not in dump(board)
    assert f"Title {MARK}" not in dump(board)
    assert HELPER in dump(board), "nobody else is erased"
    erase(board, HELPER)
    guest(board)
    # The person whom the relay spoke for is somebody else, whose listing is down now.
    assert tables_with(board, MARK) == {"listings", "posting_keys"}
    run(board, 31)
    assert_forgotten(board, client, capfd, caplog)


def guest(board: Board) -> None:
    """Whoever has no account is erased through the mailed link."""
    with board.db.read() as session:
        rows = session.scalars(
            sa.select(outbox.OutboxRow).where(outbox.OutboxRow.purpose == outbox.OWN_DATA)
        )
        sealed = [board.vault.open(row.payload or b"") for row in rows]
    (mine,) = [each for each in sealed if GUEST in each]
    token = mine.partition('"token": "')[2].partition('"')[0]
    erasure.erase_by_link(board, export.open_(board, token).erase_token)


Restore = Callable[[], None]


def backup(board: Board, folder: Path) -> Restore:
    """A copy of the database; gives what puts it back."""
    if board.db.engine.dialect.name == "sqlite":
        path = Path(board.settings.home) / "entraide.sqlite"
        with board.db.engine.connect() as connection:
            connection.exec_driver_sql("ROLLBACK")
            connection.exec_driver_sql(f"VACUUM INTO '{folder / 'backup'}'")

        def put_back() -> None:
            board.db.close()
            for suffix in ("-wal", "-shm"):
                path.with_name(path.name + suffix).unlink(missing_ok=True)
            shutil.copy(folder / "backup", path)

        return put_back
    return _backup_of_postgresql(board)


def _backup_of_postgresql(board: Board) -> Restore:
    tables = Base.metadata.sorted_tables
    with board.db.read() as session:
        kept = {
            table.name: [dict(row._mapping) for row in session.execute(sa.select(table))]
            for table in tables
        }

    def put_back() -> None:
        engine = make_engine(board.settings.migration_database_url)
        with engine.begin() as connection:
            connection.exec_driver_sql("SET session_replication_role = replica")
            names = ", ".join(table.name for table in tables)
            connection.exec_driver_sql(f"TRUNCATE {names} CASCADE")
            for table in tables:
                if kept[table.name]:
                    connection.execute(sa.insert(table), kept[table.name])
        engine.dispose()

    return put_back


def test_T16_a_restored_backup_honours_an_erasure(
    board: Board, make: Factory, tmp_path: Path
) -> None:
    """The ledger beside the database erases again; who came back meanwhile stays.

    Positive control: before it is applied, the probe finds the person.
    """
    fill(board, make)
    forget_the_unused_codes(board)
    put_back = backup(board, tmp_path)
    erase(board, POSTER)
    guest(board)
    assert POSTER not in dump(board)
    put_back()
    assert POSTER in dump(board)
    assert GUEST in dump(board)
    assert erasure.apply(board) == 2
    assert POSTER not in dump(board)
    assert GUEST not in dump(board)
    assert HELPER in dump(board)
    assert erasure.apply(board) == 0
    make.open(email=POSTER)
    with board.db.write() as session:
        session.execute(sa.delete(erasures.Erasure))
    assert erasure.apply(board) == 0
    assert POSTER in dump(board)


def test_T16_the_ledger_is_read_by_its_owner_alone_and_names_nobody(
    board: Board, make: Factory
) -> None:
    """A keyed hash, a number and a moment; a damaged line stops it, a torn one does not."""
    make.open(email=POSTER)
    erase(board, POSTER)
    path = board.settings.ledger_path
    assert path.stat().st_mode & 0o077 == 0
    assert MARK not in path.read_text()
    (entry,) = erasures.in_file(path).values()
    with path.open("a") as file:
        file.write('{"name": "to')
    assert list(erasures.in_file(path)) == [entry.name]
    erasures.add_to_file(path, [erasures.Entry.new("x", None, entry.at)])
    assert len(erasures.in_file(path)) == 2
    with path.open("a") as file:
        file.write("nonsense\n")
    with pytest.raises(erasures.LedgerDamaged, match="line 3"):
        erasure.apply(board)


def test_T16_a_healthy_word_needs_a_yes_that_can_be_taken_back(board: Board, make: Factory) -> None:
    """What was agreed to is noted with its version; taken back, the listing leaves the board."""
    view = make.open(email=POSTER, title="Insulin wanted")
    (health, terms) = consent.given(board, member_of(board, POSTER))
    assert (health.kind, terms.kind, health.version) == ("health", "terms", consent.VERSION)
    consent.withdraw(board, member_of(board, POSTER), health.id)
    assert listings.get(board, view.public_id).state == "closed"


@pytest.mark.redis
def test_T16_the_queue_holds_numbers_only(board: Board, make: Factory) -> None:
    """Whatever is on the queue's server, no marker is in it; the probe sees one that is."""
    address = (service("TEST_REDIS_URL") or "").replace("/0", "/9")
    fill(board, make)
    assert isinstance(board.waker, FakeWaker)
    waker = Waker(address)
    with Redis.from_url(address) as server:
        server.flushdb()
        assert all(waker.wake([row]) for row in board.waker.woken)
        held = [key + (server.dump(key) or b"") for key in server.scan_iter()]
        assert len(held) > 10
        assert MARK.encode() not in b"".join(held).lower()
        server.set("a-test", MARK)
        assert MARK.encode() in (server.dump("a-test") or b"")
        server.flushdb()
    waker.close()


def test_T16_the_page_says_the_figures_of_the_code(client: FlaskClient, app: Flask) -> None:
    """Every time that something is kept stands on the page about privacy."""
    text = client.get("/privacy").text
    for lasts in (
        forgetting.LISTINGS,
        forgetting.CONVERSATIONS,
        forgetting.LOGS,
        forgetting.MAILS,
        forgetting.MEMBERS,
    ):
        assert f"{lasts.days} days" in text

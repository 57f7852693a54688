"""Listings: import files, print ranked counterparts, fill the board with a demonstration."""

from __future__ import annotations

import json
import logging
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Any

import click
import structlog

from board import demo, importing, rankings, words
from board.context import Board
from board.errors import Problem
from board.i18n import translations
from board.importing import Plan, Stored
from board.rankings import Ranking, Rankings
from cli.errors import Refusal
from config.settings import Settings
from matcher.taxonomy import Side

_LOCALE = "en"
_SIDES = {"request": Side.ASK, "offer": Side.GIVE}


@contextmanager
def _board() -> Iterator[Board]:
    """The board of this process's environment; standard output stays free of log lines."""
    before = structlog.get_config()
    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING),
        logger_factory=lambda *_: structlog.PrintLogger(sys.stderr),
    )
    board = Board.open(Settings.from_mapping(os.environ))
    try:
        yield board
    finally:
        board.close()
        structlog.configure(**before)


@contextmanager
def _bar(length: int, label: str) -> Iterator[Callable[[int], None]]:
    """A progress bar on standard error, where that is a terminal."""
    stream = sys.stderr
    hidden = not stream.isatty()
    with click.progressbar(length=length, label=label, file=stream, hidden=hidden) as bar:
        yield bar.update


@click.command("import")
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--mapping",
    default=importing.DEFAULT,
    show_default=True,
    help="Name of a mapping that ships with the program, or path of a TOML file.",
)
@click.option("--source", help="Name of the source, instead of the mapping's own.")
@click.option("--batch", default=importing.BATCH, show_default=True, help="Rows stored at once.")
@click.option("--alert", is_flag=True, help="Tell the people whose alerts the listings hit.")
@click.option("--json", "as_json", is_flag=True, help="Print the summary as JSON.")
def import_command(
    file: Path, mapping: str, source: str | None, batch: int, alert: bool, as_json: bool
) -> None:
    """Read listings from a CSV or GeoJSON FILE.

    The file is checked whole first. Rows that are refused are listed with their reason; the others
    are stored, those of an earlier run left as they are.

    Example: entraide import reports.csv --mapping haiti-2010
    """
    with _board() as board:
        plan = importing.plan(board, file, importing.load(board, mapping, source=source))
        with _bar(len(plan.rows), "storing") as progress:
            stored = importing.store(
                board, plan.source, plan.rows, batch=batch, alert=alert, progress=progress
            )
    if as_json:
        click.echo(json.dumps(_import_summary(plan, stored), ensure_ascii=False))
    else:
        _print_import(plan, stored)


def _import_summary(plan: Plan, stored: Stored) -> dict[str, Any]:
    return {
        "source": plan.source,
        "rows": len(plan.rows) + len(plan.refused),
        "stored_rows": stored.rows,
        "stored_listings": stored.listings,
        "already_there": stored.already_there,
        "announced": stored.announced,
        "refused_rows": len(plan.refused),
        "refused_by_reason": plan.reasons,
        "refused": [
            {
                plan.unit: row.number,
                "id": row.external_id,
                "reasons": [_text(problem) for problem in row.problems],
            }
            for row in plan.refused
        ],
    }


def _print_import(plan: Plan, stored: Stored) -> None:
    click.echo(
        f"{plan.source}: {stored.listings} listings of {stored.rows} rows stored, "
        f"{stored.already_there} rows already there, {len(plan.refused)} refused"
    )
    for reason, count in plan.reasons.items():
        click.echo(f"  {count} × {reason}")
    for row in plan.refused:
        reasons = "; ".join(_text(problem) for problem in row.problems)
        name = "" if row.external_id is None else f" (id {row.external_id})"
        click.echo(f"{plan.unit} {row.number}{name}: {reasons}", err=True)


def _text(problem: Problem) -> str:
    return " ".join(str(problem).split())


# A public id may begin with a hyphen.
@click.command("match", context_settings={"ignore_unknown_options": True})
@click.argument("listing", metavar="ID", required=False)
@click.option("--all", "everything", is_flag=True, help="Every listing of a side.")
@click.option(
    "--side",
    type=click.Choice(list(_SIDES)),
    default="request",
    show_default=True,
    help="With --all: whose counterparts are printed.",
)
@click.option("--at", metavar="TIME", help="As of a time with its zone, or of a date at 00:00 UTC.")
@click.option("--k", default=rankings.K, show_default=True, help="Most counterparts of a listing.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object a line.")
def match_command(
    listing: str | None, everything: bool, side: str, at: str | None, k: int, as_json: bool
) -> None:
    """Print the ranked counterparts of the listing ID, or of --all.

    ID is a public id, an internal number, or the id of an imported row in its file.

    Example: entraide match --all --json --at 2010-01-25
    """
    if everything == (listing is not None):
        raise Refusal("ID", "one of ID and --all is needed", "entraide match ID, or --all")
    moment = None if at is None else moment_of(at)
    with _board() as board:
        wanted = None if listing is None else rankings.find(board, listing)
        loaded = Rankings.load(board, moment)
        answers = loaded.of_all(_SIDES[side], k) if wanted is None else [loaded.of(wanted, k)]
        for ranking in answers:
            if as_json:
                click.echo(json.dumps(_as_json(board, ranking), ensure_ascii=False))
            else:
                _print_ranking(board, ranking)


def moment_of(text: str) -> datetime:
    """The moment that --at names; raises Refusal."""
    accepted = "a date such as 2010-01-25, or a time with its zone such as 2010-01-25T12:00Z"
    try:
        if len(text) == len("2010-01-25"):
            return datetime.combine(date.fromisoformat(text), time(), UTC)
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise Refusal("--at", f"“{text[:60]}” is not a time", accepted) from None
    if moment.tzinfo is None:
        raise Refusal("--at", f"“{text[:60]}” names no zone", accepted)
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        raise Refusal("--at", f"“{text[:60]}” is not a time", accepted) from None


def _as_json(board: Board, ranking: Ranking) -> dict[str, Any]:
    return {
        "id": ranking.listing.id,
        "public_id": ranking.listing.public_id,
        "matches": [
            {
                "id": other.id,
                "public_id": other.public_id,
                "score": match.score,
                "distance_m": match.distance_m,
                "category": board.taxonomy.slug(match.category),
                "reasons": _reasons(board, ranking, position),
            }
            for position, (other, match) in enumerate(ranking.matches)
        ],
    }


def _reasons(board: Board, ranking: Ranking, position: int) -> list[str]:
    other, match = ranking.matches[position]
    return words.reason_words(
        match,
        translations(_LOCALE).gettext,
        _LOCALE,
        taxonomy=board.taxonomy,
        place_name=other.place_name,
    )


def _print_ranking(board: Board, ranking: Ranking) -> None:
    click.echo(f"{ranking.listing.public_id}  {ranking.listing.title}")
    if not ranking.matches:
        click.echo("  no counterpart")
    for position, (other, match) in enumerate(ranking.matches):
        reasons = " · ".join(_reasons(board, ranking, position))
        rank = f"{position + 1:>3}. {match.score / 1e6:.3f}"
        click.echo(f"  {rank}  {other.public_id}  {other.title}  ({reasons})")


@click.command("demo")
@click.option("--count", default=demo.COUNT, show_default=True, help="Listings in all.")
@click.option("--seed", default=demo.SEED, show_default=True, help="Another seed, other listings.")
@click.option("--alert", is_flag=True, help="Tell the people whose alerts the listings hit.")
@click.option("--remove", is_flag=True, help="Take all demonstration listings away.")
def demo_command(count: int, seed: int, alert: bool, remove: bool) -> None:
    """Fill the board with demonstration listings, or remove them.

    They are marked as such, and refused in production.

    Example: entraide demo --count 500
    """
    with _board() as board:
        if remove:
            click.echo(f"{demo.remove(board)} demonstration listings removed")
            return
        with _bar(count, "filling") as progress:
            stored = demo.fill(board, count=count, seed=seed, alert=alert, progress=progress)
    click.echo(
        f"{stored.listings} demonstration listings stored, {stored.already_there} already there"
    )

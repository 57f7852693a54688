"""Walking the routes of the application with what a member has."""

from __future__ import annotations

import itertools
import json
from typing import Any

import sqlalchemy as sa
from flask import Flask
from sqlalchemy.orm import Session
from werkzeug.routing import Rule

from board import blocks, models, organisations, partners, relays, sessions
from board.context import Board
from board.db import Base, now
from board.listings import Listing
from board.members import Member
from board.organisations import Organisation
from board.passkeys import Passkey
from board.push_subscriptions import PushSubscription
from board.questions import Question, Status
from board.roles import BY_ORGANISATION, Role
from tests.factories import Factory
from web.guards import Guard, GuardedBlueprint

GUARDED = {
    Guard.RELAY: Role.RELAY,
    Guard.PARTNER: Role.PARTNER,
    Guard.MODERATOR: Role.MODERATOR,
    Guard.ADMINISTRATOR: Role.ADMINISTRATOR,
}


VERBS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")
#: What a parameter of an address may be where nothing needs to be there.
SAMPLES = {"PublicIdConverter": "AAAAAAAAAAAA", "IntegerConverter": 1, "UnicodeConverter": "x"}
#: What names a member's things in addresses, by the name or else the kind of the parameter.
NAMED = ("organisation", "PublicIdConverter", "IntegerConverter")
#: Changed by any request of a member: when a session was last used.
_PASSING = {"sessions": {"seen_at"}}


def rules(app: Flask, *guards: Guard) -> list[Rule]:
    """The routes behind these guards, of every feature that the application has."""
    found = []
    for rule in app.url_map.iter_rules():
        blueprint = app.blueprints[rule.endpoint.partition(".")[0]]
        assert isinstance(blueprint, GuardedBlueprint), f"{rule.endpoint} has no guard"
        if blueprint.guard in guards:
            found.append(rule)
    return found


def address(app: Flask, rule: Rule, values: dict[str, object]) -> str:
    """The address of a route."""
    built = app.url_map.bind("board.test").build(rule.endpoint, values)
    return str(built)


def samples(rule: Rule) -> dict[str, object]:
    """Any value for each parameter of a route."""
    return {
        name: SAMPLES[type(converter).__name__]
        if type(converter).__name__ in SAMPLES
        else converter.to_python(next(iter(getattr(converter, "items", ("x",)))))
        for name, converter in rule._converters.items()
    }


class World:
    """A member with one of everything that can be somebody's own.

    A feature that lets members have something more adds it here; the walk below fails while a
    route finds nothing that it could be for.
    """

    def __init__(self, board: Board, make: Factory) -> None:
        self.board = board
        self.email = email = f"owner{make.member()}@example.org"
        self.member_id = make.member(email=email, roles=[*(set(Role) - BY_ORGANISATION)])
        make.answered(make.open(email=email, categories=("medicine",)))
        make.alert(email=email)
        relays.post(board, self.member_id, make.form(), "in-person", f"key-{self.member_id:08d}")
        self._speaks_officially(make)
        with board.db.write() as session:
            sessions.open_(session, self.member_id)
            blocks.block(session, self.member_id, make_quietly(session))
            session.add(
                Passkey(
                    member_id=self.member_id,
                    credential_id=f"key {self.member_id}".encode(),
                    public_key=b"key",
                    sign_count=0,
                    created_at=now(session),
                )
            )
            session.add(
                PushSubscription(
                    member_id=self.member_id,
                    endpoint_hash=board.vault.once("push", email),
                    sealed=board.vault.seal(json.dumps([])),
                    service="fcm.googleapis.com",
                    device="Firefox",
                    created_at=now(session),
                    used_at=now(session),
                )
            )

    def _speaks_officially(self, make: Factory) -> None:
        """An organisation with a colleague, an item and a question that this member has taken."""
        office = make.organisation()
        view = make.information(office)
        with self.board.db.write() as session:
            row = organisations.find(session, office.id)
            organisations.give_seat(session, row, self.member_id, organisations.COORDINATOR)
            session.add(
                Question(
                    listing_id=view.id,
                    organisation_id=row.id,
                    assigned_to=self.member_id,
                    locale="fr",
                    status=Status.OPEN,
                    sealed=self.board.vault.seal(json.dumps({"text": "Ouvert samedi ?"})),
                    created_at=now(session),
                )
            )

    def values(self) -> dict[str, set[object]]:
        """What names this member's things in addresses, as `NAMED` sorts it."""
        found: dict[str, set[object]] = {name: set() for name in NAMED}
        with self.board.db.read() as session:
            for model in models.ALL:
                self._gather(session, model, found)
        return found

    def _gather(self, session: Session, model: Any, found: dict[str, set[object]]) -> None:
        to_members = [
            column.key
            for column in model.__table__.columns
            if any(key.column.table.name == "members" for key in column.foreign_keys)
        ]
        for owner in to_members:
            for row in session.scalars(
                sa.select(model).where(getattr(model, owner) == self.member_id)
            ):
                if hasattr(row, "public_id"):
                    found["PublicIdConverter"].add(row.public_id)
                elif isinstance(getattr(row, "id", None), int):
                    found["IntegerConverter"].add(row.id)
                if (organisation_id := getattr(row, "organisation_id", None)) is not None:
                    office = session.get_one(Organisation, organisation_id)
                    found["organisation"].add(office.public_id)
                    colleagues = partners.of_organisation(session, organisation_id)
                    found["PublicIdConverter"] |= {each.public_id for each in colleagues}
                for key, table in (("listing_id", Listing), *((k, Member) for k in to_members)):
                    related = getattr(row, key, None)
                    if related is not None:
                        named = session.get_one(table, related)
                        found["PublicIdConverter"].add(named.public_id)


def make_quietly(session: Session) -> int:
    """Somebody to be blocked."""
    member = Member(email=None, locale="fr", created_at=now(session))
    session.add(member)
    session.flush()
    return member.id


def contents(board: Board) -> dict[str, list[tuple[object, ...]]]:
    """Every row of every table, but for what any request changes."""
    with board.db.read() as session:
        return {
            table.name: [
                tuple(
                    value
                    for name, value in row._mapping.items()
                    if name not in _PASSING.get(table.name, ())
                )
                for row in session.execute(sa.select(table))
            ]
            for table in Base.metadata.sorted_tables
        }


def naming(rule: Rule, values: dict[str, set[object]]) -> list[dict[str, object]]:
    """Every way to put somebody's things into an address; none where it names no thing."""
    kinds = {
        name: name if name in values else type(each).__name__
        for name, each in rule._converters.items()
    }
    named = {name: kind for name, kind in kinds.items() if kind in values}
    if not named:
        return []
    rest = {name: value for name, value in samples(rule).items() if name not in named}
    choices = itertools.product(*(sorted(values[kind], key=str) for kind in named.values()))
    return [{**rest, **dict(zip(named, choice, strict=True))} for choice in choices]

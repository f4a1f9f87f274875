"""Dashboards: a person's own tiles, shown to the roles they are shared with. What a tile shows,
each viewer sees within their own rights.

Only the owner changes one. Where the owner is gone, administrators do.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypedDict, Unpack

import sqlalchemy as sa

from kampass.access import NotAllowed, NotFound, Role
from kampass.library import layout as layouts
from kampass.library.layout import Layout
from kampass.people import text
from kampass.people.accounts.person import Person
from kampass.people.database import PeopleDatabase
from kampass.people.schema import DASHBOARDS, PERSONS, SHARES
from kampass.store.records import from_text

LONGEST_NAME = 120


@dataclass(frozen=True)
class Dashboard:
    """A dashboard; `owner_gone` says that administrators look after it."""

    id: int
    owner_id: int
    owner: str
    owner_gone: bool
    name: str
    layout: Layout
    shared_with: frozenset[Role]
    created_at: datetime
    changed_at: datetime

    def seen_by(self, person: Person) -> bool:
        """Whether it is this person's to see."""
        return self.changed_by(person) or person.role in self.shared_with

    def changed_by(self, person: Person) -> bool:
        """Whether it is this person's to change."""
        return person.id == self.owner_id or (self.owner_gone and person.role is Role.ADMIN)


class DashboardChanges(TypedDict, total=False):
    """What of a dashboard may be changed; a key that is not given stays."""

    name: str
    layout: Sequence[Any]
    shared_with: Iterable[Role]


_FOUND = sa.select(
    DASHBOARDS, PERSONS.c.name.label("owner"), PERSONS.c.removed_at.is_not(None).label("owner_gone")
).join(PERSONS, PERSONS.c.id == DASHBOARDS.c.owner_id)


class Dashboards:
    """Everybody's dashboards."""

    def __init__(self, database: PeopleDatabase) -> None:
        self._database = database

    def add(
        self, owner: Person, name: str, layout: Sequence[Any], shared_with: Iterable[Role] = ()
    ) -> Dashboard:
        """Make a dashboard. BadLayout, BadField."""
        at = self._database.now_text()
        values = {
            "owner_id": owner.id,
            "name": text.line(name, "name", longest=LONGEST_NAME),
            "layout": layouts.written(layout),
            "created_at": at,
            "changed_at": at,
        }
        with self._database.writing() as connection:
            key = connection.execute(sa.insert(DASHBOARDS).values(**values)).inserted_primary_key
            assert key is not None
            _share(connection, key[0], shared_with)
            return _one(connection, key[0], owner)

    def visible(self, person: Person) -> list[Dashboard]:
        """The dashboards that are this person's to see, by name."""
        with self._database.reading() as connection:
            found = _read(connection)
        return sorted(
            (one for one in found if one.seen_by(person)),
            key=lambda one: (one.name.casefold(), one.id),
        )

    def get(self, dashboard_id: int, person: Person) -> Dashboard:
        """A dashboard; NotFound where there is none, or none for this person."""
        with self._database.reading() as connection:
            return _one(connection, dashboard_id, person)

    def change(
        self, dashboard_id: int, person: Person, **changes: Unpack[DashboardChanges]
    ) -> Dashboard:
        """Change what is given. NotFound, NotAllowed, BadLayout, BadField."""
        values = {"changed_at": self._database.now_text()}
        if "name" in changes:
            values["name"] = text.line(changes["name"], "name", longest=LONGEST_NAME)
        if "layout" in changes:
            values["layout"] = layouts.written(changes["layout"])
        with self._database.in_turn() as connection:
            _check_owner(_one(connection, dashboard_id, person), person)
            connection.execute(
                sa.update(DASHBOARDS).where(DASHBOARDS.c.id == dashboard_id).values(**values)
            )
            if "shared_with" in changes:
                _share(connection, dashboard_id, changes["shared_with"])
            return _one(connection, dashboard_id, person)

    def remove(self, dashboard_id: int, person: Person) -> None:
        """Take a dashboard away. NotFound, NotAllowed."""
        with self._database.in_turn() as connection:
            _check_owner(_one(connection, dashboard_id, person), person)
            _share(connection, dashboard_id, ())
            connection.execute(sa.delete(DASHBOARDS).where(DASHBOARDS.c.id == dashboard_id))


def _read(connection: sa.Connection, *which: sa.ColumnElement[bool]) -> list[Dashboard]:
    rows = connection.execute(_FOUND.where(*which)).all()
    shared: dict[int, set[Role]] = {}
    for share in connection.execute(
        sa.select(SHARES).where(SHARES.c.dashboard_id.in_([row.id for row in rows]))
    ):
        shared.setdefault(share.dashboard_id, set()).add(Role(share.role))
    return [_dashboard(row, frozenset(shared.get(row.id, ()))) for row in rows]


def _one(connection: sa.Connection, dashboard_id: int, person: Person) -> Dashboard:
    for found in _read(connection, DASHBOARDS.c.id == dashboard_id):
        if found.seen_by(person):
            return found
    raise NotFound("There is no such dashboard.")


def _check_owner(dashboard: Dashboard, person: Person) -> None:
    if not dashboard.changed_by(person):
        raise NotAllowed(
            "Only its owner changes a dashboard.", hint="Make one of your own from it."
        )


def _share(connection: sa.Connection, dashboard_id: int, roles: Iterable[Role]) -> None:
    connection.execute(sa.delete(SHARES).where(SHARES.c.dashboard_id == dashboard_id))
    for role in sorted({Role(role) for role in roles}):
        connection.execute(sa.insert(SHARES).values(dashboard_id=dashboard_id, role=role.value))


def _dashboard(row: Any, shared_with: frozenset[Role]) -> Dashboard:
    return Dashboard(
        row.id,
        row.owner_id,
        row.owner,
        bool(row.owner_gone),
        row.name,
        json.loads(row.layout),
        shared_with,
        from_text(row.created_at),
        from_text(row.changed_at),
    )

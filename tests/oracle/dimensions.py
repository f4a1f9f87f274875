"""Dimensions as they were at an anchor, conditions, and the slice that a question keeps."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from .book import Row, day_before
from .known import Known
from .schema import ROW_COLUMNS

ACCOUNT_DIMENSIONS = (
    "segment",
    "industry",
    "region",
    "tier",
    "acquisition_source",
    "account",
    "account_manager",
    "team",
)

# The letters of the pins: what an event adds to the account's own dimensions.
ADDED_DIMENSIONS: dict[str, tuple[str, ...]] = {
    "A": (),
    "T": ("user", "channel", "direction", "purpose", "persona"),
    "K": ("agent", "channel", "priority", "topic"),
    "R": ("survey", "persona"),
    "R+agent": ("survey", "persona", "agent"),
    "D": ("user", "source", "kind"),
    "B": ("product", "family"),
    "A+product": ("product",),
    "A+channel": ("channel",),
}


# Letters of KPIs that count the rows of the first table they need.
COUNTS_ROWS = ("T", "K", "R", "R+agent", "D", "B")


class QuestionError(ValueError):
    """A question that cannot be asked."""


def allowed_dimensions(known: Known, letter: str, needs: tuple[str, ...]) -> set[str]:
    """The dimensions a KPI has: by its letter, and those that its rows' other columns are."""
    if letter == "none":
        return set()
    if letter == "M":
        return {"team"}
    of_accounts = set(ACCOUNT_DIMENSIONS) | _attributes(known)
    rows = needs[0] if letter in COUNTS_ROWS else ""
    return of_accounts | set(ADDED_DIMENSIONS[letter]) | row_columns(known, rows)


def row_columns(known: Known, table: str) -> set[str]:
    """The names under which a table's own unknown columns are dimensions: their bare ones, unless
    they are taken, and in full.
    """
    if table not in ROW_COLUMNS:
        return set()
    names = {name for row in known.kept[table] for name in row.extra}
    return names | {f"{table}.{name}" for name in names}


def _attributes(known: Known) -> set[str]:
    key = ("attributes",)
    if key not in known.cache:
        names = {row.attribute for row in known["account_attributes"]}
        for account in known["accounts"]:
            names |= set(account.extra)
        known.cache[key] = names
    return known.cache[key]


# -- what held at a date ----------------------------------------------------------------------


def _at(rows: Sequence[Row], day: date) -> Row | None:
    """Of the spans that contain the day, the one with the later valid_from, then the later line."""
    held = [
        row
        for row in rows
        if row.valid_from <= day and (row.valid_to is None or day < row.valid_to)
    ]
    return (
        max(held, key=lambda row: (row.valid_from, row.told.recorded_at, row.line))
        if held
        else None
    )


def account_manager(known: Known, account: str | None, day: date) -> str | None:
    """The account manager of that day, else the latest earlier one, else unknown."""
    rows = [
        row
        for row in known["ownerships"]
        if row.account_id == account and row.role == "account_manager"
    ]
    holder = _at(rows, day)
    if holder is None:
        ended = [row.valid_to for row in rows if row.valid_to is not None and row.valid_to <= day]
        if ended:
            holder = _at(rows, day_before(max(ended)))
    return None if holder is None else holder.user_id


def team_of_user(known: Known, user: str | None, day: date) -> str | None:
    """The user's team by the memberships of that day, else by the user's own row."""
    if user is None:
        return None
    membership = _at([row for row in known["memberships"] if row.user_id == user], day)
    if membership is not None:
        return membership.team_id
    return known.by_id("users")[user].team_id


def team_of_employee(
    known: Known, user: str | None, day: date, employment: Row | None
) -> str | None:
    """By the memberships of that day, else the employment's team, else the user's own row."""
    if user is None:
        return None
    membership = _at([row for row in known["memberships"] if row.user_id == user], day)
    if membership is not None:
        return membership.team_id
    if employment is not None and employment.team_id is not None:
        return employment.team_id
    return known.by_id("users")[user].team_id


def employment_at(known: Known, user: str | None, day: date) -> Row | None:
    """The employment of the user that contains the day."""
    for row in known["employees"]:
        if row.user_id == user and row.joined_on <= day:
            if row.left_on is None or day < row.left_on:
                return row
    return None


def attribute(known: Known, account: str | None, name: str, day: date) -> str | None:
    """The attribute as it was: only its spans count when there are any, else the current value."""
    if account is None:
        return None
    rows = [
        row
        for row in known["account_attributes"]
        if row.account_id == account and row.attribute == name
    ]
    if rows:
        held = _at(rows, day)
        return None if held is None else held.value
    row = known.by_id("accounts")[account]
    if name in ("segment", "industry", "region", "tier", "acquisition_source"):
        return getattr(row, name)
    return row.extra.get(name)


# -- places -----------------------------------------------------------------------------------


@dataclass
class Place:
    """Where one counted thing lies: its account, its anchor and its own fields.

    ``team_from`` says whose team counts: the account manager's, the acting person's or the
    employee's.
    """

    known: Known
    account: str | None
    anchor: date
    fields: dict[str, str | None] = field(default_factory=dict)
    team_from: str = "account_manager"
    person: str | None = None
    employment: Row | None = None
    seen: dict[str, str | None] = field(default_factory=dict)

    def value(self, dimension: str) -> str | None:
        """The value of a dimension; unknown is None."""
        if dimension not in self.seen:
            self.seen[dimension] = self._value(dimension)
        return self.seen[dimension]

    def _value(self, dimension: str) -> str | None:
        if dimension in self.fields:
            return self.fields[dimension]
        if dimension == "account":
            return self.account
        if dimension == "team":
            return self._team()
        key = (dimension, self.account, self.anchor)
        if key not in self.known.cache:
            if dimension == "account_manager":
                value = account_manager(self.known, self.account, self.anchor)
            else:
                value = attribute(self.known, self.account, dimension, self.anchor)
            self.known.cache[key] = value
        return self.known.cache[key]

    def _team(self) -> str | None:
        if self.team_from == "employee":
            return team_of_employee(self.known, self.person, self.anchor, self.employment)
        if self.team_from == "person":
            return team_of_user(self.known, self.person, self.anchor)
        return team_of_user(self.known, self.value("account_manager"), self.anchor)


def persona(known: Known, contact: str | None) -> str | None:
    """The persona of an event's contact."""
    named = known.by_id("contacts").get(contact)
    return None if named is None else named.persona


def family(known: Known, product: str | None) -> str | None:
    """The family of a product."""
    return None if product is None else known.by_id("products")[product].family


def account_place(known: Known, account: str, anchor: date) -> Place:
    """An account at an anchor."""
    key = ("account place", account, anchor)
    if key not in known.cache:
        known.cache[key] = Place(known, account, anchor)
    return known.cache[key]


def row_place(known: Known, table: str, row: Row, anchor: date) -> Place:
    """A row of a table at an anchor."""
    key = ("row place", table, id(row), anchor)
    if key not in known.cache:
        known.cache[key] = _row_place(known, table, row, anchor)
    return known.cache[key]


def _row_place(known: Known, table: str, row: Row, anchor: date) -> Place:
    place = _own_place(known, table, row, anchor)
    if table in ROW_COLUMNS:
        taken = set(ACCOUNT_DIMENSIONS) | _attributes(known) | set(place.fields)
        for name, value in row.extra.items():
            place.fields[f"{table}.{name}"] = value
            if name not in taken:
                place.fields[name] = value
    return place


def _own_place(known: Known, table: str, row: Row, anchor: date) -> Place:
    if table == "employees":
        return Place(known, None, anchor, team_from="employee", person=row.user_id, employment=row)
    if table == "touches":
        fields = {
            "user": row.user_id,
            "channel": row.channel,
            "direction": row.direction,
            "purpose": row.purpose,
            "persona": persona(known, row.contact_id),
        }
        return Place(known, row.account_id, anchor, fields, "person", row.user_id)
    if table == "tickets":
        fields = {
            "agent": row.assignee_id,
            "channel": row.channel,
            "priority": row.priority,
            "topic": row.topic,
        }
        return Place(known, row.account_id, anchor, fields, "person", row.assignee_id)
    if table == "deals":
        fields = {"user": row.owner_id, "source": row.source, "kind": row.kind}
        return Place(known, row.account_id, anchor, fields, "person", row.owner_id)
    if table == "responses":
        return _response_place(known, row, anchor)
    if table == "invitations":
        fields = {"survey": row.survey_id, "persona": persona(known, row.contact_id)}
        return Place(known, row.account_id, anchor, fields)
    if table in ("subscriptions", "contracts", "purchases"):
        fields = {"product": row.product_id, "family": family(known, row.product_id)}
        return Place(known, row.account_id, anchor, fields)
    if table == "usage_daily":
        return Place(known, row.account_id, anchor, {"product": row.product_id})
    if table == "mentions":
        return Place(known, row.account_id, anchor, {"channel": row.channel})
    return Place(known, row.account_id, anchor)


def _response_place(known: Known, row: Row, anchor: date) -> Place:
    kind = known.by_id("surveys")[row.survey_id].kind
    if kind in ("enps", "esat"):
        employment = employment_at(known, row.user_id, anchor)
        return Place(
            known, None, anchor, team_from="employee", person=row.user_id, employment=employment
        )
    fields = {"survey": row.survey_id, "persona": persona(known, row.contact_id)}
    if kind != "csat":
        return Place(known, row.account_id, anchor, fields)
    fields["agent"] = row.agent_id
    if row.agent_id is None:
        return Place(known, row.account_id, anchor, fields)
    return Place(known, row.account_id, anchor, fields, "person", row.agent_id)


# -- conditions -------------------------------------------------------------------------------

_CONDITION = re.compile(r"\s*(.+?)\s*(!=|=|\sis\s+unknown\s*$|\sin_tree\s|\sin\s)(.*)", re.DOTALL)


@dataclass(frozen=True)
class Condition:
    """One ``--where`` expression."""

    dimension: str
    operator: str
    values: tuple[str, ...]

    def holds(self, known: Known, place: Place) -> bool:
        value = place.value(self.dimension)
        if self.operator == "is unknown":
            return value is None
        if value is None:
            return False
        if self.operator == "!=":
            return value not in self.values
        if self.operator == "in_tree":
            return _below(known, self.dimension, value, self.values[0])
        return value in self.values


def read_condition(text: str) -> Condition:
    """``segment=x``, ``region!=x``, ``segment is unknown``, ``tier in a,b``, ``team in_tree x``."""
    match = _CONDITION.fullmatch(text)
    if match is None:
        raise QuestionError(f"not a condition: {text}")
    dimension, operator, rest = match.groups()
    operator = " ".join(operator.split())
    if operator == "is unknown":
        return Condition(dimension, operator, ())
    if operator == "in":
        return Condition(dimension, operator, tuple(part.strip() for part in rest.split(",")))
    if operator == "in_tree" and dimension not in ("team", "account"):
        raise QuestionError(f"{dimension} has no tree")
    return Condition(dimension, operator, (rest.strip(),))


def _below(known: Known, dimension: str, value: str, top: str) -> bool:
    """Whether the value is the top of the tree or lies below it."""
    rows = known.by_id("teams" if dimension == "team" else "accounts")
    passed: set[str] = set()
    here: str | None = value
    while here is not None and here not in passed:
        if here == top:
            return True
        passed.add(here)
        here = rows[here].parent_id if here in rows else None
    return False


class Cut:
    """Which places a figure counts: those that meet every condition and lie in one slice.

    Without ``wanted`` every slice counts, and ``found`` gathers the slices that were met.
    """

    def __init__(
        self,
        known: Known,
        conditions: Sequence[Condition] = (),
        by: Sequence[str] = (),
        wanted: tuple[str | None, ...] | None = None,
    ) -> None:
        self.known = known
        self.conditions = tuple(conditions)
        self.by = tuple(by)
        self.wanted = wanted
        self.found: set[tuple[Any, ...]] = set()

    def keeps(self, place: Place) -> bool:
        """Whether the place lies in the slice."""
        for condition in self.conditions:
            if not condition.holds(self.known, place):
                return False
        values = tuple(place.value(dimension) for dimension in self.by)
        if self.wanted is None:
            self.found.add(values)
            return True
        return values == self.wanted

"""The sample tables' columns and Arrow types, and the few operations that build them.

Days, cents and microseconds are plain integers until a table is made, with NULL for an unknown one.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from kampass.intake.sample.stories import END_DAY, FIRST_DAY

NULL = -(2**62)
DAY = 86_400_000_000
"""One day in microseconds."""

_EPOCH = date(1970, 1, 1)

_COLUMNS = {
    "accounts": "id! name! parent_id>accounts segment industry region tier acquisition_source "
    "acquired_on:date is_test:flag",
    "account_attributes": "account_id!>accounts attribute! value valid_from!:date valid_to:date",
    "contacts": "id! account_id>accounts name email persona role is_key:flag is_primary:flag",
    "teams": "id! name! parent_id>teams",
    "users": "id! name! email role team_id>teams manager_id>users active_from:date active_to:date",
    "memberships": "user_id!>users team_id!>teams valid_from!:date valid_to:date",
    "ownerships": "account_id!>accounts user_id!>users role! valid_from!:date valid_to:date",
    "products": "id! name! family! tier_rank:count is_addon:flag",
    "contracts": "id! account_id!>accounts product_id>products signed_on:date valid_from!:date "
    "valid_to:date kind"
    " previous_contract_id>contracts auto_renew:flag outcome ended_on:date churn_type churn_reason"
    " value:money currency",
    "subscriptions": "id! account_id!>accounts contract_id>contracts product_id>products "
    "quantity:count"
    " unit_price:money mrr!:money currency! valid_from!:date valid_to:date is_trial:flag",
    "purchases": "id! account_id!>accounts purchased_at!:instant amount!:money currency! "
    "product_id>products kind",
    "deals": "id! kind! status! created_at!:instant closed_at:instant account_id>accounts "
    "contact_id>contacts"
    " owner_id>users amount:money currency source probability:number attributed_to",
    "touches": "id! occurred_at!:instant channel! direction! purpose user_id>users "
    "account_id>accounts"
    " contact_id>contacts deal_id>deals ticket_id>tickets minutes:number outcome "
    "sentiment:number is_automated:flag",
    "tickets": "id! created_at!:instant account_id>accounts contact_id>contacts assignee_id>users "
    "channel priority"
    " topic first_replied_at:instant resolved_at:instant reopened:count agent_replies:count "
    "customer_messages:count",
    "surveys": "id! kind! scale_min!:number scale_max!:number satisfied_from:number name",
    "responses": "id! survey_id!>surveys responded_at!:instant score!:number account_id>accounts "
    "contact_id>contacts"
    " user_id>users agent_id>users ticket_id>tickets invited_at:instant comment",
    "invitations": "id! survey_id!>surveys invited_at!:instant account_id>accounts "
    "contact_id>contacts "
    "delivered:flag response_id>responses",
    "feedback": "id! received_at!:instant status! account_id>accounts is_actionable:flag "
    "implemented_at:instant communicated_at:instant text",
    "referrals": "id! referrer_account_id!>accounts referred_at!:instant "
    "referred_account_id>accounts "
    "status converted_at:instant",
    "references": "account_id!>accounts valid_from!:date valid_to:date",
    "mentions": "id! mentioned_at!:instant channel! account_id>accounts sentiment:number text url",
    "usage_daily": "account_id!>accounts on!:date product_id>products active_users:count "
    "seats:count "
    "logins:count minutes:number key_events:count",
    "goals": "id! account_id!>accounts name! kind! direction! starts_on:date baseline:number "
    "target!:number due_on!:date kpi",
    "goal_measurements": "goal_id!>goals measured_at!:instant value!:number",
    "employees": "user_id!>users joined_on!:date left_on:date team_id>teams",
    "costs": "id! on!:date kind! amount!:money currency! account_id>accounts",
    "fx_rates": "currency! valid_from!:date rate!:rate",
    "interventions": "id! name! on!:date account_id>accounts segment",
    "leads": "id! created_at!:instant source contact_id>contacts account_id>accounts "
    "converted_at:instant",
    "notes": "id! noted_at!:instant kind! author_id>users account_id>accounts user_id>users kpi "
    "text "
    "sentiment:number",
}

TABLES = tuple(_COLUMNS)
"""Every table of the sample, targets of references first where the order matters to a reader."""


@dataclass(frozen=True)
class Column:
    """One column of a table: its kind of value, whether it must be known and the table it refers
    to.
    """

    name: str
    kind: str
    is_required: bool
    target: str | None


@cache
def columns(table: str) -> tuple[Column, ...]:
    """The columns of a table, in order."""
    return tuple(_column(token) for token in _COLUMNS[table].split())


def _column(token: str) -> Column:
    rest, _, kind = token.partition(":")
    rest, _, target = rest.partition(">")
    return Column(rest.rstrip("!"), kind or "text", rest.endswith("!"), target or None)


@cache
def arrow_type(kind: str) -> pa.DataType:
    """The Arrow type of a kind of value."""
    return {
        "text": pa.string(),
        "date": pa.date32(),
        "instant": pa.timestamp("us", tz="UTC"),
        "money": pa.decimal128(18, 6),
        "rate": pa.decimal128(18, 9),
        "count": pa.int64(),
        "number": pa.float64(),
        "flag": pa.bool_(),
    }[kind]


def day(on: date) -> int:
    """A date as days since 1970."""
    return (on - _EPOCH).days


FIRST = day(FIRST_DAY)
END = day(END_DAY)


def stream(seed: int, noun: str) -> np.random.Generator:
    """A noun's own stream of random numbers, so that the size of one table does not change
    another.
    """
    return np.random.Generator(np.random.PCG64([seed, zlib.crc32(noun.encode())]))


def make(table: str, values: Mapping[str, Any]) -> pa.Table:
    """A table in its canonical shape; columns that are not given are null."""
    shape = columns(table)
    unknown = set(values) - {column.name for column in shape}
    if unknown:
        raise KeyError(f"{table} has no column {', '.join(sorted(unknown))}")
    length = len(next(iter(values.values())))
    arrays = {
        column.name: _array(values[column.name], column.kind)
        if column.name in values
        else pa.nulls(length, arrow_type(column.kind))
        for column in shape
    }
    return pa.table(arrays)


def rows(table: str, records: Sequence[Mapping[str, Any]]) -> pa.Table:
    """A table from records, each naming the columns it knows."""
    named = [
        column.name for column in columns(table) if any(column.name in record for record in records)
    ]
    return make(table, {name: [record.get(name) for record in records] for name in named})


def _array(values: Any, kind: str) -> pa.Array:
    target = arrow_type(kind)
    if isinstance(values, pa.Array | pa.ChunkedArray):
        return values.cast(target)
    if isinstance(values, list) and kind in ("date", "instant", "money", "count"):
        values = np.array([NULL if value is None else value for value in values], dtype=np.int64)
    if not isinstance(values, np.ndarray):
        return pa.array(values, type=None if kind == "rate" else target).cast(target)
    mask = (values == NULL) & (values.dtype == np.int64)
    if kind == "money":
        return pa.array(np.where(mask, 0, values) / 100, mask=mask).cast(target)
    if kind == "date":
        return pa.array(np.where(mask, 0, values).astype(np.int32), mask=mask).cast(target)
    return pa.array(values, mask=mask).cast(target)


def ids(prefix: str, count: int, *, width: int = 6) -> pa.Array:
    """Ids counted from one.

    >>> ids("deal", 2, width=3).to_pylist()
    ['deal-001', 'deal-002']
    """
    numbers = pc.utf8_lpad(pa.array(np.arange(1, count + 1)).cast(pa.string()), width, "0")
    return pc.binary_join_element_wise(pa.scalar(prefix), numbers, pa.scalar("-"))


def pick(values: pa.Array | Sequence[str], index: np.ndarray) -> pa.Array:
    """The value at each position; a position below zero gives null."""
    source = (
        values
        if isinstance(values, pa.Array | pa.ChunkedArray)
        else pa.array(list(values), pa.string())
    )
    return source.take(pa.array(index, mask=np.asarray(index) < 0))


def draw(rng: np.random.Generator, chances: Mapping[Any, float], count: int) -> pa.Array:
    """Texts (None for null) drawn by their relative chances."""
    return pick([value or "" for value in chances], draw_codes(rng, chances, count))


def draw_codes(rng: np.random.Generator, chances: Mapping[Any, float], count: int) -> np.ndarray:
    """Positions in `chances` drawn by their relative chances; the one of None is -1."""
    edges = np.cumsum(np.array(list(chances.values()), dtype=float))
    codes = np.searchsorted(edges / edges[-1], rng.random(count), side="right").astype(np.int64)
    codes = np.minimum(codes, len(edges) - 1)
    none = [position for position, value in enumerate(chances) if value is None]
    return np.where(np.isin(codes, none), -1, codes) if none else codes


def working_day(days: np.ndarray) -> np.ndarray:
    """Days with Saturdays and Sundays moved on to Monday."""
    weekday = (days + 3) % 7
    return days + np.where(weekday >= 5, 7 - weekday, 0)


def office_instant(rng: np.random.Generator, days: np.ndarray) -> np.ndarray:
    """An instant in office hours, 8:00 to 18:00, of each day."""
    hours = 8 + 10 * rng.beta(1.6, 1.8, len(days))
    return days.astype(np.int64) * DAY + (hours * 3600).astype(np.int64) * 1_000_000

"""The canonical tables as the sample builds them: Arrow types, and the few operations on them.

Days, cents and microseconds are plain integers until a table is made, with NULL for an unknown one.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from datetime import date
from functools import cache
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from kampass.intake.sample.stories import END_DAY, FIRST_DAY
from kampass.model import TABLES as CANONICAL
from kampass.model.tables import Column

NULL = -(2**62)
DAY = 86_400_000_000
"""One day in microseconds."""

_EPOCH = date(1970, 1, 1)

_SWAPPED = {"tickets": "touches", "touches": "tickets"}
TABLES = tuple(_SWAPPED.get(name, name) for name in CANONICAL if name != "coverage")
"""Every table of the sample, in the order of the model, but touches before tickets: the ids of its
loads and snapshots are digests that follow the order.
"""

_MONEY = {"value", "unit_price", "mrr", "amount"}
_COUNTS = {"tier_rank", "quantity", "active_users", "seats", "logins", "key_events"}


@cache
def columns(table: str) -> tuple[Column, ...]:
    """The columns of a table, in order, without the stamps that only a source's own rows carry."""
    return tuple(
        column
        for column in CANONICAL[table].columns
        if column.name not in {"updated_at", "deleted_at"}
    )


@cache
def arrow_type(table: str, column: str) -> pa.DataType:
    """The Arrow type of a column; the model's decimals are money, counts or plain numbers here."""
    kind = CANONICAL[table].column(column).type
    if kind == "decimal" and column in _COUNTS:
        kind = "integer"
    if kind == "decimal" and not (column in _MONEY and CANONICAL[table].has("currency")):
        return pa.float64()
    return {
        "text": pa.string(),
        "date": pa.date32(),
        "instant": pa.timestamp("us", tz="UTC"),
        "decimal": pa.decimal128(18, 6),
        "rate": pa.decimal128(18, 9),
        "integer": pa.int64(),
        "bool": pa.bool_(),
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
        column.name: _array(values[column.name], arrow_type(table, column.name))
        if column.name in values
        else pa.nulls(length, arrow_type(table, column.name))
        for column in shape
    }
    return pa.table(arrays)


def rows(table: str, records: Sequence[Mapping[str, Any]]) -> pa.Table:
    """A table from records, each naming the columns it knows."""
    named = [
        column.name for column in columns(table) if any(column.name in record for record in records)
    ]
    return make(table, {name: [record.get(name) for record in records] for name in named})


def _array(values: Any, target: pa.DataType) -> pa.Array:
    if isinstance(values, pa.Array | pa.ChunkedArray):
        return values.cast(target)
    is_rate = target == pa.decimal128(18, 9)
    is_money = pa.types.is_decimal(target) and not is_rate
    is_date = pa.types.is_date(target)
    if isinstance(values, list) and (
        is_money or is_date or pa.types.is_timestamp(target) or pa.types.is_integer(target)
    ):
        values = np.array([NULL if value is None else value for value in values], dtype=np.int64)
    if not isinstance(values, np.ndarray):
        return pa.array(values, type=None if is_rate else target).cast(target)
    mask = (values == NULL) & (values.dtype == np.int64)
    if is_money:
        return pa.array(np.where(mask, 0, values) / 100, mask=mask).cast(target)
    if is_date:
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

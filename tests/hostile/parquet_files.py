"""Canonical Parquet files whose types are not what the table asks for, or which are not whole."""

import io
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

from tests.hostile.cases import Aside, Cells, Hostile

INSTANT = "is not a date or a timestamp with an offset"


def _written(columns: dict[str, Any]) -> bytes:
    import pyarrow as pa
    import pyarrow.parquet as pq

    raw = io.BytesIO()
    pq.write_table(
        pa.table(
            {
                name: pa.array(*column) if isinstance(column, tuple) else pa.array(column)
                for name, column in columns.items()
            }
        ),
        raw,
    )
    return raw.getvalue()


def _accounts(
    name: str, columns: Callable[[], dict[str, Any]], *read: Cells, **more: Any
) -> Hostile:
    return Hostile(
        name,
        "accounts.parquet",
        lambda: _written(columns()),
        read=read,
        shown=more.pop("shown", "id name"),
        **more,
    )


def _buys(
    name: str,
    column: str,
    values: Callable[[], Any],
    good: tuple[str, ...],
    bad: tuple[tuple[str, str], ...],
) -> Hostile:
    """Purchases with one column as given: the first values read, the others are set aside."""

    def columns() -> dict[str, Any]:
        made: dict[str, Any] = {"id": [str(number) for number in range(len(good) + len(bad))]}
        plain = {
            "account_id": "a",
            "purchased_at": date(2026, 3, 1),
            "amount": Decimal(1),
            "currency": "EUR",
        }
        return (
            made
            | {name: [value] * len(made["id"]) for name, value in plain.items()}
            | {column: values()}
        )

    read = tuple((str(number), value) for number, value in enumerate(good))
    aside = tuple(
        Aside(number, column, value, reason)
        for number, (value, reason) in enumerate(bad, start=len(good) + 1)
    )
    return Hostile(
        name,
        "purchases.parquet",
        lambda: _written(columns()),
        shown=f"id {column}",
        read=read,
        aside=aside,
    )


def _torn() -> bytes:
    raw = _written({"id": [str(number) for number in range(9999)], "name": ["x"] * 9999})
    return raw[:6] + b"\xff" * 24 + raw[30:]


def _refused(name: str, raw: Callable[[], bytes], words: str, way_out: str) -> Hostile:
    return Hostile(name, "accounts.parquet", raw, refused=words, way_out=way_out)


def _arrow() -> Any:
    import pyarrow as pa

    return pa


GOOD = {"id": ["1"], "name": ["Ann"]}
NAN, INF = float("nan"), float("inf")
CASES = (
    _buys("amounts as text", "amount", lambda: ["1.5", "1.234,56", "1E5"], ("1.5",), (("1.234,56", "is not a number"), ("1E5", "is not a number"))),
    _buys("amounts as doubles", "amount", lambda: [0.1, 5.0, NAN, INF, -INF, 1e300], ("0.1", "5"), tuple((value, "is not a number") for value in ("nan", "inf", "-inf", ""))),
    _buys("amounts too large", "amount", lambda: [Decimal("1.500"), Decimal("1" + "0" * 20)], ("1.5",), (("", "too large"),)),
    _buys("timestamps without a zone", "purchased_at", lambda: [datetime(2026, 3, 1, 9, 30)], (), (("2026-03-01 09:30:00", INSTANT),)),
    _buys("timestamps in another zone", "purchased_at", lambda: [datetime(2026, 3, 1, 9, 30, tzinfo=timezone(timedelta(hours=5)))], ("2026-03-01T04:30:00.000000",), ()),
    _buys("timestamps in nanoseconds", "purchased_at", lambda: ([1772357400123456000], _arrow().timestamp("ns", "UTC")), ("2026-03-01T09:30:00.123456",), ()),
    _buys("times of day", "purchased_at", lambda: [datetime(2026, 3, 1, 9, 30, tzinfo=UTC).time()], (), (("09:30:00", INSTANT),)),
    _accounts("ids as whole numbers", lambda: {"id": [1, 2], "name": ["Ann", "Bob"]}, ("1", "Ann"), ("2", "Bob")),
    _accounts("truth as numbers", lambda: {**GOOD, "is_test": [1]}, shown="id is_test", aside=(Aside(1, "is_test", "1", "neither true nor false"),)),
    _accounts("dates as timestamps", lambda: {**GOOD, "acquired_on": [datetime(2026, 3, 1)]}, shown="id acquired_on", aside=(Aside(1, "acquired_on", "2026-03-01 00:00:00", "is not a date"),)),
    _accounts("a column of nothing", lambda: {**GOOD, "region": [None]}, ("1", "Ann", None), shown="id name region"),
    _accounts("no rows", lambda: {"id": ([], _arrow().string()), "name": ([], _arrow().string())}),
    _accounts("NUL in a name", lambda: {"id": ["1", "2"], "name": ["A\0nn", "Bob"]}, ("2", "Bob"), aside=(Aside(1, "name", "A\0nn", "NUL"),)),
    _accounts("texts as bytes", lambda: {"id": [b"1", b"2"], "name": ["M\u00fcller".encode(), b"Bob"]}, refused="'id'.*BLOB|'id'.*bytes", way_out="text"),
    _accounts("ids as fractions", lambda: {"id": [1.0, 2.5], "name": ["Ann", "Bob"]}, refused="'id'.*DOUBLE", way_out="text"),
    _accounts("a column within a column", lambda: {"id": [{"a": "1"}], "name": ["Ann"]}, refused="'id'.*STRUCT", way_out="text"),
    _accounts("a list in a cell", lambda: {"id": ["1"], "name": [["Ann", "Bob"]]}, refused="'name'.*VARCHAR\\[\\]", way_out="text"),
    _accounts("no column id", lambda: {"ID": ["1"], "name": ["Ann"]}, refused="'id'", way_out="template|small letters"),
    _refused("a footer that is damaged", lambda: _written(GOOD)[:-12] + b"\0\0\0\0\0\0\0\0PAR1", "not a Parquet file", "."),
    _refused("a file that is cut", lambda: _written(GOOD)[:100], "not a Parquet file", "."),
    _refused("bytes in the middle that are changed", _torn, "cannot be read|not a Parquet", "."),
    _refused("CSV named .parquet", lambda: b"id,name\n1,Ann\n", "not a Parquet file", "."),
    _refused("nothing", lambda: b"", "not a Parquet file", "."),
)  # fmt: skip

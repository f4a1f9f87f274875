"""From text as it stands to typed values: one SQL expression per column, nothing guessed.

A value that does not read as its column's type makes the row go to quarantine; it is never dropped,
nulled or sniffed.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from kampass.model.scan import Scan
from kampass.model.tables import SQL_TYPES, TABLES, Column, Table

_YEAR = r"(\d{3}[1-9]|\d{2}[1-9]\d|\d[1-9]\d{2}|[1-9]\d{3})"  # there is no year 0000
_DATE = _YEAR + r"-\d{2}-\d{2}"
_INSTANT = _DATE + r"[T ]\d{2}:\d{2}(:\d{2}([.]\d{1,9})?)?(Z|[+-]([01]\d|2[0-3])(:?[0-5]\d)?)"
_NUMBER = r"-?\d+([.]\d+)?"
_WHOLE = r"-?\d+([.]0+)?"
_ASKED = {
    "date": "is not a date (2026-03-01)",
    "instant": "is not a date or a timestamp with an offset or Z (2026-03-01T09:30:00Z)",
    "decimal": "is not a number (1234.5), or too large",
    "rate": "is not a number (1234.5), or too large",
    "integer": "is not a whole number",
    "bool": "is neither true nor false",
    "text": "holds a NUL character",
    "key": "holds an invisible character (zero-width, a no-break space at an end, or NUL)",
}
_UNSEEN = (
    r"[\x{00AD}\x{200B}-\x{200F}\x{202A}-\x{202E}\x{2060}-\x{2064}\x{2066}-\x{2069}"
    r"\x{FEFF}\x{0000}]|^\x{00A0}|\x{00A0}$"
)


@dataclass(frozen=True)
class Check:
    """A rule a row must pass: the column it is about, the SQL that finds offenders, the reason in
    words.
    """

    column: str
    offends: str
    reason: str


def quoted(name: str) -> str:
    """An SQL identifier, always in quotes."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """An SQL string literal."""
    return "'" + text.replace("'", "''") + "'"


def typed(column: Column, source_type: str, timezone: str) -> str:
    """The SQL that reads one column as its type; null where the value does not read."""
    name = quoted(column.name)
    if source_type != "VARCHAR":
        direct = _direct(column, source_type.upper(), name, timezone)
        if direct:
            return direct
        name = f"CAST({name} AS VARCHAR)"
    value = f"nullif({name}, '')"
    return {
        "text": _text(column, value),
        "date": f"CASE WHEN regexp_full_match({value}, '{_DATE}') THEN TRY_CAST({value} AS DATE) "
        "END",
        "instant": _instant(value, timezone),
        "decimal": f"CASE WHEN regexp_full_match({value}, '{_NUMBER}') THEN TRY_CAST({value} AS "
        f"{SQL_TYPES['decimal']}) END",
        "rate": f"CASE WHEN regexp_full_match({value}, '{_NUMBER}') THEN TRY_CAST({value} AS "
        f"{SQL_TYPES['rate']}) END",
        "integer": f"CASE WHEN regexp_full_match({value}, '{_WHOLE}') THEN TRY_CAST({value} AS "
        "BIGINT) "
        "END",
        "bool": f"CASE {value} WHEN 'true' THEN true WHEN 'false' THEN false END",
    }[column.type]


def present(column: Column, source_type: str) -> str:
    """The SQL that says whether a cell holds anything."""
    name = quoted(column.name)
    return (
        f"({name} IS NOT NULL AND {name} <> '')"
        if source_type == "VARCHAR"
        else f"({name} IS NOT NULL)"
    )


def names_something(column: Column) -> bool:
    """Whether a text column names a thing or a person, so that an invisible letter in it would make
    another of it.
    """
    return column.type == "text" and (
        column.name in {"id", "email"} or column.refers_to is not None
    )


def asked(column: Column) -> str:
    """What is said of a cell that does not read as its column's type."""
    return _ASKED["key" if names_something(column) else column.type]


def checks(table: Table, columns: dict[str, str]) -> list[Check]:
    """Every rule for a row of this table by itself, in the order in which the first offence is
    named.

    `columns` are the source's columns and types; the rules run over `raw` (as it stands) and
    `typed` relations joined side by side, so typed values are called `t.<column>`.
    """
    rules = _echo(table, columns)
    for column in table.columns:
        if column.name not in columns:
            continue
        cell = f"t.{quoted(column.name)}"
        rules.append(
            Check(column.name, f"t.{quoted('?' + column.name)} AND {cell} IS NULL", asked(column))
        )
        if column.required:
            rules.append(Check(column.name, f"{cell} IS NULL", "is required and empty"))
        if column.choices:
            listed = ", ".join(literal(choice) for choice in column.choices)
            rules.append(
                Check(
                    column.name,
                    f"{cell} NOT IN ({listed})",
                    f"is none of {', '.join(column.choices)}",
                )
            )
    return rules + _ROW_RULES.get(table.name, [])


def judged(
    scan: Scan, timezone: str, *, read: Iterable[str], kept: Iterable[str]
) -> tuple[list[Check], str]:
    """The rules for the rows of a scan, and the SQL that judges them: the number of each row as
    `_row`, the columns that are kept of it, and the number of the first rule it breaks as
    `_broken` (null: none).

    A row's columns are those of its table, typed, and what else is read of it.
    """
    table, columns = TABLES[scan.table], scan.columns
    cells = []
    for column in table.columns:
        name = quoted(column.name)
        if column.name in columns:
            source_type = columns[column.name]
            cells.append(f"{typed(column, source_type, timezone)} AS {name}")
            cells.append(f"{present(column, source_type)} AS {quoted('?' + column.name)}")
        else:
            cells.append(f"NULL::{SQL_TYPES[column.type]} AS {name}")
    rules = checks(table, columns)
    broken = " ".join(f"WHEN {rule.offends} THEN {index}" for index, rule in enumerate(rules))
    return rules, (
        f"SELECT {', '.join(f't.{name}' for name in ('_row', *kept))}, CASE {broken} END AS "
        f"_broken FROM (SELECT row_number() OVER () AS _row, {', '.join([*cells, *read])} FROM "
        f"({scan.relation})) t"
    )


def _echo(table: Table, columns: dict[str, str]) -> list[Check]:
    """The rule against a header that stands once more among the rows, where every required column
    would take it for text.
    """
    texts = [
        column.name for column in table.columns if column.type == "text" and column.name in columns
    ]
    if not texts or any(column.required and column.type != "text" for column in table.columns):
        return []
    return [
        Check(
            texts[0],
            " AND ".join(f"coalesce(t.{quoted(name)} = {literal(name)}, false)" for name in texts),
            "repeats the header",
        )
    ]


def _not_before(end: str, beginning: str, where: str = "true") -> Check:
    """The rule that an end does not lie before its beginning."""
    return Check(end, f"{where} AND t.{end} < t.{beginning}", f"lies before {beginning}")


_CLOSED = "t.status IN ('won', 'lost')"
_ROW_RULES: dict[str, list[Check]] = {
    "subscriptions": [Check("mrr", "t.mrr < 0", "is negative")],
    "deals": [
        Check(
            "closed_at",
            f"{_CLOSED} AND t.closed_at IS NULL",
            "is empty although the deal is won or lost",
        ),
        # Of an open deal it is an expectation, which may have passed.
        _not_before("closed_at", "created_at", _CLOSED),
    ],
    "tickets": [
        _not_before("first_replied_at", "created_at"),
        _not_before("resolved_at", "created_at"),
    ],
    "feedback": [_not_before("implemented_at", "received_at")],
    "purchases": [
        Check("amount", "t.amount < 0 AND t.kind <> 'credit'", "is negative and no credit")
    ],
    "surveys": [
        Check("scale_max", "t.scale_max <= t.scale_min", "is not above scale_min"),
        Check(
            "satisfied_from",
            "t.kind IN ('csat', 'esat') AND t.satisfied_from IS NULL AND NOT (t.scale_min = 1 "
            "AND t.scale_max IN (2, 3))"
            " AND t.scale_max - t.scale_min + 1 NOT IN (4, 5, 7, 10, 11)",
            "is needed: the scale is none of 1-2, 1-3, or 4, 5, 7, 10 or 11 points",
        ),
    ],
}


def _text(column: Column, value: str) -> str:
    """Text as it stands, a currency's code in capitals; null where nobody could see what it
    holds.
    """
    if column.name == "currency":
        value = f"upper({value})"
    if names_something(column):
        return (
            f"CASE WHEN length({value}) = strlen({value}) AND NOT contains({value}, chr(0)) OR "
            f"NOT regexp_matches({value}, '{_UNSEEN}') THEN {value} END"
        )
    return f"CASE WHEN NOT contains({value}, chr(0)) THEN {value} END"


def _instant(value: str, timezone: str) -> str:
    day = f"timezone({literal(timezone)}, CAST(TRY_CAST({value} AS DATE) AS TIMESTAMP))"
    with_seconds = f"regexp_replace({value}, '^(.{{10}}[T ]..:..)([Z+-])', '\\1:00\\2')"
    return _four_digit_year(
        f"CASE WHEN regexp_full_match({value}, '{_DATE}') THEN {day}"
        f" WHEN regexp_full_match({value}, '{_INSTANT}') THEN TRY_CAST({with_seconds} AS "
        "TIMESTAMPTZ) END"
    )


def _four_digit_year(instant: str) -> str:
    """An instant, or null where its year in UTC cannot be written: before 0001 or after 9999."""
    return (
        f"(CASE WHEN {instant} BETWEEN TIMESTAMPTZ '0001-01-01 00:00:00Z' AND TIMESTAMPTZ "
        f"'9999-12-31 23:59:59.999999Z' THEN {instant} END)"
    )


def _direct(column: Column, source_type: str, name: str, timezone: str) -> str | None:
    """The cast for a source that already knows types (Parquet, Arrow), or None: read it as text."""
    numeric = source_type.split("(", maxsplit=1)[0] in {
        "DECIMAL",
        "BIGINT",
        "INTEGER",
        "SMALLINT",
        "TINYINT",
        "HUGEINT",
        "UBIGINT",
        "UINTEGER",
        "DOUBLE",
        "FLOAT",
    }
    if column.type == "text" and "INT" in source_type:
        return f"CAST({name} AS VARCHAR)"
    if column.type == "date" and source_type == "DATE":
        return f"CASE WHEN {name} BETWEEN DATE '0001-01-01' AND DATE '9999-12-31' THEN {name} END"
    if column.type == "instant" and source_type == "TIMESTAMP WITH TIME ZONE":
        return _four_digit_year(name)
    if column.type == "instant" and source_type == "DATE":
        return _four_digit_year(f"timezone({literal(timezone)}, CAST({name} AS TIMESTAMP))")
    if column.type in {"decimal", "rate"} and numeric:
        return f"TRY_CAST({name} AS {SQL_TYPES[column.type]})"
    if column.type == "integer" and numeric:
        return f"CASE WHEN {name} = floor({name}) THEN TRY_CAST({name} AS BIGINT) END"
    if column.type == "bool" and source_type == "BOOLEAN":
        return name
    return None

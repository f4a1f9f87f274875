"""What a load sets aside: each row whole, as it stood, with its line, column, value and reason; and
what was mended.

A row is recognised by its `mark`, the digest of its cells: the same wrong row in a later file is
the same row, on whatever line it stands. A line that is no row is recognised by its number, its
text and the reason.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import duckdb

from kampass.model import Table
from kampass.model.conform import Check, literal, quoted, typed
from kampass.model.scan import FILE_LINES, NO_LINE, Scan, line_of
from kampass.store.disk import connect

SHAPE = (
    'NULL::BIGINT AS line, NULL::VARCHAR AS "column", NULL::VARCHAR AS value, NULL::VARCHAR AS '
    "reason, NULL::VARCHAR AS raw, NULL::VARCHAR AS mark,"
    " NULL::VARCHAR AS mends, false AS mended, NULL::BIGINT AS number"
)
"""A file of what was set aside; `mends`, `mended` and `number` speak of rows mended by hand: which,
whether it reads now, its line.
"""


def read(file: str) -> str:
    """The SQL of such a file, also of one that has not all columns."""
    marked = f"* REPLACE (coalesce(mark, {torn_mark('line', 'value', 'reason')}) AS mark)"
    return (
        f"SELECT {marked} FROM (SELECT {SHAPE} WHERE false UNION ALL BY NAME FROM "
        f"read_parquet({literal(file)}))"
    )


def keys(table: Table, found: str, timezone: str) -> str:
    """The SQL of the mark and the key of each row among what was set aside whose key reads."""
    columns = [table.column(name) for name in table.key]
    texts = ", ".join(
        f"json_extract_string(raw, {literal('$.' + json.dumps(column.name))}) AS "
        f"{quoted(column.name)}"
        for column in columns
    )
    cells = ", ".join(
        f"{typed(column, 'VARCHAR', timezone)} AS {quoted(column.name)}" for column in columns
    )
    needed = " AND ".join(
        f"{quoted(column.name)} IS NOT NULL" for column in columns if column.required
    )
    stated = f"SELECT mark, {texts} FROM ({found}) WHERE raw IS NOT NULL"
    return f"SELECT * FROM (SELECT mark, {cells} FROM ({stated})) WHERE {needed}"


def raw_of(cells: Mapping[str, str]) -> str:
    """The SQL of a row as a JSON object of text; `cells` holds the SQL of each column's text."""
    pairs = ", ".join(f"{literal(name)}, {cell}" for name, cell in cells.items())
    return f"CAST(json_object({pairs}) AS VARCHAR)"


def mark_of(cells: Mapping[str, str]) -> str:
    """The SQL of a row's mark, whatever the order of its columns."""
    return f"md5({raw_of(dict(sorted(cells.items())))})"


def torn_mark(line: str, value: str, reason: str) -> str:
    """The SQL of the mark of a line that is no row."""
    return f"md5(CAST(json_array({line}, nullif({value}, ''), {reason}) AS VARCHAR))"


def canonical_cells(table: Table, of: str) -> dict[str, str]:
    """The text of a conformed row's cells: what publishing sets aside is kept like this."""
    return {name: f"CAST({of}.{quoted(name)} AS VARCHAR)" for name in table.names}


def offenders(scan: Scan, rules: Sequence[Check], *, mending: bool) -> str:
    """The SQL of the rows of `broken (_row, _line, _broken)`, read again from the source as they
    stood.
    """
    stated = {name: f"nullif(CAST(r.{quoted(name)} AS VARCHAR), '')" for name in scan.columns}
    cells = {
        name: f"CASE WHEN {_is_marked(cell)} THEN split_part({cell}, chr(0), 2) ELSE {cell} END"
        if scan.origin
        else cell
        for name, cell in stated.items()
    }
    values = " ".join(
        f"WHEN {index} THEN CAST(r.{quoted(rule.column)} AS VARCHAR)"
        for index, rule in enumerate(rules)
        if rule.column in stated
    )
    names = " ".join(
        f"WHEN {index} THEN {literal(scan.origin.get(rule.column, rule.column))}"
        for index, rule in enumerate(rules)
    )
    reasons = " ".join(
        f"WHEN {index} THEN {literal(rule.reason)}" for index, rule in enumerate(rules)
    )
    mends = "r._id" if mending else "NULL::VARCHAR"
    row = "_row"
    while row in {name.casefold() for name in scan.columns}:
        row += "_"
    found = (
        f'SELECT b._line AS number, CASE b._broken {names} END AS "column", CASE b._broken '
        f"{values or 'WHEN -1 THEN NULL'} END AS value,"
        f" CASE b._broken {reasons} END AS reason, {raw_of(cells)} AS raw, {mark_of(cells)} AS "
        f"mark, {mends} AS mends"
        f" FROM (SELECT *, row_number() OVER () AS {row} FROM ({scan.relation})) r JOIN broken b "
        f"ON b._row = r.{row}"
    )
    return _told(scan, found)


def rejected(scan: Scan) -> tuple[str, list[Any]]:
    """The SQL of the lines that are no rows, and its parameters."""
    found = (
        "SELECT unnest($1::BIGINT[]) AS number, '' AS \"column\", unnest($2::VARCHAR[]) AS "
        "value, unnest($3::VARCHAR[]) AS reason,"
        " NULL::VARCHAR AS raw, NULL::VARCHAR AS mark, NULL::VARCHAR AS mends"
    )
    columns: Iterable[Sequence[Any]] = zip(
        *((reject.line, reject.value, reject.reason) for reject in scan.rejects), strict=True
    )
    told = _told(scan, found)
    return f"SELECT * REPLACE ({torn_mark('line', 'value', 'reason')} AS mark) FROM ({told})", [
        list(column) for column in columns
    ]


def newly_set_aside(before: Path | None, after: Path) -> dict[str, int]:
    """How many rows of each table a snapshot's file sets aside and an earlier one's does not.

    Nothing where one of them cannot be read: that is found, and mended, by whoever answers from it.
    """
    known = ""
    with connect() as connection:
        try:
            connection.execute(f"ATTACH {literal(str(after))} AS b (READ_ONLY)")
            if before is not None:
                connection.execute(f"ATTACH {literal(str(before))} AS a (READ_ONLY)")
                known = (
                    'WHERE NOT EXISTS (FROM a._quarantine x WHERE (x."table", x.source, x.mark) '
                    '= (y."table", y.source, y.mark))'
                )
            counted = f'SELECT "table", count(*) FROM b._quarantine y {known} GROUP BY 1 ORDER BY 1'
            return dict(connection.execute(counted).fetchall())
        except duckdb.Error:
            return {}


def _is_marked(cell: str) -> str:
    return f"starts_with({cell}, chr(0))"


def _told(scan: Scan, found: str) -> str:
    """The same in the file's own words: which line of which file, what stood there, and why it does
    not read (see Scan.told).
    """
    value, reason = "value", "reason"
    if scan.origin:
        marked = _is_marked("coalesce(value, '')")
        value = f"CASE WHEN {marked} THEN split_part(value, chr(0), 2) ELSE value END"
        reason = f"CASE WHEN {marked} THEN split_part(value, chr(0), 3) ELSE reason END"
    if scan.files:
        files = ", ".join(literal(file) for file in scan.files)
        name = (
            f"CASE WHEN number >= {NO_LINE} THEN {literal(scan.place)} ELSE [{files}][(number "
            f"// {FILE_LINES} + 1)::INTEGER] END"
        )
        reason = f"{reason} || ' (in ' || {name} || ')'"
    return (
        f'SELECT {line_of("number")} AS line, "column", {value} AS value, {reason} AS reason, '
        f"raw, mark, mends, false AS mended, number FROM ({found})"
    )

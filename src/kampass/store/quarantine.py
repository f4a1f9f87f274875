"""What a load sets aside: each row whole, as it stood, with its line, column, value and reason; and
what was mended.

A row is recognised by its `mark`, the digest of its cells: the same wrong row in a later file is
the same row, on whatever line it stands. A line that is no row is recognised by its number, its
text and the reason.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from kampass.model import Table
from kampass.model.conform import Check, literal, quoted, typed
from kampass.model.scan import FILE_LINES, NO_LINE, Scan, line_of
from kampass.store.disk import connect, write_parquet

SHAPE = (
    'NULL::BIGINT AS line, NULL::VARCHAR AS "column", NULL::VARCHAR AS value, NULL::VARCHAR AS '
    "reason, NULL::VARCHAR AS raw, NULL::VARCHAR AS mark,"
    " NULL::VARCHAR AS mends, false AS mended, NULL::BIGINT AS number, NULL::VARCHAR AS dismisses"
)
"""A file of what was set aside; `mends`, `mended` and `number` speak of rows mended by hand: which,
whether it reads now, its line. `dismisses` is what somebody has said is no row.
"""
_TOTALS = (
    r"^\W*((grand|sub|net|overall)[ -]?)?(totals?|sum|summe|gesamt\w*|zwischensumme|insgesamt"
    r"|totaux|somme|suma|totale|totaal|totalt|yhteens\x{E4})\b"
)
_FIGURES = r"[-+]?\d+([.,:/'\x{00A0}\x{202F} ]\d+)*"


def content() -> str:
    """The SQL of what a line that is set aside is known by where it is no row: its text, wherever
    it stands and for whatever reason; null where it has none.

    The figures in it may be others next time where it begins with a word for a total, or is torn
    and little but words: a row of data has cells that tell it from the next.
    """
    text = "coalesce(raw, value, '')"
    first = (
        "coalesce(CASE WHEN raw IS NULL THEN regexp_extract(value, '[^,;|\t\" ][^,;|\t\"]*') ELSE "
        "regexp_extract(raw, ':\"([^\"]+)', 1) END, '')"
    )
    cells = "length(regexp_replace(value, '[^,;|\t]', '', 'g')) + 1"
    said = f"raw IS NULL AND {cells} <= 2 AND len(regexp_extract_all(value, '\\pL{{3,}}')) >= 2"
    varies = f"regexp_matches({first}, {literal(_TOTALS)}, 'i') OR ({said})"
    return (
        f"nullif(CASE WHEN {varies} THEN regexp_replace({text}, {literal(_FIGURES)}, '#', 'g') "
        f"ELSE {text} END, '')"
    )


@dataclass(frozen=True)
class RowsAside:
    """Rows of one source and table that are set aside, by their marks."""

    source: str
    table: str
    marks: frozenset[str]


@dataclass(frozen=True)
class JudgedAside:
    """Rows of a source that publishing set aside, for a reason that only all loads tell: a required
    reference that is unknown, a score outside its survey's scale.
    """

    table: str
    column: str
    reason: str
    rows: int


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


def write_dismissal(snapshot: Path, rows: RowsAside, file: Path) -> None:
    """Write what is said of rows that a snapshot's file sets aside and that are no rows, each by
    its content, as a file of the quarantine.
    """
    with connect() as connection:
        connection.execute(f"ATTACH {literal(str(snapshot))} AS b (READ_ONLY)")
        marks = ", ".join(map(literal, sorted(rows.marks)))
        found = (
            f'FROM b._quarantine WHERE source = {literal(rows.source)} AND "table" = '
            f"{literal(rows.table)} AND mark IN ({marks})"
        )
        said = f"SELECT DISTINCT {content()} AS dismisses {found} ORDER BY 1"
        shaped = f"SELECT {SHAPE} WHERE false UNION ALL BY NAME ({said})"
        write_parquet(connection, shaped, file)


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


def judged_aside(snapshot: Path, loading: str) -> dict[str, list[JudgedAside]]:
    """What a snapshot's file sets aside of each source beyond what loading did (the SQL of
    that).
    """
    found: dict[str, list[JudgedAside]] = {}
    with connect() as connection:
        connection.execute(f"ATTACH {literal(str(snapshot))} AS b (READ_ONLY)")
        known = f'(SELECT source, "table", load, mark, reason FROM ({loading}))'
        rows = connection.execute(
            'SELECT source, "table", "column", reason, count(*) FROM b._quarantine q ANTI JOIN '
            f'{known} k USING (source, "table", load, mark, reason) GROUP BY ALL ORDER BY ALL'
        ).fetchall()
    for source, *told in rows:
        found.setdefault(source, []).append(JudgedAside(*told))
    return found


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

"""One SELECT over somebody's file, in a database that holds this file as its table `raw` and can
reach nothing else.

The one place where a person's text is run as SQL. It is parsed first (one statement, a query, of
nothing but `raw`), and runs where files, extensions, settings and Python's variables are out of
reach, whatever the parsing may have missed.
"""

import re
from collections import Counter
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kampass.errors import DataError
from kampass.intake.mapping.mapping import Filling, TableMapping
from kampass.intake.readers.memory import ask
from kampass.intake.readers.raw import FILE, LINE, RawTable, as_text
from kampass.intake.readers.scratch import Scratch, lines_of
from kampass.model.conform import literal, quoted
from kampass.model.scan import FILE_LINES, FileCount

if TYPE_CHECKING:
    import duckdb

_LOCKS = {
    "enable_external_access": "false",
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
    "allow_community_extensions": "false",
    "python_enable_replacements": "false",
    "python_scan_all_frames": "false",
    "memory_limit": "256MB",
    "max_temp_directory_size": "4GB",
    "threads": "2",
    "lock_configuration": "true",
}
_BATCH = 20_000
_FUNCTIONS = re.compile(
    r"^(read_|write_|parquet_|sniff_|glob$|getenv|query$|query_table|duckdb_|pragma_"
    r"|current_setting|which_secret|sql_auto|json_execute|json_serialize_sql"
    r"|arrow_scan|pandas_scan|python_map|sqlite_|postgres_|mysql_"
    r"|iceberg_|delta_|st_read|checkpoint|force_checkpoint|test_|nextval|seq_scan|in_search_path)"
)
_TABLE_FUNCTIONS = {"unnest", "range", "generate_series"}


def selected(
    raw: RawTable, mapping: TableMapping, scratch: Path | None
) -> tuple[RawTable, TableMapping, tuple[str, ...]]:
    """What the mapping's SELECT makes of a file: as a file of its own, with the mapping of its
    columns, and a word on lines.
    """
    sql, line = _with_line(checked(mapping))
    hold = Scratch(scratch)
    database = hold.folder / "raw.duckdb"
    _fill(database, raw)
    names, kinds = _run(database, sql, hold.folder / "selected.parquet", mapping)
    shown = [name for name in names if name not in {LINE, FILE}]
    base = _relation(hold.folder / "selected.parquet", names, kinds)
    counts = _left_out(raw, base) if LINE in names else _unknown(raw)
    notices = (
        ()
        if LINE in names
        else ("its rows stand on no single line: select min(_line) AS _line to say which",)
    )
    table = replace(
        raw,
        headers=tuple(shown),
        relation=base,
        numbered=partial(str, base),
        lines=partial(lines_of, base),
        flags=True,
        hold=(raw.hold, hold),
        counts=counts,
    )
    return table, _completed(mapping, shown), notices if not line else ()


def _left_out(raw: RawTable, selected: str) -> tuple[FileCount, ...]:
    """The files' records less those on whose lines no selected row stands; lines that are no
    records were never selected from.
    """
    stood = f"SELECT _line // {FILE_LINES}, count(DISTINCT _line) FROM ({selected}) GROUP BY 1"
    used = dict(ask(stood))
    if None in used:
        return _unknown(raw)
    torn = Counter(reject.line // FILE_LINES for reject in raw.rejects)
    return tuple(
        count.without("select", (count.used or 0) - torn[number] - used.get(number, 0))
        for number, count in enumerate(raw.counts)
    )


def _unknown(raw: RawTable) -> tuple[FileCount, ...]:
    """The files' records where rows stand on no single line: nobody can say which are left out."""
    return tuple(count.without("select", None) for count in raw.counts)


def _completed(mapping: TableMapping, names: list[str]) -> TableMapping:
    """The mapping of the SELECT's columns: those that are not mapped go by their own name."""
    said = {filling.name for filling in mapping.fillings}
    used = set(mapping.headers)
    own = [
        name
        for name in names
        if name not in said and name not in used and (mapping.model.has(name) or mapping.model.more)
    ]
    reading = {key: value for key, value in mapping.defaults.items() if key != "pivot"}
    return replace(
        mapping, fillings=(*mapping.fillings, *(Filling(name, (name,), **reading) for name in own))
    )


def _wrong(mapping: TableMapping, message: str, hint: str = "", line: int = 1) -> DataError:
    at = f"kampass.toml, line {mapping.select_line + line - 1}, " if mapping.select_line else ""
    return DataError(
        f"{at}{mapping.place} select: {message}",
        code="bad_select",
        hint=hint or "It is one SELECT over the table raw, whose columns are text.",
    )


def checked(mapping: TableMapping) -> Any:
    """The SELECT, parsed; DataError where it is anything else."""
    import sqlglot
    from sqlglot import exp

    try:
        statements = [
            statement
            for statement in sqlglot.parse(mapping.select or "", dialect="duckdb")
            if statement is not None
        ]
    except sqlglot.errors.SqlglotError as wrong:
        where = (getattr(wrong, "errors", None) or [{}])[0]
        raise _wrong(
            mapping,
            f"it cannot be parsed: {where.get('description', wrong)}",
            line=where.get("line") or 1,
        ) from None
    except RecursionError:
        raise _wrong(mapping, "it is nested too deeply.") from None
    if len(statements) != 1 or not isinstance(statements[0], exp.Query):
        raise _wrong(
            mapping,
            "it is not one SELECT."
            if len(statements) == 1
            else f"there are {len(statements)} statements.",
        )
    query = statements[0]
    known = {"raw"} | {cte.alias.lower() for cte in query.find_all(exp.CTE)}
    for table in query.find_all(exp.Table):
        function = isinstance(table.this, exp.Func) and not isinstance(table.this, exp.Anonymous)
        name = table.name.lower()
        if isinstance(table.this, exp.Anonymous) or function:
            called = (
                table.this.name if isinstance(table.this, exp.Anonymous) else table.this.sql_name()
            ).lower()
            if called not in _TABLE_FUNCTIONS:
                raise _wrong(mapping, f"it reads {called}(...); it may read raw and nothing else.")
        elif table.db or table.catalog or name not in known:
            raise _wrong(
                mapping,
                f"it reads '{table.sql(dialect='duckdb')}'; it may read raw and nothing else.",
            )
    for node in query.find_all(exp.Func, exp.Command, exp.Into):
        called = (
            node.name
            if isinstance(node, exp.Anonymous)
            else node.sql_name()
            if isinstance(node, exp.Func)
            else type(node).__name__
        ).lower()
        if isinstance(node, exp.Command | exp.Into) or _FUNCTIONS.match(called):
            raise _wrong(mapping, f"it may not use {called}.")
    return query


def named(select: str) -> set[str]:
    """The columns a SELECT names."""
    import sqlglot
    from sqlglot import exp

    query = sqlglot.parse_one(select, dialect="duckdb")
    return {column.name for column in query.find_all(exp.Column)}


def _with_line(query: Any) -> tuple[str, bool]:
    """The SQL, with `_line` added where each row comes from one row of raw; and whether rows have
    lines.
    """
    from sqlglot import exp

    stated = LINE in {name.lower() for name in query.named_selects}
    plain = (
        isinstance(query, exp.Select)
        and not any(
            query.args.get(part)
            for part in ("group", "distinct", "joins", "having", "with", "with_", "laterals")
        )
        and not query.find(exp.AggFunc)
        and not list(query.find_all(exp.Subquery, exp.Union, exp.Unnest, exp.Explode))
        and len(list(query.find_all(exp.Select))) == 1
        and any(table.name.lower() == "raw" for table in query.find_all(exp.Table))
    )
    starred = plain and any(isinstance(part, exp.Star) for part in query.expressions)
    if plain and not stated and not starred:
        source = next(iter(query.find_all(exp.Table))).alias_or_name
        query = query.select(exp.column(LINE, table=source, quoted=True).as_(LINE), copy=True)
    return query.sql(dialect="duckdb", comments=False), bool(plain or stated)


def _fill(database: Path, raw: RawTable) -> None:
    """Write the file's rows into a database of their own, as the table raw, all text."""
    import duckdb

    cells = ", ".join(f"c{index} AS {quoted(header)}" for index, header in enumerate(raw.headers))
    names = ", ".join(literal(name) for name in raw.files or (raw.place,))
    with duckdb.connect(
        str(database), config={"memory_limit": "256MB", "threads": 2}
    ) as connection:
        connection.execute(
            f"CREATE TABLE raw AS SELECT {cells}, _line AS {LINE}, [{names}][_line // {FILE_LINES} "
            f"+ 1] AS {FILE} FROM ({raw.numbered()})"
        )


def _run(
    database: Path, sql: str, target: Path, mapping: TableMapping
) -> tuple[list[str], list[str]]:
    """Run the SELECT locked in, its rows going to `target`; the names and types of its columns."""
    import duckdb

    with locked(database) as connection:
        try:
            described = connection.execute(f"DESCRIBE {sql}").fetchall()
            names, kinds = [row[0] for row in described], [row[1] for row in described]
            twice = sorted(
                {
                    name
                    for name in names
                    if [other.lower() for other in names].count(name.lower()) > 1
                }
            )
            if twice:
                raise _wrong(
                    mapping, f"it selects '{twice[0]}' twice.", "Give every column one name."
                )
            _write(connection.execute(sql).to_arrow_reader(_BATCH), target, len(names))
        except duckdb.Error as wrong:
            raise _explained(mapping, wrong) from None
    return names, kinds


def locked(database: Path) -> "duckdb.DuckDBPyConnection":
    """A connection to a database from which nothing else can be reached."""
    import duckdb

    return duckdb.connect(
        str(database),
        read_only=True,
        config={**_LOCKS, "temp_directory": str(database.parent / "spill")},
    )


def _write(reader: Any, target: Path, width: int) -> None:
    """Write batches under names of our own: a person's names stay out of SQL."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    schema = pa.schema(
        [pa.field(f"c{index}", field.type) for index, field in enumerate(reader.schema)]
    )
    with pq.ParquetWriter(target, schema, compression="zstd") as writer:
        for batch in reader:
            writer.write_batch(pa.RecordBatch.from_arrays(batch.columns, schema=schema))
    assert len(schema) == width


def _relation(file: Path, names: list[str], kinds: list[str]) -> str:
    """The SELECT's rows as text, each cell knowing whether SQL has typed it."""
    cells, line = [], "NULL::BIGINT"
    at = [index for index, name in enumerate(names) if name not in {LINE, FILE}]
    for number, index in enumerate(at):
        cells += [
            f"{as_text(f'c{index}', kinds[index])} AS c{number}",
            f"{str(kinds[index] != 'VARCHAR').lower()} AS t{number}",
        ]
    if LINE in names:
        line = f"TRY_CAST(c{names.index(LINE)} AS BIGINT)"
    return (
        f"SELECT {', '.join([*cells, f'{line} AS _line'])} FROM read_parquet({literal(str(file))})"
    )


def _explained(mapping: TableMapping, wrong: "duckdb.Error") -> DataError:
    """DuckDB's word on a SELECT, on the line of the settings where it stands."""
    text = str(wrong)
    first = text.split("\n", maxsplit=1)[0]
    found = re.search(r"Candidate bindings: (.*)", text)
    hint = (
        f"There are {found[1]}."
        if found
        else (
            "TRY_CAST makes an empty cell of what does not read." if "Conversion" in first else ""
        )
    )
    return _wrong(mapping, f"{first}.", hint)

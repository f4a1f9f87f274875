"""One table of one load on its way into the journal: read, conformed, compared with what is known, written."""

from collections.abc import Mapping
from pathlib import Path

import duckdb

from kampass.errors import DataError
from kampass.model import SQL_TYPES, TABLES
from kampass.model.conform import Check, checks, literal, present, quoted, typed
from kampass.model.scan import Scan
from kampass.store.disk import fsync, sha256
from kampass.store.manifest import LoadedTable
from kampass.store.versions import lineage_columns, may_be_set_aside, winners


class TableBatch:
    """The batch of one table; `versions` is the SQL of what earlier loads say of it."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, scan: Scan, source: str, versions: str | None, timezone: str) -> None:
        self.connection, self.scan, self.source, self.versions, self.timezone = connection, scan, source, versions, timezone
        self.table = TABLES[scan.table]
        self.key = ", ".join(quoted(name) for name in self.table.key)
        self.line_of: Mapping[int, int] = {}
        self.first_line = 1
        for name, value in scan.objects.items():
            connection.register(name, value)

    def write(self, folder: Path, digest: str) -> LoadedTable:
        """Conform, compare with what is known, write the batch and its quarantine; the counts."""
        self._require_columns()
        rules = self._conform()
        self._find_lines()
        quarantined = self._quarantine(rules, folder)
        read = self._count("staged") + len(self.scan.rejects)
        superseded = self._settle_repeats()
        unchanged, stale, deleted = self._compare()
        loaded = self._count("fresh WHERE NOT _deleted")
        self._keep_beaten()
        file = self._write_rows(folder) if self._count("fresh") else None
        quarantine_file = "quarantine_" + self.scan.table + ".parquet" if quarantined else None
        return LoadedTable(
            self.scan.table, read, loaded, unchanged, superseded + stale, quarantined, deleted, digest,
            file, sha256(folder / file) if file else None, quarantine_file,
        )  # fmt: skip

    def _count(self, what: str) -> int:
        row = self.connection.execute(f"SELECT count(*) FROM {what}").fetchone()
        assert row is not None
        return int(row[0])

    def _require_columns(self) -> None:
        missing = [column.name for column in self.table.columns if column.required and column.name not in self.scan.columns]
        if missing:
            raise DataError(
                f"{self.scan.place} has no column '{missing[0]}', which '{self.table.name}' requires.",
                code="missing_column", hint=f"'kampass template {self.table.name}' shows every column.",
            )  # fmt: skip

    def _conform(self) -> list[Check]:
        """Stage every row typed, with the number of the first rule it breaks (null: none)."""
        columns = self.scan.columns
        cells, filled = [], []
        for column in self.table.columns:
            name = quoted(column.name)
            if column.name in columns:
                cells.append(f"{typed(column, columns[column.name], self.timezone)} AS {name}")
                filled.append(f"{present(column, columns[column.name])} AS {quoted('?' + column.name)}")
            else:
                cells.append(f"NULL::{SQL_TYPES[column.type]} AS {name}")
        if self.table.name == "accounts":
            cells.append(f"{self._extra()} AS _extra")
        rules = checks(self.table, columns)
        broken = " ".join(f"WHEN {rule.offends} THEN {index}" for index, rule in enumerate(rules))
        read = f"SELECT row_number() OVER () AS _line, {', '.join([*cells, *filled])} FROM ({self.scan.relation})"
        kept = ", ".join(f"t.{quoted(name)}" for name in self._columns())
        self.connection.execute(f"CREATE TEMP TABLE staged AS SELECT t._line, {kept}, CASE {broken} END AS _broken FROM ({read}) t")
        return rules

    def _columns(self) -> list[str]:
        return [*self.table.names, *(["_extra"] if self.table.name == "accounts" else [])]

    def _extra(self) -> str:
        """Unknown columns of accounts, kept as attributes."""
        extra = [name for name in self.scan.columns if not self.table.has(name)]
        if not extra:
            return "NULL::MAP(VARCHAR, VARCHAR)"
        names = ", ".join(literal(name) for name in extra)
        values = ", ".join(f"nullif(CAST({quoted(name)} AS VARCHAR), '')" for name in extra)
        return f"map([{names}], [{values}])"

    def _find_lines(self) -> None:
        """Learn on which line of its file each row starts: most files have one line a row, so two rows tell."""
        count = self._count("staged")
        ends = self.scan.lines([1, count]) if count else {}
        if count and ends[count] - ends[1] == count - 1:
            self.first_line = ends[1]
        elif count:
            import pyarrow as pa

            self.line_of = self.scan.lines(range(1, count + 1))
            table = pa.table({"number": pa.array(self.line_of.keys(), pa.int64()), "line": pa.array(self.line_of.values(), pa.int64())})
            self.connection.register("line_of", table)

    def _line(self, row: int) -> int:
        return self.line_of[row] if self.line_of else self.first_line + row - 1

    def _quarantine(self, rules: list[Check], folder: Path) -> int:
        """Write what is set aside, with line, column, value and reason; how many rows."""
        rows = self.connection.execute("SELECT _line, _broken FROM staged WHERE _broken IS NOT NULL ORDER BY 1").fetchall()
        if not rows and not self.scan.rejects:
            return 0
        values = self._offending_values(rules)
        found = [(self._line(line), rules[broken].column, values.get(line), rules[broken].reason) for line, broken in rows]
        found += [(reject.line, "", reject.value, reject.reason) for reject in self.scan.rejects]
        parts = [list(part) for part in zip(*sorted(found, key=lambda item: item[0]), strict=True)]
        cells = 'unnest($1::BIGINT[]) AS line, unnest($2::VARCHAR[]) AS "column", unnest($3::VARCHAR[]) AS value, unnest($4::VARCHAR[]) AS reason'
        file = folder / f"quarantine_{self.scan.table}.parquet"
        self.connection.execute(f"CREATE TEMP TABLE aside AS SELECT {cells}", parts)
        self.connection.execute(f"COPY aside TO {literal(str(file))} (FORMAT parquet)")
        fsync(file)
        return len(found)

    def _offending_values(self, rules: list[Check]) -> dict[int, str | None]:
        """The cell each broken row was set aside for, as it stood."""
        stated = [name for name in self.table.names if name in self.scan.columns]
        cells = " ".join(f"WHEN {index} THEN r.{quoted(rule.column)}" for index, rule in enumerate(rules) if rule.column in stated)
        choose = cells or "WHEN -1 THEN ''"
        raw = ", ".join(["SELECT row_number() OVER () AS _line", *(f"CAST({quoted(name)} AS VARCHAR) AS {quoted(name)}" for name in stated)])
        raw = f"{raw} FROM ({self.scan.relation})"
        query = f"SELECT r._line, CASE s._broken {choose} END FROM ({raw}) r JOIN staged s USING (_line) WHERE s._broken IS NOT NULL"
        return dict(self.connection.execute(query).fetchall())

    def _settle_repeats(self) -> int:
        """Stage the winning line of each key as `stated` and the losing ones as `repeats`; how many lost."""
        line = "line_of.line" if self.line_of else f"_line + {self._line(1) - 1}"
        join = "JOIN line_of ON line_of.number = staged._line" if self.line_of else ""
        rows = f"SELECT staged.* EXCLUDE (_broken) REPLACE ({line} AS _line), 0 AS _load FROM staged {join} WHERE _broken IS NULL"
        self.connection.execute(f"CREATE TEMP VIEW good AS {rows}")
        if not self._count(f"(SELECT {self.key} FROM good GROUP BY ALL HAVING count(*) > 1)"):
            self.connection.execute("CREATE TEMP VIEW stated AS SELECT * EXCLUDE (_load) FROM good")
            self.connection.execute("CREATE TEMP VIEW repeats AS SELECT * FROM stated WHERE false")
            return 0
        self.connection.execute(f"CREATE TEMP TABLE stated AS SELECT * EXCLUDE (_load) FROM ({winners('SELECT * FROM good', self.table)})")
        self.connection.execute("CREATE TEMP TABLE repeats AS SELECT * EXCLUDE (_load) FROM good ANTI JOIN stated USING (_line)")
        return self._count("repeats")

    def _compare(self) -> tuple[int, int, int]:
        """Stage what differs from the known state as `fresh`; how many rows are unchanged, stale, deleted."""
        versions = self.versions
        if versions is None:
            self.connection.execute("CREATE TEMP TABLE fresh AS SELECT *, false AS _deleted FROM stated")
            self.connection.execute("CREATE TEMP VIEW beaten AS SELECT * FROM repeats")
            return 0, 0, 0
        self.connection.execute(f"CREATE TEMP TABLE known AS {winners(versions, self.table)}")
        same = " AND ".join(f"n.{quoted(name)} IS NOT DISTINCT FROM k.{quoted(name)}" for name in self._columns())
        match = " AND ".join(f"n.{quoted(name)} IS NOT DISTINCT FROM k.{quoted(name)}" for name in self.table.key)
        joined = f"stated n LEFT JOIN known k ON {match}"
        is_same = f"(k._source = {literal(self.source)} AND NOT k._deleted AND {same})"
        is_stale = f"(NOT {is_same} AND coalesce(n.updated_at < k.updated_at, false))"
        self.connection.execute(f"CREATE TEMP TABLE fresh AS SELECT n.*, false AS _deleted FROM {joined} WHERE NOT {is_same} AND NOT {is_stale}")
        row = self.connection.execute(f"SELECT count(*) FILTER (WHERE {is_same}), count(*) FILTER (WHERE {is_stale}) FROM {joined}").fetchone()
        assert row is not None
        deleted = self._delete_gone(match)
        stated = " AND ".join(f"n.{quoted(name)} IS NOT DISTINCT FROM v.{quoted(name)}" for name in self._columns())
        earlier = f"EXISTS (SELECT 1 FROM ({versions}) v WHERE v._source = {literal(self.source)} AND NOT v._deleted AND {stated})"
        stale = f"SELECT n.* FROM {joined} WHERE {is_stale}"
        self.connection.execute(f"CREATE TEMP VIEW beaten AS SELECT * FROM ({stale} UNION ALL BY NAME SELECT * FROM repeats) n WHERE NOT {earlier}")
        return int(row[0]), int(row[1]), deleted

    def _keep_beaten(self) -> None:
        """Add the versions that lost to a better one which publishing may yet set aside: then they win.

        The winner of such a key goes beside them, also when it is known, so that their order is that of this load.
        """
        if not may_be_set_aside(self.table):
            return
        match = " AND ".join(f"n.{quoted(name)} IS NOT DISTINCT FROM b.{quoted(name)}" for name in self.table.key)
        rows = "SELECT * FROM repeats UNION ALL BY NAME SELECT * FROM stated"
        group = f"SELECT n.* FROM ({rows}) n SEMI JOIN beaten b ON {match}"
        self.connection.execute(
            f"INSERT INTO fresh BY NAME SELECT *, false AS _deleted FROM ({group}) WHERE _line NOT IN (SELECT _line FROM fresh WHERE NOT _deleted)"
        )

    def _delete_gone(self, match: str) -> int:
        """Mark keys this source stated before and states no more (a quarantined line still states its key).

        Where a line's key cannot be read, nobody can say which key is gone: then none is.
        """
        if self.states_unreadable_keys():
            return 0
        columns = ", ".join(quoted(name) for name in self._columns())
        self.connection.execute(
            f"INSERT INTO fresh (_line, {columns}, _deleted) SELECT k._line, {columns}, true FROM known k"
            f" WHERE NOT k._deleted AND k._source = {literal(self.source)}"
            f" AND NOT EXISTS (SELECT 1 FROM staged n WHERE {match})"
        )
        return self._count("fresh WHERE _deleted")

    def states_unreadable_keys(self) -> bool:
        """Whether some line may state a key that cannot be read: it is torn, or a part of its key is."""
        needed = [f"{quoted(name)} IS NULL" for name in self.table.key if self.table.column(name).required]
        return bool(self.scan.rejects) or self._count(f"staged WHERE _broken IS NOT NULL AND ({' OR '.join(needed)})") > 0

    def _write_rows(self, folder: Path) -> str:
        file = f"{self.scan.table}.parquet"
        names = ", ".join(quoted(name) for name in [*self.table.names, *lineage_columns(self.table)])
        self.connection.execute(f"COPY (SELECT {names} FROM fresh) TO {literal(str(folder / file))} (FORMAT parquet, COMPRESSION zstd)")
        fsync(folder / file)
        return file

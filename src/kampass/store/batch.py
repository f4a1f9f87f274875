"""One table of one load on its way into the journal: read, conformed, compared with what is known,
written.

The rows go through a file beside the journal, never through memory as a whole: whatever the size, a
load holds little.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import duckdb

from kampass.errors import DataError
from kampass.model import SQL_TYPES, TABLES
from kampass.model.conform import Check, checks, literal, present, quoted, typed
from kampass.model.scan import NO_LINE, Scan
from kampass.store import quarantine
from kampass.store.disk import SETTLING, sha256, write_parquet
from kampass.store.manifest import LoadedTable
from kampass.store.versions import (
    key_of,
    lineage_columns,
    may_be_set_aside,
    same,
    stage_losers,
    without,
)

_LINES_AT_ONCE = 500_000


@dataclass(frozen=True)
class Known:
    """What earlier loads say of a table: the SQL of its versions, and of what this source's rows
    mended by hand mend.

    `mending`: this load states rows mended by hand and nothing else.
    """

    versions: str | None
    mends: str | None = None
    mending: bool = False


class TableBatch:
    """The batch of one table; `had` is how many rows its source stated before, where some are
    deleted.
    """

    def __init__(
        self,
        connection: duckdb.DuckDBPyConnection,
        scan: Scan,
        source: str,
        known: Known,
        timezone: str,
    ) -> None:
        self.connection, self.scan, self.source, self.known, self.timezone = (
            connection,
            scan,
            source,
            known,
            timezone,
        )
        self.table = TABLES[scan.table]
        self.had = self._stated = 0
        for name, value in scan.objects.items():
            connection.register(name, value)

    def write(self, folder: Path, digest: str) -> LoadedTable:
        """Conform, compare with what is known, write the batch and its quarantine; the counts."""
        self._require_columns()
        staged, compared = folder / "staged.parquet", folder / "compared.parquet"
        try:
            rules = self._conform(staged)
        except duckdb.IOException as wrong:
            if "No files found" not in str(wrong):
                raise
            raise DataError(
                f"{self.scan.place} went away while it was read.",
                code="unreadable_file",
                hint="Put it back and load again.",
            ) from None
        self._find_lines(folder)
        noted = self._quarantine(rules, folder)
        quarantined = noted - self._count("mended")
        self.connection.execute(f"SET memory_limit = '{SETTLING}'")
        read = self._count("staged") + len(self.scan.rejects)
        superseded = self._settle_repeats()
        unchanged, stale, deleted = self._compare(compared)
        loaded = self._count("fresh")
        self._keep_beaten()
        file = self._write_rows(folder) if loaded or deleted or self._count("kept") else None
        quarantine_file = self._quarantine_file if noted else None
        for scratch in (staged, compared, *folder.glob("lines-*.parquet")):
            scratch.unlink(missing_ok=True)
        return LoadedTable(
            self.scan.table,
            read,
            loaded,
            unchanged,
            superseded + stale,
            quarantined,
            deleted,
            digest,
            file,
            sha256(folder / file) if file else None,
            quarantine_file,
            sha256(folder / quarantine_file) if quarantine_file else None,
        )

    @property
    def _quarantine_file(self) -> str:
        return f"quarantine_{self.scan.table}.parquet"

    def _count(self, what: str) -> int:
        row = self.connection.execute(f"SELECT count(*) FROM {what}").fetchone()
        assert row is not None
        return int(row[0])

    def _view(self, name: str, sql: str) -> None:
        self.connection.execute(f"CREATE TEMP VIEW {name} AS {sql}")

    def _require_columns(self) -> None:
        missing = [
            column.name
            for column in self.table.columns
            if column.required and column.name not in self.scan.columns
        ]
        if missing:
            raise DataError(
                (
                    f"{self.scan.place} has no column '{missing[0]}', which '{self.table.name}' "
                    "requires."
                ),
                code="missing_column",
                hint=f"'kampass template {self.table.name}' shows every column.",
            )

    def _conform(self, staged: Path) -> list[Check]:
        """Stage every row typed, with the number of the first rule it breaks (null: none)."""
        columns = self.scan.columns
        cells, filled = [], []
        for column in self.table.columns:
            name = quoted(column.name)
            if column.name in columns:
                cells.append(f"{typed(column, columns[column.name], self.timezone)} AS {name}")
                filled.append(
                    f"{present(column, columns[column.name])} AS {quoted('?' + column.name)}"
                )
            else:
                cells.append(f"NULL::{SQL_TYPES[column.type]} AS {name}")
        if self.table.name == "accounts":
            cells.append(f"{self._extra()} AS _extra")
        cells.append(
            f"{quoted(self.scan.line)} AS _at" if self.scan.line else "NULL::BIGINT AS _at"
        )
        cells.append("_id AS _mends" if self.known.mending else "NULL::VARCHAR AS _mends")
        rules = checks(self.table, columns)
        broken = " ".join(f"WHEN {rule.offends} THEN {index}" for index, rule in enumerate(rules))
        read = (
            f"SELECT row_number() OVER () AS _row, {', '.join([*cells, *filled])} FROM "
            f"({self.scan.relation})"
        )
        kept = ", ".join(f"t.{quoted(name)}" for name in self._columns())
        rows = (
            f"SELECT t._row, t._at, t._mends, {kept}, CASE {broken} END AS _broken FROM ({read}) t"
        )
        write_parquet(self.connection, rows, staged, kept=False)
        self._view("staged", f"SELECT * FROM read_parquet({literal(str(staged))})")
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

    def _find_lines(self, folder: Path) -> None:
        """Number the staged rows by the lines they start on: most files have one line a row, so two
        rows tell.
        """
        count = self._count("staged")
        numbered = "SELECT s.* EXCLUDE (_at), {} AS _line FROM staged s{}"
        if self.scan.line:
            self._view("numbered", numbered.format(f"coalesce(s._at, {NO_LINE} + s._row)", ""))
            return
        ends = self.scan.lines([1, count]) if count else {1: 1}
        if not count or ends[count] - ends[1] == count - 1:
            self._view("numbered", numbered.format(f"s._row + {ends[1] - 1}", ""))
            return
        for number in range(0, count, _LINES_AT_ONCE):
            self._keep_lines(
                range(number + 1, min(count, number + _LINES_AT_ONCE) + 1),
                folder / f"lines-{number}.parquet",
            )
        self._view(
            "line_of", f"SELECT * FROM read_parquet({literal(str(folder / 'lines-*.parquet'))})"
        )
        self._view("numbered", numbered.format("o.line", " JOIN line_of o ON o.number = s._row"))

    def _keep_lines(self, rows: range, file: Path) -> None:
        import pyarrow as pa
        import pyarrow.parquet as pq

        found = self.scan.lines(rows)
        pq.write_table(
            pa.table(
                {
                    "number": pa.array(found.keys(), pa.int64()),
                    "line": pa.array(found.values(), pa.int64()),
                }
            ),
            file,
        )

    def _quarantine(self, rules: list[Check], folder: Path) -> int:
        """Write what is set aside, and which rows mend one that was; how many rows."""
        self.connection.execute(
            "CREATE TEMP TABLE broken AS SELECT _row, _line, _broken FROM numbered WHERE _broken "
            "IS NOT NULL"
        )
        # A row that is the one it mends, to the letter, mends nothing: publishing will set it aside
        # again.
        mended = (
            "WHERE _broken IS NULL AND _mends <> "
            f"{quarantine.mark_of(quarantine.canonical_cells(self.table, 'numbered'))}"
        )
        self._view(
            "mended",
            f"SELECT _line, _mends FROM numbered {mended}"
            if self.known.mending
            else "SELECT 0 AS _line, '' AS _mends WHERE false",
        )
        file = folder / self._quarantine_file
        parts = [
            f"SELECT {quarantine.SHAPE} WHERE false",
            quarantine.offenders(self.scan, rules, mending=self.known.mending),
        ]
        parts.append("SELECT _mends AS mends, true AS mended, _line AS number FROM mended")
        if self.scan.rejects:
            torn, lines = quarantine.rejected(self.scan)
            self.connection.execute(f"CREATE TEMP TABLE torn AS {torn}", lines)
            parts.append("SELECT * FROM torn")
        count = self._count("broken") + len(self.scan.rejects) + self._count("mended")
        if count:
            # A text file seems small to the planner: left to itself it would hold the file in
            # memory and not the few rows sought.
            self.connection.execute("SET disabled_optimizers = 'join_order,build_side_probe_side'")
            write_parquet(self.connection, " UNION ALL BY NAME ".join(parts), file)
            self.connection.execute("RESET disabled_optimizers")
        self._view(
            "set_aside",
            quarantine.read(str(file)) if count else f"SELECT {quarantine.SHAPE} WHERE false",
        )
        return count

    def _settle_repeats(self) -> int:
        """Tell the winning line of each key, `stated`, from the losing ones, `repeats`; how many
        lost.
        """
        self._view(
            "good",
            (
                "SELECT * EXCLUDE (_row, _broken, _mends), 0 AS _load FROM numbered WHERE "
                "_broken IS "
                "NULL"
            ),
        )
        lost = stage_losers(self.connection, "SELECT * FROM good", self.table, "repeated")
        self._stated = self._count("good") - lost
        winning = (
            without("SELECT * FROM good", "repeated", self.table) if lost else "SELECT * FROM good"
        )
        self._view("stated", f"SELECT * EXCLUDE (_load) FROM ({winning})")
        losing = (
            f"SEMI JOIN repeated r ON {same((*self.table.key, '_line'), 'g', 'r')}"
            if lost
            else "WHERE false"
        )
        self._view("repeats", f"SELECT g.* EXCLUDE (_load) FROM good g {losing}")
        return lost

    def _compare(self, compared: Path) -> tuple[int, int, int]:
        """Tell what differs from the known state, `fresh`, and what is `gone`; how many rows are
        unchanged, stale, deleted.
        """
        versions = self.known.versions
        if versions is None:
            self._view("fresh", "SELECT * FROM stated")
            self._view("stale", "SELECT * FROM stated WHERE false")
            self._view("gone", "SELECT *, true AS _deleted FROM stated WHERE false")
            return 0, 0, 0
        lost = stage_losers(self.connection, versions, self.table, "beaten_version")
        self._view("known", without(versions, "beaten_version", self.table) if lost else versions)
        is_same = (
            f"(k._source = {literal(self.source)} AND NOT k._deleted AND "
            f"{same(self._columns(), 'n', 'k')})"
        )
        older = "coalesce(n.updated_at < k.updated_at, false)"
        joined = (
            f"SELECT n.*, {older} AS _stale FROM stated n LEFT JOIN known k ON "
            f"{same(self.table.key, 'n', 'k')} WHERE NOT coalesce({is_same}, false)"
        )
        write_parquet(self.connection, joined, compared, kept=False)
        of_file = f"SELECT * EXCLUDE (_stale) FROM read_parquet({literal(str(compared))})"
        self._view("fresh", f"{of_file} WHERE NOT _stale")
        self._view("stale", f"{of_file} WHERE _stale")
        differing, stale = (
            self._count(f"read_parquet({literal(str(compared))})"),
            self._count("stale"),
        )
        return self._stated - differing, stale, self._find_gone()

    def _find_gone(self) -> int:
        """Stage keys this source stated before and states no more (a quarantined line still states
        its key).

        Where a line's key cannot be read, nobody can say which key is gone: then none is. A row
        mended by hand stays as long as the line that it mends is there.
        """
        mine = f"SELECT * FROM known WHERE NOT _deleted AND _source = {literal(self.source)}"
        if self.known.mending or self.states_unreadable_keys():
            mine += " AND false"
        gone = f"SELECT k.* FROM ({mine}) k ANTI JOIN staged n ON {same(self.table.key, 'n', 'k')}"
        for number, kept in enumerate(self._kept_by_hand()):
            gone = (
                f"SELECT g{number}.* FROM ({gone}) g{number} ANTI JOIN ({kept}) h ON "
                f"{same(self.table.key, f'g{number}', 'h')}"
            )
        self.connection.execute(f"CREATE TEMP TABLE gone AS {gone}")
        deleted = self._count("gone")
        self.had = self._count(f"({mine})") if deleted else 0
        return deleted

    def _kept_by_hand(self) -> Iterator[str]:
        """The SQL of the keys of rows mended by hand whose wrong line is still stated."""
        if self.known.mends is None:
            return
        stated = (
            f"SELECT {quarantine.mark_of(quarantine.canonical_cells(self.table, 's'))} AS mark "
            "FROM stated s"
        )
        still = (
            f"SELECT load, number FROM ({self.known.mends}) m SEMI JOIN (SELECT mark FROM "
            f"set_aside UNION ALL {stated}) USING (mark)"
        )
        yield (
            f"SELECT {key_of(self.table, 'v')} FROM ({self.known.versions}) v SEMI JOIN "
            f"({still}) m ON m.load = v._load AND m.number = v._line"
        )

    def states_unreadable_keys(self) -> bool:
        """Whether some line may state a key that cannot be read: it is torn, or a part of its key
        is.
        """
        needed = [
            f"{quoted(name)} IS NULL" for name in self.table.key if self.table.column(name).required
        ]
        return (
            bool(self.scan.rejects)
            or self._count(f"staged WHERE _broken IS NOT NULL AND ({' OR '.join(needed)})") > 0
        )

    def _keep_beaten(self) -> None:
        """Stage as `kept` the versions that lost to a better one which publishing may yet set
        aside: then they win.

        The winner of such a key goes beside them, also when it is known, so that their order is
        that of this load.
        """
        self.connection.execute(
            "CREATE TEMP TABLE beaten AS SELECT * FROM stale UNION ALL BY NAME SELECT * FROM "
            "repeats"
        )
        if not may_be_set_aside(self.table) or not self._count("beaten"):
            self._view("kept", "SELECT * FROM stated WHERE false")
            return
        if self.known.versions is not None:
            mine = (
                f"SELECT v.* FROM ({self.known.versions}) v SEMI JOIN beaten b ON "
                f"{same(self.table.key, 'v', 'b')} WHERE NOT v._deleted"
            )
            earlier = (
                f"EXISTS (SELECT 1 FROM ({mine}) v WHERE v._source = {literal(self.source)} AND "
                f"{same(self._columns(), 'n', 'v')})"
            )
            self.connection.execute(
                f"CREATE OR REPLACE TEMP TABLE beaten AS SELECT * FROM beaten n WHERE NOT {earlier}"
            )
        rows = "SELECT * FROM repeats UNION ALL BY NAME SELECT * FROM stated"
        group = f"SELECT n.* FROM ({rows}) n SEMI JOIN beaten b ON {same(self.table.key, 'n', 'b')}"
        self.connection.execute(
            f"CREATE TEMP TABLE kept AS SELECT n.* FROM ({group}) n ANTI JOIN fresh f ON "
            f"{same((*self.table.key, '_line'), 'n', 'f')}"
        )

    def _write_rows(self, folder: Path) -> str:
        file = f"{self.scan.table}.parquet"
        names = ", ".join(
            quoted(name) for name in [*self.table.names, *lineage_columns(self.table)]
        )
        parts = [
            "SELECT *, false AS _deleted FROM fresh",
            "SELECT * REPLACE (true AS _deleted) FROM gone",
            "SELECT *, false AS _deleted FROM kept",
        ]
        write_parquet(
            self.connection,
            " UNION ALL ".join(f"SELECT {names} FROM ({part})" for part in parts),
            folder / file,
        )
        return file

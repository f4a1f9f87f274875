"""One batch of rows on its way into a load: conformed, its lines found, what breaks a rule set
aside.

The rows go through a file beside the journal, never through memory as a whole.
"""

from pathlib import Path

import duckdb

from kampass.errors import DataError
from kampass.model import TABLES
from kampass.model.conform import Check, judged, literal, quoted
from kampass.model.keys import state_columns
from kampass.model.scan import NO_LINE, Scan
from kampass.store import quarantine
from kampass.store.disk import write_parquet

_LINES_AT_ONCE = 500_000


class Staging:
    """Stages a scan as the views `staged` (`count` typed rows) and `numbered` (the same with
    `_line`).

    `noted` counts what it sets aside or mends, `mended` what it mends.
    """

    def __init__(
        self,
        connection: duckdb.DuckDBPyConnection,
        scan: Scan,
        timezone: str,
        *,
        mending: bool,
    ) -> None:
        self.connection, self.scan, self.timezone, self.mending = (
            connection,
            scan,
            timezone,
            mending,
        )
        self.table = TABLES[scan.table]
        self.count = self.noted = self.mended = 0

    def stage(self, folder: Path, aside: Path) -> None:
        """Read the scan into files of that folder, and into the other what is set aside or
        mended.
        """
        self._require_columns()
        for name, value in self.scan.objects.items():
            self.connection.register(name, value)
        try:
            rules = self._conform(folder / "staged.parquet")
        except duckdb.IOException as wrong:
            if "No files found" not in str(wrong):
                raise
            raise DataError(
                f"{self.scan.place} went away while it was read.",
                code="unreadable_file",
                hint="Put it back and load again.",
            ) from None
        self._find_lines(folder)
        self._quarantine(rules, aside)

    def _count(self, what: str) -> int:
        row = self.connection.execute(f"SELECT count(*) FROM {what}").fetchone()
        assert row is not None
        return int(row[0])

    def _view(self, name: str, sql: str) -> None:
        self.connection.execute(f"CREATE OR REPLACE TEMP VIEW {name} AS {sql}")

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
        read = [
            f"{quoted(self.scan.line)} AS _at" if self.scan.line else "NULL::BIGINT AS _at",
            "_id AS _mends" if self.mending else "NULL::VARCHAR AS _mends",
        ]
        if self.table.more:
            read.append(f"{self._extra()} AS _extra")
        kept = ("_at", "_mends", *map(quoted, state_columns(self.table)))
        rules, rows = judged(self.scan, self.timezone, read=read, kept=kept)
        write_parquet(self.connection, rows, staged, kept=False)
        self._view("staged", f"SELECT * FROM read_parquet({literal(str(staged))})")
        return rules

    def _extra(self) -> str:
        """Unknown columns, kept to cut by."""
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
        count = self.count = self._count("staged")
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

    def _quarantine(self, rules: list[Check], file: Path) -> None:
        """Write what is set aside, and which rows mend one that was."""
        self.connection.execute(
            "CREATE OR REPLACE TEMP TABLE broken AS SELECT _row, _line, _broken FROM numbered "
            "WHERE _broken IS NOT NULL"
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
            if self.mending
            else "SELECT 0 AS _line, '' AS _mends WHERE false",
        )
        parts = [
            f"SELECT {quarantine.SHAPE} WHERE false",
            quarantine.offenders(self.scan, rules, mending=self.mending),
        ]
        parts.append("SELECT _mends AS mends, true AS mended, _line AS number FROM mended")
        if self.scan.rejects:
            torn, lines = quarantine.rejected(self.scan)
            self.connection.execute(f"CREATE OR REPLACE TEMP TABLE torn AS {torn}", lines)
            parts.append("SELECT * FROM torn")
        self.mended = self._count("mended")
        self.noted = self._count("broken") + len(self.scan.rejects) + self.mended
        if self.noted:
            # A text file seems small to the planner: left to itself it would hold the file in
            # memory and not the few rows sought.
            self.connection.execute("SET disabled_optimizers = 'join_order,build_side_probe_side'")
            write_parquet(self.connection, " UNION ALL BY NAME ".join(parts), file)
            self.connection.execute("RESET disabled_optimizers")

"""One table of one load on its way into the journal: gathered, compared with what is known,
written.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from kampass.model.conform import literal, quoted
from kampass.model.keys import conflicting, key_of, same, state_columns
from kampass.store import quarantine
from kampass.store.disk import SETTLING, sha256, write_parquet
from kampass.store.loading import tombstones
from kampass.store.loading.gathering import Gathering
from kampass.store.records import LoadedTable
from kampass.store.versions import lineage_columns, may_be_set_aside, nothing, stage_losers, without


@dataclass(frozen=True)
class Known:
    """What earlier loads say of a table: the SQL of its versions, of what this source's rows mended
    by hand mend, of the lines that somebody has dismissed as no rows, and of the versions that the
    source stated under another reading: they mean nothing any more.
    """

    versions: str | None
    mends: str | None = None
    dismissed: str | None = None
    forgotten: str | None = None


class TableBatch:
    """What one load holds of one table; `whole`: a key that it does not state is gone.

    `gone` is how many rows of the `had` that its source stated before are stated no more;
    `conflicting` of the lines `read` differ from the one of their key that counts.
    """

    def __init__(self, gathered: Gathering, source: str, known: Known, *, whole: bool) -> None:
        self.gathered, self.source, self.known, self.whole = gathered, source, known, whole
        self.connection, self.table = gathered.connection, gathered.table
        self.gone = self.had = self.read = self.conflicting = self._stated = 0

    def write(self, folder: Path, digest: str) -> LoadedTable:
        """Compare with what is known, write what differs; the counts."""
        quarantine_file = self.gathered.settle()
        self.connection.execute(f"SET memory_limit = '{SETTLING}'")
        self._find_dismissed()
        self.read = self._count("staged") + self.gathered.torn
        superseded = self._settle_repeats()
        unchanged, stale = self._compare(self.gathered.scratch / "compared.parquet")
        loaded = self._count("fresh")
        self._keep_beaten()
        deleted = self._find_ended() + self._find_gone()
        ended = self._count("ended") if self.gathered.deletes else 0
        anything = loaded or deleted or ended or self._count("kept")
        file = self._write_rows(folder) if anything else None
        return LoadedTable(
            self.table.name,
            self.read,
            loaded,
            unchanged,
            superseded + stale,
            self.gathered.set_aside,
            deleted,
            digest,
            file,
            sha256(folder / file) if file else None,
            quarantine_file,
            sha256(folder / quarantine_file) if quarantine_file else None,
            changes=not self.whole,
            conflicting=self.conflicting,
            dismissed=self._count("dismissed"),
            files=tuple(self.gathered.files),
        )

    def _find_dismissed(self) -> None:
        """Tell of what is set aside the lines that are no rows, as somebody has said."""
        lines = self.known.dismissed or "SELECT NULL::VARCHAR AS dismisses WHERE false"
        self.connection.execute(
            "CREATE TEMP TABLE dismissed AS SELECT mark, number FROM set_aside WHERE mark IS NOT "
            f"NULL AND {quarantine.content()} IN (SELECT dismisses FROM ({lines}))"
        )

    def _count(self, what: str) -> int:
        row = self.connection.execute(f"SELECT count(*) FROM {what}").fetchone()
        assert row is not None
        return int(row[0])

    def _view(self, name: str, sql: str) -> None:
        self.connection.execute(f"CREATE TEMP VIEW {name} AS {sql}")

    def _settle_repeats(self) -> int:
        """Tell the winning line of each key, `stated`, from the losing ones, `repeats`; how many
        lost. A deletion can win or lose like a row, and is neither.
        """
        row = "* EXCLUDE (_row, _broken, _mends)"
        good = f"SELECT {row}, 0 AS _load FROM numbered WHERE _broken IS NULL"
        told, is_row = "_load", "true"
        if self.gathered.deletes:
            good = (
                f"SELECT {row}, 0 AS _load, false AS _deleted FROM numbered WHERE _broken IS NULL "
                "UNION ALL BY NAME FROM tombstone"
            )
            told, is_row = "_load, _deleted", "NOT _deleted"
        self._view("good", good)
        first = self.gathered.keep == "first"
        lost = stage_losers(
            self.connection, "SELECT * FROM good", self.table, "repeated", first=first
        )
        winning = (
            without("SELECT * FROM good", "repeated", self.table) if lost else "SELECT * FROM good"
        )
        self._view("stated", f"SELECT * EXCLUDE ({told}) FROM ({winning}) WHERE {is_row}")
        losing = (
            f"SEMI JOIN repeated r ON {same((*self.table.key, '_line'), 'g', 'r')}"
            if lost
            else "WHERE false"
        )
        losers = f"SELECT g.* FROM good g {losing}"
        self._view("repeats", f"SELECT * EXCLUDE ({told}) FROM ({losers}) WHERE {is_row}")
        rows, repeats = self._count(f"good WHERE {is_row}"), self._count("repeats") if lost else 0
        self._stated = rows - repeats
        if repeats:
            differing = conflicting("FROM repeats", "FROM stated", self.table)
            self.conflicting = self._count(f"({differing})")
        return repeats

    def _compare(self, compared: Path) -> tuple[int, int]:
        """Tell what differs from the known state, `fresh`, and what is older, `stale`; how many
        rows are unchanged, stale.
        """
        versions = self.known.versions
        if versions is None:
            self._view("known", nothing(self.table))
            self._view("fresh", "SELECT * FROM stated")
            self._view("stale", "SELECT * FROM stated WHERE false")
            return 0, 0
        lost = stage_losers(self.connection, versions, self.table, "beaten_version")
        self._view("known", without(versions, "beaten_version", self.table) if lost else versions)
        is_same = (
            f"(k._source = {literal(self.source)} AND NOT k._deleted AND "
            f"{same(state_columns(self.table), 'n', 'k')})"
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
        return self._stated - differing, stale

    def _find_ended(self) -> int:
        """Stage the deletions that the source told and the journal does not know; how many rows
        they end.
        """
        if not self.gathered.deletes:
            return 0
        return tombstones.stage_ended(self.connection, self.table, self.source, self.known.versions)

    def _find_gone(self) -> int:
        """Stage keys this source stated before and states no more as `gone` (a quarantined line
        still states its key).

        Where a line's key cannot be read, nobody can say which key is gone: then none is. A row
        mended by hand stays as long as the line that it mends is there.
        """
        mine = f"SELECT * FROM known WHERE NOT _deleted AND _source = {literal(self.source)}"
        if not self.whole or self.states_unreadable_keys():
            mine += " AND false"
        if self.gathered.deletes:
            mine = (
                f"SELECT m.* FROM ({mine}) m ANTI JOIN ended e ON {same(self.table.key, 'm', 'e')}"
            )
        gone = f"SELECT k.* FROM ({mine}) k ANTI JOIN staged n ON {same(self.table.key, 'n', 'k')}"
        for number, kept in enumerate(self._kept_by_hand()):
            gone = (
                f"SELECT g{number}.* FROM ({gone}) g{number} ANTI JOIN ({kept}) h ON "
                f"{same(self.table.key, f'g{number}', 'h')}"
            )
        self.connection.execute(f"CREATE TEMP TABLE gone AS {gone}")
        self.gone = self._count("gone")
        self.had = self._count(f"({mine})") if self.gone else 0
        self._find_forgotten()
        return self.gone

    def _find_forgotten(self) -> None:
        """Count with the rows that are gone those of another reading that are not stated anew; one
        that is set aside now is not.
        """
        forgotten = self.known.forgotten
        if forgotten is None:
            return
        lost = stage_losers(self.connection, forgotten, self.table, "forgotten")
        rows = without(forgotten, "forgotten", self.table) if lost else forgotten
        mine = f"SELECT * FROM ({rows}) WHERE NOT _deleted"
        self.had += self._count(f"({mine})")
        self.gone += self._count(
            f"({mine}) m ANTI JOIN stated n ON {same(self.table.key, 'n', 'm')}"
        )

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
        is. One that is dismissed states none.
        """
        needed = [
            f"{quoted(name)} IS NULL" for name in self.table.key if self.table.column(name).required
        ]
        unreadable = f"staged WHERE _broken IS NOT NULL AND ({' OR '.join(needed)})"
        lines = self.gathered.torn + self._count(unreadable)
        return lines > 0 and (not self._count("dismissed") or self._are_open())

    def _are_open(self) -> bool:
        """Whether a line whose key cannot be read is set aside and not dismissed."""
        left = "SELECT * FROM set_aside WHERE mark NOT IN (SELECT mark FROM dismissed)"
        read = quarantine.keys(self.table, left, self.gathered.timezone)
        return self._count(f"({left}) WHERE mark NOT IN (SELECT mark FROM ({read}))") > 0

    def _keep_beaten(self) -> None:
        """Stage as `kept` the versions that lost to a better one which publishing may yet set
        aside, or to a deletion: then they win, or are what it ended.

        The winner of such a key goes beside them, also when it is known, so that their order is
        that of this load.
        """
        # Where the first line counts, a later one never does: publishing would take it for better.
        repeats = " WHERE false" if self.gathered.keep == "first" else ""
        self.connection.execute(
            "CREATE TEMP TABLE beaten AS SELECT * FROM stale UNION ALL BY NAME SELECT * FROM "
            f"repeats{repeats}"
        )
        if not self._may_win_yet() or not self._count("beaten"):
            self._view("kept", "SELECT * FROM stated WHERE false")
            return
        if self.known.versions is not None:
            mine = (
                f"SELECT v.* FROM ({self.known.versions}) v SEMI JOIN beaten b ON "
                f"{same(self.table.key, 'v', 'b')} WHERE NOT v._deleted"
            )
            earlier = (
                f"EXISTS (SELECT 1 FROM ({mine}) v WHERE v._source = {literal(self.source)} AND "
                f"{same(state_columns(self.table), 'n', 'v')})"
            )
            self.connection.execute(
                f"CREATE OR REPLACE TEMP TABLE beaten AS SELECT * FROM beaten n WHERE NOT {earlier}"
            )
        rows = f"SELECT * FROM repeats{repeats} UNION ALL BY NAME SELECT * FROM stated"
        group = f"SELECT n.* FROM ({rows}) n SEMI JOIN beaten b ON {same(self.table.key, 'n', 'b')}"
        self.connection.execute(
            f"CREATE TEMP TABLE kept AS SELECT n.* FROM ({group}) n ANTI JOIN fresh f ON "
            f"{same((*self.table.key, '_line'), 'n', 'f')}"
        )

    def _may_win_yet(self) -> bool:
        mending = self.gathered.mending
        return may_be_set_aside(self.table) or not (self.whole or mending)

    def _write_rows(self, folder: Path) -> str:
        file = f"{self.table.name}.parquet"
        names = ", ".join(
            quoted(name) for name in [*self.table.names, *lineage_columns(self.table)]
        )
        parts = [
            "SELECT *, false AS _deleted FROM fresh",
            "SELECT * REPLACE (true AS _deleted) FROM gone",
            "SELECT *, false AS _deleted FROM kept",
            *(["SELECT * FROM ended"] if self.gathered.deletes else []),
        ]
        write_parquet(
            self.connection,
            " UNION ALL ".join(f"SELECT {names} FROM ({part})" for part in parts),
            folder / file,
        )
        return file

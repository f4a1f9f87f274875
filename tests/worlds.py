"""Small adversarial data worlds: random, reproducible canonical tables that sit on the edges of the
definitions.

Rows that must be quarantined carry an id that begins with `bad-`, unless they repeat the key of a
good row on purpose (a quarantined line supersedes nothing). The rows themselves come from the
module beside this one.
"""

from __future__ import annotations

import csv
import random
from dataclasses import dataclass
from datetime import date, datetime, time
from pathlib import Path
from zoneinfo import ZoneInfo

from tests.worlds_draft import (
    CLOSED,
    COLUMNS,
    DAY,
    HEADER,
    KEYS,
    REQUIRED,
    Draft,
    Frame,
    Period,
    Row,
    months_on,
)
from tests.worlds_rows import BUILDERS

ZONES = ("America/New_York", "Europe/Berlin", "Asia/Kolkata")
NUMBERS = set(
    "tier_rank value quantity unit_price mrr amount probability minutes reopened agent_replies "
    "score seats"
    " customer_messages active_users logins key_events baseline target rate scale_min scale_max".split()
)
ENTITIES = set(
    "accounts contacts users teams products surveys memberships ownerships account_attributes".split()
)
FACTS = [table for table in COLUMNS if table not in ENTITIES | {"fx_rates", "coverage"}]


@dataclass(frozen=True)
class Feed:
    """What one more source tells, and what is said of it."""

    name: str
    recorded_at: datetime
    tables: dict[str, list[Row]]
    upload: bool = False
    ended: bool = False
    silent: frozenset[str] = frozenset()


@dataclass(frozen=True)
class World:
    """A set of canonical tables in canonical text, with what a workspace needs to load them.

    `silent` are the tables of which it is said that no later row means that nothing happened.
    """

    seed: int
    timezone: str
    currency: str
    recorded_at: datetime
    tables: dict[str, list[Row]]
    feeds: tuple[Feed, ...] = ()
    silent: frozenset[str] = frozenset()
    grace_days: int = 0

    def write(self, folder: Path) -> None:
        """Write one CSV file per table; some worlds begin their files with a BOM or end lines with
        CRLF. The files of other feeds come in folders beside it, which bear their names.
        """
        self._write(folder, self.tables)
        for feed in self.feeds:
            self._write(folder.parent / feed.name, feed.tables)

    def _write(self, folder: Path, tables: dict[str, list[Row]]) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        encoding = "utf-8-sig" if self.seed % 5 == 3 else "utf-8"
        for table, rows in tables.items():
            with (folder / f"{table}.csv").open("w", encoding=encoding, newline="") as file:
                writer = csv.writer(file, lineterminator="\r\n" if self.seed % 3 == 1 else "\n")
                header = list(rows[0]) if rows else HEADER[table]
                writer.writerow(header)
                writer.writerows([row[column] or "" for column in header] for row in rows)

    def periods(self) -> list[Period]:
        """About four questions whose boundaries the rows crowd around; the first is the last month
        of the window.
        """
        return periods_of(self.seed)


def periods_of(seed: int) -> list[Period]:
    """The questions of a world that need not be made."""
    return frame_of(seed).asked


def timezone_of(seed: int) -> str:
    """The time zone of a world that need not be made."""
    return frame_of(seed).zone.key


def frame_of(seed: int) -> Frame:
    """Draw zone, window and questions, the same for one seed every time."""
    rng = random.Random(seed)
    zone = ZoneInfo(rng.choice(ZONES))
    start = months_on(date(2024, 1, 1), rng.randrange(18))
    end = months_on(start, 14)
    offsets = {
        n: datetime.combine(start + n * DAY, time(), zone).utcoffset()
        for n in range((end - start).days + 1)
    }
    changes = [start + n * DAY for n in range(len(offsets) - 1) if offsets[n] != offsets[n + 1]]
    last, middle = months_on(end, -1), months_on(start, rng.randint(5, 11))
    quarter = months_on(middle, -((middle.month - 1) % 3))
    asked = [
        Period(f"{last:%Y-%m}", last, end),
        Period(f"{quarter.year}-Q{(quarter.month + 2) // 3}", quarter, months_on(quarter, 3)),
    ]
    opening, length = months_on(start, rng.randint(1, 2)), rng.choice((2, 3, 6, 12))
    closing = months_on(opening, length - 1)
    asked.append(Period(f"{opening:%Y-%m}..{closing:%Y-%m}", opening, months_on(closing, 1)))
    day = rng.choice([*changes, middle + rng.randrange(60) * DAY])
    if rng.random() < 0.25:
        asked.append(Period(day.isoformat(), day, day + DAY))
    else:
        monday = day - day.weekday() * DAY
        year, week, _ = monday.isocalendar()
        asked.append(Period(f"{year}-W{week:02d}", monday, monday + 7 * DAY))
    if rng.random() < 0.5:
        asked.append(Period(f"{middle:%Y-%m}", middle, months_on(middle, 1)))
    return Frame(rng, zone, start, end, asked, changes)


def _repeat(d: Draft, table: str) -> None:
    """Give some rows a second version under the same key: newer, older, or undecided (the later
    line wins).
    """
    rows, fixed = (
        d.rows[table],
        {"closed_at", "response_id", "user_id", "satisfied_from", *KEYS[table]},
    )
    optional = [c for c in HEADER[table] if c not in {*REQUIRED[table], *fixed}]
    changeable = [
        *optional,
        *({"mrr", "amount", "value", "target"} & set(HEADER[table]) - set(optional) - fixed),
    ]
    changeable.sort()
    known = d.midnight((d.recorded_at - 5 * DAY).date())
    for row in d.rng.sample(rows, min(len(rows), d.pick((1, 2, 4)))) if changeable else []:
        column, copy = d.pick(changeable), dict(row)
        copy[column] = None if column.endswith("_at") else d.pick(rows)[column]
        if column in REQUIRED[table] and copy[column] is None:
            continue
        versions = d.pick(((1, 2), (2, 1), (1, 1), None))
        if versions:
            row["updated_at"], copy["updated_at"] = (
                d.text(known - DAY / version) for version in versions
            )
        rows.insert(d.rng.randint(0, len(rows)), copy)


def _delete(d: Draft, table: str) -> None:
    """Mark some rows as deleted, well before the load."""
    linked = {row["response_id"] for row in d.rows["invitations"]}
    latest = (d.recorded_at - 9 * DAY).date()
    for row in d.rows[table]:
        if d.chance(0.04) and row.get("id") not in linked:
            row["deleted_at"] = d.text(d.moment(d.day(d.start, latest)))


def _spoilt(d: Draft, table: str, column: str, row: Row) -> str | None:
    """A value of this column that sends the row to quarantine ("" leaves the column alone)."""
    naive = "2025-03-01T10:00:00"
    if column == "score":
        return d.pick(("8.5", "11")) if "nps" in str(row["survey_id"]) else d.pick(("1000", "-1"))
    if column in REQUIRED[table] and (
        column.endswith("account_id") or column in ("goal_id", "survey_id", "user_id")
    ):
        return "nowhere"
    if column == "closed_at":
        return "" if row["status"] == "open" else None
    if column.endswith("_at"):
        return naive
    if column.startswith("valid_") or column.endswith("_on") or column == "on":
        return d.pick(("2025-02-30", "31/12/2025"))
    if f"{table}.{column}" in CLOSED:
        return "banana"
    if column in NUMBERS:
        return "-5" if column == "mrr" else d.pick(("abc", "12,5"))
    if column == "delivered" or column.startswith("is_"):
        return "perhaps"
    return None if column in REQUIRED[table] else ""


def _spoil(d: Draft, table: str) -> None:
    """Add lines that must be quarantined: new ones, or broken repeats of good ones that supersede
    nothing.
    """
    taken = KEYS[table]
    spared = {"id", "currency", "value" if table == "account_attributes" else "id"}
    columns = [column for column in HEADER[table] if column not in spared]
    for row in d.rng.sample(d.rows[table], min(len(d.rows[table]), d.pick((1, 2, 3)))):
        column, copy = d.pick(columns), dict(row)
        value = _spoilt(d, table, column, row)
        if value == "" or (column in taken and value is None):
            continue
        copy[column] = value
        if taken == ["id"] and (value == "nowhere" or column == "score" or d.chance(0.5)):
            copy["id"] = f"bad-{row['id']}"
        d.rows[table].insert(d.rng.randint(0, len(d.rows[table])), copy)


def _coverage(d: Draft, tables: dict[str, list[Row]]) -> None:
    """Say of some tables how far they are covered: whole, touching, overlapping, with a gap, ending
    early, late.
    """
    early, late = d.start - 500 * DAY, d.recorded_at.date() + d.pick((-3, 0, 1, 40)) * DAY
    for table in [name for name in FACTS if name in tables and d.chance(0.4)]:
        cut = d.day(d.start, d.end)
        begin = d.pick((early, early, early, d.pick(d.asked).start, cut - 200 * DAY))
        shapes: list[list[tuple[date, date]]] = [
            [(begin, late)],
            [(begin, cut), (cut, late)],
            [(begin, cut + 9 * DAY), (cut, late)],
            [(begin, cut), (cut + d.pick((1, 20)) * DAY, late)],
            [(begin, d.day(d.asked[0].start, d.asked[0].end))],
        ]
        for covered_from, covered_to in d.pick(shapes):
            if covered_from < covered_to:
                d.add("coverage", table=table, covered_from=covered_from, covered_to=covered_to)


def _finish(d: Draft) -> dict[str, list[Row]]:
    """Repeat, delete and spoil rows, leave tables and columns out, and give all rows of a table the
    same columns.
    """
    steps = ((_repeat, 0.4), (_delete, 0.35), (_spoil, 0.35))
    for table in COLUMNS:
        for step, probability in steps:
            if table not in ("coverage", "fx_rates") and d.chance(probability):
                step(d, table)
    tables = {
        table: rows for table, rows in d.rows.items() if table == "accounts" or d.chance(0.96)
    }
    tables = {
        table: rows if table == "accounts" or d.chance(0.96) else []
        for table, rows in tables.items()
    }
    tables.pop("coverage", None)
    if d.chance(1 / 3):
        _coverage(d, tables)
        tables |= {"coverage": d.rows["coverage"]} if d.rows["coverage"] else {}
    for table, rows in tables.items():
        header = [
            *HEADER[table],
            *(c for c in ("updated_at", "deleted_at") if any(c in row for row in rows)),
        ]
        kept = {
            *REQUIRED[table],
            *KEYS[table],
            "closed_at",
            "satisfied_from",
            "updated_at",
            "deleted_at",
        }
        if d.chance(0.06) and set(header) - kept:
            header.remove(d.pick([column for column in header if column not in kept]))
        if d.chance(0.05) and table != "accounts":
            header.append("x_unknown")
        if d.chance(0.2):
            d.rng.shuffle(header)
        tables[table] = [{column: row.get(column) for column in header} for row in rows]
    return tables


def make_world(seed: int, *, accounts: int | None = None) -> World:
    """Make the world of this seed, with so many accounts (8 to 40 unless told)."""
    d = Draft(frame_of(seed), accounts)
    for build in BUILDERS:
        build(d)
    return World(seed, d.zone.key, d.currencies[0], d.recorded_at, _finish(d))

"""What is set aside, in words: why, which KPIs lack it, row by row; and one row to be mended."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal
from urllib.parse import urlencode

from kampass.errors import DataError
from kampass.model import TABLES
from kampass.render import words
from kampass.server.rules import Call
from kampass.web.parts.forms import FormField
from kampass.web.parts.links import Link
from kampass.web.parts.loads import plain
from kampass.workspace.loads import by_hand
from kampass.workspace.loads.quarantine import (
    Group,
    Quarantine,
    QuarantineEffect,
    SetAside,
    Wish,
    listed,
    places,
)

PATH: Final = "/data/quarantine"
By = Literal["reason", "table", "load"]
_PAGE, _MONTHS, _LONGEST, _EXAMPLE = 50, 12, 600, 120
_HINTS: Final = {
    "date": "Such as 2026-12-31",
    "instant": "Such as 2026-12-31T17:05:00Z",
    "decimal": "Such as 1234.56",
    "rate": "Such as 1234.56",
    "integer": "Such as 1234",
    "bool": "true or false",
}


@dataclass(frozen=True)
class Lacking:
    """A table that lacks rows, when, and the KPIs that need it: those switched on, and the rest."""

    table: str
    rows: str
    of: str
    share: str
    months: Sequence[str]
    further: int
    undated: int
    on: Sequence[Link]
    off: Sequence[Link]


@dataclass(frozen=True)
class AsideGroup:
    """Rows that are set aside for the same reason, of one table, or in one load."""

    table: str
    reason: str
    load: int | None
    rows: str
    lines: str
    example: str
    href: str


@dataclass(frozen=True)
class AsideRow:
    """One row that is set aside, and by which load it is mended, or `dismissed` as no row."""

    id: str
    where: str
    source: str
    column: str
    value: str
    reason: str
    mended: int | None
    dismissed: bool
    cells: str


@dataclass(frozen=True)
class QuarantinePage:
    """The page; `kept` narrows it."""

    lead: str
    total: int
    kept: Mapping[str, object]
    lacking: Sequence[Lacking]
    by: By
    ways: Sequence[Link]
    groups: Sequence[AsideGroup]
    rows: Sequence[AsideRow]
    range: str
    previous: str | None
    next: str | None
    paged: bool
    places: Sequence[Link]


def quarantine_page(
    call: Call, found: Quarantine, wish: Wish, *, by: By, skip: int
) -> QuarantinePage:
    """One page of what is set aside and fits."""
    kept = {
        name: value
        for name in ("table", "source", "load", "reason")
        if (value := getattr(wish, name)) is not None
    }
    snapshot = call.workspace.snapshot(snapshot=found.snapshot)
    rows = listed(snapshot, wish, page=(skip, _PAGE))
    every = found.total + found.mended

    def link(**changes: object) -> str:
        return f"{PATH}?{urlencode({**kept, 'by': by, **changes})}"

    return QuarantinePage(
        _lead(found, narrowed=bool(kept)),
        found.total,
        kept,
        _lacking(call, found.effects),
        by,
        [Link(f"By {name}", link(by=name), by == name) for name in ("reason", "table", "load")],
        [_group(group, kept) for group in found.groups],
        [_row(row) for row in rows],
        f"{skip + 1:,} to {skip + len(rows):,} of {every:,}",
        link(skip=max(skip - _PAGE, 0)) if skip else None,
        link(skip=skip + _PAGE) if skip + _PAGE < every else None,
        every > _PAGE,
        _places(call),
    )


def _lead(found: Quarantine, *, narrowed: bool) -> str:
    were = "was" if found.mended == 1 else "were"
    more = f" {found.mended:,} more {were} mended or dismissed by hand."
    if not found.total:
        said = f"Nothing is set aside{' that fits' if narrowed else ''}."
    elif found.total == 1:
        said = "1 row is set aside, whole, as it stood; nothing was guessed."
    else:
        said = f"{found.total:,} rows are set aside, whole, as they stood; nothing was guessed."
    return said + (more if found.mended else "")


def _group(group: Group, kept: Mapping[str, object]) -> AsideGroup:
    named = {"table": group.table, "reason": group.reason, "load": group.load}
    more = {name: value for name, value in named.items() if value is not None}
    return AsideGroup(
        words.table(group.table).capitalize(),
        plain(group.reason or ""),
        group.load,
        f"{group.rows:,}",
        ", ".join(map(str, group.lines)),
        (group.example or "")[:_EXAMPLE],
        f"{PATH}?{urlencode({**kept, **more})}",
    )


def _lacking(call: Call, effects: Sequence[QuarantineEffect]) -> list[Lacking]:
    """For each table: how much is missing, when, and the KPIs that need it."""
    found = []
    for table in dict.fromkeys(effect.table for effect in effects):
        own = [effect for effect in effects if effect.table == table]
        first = own[0]
        found.append(
            Lacking(
                words.table(table).capitalize(),
                f"{first.rows:,}",
                f"{first.of:,}",
                f"{first.share:.2g} %",
                first.months[:_MONTHS],
                max(0, len(first.months) - _MONTHS),
                first.undated,
                [_kpi(call, effect) for effect in own if effect.on],
                [_kpi(call, effect) for effect in own if not effect.on],
            )
        )
    return found


def _kpi(call: Call, effect: QuarantineEffect) -> Link:
    return Link(call.workspace.catalogue.get(effect.kpi).name, f"/kpis/{effect.kpi}")


def _row(row: SetAside) -> AsideRow:
    line = f", line {row.line}" if row.line else ""
    cells = (f"{name}: {cell}" for name, cell in (row.row or {}).items() if cell is not None)
    return AsideRow(
        row.id,
        words.table(row.table).capitalize() + line,
        f"{row.source}, load {row.load}",
        row.column,
        (row.value or "")[:300],
        plain(row.reason),
        row.mended_by,
        row.dismissed,
        ", ".join(cells)[:_LONGEST],
    )


def _places(call: Call) -> list[Link]:
    """Each table and source with rows set aside: what one CSV holds."""
    return [
        Link(
            f"{rows:,} of {words.table(table)} from {source}",
            f"{PATH}/rows.csv?{urlencode({'table': table, 'source': source})}",
        )
        for table, source, rows in places(call.workspace.snapshot())
    ]


@dataclass(frozen=True)
class RowForm:
    """One row as it stands, with a field for each cell, the one to correct first."""

    row: SetAside
    where: str
    table: str
    value: str
    reason: str
    fields: Sequence[FormField]
    wrong: DataError | None


def row_form(row: SetAside, cells: Mapping[str, str], wrong: DataError | None) -> RowForm:
    """The form of a row, with these cells in it."""
    marked = _marked(row)
    names = sorted(by_hand.columns_of(row), key=lambda name: name != marked)
    return RowForm(
        row,
        f"line {row.line}" if row.line else "this row",
        words.table(row.table),
        (row.value or "")[:200],
        plain(row.reason),
        [
            _field(row, name, cells.get(name, ""), plain(row.reason) if name == marked else None)
            for name in names
        ],
        wrong,
    )


def _field(row: SetAside, name: str, value: str, error: str | None) -> FormField:
    table, label = TABLES[row.table], words.dimension(name)
    if not table.has(name):
        return FormField(f"cell.{name}", label, value, error=error)
    column = table.column(name)
    listed_choices = f"One of {', '.join(column.choices)}" if column.choices else None
    return FormField(
        f"cell.{name}",
        f"{label} (needed)" if column.required else label,
        value,
        hint=listed_choices or _HINTS.get(column.type),
        error=error,
    )


def _marked(row: SetAside) -> str:
    """The column to correct: named as in the file, it is known by what stands there."""
    cells = row.row or {}
    if row.column in cells or TABLES[row.table].has(row.column):
        return row.column
    same = [name for name, cell in cells.items() if cell is not None and cell == row.value]
    return same[0] if len(same) == 1 else ""

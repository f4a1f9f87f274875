"""Loads, sources and tables in words, ready for the pages under Data. Sums are taken as the store
counted them.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import overload
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from kampass.engine import Answer
from kampass.engine.answer import instant_text
from kampass.insight.restated.restatement import Moved
from kampass.render import words
from kampass.render.display import show_difference, show_value
from kampass.web.parts import spans
from kampass.web.parts.figures import Badge, FigureTile, Interval
from kampass.web.parts.links import Link
from kampass.web.rendering import moment
from kampass.workspace import Workspace
from kampass.workspace.loads.doctor import Examination, TableHealth
from kampass.workspace.loads.held import Held, HeldReason
from kampass.workspace.loads.loads import LoadCard, SourceCard, Sum

_PARTS = (
    ("loaded", "loaded"),
    ("unchanged", "unchanged"),
    ("superseded", "superseded"),
    ("quarantined", "set aside"),
)
_STATES = {
    "complete": Badge("counts", "good"),
    "held": Badge("waits for a person", "warn"),
    "dropped": Badge("dropped"),
}
_NAMED = 5
_FORMAT = re.compile(r"(?:%[A-Za-z%])(?:[^%]{0,3}%[A-Za-z%])+")
_EXAMPLE = datetime(2026, 12, 31, 17, 5, 9)  # noqa: DTZ001 - an example without a zone
_KINDS = {"folder": "folder of files", "mapped": "mapped files", "sample": "sample company"}


@dataclass(frozen=True)
class Instant:
    """An instant as it is shown, and exactly."""

    text: str
    iso: str
    zone: str


@overload
def when(instant: None, workspace: Workspace) -> None: ...
@overload
def when(instant: datetime | str, workspace: Workspace) -> Instant: ...
def when(instant: datetime | str | None, workspace: Workspace) -> Instant | None:
    """An instant in the workspace's zone."""
    if instant is None:
        return None
    found = datetime.fromisoformat(instant) if isinstance(instant, str) else instant
    zone = workspace.settings.timezone
    return Instant(moment(found, zone), instant_text(found) or "", zone)


def day(text: str, workspace: Workspace) -> str:
    """The day of an instant in the workspace's zone."""
    return words.day(
        datetime.fromisoformat(text).astimezone(ZoneInfo(workspace.settings.timezone)).date()
    )


def plain(reason: str) -> str:
    """Why a row is set aside, a format in it shown by an example.

    >>> plain("is no timestamp as %d.%m.%Y %H:%M")
    'is no timestamp as 31.12.2026 17:05'
    """
    return _FORMAT.sub(lambda found: _EXAMPLE.strftime(found[0]), reason)


def lead(workspace: Workspace, health: Examination | None) -> str:
    """The answer in one sentence."""
    if health is None:
        return "Nothing has been loaded yet."
    connected = [table for table in health.tables if table.connected]
    assumed = sum(table.assumed for table in connected)
    kept = (
        f"{len(health.possible):,} of {len(workspace.catalogue.kpis):,} KPIs have the tables "
        "they need"
    )
    how = (
        f"; how far {assumed} of {len(connected)} tables reach is assumed, not stated"
        if assumed
        else "; every table states how far it reaches"
    )
    return (
        "The data is as of "
        f"{moment(datetime.fromisoformat(health.known_at), workspace.settings.timezone)}. "
        f"{kept}{how}."
    )


@dataclass(frozen=True)
class SourceLine:
    """A source with its last load, the tables it states first and how they go on."""

    name: str
    kind: str
    tables: str
    more: Sequence[str]
    last: Instant | None
    waits: int | None
    uploaded: bool


def source_line(source: SourceCard, workspace: Workspace) -> SourceLine:
    """A source in words."""
    own = f"uploads/{source.name}"
    uploaded = any(
        one.name == source.name and one.options.get("path") == own
        for one in workspace.settings.sources
    )
    tables = [words.table(table) for table in source.tables]
    return SourceLine(
        source.name,
        "uploaded files" if uploaded else _KINDS.get(source.kind, source.kind),
        ", ".join(tables[:_NAMED]),
        tables[_NAMED:],
        when(source.last, workspace),
        source.waits,
        uploaded,
    )


@dataclass(frozen=True)
class SumPart:
    """What became of some of the rows; `some` where there are any."""

    count: str
    word: str
    some: bool


@dataclass(frozen=True)
class RowSum:
    """What a load read and what became of it, as the sum that it is, and a word on superseded
    lines that nothing orders.
    """

    read: str
    parts: Sequence[SumPart]
    deleted: str | None
    aside: int
    conflicting: str


def sum_of(sums: Sum) -> RowSum:
    """A sum in words: read = loaded + unchanged + superseded + set aside."""
    parts = [
        SumPart(f"{getattr(sums, name):,}", word, getattr(sums, name) > 0) for name, word in _PARTS
    ]
    deleted = f"{sums.deleted:,}" if sums.deleted else None
    differing = words.conflicting(sums.conflicting) if sums.conflicting else ""
    return RowSum(f"{sums.read:,}", parts, deleted, sums.quarantined, differing)


@dataclass(frozen=True)
class LoadLine:
    """A load with its sum."""

    number: int
    source: str
    when: Instant
    held: bool
    state: Badge
    why: str
    sum: RowSum


def load_line(load: LoadCard, workspace: Workspace) -> LoadLine:
    """A load in words."""
    return LoadLine(
        load.number,
        load.source,
        when(load.recorded_at, workspace),
        load.state == "held",
        _STATES[load.state],
        load.why,
        sum_of(load.total),
    )


@dataclass(frozen=True)
class LoadTableView:
    """What became of the rows of one table in a load, the files of which records were left out,
    and the days its source vouched for.
    """

    table: str
    sum: RowSum
    files: Sequence[str]
    covered: Sequence[str]


def of_tables(load: LoadCard) -> list[LoadTableView]:
    """The tables of a load."""
    return [
        LoadTableView(
            words.table(table).capitalize(),
            sum_of(sums),
            [words.accounted(file) for of, file in load.files if of == table and file.left_out],
            [
                f"{covered.covered_from} to {covered.covered_to}"
                for covered in load.coverage
                if covered.table == table
            ],
        )
        for table, sums in load.tables
    ]


def held_reason(found: HeldReason) -> str:
    """Why rows of a load that waits are set aside, with the first of them."""
    value = f": {found.example}" if found.example else ""
    place = f"line {found.line}{value}" if found.line else f"a row{value}"
    named = f"{found.column} " if found.column else ""
    table = words.table(found.table).capitalize()
    return f"{table}: {found.rows:,} rows; {named}{plain(found.reason)} ({place})"


@dataclass(frozen=True)
class TableLine:
    """A connected table with how far it reaches; what is set aside is for those who see
    everything.
    """

    table: str
    name: str
    rows: str
    covered: str | None
    how: Badge
    reach: Interval | None
    aside: str | None


def table_lines(health: Examination, workspace: Workspace, *, whole: bool) -> list[TableLine]:
    """The connected tables, dated ones first, each reach drawn from the first day to the last."""
    connected = sorted(
        (table for table in health.tables if table.connected),
        key=lambda table: not table.covered,
    )
    ends = [
        _ordinal(end)
        for table in connected
        if table.covered
        for end in (table.covered[0][0], table.covered[-1][1])
    ]
    scale = Interval(0, None, 0, min(ends, default=0), max(ends, default=1))
    return [
        TableLine(
            words.table(table.table).capitalize(),
            table.table,
            f"{table.rows:,}",
            _covered(table, workspace),
            Badge("assumed") if table.assumed else Badge("stated", "good"),
            replace(scale, low=_ordinal(table.covered[0][0]), high=_ordinal(table.covered[-1][1]))
            if table.covered
            else None,
            f"{table.set_aside:,}" if whole and table.set_aside else None,
        )
        for table in connected
    ]


def _kpi(workspace: Workspace, kpi: str) -> Link:
    return Link(workspace.catalogue.get(kpi).name, f"/kpis/{kpi}")


@dataclass(frozen=True)
class MissingTables:
    """Tables that are not connected, and the KPIs that they would add."""

    tables: str
    first: str
    kpis: Sequence[Link]


def missing(health: Examination, workspace: Workspace) -> list[MissingTables]:
    """Those that would add most come first."""
    found = [
        MissingTables(
            " and ".join(words.table(table) for table in tables.split(" + ")),
            tables.split(" + ")[0],
            [_kpi(workspace, kpi) for kpi in kpis],
        )
        for tables, kpis in health.missing.items()
    ]
    return sorted(found, key=lambda one: (-len(one.kpis), one.tables))


@dataclass(frozen=True)
class AsideTable:
    """How many rows of a table are set aside, and the KPIs switched on that need it."""

    table: str
    rows: str
    of: str
    kpis: Sequence[Link]


def set_aside(workspace: Workspace, health: Examination) -> list[AsideTable]:
    """Counts for each table, and nothing of the rows."""
    enabled = [workspace.catalogue.get(kpi) for kpi in workspace.settings.enabled]
    return [
        AsideTable(
            words.table(table.table).capitalize(),
            f"{table.set_aside:,}",
            f"{table.rows + table.set_aside:,}",
            [_kpi(workspace, kpi.id) for kpi in enabled if table.table in kpi.needs],
        )
        for table in health.tables
        if table.set_aside
    ]


@dataclass(frozen=True)
class HeldFigureView:
    """A figure that would be another if a load counted."""

    name: str
    href: str
    month: str
    now: str
    then: str


def held_figures(held: Held, workspace: Workspace) -> list[HeldFigureView]:
    """The figures that would be others if a load counted."""
    currency = workspace.settings.currency
    return [
        HeldFigureView(
            figure.name,
            f"/kpis/{figure.kpi}",
            figure.month,
            show_value(figure.now, figure.unit, currency),
            show_value(figure.then, figure.unit, currency),
        )
        for figure in held.figures
        if figure.now != figure.then
    ]


@dataclass(frozen=True)
class MovedFigure:
    """One figure on both sides, with the way to its explanation."""

    kpi: str
    name: str
    period: str
    before: str
    after: str
    change: str | None
    why: str


def figure(one: Moved, workspace: Workspace) -> MovedFigure:
    """A figure that moved; without a difference, what became of its status."""
    unit, currency = one.after.unit, workspace.settings.currency
    statuses = one.before.status, one.after.status
    became = None if len(set(statuses)) == 1 else " to ".join(statuses)
    period = spans.spelled(one.period, workspace.settings.engine.calendar)
    return MovedFigure(
        one.after.kpi,
        workspace.catalogue.get(one.after.kpi).name,
        words.period(one.period.start, one.period.end),
        _side(one.before, currency),
        _side(one.after, currency),
        became if one.difference is None else show_difference(one.difference, unit, currency),
        f"/why/{one.after.kpi}?{urlencode({'period': period})}",
    )


def _side(answer: Answer, currency: str) -> str:
    return (
        show_value(answer.value, answer.unit, currency)
        if answer.value is not None
        else (answer.reason or "none").replace("_", " ")
    )


def tiles(
    health: Examination, workspace: Workspace, loads: Sequence[LoadCard], *, whole: bool
) -> list[FigureTile]:
    """The headlines: how fresh, how complete, what is set aside and what waits."""
    known, aside = when(health.known_at, workspace), sum(table.set_aside for table in health.tables)
    waiting = sum(load.state == "held" for load in loads)
    clock = f"{known.text.partition(', ')[2]} {known.zone}" if known else None
    asked = f"of {len(workspace.catalogue.kpis):,} in the catalogue"
    found = [
        FigureTile("Data as of", day(health.known_at, workspace), target=clock),
        FigureTile("KPIs that can be asked", f"{len(health.possible):,}", target=asked),
    ]
    if whole:
        found += [
            FigureTile("Rows set aside", f"{aside:,}", target="none was dropped or guessed"),
            FigureTile("Loads that wait", f"{waiting:,}", target="for somebody to decide"),
        ]
    return found


def _ordinal(text: str) -> int:
    return datetime.fromisoformat(text).toordinal()


def _covered(table: TableHealth, workspace: Workspace) -> str | None:
    return (
        ", ".join(
            f"{day(start, workspace)} to {day(end, workspace)}" for start, end in table.covered
        )
        or None
    )

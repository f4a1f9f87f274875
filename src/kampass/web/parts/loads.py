"""Loads, sources and tables in words, ready for the pages under Data. Sums are taken as the store
counted them.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, overload
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from kampass.engine import Answer
from kampass.engine.answer import instant_text
from kampass.insight.restated.restatement import Moved
from kampass.render import words
from kampass.render.display import show_difference, show_value
from kampass.web.parts import spans
from kampass.web.parts.figures import FigureTile
from kampass.web.rendering import moment
from kampass.workspace import Workspace
from kampass.workspace.loads.doctor import Examination, TableHealth
from kampass.workspace.loads.held import Held
from kampass.workspace.loads.loads import LoadCard, SourceCard, Sum

_PARTS = (
    ("loaded", "loaded"),
    ("unchanged", "unchanged"),
    ("superseded", "superseded"),
    ("quarantined", "set aside"),
)
_STATES = {
    "complete": ("counts", "good"),
    "held": ("waits for a person", "warn"),
    "dropped": ("dropped", "neutral"),
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


def source_row(source: SourceCard, workspace: Workspace) -> dict[str, Any]:
    """A source with its last load."""
    uploaded = next(
        (
            one
            for one in workspace.settings.sources
            if one.name == source.name and one.options.get("path") == f"uploads/{one.name}"
        ),
        None,
    )
    tables = [words.table(table) for table in source.tables]
    kind = "uploaded files" if uploaded else _KINDS.get(source.kind, source.kind)
    return {
        "name": source.name,
        "kind": kind,
        "tables": ", ".join(tables[:_NAMED]),
        "more": tables[_NAMED:],
        "last": when(source.last, workspace),
        "waits": source.waits,
        "uploaded": uploaded is not None,
    }


def load_row(load: LoadCard, workspace: Workspace) -> dict[str, Any]:
    """A load with its sum."""
    word, tone = _STATES[load.state]
    tables = ", ".join(words.table(table) for table, _ in load.tables)
    return {
        "number": load.number,
        "source": load.source,
        "when": when(load.recorded_at, workspace),
        "state": load.state,
        "word": word,
        "tone": tone,
        "why": load.why,
        "sum": sum_of(load.total),
        "tables": tables,
    }


def sum_of(sums: Sum) -> dict[str, Any]:
    """A sum in words: read = loaded + unchanged + superseded + set aside."""
    parts = [
        {
            "count": f"{getattr(sums, name):,}",
            "word": word,
            "some": getattr(sums, name) > 0,
            "name": name,
        }
        for name, word in _PARTS
    ]
    return {
        "read": f"{sums.read:,}",
        "parts": parts,
        "deleted": f"{sums.deleted:,}" if sums.deleted else None,
        "aside": sums.quarantined,
    }


def of_tables(load: LoadCard) -> list[dict[str, Any]]:
    """The sums of a load's tables, and the days that its source vouched for."""
    return [
        {
            "table": words.table(table),
            "sum": sum_of(sums),
            "covered": [
                f"{covered.covered_from} to {covered.covered_to}"
                for covered in load.coverage
                if covered.table == table
            ],
        }
        for table, sums in load.tables
    ]


def table_rows(health: Examination, workspace: Workspace, *, whole: bool) -> list[dict[str, Any]]:
    """The connected tables with their coverage, dated ones first; what is set aside is for those
    who see everything.
    """
    connected = [table for table in health.tables if table.connected]
    return [
        _table_row(table, workspace, whole=whole)
        for table in sorted(connected, key=lambda table: not table.covered)
    ]


def _table_row(table: TableHealth, workspace: Workspace, *, whole: bool) -> dict[str, Any]:
    low, high = (
        (_ordinal(table.covered[0][0]), _ordinal(table.covered[-1][1]))
        if table.covered
        else (None, None)
    )
    return {
        "table": words.table(table.table),
        "name": table.table,
        "rows": f"{table.rows:,}",
        "covered": _covered(table, workspace),
        "assumed": table.assumed,
        "low": low,
        "high": high,
        "aside": f"{table.set_aside:,}" if whole and table.set_aside else None,
    }


def missing(health: Examination, workspace: Workspace) -> list[dict[str, Any]]:
    """The tables that are not connected, and the KPIs that each would add; those that would add
    most come first.
    """
    found = [
        {
            "tables": " and ".join(words.table(table) for table in tables.split(" + ")),
            "first": tables.split(" + ")[0],
            "count": len(kpis),
            "kpis": [{"id": kpi, "name": workspace.catalogue.get(kpi).name} for kpi in kpis],
        }
        for tables, kpis in health.missing.items()
    ]
    return sorted(found, key=lambda one: (-int(str(one["count"])), str(one["tables"])))


def set_aside(workspace: Workspace, health: Examination) -> list[dict[str, Any]]:
    """How many rows of each table are set aside, and the KPIs switched on that need it: counts, and
    nothing of the rows.
    """
    enabled = [workspace.catalogue.get(kpi) for kpi in workspace.settings.enabled]
    return [
        {
            "table": words.table(table.table),
            "name": table.table,
            "rows": f"{table.set_aside:,}",
            "of": f"{table.rows + table.set_aside:,}",
            "kpis": [
                {"id": kpi.id, "name": kpi.name} for kpi in enabled if table.table in kpi.needs
            ],
        }
        for table in health.tables
        if table.set_aside
    ]


def held_figures(held: Held, workspace: Workspace) -> list[dict[str, Any]]:
    """The figures that would be others if a load counted."""
    currency = workspace.settings.currency
    return [
        {
            "kpi": figure.kpi,
            "name": figure.name,
            "month": figure.month,
            "now": show_value(figure.now, figure.unit, currency),
            "then": show_value(figure.then, figure.unit, currency),
        }
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


def drawn(rows: Sequence[dict[str, Any]]) -> tuple[int, int]:
    """From which day to which the reach of tables is drawn."""
    days = [row[side] for row in rows for side in ("low", "high") if row[side] is not None]
    return (min(days), max(days)) if days else (0, 1)


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

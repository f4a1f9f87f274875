"""Loads, sources and tables in words, ready for the pages under Data. Sums are taken as the store
counted them.
"""

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from kampass.engine import Answer
from kampass.engine.answer import instant_text
from kampass.insight.restated.restatement import Moved
from kampass.render.display import show_difference, show_value
from kampass.web.parts import spans
from kampass.web.parts.wording import table_word
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


def when(instant: datetime | str | None, workspace: Workspace) -> dict[str, str] | None:
    """An instant as it is shown: text, ISO, zone."""
    if instant is None:
        return None
    found = datetime.fromisoformat(instant) if isinstance(instant, str) else instant
    zone = workspace.settings.timezone
    return {"text": moment(found, zone), "iso": instant_text(found) or "", "zone": zone}


def day(text: str, workspace: Workspace) -> str:
    """The day of an instant in the workspace's zone."""
    return spans.day(
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
    words = [table_word(table) for table in source.tables]
    kind = "uploaded files" if uploaded else _KINDS.get(source.kind, source.kind)
    return {
        "name": source.name,
        "kind": kind,
        "tables": ", ".join(words[:_NAMED]),
        "more": words[_NAMED:],
        "last": when(source.last, workspace),
        "waits": source.waits,
        "uploaded": uploaded is not None,
    }


def load_row(load: LoadCard, workspace: Workspace) -> dict[str, Any]:
    """A load with its sum."""
    word, tone = _STATES[load.state]
    tables = ", ".join(table_word(table) for table, _ in load.tables)
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
    """The sums of a load's tables."""
    return [{"table": table_word(table), "sum": sum_of(sums)} for table, sums in load.tables]


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
        "table": table_word(table.table),
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
            "tables": " and ".join(table_word(table) for table in tables.split(" + ")),
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
            "table": table_word(table.table),
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


def figure(one: Moved, workspace: Workspace) -> dict[str, Any]:
    """One figure on both sides, with the way to its explanation."""
    unit, currency = one.after.unit, workspace.settings.currency
    change = show_difference(one.difference, unit, currency) if one.difference is not None else None
    period = spans.said(one.period.start, one.period.end)
    return {
        "kpi": one.after.kpi,
        "name": workspace.catalogue.get(one.after.kpi).name,
        "period": period,
        "before": _side(one.before, currency),
        "after": _side(one.after, currency),
        "change": change
        or (
            None
            if one.before.status == one.after.status
            else f"{one.before.status} to {one.after.status}"
        ),
        "why": f"/why/{one.after.kpi}?{urlencode({'period': spans.spelled(one.period, workspace.settings.engine.calendar)})}",
    }


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
) -> list[dict[str, Any]]:
    """The headlines: how fresh, how complete, what is set aside and what waits."""
    known, aside = when(health.known_at, workspace), sum(table.set_aside for table in health.tables)
    waiting = sum(load.state == "held" for load in loads)
    found: list[dict[str, Any]] = [
        {
            "label": "Data as of",
            "value": day(health.known_at, workspace),
            "target": f"{known['text'].partition(', ')[2]} {known['zone']}" if known else None,
        },
        {
            "label": "KPIs that can be asked",
            "value": f"{len(health.possible):,}",
            "target": f"of {len(workspace.catalogue.kpis):,} in the catalogue",
        },
    ]
    if whole:
        found += [
            {
                "label": "Rows set aside",
                "value": f"{aside:,}",
                "target": "none was dropped or guessed",
            },
            {
                "label": "Loads that wait",
                "value": f"{waiting:,}",
                "target": "for somebody to decide",
            },
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

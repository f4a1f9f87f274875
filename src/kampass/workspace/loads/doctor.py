"""What a workspace can answer now, what is assumed, what was set aside, which rows contradict each
other, and what each missing table would add.
"""

from dataclasses import asdict, dataclass, replace
from typing import Any

from kampass.engine import Engine
from kampass.engine.answer import instant_text
from kampass.engine.backend import Backend
from kampass.engine.planning.coverage import Coverage
from kampass.insight.notes import doubts
from kampass.insight.plausibility import Contradiction, contradictions
from kampass.model import TABLES
from kampass.store.conflicts import conflicting
from kampass.workspace.workspace import Workspace


@dataclass(frozen=True)
class TableHealth:
    """One table: its rows, what it is covered for, whether that was assumed, what was set aside,
    and how many lines differ from another of their key (see `store.conflicts`).
    """

    table: str
    connected: bool
    rows: int
    covered: tuple[tuple[str, str], ...]
    assumed: bool
    set_aside: int
    conflicting: int = 0


@dataclass(frozen=True)
class Examination:
    """The whole examination."""

    snapshot: str
    known_at: str
    tables: tuple[TableHealth, ...]
    possible: tuple[str, ...]
    enabled: tuple[str, ...]
    missing: dict[str, tuple[str, ...]]
    notices: tuple[str, ...]
    contradictions: tuple[Contradiction, ...]

    def to_dict(self) -> dict[str, Any]:
        """The examination, ready for JSON."""
        return asdict(self)


def examine(
    workspace: Workspace, engine: Engine | None = None, *, whole: bool = True
) -> Examination:
    """Examine the current snapshot of a workspace; with an engine, what that one sees of it.

    Contradictions are looked for where the whole of it is seen.
    """
    engine = engine or workspace.engine()
    backend = engine.backend
    coverage = engine.coverage
    aside: dict[str, int] = dict(
        backend.run('SELECT "table", count(*) FROM _quarantine GROUP BY 1').all()
    )
    lines = conflicting(workspace.manifest.loads())
    tables = tuple(
        replace(_table(backend, name, coverage, aside.get(name, 0)), conflicting=lines.get(name, 0))
        for name in TABLES
    )
    possible = tuple(kpi.id for kpi in workspace.catalogue if set(kpi.needs) <= coverage.connected)
    found = backend.run('SELECT "table", "column", "rows", what FROM _notice ORDER BY ALL').all()
    notices = [f"{table}.{column}: {rows:,} values {what}" for table, column, rows, what in found]
    notices += doubts(engine)
    assumed = [name for name in sorted(coverage.connected) if _assumed(coverage, name)]
    if assumed:
        notices.append(
            f"coverage is assumed for {', '.join(assumed)}; a table 'coverage' says it for sure"
        )
    return Examination(
        engine.snapshot.id,
        instant_text(engine.known_at) or "",
        tables,
        possible,
        workspace.settings.enabled,
        _missing(workspace, coverage),
        tuple(notices),
        contradictions(engine) if whole else (),
    )


def _table(backend: Backend, name: str, coverage: Coverage, set_aside: int) -> TableHealth:
    ((rows,),) = backend.run(f'SELECT count(*) FROM "{name}"').all()
    covered = tuple(
        (instant_text(s.start) or "", instant_text(s.end) or "")
        for s in coverage.stretches.get(name, ())
    )
    return TableHealth(
        name, name in coverage.connected, rows, covered, _assumed(coverage, name), set_aside
    )


def _assumed(coverage: Coverage, name: str) -> bool:
    return any(stretch.assumed for stretch in coverage.stretches.get(name, ()))


def _missing(workspace: Workspace, coverage: Coverage) -> dict[str, tuple[str, ...]]:
    """For each missing table, the KPIs that it alone would add; where several are missing, their
    joined name.
    """
    adds: dict[str, list[str]] = {}
    for kpi in workspace.catalogue:
        lacking = [table for table in kpi.needs if table not in coverage.connected]
        if lacking:
            adds.setdefault(" + ".join(lacking), []).append(kpi.id)
    return {tables: tuple(kpis) for tables, kpis in sorted(adds.items())}

"""Every pinned KPI against a slow second implementation, on random worlds: the whole book and three
cuts.

KAMPASS_WORLDS sets how many worlds (default 3; `make nightly-worlds` runs 1,000).
"""

import math
import os
from pathlib import Path
from typing import Any

import pytest
from tests import oracle
from tests.worlds import make_world

from kampass.engine import Engine, Question
from kampass.workspace import create
from kampass.workspace.settings import SourceSettings, WorkspaceSettings

WORLDS = int(os.environ.get("KAMPASS_WORLDS", "3"))
NUMBERS = ("value", "numerator", "denominator", "low", "high")
WORDS = ("n", "status", "reason", "through", "unit", "period_start", "period_end")


@pytest.mark.parametrize("seed", range(WORLDS))
def test_every_kpi_agrees_on_a_random_world(seed: int, tmp_path: Path) -> None:
    world = make_world(seed)
    world.write(tmp_path / "files")
    book = oracle.read_book(
        tmp_path / "files",
        timezone=world.timezone,
        currency=world.currency,
        recorded_at=world.recorded_at,
    )
    engine = _engine(world, tmp_path)
    checked = 0
    differences = []
    for turn, period in enumerate(world.periods()):
        for by in _cuts(engine, seed + turn):
            kpis = [kpi.id for kpi in engine.catalogue if set(by) <= set(kpi.named_dimensions)]
            found = engine.ask(Question(tuple(kpis), period.text, None, by)).to_dicts()
            for kpi in kpis:
                checked += 1
                wanted = oracle.answer(book, kpi, period.start, period.end, by=by)
                wrong = difference([row for row in found if row["kpi"] == kpi], wanted)
                if wrong:
                    differences.append(f"{kpi} {period.text} by {by}: {wrong}")
    assert checked > 1000
    assert not differences, "\n".join(differences[:20])


@pytest.mark.parametrize("seed", range(100, 100 + max(1, WORLDS // 3)))
def test_every_filter_agrees_on_a_random_world(seed: int, tmp_path: Path) -> None:
    world = make_world(seed)
    world.write(tmp_path / "files")
    book = oracle.read_book(
        tmp_path / "files",
        timezone=world.timezone,
        currency=world.currency,
        recorded_at=world.recorded_at,
    )
    engine = _engine(world, tmp_path)
    from kampass.engine import parse_filter

    period = world.periods()[1]
    for kpi in engine.catalogue:
        for dimension in ("segment", "account_manager", "team"):
            if dimension not in kpi.named_dimensions:
                continue
            rows = engine.ask(Question((kpi.id,), period.text, None, (dimension,))).to_dicts()
            values = [row["dimensions"][dimension] for row in rows][:3]
            for text in [
                f"{dimension} is unknown" if value is None else f"{dimension}={value}"
                for value in values
            ]:
                if text != text.strip() or "= " in text:
                    continue
                wanted = oracle.answer(book, kpi.id, period.start, period.end, where=(text,))
                found = engine.ask(
                    Question((kpi.id,), period.text, None, (), (parse_filter(text),))
                ).to_dicts()
                assert not difference(found, wanted), f"{kpi.id} where {text}"


def _engine(world: Any, folder: Path) -> Engine:
    settings = WorkspaceSettings(
        timezone=world.timezone,
        currency=world.currency,
        sources=(SourceSettings("files", "folder", {"path": str(folder / "files")}),),
    )
    workspace = create(folder / "workspace", settings)
    workspace.sync(recorded_at=world.recorded_at)
    engine = workspace.engine()
    workspace.close()
    return engine


def _cuts(engine: Engine, turn: int) -> list[tuple[str, ...]]:
    """The whole book, segment, account manager, and two more dimensions in turn."""
    others = sorted(
        {name for kpi in engine.catalogue for name in kpi.named_dimensions}
        - {"segment", "account_manager"}
    )
    return [
        (),
        ("segment",),
        ("account_manager",),
        (others[turn % len(others)],),
        (others[(turn + 7) % len(others)],),
    ]


def difference(found: list[dict[str, Any]], wanted: list[dict[str, Any]]) -> str:
    """The first thing in which two answers differ, in words; nothing where they agree."""
    slices = [row["dimensions"] for row in found], [row["dimensions"] for row in wanted]
    if slices[0] != slices[1]:
        return f"slices {slices[0][:5]} instead of {slices[1][:5]}"
    for row, other in zip(found, wanted, strict=True):
        for name in NUMBERS:
            if not _close(row[name], other[name]):
                return f"{row['dimensions']}: {name} {row[name]} instead of {other[name]}"
        for name in WORDS:
            if row[name] != other[name]:
                return f"{row['dimensions']}: {name} {row[name]} instead of {other[name]}"
    return ""


def _close(one: float | None, other: float | None) -> bool:
    if one is None or other is None:
        return one is other
    return math.isclose(one, other, rel_tol=1e-9, abs_tol=1e-6)

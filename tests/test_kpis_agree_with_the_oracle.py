"""Every pinned KPI against a slow second implementation, on random worlds: the whole book, cuts and
filters.

Two worlds of three are mixed: several sources, nothing said of coverage, drifting currencies.
KAMPASS_WORLDS sets how many (default 2; `make nightly-worlds` runs 1,000).
"""

import math
import os
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from tests import oracle
from tests.loaded_worlds import book_of, workspace_of
from tests.oracle.dimensions import allowed_dimensions
from tests.oracle.known import Known
from tests.oracle.notes import CODES, notes, set_aside
from tests.worlds import World, make_world
from tests.worlds_draft import Period
from tests.worlds_mixed import EXTRA, mixed_world

from kampass.catalogue.loader import shipped
from kampass.engine import Question, parse_filter
from kampass.insight import ask
from kampass.workspace import Workspace

WORLDS = int(os.environ.get("KAMPASS_WORLDS", "2"))
NUMBERS = ("value", "numerator", "denominator", "low", "high")
WORDS = ("n", "status", "reason", "through", "unit", "period_start", "period_end")
TALLY: Counter[str] = Counter()


@pytest.fixture(scope="module", autouse=True)
def told() -> Iterator[None]:
    """Say at the end what was compared."""
    yield
    print(f"\n{dict(TALLY)}")


def world_of(seed: int) -> World:
    """A plain world, or two times of three a mixed one."""
    return mixed_world(seed) if seed % 3 else make_world(seed)


@pytest.mark.parametrize("seed", range(WORLDS))
def test_every_kpi_agrees_on_a_random_world(seed: int, tmp_path: Path) -> None:
    world = world_of(seed)
    with closing(workspace_of(world, tmp_path)) as workspace:
        asked = Asked(workspace, book_of(world, tmp_path))
        for turn, period in enumerate(world.periods()):
            for by in _cuts(seed + turn, whole=turn < 2):
                asked.compare(period, by)
        for instant in asked.earlier():
            asked.compare(world.periods()[seed % 2], (), known_at=instant)
    assert asked.figures > 1000
    assert not asked.differences, f"{len(asked.differences)}\n" + "\n".join(asked.differences[:20])


class Asked:
    """Questions that the product and the second implementation answer, and where they differ."""

    def __init__(self, workspace: Workspace, book: oracle.Book) -> None:
        self.workspace, self.book = workspace, book
        self.figures = 0
        self.differences: list[str] = []

    def earlier(self) -> list[datetime]:
        """The instants of all loads but the latest."""
        return [one.recorded_at for one in self.book.told[:-1]]

    def compare(
        self, period: Period, by: tuple[str, ...], *, known_at: datetime | None = None
    ) -> None:
        """Ask every KPI that takes the cut, as known at an instant."""
        known = self.book.known(known_at or self.book.latest)
        engine = self.workspace.engine(known_at=known_at)
        kpis = [kpi.id for kpi in engine.catalogue if _takes(known, kpi.id, by)]
        question = Question(tuple(kpis), period.text, None, by)
        found = (engine.ask(question) if by else ask(engine, question)).to_dicts()
        for kpi in kpis:
            wanted = oracle.answer(
                self.book, kpi, period.start, period.end, by=by, known_at=known_at
            )
            given = [row for row in found if row["kpi"] == kpi]
            wrong = difference(given, wanted)
            if not by and not wrong:
                wrong = misnoted(known, given[0], period)
            _count(wanted)
            self.figures += len(wanted)
            if wrong:
                self.differences.append(f"{kpi} {period.text} by {by} {known_at or ''}: {wrong}")


@pytest.mark.parametrize("seed", range(100, 100 + max(1, WORLDS // 3)))
def test_every_filter_agrees_on_a_random_world(seed: int, tmp_path: Path) -> None:
    world = world_of(seed)
    with closing(workspace_of(world, tmp_path)) as workspace:
        engine, book = workspace.engine(), book_of(world, tmp_path)
        period = world.periods()[1]
        for kpi in engine.catalogue:
            for dimension in {"segment", "account_manager", "team"} & set(kpi.named_dimensions):
                question = Question((kpi.id,), period.text, None, (dimension,))
                rows = engine.ask(question).to_dicts()
                for text in _filters(dimension, rows):
                    wanted = oracle.answer(book, kpi.id, period.start, period.end, where=(text,))
                    found = engine.ask(
                        replace(question, by=(), where=(parse_filter(text),))
                    ).to_dicts()
                    assert not difference(found, wanted), f"{kpi.id} where {text}"
                    _count(wanted)


def _filters(dimension: str, rows: list[dict[str, Any]]) -> list[str]:
    """Conditions for some of the slices, where their values can be written."""
    values = [row["dimensions"][dimension] for row in rows][:3]
    texts = [
        f"{dimension} is unknown" if value is None else f"{dimension}={value}" for value in values
    ]
    return [text for text in texts if text == text.strip() and "= " not in text]


def _count(rows: list[dict[str, Any]]) -> None:
    TALLY["figures"] += len(rows)
    TALLY["with a value"] += sum(row["value"] is not None for row in rows)
    for row in rows:
        if row["reason"]:
            TALLY[row["reason"]] += 1


def _takes(known: Known, kpi: str, by: tuple[str, ...]) -> bool:
    pinned = oracle.KPIS[kpi]
    return set(by) <= allowed_dimensions(known, pinned.dimensions, pinned.needs)


def _cuts(turn: int, *, whole: bool) -> list[tuple[str, ...]]:
    """The whole book and one more dimension in turn; also segment, account manager and a column of
    rows, if asked for.
    """
    everyday = ("segment", "account_manager")
    others = sorted({name for kpi in shipped() for name in kpi.named_dimensions} - {*everyday})
    own = [name for table, names in EXTRA.items() for name in (*names, f"{table}.{names[0]}")]
    names = [others[turn % len(others)]]
    if whole:
        names += [*everyday, own[turn % len(own)]]
    return [(), *((name,) for name in names)]


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


def misnoted(known: Known, row: dict[str, Any], period: Period) -> str:
    """How the notes of a whole book's figure differ from what rows and coverage say."""
    needs = oracle.KPIS[row["kpi"]].needs
    said: Counter[str] = Counter()
    for note in row["notes"]:
        said[note["code"]] += note["count"] or 0
    wanted = notes(known, needs, period.end, row["reason"])
    TALLY["notes"] += len(wanted)
    for code in CODES:
        if (code in said) != (code in wanted):
            return f"note {code} is {'said' if code in said else 'not said'}"
    if said["conflicting_lines"] != (wanted.get("conflicting_lines") or 0):
        return f"{said['conflicting_lines']} lines instead of {wanted['conflicting_lines']}"
    if said["set_aside"] > set_aside(known, needs):
        return f"{said['set_aside']} rows set aside of {set_aside(known, needs)}"
    return ""


def _close(one: float | None, other: float | None) -> bool:
    if one is None or other is None:
        return one is other
    return math.isclose(one, other, rel_tol=1e-9, abs_tol=1e-6)

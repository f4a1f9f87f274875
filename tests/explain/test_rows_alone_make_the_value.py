"""Every figure, worked out again from its returned rows by a small calculator of this folder,
equals the answer exactly.

By default each KPI is asked for with a few of its cuts, in turn; KAMPASS_EXPLAIN=all asks for every
KPI, five cuts and 24 months of the sample company, and of ten random worlds.
"""

import os
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from tests.explain.conftest import seeds_of_every_zone
from tests.explain.recompute import figure, measured
from tests.worlds import World

from kampass.catalogue.definition import Kpi
from kampass.catalogue.loader import shipped
from kampass.engine import Answer, Engine, Question
from kampass.errors import QuestionError
from kampass.insight.explain import rows_behind
from kampass.workspace import Workspace

ALL = os.environ.get("KAMPASS_EXPLAIN") == "all"
MONTHS = "2024-01..2025-12" if ALL else "2025-04..2025-12"
PARTS = 8
SEEDS = seeds_of_every_zone(10 if ALL else 3)
UNTOLD = {"not_connected", "not_covered", "missing_rate", "suppressed_small_n"}
Slice = tuple[tuple[str, str | None], ...]


def cuts_of(kpi: Kpi, turn: int) -> list[tuple[str, ...]]:
    """The whole book, segment, account manager, and two more dimensions in turn, as far as the KPI
    has them.
    """
    others = [name for name in kpi.named_dimensions if name not in {"segment", "account_manager"}]
    more = (
        [(others[(turn + step) % len(others)],) for step in (0, len(others) // 2)] if others else []
    )
    wanted = [(), ("segment",), ("account_manager",), *more]
    return list(dict.fromkeys(by for by in wanted if set(by) <= set(kpi.named_dimensions)))


def chosen_cuts(kpi: Kpi, turn: int) -> list[tuple[str, ...]]:
    """All five cuts, or one of them in turn."""
    cuts = cuts_of(kpi, turn)
    return cuts if ALL else [cuts[turn % len(cuts)]]


class Check:
    """Compares the figures of questions with what their rows make."""

    def __init__(self, engine: Engine) -> None:
        self.engine, self.compared, self.wrong = engine, 0, list[str]()

    def ask(
        self, kpi: Kpi, period: str, grain: str | None, by: tuple[str, ...], **more: Any
    ) -> None:
        """Every answer to a question; its total is made of the rows of the whole."""
        rows: dict[bool, dict[str, dict[tuple[Any, Slice], list[Any]]]] = {}
        for answer in self.engine.ask(Question((kpi.id,), period, grain, by, **more)):
            if answer.reason in UNTOLD:
                continue
            whole = not set(by) <= answer.dimensions.keys()
            if whole not in rows:
                more_ = {name: value for name, value in more.items() if name == "where"}
                rows[whole] = amounts(
                    self.engine,
                    kpi,
                    Question((kpi.id,), period, grain, () if whole else by, **more_),
                )
            self._compare(kpi, answer, rows[whole])

    def _compare(
        self, kpi: Kpi, answer: Answer, rows: dict[str, dict[tuple[Any, Slice], list[Any]]]
    ) -> None:
        values = {}
        for name, found in rows.items():
            seen = {
                dimension: value
                for dimension, value in answer.dimensions.items()
                if not (name in kpi.whole and dimension == kpi.distribution)
            }
            values[name] = measured(
                kpi.measures[name].of, found.get((answer.period_start, tuple(seen.items())), [])
            )
        definition = {
            "value": kpi.value,
            "denominator": kpi.denominator,
            "scale": kpi.scale,
            "window_covered": kpi.window_covered,
        }
        made = figure(definition, values)
        self.compared += 1
        if made != answer.value or type(made) is not type(answer.value):
            self.wrong.append(
                f"{kpi.id} {answer.period_start} {answer.dimensions}: {answer.value}, the rows "
                f"make {made}"
            )


def amounts(
    engine: Engine, kpi: Kpi, question: Question
) -> dict[str, dict[tuple[Any, Slice], list[Any]]]:
    """The rows' amounts of every measure of the formula, by period and slice."""
    found: dict[str, dict[tuple[Any, Slice], list[Any]]] = {}
    for part in ("numerator", "denominator") if kpi.denominator else ("numerator",):
        fresh: dict[str, dict[tuple[Any, Slice], list[Any]]] = {}
        for row in rows_behind(engine, question, part):
            place = row.period_start, tuple(row.dimensions.items())
            fresh.setdefault(row.measure, defaultdict(list))[place].append(row.amount)
        found |= fresh
    for name in kpi.measures:
        if any(name in text for text in (kpi.value, kpi.denominator or "")):
            found.setdefault(name, {})
    return found


def told(kpis: Sequence[Kpi]) -> Iterator[tuple[int, Kpi]]:
    """The KPIs whose rows may be seen, numbered."""
    return ((turn, kpi) for turn, kpi in enumerate(kpis) if not kpi.suppress_below)


@pytest.mark.parametrize("share", range(PARTS))
def test_every_kpi_of_the_sample_company_month_by_month(company: Workspace, share: int) -> None:
    check = Check(company.engine())
    for turn, kpi in told(list(company.catalogue)):
        if turn % PARTS == share:
            for by in chosen_cuts(kpi, turn // PARTS):
                check.ask(kpi, MONTHS, "month", by, total=bool(by) and (ALL or turn % 3 == 0))
    assert check.compared > 100
    assert not check.wrong, f"{len(check.wrong)} of {check.compared}\n" + "\n".join(
        check.wrong[:20]
    )
    print(f"{check.compared} figures compared")


@pytest.mark.parametrize("place", range(len(SEEDS)))
def test_every_kpi_of_random_worlds(
    random_engine: Callable[[int], tuple[World, Engine, Path]], place: int
) -> None:
    """In one world each KPI, cut and period asked for; by default each world has a third of the
    KPIs.
    """
    world, engine, _ = random_engine(SEEDS[place])
    check = Check(engine)
    for turn, kpi in told(list(engine.catalogue)):
        if ALL or turn % len(SEEDS) == place:
            periods = world.periods()
            for step in range(2 if ALL else 1):
                for by in chosen_cuts(kpi, turn // len(SEEDS) + place):
                    check.ask(
                        kpi,
                        periods[(turn + place + step) % len(periods)].text,
                        None,
                        by,
                        total=bool(by) and turn % 2 == 0,
                    )
    assert check.compared > 20
    assert not check.wrong, f"{len(check.wrong)} of {check.compared}\n" + "\n".join(
        check.wrong[:20]
    )
    print(f"{check.compared} figures compared")


def test_employees_answers_have_no_rows_and_every_other_kpi_has(company: Workspace) -> None:
    engine = company.engine()
    hidden = [kpi for kpi in shipped() if kpi.suppress_below]
    assert {kpi.id for kpi in hidden} == {"enps", "employee_satisfaction"}
    for kpi in hidden:
        for part in ("numerator", "denominator", "excluded"):
            with pytest.raises(QuestionError) as refusal:
                list(rows_behind(engine, Question((kpi.id,), "2025"), part))
            assert refusal.value.code == "rows_hidden"

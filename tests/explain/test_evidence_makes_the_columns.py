"""What a row says it worked out follows from the fields and the evidence that are shown with it,
and from nothing else.

By default the KPIs that add a column to those before them; KAMPASS_EXPLAIN=all takes every KPI,
period and example, and twenty worlds instead of three.
"""

import os
import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime, time
from decimal import Decimal
from pathlib import Path
from typing import Any
from zlib import crc32

import pytest
from tests.explain.conftest import seeds_of_every_zone
from tests.explain.derived import HOW, Window, differences
from tests.oracle.times import Calendar as Hours
from tests.oracle.times import Zone
from tests.store.conftest import Desk
from tests.worlds import World

from kampass.catalogue import Catalogue
from kampass.catalogue.definition import Kpi
from kampass.catalogue.loader import shipped
from kampass.engine import Engine, Question, Settings, parse_filter
from kampass.engine.planning.clock import a_year_before
from kampass.engine.planning.hours import BusinessCalendar
from kampass.facts import FACTS
from kampass.insight.explain import rows_behind
from kampass.periods import Calendar
from kampass.workspace import Workspace
from kampass.workspace.authoring.worlds import Worlds

ALL = os.environ.get("KAMPASS_EXPLAIN") == "all"
SEEDS = seeds_of_every_zone(20 if ALL else 1, start=700)
DEFAULT_HOURS = {"": Hours()}


def chosen() -> list[Kpi]:
    """The KPIs whose rows may be seen; by default those that read a fact's column which none before
    them reads.
    """
    kept, read = [], set[tuple[str, str, str]]()
    for kpi in shipped():
        columns = {
            (measure.fact, measure.window, word)
            for measure in kpi.measures.values()
            for word in re.findall(r"\w+", f"{measure.of} {measure.where}")
        }
        if not kpi.suppress_below and (ALL or columns - read):
            kept.append(kpi)
            read |= columns
    return kept


def compare(
    engine: Engine,
    question: Question,
    kpi: Kpi,
    seen: Counter[str],
    hours: dict[str, Hours] = DEFAULT_HOURS,
) -> Iterator[str]:
    """Compare every row behind a KPI's measures; `seen` counts rows by fact."""
    starts = {period.start: period for period in engine.periods(question)}
    throughs = {answer.period_start: answer.through for answer in engine.ask(question)}
    for part in ("numerator", "denominator") if kpi.denominator else ("numerator",):
        for row in rows_behind(engine, question, part):
            measure = kpi.measures[row.measure]
            window = window_of(
                engine, starts[row.period_start], throughs[row.period_start], measure.window, hours
            )
            seen[measure.fact] += 1
            yield from (
                f"{kpi.id} {row.measure} {question.period} {row.origin.id}: {wrong}"
                for wrong in differences(row, measure.fact, window)
            )


def window_of(
    engine: Engine, period: Any, through: datetime, window: str, hours: dict[str, Hours]
) -> Window:
    zone, calendar = Zone(engine.settings.calendar.timezone), engine.settings.calendar
    start, until = period.start, min(zone.first_instant(period.end), through)
    if window == "previous":
        start, until = period.previous().start, zone.first_instant(period.start)
    elif window == "year":
        start = zone.local_date(a_year_before(until, calendar))
    return Window(zone, engine.settings.currency, start, until, through, hours)


@pytest.mark.parametrize("place", range(len(SEEDS)))
def test_of_every_kpi_on_random_worlds(
    random_engine: Callable[[int], tuple[World, Engine, Path]], place: int
) -> None:
    """By default in one world, for one of its periods."""
    world, engine, _ = random_engine(SEEDS[place])
    seen, wrong = Counter[str](), list[str]()
    for kpi in chosen():
        for period in world.periods() if ALL else world.periods()[:1]:
            wrong += compare(engine, Question((kpi.id,), period.text), kpi, seen)
    print(dict(seen))
    assert sum(seen.values()) > 100
    assert not wrong, f"{len(wrong)}\n" + "\n".join(wrong[:20])


@pytest.mark.parametrize("share", range(2))
def test_of_worked_examples(share: int) -> None:
    """Examples of one world are in one share, so that it is built once."""
    seen, wrong = Counter[str](), list[str]()
    with Worlds() as worlds:
        for kpi in chosen():
            examples = [example for example in kpi.examples if "tables" in example]
            for example in examples if ALL else examples[:1]:
                if crc32(str(example["tables"]).encode()) % 2 != share:
                    continue
                recorded = (
                    datetime.fromisoformat(example["recorded_at"])
                    if "recorded_at" in example
                    else None
                )
                zone = example.get("timezone", "UTC")
                engine = Engine(
                    worlds.snapshot(example["tables"], timezone=zone, recorded_at=recorded),
                    Catalogue({kpi.id: kpi}),
                    Settings(Calendar(zone)),
                )
                where = tuple(parse_filter(text) for text in listed(example.get("where")))
                wrong += compare(
                    engine,
                    Question((kpi.id,), str(example["period"]), example.get("grain"), (), where),
                    kpi,
                    seen,
                )
    print(dict(seen))
    assert sum(seen.values()) > 50
    assert not wrong, f"{len(wrong)}\n" + "\n".join(wrong[:20])


def listed(value: Any) -> list[str]:
    return [] if value is None else [value] if isinstance(value, str) else list(value)


def test_every_fact_is_derived_here() -> None:
    assert set(HOW) == set(FACTS) - {"employee_answers"}


def test_a_wrong_amount_is_noticed(company: Workspace) -> None:
    """The comparison itself: a line's MRR changed by a cent no longer makes the account's opening
    MRR.
    """
    engine, question = company.engine(), Question(("nrr",), "2025-05")
    (answer,) = engine.ask(question)
    window = window_of(engine, engine.periods(question)[0], answer.through, "", DEFAULT_HOURS)
    row = next(
        row for row in rows_behind(engine, question, "denominator") if row.computed["open_mrr"]
    )
    assert not differences(row, "opening_accounts", window)
    cheaper = [
        replace(piece, fields=piece.fields | {"mrr": piece.fields["mrr"] + Decimal("0.01")})
        if piece.table == "subscriptions"
        else piece
        for piece in row.evidence
    ]
    assert differences(replace(row, evidence=tuple(cheaper)), "opening_accounts", window)


def test_business_hours_follow_from_the_team_that_is_shown(tmp_path: Path) -> None:
    """u1 moved on 10 March to the night team, which works 20:00-22:00; u2 is in it by the users'
    table; u3 works 9-17.
    """
    desk = Desk(tmp_path)
    ticket = "k{0},2025-03-{1}T08:00:00Z,{2},2025-03-{1}T21:00:00Z,2025-03-{1}T21:30:00Z"
    desk.load(
        1,
        accounts="id,name\nA,A",
        teams="id,name\nday,Day\nnight,Night",
        users="id,name,team_id\nu1,U,day\nu2,V,night\nu3,W,",
        memberships="user_id,team_id,valid_from,valid_to\nu1,day,2025-01-01,2025-03-10\nu1,night,2025-03-10,",
        tickets="\n".join(
            ["id,created_at,assignee_id,first_replied_at,resolved_at"]
            + [
                ticket.format(*cells)
                for cells in (
                    (1, "07", "u1"),
                    (2, "11", "u1"),
                    (3, "11", "u2"),
                    (4, "12", "u3"),
                    (5, "12", ""),
                )
            ]
        ),
    )
    night = BusinessCalendar("night", (0, 1, 2, 3, 4), ((20 * 60, 22 * 60),), teams=("night",))
    engine, seen = (
        Engine(
            desk.snapshot(),
            desk.workspace.catalogue,
            Settings(business=(BusinessCalendar(), night)),
        ),
        Counter[str](),
    )
    hours = DEFAULT_HOURS | {"night": Hours(opens=time(20), closes=time(22))}
    for name in ("time_to_resolution_business", "response_time_business"):
        question, kpi = Question((name,), "2025-03"), engine.catalogue.get(name)
        assert not list(compare(engine, question, kpi, seen, hours))
    found = {
        row.origin.id: float(row.computed["business_hours"])
        for row in rows_behind(
            engine, Question(("time_to_resolution_business",), "2025-03"), "numerator"
        )
    }
    assert found == {"k1": 8, "k2": 1.5, "k3": 1.5, "k4": 8, "k5": 8}
    desk.workspace.close()

"""The catalogue through the engine against SQL by hand, in one process on one snapshot; and what
compiling costs.

As a script it is that process and prints what it measured as JSON.
"""

import json
import sys
from collections.abc import Callable, Iterable
from dataclasses import asdict
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks import by_hand
from benchmarks.clock import Lap, Laps, Stopwatch, peak_megabytes

REPEATS = 3


def questions(kpis: Iterable[str]) -> Any:
    """The page that is asked for: these KPIs, 24 months, by segment."""
    from kampass.engine import Question

    return Question(tuple(kpis), by_hand.PERIOD, by_hand.GRAIN, (by_hand.CUT,))


def sliceable(workspace: Any) -> list[str]:
    """Every KPI that can be cut by segment."""
    return [kpi.id for kpi in workspace.catalogue if kpi.takes_any_account_dimension]


def timed(run: Callable[[], Any]) -> tuple[Lap, Any]:
    """What a call took, and what it gave."""
    with Stopwatch() as watch:
        found = run()
    return watch.lap, found


def catalogue(workspace: Any, engine: Any) -> dict[str, Any]:
    """The whole catalogue in one question, and the KPIs written by hand in one question, beside the
    statements.
    """
    names = list(by_hand.statements())
    cursor = engine.snapshot.cursor()
    laps: dict[str, list[Lap]] = {"all": [], "page": [], "hand": []}
    rows, differing = 0, []
    for _ in range(REPEATS):
        lap, whole = timed(lambda: engine.ask(questions(sliceable(workspace))))
        laps["all"].append(lap)
        lap, page = timed(lambda: engine.ask(questions(names)))
        laps["page"].append(lap)
        lap, hand = timed(lambda: {name: by_hand.answer(cursor, name) for name in names})
        laps["hand"].append(lap)
        rows = len(whole)
        for name in names:
            differing += by_hand.differences(by_hand.of_engine(page, name), hand[name], name)
            differing += by_hand.differences(by_hand.of_engine(whole, name), hand[name], name)
    best = {
        name: asdict(Lap(Laps(tuple(found)).cpu, Laps(tuple(found)).wall))
        for name, found in laps.items()
    }
    return {
        "kpis": len(sliceable(workspace)),
        "rows": rows,
        "checked": len(names),
        "differing": sorted(set(differing)),
        **best,
    }


def one_by_one(engine: Any) -> list[dict[str, Any]]:
    """Each KPI asked alone, and its statement, in turns."""
    cursor = engine.snapshot.cursor()
    found = []
    for name in by_hand.statements():
        asked = Laps(
            tuple(timed(lambda name=name: engine.ask(questions([name])))[0] for _ in range(REPEATS))
        )
        hand = Laps(
            tuple(timed(lambda name=name: by_hand.answer(cursor, name))[0] for _ in range(REPEATS))
        )
        found.append({"kpi": name, "engine": asked.cpu, "hand": hand.cpu})
    return found


def compiling(workspace: Any, engine: Any) -> dict[str, float]:
    """Milliseconds from a question to its SQL: never asked before, asked before; the parser's
    import apart.
    """
    first, *others = sliceable(workspace)
    import_lap, _ = timed(lambda: engine.sql(questions([first])))
    cold = [timed(lambda kpi=kpi: engine.sql(questions([kpi])))[0].cpu for kpi in others]
    warm = [timed(lambda kpi=kpi: engine.sql(questions([kpi])))[0].cpu for kpi in others]
    page = questions(sliceable(workspace))
    whole_cold, statements = timed(lambda: engine.sql(page))
    whole_warm, _ = timed(lambda: engine.sql(page))
    planned = sum(
        timed(lambda sql=sql: engine.snapshot.cursor().execute(f"EXPLAIN {sql}").fetchall())[0].cpu
        for sql in statements
    )
    spans = {
        "first": import_lap.cpu,
        "cold": median(cold),
        "cold_worst": max(cold),
        "warm": median(warm),
        "warm_worst": max(warm),
        "all_cold": whole_cold.cpu,
        "all_warm": whole_warm.cpu,
        "all_planned": planned,
    }
    return {name: 1000 * seconds for name, seconds in spans.items()}


def main(folder: str) -> dict[str, Any]:
    """Everything about asking, in the workspace `folder`."""
    from kampass.workspace import open_workspace

    workspace = open_workspace(Path(folder))
    engine = workspace.engine()
    return {
        "compile": compiling(workspace, engine),
        "catalogue": catalogue(workspace, engine),
        "each": one_by_one(engine),
        "peak": peak_megabytes(),
    }


if __name__ == "__main__":
    print(json.dumps(main(sys.argv[1])))

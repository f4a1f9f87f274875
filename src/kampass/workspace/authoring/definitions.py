"""Definitions seen from outside: described for people, linted, and tested by their own worked
examples.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from kampass.catalogue import Catalogue, Kpi
from kampass.engine import Engine, Question, Settings
from kampass.engine.parts import figure_of
from kampass.engine.planning.plan import Planner, Shape
from kampass.engine.question import PARTS
from kampass.engine.words import parse_instant
from kampass.errors import KampassError
from kampass.periods import Calendar
from kampass.workspace.authoring.worlds import Worlds, whole


@dataclass(frozen=True)
class ExampleDifference:
    """What an example expected and what came out; `key` is a part of the answer, or `rows`."""

    key: str
    found: Any
    wanted: Any
    row: dict[str, Any] | None = None

    def __str__(self) -> str:
        if self.key == "rows":
            return f"{len(self.found)} rows instead of {self.wanted}: {self.found}"
        return f"{self.key} is {self.found!r}, not {self.wanted!r}"


def lint(kpi: Kpi) -> list[str]:
    """What is wrong with a definition: what cannot be compiled, and what a reader would miss."""
    findings = []
    try:
        Planner([kpi], Shape((), (), "UTC")).plan()
    except KampassError as wrong:
        findings.append(wrong.message)
    except KeyError as wrong:
        findings.append(f"{kpi.place}: {wrong} is no measure.")
    if not any("parts" in example for example in kpi.examples):
        findings.append(f"{kpi.place}: no example with parts.")
    if not any("tables" in example for example in kpi.examples):
        findings.append(f"{kpi.place}: no example with tables.")
    return findings + [
        f"{kpi.place}: the {key} is empty."
        for key in ("question", "formula")
        if not getattr(kpi, key).strip()
    ]


def run_examples(kpis: Iterable[Kpi], *, worlds: Worlds | None = None) -> tuple[list[str], int]:
    """Run the worked examples; what failed, in words, and how many ran."""
    failures: list[str] = []
    count = 0
    with worlds or Worlds() as built:
        for kpi in kpis:
            for number, example in enumerate(kpi.examples, start=1):
                count += 1
                failures += [
                    f"{kpi.place}, example {number}: {wrong}"
                    for wrong in check_example(kpi, example, built)
                ]
    return failures, count


def check_example(
    kpi: Kpi, example: dict[str, Any], worlds: Worlds, *, engine: type[Engine] = Engine
) -> list[str]:
    """What is wrong with one example, if anything."""
    try:
        return list(map(str, differences(kpi, example, worlds, engine=engine)))
    except KampassError as wrong:
        return [wrong.message]


def differences(
    kpi: Kpi, example: dict[str, Any], worlds: Worlds, *, engine: type[Engine] = Engine
) -> list[ExampleDifference]:
    """Where the answer to one example is not what it expects; KampassError where there is no
    answer.
    """
    if "parts" in example:
        return _differences(figure_of(kpi, example["parts"]), example["expect"])
    return _rows_differences(kpi, example, worlds, engine)


def _rows_differences(
    kpi: Kpi, example: dict[str, Any], worlds: Worlds, kind: type[Engine]
) -> list[ExampleDifference]:
    timezone = example.get("timezone", "UTC")
    recorded_at = parse_instant(example["recorded_at"]) if "recorded_at" in example else None
    tables = whole(example["tables"], timezone=timezone, recorded_at=recorded_at)
    snapshot = worlds.snapshot(tables, timezone=timezone, recorded_at=recorded_at)
    engine = kind(snapshot, Catalogue({kpi.id: kpi}), Settings(Calendar(timezone)))
    words = {name: example[name] for name in PARTS if name in example}
    question = Question.read({"kpis": kpi.id, **words, "period": str(example["period"])})
    found = engine.ask(question).to_dicts()
    expected = example["expect"] if isinstance(example["expect"], list) else [example["expect"]]
    if len(found) != len(expected):
        return [ExampleDifference("rows", [row["dimensions"] for row in found], len(expected))]
    return [
        wrong
        for row, wanted in zip(found, expected, strict=True)
        for wrong in _differences(row, wanted)
    ]


def _differences(found: dict[str, Any], expected: dict[str, Any]) -> list[ExampleDifference]:
    row = found.get("dimensions") or None
    return [
        ExampleDifference(key, found.get(key), wanted, row)
        for key, wanted in expected.items()
        if not _same(found.get(key), wanted)
    ]


def _same(found: Any, wanted: Any) -> bool:
    """Equal to the digits that are written."""
    if isinstance(wanted, bool) or not isinstance(wanted, int | float):
        return bool(found == wanted)
    if not isinstance(found, int | float):
        return False
    decimals = len(repr(wanted).partition(".")[2]) if isinstance(wanted, float) else 0
    exact = decimals == 0 or (isinstance(wanted, float) and wanted == int(wanted))
    return abs(found - wanted) <= (
        1e-9 * max(1.0, abs(wanted)) if exact else 1.0001 * 10**-decimals
    )

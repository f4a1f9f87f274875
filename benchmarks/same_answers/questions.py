"""Explanations, rows and bridges of random questions, the same for every recording."""

import random
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

from benchmarks.same_answers.command import kampass, sample, world
from benchmarks.same_answers.figures import answered, kpis
from benchmarks.same_answers.record import Add, Recording

PERIODS = (
    *(f"2025-{month:02d}" for month in range(1, 13)),
    *("2024-Q3", "2024-Q4", "2025-Q1", "2025-Q2", "2025-Q3", "2025-Q4"),
    *("2024", "2025", "FY2025", "2025-W09", "2025-W40", "2025-03-31", "2025-01..2025-06"),
)
PAIRS = (
    *pairwise(PERIODS[:12]),
    *pairwise(PERIODS[12:18]),
    ("2024", "2025"),
    ("2025-W09", "2025-W40"),
    ("2025-03", "2025-03"),
)
CUTS = ((), (), ("segment",), ("account_manager",), ("team",), ("region", "tier"), ("account",))
FILTERS = (
    *((), (), (), ("segment=enterprise",), ("segment is unknown",), ("industry!=software",)),
    *(
        ("tier in 1,2",),
        ("region in emea,amer", "segment!=enterprise"),
        ("account_manager is unknown",),
    ),
)
KNOWN_AT = (
    None,
    None,
    None,
    "2025-11-05T00:00:00Z",
    "2025-12-31T23:59:59+01:00",
    "2020-01-01T00:00:00Z",
)
PARTS = ("numerator", "denominator", "excluded")
IN_SAMPLE, IN_WORLDS, WORLDS_ASKED = 120, 20, 4
_ROWS, _ON_THE_COMMAND_LINE = 40, 3


@dataclass(frozen=True)
class Drawn:
    """A question as Python spells it, and what else is asked beside it."""

    kpi: str
    asked: dict[str, Any]
    part: str
    pair: tuple[str, str]


def of_sample_and_worlds(recording: Recording) -> None:
    """Two hundred questions: most of them of the sample company, some of four random worlds."""
    _record(recording, "sample", sample(recording), IN_SAMPLE)
    for folder in recording.world_folders()[:WORLDS_ASKED]:
        _record(recording, folder.name, world(recording, folder), IN_WORLDS)


def _drawn(name: str, ids: Sequence[str], count: int) -> Iterator[Drawn]:
    """Random questions; every part of the catalogue comes up before anything comes twice."""
    rng = random.Random(f"same answers: {name}")  # noqa: S311 - reproducible on purpose
    order = rng.sample(ids, len(ids))
    for number in range(count):
        asked = {
            "period": rng.choice(PERIODS),
            "by": rng.choice(CUTS),
            "where": rng.choice(FILTERS),
            "known_at": rng.choice(KNOWN_AT),
        }
        kpi = order[number % len(order)]
        yield Drawn(kpi, asked, rng.choice(PARTS), rng.choice(PAIRS))


def _record(recording: Recording, name: str, workspace: Path, count: int) -> None:
    import kampass as package

    with (
        recording.file(f"questions/{name}") as add,
        closing(package.open(workspace)) as opened,
    ):
        drawn = list(_drawn(name, kpis(workspace), count))
        for one in drawn:
            _ask(add, opened, one)
        for one in drawn[:_ON_THE_COMMAND_LINE]:
            _ask_the_command_line(add, workspace, one)


def _ask(add: Add, workspace: Any, one: Drawn) -> None:
    """Every way to ask one question from Python."""
    extra = {"total": bool(one.asked["by"]), "compare": "previous"}
    add(
        f"kpi {one.kpi} {one.asked} {extra}", answered(workspace.kpi, one.kpi, **one.asked, **extra)
    )
    add(f"explain {one.kpi} {one.asked}", answered(workspace.explain, one.kpi, **one.asked))
    rows = answered(workspace.rows, one.kpi, one.part, limit=_ROWS, **one.asked)
    add(f"rows {one.kpi} {one.part} {one.asked}", rows)
    ends = {name: one.asked[name] for name in ("by", "where", "known_at")}
    add(
        f"bridge {one.kpi} {one.pair} {ends}",
        answered(workspace.bridge, one.kpi, *one.pair, **ends),
    )


def _ask_the_command_line(add: Add, workspace: Path, one: Drawn) -> None:
    """The same from a terminal, for programs and for people."""
    words = ["-w", str(workspace)]
    for name in ("by", "where"):
        words += [word for value in one.asked[name] for word in (f"--{name}", value)]
    words += ["--known-at", one.asked["known_at"]] if one.asked["known_at"] else []
    period = ("--period", one.asked["period"])
    for form in ("json", "table"):
        for command in (
            ("kpi", one.kpi, *period, "--compare", "previous"),
            ("explain", one.kpi, *period),
            ("explain", one.kpi, *period, "--rows", one.part, "--limit", "20"),
            ("bridge", one.kpi, *one.pair),
        ):
            asked = (*command, *words, "--format", form)
            add(" ".join(asked), kampass(*asked))

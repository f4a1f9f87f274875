"""The whole catalogue, cut five ways, over 24 months: of the sample company and of random
worlds.
"""

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from benchmarks.same_answers.command import kampass, sample, world
from benchmarks.same_answers.record import Json, Recording

CUTS = ("", "segment", "account_manager", "team", "industry")
MONTHS = "2024-01..2025-12"
WORLDS_MONTHS = "2024-04..2026-03"


def of_sample(recording: Recording) -> None:
    """The figures of the sample company."""
    _record(recording, "sample", sample(recording), MONTHS)


def of_worlds(recording: Recording) -> None:
    """The figures of every random world."""
    for folder in recording.world_folders():
        _record(recording, folder.name, world(recording, folder), WORLDS_MONTHS)


def kpis(workspace: Path) -> list[str]:
    """The ids of the catalogue, in its order."""
    listed = kampass("catalogue", "list", "-w", workspace, "--format", "json")
    return [one["id"] for one in json.loads(str(listed["stdout"]))]


def answered(ask: Callable[..., Any], *words: object, **asked: object) -> Json:
    """The answers as the contract's objects, or the error that stands for them."""
    from kampass import KampassError

    try:
        found = ask(*words, **asked)
        answers: Json = [one.to_dict() for one in found]
    except KampassError as wrong:
        return {"error": type(wrong).__name__, **wrong.to_dict()}
    return answers


def _record(recording: Recording, name: str, workspace: Path, months: str) -> None:
    import kampass as package

    with (
        recording.file(f"figures/{name}") as add,
        closing(package.open(workspace)) as opened,
    ):
        ids = kpis(workspace)
        for cut in CUTS:
            asked = {"period": months, "grain": "month", "by": (cut,) if cut else ()}
            for group, answer in _halved(opened.kpi, ids, asked):
                add(f"{' '.join(group)} by {cut or 'nothing'}", answer)


def _halved(
    ask: Callable[..., Any], ids: Sequence[str], asked: dict[str, Any]
) -> Iterator[tuple[Sequence[str], Json]]:
    """The answers of all KPIs at once, of halves where one of them cannot be cut like this."""
    answer = answered(ask, ids, **asked)
    if isinstance(answer, list) or len(ids) == 1:
        yield ids, answer
        return
    for half in (ids[: len(ids) // 2], ids[len(ids) // 2 :]):
        yield from _halved(ask, half, asked)

"""What happens when a snapshot's file turns out to be damaged: it goes, is built again from the
journal, and the question is asked once more.

DuckDB notices damage when it reads the block, in the middle of an answer. Nothing is lost with the
file: a snapshot is never the only copy of anything.
"""

import warnings
import weakref
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from functools import wraps
from pathlib import Path
from typing import Concatenate, ParamSpec, Protocol, TypeVar
from uuid import uuid4

from kampass.errors import DataError, KampassWarning
from kampass.store import Manifest, Snapshot, Snapshots, integrity
from kampass.store.integrity import DAMAGE
from kampass.store.records import to_text


class Repairable(Protocol):
    """What can be mended: the snapshots of a workspace, under its writers' lock."""

    @property
    def manifest(self) -> Manifest:
        """What was recorded and published."""
        ...

    @property
    def snapshots(self) -> Snapshots:
        """Its snapshots."""
        ...

    def writing(self) -> AbstractContextManager[None]:
        """One writer at a time."""
        ...


class Answering(Protocol):
    """What answers from snapshots, and can let go of them."""

    @property
    def home(self) -> Repairable:
        """The workspace that is asked."""
        ...

    def forget(self) -> None:
        """Let go of what is kept of snapshots."""


A = TypeVar("A", bound=Answering)
P = ParamSpec("P")
T = TypeVar("T")
OPEN: "weakref.WeakSet[Repairable]" = weakref.WeakSet()
"""The workspaces that this process has open: a command that met damage does not say where."""


def mending(answer: Callable[Concatenate[A, P], T]) -> Callable[Concatenate[A, P], T]:
    """The same answer, asked a second time where a damaged snapshot was in the way of the first."""

    @wraps(answer)
    def asked(answers: A, /, *args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return answer(answers, *args, **kwargs)
        except DAMAGE:
            answers.forget()
            if not mend([answers.home]):
                raise
        return answer(answers, *args, **kwargs)

    return asked


def mend(workspaces: Iterable[Repairable] | None = None) -> bool:
    """Take damaged snapshots away, so that the next question builds them again; whether there were
    any.
    """
    found = [
        workspace
        for workspace in list(OPEN if workspaces is None else workspaces)
        if _damaged(workspace)
    ]
    for workspace in found:
        with workspace.writing():
            for file in _damaged(workspace):
                _take_away(file)
    return bool(found)


def _take_away(file: Path) -> None:
    """Remove a damaged file, which is built again; a folder in its place is somebody's, and is only
    moved out of the way.
    """
    if not file.is_dir():
        file.unlink(missing_ok=True)
        return
    aside = file.with_name(f"{file.stem}.folder-{uuid4().hex[:8]}")
    file.rename(aside)
    warnings.warn(
        f"A folder stood in the place of a snapshot: it is called {aside.name} now.",
        KampassWarning,
        stacklevel=2,
    )


def _damaged(workspace: Repairable) -> list[Path]:
    """The files of snapshots that cannot be read to their last block."""
    return [
        file
        for file in sorted(workspace.snapshots.folder.glob("*.duckdb"))
        if integrity.snapshot_damage(file)
    ]


def older(workspace: Repairable, trouble: DataError) -> Snapshot:
    """The latest snapshot whose file is whole, with a warning that says why; the trouble itself
    where there is none.
    """
    for row in sorted(
        workspace.manifest.snapshots(),
        key=lambda row: (row.recorded_at, row.published_at),
        reverse=True,
    ):
        file = workspace.snapshots.folder / row.file
        whole = file.exists() and not integrity.snapshot_damage(file)
        found = workspace.snapshots.by_id(row.id) if whole else None
        if found is not None:
            warnings.warn(
                KampassWarning(
                    f"{trouble.message} Until that is mended, snapshot {row.id} answers, which "
                    f"knows {to_text(row.recorded_at)}."
                ),
                stacklevel=2,
            )
            return found
    raise trouble

"""The workspace's own KPI files as a person saves them: found, written whole or not at all, never
over what somebody else wrote meanwhile.

A file's name is that of its first KPI, or the one that it has already; no name ever comes from
whoever is at the other end.
"""

import fcntl
import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from kampass.access import NotFound
from kampass.catalogue import Kpi, read
from kampass.errors import DataError, DefinitionError
from kampass.store import trouble
from kampass.store.disk import fsync
from kampass.workspace import settings
from kampass.workspace.authoring import edits
from kampass.workspace.authoring.draft import Draft

if TYPE_CHECKING:
    from kampass.workspace.workspace import Workspace

NOTHING = ""
"""The digest of a file that is not there."""


@dataclass(frozen=True)
class OwnFile:
    """One of the files as it stood when it was read."""

    name: str
    text: str

    @property
    def digest(self) -> str:
        """What tells whether somebody has written it since."""
        return hashlib.sha256(self.text.encode()).hexdigest()


class Stale(DataError):  # noqa: N818 - reads as a sentence at the raise
    """Somebody else has written the file since; `now` is what they wrote, None where they deleted
    it.
    """

    code = "stale_definition"

    def __init__(self, now: OwnFile | None) -> None:
        what = "changed" if now else "deleted"
        super().__init__(
            f"Somebody else has {what} this file since you opened it.",
            hint="Compare both versions, then decide what to keep.",
            code="stale_definition",
        )
        self.now = now


def file_of(workspace: "Workspace", kpi: Kpi) -> OwnFile:
    """The file in which an own KPI is defined; NotFound where it comes with Kampass."""
    if not kpi.own:
        raise NotFound(
            f"'{kpi.id}' comes with Kampass and cannot be changed.",
            hint="Copy it, and change the copy.",
        )
    for file in _files(workspace):
        if kpi.place.startswith(f"{file.name}:"):
            return OwnFile(file.name, _text(file))
    raise Stale(None)


def save(workspace: "Workspace", draft: Draft, *, file: str | None, digest: str) -> OwnFile:
    """Write a draft without errors into its file; Stale where that is not what the draft began
    with.
    """
    if draft.errors or not draft.kpis:
        raise DefinitionError(
            "A draft with something wrong in it is not saved.", hint="Mend what was found."
        )
    with _writing(workspace):
        place = _place(workspace, file, draft.kpis[0].id)
        _unchanged(place, digest)
        _free(workspace, draft, place)
        _write(place, draft.text)
        return OwnFile(place.name, draft.text)


def delete(workspace: "Workspace", kpi: Kpi, *, digest: str) -> None:
    """Remove an own KPI from its file, and the file with its last one; it is switched off first."""
    with _writing(workspace):
        found = file_of(workspace, kpi)
        place = _place(workspace, found.name, kpi.id)
        _unchanged(place, digest)
        several = len(read(found.text, found.name, own=True)) > 1
        rest = edits.without(found.text, kpi.id) if several else None
        if several:
            _readable(rest, found.name)
        if kpi.id in workspace.settings.enabled:
            settings.switch(workspace.folder, [kpi.id], on=False)
        if rest is not None:
            _write(place, rest)
            return
        place.unlink()
        fsync(place.parent)


def switch(workspace: "Workspace", kpi_id: str, *, on: bool) -> None:
    """Switch a KPI on or off for everybody."""
    with _writing(workspace):
        settings.switch(workspace.folder, [workspace.catalogue.get(kpi_id).id], on=on)


def _files(workspace: "Workspace") -> list[Path]:
    return sorted((workspace.folder / "kpis").glob("*.yaml"))


def _text(file: Path) -> str:
    return file.read_bytes().decode("utf-8")


def _place(workspace: "Workspace", name: str | None, kpi_id: str) -> Path:
    """One of the files that are there, or a place for another."""
    if name is None:
        return workspace.folder / "kpis" / f"{kpi_id}.yaml"
    there = next((file for file in _files(workspace) if file.name == name), None)
    if there is None:
        raise Stale(None)
    return there


def _unchanged(place: Path, digest: str) -> None:
    now = OwnFile(place.name, _text(place)) if place.exists() else None
    if (now.digest if now else NOTHING) != digest:
        raise Stale(now)


def _free(workspace: "Workspace", draft: Draft, place: Path) -> None:
    """DefinitionError where another file has one of the ids by now."""
    for file in _files(workspace):
        taken = (
            {kpi.id for kpi in read(_text(file), file.name, own=True)} if file != place else set()
        )
        for kpi in draft.kpis:
            if kpi.id in taken:
                raise DefinitionError(
                    f"There is a KPI '{kpi.id}' already, in {file.name}.",
                    hint="Give yours another id.",
                )


def _readable(rest: str | None, name: str) -> None:
    """DefinitionError where a file would no longer be read without one of its KPIs."""
    try:
        if rest is not None and read(rest, name, own=True):
            return
    except DefinitionError:
        pass
    raise DefinitionError(
        f"Other KPIs in {name} build on this one.",
        hint="Take it out in the editor of the file, where you see both.",
    )


def _write(place: Path, text: str) -> None:
    """Whole or not at all: what is read is the old file or the other, never half of one."""
    place.parent.mkdir(exist_ok=True)
    part = place.with_name(f".{place.name}.part")
    with part.open("w", encoding="utf-8", newline="") as stream:
        stream.write(text)
        stream.flush()
        os.fsync(stream.fileno())
    part.replace(place)
    fsync(place.parent)


@contextmanager
def _writing(workspace: "Workspace") -> Iterator[None]:
    """One writer of definitions at a time; the lock goes with the process. Loading and publishing
    wait for nobody here.
    """
    with trouble.naming(), (workspace.folder / ".kampass" / "definitions.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        workspace.refresh()
        try:
            yield
        finally:
            workspace.refresh()

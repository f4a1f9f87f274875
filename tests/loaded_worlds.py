"""Random worlds as workspaces, each made once for all test processes."""

import fcntl
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests import oracle
from tests.sample import shared
from tests.worlds import World, make_world
from tests.worlds_draft import HEADER
from tests.worlds_mixed import EXTRA

from kampass.catalogue.loader import shipped
from kampass.workspace import Workspace, create, open_workspace
from kampass.workspace.loads.uploads.written import map_table
from kampass.workspace.settings import SourceSettings, WorkspaceSettings

UPLOADS = "uploads"
"""Where a workspace has the files that were uploaded, below its folder."""


def workspace_of(world: World, folder: Path) -> Workspace:
    """A workspace that has loaded the world, source by source in the order of their loads."""
    world.write(folder / "files")
    told = told_of(world, folder)
    sources = tuple(
        SourceSettings(
            one.name,
            "folder",
            {"path": str(one.folder)},
            ended=one.ended,
            silent=one.up_to_load,
        )
        for one in told
        if not one.upload
    )
    settings = WorkspaceSettings(
        world.timezone,
        world.currency,
        sources=sources,
        subscription_grace_days=world.grace_days,
    )
    workspace = create(folder / "workspace", settings)
    for one in told:
        if one.upload:
            _upload(workspace, one)
    with workspace.writing():
        for one in sorted(told, key=lambda one: one.recorded_at):
            for source in workspace.sources(one.name):
                workspace.journal.load(source, recorded_at=one.recorded_at)
        workspace.snapshots.publish()
    return workspace


def told_of(world: World, folder: Path) -> list[oracle.Told]:
    """What each source of a world told that was written below this folder."""
    return [
        oracle.Told("files", folder / "files", world.recorded_at, up_to_load=world.silent),
        *(
            oracle.Told(
                feed.name,
                folder / feed.name,
                feed.recorded_at,
                upload=feed.upload,
                ended=feed.ended,
                up_to_load=feed.silent,
            )
            for feed in world.feeds
        ),
    ]


def book_of(world: World, folder: Path) -> oracle.Book:
    """The world as the second implementation reads it."""
    return oracle.read_book(
        told_of(world, folder),
        timezone=world.timezone,
        currency=world.currency,
        grace_days=world.grace_days,
    )


def _upload(workspace: Workspace, told: oracle.Told) -> None:
    """Place what somebody uploads, and write how it is read: as it stands."""
    place = workspace.folder / UPLOADS / told.name
    place.mkdir(parents=True)
    for file in told.folder.glob("*.csv"):
        shutil.copy(file, place / f"{file.stem}-0001.csv")
        header = file.read_text(encoding="utf-8-sig").partition("\n")[0].strip().split(",")
        named = {*HEADER[file.stem], "updated_at", "deleted_at"}
        columns: dict[str, Any] = {name: name for name in header if name in named}
        if own := [name for name in header if name in EXTRA.get(file.stem, ())]:
            columns["extra"] = own
        said = {"file": f"{file.stem}-*.csv", "columns": columns}
        path = f"{UPLOADS}/{told.name}"
        map_table(workspace.folder, told.name, file.stem, said, path=path)
    workspace.refresh()


def random_workspace(
    seed: int, factory: pytest.TempPathFactory, make: Callable[[int], World] = make_world
) -> Workspace:
    """The workspace of a random world, made once for all test processes."""
    folder = shared(factory) / f"{make.__name__}-{seed}"
    folder.mkdir(exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if (folder / "made").exists():
            return open_workspace(folder / "workspace")
        workspace = workspace_of(make(seed), folder)
        (folder / "made").touch()
        return workspace


def takers(by: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(kpi.id for kpi in shipped() if set(by) <= set(kpi.named_dimensions))

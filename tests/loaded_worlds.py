"""Random worlds as workspaces, each made once for all test processes."""

import fcntl
from pathlib import Path

import pytest
from tests.sample import shared
from tests.worlds import World, make_world

from kampass.catalogue.loader import shipped
from kampass.workspace import Workspace, create, open_workspace
from kampass.workspace.settings import SourceSettings, WorkspaceSettings


def workspace_of(world: World, folder: Path) -> Workspace:
    """A workspace that has loaded the world."""
    world.write(folder / "files")
    source = SourceSettings("files", "folder", {"path": str(folder / "files")})
    workspace = create(
        folder / "workspace", WorkspaceSettings(world.timezone, world.currency, sources=(source,))
    )
    workspace.sync(recorded_at=world.recorded_at)
    return workspace


def random_workspace(seed: int, factory: pytest.TempPathFactory) -> Workspace:
    """The workspace of a random world, made once for all test processes."""
    folder = shared(factory) / f"world-{seed}"
    folder.mkdir(exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if (folder / "made").exists():
            return open_workspace(folder / "workspace")
        workspace = workspace_of(make_world(seed), folder)
        (folder / "made").touch()
        return workspace


def takers(by: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(kpi.id for kpi in shipped() if set(by) <= set(kpi.named_dimensions))

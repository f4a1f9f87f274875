"""The sample company, small and built once, and random worlds in three time zones, each as a
workspace.
"""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.sample import sample_company
from tests.worlds import ZONES, World, make_world, timezone_of

from kampass.engine import Engine
from kampass.workspace import Workspace, create
from kampass.workspace.settings import SourceSettings, WorkspaceSettings

SCALE = 0.1


@pytest.fixture(scope="session")
def company(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    """The sample company's workspace."""
    workspace = sample_company(tmp_path_factory, "explain", scale=SCALE)
    yield workspace
    workspace.close()


@pytest.fixture(scope="session")
def random_engine(
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Callable[[int], tuple[World, Engine, Path]]]:
    """A random world by its number, loaded: the world, an engine on it, the folder of its files."""
    made: dict[int, tuple[World, Engine, Path]] = {}
    opened: list[Workspace] = []

    def make(number: int) -> tuple[World, Engine, Path]:
        if number not in made:
            world, folder = make_world(number), tmp_path_factory.mktemp(f"world{number}")
            world.write(folder / "files")
            source = SourceSettings("files", "folder", {"path": str(folder / "files")})
            workspace = create(
                folder / "workspace",
                WorkspaceSettings(
                    timezone=world.timezone, currency=world.currency, sources=(source,)
                ),
            )
            workspace.sync(recorded_at=world.recorded_at)
            opened.append(workspace)
            made[number] = world, workspace.engine(), folder / "files"
        return made[number]

    yield make
    for workspace in opened:
        workspace.close()


def seeds_of_every_zone(count: int, start: int = 300) -> list[int]:
    """Numbers of random worlds that take turns between the time zones."""
    by_zone: dict[str, list[int]] = {zone: [] for zone in ZONES}
    number = start
    while min(len(found) for found in by_zone.values()) * len(ZONES) < count:
        by_zone[timezone_of(number)].append(number)
        number += 1
    return [
        found[turn]
        for turn in range((count + len(ZONES) - 1) // len(ZONES))
        for found in by_zone.values()
    ][:count]

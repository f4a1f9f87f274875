"""A small company of its own for each test that breaks it, and one that all others share."""

import shutil
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
from tests.security import company
from tests.security.conftest import hasher, workspace, world
from tests.security.world import World

from kampass.workspace import Workspace, create, open_workspace
from kampass.workspace.settings import SourceSettings, WorkspaceSettings

TOKEN = "f00d" * 16
__all__ = ["hasher", "workspace", "world"]


@pytest.fixture(scope="session")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a workspace with one load, to be copied."""
    place = tmp_path_factory.mktemp("loaded")
    company.write(place / "files")
    source = SourceSettings("files", "folder", {"path": str(place / "files")})
    made = create(place / "workspace", WorkspaceSettings(sources=(source,)))
    made.sync(recorded_at=datetime(2026, 1, 5, 6, tzinfo=UTC))
    made.close()
    return place / "workspace"


@pytest.fixture
def own(loaded: Path, tmp_path: Path) -> Iterator[Workspace]:
    """A workspace that a test may break."""
    with closing(open_workspace(shutil.copytree(loaded, tmp_path / "workspace"))) as opened:
        yield opened


@pytest.fixture
def empty(tmp_path: Path) -> Iterator[Workspace]:
    """A workspace where nothing was published yet."""
    made = create(tmp_path / "workspace", WorkspaceSettings())
    yield made
    made.close()


@pytest.fixture
def admin(world: World) -> dict[str, str]:
    """The header of an admin's token."""
    return {"authorization": f"Bearer {world.tokens['admin', 'admin']}"}

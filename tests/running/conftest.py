"""A small company of its own for each test that breaks it, and one that all others share."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from tests.security import company
from tests.security.conftest import hasher, workspace, world
from tests.security.world import World

from kampass.workspace import Workspace, create
from kampass.workspace.settings import SourceSettings, WorkspaceSettings

TOKEN = "f00d" * 16
__all__ = ["hasher", "workspace", "world"]


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Workspace]:
    """A workspace that a test may break."""
    company.write(tmp_path / "files")
    source = SourceSettings("files", "folder", {"path": str(tmp_path / "files")})
    made = create(tmp_path / "workspace", WorkspaceSettings(sources=(source,)))
    made.sync(recorded_at=datetime(2026, 1, 5, 6, tzinfo=UTC))
    yield made
    made.close()


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

"""The sample company, small, and what its people may see of it."""

from collections.abc import Iterator

import pytest

from kampass.workspace import Workspace, create
from kampass.workspace.settings import SourceSettings, WorkspaceSettings


@pytest.fixture(scope="session")
def company(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    """The sample company's workspace."""
    folder = tmp_path_factory.mktemp("access") / "company"
    workspace = create(
        folder, WorkspaceSettings(sources=(SourceSettings("sample", "sample", {"scale": 0.15}),))
    )
    workspace.sync()
    yield workspace
    workspace.close()

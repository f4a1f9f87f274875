"""The sample company, small, and what its people may see of it."""

from collections.abc import Iterator

import pytest
from tests.sample import sample_company

from kampass.workspace import Workspace


@pytest.fixture(scope="session")
def company(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    """The sample company's workspace."""
    workspace = sample_company(tmp_path_factory, "access", scale=0.15)
    yield workspace
    workspace.close()

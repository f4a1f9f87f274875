"""The sample company for tests: each scale is built once for all test processes, and everybody who
asks gets a copy of their own, so that nobody sees what another wrote.
"""

import fcntl
import os
import shutil
from contextlib import closing
from pathlib import Path

import pytest

from kampass.workspace import Workspace, create, open_workspace
from kampass.workspace.settings import SourceSettings, WorkspaceSettings


def shared(factory: pytest.TempPathFactory) -> Path:
    """The folder that all processes of a run have in common."""
    own = factory.getbasetemp()
    return own.parent if "PYTEST_XDIST_WORKER" in os.environ else own


def sample_folder(factory: pytest.TempPathFactory, place: str, **options: float) -> Path:
    """A workspace of the sample company, loaded and published, in a folder that is called after its
    place and belongs to the caller: `sample_folder(factory, "web", scale=0.15)`.
    """
    name = "-".join(f"{key}-{value}" for key, value in sorted(options.items()))
    made = shared(factory) / f"sample-{name}"
    made.mkdir(exist_ok=True)
    with (made / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (made / "done").exists():
            _build(made / "company", options)
            (made / "done").touch()
    return Path(shutil.copytree(made / "company", factory.mktemp(place) / "company"))


def sample_company(factory: pytest.TempPathFactory, place: str, **options: float) -> Workspace:
    """The same, opened."""
    return open_workspace(sample_folder(factory, place, **options))


def _build(folder: Path, options: dict[str, float]) -> None:
    source = SourceSettings("sample", "sample", options)
    with closing(create(folder, WorkspaceSettings(sources=(source,)))) as workspace:
        workspace.sync()

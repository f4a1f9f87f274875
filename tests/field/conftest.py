"""Small situations that people reported, with right answers worked out by hand: where they lie, and
how one becomes a workspace.
"""

import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from kampass.workspace import Workspace, create, parse_instant
from kampass.workspace.settings import SourceSettings, WorkspaceSettings

MakeCase = Callable[..., Workspace]


@pytest.fixture(scope="session")
def field_cases(pytestconfig: pytest.Config) -> Path:
    """The folder of situations; without it the tests are skipped, and say so."""
    folder = Path(os.environ.get("KAMPASS_FIELD_CASES") or "../shared/field")
    folder = folder if folder.is_absolute() else pytestconfig.rootpath / folder
    if not folder.is_dir():
        reason = (
            f"field cases skipped: there is no folder {folder} (KAMPASS_FIELD_CASES names another)"
        )
        with pytestconfig.pluginmanager.getplugin("capturemanager").global_and_fixture_disabled():
            print(f"\n{reason}", file=sys.stderr, flush=True)
        pytest.skip(reason)
    return folder


@pytest.fixture
def loaded(field_cases: Path, tmp_path: Path) -> Iterator[MakeCase]:
    """A case as a workspace that has loaded it."""
    opened: list[Workspace] = []

    def make(
        case: str, recorded_at: str, rewrite: tuple[str, str] = ("", ""), **settings: Any
    ) -> Workspace:
        source = SourceSettings("files", "folder", {"path": str(field_cases / case)})
        workspace = create(tmp_path / "workspace", WorkspaceSettings(sources=(source,), **settings))
        opened.append(workspace)
        if rewrite[0]:
            file = tmp_path / "workspace" / "kampass.toml"
            written = file.read_text(encoding="utf-8").replace(*rewrite)
            file.write_text(written, encoding="utf-8")
            workspace.refresh()
        workspace.sync(recorded_at=parse_instant(recorded_at))
        return workspace

    yield make
    for workspace in opened:
        workspace.close()

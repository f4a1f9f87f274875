"""What a workspace keeps is its owner's alone, whatever the umask says."""

import os
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from kampass.workspace import create, open_workspace
from kampass.workspace.backup import restore
from kampass.workspace.modes import open_to_others
from kampass.workspace.settings import SourceSettings, WorkspaceSettings


@pytest.fixture
def generous() -> Iterator[None]:
    """A umask that lets everybody read and write."""
    before = os.umask(0)
    yield
    os.umask(before)


def mode(place: Path) -> int:
    return place.stat().st_mode & 0o777


@pytest.mark.usefixtures("generous")
def test_a_workspace_and_its_backup_are_for_their_owner(tmp_path: Path) -> None:
    (tmp_path / "files").mkdir()
    (tmp_path / "files" / "accounts.csv").write_text("id,name\na,Ash\n", encoding="utf-8")
    source = SourceSettings("files", "folder", {"path": str(tmp_path / "files")})
    with closing(create(tmp_path / "ws", WorkspaceSettings(sources=(source,)))) as workspace:
        workspace.sync()
        workspace.backup(tmp_path / "kept.zip")
        assert not open_to_others(workspace.folder)
    restore(tmp_path / "kept.zip", tmp_path / "again")
    assert [mode(tmp_path / name / ".kampass") for name in ("ws", "again")] == [0o700, 0o700]
    assert mode(tmp_path / "kept.zip") == 0o600


def test_what_others_may_look_into_is_noticed(tmp_path: Path) -> None:
    create(tmp_path / "ws", WorkspaceSettings()).close()
    (tmp_path / "ws" / ".kampass").chmod(0o755)
    with closing(open_workspace(tmp_path / "ws")) as workspace:
        assert open_to_others(workspace.folder)

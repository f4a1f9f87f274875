"""Public data sets with known answers: where they lie, and how one becomes a workspace."""

import csv
import os
import re
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from kampass.workspace import Workspace, create, parse_instant
from kampass.workspace.settings import SourceSettings, WorkspaceSettings

DOCS = Path(__file__).parents[2] / "docs" / "worked-examples"
_TOML = re.compile(r"^```toml\n(.*?)^```$", re.DOTALL | re.MULTILINE)
Rows = Sequence[Mapping[str, Any]]
FollowExample = Callable[[Path, str, Path, str], Workspace]
MakeWorkspace = Callable[[Path, Mapping[str, Rows], str], Workspace]


@pytest.fixture(scope="session")
def reference_data(pytestconfig: pytest.Config) -> Path:
    """The folder of public data sets; without it the tests are skipped, and say so."""
    folder = Path(os.environ.get("KAMPASS_REFERENCE_DATA") or "../shared/data")
    folder = folder if folder.is_absolute() else pytestconfig.rootpath / folder
    if not folder.is_dir():
        reason = (
            f"real data skipped: there is no folder {folder} (KAMPASS_REFERENCE_DATA names another)"
        )
        with pytestconfig.pluginmanager.getplugin("capturemanager").global_and_fixture_disabled():
            print(f"\n{reason}", file=sys.stderr, flush=True)
        pytest.skip(reason)
    return folder


@pytest.fixture(scope="module")
def make_workspace() -> Iterator[MakeWorkspace]:
    """Write tables as a canonical folder, load them as recorded at an instant, publish."""
    opened: list[Workspace] = []

    def make(folder: Path, tables: Mapping[str, Rows], recorded_at: str) -> Workspace:
        files = folder / "canonical"
        files.mkdir()
        for name, rows in tables.items():
            _write(files / f"{name}.csv", rows)
        sources = (SourceSettings("files", "folder", {"path": str(files)}),)
        workspace = create(folder / "workspace", WorkspaceSettings(sources=sources))
        opened.append(workspace)
        (report,) = workspace.sync(recorded_at=parse_instant(recorded_at))
        assert [table.quarantined for table in report.tables] == [0] * len(tables)
        return workspace

    yield make
    for workspace in opened:
        workspace.close()


@pytest.fixture(scope="module")
def follow_example() -> Iterator[FollowExample]:
    """Do what a page of the worked examples says: its settings over the downloaded files, loaded as
    recorded at an instant.
    """
    opened: list[Workspace] = []

    def follow(folder: Path, page: str, downloads: Path, recorded_at: str) -> Workspace:
        create(folder / "workspace", WorkspaceSettings()).close()
        settings, *_ = _TOML.findall((DOCS / page).read_text(encoding="utf-8"))
        with (folder / "workspace" / "kampass.toml").open("a", encoding="utf-8") as stream:
            stream.write("\n" + settings.replace('path = "downloads"', f'path = "{downloads}"'))
        workspace = Workspace(folder / "workspace")
        opened.append(workspace)
        (report,) = workspace.sync(recorded_at=parse_instant(recorded_at))
        assert [table.quarantined for table in report.tables] == [0] * len(report.tables)
        return workspace

    yield follow
    for workspace in opened:
        workspace.close()


def _write(file: Path, rows: Rows) -> None:
    with file.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, list(rows[0]))
        writer.writeheader()
        writer.writerows({name: _text(cell) for name, cell in row.items()} for row in rows)


def _text(cell: Any) -> Any:
    return f"{cell.isoformat()}Z" if isinstance(cell, datetime) else cell

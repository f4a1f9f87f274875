"""Random files made from known rows come out as those rows, each counted, or say what is amiss."""

import os
from contextlib import closing
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from tests.messy import ACCOUNTS, MessyFile, messy

from kampass.workspace import create, open_workspace
from kampass.workspace.settings import WorkspaceSettings
from kampass.workspace.workspace import Workspace

FILES = int(os.environ.get("KAMPASS_MESSY", "4"))


def workspace_of(made: MessyFile, folder: Path) -> Workspace:
    """A workspace that maps the file, and knows the accounts and the survey that it names."""
    known = folder / "known"
    known.mkdir()
    rows = "".join(f"{name},{name}\n" for name in ACCOUNTS)
    (known / "accounts.csv").write_text(f"id,name\n{rows}", encoding="utf-8")
    (known / "surveys.csv").write_text(
        "id,kind,scale_min,scale_max\nn,nps,0,10\n", encoding="utf-8"
    )
    create(folder / "w", WorkspaceSettings(currency="EUR")).close()
    with (folder / "w" / "kampass.toml").open("a", encoding="utf-8") as settings:
        settings.write(
            f'\n[sources.known]\nkind = "folder"\npath = "{known}"\n'
            f'\n[sources.other]\nkind = "mapped"\npath = "{folder / "files"}"\n{made.settings}'
        )
    return open_workspace(folder / "w")


def plain(cell: Any) -> Any:
    """A cell to compare: numbers by their value."""
    return Decimal(str(cell)).normalize() if isinstance(cell, Decimal | float | int) else cell


def loaded(workspace: Workspace, made: MessyFile) -> list[dict[str, Any]]:
    """The rows of the table as every KPI reads them, by id."""
    names = list(made.rows[0])
    columns = ", ".join(f'"{name}"' for name in names)
    found = workspace.engine().backend.run(f'SELECT {columns} FROM "{made.table}" ORDER BY id')
    return [dict(zip(names, map(plain, row), strict=True)) for row in found.all()]


@pytest.mark.parametrize(
    "seed",
    [
        pytest.param(seed, marks=[pytest.mark.nightly] if seed >= 4 else [])
        for seed in range(max(4, FILES))
    ],
)
def test_a_file_made_of_known_rows_comes_out_as_those_rows(seed: int, tmp_path: Path) -> None:
    (tmp_path / "files").mkdir()
    made = messy(seed, tmp_path / "files")
    with closing(workspace_of(made, tmp_path)) as workspace:
        (shown,) = workspace.preview("other", made.table)
        assert not shown.tables[0].questions, made.settings
        report = next(one for one in workspace.sync() if one.source == "other")
        expected = sorted(made.rows, key=lambda row: str(row["id"]))
        assert loaded(workspace, made) == [
            {name: plain(cell) for name, cell in row.items()} for row in expected
        ], made.settings
        (table,) = report.tables
        assert (table.read, table.loaded, table.quarantined) == (
            len(made.rows) + made.repeated,
            len(made.rows),
            0,
        )
        (file,) = table.files
        assert (file.used, sum(file.left_out.values())) == (table.read, made.left_out)
        assert file.records == table.read + made.left_out

"""Somebody's files in a folder, and the mapping of one table over them."""

import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from kampass.intake.mapping import MappedSource, parse
from kampass.intake.mapping.view import View
from kampass.intake.preview import TablePreview, preview
from kampass.intake.readers.memory import in_memory


class Mapped:
    """One mapped table over files written to a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "files"
        self.folder.mkdir()
        self.source = MappedSource("shop", self.folder, (), folder / "scratch")

    def write(self, **files: str | bytes) -> None:
        """Write files; an underscore in a name is the dot before its ending."""
        for name, raw in files.items():
            (self.folder / name.replace("_", ".")).write_bytes(
                raw if isinstance(raw, bytes) else raw.encode()
            )

    def map(self, table: str, settings: str, zone: str = "") -> "Mapped":
        """Map a table by TOML below its heading; `[columns]` is the heading of its columns. The
        workspace may have a time zone.
        """
        mapping = parse("[sources.shop]", table, tomllib.loads(settings)).in_zone(zone)
        self.source = MappedSource("shop", self.folder, (mapping,), self.source.scratch)
        return self

    @property
    def table(self) -> str:
        return self.source.mappings[0].table

    def rows(self) -> list[dict[str, Any]]:
        """The rows as they would be loaded; a cell that would be set aside is a pair of what stood
        there and the reason.
        """
        scan = self.source.scan(self.table)
        with in_memory() as connection:
            cursor = connection.execute(scan.relation)
            names = [column[0] for column in cursor.description or ()]
            found = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
        return [
            {name: _pair(cell) for name, cell in row.items() if name in scan.columns}
            for row in found
        ]

    def column(self, name: str) -> list[Any]:
        """One column of them."""
        return [row[name] for row in self.rows()]

    def lines(self) -> list[int]:
        """The line of each row."""
        scan = self.source.scan(self.table)
        count = len(self.rows())
        return [scan.lines(range(1, count + 1))[row] for row in range(1, count + 1)]

    def view(self) -> View:
        return self.source.view(self.table)

    def preview(self, **options: Any) -> TablePreview:
        """What the preview shows of it."""
        (shown,) = preview(self.source, timezone="UTC", **options).tables
        return shown


def _pair(cell: Any) -> Any:
    return tuple(cell[1:].split("\0")) if isinstance(cell, str) and cell.startswith("\0") else cell


@pytest.fixture
def mapped(tmp_path: Path) -> Mapped:
    return Mapped(tmp_path)


MakeMapped = Callable[[], Mapped]

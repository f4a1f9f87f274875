"""A record: lines of JSON, each a question and what answered it, packed in a file by name."""

import gzip
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

from benchmarks.same_answers.masking import Masks

Json: TypeAlias = "dict[str, Json] | list[Json] | str | int | float | bool | None"
Add: TypeAlias = Callable[[str, object], None]
SUFFIX = ".jsonl.gz"


@dataclass(frozen=True)
class Recording:
    """A folder of records, and the workspaces that they were taken from."""

    folder: Path
    worlds: Path | None = None
    masks: Masks = field(default_factory=Masks)

    def __post_init__(self) -> None:
        self.masks.paths[str(self.folder)] = "<out>"

    @contextmanager
    def file(self, name: str) -> Iterator[Add]:
        """Add lines to the record of that name, which is there once it is whole."""
        place = self.folder / f"{name}{SUFFIX}"
        place.parent.mkdir(parents=True, exist_ok=True)
        part = place.with_name(f"{place.name}.part")
        with part.open("wb") as raw, gzip.GzipFile(fileobj=raw, mode="wb", mtime=0) as packed:

            def add(asked: str, answer: object) -> None:
                line = json.dumps(
                    {"asked": asked, "answer": answer}, ensure_ascii=False, default=str
                )
                packed.write(self.masks.text(line).encode() + b"\n")

            yield add
        part.replace(place)

    def workspace(self, name: str) -> Path:
        """Where the workspace of that name stands or will stand."""
        return self.folder / "workspaces" / name

    def world_folders(self) -> list[Path]:
        """The folders of the random worlds; none where none were given."""
        return sorted(self.worlds.iterdir()) if self.worlds else []


def lines(file: Path) -> Iterator[str]:
    """The lines of a record."""
    with gzip.open(file, "rt", encoding="utf-8") as unpacked:
        yield from unpacked

"""The journal's own copy of what the database says of each load, its cursor included: enough to
write that database again.

One file a load, `loads/<number>.<state>.json`, written once the database has committed. So the
journal is never ahead of the database that belongs to it; where it is, the database is an older
one, and where it is behind, a killed program left it so and the next writer catches up.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from kampass.store.disk import fsync
from kampass.store.records import Load

_HOW_FAR = {"held": 0, "complete": 1, "dropped": 2}
"""States come in this order, and none comes back."""
_NAME = re.compile(r"0*(?P<number>[1-9][0-9]*)\.(?P<state>held|complete|dropped)\.json")


@dataclass(frozen=True)
class RecordedLoad:
    """A load, and the number of the one before it (0: it is the first), so that one that is lost
    is missed.
    """

    load: Load
    after: int


class Lines:
    """The lines of a journal, in `folder`, which is made with the first."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def ahead_of(self, loads: Iterable[Load]) -> list[int]:
        """The loads of which the journal knows more than a database that lists these, all of its
        own.
        """
        states = {load.id: _HOW_FAR[load.state] for load in loads}
        return sorted(
            number
            for number, state in self._names()
            if number not in states or _HOW_FAR[state] > states[number]
        )

    def catch_up(self, loads: Sequence[Load]) -> None:
        """Write what a database knows, all of whose loads these are, and the journal does not say
        yet.
        """
        there, written = set(self._names()), False
        for before, load in zip([0, *(load.id for load in loads)], loads, strict=False):
            if (load.id, load.state) in there:
                continue
            self._write(RecordedLoad(load, before))
            for state in _HOW_FAR:
                if state != load.state:
                    self._file(load.id, state).unlink(missing_ok=True)
            written = True
        if written:
            fsync(self.folder)

    def read(self) -> tuple[list[RecordedLoad], list[str]]:
        """Every line, by the load's number, and the names of files that are none."""
        from pydantic import TypeAdapter, ValidationError

        kind, lines, wrong = TypeAdapter(RecordedLoad), {}, []
        for number, state in sorted(self._names(), key=lambda name: (name[0], _HOW_FAR[name[1]])):
            file = self._file(number, state)
            try:
                line = kind.validate_json(file.read_bytes())
            except ValidationError:
                wrong.append(file.name)
                continue
            if (line.load.id, line.load.state) == (number, state):
                lines[number] = line
            else:
                wrong.append(file.name)
        return list(lines.values()), wrong

    def file(self, load: Load) -> Path:
        """The file of a load's line."""
        return self._file(load.id, load.state)

    def _write(self, line: RecordedLoad) -> None:
        from pydantic import TypeAdapter

        self.folder.mkdir(mode=0o700, exist_ok=True)
        part = self.folder / ".part"
        part.write_bytes(TypeAdapter(RecordedLoad).dump_json(line))
        fsync(part)
        part.rename(self._file(line.load.id, line.load.state))

    def _file(self, number: int, state: str) -> Path:
        return self.folder / f"{number:08}.{state}.json"

    def _names(self) -> list[tuple[int, str]]:
        entries = self.folder.iterdir() if self.folder.is_dir() else ()
        found = (_NAME.fullmatch(entry.name) for entry in entries)
        return [(int(name["number"]), name["state"]) for name in found if name]

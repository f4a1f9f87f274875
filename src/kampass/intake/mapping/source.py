"""A source whose files belong to other people: each table is read by its mapping, or refused where
the mapping leaves something open.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from kampass.errors import DataError, UnknownName
from kampass.intake.mapping.convert import cell, column_of, distinct, relation
from kampass.intake.mapping.mapping import Filling, TableMapping
from kampass.intake.mapping.questions import Base, OpenQuestion, questions
from kampass.intake.mapping.rows import condition
from kampass.intake.readers.files import files_of, missing, open_raw
from kampass.intake.readers.memory import ask
from kampass.intake.readers.raw import FILE, LINE, RawTable
from kampass.intake.readers.scratch import lines_of
from kampass.model import TABLES
from kampass.model.conform import literal, names_something
from kampass.model.messages import Message, whole
from kampass.model.scan import FILE_LINES, Scan


@dataclass(frozen=True)
class MappedSource:
    """The mapped tables over the files in `folder`; `scratch` is where reading may leave something
    for a while.
    """

    name: str
    folder: Path
    mappings: tuple[TableMapping, ...]
    scratch: Path | None = None

    def tables(self) -> list[str]:
        """The tables that are mapped, in the model's order."""
        if not self.folder.is_dir():
            raise DataError(
                f"There is no folder {self.folder}.",
                code="no_folder",
                hint="Check the source's path in kampass.toml.",
            )
        return [
            table for table in TABLES if any(mapping.table == table for mapping in self.mappings)
        ]

    def read(self, _: str | None) -> Iterator[Message]:
        """Every mapped table as a whole."""
        return whole(self)

    def scan(self, table: str) -> Scan:
        """The rows of one table; DataError where its values could be read in two ways."""
        view = self.view(table)
        if view.questions:
            raise _asked(view, self.mapping(table))
        return view.scan

    def files(self, table: str) -> list[Path]:
        """The files that one table is read from."""
        return files_of(self.folder, self.mapping(table))

    def view(self, table: str) -> "View":
        """Everything a mapping makes of its file, and what it leaves open."""
        mapping = self.mapping(table)
        if mapping.select is not None:
            from kampass.intake.mapping.select import checked, selected

            checked(mapping)
        raw = open_raw(self.folder, mapping, self.scratch)
        notices: tuple[str, ...] = raw.notices
        opened = raw
        if mapping.select is not None:
            opened, mapping, more = selected(raw, mapping, self.scratch)
            notices += more
        return _view(raw, opened, mapping, notices)

    def mapping(self, table: str) -> TableMapping:
        """The mapping of one table."""
        for mapping in self.mappings:
            if mapping.table == table:
                return mapping
        raise UnknownName(
            "table",
            table,
            [mapping.table for mapping in self.mappings],
            hint=f"The source '{self.name}' maps {', '.join(self.tables())}.",
        )


@dataclass(frozen=True)
class View:
    """A mapped table: how it scans, the file as it stands, what fills each column, and what is left
    open.
    """

    scan: Scan
    raw: RawTable
    mapping: TableMapping
    pairs: str
    questions: tuple[OpenQuestion, ...]
    unmapped: tuple[str, ...]
    notices: tuple[str, ...] = ()


def _view(raw: RawTable, opened: RawTable, mapping: TableMapping, notices: tuple[str, ...]) -> View:
    index = _index(opened, mapping)
    conditions = {
        filling.where: condition(f"{mapping.place} {filling.name}", filling.where, index)
        for filling in mapping.fillings
        if filling.where
    }
    used = set(mapping.headers).union(*(read.headers for read in conditions.values()))
    numbered = mapping.distinct or bool(used & {LINE, FILE}) or bool(raw.files)
    base = opened.numbered() if numbered else opened.relation
    base = _with_file(base, raw) if FILE in used else base
    _joins_well(mapping, base, index)
    rows = relation(
        mapping,
        base,
        index,
        flags=opened.flags,
        line=numbered,
        conditions={text: read.sql for text, read in conditions.items()},
    )
    lines = partial(lines_of, base) if numbered else opened.lines
    asked = questions(mapping, Base(base, opened.flags, ask, lines), index)
    pairs, hold = rows, (raw, opened)
    if mapping.distinct:
        rows = distinct(mapping, rows)
        lines = partial(lines_of, rows)
    names = [filling.name for filling in mapping.fillings] + list(mapping.extra)
    scan = Scan(
        mapping.table,
        rows,
        dict.fromkeys(names, "VARCHAR"),
        _digest(raw, mapping),
        raw.place,
        rejects=raw.rejects,
        lines=lines,
        origin={filling.name: filling.told for filling in mapping.fillings}
        | {name: name for name in mapping.extra},
        files=raw.files,
        line=LINE if numbered else None,
        hold=hold,
        counts=opened.counts,
        keep=mapping.keep,
        reading=mapping.reading,
    )
    unmapped = tuple(
        header for header in raw.headers if header not in used and header not in _named_in(mapping)
    )
    return View(scan, raw, mapping, pairs, tuple(asked), unmapped, notices)


def _named_in(mapping: TableMapping) -> set[str]:
    """Headers that a SELECT names: they are used, although no column is filled with them
    directly.
    """
    if mapping.select is None:
        return set()
    from kampass.intake.mapping.select import named

    return named(mapping.select)


def _digest(raw: RawTable, mapping: TableMapping) -> str:
    return hashlib.sha256(f"mapped 1|{raw.digest}|{mapping.written}".encode()).hexdigest()


def _index(opened: RawTable, mapping: TableMapping) -> dict[str, int]:
    """Where each header stands; the error of one that is named and is not there."""
    index = {header: position for position, header in enumerate(opened.headers)}
    for header in mapping.headers:
        if header not in index and header not in {LINE, FILE}:
            raise missing(opened, header, mapping)
    return index


def _with_file(base: str, raw: RawTable) -> str:
    """The rows with the name of the file each of them is in."""
    names = ", ".join(literal(name) for name in raw.files or (raw.place,))
    return f"SELECT *, [{names}][_line // {FILE_LINES} + 1] AS _file FROM ({base})"


def _joins_well(mapping: TableMapping, base: str, index: dict[str, int]) -> None:
    """Refuse a composed id that could be composed of other parts: a-b with c is not a with b-c."""
    for filling in mapping.fillings:
        # Nothing is joined, or it names nothing.
        joined = len(filling.columns) > 1 and not filling.first
        if not joined or not names_something(column_of(mapping.table, filling.name)):
            continue
        parts = [
            cell(Filling("", (header,)), index, flags=False).text for header in filling.columns
        ]
        held = [f"bool_or(contains({part}, {literal(filling.join)}))" for part in parts]
        found = ask(f"SELECT {', '.join(held)} FROM ({base})")[0] if filling.join else ()
        if not filling.join or sum(map(bool, found)) > 1:
            raise DataError(
                (
                    f"{mapping.place}: '{filling.name}' joins {' and '.join(filling.columns)} by "
                    f"{filling.join!r}, which stands in more than one of them: two rows could get "
                    "one name."
                ),
                code="bad_settings",
                hint='Join by a sign that none of them holds, such as join = "/".',
            )


def _asked(view: View, mapping: TableMapping) -> DataError:
    """The refusal: what is open, where, and the lines that answer."""
    words: list[str] = []
    answers: list[str] = []
    for question in view.questions:
        line, value = question.examples[0]
        file, at = view.scan.place_of(line)
        words.append(
            f"{file}, line {at}, column '{question.header}': {value!r} could be read in two "
            f"ways: {question.what}"
        )
        answers += [
            f"{reading.setting}   # {value} is {reading.values[0]}" for reading in question.readings
        ]
    return DataError(
        "; ".join(words),
        code="ambiguous_values",
        hint=f"Write one of these under [{mapping.place[1:-1]}.columns] in kampass.toml:\n    "
        + "\n    ".join(answers),
    )

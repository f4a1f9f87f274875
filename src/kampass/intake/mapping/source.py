"""A source whose files belong to other people: each table is read by its mapping, or refused where
the mapping leaves something open.
"""

import codecs
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from kampass.errors import DataError, UnknownName
from kampass.intake.mapping.joined import joined
from kampass.intake.mapping.mapping import TableMapping
from kampass.intake.mapping.questions.encodings import LIKELY, asked_encoding
from kampass.intake.mapping.rows import above_footer, where
from kampass.intake.mapping.view import View, together, view_of
from kampass.intake.readers.files import NOT_UTF8, files_of, open_raw
from kampass.intake.readers.memory import ask
from kampass.intake.readers.raw import RawTable
from kampass.intake.spans import read_whole
from kampass.model import TABLES
from kampass.model.messages import Message
from kampass.model.scan import FILE_LINES, Scan

_SHOWN = 3


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
        return read_whole(self)

    def scan(self, table: str) -> Scan:
        """The rows of one table; DataError where its values could be read in two ways. What reads
        in one way that is not declared, or in another encoding, is set aside as it stands.
        """
        view = self.view(table)
        if any(len(one.readings) > 1 and one.column != "encoding" for one in view.questions):
            raise _asked(view, self.mapping(table))
        return view.scan

    def files(self, table: str) -> list[Path]:
        """The files that one table is read from."""
        found = [file for block in self.blocks(table) for file in files_of(self.folder, block)]
        return list(dict.fromkeys(found))

    def view(self, table: str) -> View:
        """Everything a table's mapping makes of its files, and what it leaves open."""
        blocks = self.blocks(table)
        return together([self._block(mapping, several=len(blocks) > 1) for mapping in blocks])

    def _block(self, mapping: TableMapping, *, several: bool) -> View:
        """What one block makes of its file."""
        if mapping.select is not None:
            from kampass.intake.mapping.select import checked, selected

            checked(mapping)
        raw = above_footer(open_raw(self.folder, mapping, self.scratch), mapping)
        opened = raw
        if mapping.join:
            beside = open_raw(self.folder, mapping.join.reading, self.scratch)
            opened = joined(raw, beside, mapping.join, self.scratch)
        opened, read = where(opened, mapping)
        notices: tuple[str, ...] = opened.notices
        if mapping.select is not None:
            opened, mapping, more = selected(opened, mapping, self.scratch)
            notices += more
        used = read.union(*(mapping.join.on if mapping.join else ()))
        view = view_of(raw, opened, mapping, notices, used, several=several)
        return view if mapping.encoding else self._in_its_encoding(view, mapping, several=several)

    def _in_its_encoding(self, view: View, mapping: TableMapping, *, several: bool) -> View:
        """The view with what its file leaves open: where it is not UTF-8, its encoding, and what
        its other columns would leave open in the likely one. A file that is UTF-8 but for a torn
        byte leaves nothing open.
        """
        torn = [one.line for one in view.scan.rejects if one.reason.startswith(NOT_UTF8)]
        if not torn or _beyond_ascii(view.raw):
            return view
        number = torn[0] // FILE_LINES
        file = files_of(self.folder, mapping)[number]
        lines = [line % FILE_LINES for line in torn if line // FILE_LINES == number][:_SHOWN]
        asked = asked_encoding(mapping.table, file, lines, number * FILE_LINES)
        encoding = codecs.lookup(LIKELY).name
        read = self._block(replace(mapping, encoding=encoding), several=several)
        return replace(view, questions=(asked, *read.questions))

    def blocks(self, table: str) -> list[TableMapping]:
        """The mappings of one table."""
        first = self.mapping(table)
        return [mapping for mapping in self.mappings if mapping.table == first.table]

    def mapping(self, table: str) -> TableMapping:
        """The mapping of one table, the first where there are several."""
        for mapping in self.mappings:
            if mapping.table == table:
                return mapping
        raise UnknownName(
            "table",
            table,
            [mapping.table for mapping in self.mappings],
            hint=f"The source '{self.name}' maps {', '.join(self.tables())}.",
        )


def _beyond_ascii(raw: RawTable) -> bool:
    """Whether any cell that reads holds a letter that tells UTF-8 from other encodings."""
    cells = " OR ".join(
        f"strlen(c{index}) <> length(c{index})" for index in range(len(raw.headers))
    )
    return bool(ask(f"SELECT 1 FROM ({raw.relation}) WHERE {cells} LIMIT 1"))


def _asked(view: View, mapping: TableMapping) -> DataError:
    """The refusal: what is open, where, and the lines that answer."""
    words: list[str] = []
    answers: dict[str, list[str]] = {}
    for question in view.questions:
        line, value = question.examples[0]
        file, at = view.scan.place_of(line)
        of_file = question.column == "encoding"
        how = (
            "could be read in two ways" if len(question.readings) > 1 else "does not read as it is"
        )
        of = "" if of_file else f", column '{question.header}'"
        words.append(f"{file}, line {at}{of}: {value!r} {how}: {question.what}")
        heading = f"[{mapping.place[1:-1]}{'' if of_file else '.columns'}]"
        answers.setdefault(heading, []).extend(
            f"{reading.setting}   # {value} is {reading.values[0]}" for reading in question.readings
        )
    return DataError(
        "; ".join(words),
        code="ambiguous_values",
        hint="\n".join(
            "\n    ".join([f"Write one of these under {heading} in kampass.toml:", *lines])
            for heading, lines in answers.items()
        ),
    )

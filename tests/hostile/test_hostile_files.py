"""Files as nobody should send them: each is read right, set aside line by line, or refused in
words; nothing else happens.

One workspace holds a small book. Every file comes to it as a load of its own; a file that is
refused comes as the next load of the book's own source, so that what was loaded before is what is
at stake.
"""

import re
import shutil
import tomllib
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from tests.each import each
from tests.hostile import json_lines, mapped_text, parquet_files, text_files, values, workbooks
from tests.hostile.cases import Hostile
from tests.store.conftest import Desk, counts, day

from kampass.errors import KampassError
from kampass.intake.mapping import MappedSource, parse
from kampass.intake.preview import preview
from kampass.intake.readers.memory import in_memory
from kampass.intake.sources.folder import FileSource
from kampass.model import TABLES
from kampass.model.conform import literal, quoted
from kampass.model.messages import TableSource as Source
from kampass.store import LoadReport

KINDS = (text_files, values, mapped_text, workbooks, json_lines, parquet_files)
CASES = tuple(case for kind in KINDS for case in kind.CASES)
ACCOUNTS = "id,name\nbook-1,Ada\nbook-2,Bob"
SUBSCRIPTIONS = "id,account_id,mrr,currency,valid_from,valid_to\nbook-1,book-1,100,USD,2025-01-01,\nbook-2,book-2,50.5,USD,2025-03-01,2025-11-01"


_TOO_WIDE = 60_000
"""Bytes of a file whose preview would take longer than everything else here: the load is what
counts.
"""


class Book:
    """A workspace with a small book, and what it answered before anything hostile came."""

    def __init__(self, place: Path) -> None:
        self.desk, self.place = Desk(place / "desk"), place
        self.desk.load(1, accounts=ACCOUNTS, subscriptions=SUBSCRIPTIONS)
        self.exported = self.desk.export()
        self.stood = self.standing()
        self.seen: Counter[str] = Counter()
        self.kept: list[int] = []

    def standing(self) -> tuple[Any, ...]:
        """What answers, what counts, and every file of the journal."""
        workspace = self.desk.workspace
        journal = sorted(str(path) for path in workspace.journal.folder.rglob("*"))
        loads = [load.id for load in workspace.manifest.loads()]
        return workspace.kpi("mrr_end", period="2025-10").answers[0].value, loads, journal

    def source(self, case: Hostile, name: str) -> Source:
        """The folder with the hostile file in it, as a source."""
        folder = self.place / "hostile"
        folder.mkdir(exist_ok=True)
        for old in folder.iterdir():
            old.unlink()
        (folder / case.file).write_bytes(case.bytes())
        if not case.mapping:
            return FileSource(name, folder, self.place / "scratch")
        mapping = parse(f"[sources.{name}]", case.of, tomllib.loads(case.mapping))
        return MappedSource(name, folder, (mapping,), self.place / "scratch")

    def load(self, source: Source) -> LoadReport:
        workspace = self.desk.workspace
        with workspace.writing():
            return workspace.journal.load(source, recorded_at=day(2))

    def rows(self, case: Hostile, load: int) -> list[tuple[str | None, ...]]:
        """What a load made of the columns that a case shows, as text."""
        journal = self.desk.workspace.journal
        loads = [
            each
            for each in self.desk.workspace.manifest.loads(states=("complete", "held"))
            if each.id == load
        ]
        versions = journal.versions(TABLES[case.of], loads)
        shown = ", ".join(_text(case.of, name) for name in case.columns)
        with in_memory() as connection:
            connection.execute("SET TimeZone = 'UTC'")
            return connection.execute(f"SELECT {shown} FROM ({versions}) ORDER BY _line").fetchall()

    def set_aside(self, load: int) -> list[tuple[Any, ...]]:
        """Line, column, value and reason of what a load set aside."""
        loads = [
            each
            for each in self.desk.workspace.manifest.loads(states=("complete", "held"))
            if each.id == load
        ]
        with in_memory() as connection:
            rows = self.desk.workspace.journal.quarantine(loads)
            return connection.execute(
                f"SELECT line, coalesce(\"column\", ''), value, reason FROM ({rows}) ORDER BY 1, 2"
            ).fetchall()


def _text(table: str, name: str) -> str:
    """The SQL of one column as a case spells it."""
    if not TABLES[table].has(name):
        return f"_extra[{literal(name)}]"
    kind = TABLES[table].column(name).type
    text = f"CAST({quoted(name)} AS VARCHAR)"
    if kind == "instant":
        return f"strftime({quoted(name)}, '%Y-%m-%dT%H:%M:%S.%f')"
    return f"rtrim(rtrim({text}, '0'), '.')" if kind in {"decimal", "rate"} else text


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Book]:
    made = Book(tmp_path_factory.mktemp("hostile"))
    yield made
    made.desk.workspace.close()
    print(_table(made.seen))


def _table(seen: Counter[str]) -> str:
    outcomes = ("read right", "set aside", "refused")
    rows = [
        f"{'files':>12} {sum(seen[outcome] for outcome in outcomes):>5}",
        *(f"{outcome:>12} {seen[outcome]:>5}" for outcome in outcomes),
    ]
    return "\n".join(
        ["", *rows, *(f"{what:>12} {seen[what]:>5}" for what in ("misread", "tracebacks"))]
    )


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__.rpartition(".")[2])
def test_a_hostile_file_is_read_right_set_aside_or_refused(book: Book, kind: ModuleType) -> None:
    @each("case", kind.CASES, ids=lambda case: f"{case.file.partition('.')[2]}: {case.name}")
    def read_right_set_aside_or_refused(case: Hostile) -> None:
        _tried(book, case)

    read_right_set_aside_or_refused()


def _tried(book: Book, case: Hostile) -> None:
    try:
        _refused(book, case) if case.refused else _loaded(book, case)
    except AssertionError:
        book.seen["misread"] += 1
        raise
    except Exception:
        book.seen["tracebacks"] += 1
        raise
    book.seen[case.outcome] += 1


def _refused(book: Book, case: Hostile) -> None:
    """The message names the file and what is wrong, the hint what to do; what was loaded before is
    untouched.
    """
    source, stood = book.source(case, "files"), book.standing()
    with pytest.raises(KampassError) as raised:
        book.load(source)
    error = raised.value
    assert re.search(case.refused, error.message), error.message
    assert (
        case.file in error.message
        or "kampass.toml" in error.message
        or "[sources.files" in error.message
    ), error.message
    assert re.search(case.way_out, error.hint), f"{error.message} | {error.hint}"
    assert len(error.message) < 2000 and len(error.hint) < 2000
    assert book.standing() == stood
    assert stood[0] == book.stood[0]


def _loaded(book: Book, case: Hostile) -> None:
    """The cells are the author's, every other line is set aside with its place, and nothing is lost
    between them.
    """
    source = book.source(case, "hostile")
    shown = (
        None
        if len(case.bytes()) > _TOO_WIDE
        else preview(source, timezone="UTC", rows=100).tables[0]
    )
    report = book.load(source)
    try:
        (table,) = report.tables
        found, aside = (
            sorted(book.rows(case, report.number), key=repr),
            book.set_aside(report.number),
        )
        assert found == sorted(case.read, key=repr)
        assert [(line, column) for line, column, _, _ in aside] == [
            (each.line, each.column) for each in case.aside
        ], aside
        for each, (_, _, value, reason) in zip(case.aside, aside, strict=True):
            assert each.reason in reason, aside
            assert not each.value or each.value == value, aside
        assert counts(table) == (
            len(case.read) + len(case.aside) + case.superseded,
            len(case.read),
            0,
            case.superseded,
            len(case.aside),
        )
        assert shown is None or shown.set_aside == len(case.aside)
        assert shown is None or [each.line for each in shown.aside] == [
            each.line for each in case.aside
        ]
    finally:
        book.desk.workspace.journal.drop(report.number)
    book.kept.append(report.number)


def test_the_corpus_is_wide_enough() -> None:
    assert len(CASES) >= 120
    assert len({(case.file, case.name) for case in CASES}) == len(CASES)


def test_all_of_them_together_are_published_exported_and_read_again(book: Book) -> None:
    """What was read right can be answered from, and its export says the same once more; without it
    the book is what it was.
    """
    manifest = book.desk.workspace.manifest
    for number in book.kept:
        manifest.set_state(number, "complete")
    # A dropped load never counts again; for these to do so, the journal's own word of them goes.
    shutil.rmtree(book.desk.workspace.journal.lines.folder)
    with closing(book.desk.workspace.publish()):
        exported = book.desk.export()
        folder = book.place / "again"
        folder.mkdir()
        for name, raw in exported.items():
            (folder / name).write_bytes(raw)
        again = book.load(FileSource("again", folder))
    assert [(table.table, table.quarantined) for table in again.tables if table.quarantined] == []
    for number in (*book.kept, again.number):
        manifest.set_state(number, "dropped")
    with closing(book.desk.workspace.publish()):
        assert book.desk.export() == book.exported
        assert book.standing()[:2] == book.stood[:2]

"""Every record that a file holds is a row, whatever reads it and whatever the file looks like.

    reader x line ends x breaks in quotes x blank lines x encoding x how many rows
           x plain, SELECT, distinct, both

Each file is written from records that are known, and read back whole: values and lines.
"""

import csv
import gc
import io
import json
from collections.abc import Callable, Iterator, Sequence
from itertools import product

import openpyxl
import pytest
from tests.sources.conftest import Mapped

from kampass.errors import DataError
from kampass.intake.readers.memory import in_memory

Record = tuple[str, str, str]
HEADER = ("id", "name", "note")
PLAIN = '[columns]\nid = "id"\nname = "name"\nextra = ["note"]\n'
SELECT = 'select = "SELECT id, name, note FROM raw"\n'
WAYS = {
    "plain": PLAIN,
    "select": SELECT + '[columns]\nregion = { constant = "north" }\n',
    "distinct": "distinct = true\n" + PLAIN,
}
ENDS = {"LF": "\n", "CRLF": "\r\n", "CR": "\r"}
BREAKS = {"no break": "", "LF within": "two\nlines", "CRLF within": "two\r\nlines"}
BLANKS = ("none", "middle", "end", "several at the end")
ENCODINGS = {"utf-8-sig": "", "utf-16": 'encoding = "utf-16"\n'}


def records(count: int, note: str = "") -> list[Record]:
    """Each with a name of its own, the second with that note."""
    return [(str(n), f"Zoë {n}", note if n == 2 else f"note {n}") for n in range(1, count + 1)]


def delimited(rows: Sequence[Record], end: str, blank: str) -> str:
    """CSV with these ends of lines; blank lines in the middle or at the end."""
    lines = [_line(HEADER), *map(_line, rows)]
    if blank == "middle":
        lines.insert(len(lines) // 2 + 1, "")
    lines += [""] * {"end": 1, "several at the end": 3}.get(blank, 0)
    return end.join(lines) + end


def _line(cells: Sequence[str]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerow(cells)
    return text.getvalue().removesuffix("\r\n")


def workbook(rows: Sequence[Record]) -> bytes:
    book = openpyxl.Workbook()
    for row in (HEADER, *rows):
        book.active.append(row)
    raw = io.BytesIO()
    book.save(raw)
    return raw.getvalue()


def read(mapped: Mapped) -> tuple[list[Record], list[int]]:
    """The rows as a load reads them, after all but the scan is forgotten, and their lines."""
    scan = mapped.source.scan("accounts")
    gc.collect()
    assert not scan.rejects
    with in_memory() as connection:
        found = connection.execute(f"SELECT id, name, note FROM ({scan.relation})").fetchall()
    lines = scan.lines(range(1, len(found) + 1)) if found else {}
    return [(id_, name, note or "") for id_, name, note in found], list(lines.values())


def differences(mapped: Mapped, file: str, wanted: Sequence[Record]) -> Iterator[str]:
    """What each way of reading a file makes otherwise than it was written."""
    for way, said in WAYS.items():
        mapped.map("accounts", f'file = "{file}"\n{said}')
        found, lines = read(mapped)
        if found != list(wanted):
            yield f"{way}: {len(found)} of {len(wanted)} records, first {found[:2]}"
        elif lines != sorted(set(lines)):
            yield f"{way}: lines {lines[:5]}"


@pytest.mark.parametrize("end", ENDS)
def test_every_record_of_a_csv_is_a_row(mapped: Mapped, end: str) -> None:
    wrong = []
    for (inner, note), blank in product(BREAKS.items(), BLANKS):
        rows, mark = records(60, note), ENDS[end]
        mapped.write(f_csv=delimited(rows, mark, blank).encode())
        wrong += [
            f"{end}, {inner}, blank {blank}: {what}" for what in differences(mapped, "f.csv", rows)
        ]
    assert not wrong


def test_every_record_is_a_row_in_every_encoding(mapped: Mapped) -> None:
    wrong = []
    for (encoding, said), mark, blank in product(ENCODINGS.items(), ENDS.values(), ("none", "end")):
        rows = records(45, "two\nlines")
        mapped.write(f_csv=delimited(rows, mark, blank).encode(encoding))
        for way, columns in WAYS.items():
            mapped.map("accounts", f'file = "f.csv"\n{said}{columns}')
            if read(mapped)[0] != rows:
                wrong.append((encoding, mark, blank, way))
    assert not wrong


def test_every_record_of_a_file_with_mixed_line_ends_is_a_row(mapped: Mapped) -> None:
    rows = records(60, "two\nlines")
    lines = [_line(HEADER), *map(_line, rows)]
    mixed = "".join(line + ("\n", "\r\n", "\r")[number % 3] for number, line in enumerate(lines))
    mapped.write(f_csv=mixed.encode(), g_csv=mixed.rstrip("\r\n").encode())
    assert [*differences(mapped, "f.csv", rows), *differences(mapped, "g.csv", rows)] == []


def test_every_record_below_lines_that_are_no_header_is_a_row(mapped: Mapped) -> None:
    rows = records(60, "two\nlines")
    for mark, title in zip(ENDS.values(), ("A report", "", ""), strict=True):
        text = f"{title}{mark}{mark}" + delimited(rows, mark, "several at the end")
        mapped.write(f_csv=text.encode())
        for said in WAYS.values():
            mapped.map("accounts", f'file = "f.csv"\nheader_row = 3\n{said}')
            assert read(mapped)[0] == rows


@pytest.mark.parametrize("count", [2, 60])
def test_every_record_of_json_lines_is_a_row(mapped: Mapped, count: int) -> None:
    rows = records(count, "two\nlines")
    lines = [json.dumps(dict(zip(HEADER, row, strict=True))) for row in rows]
    for mark, before, after in product(("\n", "\r\n"), ("", "\n"), ("", "\n\n")):
        text = before + mark.join(lines) + mark + after
        mapped.write(f_jsonl=text.encode("utf-8-sig" if before else "utf-8"))
        assert list(differences(mapped, "f.jsonl", rows)) == []


@pytest.mark.parametrize("count", [1, 2, 41, 42, 60])
def test_every_record_of_a_workbook_is_a_row(mapped: Mapped, count: int) -> None:
    rows = records(count, "two\nlines")
    mapped.write(f_xlsx=workbook(rows))
    assert list(differences(mapped, "f.xlsx", rows)) == []


@pytest.mark.parametrize("ending", ["csv", "jsonl", "xlsx"])
def test_every_record_of_several_files_is_a_row(mapped: Mapped, ending: str) -> None:
    rows = records(100, "two\nlines")
    halves = {"part1": rows[:50], "part2": rows[50:]}
    write: dict[str, Callable[[list[Record]], str | bytes]] = {
        "csv": lambda half: delimited(half, "\r\n", "end"),
        "jsonl": lambda half: "".join(
            json.dumps(dict(zip(HEADER, row, strict=True))) + "\n" for row in half
        ),
        "xlsx": workbook,
    }
    mapped.write(**{f"{name}_{ending}": write[ending](half) for name, half in halves.items()})
    assert list(differences(mapped, f"part*.{ending}", rows)) == []


@pytest.mark.parametrize("ending", ["csv", "xlsx"])
def test_a_header_alone_is_no_row(mapped: Mapped, ending: str) -> None:
    mapped.write(f_csv="id,name,note\r\n", f_xlsx=workbook([]))
    assert list(differences(mapped, f"f.{ending}", [])) == []


@pytest.mark.parametrize(("ending", "raw"), [("csv", b""), ("csv", b"\n\nid\n"), ("jsonl", b"\n")])
def test_a_file_without_a_header_is_refused(mapped: Mapped, ending: str, raw: bytes) -> None:
    mapped.write(**{f"f_{ending}": raw})
    for said in WAYS.values():
        mapped.map("accounts", f'file = "f.{ending}"\n{said}')
        with pytest.raises(DataError, match=rf"f\.{ending}"):
            mapped.source.scan("accounts")

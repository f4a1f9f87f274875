"""A workbook's sheet is read cell by cell as Excel typed it; what a cell cannot say is set aside
and never read as empty.
"""

import io
import zipfile
from collections.abc import Callable
from datetime import datetime
from typing import Any

import openpyxl
import pytest
from tests.sources.conftest import Mapped

from kampass.errors import DataError
from kampass.intake.readers import excel

COLUMNS = (
    '[columns]\nid = "No"\nname = "Name"\nacquired_on = { column = "Since", date = "%d.%m.%Y" '
    '}\nregion = "Area"'
)
HEADER = ["No", "Name", "Since", "Area"]


def workbook(fill: Callable[[Any], None]) -> bytes:
    book = openpyxl.Workbook()
    book.active.title = "List"
    fill(book)
    raw = io.BytesIO()
    book.save(raw)
    return raw.getvalue()


def rows(*lines: list[Any], then: Callable[[Any], None] = lambda _: None) -> bytes:
    def fill(book: Any) -> None:
        for line in lines:
            book.active.append(line)
        then(book)

    return workbook(fill)


def accounts(mapped: Mapped, raw: bytes, said: str = "", columns: str = COLUMNS) -> Mapped:
    mapped.write(c_xlsx=raw)
    return mapped.map("accounts", f'file = "c.xlsx"\n{said}\n{columns}')


def test_typed_cells_need_no_format_and_text_is_read_as_declared(mapped: Mapped) -> None:
    accounts(
        mapped,
        rows(
            HEADER,
            [7, "Ann", datetime(2026, 3, 1), 1.5],
            ["007", "Bob", "05.03.2026", "1.5"],
            [8.0, "Eve", datetime(2026, 3, 1, 9, 30), True],
        ),
    )
    assert mapped.column("id") == ["7", "007", "8"]
    assert mapped.column("acquired_on") == ["2026-03-01", "2026-03-05", "2026-03-01"]
    assert mapped.column("region") == ["1.5", "1.5", "true"]


def test_a_number_that_excel_knows_is_not_read_by_the_signs_declared_for_text(
    mapped: Mapped,
) -> None:
    mapped.write(
        o_xlsx=rows(
            ["id", "acc", "on", "amt"],
            [1, "a", datetime(2026, 3, 1), 1.234],
            [2, "a", datetime(2026, 3, 1), "1.234,5"],
        )
    )
    columns = (
        'id = "id"\naccount_id = "acc"\npurchased_at = "on"\namount = "amt"\ncurrency = { '
        'constant = "EUR" }'
    )
    mapped.map(
        "purchases", f'file = "o.xlsx"\ndecimal = ","\nthousands = "."\n[columns]\n{columns}'
    )
    assert mapped.column("amount") == ["1.234", "1234.5"]


def test_a_time_of_day_needs_a_zone(mapped: Mapped) -> None:
    mapped.write(
        o_xlsx=rows(
            ["id", "acc", "on", "amt"],
            [1, "a", datetime(2026, 3, 1, 9, 30), 1],
            [2, "a", datetime(2026, 3, 1), 1],
        )
    )
    columns = (
        '[columns]\nid = "id"\naccount_id = "acc"\npurchased_at = "on"\namount = '
        '"amt"\ncurrency = { constant = "EUR" }'
    )
    with pytest.raises(DataError, match="which time zone"):
        mapped.map("purchases", f'file = "o.xlsx"\n{columns}').rows()
    mapped.map("purchases", f'file = "o.xlsx"\ntimezone = "Europe/Berlin"\n{columns}')
    assert mapped.column("purchased_at") == [
        "2026-03-01T08:30:00.000000Z",
        "2026-02-28T23:00:00.000000Z",
    ]


def test_a_number_shown_with_leading_zeros_keeps_them(mapped: Mapped) -> None:
    def shape(book: Any) -> None:
        book.active["A2"].number_format = "00000"

    assert accounts(mapped, rows(HEADER, [42, "Ann", None, None], then=shape)).column("id") == [
        "00042"
    ]


def test_what_a_cell_cannot_say_is_set_aside_with_its_place(mapped: Mapped) -> None:
    def spoil(book: Any) -> None:
        book.active.merge_cells("D2:D3")
        book.active["D5"] = "#N/A"
        book.active["D5"].data_type = "e"

    accounts(
        mapped,
        rows(
            HEADER,
            ["1", "A", None, "x"],
            ["2", "B", None, None],
            ["3", "=1+1", None, "x"],
            ["4", "D", None, None],
            then=spoil,
        ),
        columns=COLUMNS.replace("region", "parent_id"),
    )
    found = {
        aside.line: (aside.column, aside.value, aside.reason) for aside in mapped.preview().aside
    }
    assert found == {
        3: ("Area", "", "lies in the merged cell D2:D3, column D: take the merge apart in Excel"),
        4: (
            "Name",
            "=1+1",
            "is a formula without a saved value: open the workbook in Excel and save it",
        ),
        5: ("Area", "#N/A", "is an error of Excel's, in column D"),
    }


def test_the_sheet_has_to_be_said_where_there_are_several(mapped: Mapped) -> None:
    def add(book: Any) -> None:
        book.create_sheet("Old").sheet_state = "hidden"

    raw = rows(HEADER, ["1", "A", None, None], then=add)
    with pytest.raises(
        DataError, match=r"c\.xlsx has 2 sheets: 'List', 'Old' \(hidden\)"
    ) as raised:
        accounts(mapped, raw).view()
    assert 'sheet = "List"' in raised.value.hint
    assert accounts(mapped, raw, 'sheet = "List"').column("id") == ["1"]
    with pytest.raises(DataError, match="no sheet 'list'"):
        accounts(mapped, raw, 'sheet = "list"').view()


def test_the_header_row_is_said_and_otherwise_hinted_at(mapped: Mapped) -> None:
    raw = rows(["Report"], [], HEADER, ["1", "A", None, None], [], ["2", "B", None, None])
    with pytest.raises(DataError, match="there is no column 'No'") as raised:
        accounts(mapped, raw).view()
    assert "header_row = 3" in raised.value.hint
    accounts(mapped, raw, "header_row = 3")
    assert mapped.column("id") == ["1", "2"]
    assert mapped.lines() == [4, 6]


def test_a_cell_beside_the_headers_refuses_the_sheet(mapped: Mapped) -> None:
    with pytest.raises(DataError, match="line 2: column E holds 'stray' and has no header"):
        accounts(mapped, rows(HEADER, ["1", "A", None, None, "stray"])).view()


def packed(**parts: bytes) -> bytes:
    raw = io.BytesIO()
    with zipfile.ZipFile(raw, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in parts.items():
            archive.writestr(name, data)
    return raw.getvalue()


def changed(raw: bytes, part: str, change: Callable[[bytes], bytes]) -> bytes:
    with zipfile.ZipFile(io.BytesIO(raw)) as archive:
        return packed(
            **{
                name: change(archive.read(name)) if name == part else archive.read(name)
                for name in archive.namelist()
            }
        )


BOOK = rows(HEADER, ["1", "A", None, None])
SHEET = "xl/worksheets/sheet1.xml"


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        (b"\xd0\xcf\x11\xe0" + bytes(600), "old Excel file"),
        (b"<html><body>", "web page"),
        (b"No,Name\n", "no Excel workbook"),
        (b"PK\x03\x04" + bytes(40), "damaged"),
        (packed(a=b"x"), "no workbook"),
        (BOOK[: len(BOOK) // 2], "damaged"),
        (changed(BOOK, "xl/workbook.xml", lambda _: b"<broken"), "no workbook that can be read"),
        (
            changed(
                BOOK,
                SHEET,
                lambda xml: xml.replace(
                    b"<worksheet", b'<!DOCTYPE x [<!ENTITY a "b">]><worksheet', 1
                ),
            ),
            "holds XML that no workbook holds",
        ),
        (
            changed(BOOK, SHEET, lambda xml: xml[: len(xml) // 2]),
            "sheet List, after line . the sheet cannot be read|the sheet cannot be read",
        ),
        (changed(BOOK, SHEET, lambda xml: xml + b" " * (40 << 20)), "would unpack to"),
    ],
)
def test_a_file_that_is_no_honest_workbook_is_refused(
    mapped: Mapped, raw: bytes, words: str
) -> None:
    with pytest.raises(DataError, match=words) as raised:
        accounts(mapped, raw).view()
    assert "c.xlsx" in raised.value.message
    assert raised.value.hint


def test_a_bomb_is_refused_by_what_its_directory_says(
    mapped: Mapped, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(excel, "MOST", 1000)
    with pytest.raises(DataError, match="would unpack to"):
        accounts(mapped, BOOK).view()


def test_a_row_number_beyond_any_sheet_is_refused(
    mapped: Mapped, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(excel, "_ROWS", 1000)
    with pytest.raises(DataError, match="more rows than a sheet can have"):
        accounts(
            mapped,
            changed(BOOK, SHEET, lambda xml: xml.replace(b'<row r="2"', b'<row r="900000000"')),
        ).view()

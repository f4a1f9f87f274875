"""A sheet reads the same however its XML is written, and one that is cut off is refused."""

import io
import zipfile
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import openpyxl
import pytest
from tests.sources.conftest import Mapped

from kampass.errors import DataError

WAYS: dict[str, Callable[[str], str]] = {
    "as it is": lambda xml: xml,
    "two blanks": lambda xml: xml.replace("<c r=", "<c  r="),
    "no places": lambda xml: xml.replace('<c r="A', '<c x="A').replace('<row r="', '<row x="'),
    "a comment in each row": lambda xml: xml.replace("</row>", "<!-- a row --></row>"),
    "letters before names": lambda xml: (
        xml.replace("<", "<x:").replace("<x:/", "</x:").replace("<x:?", "<?")
    ),
    "texts in CDATA": lambda xml: xml.replace("<t>Ann</t>", "<t><![CDATA[Ann]]></t>"),
}
ROWS = [
    ["7", "Ann", datetime(2026, 3, 1), 1.5],
    [8, "Böb & Söhne", None, True],
    [9.0, "two\nlines", datetime(2026, 3, 1, 9, 30), 1e-7],
    [123456789012345, " x ", "05.03.2026", -0.1],
]


def written(file: Path, way: Callable[[str], str]) -> bytes:
    """The workbook with its sheet's XML written another way."""
    raw = io.BytesIO()
    with zipfile.ZipFile(file) as packed, zipfile.ZipFile(raw, "w") as other:
        for part in packed.namelist():
            content = packed.read(part)
            if part.endswith("sheet1.xml"):
                content = way(content.decode()).encode()
            other.writestr(part, content)
    return raw.getvalue()


@pytest.fixture
def book(tmp_path: Path, mapped: Mapped) -> Path:
    made = openpyxl.Workbook(write_only=True)
    sheet = made.create_sheet("List")
    for row in (["No", "Name", "Since", "Area"], *ROWS):
        sheet.append(row)
    made.save(tmp_path / "book.xlsx")
    mapped.map(
        "accounts",
        'file = "c.xlsx"\n[columns]\nid = "No"\nname = "Name"\nregion = "Area"\n'
        'acquired_on = { column = "Since", date = "%d.%m.%Y" }',
    )
    return tmp_path / "book.xlsx"


@pytest.mark.parametrize("way", WAYS)
def test_a_sheet_reads_the_same_however_it_is_written(mapped: Mapped, book: Path, way: str) -> None:
    mapped.write(c_xlsx=written(book, WAYS[way]))
    assert mapped.column("id") == ["7", "8", "9", "123456789012345"]
    assert mapped.column("name") == ["Ann", "Böb & Söhne", "two\nlines", " x "]
    assert mapped.column("region") == ["1.5", "true", "0.0000001", "-0.1"]
    assert mapped.column("acquired_on") == ["2026-03-01", None, "2026-03-01", "2026-03-05"]
    assert mapped.lines() == [2, 3, 4, 5]


def test_a_sheet_that_ends_in_the_middle_is_refused(mapped: Mapped, book: Path) -> None:
    cuts = (lambda xml: xml[: xml.index('<row r="4"')], lambda xml: xml[: xml.index("</sheetData")])
    for cut in cuts:
        mapped.write(c_xlsx=written(book, cut))
        with pytest.raises(DataError, match="cannot be read"):
            mapped.rows()


def test_rows_that_go_back_are_refused(mapped: Mapped, book: Path) -> None:
    mapped.write(c_xlsx=written(book, lambda xml: xml.replace('<row r="4"', '<row r="2"')))
    with pytest.raises(DataError, match="row 2 stands after row 3"):
        mapped.rows()

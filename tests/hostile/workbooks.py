"""Excel workbooks: bombs, disguises, and honest ones whose cells do not say what they seem to
say.
"""

import gzip
import io
import zipfile
from collections.abc import Callable
from datetime import date, datetime
from typing import Any

from tests.hostile.cases import Aside, Cells, Hostile

NAMES = '[columns]\nid = "No"\nname = "Name"\nregion = "Area"'
SINCE = '[columns]\nid = "No"\nname = "Name"\nacquired_on = { column = "Area", date = "%d.%m.%Y" }'
HEADER = ["No", "Name", "Area"]
SHEET = "xl/worksheets/sheet1.xml"
Change = Callable[[Any], None]


def _made(*rows: list[Any], then: Change = lambda _: None) -> bytes:
    import openpyxl

    book = openpyxl.Workbook()
    book.active.title = "List"
    for row in (HEADER, *rows):
        book.active.append(row)
    then(book)
    raw = io.BytesIO()
    book.save(raw)
    return raw.getvalue()


def _packed(parts: dict[str, bytes]) -> bytes:
    raw = io.BytesIO()
    with zipfile.ZipFile(raw, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, data in parts.items():
            packed.writestr(name, data)
    return raw.getvalue()


def _parts(raw: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(raw)) as packed:
        return {name: packed.read(name) for name in packed.namelist()}


def _changed(part: str, old: bytes, by: bytes, *rows: list[Any]) -> bytes:
    parts = _parts(_made(*(rows or (["1", "Ann", "x"],))))
    return _packed(parts | {part: parts[part].replace(old, by, 1)})


def _with(more: dict[str, bytes]) -> bytes:
    return _packed(_parts(_made(["1", "Ann", "x"])) | more)


def _book(
    name: str,
    raw: Callable[[], bytes],
    *read: Cells,
    said: str = "",
    columns: str = NAMES,
    file: str = "c.xlsx",
    **more: Any,
) -> Hostile:
    return Hostile(
        name, file, raw, f'file = "{file}"\n{said}\n{columns}', read=read, table="accounts", **more
    )


def _refused(  # noqa: PLR0917
    name: str,
    raw: Callable[[], bytes],
    words: str,
    way_out: str,
    file: str = "c.xlsx",
    said: str = "",
) -> Hostile:
    return _book(name, raw, refused=words, way_out=way_out, file=file, said=said)


def _date(serial: object, *, epoch: int = 1900, shape: str = "yyyy-mm-dd") -> bytes:
    def fill(book: Any) -> None:
        if epoch == 1904:
            from openpyxl.utils.datetime import CALENDAR_MAC_1904

            book.epoch = CALENDAR_MAC_1904
        book.active["C2"] = serial
        book.active["C2"].number_format = shape

    return _made(["1", "Ann", None], then=fill)


def _second(state: str) -> Change:
    def add(book: Any) -> None:
        book.create_sheet("Old").sheet_state = state

    return add


def _merge(area: str) -> Change:
    return lambda book: book.active.merge_cells(area)


def _errors(book: Any) -> None:
    for cell, text in (("C2", "#N/A"), ("C3", "#REF!")):
        book.active[cell] = text
        book.active[cell].data_type = "e"


def _bomb() -> bytes:
    parts = _parts(_made(["1", "Ann", "x"]))
    return _packed(parts | {SHEET: parts[SHEET] + b" " * (64 << 20)})


def _many() -> bytes:
    return _with({f"xl/media/{number}": b"" for number in range(10_001)})


def _laughs() -> bytes:
    entities = b"".join(b'<!ENTITY l%d "%s">' % (n, b"&l%d;" % (n - 1) * 10) for n in range(1, 10))
    return _changed(
        SHEET, b"<worksheet", b'<!DOCTYPE x [<!ENTITY l0 "ha">' + entities + b"]><worksheet"
    )


def _sparse() -> bytes:
    row = (
        b'<row r="1048576"><c r="A1048576" t="inlineStr"><is><t>9</t></is></c><c r="B1048576" '
        b't="inlineStr"><is><t>Zoe</t></is></c></row></sheetData>'
    )
    parts = _parts(_made(["1", "Ann", "x"]))
    sheet = (
        parts[SHEET]
        .replace(b"</sheetData>", row)
        .replace(b'<dimension ref="A1:C2"', b'<dimension ref="A1"')
    )
    return _packed(parts | {SHEET: sheet})


def _shifted(book: Any) -> None:
    book.active.insert_rows(1, 2)
    book.active.insert_cols(1, 1)
    book.active["F9"] = " "
    book.active["F9"] = None


CASES = (
    _refused("two sheets, and nobody said which", lambda: _made(["1", "Ann", "x"], then=_second("visible")), "2 sheets: 'List', 'Old'", 'sheet = "List"'),
    _refused("a sheet that is hidden", lambda: _made(["1", "Ann", "x"], then=_second("hidden")), "'Old' [(]hidden[)]", 'sheet = "List"'),
    _book("two sheets, one of them named", lambda: _made(["1", "Ann", "x"], then=_second("veryHidden")), ("1", "Ann", "x"), said='sheet = "List"'),
    _refused("a sheet that is not there", lambda: _made(["1", "Ann", "x"]), "no sheet 'Lists'", "'List'", said='sheet = "Lists"'),
    _book("merged ids", lambda: _made(["1", "Ann", "x"], [None, "Bob", "y"], then=_merge("A2:A3")), ("1", "Ann", "x"), aside=(Aside(3, "No", "", "merged cell A2:A3"),)),
    _refused("a merged title above the header", lambda: _made(["1", "Ann", "x"], then=lambda book: (book.active.insert_rows(1), book.active.merge_cells("A1:C1"))), "line 1: there is no header", "header_row = 2"),
    _book("formulas that were never worked out", lambda: _made(["1", "Ann", "x"], ["=1+1", "Bob", "y"]), ("1", "Ann", "x"), aside=(Aside(3, "No", "=1+1", "formula without a saved " "value"),)),
    _book("formulas with their values", lambda: _changed(SHEET, b"<f>1+1</f><v></v>" if b"<v></v>" in _parts(_made(["=1+1", "Ann", "x"]))[SHEET] else b"<f>1+1</f><v />", b"<f>1+1</f><v>2</v>", ["=1+1", "Ann", "x"]), ("2", "Ann", "x")),
    _book("errors of Excel's", lambda: _made([None, "Ann", "x"], [None, "Bob", "y"], ["3", "Cid", "z"], then=lambda book: [book.active.__setitem__(cell, text) for cell, text in (("A2", "#N/A"), ("A3", "#REF!"))]), ("3", "Cid", "z"), aside=(Aside(2, "No", "#N/A", "error of Excel's"), Aside(3, "No", "#REF!", "error of Excel's"))),
    _book("a date as Excel keeps it", lambda: _date(date(2026, 3, 1)), ("1", "Ann", "2026-03-01"), columns=SINCE, shown="id name acquired_on"),
    _book("a date counted from 1904", lambda: _date(datetime(2026, 3, 1), epoch=1904), ("1", "Ann", "2026-03-01"), columns=SINCE, shown="id name acquired_on"),
    _book("a date that is a bare number", lambda: _date(46082, shape="General"), columns=SINCE, shown="id name acquired_on", aside=(Aside(2, "Area", "46082", "is not a date"),)),
    _book("29 February 1900, which only Excel knows", lambda: _date(60), columns=SINCE, shown="id name acquired_on", aside=(Aside(2, "Area", "1900-02-28", "before March 1900"),)),
    _book("a date before there were dates", lambda: _date(-5), columns=SINCE, shown="id name acquired_on", aside=(Aside(2, "Area", "1899-12-25", "before March 1900"),)),
    _book("a date after the last one", lambda: _date(99999999), columns=SINCE, shown="id name acquired_on", aside=(Aside(2, "Area", "#VALUE!", "error of Excel's"),)),
    _book("a number whose unit has the letters of a date", lambda: _date(3, shape='0 "days"'), ("1", "Ann", "3"), columns=NAMES),
    _book("a date as text", lambda: _made(["1", "Ann", "01.03.2026"], ["2", "Bob", "03/04/2026"]), ("1", "Ann", "2026-03-01"), columns=SINCE, shown="id name acquired_on", aside=(Aside(3, "Area", "03/04/2026", "is no date as"),)),
    _book("ids as numbers, as text and with an apostrophe", lambda: _made([1.0, "a", None], [100000, "b", None], ["1E5", "c", None], ["007", "d", None], ["'7", "e", None], [123456789012345, "f", None]), ("1", "a", None), ("100000", "b", None), ("1E5", "c", None), ("007", "d", None), ("'7", "e", None), ("123456789012345", "f", None)),
    _book("fractions as binary keeps them", lambda: _made(["1", "Ann", 0.1 + 0.2], ["2", "Bob", 1.5e-7]), ("1", "Ann", "0.3"), ("2", "Bob", "0.00000015")),
    _book("empty rows and columns around", lambda: _made(["1", "Ann", "x"], [], ["2", "Bob", "y"], then=_shifted), ("1", "Ann", "x"), ("2", "Bob", "y"), said="header_row = 3"),
    _book("rows that a filter hides", lambda: _made(["1", "Ann", "x"], ["2", "Bob", "y"], then=lambda book: setattr(book.active.row_dimensions[3], "hidden", True)), ("1", "Ann", "x"), ("2", "Bob", "y")),
    _refused("a cell beside the headers", lambda: _made(["1", "Ann", "x", "stray"]), ("line 2: column D holds " "'stray'"), "header_row"),
    _book("a last row that the sheet's size denies", _sparse, ("1", "Ann", "x"), ("9", "Zoe", None)),
    _refused("a zip bomb", _bomb, "would unpack to", "CSV"),
    _refused("a zip of too many parts", _many, "10,0.. parts", "CSV"),
    _book("a packed file within", lambda: _with({"xl/media/more.zip": gzip.compress(b"0" * 1000, mtime=0)}), ("1", "Ann", "x")),
    _book("names that lead out of the zip", lambda: _with({"../../evil.csv": b"x", "/etc/evil": b"x"}), ("1", "Ann", "x")),
    _refused("a password", lambda: b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "password", "password off"),
    _refused("a web page named .xlsx", lambda: b"<html><table><tr><td>No</td></tr></table></html>", "web page", "CSV"),
    _refused("CSV named .xlsx", lambda: b"No,Name,Area\n1,Ann,x\n", "no Excel workbook", 'format = "csv"'),
    _refused("a workbook named .csv", lambda: _made(["1", "Ann", "x"]), "Excel workbook", 'format = "excel"', "c.csv"),
    _refused("an old workbook", lambda: b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "old Excel file", "xlsx", "c.xls"),
    _refused("a workbook that is cut", lambda: _made(["1", "Ann", "x"])[:2000], "damaged", "anew"),
    _refused("a billion laughs", _laughs, "holds XML that no workbook holds", "anew"),
    _refused("an entity from outside", lambda: _changed(SHEET, b"<worksheet", b'<!DOCTYPE x [<!ENTITY e ' b'SYSTEM ' b'"file:///etc/passwd">]><worksheet'), ("holds XML that no workbook " "holds"), "anew"),
    _refused("XML that is cut", lambda: _changed(SHEET, b"</sheetData>", b""), "the sheet cannot be read", "anew"),
    _refused("a text that is not in the list of texts", lambda: _changed(SHEET, b't="inlineStr"><is><t>1</t></is>', b't="s"><v>99</v>'), "the sheet cannot be read", "anew"),
    _refused("an empty sheet", lambda: _made(then=lambda book: book.active.delete_rows(1)), "no header", "header_row"),
    _book("a header and nothing else", _made),
    _book("macros", lambda: _made(["1", "Ann", "x"]), ("1", "Ann", "x"), file="c.xlsm"),
    _refused("a binary workbook", lambda: _packed({"xl/workbook.bin": b"x", "[Content_Types].xml": b"<Types/>"}), "xlsb|no workbook", "xlsx", "c.xlsx"),
    _book("the header once more in the middle", lambda: _made(["1", "Ann", "x"], HEADER, ["2", "Bob", "y"]), ("1", "Ann", "x"), ("2", "Bob", "y"), aside=(Aside(3, "No", "No", "repeats the header"),)),
)  # fmt: skip

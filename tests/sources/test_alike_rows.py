"""Rows that are taken apart at once say what expat and openpyxl say of them, cell by cell."""

import random
import zipfile
from datetime import date, datetime, timedelta
from pathlib import Path

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl.cell import WriteOnlyCell
from openpyxl.utils.datetime import from_excel

from kampass.intake.readers.serials import Moments, canonical
from kampass.intake.readers.sheet import SheetFile

PART = "xl/worksheets/sheet1.xml"


def cells(chance: random.Random, column: int) -> object:
    """Something for a column: most of its own kind, some empty, a few of any."""
    kinds = (
        f"text {chance.randrange(9)}",
        datetime(2026, 1, 1) + timedelta(seconds=chance.randrange(10**7)),
        chance.randrange(-5, 5000),
        round(chance.uniform(-9, 9), chance.randrange(12)),
        date(2026, 1, 1) + timedelta(days=chance.randrange(900)),
        chance.choice(("Böb & Söhne", " x ", "", "a\nb", "<b>")),
        chance.choice((True, False, 1e-9, 1e21, "=1+1")),
        timedelta(minutes=chance.randrange(9999)),
    )
    turn = chance.random()
    return None if turn < 0.1 else chance.choice(kinds) if turn < 0.15 else kinds[column]


@pytest.mark.parametrize("seed", range(6))
def test_a_row_says_the_same_taken_apart_at_once_or_by_expat(seed: int, tmp_path: Path) -> None:
    chance = random.Random(seed)
    made = openpyxl.Workbook(write_only=True)
    sheet = made.create_sheet("List")
    sheet.append([f"column {number}" for number in range(8)])
    for _ in range(120):
        row = [WriteOnlyCell(sheet, cells(chance, column)) for column in range(8)]
        for cell in row:
            if chance.random() < 0.02:
                cell.number_format = chance.choice(("00000", "yyyy-mm-dd", "0.00"))
        sheet.append(row)
    made.save(tmp_path / "book.xlsx")
    with (
        zipfile.ZipFile(tmp_path / "book.xlsx") as packed,
        zipfile.ZipFile(tmp_path / "other.xlsx", "w") as other,
    ):
        for part in packed.namelist():
            content = packed.read(part)
            other.writestr(part, content.replace(b"<c r=", b"<c  r=") if part == PART else content)
    book = openpyxl.load_workbook(tmp_path / "book.xlsx", read_only=True)
    once, each = (
        [
            (line, list(zip(texts, typed, strict=True))[: last + 1])
            for line, texts, typed in SheetFile(tmp_path / name, book, PART).rows()
            for last in [max((at for at, text in enumerate(texts) if text), default=-1)]
        ]
        for name in ("book.xlsx", "other.xlsx")
    )
    book.close()
    assert [_said(row) for row in once] == [_said(row) for row in each]
    assert len(once) > 100


def _said(row: tuple[int, list[tuple[str, bool]]]) -> tuple[int, list[tuple[str, bool]]]:
    """A row without the type of what is empty, which nothing asks for."""
    return row[0], [(text, typed and text != "") for text, typed in row[1]]


@given(
    st.floats(61, 2_958_465.99)
    | st.integers(61, 2_958_465).map(float)
    | st.builds(
        lambda day, second: day + second / 86_400,
        st.integers(61, 60_000),
        st.integers(0, 86_399),
    )
)
def test_a_day_is_what_openpyxl_makes_of_it(serial: float) -> None:
    said = Moments().read(serial)
    assert said is None or said == canonical(from_excel(serial), "")


def test_a_day_beyond_what_excel_counts_is_left_to_openpyxl() -> None:
    assert [Moments().read(serial) for serial in (60.0, 2_958_466.0)] == [None, None]
    assert Moments().read(46_000.5) == "2025-12-09T12:00:00"

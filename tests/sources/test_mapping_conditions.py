"""A condition over a file's headers reads cells as the table does, and what it cannot judge is told.

Nr | Betrag    | Status     | Tag
a  | 1.200     | Open       | 2026-01-15
b  | 1.200,50  | Cancelled_ | 2026-03-02
c  | 150,00    | n/a        | 2025-03-30
d  | 99,00     |            | 15.01.2026
e  | 2.000.000 | Cancelled  |
"""

import io

import openpyxl
import pytest
from tests.sources.conftest import Mapped

from kampass.errors import DataError
from kampass.intake.spans import read_whole
from kampass.model.messages import Notice

FILE = (
    "Nr;Betrag;Status;Tag\na;1.200;Open;2026-01-15\nb;1.200,50;Cancelled ;2026-03-02\n"
    "c;150,00;n/a;2025-03-30\nd;99,00;;15.01.2026\ne;2.000.000;Cancelled;\n"
)
GERMAN = 'decimal = ","\nthousands = "."\n'


def where(mapped: Mapped, condition: str, reading: str = "") -> Mapped:
    mapped.write(t_csv=FILE)
    return mapped.map(
        "teams",
        f"file = 't.csv'\ndelimiter = ';'\n{reading}where = '''{condition}'''\n"
        f"[columns]\nid = 'Nr'\nname = 'Nr'",
    )


@pytest.mark.parametrize(
    ("reading", "condition", "kept"),
    [
        (GERMAN, '"Betrag" > 100', "abce"),
        (GERMAN, '"Betrag" between 99 and 150', "cd"),
        (GERMAN, '"Betrag" + 1 = 100', "d"),
        ("trim = true\n", "\"Status\" <> 'Cancelled'", "acd"),
        ("", "\"Status\" <> 'Cancelled'", "abcd"),
        ('null = ["n/a"]\n', '"Status" is null', "cd"),
        ('null = ["n/a"]\n', "\"Status\" <> ''", "abe"),
        ("", "\"Tag\" >= '2026-01-15'", "ab"),
        ("", '"Tag" >= "2026-01-15" and "Status" = \'Open\'', "a"),
        ("", "\"Tag\" between '2025-01-01' and '2026-01-31'", "ac"),
        ("", "'2026-01-15' <= \"Tag\"", "ab"),
    ],
)
def test_a_condition_reads_cells_as_the_table_does(
    mapped: Mapped, reading: str, condition: str, kept: str
) -> None:
    assert mapped_ids(where(mapped, condition, reading)) == kept


def mapped_ids(mapped: Mapped) -> str:
    return "".join(mapped.column("id"))


def test_a_column_of_its_own_reading_is_compared_by_it(mapped: Mapped) -> None:
    mapped.write(t_csv="id,who,at,amt,cur\n1,ash,2026-01-01,$1.5,EUR\n2,ash,2026-01-01,$0.5,EUR\n")
    mapped.map(
        "purchases",
        "file = 't.csv'\nwhere = '\"amt\" > 1'\n[columns]\nid = 'id'\naccount_id = 'who'\n"
        "purchased_at = 'at'\ncurrency = 'cur'\namount = { column = 'amt', remove = ['$'] }",
    )
    assert mapped.column("id") == ["1"]


def test_a_column_counts_as_empty_by_a_condition_that_reads_as_the_table_does(
    mapped: Mapped,
) -> None:
    mapped.write(t_csv=FILE)
    mapped.map(
        "teams",
        f"file = 't.csv'\ndelimiter = ';'\n{GERMAN}[columns]\nid = 'Nr'\n"
        "name = { column = 'Nr', where = '\"Betrag\" > 1000' }",
    )
    assert mapped.column("name") == ["a", "b", None, None, "e"]


def test_cells_that_are_no_number_are_counted_apart_and_told_in_preview_and_load(
    mapped: Mapped,
) -> None:
    """Read with a point, 1.200,50 and three more are no number; only 1.200 is."""
    where(mapped, '"Betrag" > 100')
    (count,) = mapped.view().scan.counts
    assert dict(count.left_out) == {"condition": 1, "unread": 4}
    told = "4 cells of 'Betrag' are no number, the first is '1.200,50' on line 3"
    assert any(told in notice for notice in mapped.preview().notices)
    loaded = [message.text for message in read_whole(mapped.source) if isinstance(message, Notice)]
    assert any(told in text for text in loaded)


def test_what_decides_without_the_cell_that_is_no_number_is_not_told(mapped: Mapped) -> None:
    where(mapped, '"Nr" = \'a\' and "Status" > 5')
    (count,) = mapped.view().scan.counts
    assert dict(count.left_out) == {"condition": 4, "unread": 1}
    assert "1 cell of 'Status' is no number, the first is 'Open'" in mapped.preview().notices[0]


def test_a_point_before_three_digits_in_a_condition_is_told(mapped: Mapped) -> None:
    where(mapped, '"Betrag" > 100')
    assert any("'1.200' is read as 1.2;" in notice for notice in mapped.preview().notices)
    where(mapped, '"Betrag" > 100', GERMAN)
    assert mapped.preview().notices == ()


def test_cells_that_are_no_iso_day_are_told(mapped: Mapped) -> None:
    where(mapped, "\"Tag\" >= '2026-01-15'")
    assert "1 cell of 'Tag' is no ISO day" in mapped.preview().notices[0]


@pytest.mark.parametrize(
    "condition",
    [
        "\"Tag\" >= '01.03.2026'",
        '"Tag" >= "01.03.2026"',
        "\"Betrag\" > '100'",
        '"Betrag" < "Nr"',
        "lower(\"Tag\") < '2026-01-01'",
        "\"Tag\" between '2026-01-01' and 'z'",
        "\"Tag\" >= '2026-02-30'",
    ],
)
def test_texts_are_not_ordered_letter_by_letter(mapped: Mapped, condition: str) -> None:
    with pytest.raises(DataError, match="would order texts letter by letter"):
        where(mapped, condition).view()


@pytest.mark.parametrize(
    ("reading", "condition", "words"),
    [
        ('null = ["n/a"]\n', "\"Status\" <> 'n/a'", "'n/a' means empty by null"),
        ("trim = true\n", "\"Status\" in ('Cancelled ', 'Open')", "blanks that trim takes away"),
    ],
)
def test_a_text_that_no_cell_can_hold_is_refused(
    mapped: Mapped, reading: str, condition: str, words: str
) -> None:
    with pytest.raises(DataError, match=words):
        where(mapped, condition, reading).view()


def test_an_instant_is_compared_by_its_day_in_the_workspace(mapped: Mapped) -> None:
    mapped.write(t_csv="Nr,At\na,2026-03-31T22:30:00Z\nb,2026-04-01T22:30:00Z\n")
    said = "file = 't.csv'\nwhere = '\"At\" < \"2026-04-01\"'\n[columns]\nid = 'Nr'\nname = 'Nr'"
    assert mapped.map("teams", said, "UTC").column("id") == ["a"]
    assert mapped.map("teams", said, "Europe/Berlin").column("id") == []
    by_clock = said.replace("2026-04-01", "2026-04-01T00:15:00+02:00")
    assert mapped.map("teams", by_clock, "UTC").column("id") == []


def test_a_number_that_excel_has_typed_is_compared_as_it_is(mapped: Mapped) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    for row in (["Nr", "Betrag"], ["a", 1200.5], ["b", "1.200,50"], ["c", 99]):
        sheet.append(row)
    raw = io.BytesIO()
    book.save(raw)
    mapped.write(t_xlsx=raw.getvalue())
    said = "where = '\"Betrag\" > 100'\n[columns]\nid = 'Nr'\nname = 'Nr'"
    mapped.map("teams", f"file = 't.xlsx'\n{GERMAN}{said}")
    assert mapped.column("id") == ["a", "b"]


def test_a_quoted_word_is_a_text_only_where_no_header_is_called_so(mapped: Mapped) -> None:
    said = "file = 't.csv'\nwhere = '\"A\" = \"B\"'\n[columns]\nid = 'A'\nname = 'A'"
    mapped.write(t_csv="A,C\nB,1\n")
    assert mapped.map("teams", said).column("id") == ["B"]
    mapped.write(t_csv="A,B\nB,1\n2,2\n")
    assert mapped.map("teams", said).column("id") == ["2"]

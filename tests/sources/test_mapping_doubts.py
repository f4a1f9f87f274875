"""What may be read otherwise than it was meant is told in the preview and when it is loaded."""

import io
from collections.abc import Sequence
from datetime import datetime

import openpyxl
import pytest
from tests.sources.conftest import Mapped

from kampass.intake.spans import read_whole
from kampass.model.messages import Notice

SUBSCRIPTIONS = (
    '[columns]\nid = "id"\naccount_id = "who"\nmrr = "amt"\ncurrency = { constant = "EUR" }\n'
)


def told(mapped: Mapped) -> str:
    """What the preview tells, all of which loading tells as well."""
    loaded = [message.text for message in read_whole(mapped.source) if isinstance(message, Notice)]
    scanned = mapped.view().scan.doubts
    assert [text.partition(": ")[2] for text in loaded] == list(scanned)
    assert set(scanned) <= set(mapped.preview().notices)
    return " ".join(scanned)


def days(mapped: Mapped, cells: Sequence[str | datetime]) -> str:
    """What is told of a workbook's column of dates, some of them texts."""
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(["id", "who", "amt", "from"])
    for number, cell in enumerate(cells):
        sheet.append([f"s{number}", "ash", 12, cell])
    raw = io.BytesIO()
    book.save(raw)
    mapped.write(t_xlsx=raw.getvalue())
    said = 'valid_from = { column = "from", date = "%d/%m/%Y" }'
    mapped.map("subscriptions", f'file = "t.xlsx"\n{SUBSCRIPTIONS}{said}')
    return told(mapped)


def true(*days: tuple[int, int]) -> list[datetime]:
    return [datetime(2026, month, day) for day, month in days]


SWAPPED = true((2, 3), (2, 11), (3, 5), (3, 9))


@pytest.mark.parametrize(
    ("cells", "is_told"),
    [
        ([*SWAPPED, "13/02/2026", "28/03/2026"], True),
        ([*SWAPPED, "13/02/2026"], True),
        ([*SWAPPED, "13/02/2026", "05/02/2026"], False),  # a text that could have been a date
        ([*SWAPPED, *true((13, 2)), "14/02/2026"], False),  # a true date that cannot be swapped
        ([*SWAPPED], False),
        ([*SWAPPED[:2], "13/02/2026"], False),
        (["13/02/2026", "14/02/2026"], False),
        ([*true((1, 1), (1, 2), (1, 3), (1, 4)), "31/12/2026"], False),  # months begin so
        ([*true((1, 3), (1, 7), (1, 9)), "31/01/2026"], True),  # January, swapped
        ([*SWAPPED, "soon"], False),
    ],
)
def test_true_dates_that_another_language_may_have_swapped_are_told(
    mapped: Mapped, cells: Sequence[str | datetime], is_told: bool
) -> None:
    assert ("probably swapped" in days(mapped, cells)) == is_told


@pytest.mark.parametrize(
    ("cells", "reading", "is_told"),
    [
        (("12,50", "1,234", "3.500,00", "2.000"), 'decimal = ",", thousands = "."', True),
        (("12,50", "7,25", "1,234"), 'decimal = ","', True),
        (("12.50", "7.25", "1.234"), 'decimal = "."', True),
        (("12,5", "7,25", "1,234"), 'decimal = ","', False),  # as many digits as there are
        (("1,250", "1,234", "7,50"), 'decimal = ","', False),  # three are the custom
        (("12,50", "0,125"), 'decimal = ","', False),
        (("12,50", "7,25"), 'decimal = ","', False),
    ],
)
def test_three_decimals_among_two_are_told(
    mapped: Mapped, cells: Sequence[str], reading: str, is_told: bool
) -> None:
    rows = [f"s{number};ash;{cell};2026-01-01" for number, cell in enumerate(cells)]
    mapped.write(t_csv="\n".join(["id;who;amt;from", *rows, ""]))
    columns = SUBSCRIPTIONS.replace('"amt"', f'{{ column = "amt", {reading} }}')
    mapped.map("subscriptions", f'file = "t.csv"\ndelimiter = ";"\n{columns}valid_from = "from"')
    word = told(mapped)
    assert ("its other decimals have two digits" in word) == is_told
    assert not is_told or "234', which is read as 1.234" in word


def tickets(mapped: Mapped, *extras: str) -> str:
    """What is told of JSON lines that end with these keys."""
    begun = '{{"id": "{0}", "at": "2026-01-01T09:00:00Z"{1}}}\n'
    mapped.write(t_jsonl="".join(begun.format(at, extra) for at, extra in enumerate(extras)))
    columns = '[columns]\nid = "id"\ncreated_at = "at"\nresolved_at = "solved_at"'
    mapped.map("tickets", f'file = "t.jsonl"\n{columns}')
    return told(mapped)


OLD, NEW = (f', "{key}_at": "2026-01-02T09:00:00Z"' for key in ("solved", "resolved"))


@pytest.mark.parametrize(
    ("extras", "is_told"),
    [
        ((OLD, OLD, NEW, NEW), True),
        ((NEW, NEW, NEW, OLD, OLD), True),
        ((OLD, NEW, OLD, NEW), False),  # one or the other
        ((OLD, OLD, "", "", NEW, NEW), True),
        ((OLD, OLD, *[""] * 6, NEW, NEW), False),  # two keys that are rare
        ((OLD, OLD, "", ""), False),
        ((OLD, OLD, OLD + NEW, NEW), False),
        ((OLD, OLD, ', "solved_at": null' + NEW, ', "solved_at": null' + NEW), False),
        ((OLD, NEW), False),
    ],
)
def test_a_key_that_gives_way_to_one_that_is_not_used_is_told(
    mapped: Mapped, extras: tuple[str, ...], is_told: bool
) -> None:
    line = 'first_of = ["solved_at", "resolved_at"]'
    assert (line in tickets(mapped, *extras)) == is_told


UTF8, CP1252 = "Müller AG".encode(), "Jäger KG".encode("cp1252")


def names(mapped: Mapped, *lines: bytes, encoding: str = "windows-1252") -> str:
    """What is told of a file of such names in an encoding of one byte a letter."""
    rows = [b"%d,%s" % (number, name) for number, name in enumerate(lines)]
    mapped.write(t_csv=b"\n".join([b"id,name", *rows, b""]))
    mapped.map(
        "teams",
        f'file = "t.csv"\nencoding = "{encoding}"\n[columns]\nid = "id"\nname = "name"',
    )
    return told(mapped)


def test_lines_of_utf_8_in_a_file_of_another_encoding_are_told(mapped: Mapped) -> None:
    word = names(mapped, CP1252, b"Fox", CP1252, UTF8, UTF8)
    assert "t.csv: 2 lines look like UTF-8 in a file that is read as cp1252" in word
    assert "line 5 reads '3,MÃ¼ller AG' and may mean '3,Müller AG'" in word
    assert names(mapped, CP1252, b"Fox", "Ñandú, SÃO".encode("cp1252")) == ""


def test_the_line_of_utf_8_is_found_below_a_header_that_begins_later(mapped: Mapped) -> None:
    mapped.write(t_csv=b"Report\n\nid,name\n1,%s\n2,%s\n" % (CP1252, UTF8))
    mapped.map(
        "teams",
        'file = "t.csv"\nencoding = "windows-1252"\nheader_row = 3\n[columns]\nid = "id"\n'
        'name = "name"',
    )
    assert "line 5 reads" in told(mapped)


def test_json_lines_of_utf_8_in_a_file_of_another_encoding_are_told(mapped: Mapped) -> None:
    line = b'{"id": "%d", "name": "%s"}\n'
    mapped.write(t_jsonl=line % (1, CP1252) + line % (2, UTF8))
    mapped.map(
        "teams",
        'file = "t.jsonl"\nencoding = "windows-1252"\n[columns]\nid = "id"\nname = "name"',
    )
    assert "line 2 reads" in told(mapped)

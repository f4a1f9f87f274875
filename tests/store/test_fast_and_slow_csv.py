"""DuckDB and Python's csv module read the same rows from the same file, whatever stands in its
cells.
"""

import csv
import io
import tempfile
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kampass.intake.readers import delimited
from kampass.intake.readers.memory import in_memory
from kampass.intake.sources import folder as files
from kampass.model.scan import Scan

NASTY = [
    "",
    " ",
    '"',
    '""',
    ",",
    "\n",
    "\r",
    "\r\n",
    "\t",
    "'",
    "\\",
    "\x00",
    "\ufeff",
    "\u200b",
    "\u2028",
    "\x85",
    "\x1a",
    "NULL",
    "NA",
    "1E5",
    "é",
    "🙂",
    "#",
    ";",
    "|",
    "=1+1",
]
CELL = st.lists(st.sampled_from([*NASTY, "a"]), max_size=4).map("".join)
ROWS = st.lists(st.tuples(CELL, CELL, CELL), max_size=5)
PIECE = st.sampled_from([*NASTY, "a", "b", ",", ",", "\n", "\n", '"'])
Rows = list[tuple[str | None, ...]]


def read(scan: Scan) -> Rows:
    with in_memory() as connection:
        for name, value in scan.objects.items():
            connection.register(name, value)
        return [
            tuple(cell or None for cell in row)
            for row in connection.execute(
                f"SELECT {', '.join(scan.columns)} FROM ({scan.relation})"
            ).fetchall()
        ]


def slowly(file: Path) -> tuple[Rows, list[int], list[int]]:
    """The rows of the slow path, their lines, and the lines it sets aside."""
    found = delimited.read_slowly(file, ["id", "name", "email"])
    with in_memory() as connection:
        rows = connection.execute(found.numbered()).fetchall()
    return (
        [tuple(cell or None for cell in row[:-1]) for row in rows],
        [row[-1] for row in rows],
        [reject.line for reject in found.rejects],
    )


def check(raw: bytes) -> Rows:
    """Whatever path is taken, the rows, their lines and the rejects are those of the slow path."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "contacts.csv"
        file.write_bytes(raw)
        scan = files.scan_csv("contacts", file)
        rows, lines, rejected = slowly(file)
        assert read(scan) == rows
        wanted = range(1, len(rows) + 1)
        assert [scan.lines(wanted)[row] for row in wanted] == lines
        assert [reject.line for reject in scan.rejects] == rejected
    return rows


@settings(
    max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True
)
@given(
    ROWS,
    st.sampled_from(["\n", "\r\n"]),
    st.booleans(),
    st.sampled_from([csv.QUOTE_ALL, csv.QUOTE_MINIMAL]),
)
def test_written_rows_are_read_back_by_both(
    rows: list[tuple[str, str, str]], end: str, bom: bool, quoting: int
) -> None:
    """A cell with a lone carriage return is only written well where everything is quoted."""
    text = io.StringIO()
    kept = rows if quoting == csv.QUOTE_ALL else [row for row in rows if "\r" not in "".join(row)]
    writer = csv.writer(text, lineterminator=end, quoting=quoting)
    writer.writerows([("id", "name", "email"), *kept])
    found = check(("\ufeff" if bom else "").encode() + text.getvalue().encode())
    assert found == [tuple(cell or None for cell in row) for row in kept]


@settings(
    max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True
)
@given(st.lists(PIECE, max_size=16).map("".join))
def test_any_text_is_read_alike_by_both(text: str) -> None:
    check(b"id,name,email\n" + text.encode())


def test_blanks_around_quotes_are_not_dropped() -> None:
    """DuckDB alone reads the second cell as x."""
    assert check(b'id,name,email\n1, "x",y\n') == [("1", ' "x"', "y")]


def test_a_line_with_one_comma_too_many_is_set_aside() -> None:
    """DuckDB alone overlooks it, in a file with a comma in a cell as in one without."""
    assert check(b'id,name,email\n1,x,y,\n2,"a,b",\n') == [("2", "a,b", None)]
    assert check(b"id,name,email\n1,x,y,\n2,x,y\n") == [("2", "x", "y")]

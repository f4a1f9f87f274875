"""What cannot be read is set aside with its line, column, value and reason; every other line is
read.
"""

import pytest
from tests.store.conftest import Desk, counts

from kampass.errors import DataError
from kampass.model import TABLES

KEPT = "id,name\na,Ann\n"
"""A row that reads: a load that keeps none waits."""
HEADER = b"id,created_at,reopened,topic\n"
BAD = b"bad,2025-01-01,1E5,x\n"
ASIDE = ("tickets", "reopened", "1E5", "is not a whole number")
ACCOUNTS = "id,name\na,Ada\n"


def cell(
    desk: Desk, table: str, column: str, value: str, **others: str
) -> list[tuple[str, str | None, str]]:
    """Column, value and reason of the one line of a table, if it is set aside."""
    row = {"id": "x"} | others | {column: value}
    quoted = ",".join('"' + text.replace('"', '""') + '"' for text in row.values())
    found = desk.load(1, accounts=ACCOUNTS, **{table: f"{','.join(row)}\n{quoted}\n".encode()})[
        table
    ]
    assert found.read == 1
    return [found[2:] for found in desk.set_aside() if found[:2] == (table, 2)]


@pytest.mark.parametrize(
    ("before", "line"),
    [
        (b"a,2025-01-01,1,plain\n", 3),
        (b'a,2025-01-01,1,"two\nlines"\n', 4),
        (b'a,2025-01-01,1,"three\r\nlong\r\nlines"\nb,2025-01-01,1,\n', 6),
        (b"\n\na,2025-01-01,1,after empty lines\n", 5),
        (b'a,2025-01-01,1, "blanks around quotes" \n', 3),
        (b"", 2),
    ],
)
@pytest.mark.parametrize("bom", [b"", b"\xef\xbb\xbf"])
def test_a_bad_cell_is_shown_with_its_line_in_the_file(
    desk: Desk, before: bytes, line: int, bom: bytes
) -> None:
    desk.load(1, accounts=KEPT, tickets=bom + HEADER + before + BAD)
    table, column, value, reason = ASIDE
    assert desk.quarantine() == [(table, line, column, value, reason)]


def test_a_bad_cell_is_shown_with_its_line_where_lines_end_with_carriage_returns(
    desk: Desk,
) -> None:
    desk.load(1, tickets=(HEADER + b'a,2025-01-01,1,"two\nlines"\n' + BAD).replace(b"\n", b"\r\n"))
    assert [row[1] for row in desk.quarantine()] == [4]


@pytest.mark.parametrize(
    ("torn", "reason"),
    [
        (b"a,2025-01-01,1\n", "has 3 fields, the header has 4"),
        (b"a,2025-01-01,1,x,y\n", "has 5 fields, the header has 4"),
        (b'a,2025-01-01,1,"x"y\n', "cannot be read: ',' expected after '\"'"),
        (b'a,2025-01-01,1,"never closed\n', "cannot be read: "),
        (b"a,2025-01-01,1,caf\xe9\n", "is not UTF-8"),
    ],
)
def test_a_torn_line_is_set_aside_by_itself(desk: Desk, torn: bytes, reason: str) -> None:
    """The lines around it are read, also those after a quote that is never closed."""
    good = b'b,2025-01-01,1,"two\nlines"\nc,2025-01-01,1,\n'
    found = desk.load(1, tickets=HEADER + b"first,2025-01-01,1,\n" + torn + good + BAD)
    assert counts(found["tickets"]) == (5, 3, 0, 0, 2)
    (first, second) = desk.quarantine()
    assert first[1:3] == (3, "")
    assert first[4].startswith(reason)
    assert second[1:4] == (7, "reopened", "1E5")
    assert desk.ask("SELECT id, _line FROM tickets ORDER BY _line") == [
        ("first", 2),
        ("b", 4),
        ("c", 6),
    ]


@pytest.mark.parametrize(
    "raw",
    [
        b"\xff\xfei\x00d\x00",
        b"",
        b"\n",
        b'"id,name\n',
        b"id,name,id\n",
        b"id,name,Region,region\n",
        b"id,,name\n",
        b"name\nA\n",
    ],
)
def test_a_header_that_cannot_be_read_refuses_the_load(desk: Desk, raw: bytes) -> None:
    with pytest.raises(DataError, match=r"accounts\.csv"):
        desk.load(1, accounts=raw)
    assert desk.workspace.manifest.loads() == []


def test_every_closed_list_refuses_another_value(desk: Desk) -> None:
    """One line per column with a closed list, the other required cells filled so that only that
    cell is wrong.
    """
    fill = {
        "text": "a",
        "date": "2025-01-01",
        "instant": "2025-01-01",
        "decimal": "1",
        "rate": "1",
        "integer": "1",
        "bool": "true",
    }
    lists = [
        (table, column) for table in TABLES.values() for column in table.columns if column.choices
    ]
    assert len(lists) == 18
    written: dict[str, bytes] = {}
    for table in {table.name: table for table, _ in lists}.values():
        columns = [column for column in table.columns if column.required or column.choices]
        lines = [",".join(column.name for column in columns)]
        lines += [
            ",".join(
                "banana" if column is wrong else (*column.choices, fill[column.type])[0]
                for column in columns
            )
            for wrong in columns
            if wrong.choices
        ]
        written[table.name] = ("\n".join(lines) + "\n").encode()
    desk.load(1, teams=KEPT, **written)
    shown = {
        (table, column, value): reason for table, _, column, value, reason in desk.quarantine()
    }
    for table, column in lists:
        assert shown[table.name, column.name, "banana"] == f"is none of {', '.join(column.choices)}"


@pytest.mark.parametrize(
    "value",
    [
        "1E5",
        "1,5",
        "1.234,5",
        " 5",
        "+5",
        ".5",
        "5.",
        "NaN",
        "inf",
        "0x10",
        "1_000",
        "9999999999999",
        "\u0661",
    ],
)
def test_only_a_plain_decimal_is_a_number(desk: Desk, value: str) -> None:
    found = cell(desk, "costs", "amount", value, on="2025-01-01", kind="service", currency="USD")
    assert found == [("amount", value, "is not a number (1234.5), or too large")]


@pytest.mark.parametrize(
    "value",
    [
        "2025-03-01T10:00:00",
        "2025-03-01 10:00",
        "01.03.2025",
        "2025-02-30",
        "2025-03-01T10:00:00+25:00",
        "2025-03-01T10:00:61Z",
        "0000-01-01",
        "now",
        "0001-01-01T00:00:00+12:00",
        "9999-12-31T23:59:59-12:00",
        "2025-03-01T10Z",
    ],
)
def test_a_moment_needs_a_day_or_an_offset(desk: Desk, value: str) -> None:
    (found,) = cell(desk, "tickets", "created_at", value)
    assert found[:2] == ("created_at", value)
    assert "timestamp with an offset or Z" in found[2]


@pytest.mark.parametrize(
    ("value", "read"),
    [
        ("2025-03-01T10:00Z", "10:00:00"),
        ("2025-03-01 10:00:00.25+01", "09:00:00.25"),
        ("2025-03-01T10:00:00-0530", "15:30:00"),
        ("2025-03-01", "00:00:00"),
    ],
)
def test_a_moment_is_kept_in_utc(desk: Desk, value: str, read: str) -> None:
    assert cell(desk, "tickets", "created_at", value) == []
    assert desk.ask("SELECT created_at::VARCHAR FROM tickets") == [(f"2025-03-01 {read}+00",)]


@pytest.mark.parametrize(
    "value",
    ["2025-02-30", "31/12/2025", "2025-1-1", "0000-01-01", "2025-01-01T00:00:00Z", " 2025-01-01"],
)
def test_a_date_is_written_one_way(desk: Desk, value: str) -> None:
    assert cell(desk, "costs", "on", value, kind="service", amount="1", currency="USD") == [
        ("on", value, "is not a date (2026-03-01)")
    ]


def test_negative_mrr_is_set_aside(desk: Desk) -> None:
    assert cell(
        desk, "subscriptions", "mrr", "-1", account_id="a", currency="USD", valid_from="2025-01-01"
    ) == [("mrr", "-1", "is negative")]


@pytest.mark.parametrize("closed_at", [{"closed_at": ""}, {}])
def test_a_won_deal_needs_the_moment_it_closed_also_without_such_a_column(
    desk: Desk, closed_at: dict[str, str]
) -> None:
    (found,) = cell(
        desk, "deals", "status", "won", kind="new", created_at="2025-01-01", **closed_at
    )
    assert found[0] == "closed_at"
    assert not found[1]
    assert found[2] == "is empty although the deal is won or lost"


@pytest.mark.parametrize(
    ("scale", "accepted"), [("3", True), ("5", True), ("6", False), ("10", True), ("100", False)]
)
def test_an_odd_scale_needs_satisfied_from_also_without_such_a_column(
    desk: Desk, scale: str, accepted: bool
) -> None:
    found = cell(desk, "surveys", "scale_max", scale, kind="csat", scale_min="1")
    assert [row[0] for row in found] == ([] if accepted else ["satisfied_from"])


@pytest.mark.parametrize(
    ("survey", "score", "reason"),
    [
        ("nps", "11", "lies outside the survey's scale"),
        ("nps", "-1", "lies outside the survey's scale"),
        ("enps", "8.5", "is fractional, and the survey counts whole scores"),
        ("csat", "4.5", None),
        ("nps", "9.0", None),
        ("none", "5", "is unknown in surveys"),
    ],
)
def test_a_score_must_fit_its_survey(
    desk: Desk, survey: str, score: str, reason: str | None
) -> None:
    desk.write(surveys="id,kind,scale_min,scale_max\nnps,nps,0,10\nenps,enps,0,10\ncsat,csat,1,5\n")
    assert (
        cell(desk, "responses", "score", score, survey_id=survey, responded_at="2025-01-01") == []
    )
    assert [row[4] for row in desk.quarantine()] == ([reason] if reason else [])


def test_an_unknown_optional_reference_is_empty_with_a_notice(desk: Desk) -> None:
    desk.load(
        1,
        accounts=ACCOUNTS,
        tickets="id,created_at,account_id\nt,2025-01-01,nowhere\nu,2025-01-01,a\n",
    )
    assert desk.ask("SELECT id, account_id FROM tickets ORDER BY id") == [("t", None), ("u", "a")]
    assert desk.ask('SELECT "table", "column", "rows", what FROM _notice') == [
        ("tickets", "account_id", 1, "unknown in accounts, kept empty")
    ]
    assert desk.quarantine() == []


def test_a_row_set_aside_at_publishing_is_shown_with_its_line_in_the_file(desk: Desk) -> None:
    goals = b'id,account_id,name,kind,direction,target,due_on\ng,a,"two\nlines",leading,up,1,2025-01-01\nh,nowhere,x,leading,up,1,2025-01-01\n'
    desk.load(1, accounts=ACCOUNTS, goals=goals)
    assert desk.quarantine() == [("goals", 4, "account_id", "nowhere", "is unknown in accounts")]


def test_text_stays_as_it_stands(desk: Desk) -> None:
    desk.load(1, accounts='id,name,region,_line\n007,1E5,NA,"x"\n')
    assert desk.ask("SELECT id, name, region, _extra::VARCHAR FROM accounts") == [
        ("007", "1E5", "NA", "{_line=x}")
    ]

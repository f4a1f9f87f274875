"""What a column may take of a cell: a part, the first that is filled, an amount for an interval, a
length of time. Every figure is worked out by hand.
"""

from typing import Any

import pytest
from tests.sources.conftest import Mapped

from kampass.errors import DataError


def column(
    mapped: Mapped, cells: str, said: str, table: str = "touches", name: str = ""
) -> list[Any]:
    """What one column of a file becomes: the one that is said first."""
    name = name or said.partition(" ")[0]
    mapped.write(t_csv=cells)
    return mapped.map(table, f'file = "t.csv"\n[columns]\n{said}').column(name)


def test_the_first_cell_that_holds_anything_counts(mapped: Mapped) -> None:
    said = 'closed_at = { first_of = ["Closed", "Expected"], null = ["-"], date = "%d.%m.%Y" }'
    cells = "Closed,Expected\n01.02.2026,05.02.2026\n,05.02.2026\n-,06.02.2026\n,\n"
    assert column(mapped, cells, said, "deals") == ["2026-02-01", "2026-02-05", "2026-02-06", None]


@pytest.mark.parametrize(
    ("said", "text", "read"),
    [
        (r"part = '^(\d+)'", "10 - Extremely likely", "10"),
        (r"part = '^(\d+)'", "3", "3"),
        (r"part = '^(\d+)'", "", None),
        (r"part = '^(\d+)'", "likely", ("likely", r"holds no part that ^(\d+) finds")),
        (r"left = 2", "1000", "10"),
        (r"part = '(\d+)$', null = ['none 0']", "none 0", None),
    ],
)
def test_a_part_of_a_text_is_taken(mapped: Mapped, said: str, text: str, read: object) -> None:
    found = column(mapped, f"a,Q\n1,{text}\n", f'score = {{ column = "Q", {said} }}', "responses")
    assert found == [read]


def test_letter_case_makes_one_key_of_two(mapped: Mapped) -> None:
    cells = "e\nPat@Example.com\npat@example.com\nÄ@x.org\n"
    said = 'contact_id = { column = "e", lower = true }'
    keys = ["pat@example.com", "pat@example.com", "ä@x.org"]
    assert column(mapped, cells, said, "responses") == keys
    assert column(mapped, "c\neur\n", 'currency = { column = "c", upper = true }', "deals") == [
        "EUR"
    ]


def test_a_last_day_means_the_day_after_it(mapped: Mapped) -> None:
    cells = "e\n2025-03-31\n2024-02-29\n\nsoon\n9999-12-31\n2025-12-31\n"
    said = 'valid_to = { column = "e", inclusive = true }'
    found = column(mapped, cells, said, "contracts")
    assert found[:3] == ["2025-04-01", "2024-03-01", None]
    assert found[3][0] == "soon"
    assert found[4:] == ["9999-12-31", "2026-01-01"]


def test_a_last_day_in_a_format_means_the_day_after_it(mapped: Mapped) -> None:
    said = 'valid_to = { column = "e", date = "%d.%m.%Y", inclusive = true }'
    found = column(mapped, "e\n31.12.2025\n31.11.2025\n", said, "contracts")
    assert found == ["2026-01-01", ("31.11.2025", "is no date as %d.%m.%Y")]


@pytest.mark.parametrize(
    ("form", "text", "read"),
    [
        ("excel", "45292", "2024-01-01"),
        ("excel", "45292.0", "2024-01-01"),
        ("excel", "61", "1900-03-01"),
        ("excel", "2958465", "9999-12-31"),
        ("excel1904", "43830", "2024-01-01"),
        ("excel", "60", None),
        ("excel", "45292.5", None),
        ("excel", "2024-01-01", None),
        ("excel", "-5", None),
    ],
)
def test_a_day_is_counted_as_excel_counts(
    mapped: Mapped, form: str, text: str, read: str | None
) -> None:
    said = f'valid_from = {{ column = "d", date = "{form}" }}'
    expected = read or (text, f"is no date as {form}")
    assert column(mapped, f"d\n{text}\n", said, "contracts") == [expected]


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("45292.4166666667", "2024-01-01T09:00:00.000000Z"),  # 10:00 in Berlin, in winter
        ("45292", "2023-12-31T23:00:00.000000Z"),
        ("45474.75", "2024-07-01T16:00:00.000000Z"),  # 18:00 in Berlin, in summer
    ],
)
def test_an_instant_is_counted_as_excel_counts(mapped: Mapped, text: str, read: str) -> None:
    said = 'created_at = { column = "d", timestamp = "excel", timezone = "Europe/Berlin" }'
    assert column(mapped, f"d\n{text}\n", said, "tickets") == [read]


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("$1,234,567.00", "1234567.00"),
        ('"($2,000.00)"', "-2000.00"),
        ('"$(2,000.00)"', "-2000.00"),
        ('"-$5"', "-5"),
        ("USD 5.50", "5.50"),
        ("$12.5k", None),
        ("(5", None),
        ("((5))", None),
    ],
)
def test_money_is_read_as_people_write_it(mapped: Mapped, text: str, read: str | None) -> None:
    said = (
        'amount = { column = "a", remove = ["$", "USD"], decimal = ".", thousands = ",", negative '
        '= "brackets" }'
    )
    text = f'"{text}"' if "," in text and not text.startswith('"') else text
    (found,) = column(mapped, f"a\n{text}\n", said, "deals")
    assert found == read if read else isinstance(found, tuple)


BILLED = "a,i,n,q\n1200.00,Year,1,1\n90.00,month,3,1\n15.00,month,1,4\n7.00,week,1,1\n1,day,1,1\n"
PER = 'mrr = { column = "a", times = "q", per = { column = "i", count = "n" } }'


def test_an_amount_for_an_interval_becomes_the_amount_for_a_month(mapped: Mapped) -> None:
    """1200 / 12; 90 / 3; 15 x 4; 7 x 52 / 12 = 30.333...; 365 / 12 = 30.41666..."""
    assert column(mapped, BILLED, PER, "subscriptions") == [
        "100.000000",
        "30.000000",
        "60.000000",
        "30.333333",
        "30.416667",
    ]


@pytest.mark.parametrize(
    ("word", "read"), [("year", "1.666667"), ("quarter", "6.666667"), ("month", "20.000000")]
)
def test_the_interval_of_a_whole_column_is_a_word(mapped: Mapped, word: str, read: str) -> None:
    said = f'mrr = {{ column = "a", per = "{word}" }}'
    assert column(mapped, "a\n20\n", said, "subscriptions") == [read]


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("10,fortnight,1,1", "is for 'fortnight', which is no interval"),
        ("10,,1,1", "is for '', which is no interval"),
        ("10,month,0,1", "is for '0' intervals"),
        ("10,month,1.5,1", "is for '1.5' intervals"),
        ("10,month,1,many", "is meant 'many' times"),
    ],
)
def test_an_interval_that_is_none_sets_the_amount_aside(
    mapped: Mapped, row: str, reason: str
) -> None:
    assert column(mapped, f"a,i,n,q\n{row}\n", PER, "subscriptions") == [("10", reason)]


def test_an_amount_is_divided_exactly_and_rounded_once(mapped: Mapped) -> None:
    """0.000006 / 12 = 0.0000005 is rounded away from zero; a large amount keeps its digits."""
    cells = "a\n0.000006\n-0.000006\n999999999999.999999\nx\n\n"
    said = 'mrr = { column = "a", per = "year" }'
    found = column(mapped, cells, said, "subscriptions")
    assert found[:3] == ["0.000001", "-0.000001", "83333333333.333333"]
    assert found[3][0] == "x"
    assert found[4] is None


def test_an_amount_is_read_by_its_signs_before_it_is_divided(mapped: Mapped) -> None:
    said = 'mrr = { column = "a", decimal = ",", thousands = ".", per = "year" }'
    assert column(mapped, 'a\n"1.200,00"\n', said, "subscriptions") == ["100.000000"]


@pytest.mark.parametrize(
    ("unit", "text", "read"),
    [
        ("minutes", "30", "2025-03-03T09:30:00.000000Z"),
        ("minutes", '"1,440"', "2025-03-04T09:00:00.000000Z"),
        ("hours", "1.5", "2025-03-03T10:30:00.000000Z"),
        ("days", "0.5", "2025-03-03T21:00:00.000000Z"),
        ("h:mm", "26:05", "2025-03-04T11:05:00.000000Z"),
        ("h:mm", "0:00:30", "2025-03-03T09:00:30.000000Z"),
        ("minutes", "", None),
        ("minutes", "-5", ("-5", "is not a number of minutes")),
        ("h:mm", "1:75", ("1:75", "is not hours and minutes as 1:30")),
    ],
)
def test_an_instant_is_so_long_after_another(
    mapped: Mapped, unit: str, text: str, read: object
) -> None:
    signs = "" if unit == "h:mm" else ', thousands = ",", decimal = "."'
    said = (
        'created_at = "c"\n'
        f'first_replied_at = {{ column = "w", unit = "{unit}", after = "created_at"{signs} }}'
    )
    cells = f"c,w\n2025-03-03T10:00:00+01:00,{text}\n"
    assert column(mapped, cells, said, "tickets", "first_replied_at") == [read]


def test_an_instant_after_one_that_is_not_known_is_set_aside(mapped: Mapped) -> None:
    said = 'created_at = "c"\nresolved_at = { column = "w", unit = "hours", after = "created_at" }'
    found = column(mapped, "c,w\nsoon,2\n2025-03-03,2\n,2\n", said, "tickets", "resolved_at")
    assert [reason for _, reason in found] == ["is counted from an instant that is not known"] * 3


@pytest.mark.parametrize(
    ("unit", "text", "read"),
    [
        ("hours", "1.5", "90.000000"),
        ("days", "1", "1440.000000"),
        ("h:mm", "1:30", "90.000000"),
        ("h:mm", "0:00:20", "0.333333"),
        ("minutes", "7.25", "7.250000"),
    ],
)
def test_minutes_are_written_in_other_units(
    mapped: Mapped, unit: str, text: str, read: str
) -> None:
    said = f'minutes = {{ column = "w", unit = "{unit}" }}'
    assert column(mapped, f"a,w\n1,{text}\n", said) == [read]


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ('mrr = { column = "a", per = "era" }', "per is an interval or names a column, not 'era'"),
        ('mrr = { column = "a", part = "(?=a)" }', "is no regular expression"),
        ('mrr = { column = "a", part = "a+" }', "has no group"),
        ('mrr = { column = "a", lower = true, upper = true }', "lower and upper cannot both be"),
        ('id = { column = "a", inclusive = true }', "inclusive is for the last day of a span"),
        ('id = { column = "a", per = "year" }', "per is for amounts of money; it holds text"),
        ('valid_to = { column = "a", unit = "days" }', "unit is for minutes"),
        ('mrr = { column = "a", first_of = ["b"] }', "exactly one of column, columns, first_of"),
        (
            'mrr = { column = "a", negative = "red" }',
            'negative is "brackets" or "trailing", not \'red\'',
        ),
    ],
)
def test_a_key_that_does_not_fit_is_refused(mapped: Mapped, said: str, words: str) -> None:
    with pytest.raises(DataError) as raised:
        column(mapped, "a,b\n1,2\n", said, "subscriptions")
    assert words in raised.value.message


def test_after_names_a_column_that_is_filled(mapped: Mapped) -> None:
    said = 'resolved_at = { column = "w", unit = "hours", after = "created" }\ncreated_at = "c"'
    with pytest.raises(DataError, match="Did you mean 'created_at'"):
        column(mapped, "c,w\n1,2\n", said, "tickets")


def test_rows_of_other_tables_keep_further_columns_too(mapped: Mapped) -> None:
    found = column(mapped, "id,Lane\n1,east\n", 'id = "id"\nextra = ["Lane"]', "tickets", "Lane")
    assert found == ["east"]
    with pytest.raises(DataError, match="'mentions' keeps no further columns"):
        column(mapped, "id,Lane\n1,east\n", 'id = "id"\nextra = ["Lane"]', "mentions")


def test_a_cell_counts_where_its_condition_holds(mapped: Mapped) -> None:
    """Another condition than the row's: an open ticket keeps its row and has no resolution."""
    said = 'resolved_at = { column = "end", timezone = "UTC", where = \'"S" in ("Solved", "Closed")\' }'
    cells = "S,end\nSolved,2025-03-03T13:00\nOpen,2025-03-05T10:00\n,2025-03-05T10:00\n"
    found = column(mapped, cells, said, "tickets")
    assert found == ["2025-03-03T13:00:00.000000Z", None, None]
    assert mapped.view().unmapped == ()


def test_a_column_that_only_an_interval_names_must_be_there(mapped: Mapped) -> None:
    said = 'mrr = { column = "a", per = { column = "Intervall" } }'
    with pytest.raises(DataError, match="there is no column 'Intervall'") as raised:
        column(mapped, "a,Interval\n1,year\n", said, "subscriptions")
    assert "Did you mean 'Interval'" in (raised.value.hint or "")

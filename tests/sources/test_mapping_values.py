"""What a cell becomes is what the mapping declares: another value is set aside with what stood
there, never read as something else.
"""

import pytest
from tests.sources.conftest import Mapped

from kampass.errors import DataError

HEADER = "id,acc,at,amt\n"


def purchases(
    mapped: Mapped,
    *,
    at: str = "2026-03-01",
    amt: str = "1.5",
    said_at: str = "",
    said_amt: str = "",
    table: str = "",
) -> Mapped:
    """One purchase with this date and amount, mapped so."""
    quoted = [f'"{text}"' for text in (at, amt)]
    mapped.write(orders_csv=HEADER + f"1,a,{quoted[0]},{quoted[1]}\n")
    columns = (
        f'id = "id"\naccount_id = "acc"\npurchased_at = {{ column = "at"{said_at} }}\namount = '
        f'{{ column = "amt"{said_amt} }}\ncurrency = {{ constant = "EUR" }}'
    )
    return mapped.map("purchases", f'file = "orders.csv"\n{table}\n[columns]\n{columns}')


@pytest.mark.parametrize(
    ("form", "text", "read"),
    [
        ("%d.%m.%Y", "31.12.2026", "2026-12-31"),
        ("%d.%m.%Y", "1.2.2026", "2026-02-01"),
        ("%m/%d/%Y", "11/8/2016", "2016-11-08"),
        ("%d/%m/%y", "25/12/21", "2021-12-25"),
        ("%d/%m/%y", "25/12/69", "1969-12-25"),
        ("%d/%m/%y", "25/12/68", "2068-12-25"),
        ("%d %b %Y", "03 MAR 2026", "2026-03-03"),
        ("%B %d, %Y", "March 3, 2026", "2026-03-03"),
        ("%Y%m%d", "20260301", "2026-03-01"),
        ("%a %d.%m.%Y", "Sun 01.03.2026", "2026-03-01"),
        ("%Y-%m-%d 00:00:00.000", "1996-07-04 00:00:00.000", "1996-07-04"),
        ("100%% %d.%m.%Y", "100% 01.03.2026", "2026-03-01"),
    ],
)
def test_a_date_is_read_by_its_format(mapped: Mapped, form: str, text: str, read: str) -> None:
    assert purchases(mapped, at=text, said_at=f', date = "{form}"').column("purchased_at") == [read]


@pytest.mark.parametrize(
    ("form", "text"),
    [
        ("%d.%m.%Y", "31.02.2026"),
        ("%d.%m.%Y", "01.02.26"),
        ("%d.%m.%y", "01.02.2026"),
        ("%d.%m.%Y", "2026-02-01"),
        ("%d.%m.%Y", " 01.02.2026"),
        ("%d.%m.%Y", "01.02.2026 "),
        ("%d.%m.%Y", "01.02.2026x"),
        ("%d.%m.%Y", "01/02/2026"),
        ("%d.%m.%Y", "00.02.2026"),
        ("%d.%m.%Y", "01.13.2026"),
        ("%d.%m.%Y", "01.02.0000"),
        ("%d %b %Y", "03 Mrz 2026"),
        ("%d.%m.%Y", "soon"),
        ("%d.%m.%Y", "29.02.2025"),
        ("%Y%m%d", "2026301"),
        ("%d.%m.%Y", "001.02.2026"),
        ("%d.%m.%Y", "\u0660\u0661.02.2026"),
    ],
)
def test_a_date_in_another_form_is_set_aside_as_it_stood(
    mapped: Mapped, form: str, text: str
) -> None:
    assert purchases(mapped, at=text, said_at=f', date = "{form}"').column("purchased_at") == [
        (text, f"is no date as {form}")
    ]


def test_the_pivot_says_which_century_two_digits_mean(mapped: Mapped) -> None:
    assert purchases(mapped, at="25/12/31", said_at=', date = "%d/%m/%y", pivot = 31').column(
        "purchased_at"
    ) == ["1931-12-25"]
    assert purchases(mapped, at="25/12/30", said_at=', date = "%d/%m/%y", pivot = 31').column(
        "purchased_at"
    ) == ["2030-12-25"]


def test_of_several_formats_the_one_that_fits_is_read_and_two_that_disagree_are_set_aside(
    mapped: Mapped,
) -> None:
    both = ', date = ["%Y-%m-%d", "%d/%m/%Y"]'
    assert purchases(mapped, at="2026-03-01", said_at=both).column("purchased_at") == ["2026-03-01"]
    assert purchases(mapped, at="03/04/2026", said_at=both).column("purchased_at") == ["2026-04-03"]
    ((value, reason),) = purchases(
        mapped, at="03/04/2026", said_at=', date = ["%m/%d/%Y", "%d/%m/%Y"]'
    ).column("purchased_at")
    assert (value, reason) == ("03/04/2026", "reads in more than one way as %m/%d/%Y or %d/%m/%Y")
    assert purchases(mapped, at="03/03/2026", said_at=', date = ["%m/%d/%Y", "%d/%m/%Y"]').column(
        "purchased_at"
    ) == ["2026-03-03"]


@pytest.mark.parametrize(
    ("said", "text", "read"),
    [
        (
            'timestamp = "%d.%m.%Y %H:%M", timezone = "Europe/Berlin"',
            "01.03.2026 09:30",
            "2026-03-01T08:30:00.000000Z",
        ),
        (
            'timestamp = "%d.%m.%Y %H:%M", timezone = "Europe/Berlin"',
            "01.07.2026 09:30",
            "2026-07-01T07:30:00.000000Z",
        ),
        (
            'timestamp = "%m/%d/%Y %I:%M %p", timezone = "UTC"',
            "3/1/2026 12:05 AM",
            "2026-03-01T00:05:00.000000Z",
        ),
        (
            'timestamp = "%m/%d/%Y %I:%M %p", timezone = "UTC"',
            "3/1/2026 12:05 pm",
            "2026-03-01T12:05:00.000000Z",
        ),
        (
            'timestamp = "%Y-%m-%dT%H:%M:%S%z"',
            "2026-03-01T09:30:00+0130",
            "2026-03-01T09:30:00.0+0130",
        ),
        ('timestamp = "unix"', "1700000000", "2023-11-14T22:13:20.000000Z"),
        ('timestamp = "unix_ms"', "1700000000123", "2023-11-14T22:13:20.123000Z"),
        ('timezone = "Europe/Berlin"', "2026-03-01 09:30", "2026-03-01T08:30:00.000000Z"),
        ('timezone = "Europe/Berlin"', "2026-03-01T09:30:00Z", "2026-03-01T09:30:00Z"),
        (
            'timestamp = "%d.%m.%Y %H:%M", timezone = "Europe/Berlin", fold = "first"',
            "25.10.2026 02:30",
            "2026-10-25T00:30:00.000000Z",
        ),
        (
            'timestamp = "%d.%m.%Y %H:%M", timezone = "Europe/Berlin", fold = "second"',
            "25.10.2026 02:30",
            "2026-10-25T01:30:00.000000Z",
        ),
        (
            'timestamp = "%d.%m.%Y %H:%M", timezone = "Australia/Lord_Howe", fold = "second"',
            "05.04.2026 01:45",
            "2026-04-04T15:15:00.000000Z",
        ),
    ],
)
def test_an_instant_is_read_by_its_format_and_zone(
    mapped: Mapped, said: str, text: str, read: str
) -> None:
    assert purchases(mapped, at=text, said_at=f", {said}").column("purchased_at") == [read]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("29.03.2026 02:30", "never was in Europe/Berlin: clocks were put forward"),
        (
            "25.10.2026 02:30",
            "was twice in Europe/Berlin: clocks were put back; fold says which is meant",
        ),
        ("01.03.2026 24:00", "is no timestamp as %d.%m.%Y %H:%M"),
        ("01.03.2026 09:60", "is no timestamp as %d.%m.%Y %H:%M"),
    ],
)
def test_a_time_that_never_was_or_was_twice_is_set_aside(
    mapped: Mapped, text: str, reason: str
) -> None:
    said = ', timestamp = "%d.%m.%Y %H:%M", timezone = "Europe/Berlin"'
    assert purchases(mapped, at=text, said_at=said).column("purchased_at") == [(text, reason)]


@pytest.mark.parametrize(
    ("said", "text", "read"),
    [
        ('decimal = ","', "1234,5", "1234.5"),
        ('decimal = ",", thousands = "."', "1.234,50", "1234.50"),
        ('decimal = ",", thousands = "."', "-1.234.567", "-1234567"),
        ('decimal = ",", thousands = "."', "1234,5", "1234.5"),
        ('decimal = ".", thousands = ","', "1,234", "1234"),
        ('decimal = "."', "1.234", "1.234"),
        ('thousands = " ", decimal = ","', "1 234,5", "1234.5"),
        ('thousands = "\'"', "1'234.5", "1234.5"),
        ('remove = ["\u20ac"]', "\u20ac 12.5", "12.5"),
        ('remove = [" EUR"], decimal = ","', "12,5 EUR", "12.5"),
        ("", "12.5", "12.5"),
        ("", "7", "7"),
    ],
)
def test_a_number_is_read_by_its_signs(mapped: Mapped, said: str, text: str, read: str) -> None:
    assert purchases(mapped, amt=text, said_amt=f", {said}" if said else "").column("amount") == [
        read
    ]


@pytest.mark.parametrize(
    ("said", "text"),
    [
        ('decimal = ","', "1.234"),
        ('decimal = ","', "1.234,5"),
        ('decimal = ",", thousands = "."', "1.23,5"),
        ('decimal = ",", thousands = "."', "12.34"),
        ('decimal = ",", thousands = "."', "1,234.5"),
        ('decimal = ","', "1E5"),
        ('decimal = "."', "1,5"),
        ('decimal = ","', "1,5 "),
        ('decimal = ","', "(1,5)"),
        ('decimal = ","', "+1,5"),
        ('decimal = ","', "NaN"),
        ('decimal = ","', ",5"),
        ('decimal = ","', "5,"),
        ('decimal = ",", thousands = "."', "1.2345"),
        ("", "12,5"),
        ("", "1E5"),
        ("", "0x10"),
        ("", "9999999999999"),
    ],
)
def test_a_number_with_other_signs_is_set_aside_as_it_stood(
    mapped: Mapped, said: str, text: str
) -> None:
    ((value, reason),) = purchases(mapped, amt=text, said_amt=f", {said}" if said else "").column(
        "amount"
    )
    assert value == text
    assert "is not a number" in reason


def test_what_a_table_says_holds_for_its_columns_unless_one_says_otherwise(mapped: Mapped) -> None:
    assert purchases(mapped, amt="1,5", table='decimal = ","').column("amount") == ["1.5"]
    assert purchases(mapped, amt="1.5", table='decimal = ","', said_amt=', decimal = "."').column(
        "amount"
    ) == ["1.5"]


def accounts(mapped: Mapped, columns: str, *lines: str, table: str = "") -> Mapped:
    mapped.write(c_csv="".join(f"{line}\n" for line in ("No,Name,Test,Area,Code", *lines)))
    return mapped.map(
        "accounts", f'file = "c.csv"\n{table}\n[columns]\nid = "No"\nname = "Name"\n{columns}'
    )


def test_words_for_true_and_false_are_those_declared(mapped: Mapped) -> None:
    said = 'is_test = { column = "Test", true = ["Y"], false = ["N", ""] }'
    assert accounts(mapped, said, "1,A,Y,,", "2,B,N,,", "3,C,,,", "4,D,yes,,").column(
        "is_test"
    ) == [
        "true",
        "false",
        "false",
        ("yes", "is none of the words for true and false"),
    ]


def test_a_value_that_becomes_nothing_is_an_empty_cell(mapped: Mapped) -> None:
    mapped.write(accounts_csv="id,name,Left\na,Ada,Yes\nb,Ben,No\n")
    mapped.map(
        "accounts",
        """
        file = "accounts.csv"
        [columns]
        id = "id"
        name = "name"
        deleted_at = { column = "Left", values = { Yes = "2025-03-01T00:00:00Z", No = "" } }
        """,
    )
    assert mapped.column("deleted_at") == ["2025-03-01T00:00:00Z", None]


@pytest.mark.parametrize(
    ("otherwise", "last"),
    [
        ("quarantine", ("9", "is none of the values that are listed")),
        ("keep", "9"),
        ("empty", None),
    ],
)
def test_a_value_that_is_not_listed_goes_where_otherwise_says(
    mapped: Mapped, otherwise: str, last: object
) -> None:
    said = f'region = {{ column = "Area", values = {{ 1 = "emea" }}, otherwise = "{otherwise}" }}'
    assert accounts(mapped, said, "1,A,,1,", "2,B,,,", "3,C,,9,").column("region") == [
        "emea",
        None,
        last,
    ]


def test_text_stays_text(mapped: Mapped) -> None:
    rows = accounts(mapped, 'region = "Area"\nextra = ["Code"]', "007,NA, x ,1E5,00.10").rows()
    assert rows == [{"id": "007", "name": "NA", "region": "1E5", "Code": "00.10"}]


def test_blanks_go_only_where_trim_is_declared_and_the_preview_says_what_stays(
    mapped: Mapped,
) -> None:
    assert accounts(mapped, 'region = "Area"', "1,A,, x ,").column("region") == [" x "]
    assert mapped.preview().notices == (
        "Area: 1 values begin or end with a blank, which is kept; trim = true takes it away",
    )
    assert accounts(
        mapped, 'region = { column = "Area", trim = true }', "1,A,,\u00a0 x\u200b ,"
    ).column("region") == ["x"]


def test_words_that_mean_empty_are_those_declared(mapped: Mapped) -> None:
    assert accounts(
        mapped, 'region = "Area"', "1,A,,NULL,", "2,B,,-,", "3,C,,,", table='null = ["NULL", "-"]'
    ).column("region") == [None, None, None]
    assert accounts(mapped, 'region = "Area"', "1,A,,NULL,").column("region") == ["NULL"]


@pytest.mark.parametrize(
    "key", ["a\u200bb", "\ufeffa", "a\u00a0", "\u00a0a", "a\u2060", "a\u200d", "a\x00"]
)
def test_a_key_with_an_invisible_letter_is_set_aside(mapped: Mapped, key: str) -> None:
    ((value, reason),) = accounts(mapped, "", f"{key},A,,,").column("id")
    assert value == key.replace("\x00", "\u2400")
    assert "invisible" in reason or "NUL" in reason


def test_an_id_is_composed_of_several_columns_and_empty_where_one_is(mapped: Mapped) -> None:
    mapped.write(c_csv="No,Line,Name\nA-1,2,x\nA-1,,y\n")
    mapped.map(
        "accounts",
        'file = "c.csv"\n[columns]\nid = { columns = ["No", "Line"], join = "-" }\nname = "Name"',
    )
    assert mapped.column("id") == ["A-1-2", None]


def test_an_id_that_two_rows_could_share_is_refused(mapped: Mapped) -> None:
    """A-1 with 2 and A with 1-2 would both be A-1-2."""
    mapped.write(c_csv="No,Line,Name\nA-1,2,x\nA,1-2,y\n")
    with pytest.raises(DataError, match="two rows could get one name"):
        mapped.map(
            "accounts",
            (
                'file = "c.csv"\n[columns]\nid = { columns = ["No", "Line"], join = "-" }\nname = '
                '"Name"'
            ),
        ).view()


def test_many_lines_of_one_key_become_one_row_where_they_agree(mapped: Mapped) -> None:
    rows = accounts(
        mapped,
        'region = "Area"',
        "1,A,,x,",
        "2,B,,x,",
        "1,A,,x,",
        "3,C,,x,",
        "3,C,,y,",
        table="distinct = true",
    ).rows()
    assert rows[:2] == [
        {"id": "1", "name": "A", "region": "x"},
        {"id": "2", "name": "B", "region": "x"},
    ]
    assert [row["region"] for row in rows[2:]] == [
        (value, "differs between lines of one key; the first is line 5") for value in "xy"
    ]
    assert mapped.lines() == [2, 3, 5, 6]


def test_an_attribute_that_excel_calls_an_error_sets_the_row_aside(mapped: Mapped) -> None:
    mapped.write(c_jsonl='{"No": "1", "Name": "A", "Code": "x\\u0000"}\n')
    mapped.map(
        "accounts", 'file = "c.jsonl"\n[columns]\nid = "No"\nname = "Name"\nextra = ["Code"]'
    )
    assert mapped.preview().set_aside == 1


def test_a_format_without_an_offset_asks_for_the_zone(mapped: Mapped) -> None:
    """The clock on the wall says nothing about where it hung."""
    mapped.write(orders_csv="id,account,at,amount\n1,a,01/04/2025 00:30,5\n")
    said = (
        'file = "orders.csv"\n[columns]\nid = "id"\naccount_id = "account"\namount = '
        '"amount"\ncurrency = { constant = "USD" }\npurchased_at = { column = "at", '
    )
    mapped.map("purchases", said + 'timestamp = "%d/%m/%Y %H:%M" }\n')
    with pytest.raises(DataError, match="which time zone"):
        mapped.source.scan("purchases")
    mapped.map(
        "purchases", said + 'timestamp = "%d/%m/%Y %H:%M", timezone = "America/New_York" }\n'
    )
    assert mapped.column("purchased_at") == ["2025-04-01T04:30:00.000000Z"]


def test_an_id_gets_its_sources_prefix_and_an_empty_one_stays_empty(mapped: Mapped) -> None:
    mapped.write(calls_csv="No,At,Who\n7,2026-03-01T10:00:00Z,\n,2026-03-01T10:00:00Z,9\n")
    said = (
        'file = "calls.csv"\n[columns]\nid = { column = "No", prefix = "desk:" }\ncreated_at = '
        '"At"\naccount_id = { column = "Who", prefix = "crm:" }\n'
    )
    mapped.map("tickets", said)
    assert mapped.column("id") == ["desk:7", None]
    assert mapped.column("account_id") == [None, "crm:9"]


@pytest.mark.parametrize(
    ("filling", "message"),
    [
        ('{ column = "at", date = "%d.%m.%Y", prefix = "x" }', "prefix is for ids"),
        ('{ constant = "2026-01-01", prefix = "x" }', "a constant has no prefix"),
    ],
)
def test_only_an_id_has_a_prefix(mapped: Mapped, filling: str, message: str) -> None:
    with pytest.raises(DataError, match=message):
        mapped.map("purchases", f'file = "orders.csv"\n[columns]\npurchased_at = {filling}\n')

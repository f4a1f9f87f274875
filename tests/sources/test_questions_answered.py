"""The line that a question suggests reads what it was suggested for, whichever form the file has."""

import tomllib
from datetime import datetime, timedelta
from itertools import product

import pytest
from tests.sources.conftest import Mapped

from kampass.intake.mapping.questions import OpenQuestion

MOMENT = datetime(2025, 3, 4, 13, 5, 9, 123000)
DAYS = [
    *(f"%d{sign}%m{sign}{year}" for sign, year in product("./-", ("%Y", "%y"))),
    *(f"%m{sign}%d{sign}{year}" for sign, year in product("./-", ("%Y", "%y"))),
    *("%y/%m/%d", "%Y/%m/%d", "%Y.%m.%d", "%d %b %Y", "%d-%b-%y", "%d. %B %Y", "%B %d, %Y"),
    *("%b %d %Y", "%a, %d %b %Y", "%A, %B %d, %Y", "%a %m/%d/%Y"),
]
CLOCKS = [
    "%H:%M",
    "%H:%M:%S",
    "%H:%M:%S.%f",
    "%I:%M %p",
    "%I:%M:%S %p",
    "%I:%M%p",
    "%H:%M %z",
    "%H:%M:%S%z",
]


def asked(mapped: Mapped, column: str, texts: list[str], said: str = "") -> list[OpenQuestion]:
    """What a column of tickets, deals or contracts raises over these cells."""
    mapped.write(t_csv="k,x\n" + "".join(f'{n},"{text}"\n' for n, text in enumerate(texts)))
    table = {"valid_from": "contracts", "amount": "deals"}.get(column, "tickets")
    cell = f'{{ column = "x"{said} }}' if said else '"x"'
    mapped.map(table, f'file = "t.csv"\n[columns]\nid = "k"\n{column} = {cell}')
    return list(mapped.view().questions)


def answered(mapped: Mapped, question: OpenQuestion, number: int, zone: str = "") -> list[object]:
    """The column once a reading's line is written into the mapping."""
    setting = question.readings[number].setting
    said = tomllib.loads(setting)
    assert list(said) == [question.column]
    if zone:
        setting = setting.replace(" }", f', timezone = "{zone}" }}')
    mapped.map(question.table, f'file = "t.csv"\n[columns]\nid = "k"\n{setting}')
    return mapped.column(question.column)


@pytest.mark.parametrize("form", DAYS)
def test_a_day_in_any_form_is_read_by_a_line_that_is_suggested(mapped: Mapped, form: str) -> None:
    (question,) = asked(mapped, "valid_from", [MOMENT.strftime(form)])
    read = [answered(mapped, question, at) for at in range(len(question.readings))]
    assert ["2025-03-04"] in read
    assert read == [[one.values[0]] for one in question.readings]


@pytest.mark.parametrize(("clock", "between"), [*product(CLOCKS, (" ", "T", ", "))])
def test_a_time_in_any_form_is_read_by_a_line_that_is_suggested(
    mapped: Mapped, clock: str, between: str
) -> None:
    """4 March 2025, 13:05 in Berlin, which is an hour ahead."""
    written = MOMENT.strftime(f"%m/%d/%Y{between}{clock.replace('%z', '')}")
    written += "+01:00" if "%z" in clock else ""
    (question,) = asked(mapped, "created_at", [written])
    assert ("time zone" in question.what) == ("%z" not in clock)
    zone = "" if "%z" in clock else "Europe/Berlin"
    read = [
        str(answered(mapped, question, at, zone)[0]).replace("+01:00", "Z")
        for at in range(len(question.readings))
    ]
    expected = "2025-03-04T13:05" if "%z" in clock else "2025-03-04T12:05"
    assert any(text.startswith(expected) for text in read)


def test_one_line_reads_days_with_and_without_seconds(mapped: Mapped) -> None:
    texts = ["13.03.2025 10:00", "14.03.2025 10:00:30", "15.03.2025 9:00"]
    (question,) = asked(mapped, "created_at", texts, ', timezone = "UTC"')
    (reading,) = question.readings
    assert reading.unread == 0
    assert answered(mapped, question, 0, "UTC") == [
        "2025-03-13T10:00:00.000000Z",
        "2025-03-14T10:00:30.000000Z",
        "2025-03-15T09:00:00.000000Z",
    ]


def test_serial_days_are_asked_with_both_beginnings(mapped: Mapped) -> None:
    (question,) = asked(mapped, "valid_from", ["45292", "45323"])
    assert [one.values for one in question.readings] == [
        ("2024-01-01", "2024-02-01"),
        ("2028-01-02", "2028-02-02"),
    ]
    assert answered(mapped, question, 0) == ["2024-01-01", "2024-02-01"]


@pytest.mark.parametrize(("text", "form"), [("1741093509", "unix"), ("1741093509000", "unix_ms")])
def test_seconds_since_1970_are_suggested(mapped: Mapped, text: str, form: str) -> None:
    (question,) = asked(mapped, "created_at", [text])
    assert f'timestamp = "{form}"' in question.readings[0].setting
    since = datetime(1970, 1, 1) + timedelta(seconds=1_741_093_509)
    assert answered(mapped, question, 0) == [f"{since.isoformat()}.000000Z"]


@pytest.mark.parametrize(
    ("texts", "read"),
    [
        (["1.234,56", "1,12", "12.500,00", "900"], ["1234.56", "1.12", "12500.00", "900"]),
        (["1 234,56", "1,12"], ["1234.56", "1.12"]),
        (["1'234.56", "7"], ["1234.56", "7"]),
        (["$1,234,567.00", "USD 5,000.00", "($2,000.00)"], ["1234567.00", "5000.00", "-2000.00"]),
        (["100%", "60 %", "0%"], ["100", "60", "0"]),
        (["5,00 €", "1.200,50 €"], ["5.00", "1200.50"]),
        (["US$5.10", "-", "US$ 7.20"], ["5.10", None, "7.20"]),
        (["(5.50)", "-"], ["-5.50", None]),
        (["12\u00a0345,60 zł"], ["12345.60"]),
    ],
)
def test_a_number_in_any_form_is_read_by_the_line_that_is_suggested(
    mapped: Mapped, texts: list[str], read: list[str | None]
) -> None:
    (question,) = asked(mapped, "amount", texts)
    (reading,) = question.readings
    assert reading.unread == 0
    assert answered(mapped, question, 0) == read


def test_what_no_line_reads_is_counted_in_the_question(mapped: Mapped) -> None:
    """A short form is no number: the one line that reads the others says that it does not."""
    (question,) = asked(mapped, "amount", ["$1,234.00", "$12.5k", "($3.00)"])
    (reading,) = question.readings
    assert (reading.unread, reading.values) == (1, ("1234.00", "-3.00"))
    read = answered(mapped, question, 0)
    assert (read[0], read[2]) == ("1234.00", "-3.00")
    assert isinstance(read[1], tuple)


def test_thousands_with_a_sign_before_them_are_still_asked(mapped: Mapped) -> None:
    (question,) = asked(mapped, "amount", ["$1,234", "$5"])
    assert [one.values[0] for one in question.readings] == ["1234", "1.234"]


def test_a_few_odd_values_among_many_are_set_aside_and_not_asked_about(mapped: Mapped) -> None:
    assert asked(mapped, "amount", ["1.5", "2.5", "3.5", "$4"]) == []
    assert (
        asked(mapped, "valid_from", ["2025-01-01", "2025-01-02", "2025-01-03", "13.1.2025"]) == []
    )


def test_an_answer_keeps_what_the_column_says_beside(mapped: Mapped) -> None:
    said = ', where = \'"k" <> "9"\', left = 10'
    (question,) = asked(mapped, "valid_from", ["13.03.2025 x"], said)
    found = tomllib.loads(question.readings[0].setting)["valid_from"]
    assert found == {
        "column": "x",
        "where": '"k" <> "9"',
        "left": 10,
        "date": "%d.%m.%Y",
    }


def test_a_file_that_is_not_utf_8_is_asked_about_with_all_its_columns(mapped: Mapped) -> None:
    """Both lines are set aside as they stand, and their days are asked about all the same."""
    text = "k,name,x\n1,Müller,03.04.2025\n2,Jäger,13.04.2025\n"
    mapped.write(t_csv=text.encode("windows-1252"))
    said = 'file = "t.csv"\n{0}\n[columns]\nid = "k"\nname = "name"\nacquired_on = "x"'
    encoding, day = mapped.map("accounts", said.format("")).view().questions
    assert (encoding.column, encoding.readings[0].values) == (
        "encoding",
        ("1,Müller,03.04.2025", "2,Jäger,13.04.2025"),
    )
    assert [way.unread for way in day.readings] == [0, 1]
    mapped.map("accounts", said.format(encoding.readings[0].setting))
    assert list(mapped.view().questions) == [day]


def test_a_torn_byte_in_a_file_that_is_utf_8_leaves_nothing_open(mapped: Mapped) -> None:
    mapped.write(t_csv="k,x\n1,Müller\n2,J".encode() + b"\xe4ger\n")
    mapped.map("accounts", 'file = "t.csv"\n[columns]\nid = "k"\nname = "x"')
    assert mapped.view().questions == ()
    assert [reject.line for reject in mapped.view().scan.rejects] == [3]

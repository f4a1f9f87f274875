"""A log of what MRR changed by becomes subscriptions. Each balance is added up by hand."""

from typing import Any

import pytest
from tests.sources.conftest import Mapped

from kampass.errors import DataError
from kampass.intake.mapping.mapping import parse_all

HEADER = "who,day,what,amt\n"
SAID = (
    'shape = "movements"\n[columns]\naccount_id = "who"\non = "day"\namount = "amt"\n'
    'movement = { column = "what", values = { New = "new", Up = "upgrade", Down = "downgrade", '
    'Gone = "cancel", Back = "reactivation" } }\ncurrency = { constant = "EUR" }'
)


def lines(
    mapped: Mapped, log: str, said: str = SAID, header: str = HEADER
) -> list[tuple[Any, ...]]:
    """What becomes of a log: account, MRR, from, to."""
    mapped.write(log_csv=header + log)
    mapped.map("subscriptions", f'file = "log.csv"\n{said}')
    names = ("account_id", "mrr", "valid_from", "valid_to")
    return [tuple(row[name] for name in names) for row in mapped.rows()]


def test_each_movement_ends_a_line_and_begins_the_next(mapped: Mapped) -> None:
    """100; 100 + 50 = 150; 150 - 30 = 120; nothing; 80."""
    log = (
        "a,2025-01-10,New,100\na,2025-03-01,Up,50\na,2025-05-01,Down,-30\n"
        "a,2025-06-01,Gone,-120\na,2025-08-01,Back,80\n"
    )
    assert lines(mapped, log) == [
        ("a", "100.000000", "2025-01-10", "2025-03-01"),
        ("a", "150.000000", "2025-03-01", "2025-05-01"),
        ("a", "120.000000", "2025-05-01", "2025-06-01"),
        ("a", "80.000000", "2025-08-01", None),
    ]
    assert mapped.column("id")[0] == "a/2025-01-10"
    assert mapped.column("currency")[0] == "EUR"
    assert mapped.lines() == [2, 3, 4, 6]


@pytest.mark.parametrize(
    "log",
    [
        "a,2025-01-10,New,100\na,2025-03-01,Down,30\n",
        "a,2025-01-10,New,100\na,2025-03-01,Down,-30\n",
        "a,2025-03-01,Down,30\na,2025-01-10,New,100\n",
        "a,2025-01-10,New,60\na,2025-01-10,Up,40\na,2025-03-01,Down,30\n",
        "a,2025-01-10,New,5\na,2025-01-10,Gone,\na,2025-01-10,Back,100\na,2025-03-01,Down,30\n",
    ],
)
def test_neither_a_sign_nor_the_order_of_days_matters(mapped: Mapped, log: str) -> None:
    assert sorted(lines(mapped, log), reverse=True) == [
        ("a", "70.000000", "2025-03-01", None),
        ("a", "100.000000", "2025-01-10", "2025-03-01"),
    ]


@pytest.mark.parametrize("amount", ["", "0", "100", "-100"])
def test_a_cancellation_ends_everything_whatever_its_amount(mapped: Mapped, amount: str) -> None:
    log = f"a,2025-01-10,New,100\nbirch,2025-01-01,New,7\na,2025-03-01,Gone,{amount}\n"
    assert lines(mapped, log) == [
        ("a", "100.000000", "2025-01-10", "2025-03-01"),
        ("birch", "7.000000", "2025-01-01", None),
    ]


def test_products_are_told_apart_where_the_log_names_them(mapped: Mapped) -> None:
    said = SAID + '\nproduct_id = "sku"'
    log = "a,2025-01-01,New,10,pro\na,2025-02-01,New,5,seat\na,2025-03-01,Gone,,pro\n"
    found = lines(mapped, log, said, "who,day,what,amt,sku\n")
    assert found == [
        ("a", "10.000000", "2025-01-01", "2025-03-01"),
        ("a", "5.000000", "2025-02-01", None),
    ]
    assert mapped.column("product_id") == ["pro", "seat"]


@pytest.mark.parametrize(
    ("row", "column", "value"),
    [
        ("ash,soon,Up,5", "valid_from", ("soon", "is not a date (2026-03-01)")),
        ("a,2025-02-01,Paused,5", "mrr", ("Paused", "is none of the values that are listed")),
        ("a,2025-02-01,Up,five", "mrr", ("five", "is not a number (1234.5), or too large")),
        ("a,2025-02-01,Up,", "mrr", ("upgrade", "has no amount")),
        ("a,2025-02-01,,5", "mrr", ("5", "says no movement")),
        (",2025-02-01,Up,5", "account_id", None),
    ],
)
def test_a_movement_that_does_not_read_is_set_aside_at_its_line(
    mapped: Mapped, row: str, column: str, value: object
) -> None:
    lines(mapped, f"a,2025-01-01,New,10\n{row}\n")
    assert mapped.column("mrr")[0] == "10.000000"
    assert mapped.column(column)[1] == value
    assert mapped.lines() == [2, 3]
    assert mapped.preview().set_aside == 1


def test_a_log_that_begins_in_the_middle_is_told(mapped: Mapped) -> None:
    lines(mapped, "a,2025-01-01,Up,10\nbirch,2025-01-01,New,10\n")
    (told,) = mapped.view().notices
    assert told.startswith("1 accounts do not begin with 'new', the first is a")


def test_a_log_without_a_currency_is_in_the_one_given() -> None:
    said = {
        "file": "log.csv",
        "shape": "movements",
        "columns": {"account_id": "a", "on": "b", "movement": "c", "amount": "d"},
    }
    (mapping,) = parse_all("[sources.shop]", "subscriptions", said)
    (filling,) = [one for one in mapping.in_currency("CHF").fillings if one.name == "currency"]
    assert filling.constant == "CHF"
    chosen = parse_all("[sources.shop]", "subscriptions", said | {"select": "SELECT * FROM raw"})
    assert chosen[0].in_currency("CHF") == chosen[0]


@pytest.mark.parametrize(
    ("table", "said", "words"),
    [
        ("deals", SAID, "movements become subscriptions"),
        (
            "subscriptions",
            'shape = "movements"\n[columns]\non = "day"',
            "movements need account_id",
        ),
        ("subscriptions", SAID + '\nmrr = "amt"', "'movements' has no column 'mrr'"),
    ],
)
def test_what_is_no_log_is_refused(mapped: Mapped, table: str, said: str, words: str) -> None:
    with pytest.raises(DataError, match=words):
        mapped.map(table, f'file = "log.csv"\n{said}')

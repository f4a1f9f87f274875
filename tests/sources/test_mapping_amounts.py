"""What stands in a file is not always the amount: what was refunded comes off it, and cents are a
hundredth. Every figure is worked out by hand.
"""

import pytest
from tests.sources.conftest import Mapped
from tests.sources.test_mapping_columns import column

from kampass.errors import DataError


@pytest.mark.parametrize(
    ("cells", "said", "read"),
    [
        ("400.00,100.00", 'minus = "b"', "300.000000"),
        ("400,", 'minus = "b"', "400.000000"),
        ("400,-100", 'minus = "b"', "500.000000"),
        (",100", 'minus = "b"', None),
        ('"1.400,50","1.000,25"', 'minus = "b", decimal = ",", thousands = "."', "400.250000"),
        ('"200,00-",', 'decimal = ",", negative = "trailing"', "-200.00"),
        ('"200,00- €",', 'decimal = ",", remove = ["€"], negative = "trailing"', "-200.00"),
        ("-7,", 'negative = "trailing"', "-7"),
        ("12345,", "scale = 0.01", "123.450000"),
        ("-5,", "scale = 0.01", "-0.050000"),
        ("1.5,", "scale = 1000", "1500.000000"),
        ("1.0000005,", "scale = 1", "1.000001"),
        ("400,100", 'minus = "b", scale = 0.01', "3.000000"),
        ("1200,", 'scale = 0.01, per = "year"', "1.000000"),
        ("999999999999,", "scale = 0.000001", "999999.999999"),
        ("999999,", "scale = 1000000", "999999000000.000000"),
    ],
)
def test_an_amount_is_what_is_left_of_it_in_its_own_size(
    mapped: Mapped, cells: str, said: str, read: object
) -> None:
    assert column(
        mapped, f"a,b\n{cells}\n", f'mrr = {{ column = "a", {said} }}', "subscriptions"
    ) == [read]


def test_what_is_taken_off_and_is_no_number_sets_the_amount_aside(mapped: Mapped) -> None:
    said = 'amount = { column = "a", minus = "b" }'
    ((value, reason),) = column(mapped, "a,b\n400,some\n", said, "purchases")
    assert (value, reason) == ("400", "is less what b says, which is no number")


@pytest.mark.parametrize(
    ("said", "wrong"),
    [
        ('amount = { column = "a", scale = 0 }', "scale is a number from 0.000001"),
        ('amount = { column = "a", scale = "cents" }', "scale is a number from 0.000001"),
        ('amount = { column = "a", scale = true }', "scale is a number from 0.000001"),
        ('id = { column = "a", scale = 0.01 }', "scale is for amounts of money"),
        ('id = { column = "a", minus = "b" }', "minus is for amounts of money"),
    ],
)
def test_a_key_that_makes_no_amount_is_an_error(mapped: Mapped, said: str, wrong: str) -> None:
    with pytest.raises(DataError, match=wrong):
        column(mapped, "a,b\n1,2\n", said, "purchases")


def test_a_trailing_minus_is_asked_about_by_its_key(mapped: Mapped) -> None:
    mapped.write(t_csv='a\n"1.200,50"\n"200,00-"\n')
    (question,) = mapped.map("deals", 'file = "t.csv"\n[columns]\namount = "a"').preview().questions
    settings = [reading.setting for reading in question.readings]
    assert any('negative = "trailing"' in line and 'decimal = ","' in line for line in settings)

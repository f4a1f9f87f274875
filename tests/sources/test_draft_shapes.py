"""What values look like: nothing is settled that some value could contradict."""

import pytest

from kampass.intake.mapping.draft.fits import ColumnValues, Fit, fits
from kampass.intake.mapping.draft.shapes import DateShape, NumberShape, dates, flags, numbers


@pytest.mark.parametrize(
    ("values", "shape"),
    [
        (["2025-01-02", "2025-01-03T10:00:00Z"], DateShape(clock=True)),
        (["2025-01-02 10:00"], DateShape(clock=True, local=True)),
        (["03/04/2026"], DateShape(("%d/%m/%Y",), open=True)),
        (["03/04/2026", "13/04/2026"], DateShape(("%d/%m/%Y",))),
        (["03/13/2025 09:00:00 PM"], DateShape(("%m/%d/%Y %I:%M:%S %p",), clock=True, local=True)),
        (["09/Oct/25 1:42 PM"], DateShape(("%d/%b/%y %I:%M %p",), clock=True, local=True)),
        (["31.01.2025", "2.2.2025"], DateShape(("%d.%m.%Y",))),
        (["Mar 3, 2025"], DateShape(("%b %d, %Y",))),
        (["2025-03-01 10:00:00 +0100"], DateShape(("%Y-%m-%d %H:%M:%S %z",), clock=True)),
        (["13/01/2025", "01/13/2025"], None),
        (["31.02.2025"], None),
        (["2025-01-02", "soon"], None),
        ([], None),
    ],
)
def test_days_and_instants_in_one_order_or_open(values: list[str], shape: DateShape | None) -> None:
    assert dates(values) == shape


@pytest.mark.parametrize(
    ("values", "shape"),
    [
        (["7", "12"], NumberShape(whole=True)),
        (["1.234,56", "12,5"], NumberShape(",", ".")),
        (["1 234,56"], NumberShape(",", " ")),
        (["$1,234,567.00", "($2,000.00)"], NumberShape(".", ",", ("$",), "brackets")),
        (["1.200,50", "200,00-", "5,00 -"], NumberShape(",", ".", (), "trailing")),
        (["(5.00)", "5.00-"], None),
        (["1.234"], NumberShape(open=True)),
        (["1,440", "30"], NumberShape(open=True)),
        (["12.5", "1.234"], NumberShape(".")),
        (["12.5", "12,5"], None),
        (["1,234.5", "1.234,5"], None),
        (["$12.5k"], None),
        (["5", "n/a"], None),
    ],
)
def test_numbers_with_one_decimal_sign_or_open(
    values: list[str], shape: NumberShape | None
) -> None:
    assert numbers(values) == shape


def test_yes_and_no_in_words_and_nothing_else() -> None:
    assert flags(["Ja", "Nein", "Ja"]) == (("Ja",), ("Nein",))
    assert flags(["Ja", "Vielleicht"]) is None


@pytest.mark.parametrize(
    ("column", "values", "keys"),
    [
        ("valid_from", ("45292", "2025-01-01"), {}),
        ("valid_from", ("2025-01-01 00:00:00",), {"date": "%Y-%m-%d %H:%M:%S"}),
        ("valid_from", ("2025-01-01T09:00:00Z",), {"date": "%Y-%m-%dT%H:%M:%S%z"}),
        ("mrr", ("(5.00)", "$7"), {"remove": ["$"], "negative": "brackets"}),
        ("is_trial", ("Y", "N"), {"true": ["Y"], "false": ["N"]}),
    ],
)
def test_a_column_that_fits_says_how_it_is_read(
    column: str, values: tuple[str, ...], keys: dict[str, object]
) -> None:
    verdict = fits("subscriptions", column, ColumnValues("x", values, len(values)))
    assert isinstance(verdict, Fit) and verdict.keys == keys


@pytest.mark.parametrize(
    ("table", "column", "values"),
    [
        ("deals", "status", ("Active", "Inactive")),
        ("deals", "amount", ("see contract",)),
        ("deals", "account_id", ("71;72", "73")),
        ("deals", "contact_id", ("Pat Kim",)),
        ("tickets", "created_at", ("Ada",)),
        ("tickets", "id", ("1", "1")),
        ("tickets", "reopened", ("0.5",)),
        ("tickets", "priority", ("2025-01-13",)),
        ("subscriptions", "currency", ("Euro",)),
        ("responses", "score", ("Promoter",)),
    ],
)
def test_a_right_name_over_wrong_values_fits_nothing(
    table: str, column: str, values: tuple[str, ...]
) -> None:
    assert isinstance(fits(table, column, ColumnValues("x", values, len(values))), str)

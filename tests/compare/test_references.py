"""What a figure is compared with: the period before or a year ago, as many days of it, within
coverage.
"""

import pytest
from tests.compare.worlds_compared import (
    COVERAGE,
    PURCHASES_COVERED,
    TOUCHES_COVERED,
    Compare,
    changed,
    csat,
    purchases,
    stretch,
    touches,
)

from kampass.catalogue import shipped
from kampass.engine import Engine, Question, Settings
from kampass.workspace.authoring.worlds import Worlds


def test_without_a_comparison_the_answer_has_no_change() -> None:
    with Worlds() as worlds:
        snapshot = worlds.snapshot(csat(("2026-01", 1, 1)))
        result = Engine(snapshot, shipped(), Settings()).ask(Question(("csat",), "2026-01"))
    assert "change" not in result[0].to_dict()
    assert not [name for name in result.to_arrow().column_names if name.startswith("change")]


def test_the_previous_of_a_range_of_two_months_is_the_two_months_before(compare: Compare) -> None:
    tables = {
        "touches": touches(
            "2025-10-31", "2025-11-01", "2025-12-31", "2026-01-01", "2026-01-02", "2026-02-28"
        ),
        "coverage": TOUCHES_COVERED,
    }
    change = changed(compare(tables, "customer_interactions", "2026-01..2026-02"))
    assert stretch(change) == ("2025-11-01", "2026-01-01")
    assert (change.value, change.difference) == (2, 1)


def test_each_piece_of_a_grain_is_compared_with_the_piece_before(compare: Compare) -> None:
    tables = {
        "touches": touches("2025-12-05", "2026-01-05", "2026-01-06", "2026-02-05"),
        "coverage": TOUCHES_COVERED,
    }
    answers = compare(tables, "customer_interactions", "2026-Q1", grain="month")
    assert [
        (answer.value, answer.change.value, answer.change.difference)
        for answer in answers
        if answer.change
    ] == [(2, 1, 1), (1, 2, -1), (0, 1, -1)]


def test_a_week_a_year_ago_is_the_same_iso_week(compare: Compare) -> None:
    """2026-W09 starts on Monday 23 February 2026, 2025-W09 on Monday 24 February 2025."""
    tables = {
        "touches": touches("2025-02-23", "2025-02-24", "2025-03-02", "2025-03-03", "2026-02-23"),
        "coverage": TOUCHES_COVERED,
    }
    change = changed(compare(tables, "customer_interactions", "2026-W09", against="year-ago"))
    assert (change.against, *stretch(change)) == ("year-ago", "2025-02-24", "2025-03-03")
    assert (change.value, change.difference) == (2, -1)


def test_a_partial_period_is_compared_with_the_same_elapsed_days(compare: Compare) -> None:
    """Loaded on 10 March at noon: ten days have begun, so 1 to 10 February count, the tenth in
    full, the eleventh not.
    """
    tables = {
        "touches": touches(
            "2026-02-01",
            "2026-02-10T23:00:00Z",
            "2026-02-11T00:00:00Z",
            "2026-02-28",
            "2026-03-01",
            "2026-03-09",
            "2026-03-10T11:00:00Z",
        )
    }
    (answer,) = compare(tables, "customer_interactions", "2026-03", at="2026-03-10T12:00:00Z")
    assert (answer.value, answer.status) == (3, "partial")
    change = changed([answer])
    assert stretch(change) == ("2026-02-01", "2026-02-11")
    assert (change.value, change.difference) == (2, 1)


def test_elapsed_days_are_local_days(compare: Compare) -> None:
    """Ten in the morning of the third in UTC is midnight in Honolulu, ten hours behind: two days
    have passed there.
    """
    tables = {
        "touches": touches(
            "2026-02-02T20:00:00Z",
            "2026-02-03T09:59:00Z",
            "2026-02-03T10:00:00Z",
            "2026-03-02T20:00:00Z",
        )
    }
    change = changed(
        compare(
            tables,
            "customer_interactions",
            "2026-03",
            at="2026-03-03T10:00:00Z",
            timezone="Pacific/Honolulu",
        )
    )
    assert stretch(change) == ("2026-02-01", "2026-02-03")
    assert (change.value, change.difference) == (2, -1)


def test_more_elapsed_days_than_the_month_before_has_are_the_whole_month(compare: Compare) -> None:
    tables = {"touches": touches("2026-02-01", "2026-02-28", "2026-03-01")}
    change = changed(compare(tables, "customer_interactions", "2026-03", at="2026-03-31T12:00:00Z"))
    assert (stretch(change), change.value) == (("2026-02-01", "2026-03-01"), 2)


def test_growth_in_a_partial_month_is_compared_with_growth_as_it_stood_then(
    compare: Compare,
) -> None:
    """March so far 60 after all of February's 40: +50 %. February to the tenth had 20 after all of
    January's 80: -75 %.
    """
    tables = {
        "purchases": purchases(
            a={"2026-01-20": 80, "2026-02-05": 20, "2026-02-20": 20, "2026-03-05": 60}
        )
    }
    (answer,) = compare(tables, "sales_growth_rate", "2026-03", at="2026-03-10T12:00:00Z")
    assert answer.value == pytest.approx(50)
    assert (changed([answer]).value, changed([answer]).difference) == (
        pytest.approx(-75),
        pytest.approx(125),
    )


def test_a_reference_before_coverage_has_no_value_and_says_so(compare: Compare) -> None:
    tables = {
        "touches": touches("2026-01-05", "2026-01-06"),
        "coverage": COVERAGE + "touches,2026-01-01,2027-01-01\n",
    }
    change = changed(compare(tables, "customer_interactions", "2026-01"))
    assert (change.value, change.difference, change.detectable, change.reason) == (
        None,
        None,
        None,
        "not_covered",
    )


def test_a_reference_whose_coverage_ends_within_it_cannot_be_compared_with(
    compare: Compare,
) -> None:
    coverage = COVERAGE + "touches,2025-12-01,2025-12-20\ntouches,2026-01-01,2027-01-01\n"
    change = changed(
        compare(
            {"touches": touches("2025-12-05", "2026-01-05"), "coverage": coverage},
            "customer_interactions",
            "2026-01",
        )
    )
    assert (change.value, change.difference, change.reason) == (None, None, "not_covered")


def test_a_slice_that_the_reference_lacks_is_zero_for_a_count_and_no_value_for_a_mean(
    compare: Compare,
) -> None:
    tables = {
        "purchases": purchases(a={"2026-01-05": 10, "2026-02-05": 30}, b={"2026-02-05": 20}),
        "coverage": PURCHASES_COVERED + "touches,2024-01-01,2027-01-01\n",
    }
    means = compare(tables, "average_purchase_value", "2026-02", by="account")
    assert [
        (answer.change.value, answer.change.difference, answer.change.reason)
        for answer in means
        if answer.change
    ] == [
        (10, 20, None),
        (None, None, "zero_denominator"),
    ]
    tables |= {
        "touches": touches("2026-01-05", "2026-02-05", "2026-02-05", "2026-02-05", accounts="aab")
    }
    counts = compare(tables, "customer_interactions", "2026-02", by="account", total="yes")
    assert [
        (answer.dimensions, answer.change.value, answer.change.difference)
        for answer in counts
        if answer.change
    ] == [
        ({"account": "a"}, 1, 1),
        ({"account": "b"}, 0, 1),
        ({}, 1, 2),
    ]


def test_a_slice_that_an_uncovered_reference_lacks_is_not_zero(compare: Compare) -> None:
    tables = {
        "touches": touches("2026-01-05"),
        "coverage": COVERAGE + "touches,2026-01-01,2027-01-01\n",
    }
    change = changed(compare(tables, "customer_interactions", "2026-01", by="account"))
    assert (change.value, change.difference, change.reason) == (None, None, "not_covered")

"""A figure against the previous period or the year before: the reference, the difference, and what
may be said of it.
"""

import csv
import io
import json
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from math import sqrt
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from kampass.catalogue import shipped
from kampass.cli.app import app
from kampass.engine import Answer, Engine, Question, Settings, parse_filter
from kampass.engine.answer import Change
from kampass.engine.intervals import (
    adjusted_wald_difference,
    bootstrap_t,
    clustered_newcombe,
    newcombe,
    student,
)
from kampass.errors import QuestionError
from kampass.insight import ask
from kampass.insight.change import compare as comparing
from kampass.periods import Calendar
from kampass.render.display import show_change
from kampass.workspace import create
from kampass.workspace.authoring.worlds import Worlds
from kampass.workspace.settings import SourceSettings, WorkspaceSettings

Tables = dict[str, str]
Compare = Callable[..., list[Answer]]
COVERAGE = "table,covered_from,covered_to\n"
TOUCHES_COVERED = COVERAGE + "touches,2024-01-01,2027-01-01\n"
PURCHASES_COVERED = COVERAGE + "purchases,2024-01-01,2027-01-01\n"


@pytest.fixture(scope="module")
def compare() -> Iterator[Compare]:
    """Ask one KPI of a world that was loaded at an instant, compared."""
    with Worlds() as worlds:

        def asked(
            tables: Tables,
            kpi: str,
            period: str,
            *,
            against: str = "previous",
            at: str = "2026-12-31T00:00:00Z",
            **cut: str,
        ) -> list[Answer]:
            zone = cut.get("timezone", "UTC")
            snapshot = worlds.snapshot(
                tables, timezone=zone, recorded_at=datetime.fromisoformat(at)
            )
            engine = Engine(snapshot, shipped(), Settings(Calendar(zone)))
            by = tuple(name for name in cut.get("by", "").split(",") if name)
            where = (parse_filter(cut["where"]),) if "where" in cut else ()
            return list(
                ask(
                    engine,
                    Question((kpi,), period, cut.get("grain"), by, where, "total" in cut, against),
                )
            )  # type: ignore[arg-type]

        yield asked


def touches(*instants: str, accounts: Sequence[str] = "a", channel: str = "call") -> str:
    """One call each, the accounts in turn; a bare day is its noon."""
    lines = [
        f"t{number},{instant if 'T' in instant else f'{instant}T12:00:00Z'},{channel},outbound,{accounts[number % len(accounts)]}"
        for number, instant in enumerate(instants)
    ]
    return "\n".join(["id,occurred_at,channel,direction,account_id", *lines]) + "\n"


def purchases(**amounts: dict[str, float]) -> str:
    """A purchase for each account and day: `a={"2026-01-05": 10}`."""
    lines = [
        f"{account}{day},{account},{day}T00:00:00Z,{amount},USD"
        for account, bought in amounts.items()
        for day, amount in bought.items()
    ]
    return "\n".join(["id,account_id,purchased_at,amount,currency", *lines]) + "\n"


def csat(*months: tuple[str, int, int]) -> Tables:
    """So many satisfied answers of so many in each month."""
    lines = [
        f"{month}-{number},s,{month}-10T00:00:00Z,{5 if number < satisfied else 1},a"
        for month, satisfied, n in months
        for number in range(n)
    ]
    return {
        "surveys": "id,kind,scale_min,scale_max\ns,csat,1,5\n",
        "responses": "\n".join(["id,survey_id,responded_at,score,account_id", *lines]) + "\n",
    }


def changed(answers: list[Answer]) -> Change:
    (answer,) = answers
    assert answer.change is not None
    return answer.change


def stretch(change: Change) -> tuple[str, str]:
    return change.period_start.isoformat(), change.period_end.isoformat()


def test_newcombe_gives_the_published_example() -> None:
    """Newcombe 1998, table II (a): 56/70 - 48/80 = 0.2, method 10: 0.0524 to 0.3339."""
    assert newcombe((56, 70), (48, 80)) == pytest.approx((0.0524, 0.3339), abs=5e-5)


def test_newcombe_stays_within_what_is_possible() -> None:
    assert newcombe((10, 10), (0, 20))[1] == pytest.approx(1)
    assert newcombe((0, 10), (20, 20))[0] == pytest.approx(-1)


def test_the_adjusted_wald_difference_worked_by_hand() -> None:
    """With 3 more answers each: 24.75, 3.75 of 36 against 15.75, 12.75 of 36.

    Centres 0.58333 and 0.08333; variances (0.79167 - 0.34028) / 36 and (0.79167 - 0.00694) / 36,
    together 0.034336; 0.5 less and more 1.959964 x 0.185301.
    """
    assert adjusted_wald_difference((24, 3, 33), (15, 12, 33)) == pytest.approx(
        (0.136817, 0.863183), abs=1e-6
    )


def test_a_share_is_compared_by_newcombe_in_percentage_points(compare: Compare) -> None:
    (answer,) = compare(csat(("2026-01", 48, 80), ("2026-02", 56, 70)), "csat", "2026-02")
    assert answer.change is not None
    assert answer.change.to_dict() == {
        "with": "previous",
        "period_start": "2026-01-01",
        "period_end": "2026-02-01",
        "value": 60.0,
        "difference": pytest.approx(20),
        "low": pytest.approx(5.24, abs=0.005),
        "high": pytest.approx(33.39, abs=0.005),
        "method": "newcombe",
        "detectable": True,
        "carried_by": None,
        "reason": None,
    }


def test_nps_is_compared_by_adjusted_wald(compare: Compare) -> None:
    """The votes worked by hand above: 24 promoters and 3 detractors of 33, after 15 and 12 of
    33.
    """
    months = {"2026-01": [9] * 15 + [0] * 12 + [7] * 6, "2026-02": [9] * 24 + [0] * 3 + [7] * 6}
    lines = [
        f"{month}-{number},s,{month}-10T00:00:00Z,{score},a"
        for month, scores in months.items()
        for number, score in enumerate(scores)
    ]
    tables = {
        "surveys": "id,kind,scale_min,scale_max\ns,nps,0,10\n",
        "responses": "\n".join(["id,survey_id,responded_at,score,account_id", *lines]) + "\n",
    }
    change = changed(compare(tables, "nps", "2026-02"))
    assert change.difference == pytest.approx(100 * (21 - 3) / 33)
    assert (change.low, change.high) == pytest.approx((13.6817, 86.3183), abs=1e-4)
    assert (change.method, change.detectable) == ("adjusted_wald", True)


def test_fewer_than_eight_units_on_either_side_give_a_difference_without_an_interval(
    compare: Compare,
) -> None:
    for n, method in ((7, None), (8, "newcombe")):
        few = csat(("2026-01", n, n), ("2026-02", 56, 70))
        change = changed(compare(few, "csat", "2026-02"))
        assert change.difference == pytest.approx(-20)
        assert change.method == method
        assert (change.detectable is None) == (method is None) == (change.low is None)


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


BOOK = {
    account: {"2026-01-05": 10.0 * number, "2026-02-05": 10.0 * number}
    for number, account in enumerate("abcdefgh", start=1)
}


def test_an_unchanged_book_has_a_difference_of_zero_that_is_not_detectable(
    compare: Compare,
) -> None:
    """Eight accounts buy for 10 to 80, the same in both months: whichever are drawn, nothing
    changes, because both months draw alike.
    """
    change = changed(
        compare(
            {"purchases": purchases(**BOOK), "coverage": PURCHASES_COVERED},
            "average_purchase_value",
            "2026-02",
        )
    )
    assert (change.value, change.difference, change.low, change.high) == (45, 0, 0, 0)
    assert (change.method, change.detectable) == ("bootstrap", False)


def test_an_account_s_growth_is_seen_through_the_differences_between_accounts(
    compare: Compare,
) -> None:
    """Each of the eight buys for 5 more: every resample says +5, however unlike the accounts
    are.
    """
    grown = {
        account: bought | {"2026-02-05": bought["2026-01-05"] + 5}
        for account, bought in BOOK.items()
    }
    change = changed(
        compare(
            {"purchases": purchases(**grown), "coverage": PURCHASES_COVERED},
            "average_purchase_value",
            "2026-02",
        )
    )
    assert (change.difference, change.low, change.high) == (5, pytest.approx(5), pytest.approx(5))
    assert change.detectable is True


def test_one_account_says_nothing_about_others(compare: Compare) -> None:
    tables = {
        "purchases": purchases(
            a={"2026-01-05": 10, "2026-01-06": 10, "2026-02-05": 30, "2026-02-06": 30}
        ),
        "coverage": PURCHASES_COVERED,
    }
    for cut in ({}, {"by": "account"}, {"where": "account=a"}):
        change = changed(compare(tables, "average_purchase_value", "2026-02", **cut))
        assert (change.difference, change.method, change.detectable) == (20, None, None)


def test_the_bootstrap_gives_the_same_interval_every_time_whatever_else_is_asked(
    compare: Compare,
) -> None:
    other = {
        account: {"2026-01-05": 7.0 * number, "2026-02-05": 90.0 / number}
        for number, account in enumerate("abcdefgh", start=1)
    }
    tables = {"purchases": purchases(**other, i={"2026-03-01": 5}), "coverage": PURCHASES_COVERED}
    once, again = (changed(compare(tables, "average_purchase_value", "2026-02")) for _ in range(2))
    assert once == again
    assert once.low is not None
    assert once.low < (once.difference or 0) < (once.high or 0)
    (_, within, _) = compare(tables, "average_purchase_value", "2026-Q1", grain="month")
    assert within.change == once


def test_the_bootstrap_of_a_total_worked_by_hand() -> None:
    """Two accounts grow by 0 and by 1, so that a resample grows by as many times w as it counts the
    second.

    Its error in standard errors is |w - 1| / sqrt(0.9 w + 0.1): 3.1623 with w = 0, which 37 of 100
    resamples have and only w >= 13 exceeds. The standard error is 1, so the interval reaches 3.1623
    to each side of 1.
    """
    assert bootstrap_t(np.array([[5.0], [8.0]]), np.array([[5.0], [7.0]])) == pytest.approx(
        (-2.16228, 4.16228), abs=1e-5
    )


def test_a_denominator_that_few_resamples_hold_gives_no_interval() -> None:
    """Of three accounts one has a denominator: 37 of 100 resamples lack it."""
    side = np.array([[1.0, 2.0], [1.0, 0.0], [0.0, 0.0]])
    assert bootstrap_t(side, side[::-1]) is None


def test_the_widening_of_a_share_worked_by_hand() -> None:
    """Four accounts of five units, all or nothing successful, the others the next time.

    Share 1/2 on both sides; residuals +-2.5 of 20 units, now less before +-1/4, over sqrt(3/4):
    together 4 x 1/16 x 4/3 = 1/3. Independent units would vary by 2 x 1/4 / 20 = 1/40, so the
    design effect is 13.333, and t with three degrees 3.18.
    """
    now = np.array([[5.0, 5.0], [5.0, 5.0], [0.0, 5.0], [0.0, 5.0]])
    assert student(3) == pytest.approx(3.182, abs=0.01)
    assert clustered_newcombe(now, now[::-1]) == newcombe(
        (10, 20), (10, 20), student(3) * sqrt(40 / 3)
    )


def tickets(*months: tuple[str, list[tuple[str, int, int]]]) -> Tables:
    """For each month and account so many tickets solved at once of so many."""
    lines = [
        f"{month}{account}{number},{month}-02T00:00:00Z,{account},{month}{account}{number},{month}-03T00:00:00Z,{1 if number < solved else 3},0"
        for month, listed in months
        for account, solved, n in listed
        for number in range(n)
    ]
    return {
        "tickets": "\n".join(
            ["id,created_at,account_id,topic,resolved_at,agent_replies,reopened", *lines]
        )
        + "\n"
    }


def solved(accounts: int, each: int, successes: int) -> list[tuple[str, int, int]]:
    """So many accounts of `each` tickets, of which the first accounts solve all until the successes
    are used up.
    """
    return [
        (f"A{number:02}", min(each, max(0, successes - each * number)), each)
        for number in range(accounts)
    ]


def test_a_share_of_units_with_an_account_each_is_compared_by_newcombe_as_published(
    compare: Compare,
) -> None:
    change = changed(
        compare(
            tickets(("2026-01", solved(80, 1, 48)), ("2026-02", solved(70, 1, 56))),
            "fcr",
            "2026-02",
        )
    )
    assert (change.low, change.high) == (
        pytest.approx(5.24, abs=0.005),
        pytest.approx(33.39, abs=0.005),
    )
    assert (change.method, change.detectable) == ("newcombe", True)


def test_units_of_unknown_accounts_stand_alone(compare: Compare) -> None:
    change = changed(
        compare(tickets(("2026-01", [("", 48, 80)]), ("2026-02", [("", 56, 70)])), "fcr", "2026-02")
    )
    assert (change.low, change.high, change.method) == (
        pytest.approx(5.24, abs=0.005),
        pytest.approx(33.39, abs=0.005),
        "newcombe",
    )


def test_one_account_s_own_units_are_compared_as_they_are(compare: Compare) -> None:
    """Whether it is filtered or cut: its own rate is the question."""
    tables = tickets(
        ("2026-01", [("a", 48, 80), ("b", 1, 1)]), ("2026-02", [("a", 56, 70), ("b", 1, 1)])
    )
    for cut in ({"where": "account=a"}, {"by": "account"}):
        change = compare(tables, "fcr", "2026-02", **cut)[0].change
        assert change is not None
        assert (change.low, change.high, change.method) == (
            pytest.approx(5.24, abs=0.005),
            pytest.approx(33.39, abs=0.005),
            "newcombe",
        )


def test_a_share_is_widened_where_accounts_differ_and_not_where_they_are_alike(
    compare: Compare,
) -> None:
    """Twelve accounts of ten tickets, 60 of 120 and then 90 of 120. Where each account solves all
    or nothing, three turning round are nothing much.
    """
    alike = tickets(
        ("2026-01", [(f"A{n:02}", 5, 10) for n in range(12)]),
        ("2026-02", [(f"A{n:02}", 7 + n % 2, 10) for n in range(12)]),
    )
    unlike = tickets(("2026-01", solved(12, 10, 60)), ("2026-02", solved(12, 10, 90)))
    low, high = newcombe((90, 120), (60, 120))
    plain, wide = (changed(compare(tables, "fcr", "2026-02")) for tables in (alike, unlike))
    assert (plain.low, plain.high, plain.detectable) == (
        pytest.approx(100 * low),
        pytest.approx(100 * high),
        True,
    )
    assert (wide.difference, wide.method, wide.detectable) == (25, "newcombe", False)
    assert wide.low is not None
    assert wide.low < 0 < 100 * low


def test_few_accounts_say_nothing_of_a_share_whose_units_they_share(compare: Compare) -> None:
    """Seven accounts are too few, and so are eight of which one has the greater part of the
    tickets.
    """
    for few in (solved(7, 10, 30), [*solved(7, 2, 6), ("giant", 5, 10)]):
        change = changed(compare(tickets(("2026-01", few), ("2026-02", few)), "fcr", "2026-02"))
        assert (change.difference, change.low, change.method, change.detectable) == (
            0,
            None,
            None,
            None,
        )
    change = changed(
        compare(
            tickets(("2026-01", solved(8, 10, 30)), ("2026-02", solved(8, 10, 30))),
            "fcr",
            "2026-02",
        )
    )
    assert (change.method, change.detectable) == ("newcombe", False)


def test_an_account_with_the_greater_part_of_a_denominator_leaves_the_others_unheard(
    compare: Compare,
) -> None:
    """Of 23 purchases a month in eight accounts nine are one account's (39 %), or ten of 24 (42
    %).
    """
    for times, method in ((9, "bootstrap"), (10, None)):
        bought = {
            account: {
                f"{month}-{day:02}": 10.0 * day
                for month in ("2026-01", "2026-02")
                for day in (1, 2)
            }
            for account in "abcdefg"
        }
        giant = {
            f"{month}-{day:02}": 50.0
            for month in ("2026-01", "2026-02")
            for day in range(1, times + 1)
        }
        change = changed(
            compare(
                {"purchases": purchases(**bought, h=giant), "coverage": PURCHASES_COVERED},
                "average_purchase_value",
                "2026-02",
            )
        )
        assert (change.difference, change.method, change.detectable) == (
            0,
            method,
            False if method else None,
        )


def test_a_count_is_what_it_is_and_says_how_much_one_account_carries(compare: Compare) -> None:
    """Ten accounts were called once and nobody is: each carries a tenth. Where a is called twice
    less and b once more, a carries twice the difference.
    """
    ten = touches(*["2026-01-05"] * 10, accounts="abcdefghij")
    both = touches("2026-01-05", "2026-01-06", "2026-02-05", accounts="aab")
    for rows, difference, carried in ((ten, -10, 10), (both, -1, 200)):
        tables = {"touches": rows, "coverage": TOUCHES_COVERED}
        change = changed(compare(tables, "customer_interactions", "2026-02"))
        assert (change.difference, change.carried_by) == (difference, pytest.approx(carried))
        said = (change.low, change.high, change.method, change.detectable)
        assert said == (None, None, None, None)


def test_nobody_carries_what_did_not_change_or_has_no_account(compare: Compare) -> None:
    """Of three more touches without an account and one less with one, no account made the rise."""
    same = touches("2026-01-05", "2026-02-05", accounts="ab")
    nobody = touches("2026-02-05", "2026-02-06", accounts=("", ""))
    for rows in (same, nobody):
        tables = {"touches": rows, "coverage": TOUCHES_COVERED}
        change = changed(compare(tables, "customer_interactions", "2026-02"))
        assert change.carried_by is None


def test_an_account_carries_all_of_its_own_change(compare: Compare) -> None:
    tables = {
        "touches": touches("2026-02-05", "2026-02-06", accounts="ab"),
        "coverage": TOUCHES_COVERED,
    }
    rows = compare(tables, "customer_interactions", "2026-02", by="account")
    assert [row.change and row.change.carried_by for row in rows] == [100, 100]


def test_counted_units_of_which_the_denominator_counts_all_are_shares() -> None:
    shares = {kpi.id for kpi in shipped() if kpi.is_share and not kpi.interval}
    assert shares == {
        "customer_churn_rate",
        "client_retention_rate",
        "acquisition_rate",
        "inbound_touch_rate",
        "contract_renewal_rate",
        "contract_retention_rate",
        "win_rate",
        "upsell_success_rate",
        "upsell_ratio",
        "cross_sell_rate",
        "customer_referral_rate",
        "referred_customer_rate",
        "feedback_implementation_rate",
        "customer_outcomes",
        "repeat_customer_share",
        "repeat_buyer_share",
        "ticket_reopen_rate",
        "trial_conversion_rate",
        "survey_response_rate",
        "fcr",
    }


def test_what_does_not_add_up_over_accounts_and_what_is_no_sum_has_no_interval(
    compare: Compare,
) -> None:
    """Account managers serve several accounts; a median is no sum."""
    tables = {
        "subscriptions": "id,account_id,mrr,currency,valid_from\n"
        + "".join(f"s{n},A{n},10,USD,2025-01-01\n" for n in range(4)),
        "ownerships": "account_id,user_id,role,valid_from\n"
        + "".join(f"A{n},{'u' if n < 3 else 'v'},account_manager,2025-01-01\n" for n in range(4)),
        "tickets": "id,created_at,account_id,resolved_at\n"
        + "".join(
            f"t{month}{n},2026-0{month}-02T00:00:00Z,A{n},2026-0{month}-03T00:00:00Z\n"
            for n in range(4)
            for month in (1, 2)
        ),
    }
    for kpi in ("client_load_ratio", "time_to_resolution_median"):
        change = changed(compare(tables, kpi, "2026-02"))
        assert (change.difference, change.method, change.detectable) == (0, None, None)


def test_too_many_account_rows_are_not_resampled(
    compare: Compare, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Eight accounts in two months are sixteen rows."""
    tables = {"purchases": purchases(**BOOK), "coverage": PURCHASES_COVERED}
    for most, method in ((16, "bootstrap"), (15, None)):
        monkeypatch.setattr(comparing, "MOST_ACCOUNT_ROWS", most)
        assert changed(compare(tables, "average_purchase_value", "2026-02")).method == method


def test_many_accounts_are_read_some_periods_at_a_time_with_the_same_outcome(
    compare: Compare, monkeypatch: pytest.MonkeyPatch
) -> None:
    tables = {"purchases": purchases(**BOOK), "coverage": PURCHASES_COVERED}
    at_once = compare(tables, "average_purchase_value", "2026-Q1", grain="month")
    monkeypatch.setattr(comparing, "_ROWS_AT_ONCE", 8)
    assert compare(tables, "average_purchase_value", "2026-Q1", grain="month") == at_once


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """48 of 80 satisfied in January, 56 of 70 in February, 42 of 60 in March."""
    folder = tmp_path_factory.mktemp("compare")
    files = folder / "files"
    files.mkdir()
    for name, text in (
        csat(("2026-01", 48, 80), ("2026-02", 56, 70), ("2026-03", 42, 60))
        | {"accounts": "id,name\na,Ash\n"}
    ).items():
        (files / f"{name}.csv").write_text(text, encoding="utf-8")
    made = create(
        folder / "workspace",
        WorkspaceSettings(sources=(SourceSettings("files", "folder", {"path": str(files)}),)),
    )
    made.sync(recorded_at=datetime(2026, 12, 31, tzinfo=UTC))
    made.close()
    return folder / "workspace"


def typed(workspace: Path, period: str, *options: str) -> str:
    done = CliRunner().invoke(
        app, ["kpi", "csat", "--workspace", str(workspace), "--period", period, *options]
    )
    assert done.exit_code == 0, done.output
    return done.stdout


def test_the_command_line_adds_the_change_to_json(workspace: Path) -> None:
    (answer,) = json.loads(typed(workspace, "2026-02", "--compare", "previous", "--format", "json"))
    assert (
        answer["change"]["with"],
        answer["change"]["method"],
        answer["change"]["detectable"],
    ) == ("previous", "newcombe", True)
    assert answer["change"]["difference"] == pytest.approx(20)
    (plain,) = json.loads(typed(workspace, "2026-02", "--format", "json"))
    assert answer.keys() - plain.keys() == {"change"}
    (uncovered,) = json.loads(
        typed(workspace, "2026-02", "--compare", "year-ago", "--format", "json")
    )
    assert (uncovered["change"]["period_start"], uncovered["change"]["reason"]) == (
        "2025-02-01",
        "not_covered",
    )


def test_the_table_shows_the_difference_and_that_it_may_be_chance(workspace: Path) -> None:
    assert "Change" not in typed(workspace, "2026-02")
    risen = typed(workspace, "2026-02", "--compare", "previous")
    assert "Change" in risen
    assert "+20.0 pp" in risen
    assert "may be chance" not in risen
    assert "-10.0 pp, may be chance" in typed(workspace, "2026-03", "--compare", "previous")
    assert "not covered" in typed(workspace, "2026-01", "--compare", "previous")


def test_csv_and_parquet_flatten_the_change(workspace: Path, tmp_path: Path) -> None:
    (row,) = csv.DictReader(
        io.StringIO(typed(workspace, "2026-02", "--compare", "previous", "--format", "csv"))
    )
    assert (
        row["change.with"],
        row["change.period_start"],
        row["change.value"],
        row["change.detectable"],
    ) == ("previous", "2026-01-01", "60", "true")
    done = CliRunner().invoke(
        app,
        [
            "kpi",
            "csat",
            "-w",
            str(workspace),
            "-p",
            "2026-02",
            "--compare",
            "previous",
            "--format",
            "parquet",
        ],
    )
    (tmp_path / "answer.parquet").write_bytes(done.stdout_bytes)
    table = pq.read_table(tmp_path / "answer.parquet")
    assert [name for name in table.column_names if name.startswith("change.")] == [
        "change.with",
        "change.period_start",
        "change.period_end",
        "change.value",
        "change.difference",
        "change.low",
        "change.high",
        "change.method",
        "change.detectable",
        "change.carried_by",
        "change.reason",
    ]
    assert table["change.detectable"].to_pylist() == [True]


def test_a_difference_of_counts_is_shown_with_its_sign_and_who_carries_it(compare: Compare) -> None:
    tables = {
        "touches": touches("2026-01-05", "2026-02-05", "2026-02-06"),
        "coverage": TOUCHES_COVERED,
    }
    (answer,) = compare(tables, "customer_interactions", "2026-02")
    assert show_change(answer, "USD") == "+1, 100 % by one account"


def test_a_ratio_of_few_shows_its_difference_and_that_they_are_too_few(compare: Compare) -> None:
    (answer,) = compare(csat(("2026-01", 1, 2), ("2026-02", 2, 2)), "csat", "2026-02")
    assert show_change(answer, "USD") == "+50.0 pp, too few to tell"


def test_a_comparison_that_does_not_exist_cannot_be_asked_for() -> None:
    with pytest.raises(QuestionError, match="no comparison called 'last-week'"):
        Question(("csat",), "2026-02", compare="last-week")  # type: ignore[arg-type]

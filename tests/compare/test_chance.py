"""What may be chance: shares by Newcombe, NPS by adjusted Wald, growth by resampling accounts."""

import numpy as np
import pytest
from tests.compare.worlds_compared import PURCHASES_COVERED, Compare, changed, csat, purchases

from kampass.engine.intervals import (
    adjusted_wald_difference,
    bootstrap_t,
    newcombe,
)
from kampass.insight.change import compare as comparing


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

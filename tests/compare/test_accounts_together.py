"""Units that share an account: a share is widened where accounts differ, and a count says how
much one account carries.
"""

from math import sqrt

import numpy as np
import pytest
from tests.compare.worlds_compared import (
    PURCHASES_COVERED,
    TOUCHES_COVERED,
    Compare,
    changed,
    purchases,
    solved,
    tickets,
    touches,
)

from kampass.catalogue import shipped
from kampass.engine.intervals import (
    clustered_newcombe,
    newcombe,
    student,
)


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

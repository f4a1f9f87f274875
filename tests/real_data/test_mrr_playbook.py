"""121 subscription periods of 55 customers, and what the public mrr-playbook makes of them month by
month.

A month of the playbook states what is active on its first day. Kampass states the end of a period
just before the next one begins, and a line that starts on 1 February is new in February in both:
the months are the same months.
"""

import csv
from datetime import date
from pathlib import Path

import pytest
from tests.real_data.conftest import MakeWorkspace

from kampass.engine import Answer
from kampass.workspace import Workspace

MOVEMENTS = {
    "new_mrr": "new",
    "churned_mrr": "churn",
    "expansion_mrr": "upgrade",
    "contraction_mrr": "downgrade",
    "reactivation_mrr": "reactivation",
}
"""Each movement and the playbook's name for it."""

MONTHS = [date(year, month, 1) for year in (2017, 2018, 2019) for month in range(1, 13)][8:]
"""September 2017 to December 2019: the data end on 1 January 2020."""

PERIOD = "2017-09..2019-12"
DATA_END = "2020-01-01T00:00:00Z"


@pytest.fixture(scope="module")
def workspace(
    reference_data: Path, make_workspace: MakeWorkspace, tmp_path_factory: pytest.TempPathFactory
) -> Workspace:
    rows = _read(reference_data / "mrr" / "mrr_playbook_subscription_periods.csv")
    accounts = [
        {"id": name, "name": f"Customer {name}"}
        for name in sorted({row["customer_id"] for row in rows})
    ]
    subscriptions = [
        {
            "id": row["subscription_id"],
            "account_id": row["customer_id"],
            "mrr": row["monthly_amount"],
            "currency": "USD",
            "valid_from": row["start_date"],
            "valid_to": row["end_date"],
        }
        for row in rows
    ]
    return make_workspace(
        tmp_path_factory.mktemp("mrr"),
        {"accounts": accounts, "subscriptions": subscriptions},
        DATA_END,
    )


@pytest.fixture(scope="module")
def oracle(reference_data: Path) -> dict[date, dict[str, float]]:
    """The playbook's months; one without a row had no customer and no movement."""
    found = {month: dict.fromkeys([*MOVEMENTS.values(), "mrr", "prev"], 0.0) for month in MONTHS}
    for row in _read(reference_data / "mrr" / "oracle_mrr_playbook_monthly.csv"):
        month = date.fromisoformat(row.pop("m"))
        if month in found:
            found[month] = {name: float(value) for name, value in row.items() if value}
    return found


def test_every_movement_of_every_month_is_the_playbook_s(
    workspace: Workspace, oracle: dict[date, dict[str, float]]
) -> None:
    for kpi, name in MOVEMENTS.items():
        found = monthly(workspace, kpi)
        assert {month: answer.value for month, answer in found.items()} == {
            month: abs(row[name]) for month, row in oracle.items()
        }, kpi
        assert {answer.status for answer in found.values()} == {"ok"}, kpi


def test_the_mrr_of_every_month_is_the_playbook_s(
    workspace: Workspace, oracle: dict[date, dict[str, float]]
) -> None:
    ends = {month: answer.value for month, answer in monthly(workspace, "mrr_end").items()}
    starts = {month: answer.value for month, answer in monthly(workspace, "mrr_start").items()}
    assert ends == {month: row["mrr"] for month, row in oracle.items()}
    assert starts == {month: row["prev"] for month, row in oracle.items()}


@pytest.mark.parametrize(("kpi", "name"), [("nrr", "NRR"), ("grr", "GRR")])
def test_the_retention_of_every_month_is_the_playbook_s(
    workspace: Workspace, oracle: dict[date, dict[str, float]], kpi: str, name: str
) -> None:
    for month, answer in monthly(workspace, kpi).items():
        if name in oracle[month]:
            assert answer.value == pytest.approx(100 * oracle[month][name], abs=1e-4), month
        else:
            assert (answer.value, answer.reason) == (None, "zero_denominator"), month


def test_every_customer_moves_as_in_the_playbook(
    reference_data: Path, workspace: Workspace
) -> None:
    """Month by month and customer by customer, in both directions: none is missing, none is
    added.
    """
    rows = _read(reference_data / "mrr" / "oracle_mrr_playbook_by_customer_month.csv")
    expected = {
        (row["change_category"], row["customer_id"], date.fromisoformat(row["date_month"])): abs(
            float(row["mrr_change"])
        )
        for row in rows
        if row["change_category"] and date.fromisoformat(row["date_month"]) in MONTHS
    }
    found = {
        (MOVEMENTS[answer.kpi], answer.dimensions["account"], answer.period_start): answer.value
        for answer in workspace.kpi(list(MOVEMENTS), period=PERIOD, grain="month", by="account")
        if answer.value
    }
    assert found == expected


def test_the_movements_of_all_months_add_up_to_the_known_totals(workspace: Workspace) -> None:
    totals = {
        kpi: sum(answer.value or 0 for answer in monthly(workspace, kpi).values())
        for kpi in MOVEMENTS
    }
    assert totals == {
        "new_mrr": 2120,
        "churned_mrr": 1120,
        "expansion_mrr": 660,
        "contraction_mrr": 555,
        "reactivation_mrr": 150,
    }
    assert monthly(workspace, "mrr_end")[date(2019, 12, 1)].value == 2120 + 150 + 660 - 555 - 1120


def test_the_month_after_the_data_has_no_value_instead_of_losing_everyone(
    workspace: Workspace,
) -> None:
    """The trap: whatever is alive when the data end looks churned in the month after."""
    for answer in workspace.kpi([*MOVEMENTS, "nrr", "customer_churn_rate"], period="2020-01"):
        assert (answer.value, answer.status, answer.reason) == (None, "no_value", "not_covered"), (
            answer.kpi
        )


def monthly(workspace: Workspace, kpi: str) -> dict[date, Answer]:
    return {
        answer.period_start: answer for answer in workspace.kpi(kpi, period=PERIOD, grain="month")
    }


def _read(file: Path) -> list[dict[str, str]]:
    with file.open(encoding="utf-8-sig", newline="") as stream:
        return list(csv.DictReader(stream))

"""What the answers to reported situations are, and what they say beside the value."""

from datetime import date
from pathlib import Path
from typing import Any

import pytest
from tests.field.conftest import MakeCase

from kampass.engine.answer import Answer
from kampass.workspace import Workspace, parse_instant
from kampass.workspace.loads.doctor import examine

LATER = "2026-06-01T00:00:00Z"


def one(workspace: Workspace, kpi: str, period: str, **words: Any) -> Answer:
    (answer,) = workspace.kpi(kpi, period=period, **words)
    return answer


def values(workspace: Workspace, period: str, *kpis: str, **words: Any) -> list[float | None]:
    return [answer.value for answer in workspace.kpi(kpis, period=period, **words)]


def noted(answer: Answer) -> list[tuple[str, int | None]]:
    return [(note.code, note.count) for note in answer.notes]


def test_c02_a_gap_within_a_month_is_no_churn_and_over_its_end_it_is(loaded: MakeCase) -> None:
    workspace = loaded("c02-gap", LATER)
    sets = ("lost_customers", "reactivated_customers")
    assert values(workspace, "2025-03", *sets) == [1, 0]
    assert values(workspace, "2025-04", *sets) == [0, 1]
    assert values(workspace, "2025-03", *sets, where="account=Ash Ltd") == [0, 0]


def test_c02_a_grace_of_ten_days_bridges_both(loaded: MakeCase) -> None:
    workspace = loaded("c02-gap", LATER, subscription_grace_days=10)
    for month in ("2025-03", "2025-04"):
        assert values(workspace, month, "lost_customers", "reactivated_customers") == [0, 0]


def test_c04_the_end_of_a_discount_is_expansion(loaded: MakeCase) -> None:
    workspace = loaded("c04-discount-ends", LATER)
    assert values(workspace, "2025-11", "expansion_mrr", "nrr") == [10, 200]


def test_c05_a_payers_free_month_is_told(loaded: MakeCase) -> None:
    workspace = loaded("c05-trial", LATER)
    assert values(workspace, "2025-01", "customers_end", "new_customers") == [1, 1]
    assert values(workspace, "2025-02", "new_customers") == [1]
    march, april = (
        workspace.kpi(("churned_mrr", "reactivation_mrr"), period=month)
        for month in ("2025-03", "2025-04")
    )
    assert (march[0].value, april[1].value) == (300, 300)
    assert noted(march[0]) == [("trial_of_payer", 1)]
    assert march[0].notes[0].text == "a payer's month is marked as trial"
    assert ("trial_of_payer", 1) in noted(april[1])
    assert noted(one(workspace, "churned_mrr", "2025-02")) == []


def test_c06b_a_missing_rate_is_named_with_its_first_day(loaded: MakeCase) -> None:
    workspace = loaded("c06b-fx-missing", LATER)
    answer = one(workspace, "mrr_end", "2025-02")
    assert (answer.value, answer.reason) == (None, "missing_rate")
    assert noted(answer) == [("no_rate", 1)]
    assert answer.notes[0].text == "GBP has no rate on 1 January 2024"
    assert any("GBP has no rate on 1 January 2024" in text for text in examine(workspace).notices)


def test_c08_yearly_lines_of_a_leap_day_are_renewed(loaded: MakeCase) -> None:
    workspace = loaded("c08-leap-day", LATER)
    assert values(workspace, "2025-02..2025-03", "contract_renewal_rate") == [100]
    for month in ("2025-02", "2025-03"):
        assert values(workspace, month, "contract_renewal_rate", "lost_customers") == [100, 0]


def test_c09_three_of_five_are_renewed(loaded: MakeCase) -> None:
    answer = one(loaded("c09-renewals", LATER), "contract_renewal_rate", "2025-01")
    assert (answer.value, answer.n) == (60, 5)


def test_c10_the_note_says_whose_account_it_is(loaded: MakeCase) -> None:
    workspace = loaded("c10-owner-change", LATER)
    lost = {
        answer.dimensions["account_manager"]: answer
        for answer in workspace.kpi("customer_churn_rate", period="2025-Q1", by="account_manager")
    }
    assert {name: answer.numerator for name, answer in lost.items()} == {"ann": 1, "bob": 0}
    assert noted(lost["ann"]) == noted(lost["bob"]) == [("anchor", 1)]
    assert "the period's start, 1 January 2025" in lost["ann"].notes[0].text
    (march,) = workspace.kpi("customer_churn_rate", period="2025-03", by="account_manager")
    assert (march.dimensions, march.value, noted(march)) == ({"account_manager": "bob"}, 50, [])


def test_c11b_credits_are_no_purchases(loaded: MakeCase) -> None:
    workspace = loaded("c11b-refunds-credit", LATER)
    found = values(workspace, "2025-02", "average_purchase_value", "purchase_frequency")
    assert found == [150, 1.0]


def test_c13_a_holiday_has_no_business_hours(loaded: MakeCase) -> None:
    """Two hours and half an hour: mean, median and 90th percentile of both."""
    holiday = 'holidays = ["2025-07-04"]\ntimezone = "America/New_York"'
    workspace = loaded("c13-holiday-hours", LATER, ("holidays = []", holiday))
    kpis = [f"time_to_resolution_business{ending}" for ending in ("", "_median", "_p90")]
    assert values(workspace, "2025-07", *kpis) == pytest.approx([1.25, 1.25, 0.5 + 0.9 * 1.5])


def test_c16_months_are_cut_by_the_local_date(loaded: MakeCase) -> None:
    workspace = loaded("c16-month-edge-tz", LATER, timezone="America/Los_Angeles")
    found = [one(workspace, "time_to_resolution", month) for month in ("2025-03", "2025-04")]
    assert [answer.n for answer in found] == [1, 1]


def test_c17_a_merger_waits_and_then_is_no_churn(
    loaded: MakeCase, field_cases: Path, tmp_path: Path
) -> None:
    workspace = loaded("c17-account-merge/first", "2025-03-01T00:00:00Z")
    first, second = (str(field_cases / "c17-account-merge" / name) for name in ("first", "second"))
    file = tmp_path / "workspace" / "kampass.toml"
    text = file.read_text(encoding="utf-8")
    file.write_text(text.replace(first, second), encoding="utf-8")
    workspace.refresh()
    (report,) = workspace.sync(recorded_at=parse_instant("2025-04-01T00:00:00Z"))
    assert report.state == "held"
    answer = one(workspace, "mrr_end", "2025-02")
    assert (answer.value, noted(answer)) == (460, [("held_load", None)])
    assert f"load {report.number} of files waits" in answer.notes[0].text
    workspace.confirm(report.number)
    kpis = ("lost_customers", "churned_mrr", "mrr_end", "customers_end")
    assert values(workspace, "2025-02", *kpis) == [0, 0, 460, 2]
    assert values(workspace, "2025-03", *kpis) == [0, 0, 460, 2]


def test_c18_a_scheduled_end_is_churn_on_its_day_only(loaded: MakeCase) -> None:
    workspace = loaded("c18-cancel-scheduled", "2027-03-01T00:00:00Z")
    months = workspace.kpi("lost_customers", period="2025-02..2027-02", grain="month")
    lost = {answer.period_start: answer.value for answer in months if answer.value}
    assert lost == {date(2027, 1, 1): 1}

"""Columns that a table keeps beside its own cut what is counted of its rows, and nothing else."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from tests.store.conftest import Desk

from kampass.catalogue.loader import shipped
from kampass.engine import Question, parse_filter
from kampass.engine.planning.dimensions import rows_of
from kampass.errors import QuestionError, UnknownName
from kampass.insight.explain import rows_behind
from kampass.mcp.sides import Here

ACCOUNTS = "id,name,plan\nA,A,gold\nB,B,basic"
TICKETS = """id,created_at,resolved_at,account_id,Severity,plan,region
k1,2026-01-05T10:00:00Z,2026-01-05T12:00:00Z,A,high,old,north
k2,2026-01-05T10:00:00Z,2026-01-05T16:00:00Z,A,low,old,
k3,2026-01-05T10:00:00Z,2026-01-05T20:00:00Z,B,high,new,north
k4,2026-01-05T10:00:00Z,2026-01-05T14:00:00Z,B,,new,south
"""
LINES = """id,account_id,mrr,currency,valid_from,valid_to,Campaign code
l1,A,100,USD,2025-12-01,,x-1
l2,A,50,USD,2026-01-10,,x 2
l3,B,70,USD,2025-12-01,2026-01-20,x-1
"""
Cells = dict[str | None, float | None]


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    made = Desk(tmp_path)
    made.load(20, accounts=ACCOUNTS, tickets=TICKETS, subscriptions=LINES)
    made.workspace.publish()
    yield made
    made.workspace.close()


def by(desk: Desk, kpi: str, dimension: str, **more: Any) -> Cells:
    found = desk.workspace.kpi(kpi, period="2026-01-01..2026-01-15", by=dimension, **more)
    return {answer.dimensions[dimension]: answer.value for answer in found}


def test_hours_by_a_column_of_the_tickets(desk: Desk) -> None:
    """High: 2 and 10 hours, low 6, unknown 4; a slice is what the filter answers."""
    assert by(desk, "time_to_resolution", "Severity") == {"high": 6, "low": 6, None: 4}
    (filtered,) = desk.workspace.kpi(
        "time_to_resolution", period="2026-01-01..2026-01-15", where="Severity=high"
    )
    assert (filtered.value, filtered.n) == (6, 2)
    (unknown,) = desk.workspace.kpi(
        "time_to_resolution", period="2026-01-01..2026-01-15", where="Severity is unknown"
    )
    assert (unknown.value, unknown.n) == (4, 1)


def test_an_attribute_of_the_same_name_has_the_bare_name(desk: Desk) -> None:
    """Of gold accounts 2 and 6 hours, of basic ones 10 and 4; old tickets are A's, new ones B's.
    'region' is every account's, whether known or not.
    """
    assert by(desk, "time_to_resolution", "plan") == {"gold": 4, "basic": 7}
    assert by(desk, "time_to_resolution", "tickets.plan") == {"old": 4, "new": 7}
    assert by(desk, "time_to_resolution", "region") == {None: 5.5}
    assert by(desk, "time_to_resolution", "tickets.region") == {"north": 6, "south": 4, None: 6}
    assert by(desk, "time_to_resolution", "tickets.Severity")["low"] == 6


def test_balances_are_cut_by_a_column_of_their_lines(desk: Desk) -> None:
    """Just before 16 January: l1 and l3 are x-1, l2 is x 2."""
    assert by(desk, "mrr_end", "Campaign code") == {"x-1": 170, "x 2": 50}
    rows = rows_behind(
        desk.workspace.engine(),
        Question(
            ("mrr_end",), "2026-01-01..2026-01-15", None, (), (parse_filter("Campaign code=x-1"),)
        ),
        "numerator",
    )
    assert {row.origin.id for row in rows} == {"l1", "l3"}


def test_several_kpis_are_each_cut_by_their_own_column(desk: Desk) -> None:
    """On 5 January all four tickets are resolved; none is open at its end."""
    engine = desk.workspace.engine()
    found = engine.ask(Question(("time_to_resolution", "fcr"), "2026-01-05", None, ("Severity",)))
    assert {answer.kpi for answer in found} == {"time_to_resolution"}
    with pytest.raises(UnknownName, match="Severity"):
        engine.ask(Question(("mrr_end", "ticket_backlog"), "2026-01-05", None, ("Severity",)))


def test_figures_of_accounts_and_of_employees_are_not_cut_by_rows(desk: Desk) -> None:
    for kpi in ("nrr", "customers_end", "trials"):
        with pytest.raises(UnknownName, match="Campaign code"):
            by(desk, kpi, "Campaign code")
    catalogue = shipped()
    assert rows_of(catalogue.get("enps")) is None
    assert rows_of(catalogue.get("account_profitability")) is None
    assert {rows_of(kpi) for kpi in catalogue} - {None} == {
        "tickets",
        "deals",
        "responses",
        "purchases",
        "touches",
        "contracts",
        "subscriptions",
    }


def test_they_are_listed_with_what_else_a_kpi_is_cut_by(desk: Desk) -> None:
    listed = {one["id"]: one["dimensions"] for one in Here(desk.workspace.sight).kpis()}
    assert set(listed["time_to_resolution"]) >= {"account", "topic", "plan", "Severity", "region"}
    assert "tickets.plan" in listed["time_to_resolution"]
    assert not {"Severity", "Campaign code"} & set(listed["nrr"])


def test_a_wrong_name_is_told_with_the_columns_there_are(desk: Desk) -> None:
    with pytest.raises(UnknownName) as wrong:
        by(desk, "time_to_resolution", "Severety")
    assert "Severity" in f"{wrong.value.message} {wrong.value.hint}"


def test_a_value_that_no_row_has_is_an_error(desk: Desk) -> None:
    """'HIGH' is understood; 'severe' no ticket has; 'gold' is an account's plan and no ticket's."""
    (answer,) = desk.workspace.kpi(
        "time_to_resolution", period="2026-01-01..2026-01-15", where="Severity=HIGH"
    )
    assert answer.n == 2
    for where in ("Severity=severe", "tickets.plan=gold"):
        with pytest.raises(QuestionError) as wrong:
            desk.workspace.kpi("time_to_resolution", period="2026-01", where=where)
        assert wrong.value.code == "unknown_value", where


def test_an_export_holds_them_and_reads_the_same(desk: Desk, tmp_path: Path) -> None:
    files = desk.export()
    header, first, *_ = files["tickets.csv"].decode().splitlines()
    assert header.endswith(",Severity,plan,region")
    assert first.endswith(",high,old,north")
    again = Desk(tmp_path / "again")
    again.load(20, **{name.removesuffix(".csv"): text for name, text in files.items()})
    assert again.export() == files
    again.workspace.close()


def test_elsewhere_a_further_column_is_left_out_with_a_word(desk: Desk) -> None:
    desk.load(21, products="id,name,family,Colour\np,P,f,red")
    assert any("'Colour' is not known" in notice for notice in desk.report.notices)
    desk.load(22, tickets=TICKETS.replace("resolved_at", "Resolved_At"))
    assert any("did you mean 'resolved_at'" in notice for notice in desk.report.notices)


def test_a_changed_column_is_a_changed_row(desk: Desk) -> None:
    report = desk.load(
        21, tickets=TICKETS.replace("k1,", "k1,", 1).replace("high,old,north", "low,old,north")
    )
    assert (report["tickets"].loaded, report["tickets"].unchanged) == (1, 3)
    desk.workspace.publish()
    assert by(desk, "time_to_resolution", "Severity") == {"high": 10, "low": 4, None: 4}
    with closing(desk.snapshot()) as snapshot:
        assert snapshot.rows["tickets"] == 4

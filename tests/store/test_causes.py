"""A restated figure names the row that moved it: one late, corrected or deleted row at a time, and
no other row is named.

KAMPASS_EXPLAIN=all makes every change and asks for every KPI (`make nightly`); else a third of
them, and the KPIs that move at least.
"""

import os
from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from tests.store.conftest import Desk

from kampass.insight.restated.restatement import Moved
from kampass.workspace.restated import restate

THEN, LATER = (
    datetime(2026, 7, 15, tzinfo=UTC),
    datetime(2026, 7, 20, tzinfo=UTC),
)  # every window of the first quarter is closed
BOOK = {
    "accounts": """id,name,segment
        A,Ada,small
        B,Bob,large
        C,Cid,large
        D,Dan,small""",
    "products": """id,name,family
        core,Core,core
        plus,Plus,plus""",
    "users": """id,name
        u1,Una
        u2,Ugo""",
    "ownerships": """account_id,user_id,role,valid_from
        A,u1,account_manager,2025-01-01
        B,u2,account_manager,2025-01-01""",
    "subscriptions": """id,account_id,product_id,quantity,mrr,currency,valid_from,valid_to
        s1,A,core,10,100,USD,2025-06-01,
        s2,B,core,20,200,USD,2025-06-01,
        s3,C,core,30,300,USD,2025-06-01,2026-02-10
        s4,D,core,40,400,EUR,2026-01-15,""",
    "fx_rates": """currency,valid_from,rate
        EUR,2025-01-01,1.1""",
    "contracts": """id,account_id,valid_from,valid_to,kind,signed_on,value,currency
        c1,A,2025-03-01,2026-02-01,new,2025-02-20,1200,USD
        c2,B,2025-03-01,2026-02-15,new,2025-02-20,2400,USD""",
    "tickets": """id,created_at,account_id,topic,first_replied_at,resolved_at,agent_replies,customer_messages
        t1,2026-02-02T08:00:00Z,A,login,2026-02-02T09:00:00Z,2026-02-03T08:00:00Z,1,1
        t2,2026-02-12T08:00:00Z,B,billing,2026-02-12T10:00:00Z,2026-02-14T08:00:00Z,2,1
        t3,2026-03-02T08:00:00Z,B,billing,2026-03-02T10:00:00Z,2026-03-03T08:00:00Z,1,1""",
    "touches": """id,occurred_at,channel,direction,account_id,user_id
        x1,2026-02-04,call,outbound,A,u1
        x2,2026-02-05,email,outbound,B,u2
        x3,2026-03-05,email,inbound,B,u2""",
    "surveys": """id,kind,scale_min,scale_max
        csat,csat,1,5
        nps,nps,0,10""",
    "responses": """id,survey_id,responded_at,score,account_id
        r1,csat,2026-02-06,5,A
        r2,csat,2026-02-07,2,B
        r3,nps,2026-02-08,9,A
        r4,nps,2026-03-08,3,B""",
    "goals": """id,account_id,name,kind,direction,target,due_on
        g1,A,Faster,lagging,up,10,2026-02-20""",
    "goal_measurements": """goal_id,measured_at,value
        g1,2026-02-10,12""",
    "purchases": """id,account_id,purchased_at,amount,currency
        p1,A,2026-01-10,50,USD
        p2,A,2026-02-10,60,USD
        p3,B,2026-02-11,70,EUR""",
    "usage_daily": """account_id,on,product_id,active_users,logins
        A,2026-02-03,core,3,5
        B,2026-02-03,core,0,0""",
    "referrals": """id,referrer_account_id,referred_at,referred_account_id
        f1,A,2026-02-05,D""",
}
EVERY_KPI = os.environ.get("KAMPASS_EXPLAIN") == "all"
Change = Callable[[dict[str, str]], None]


def _added(table: str, line: str) -> Change:
    return lambda book: book.update({table: f"{book[table]}\n{line}"})


def _replaced(table: str, old: str, new: str) -> Change:
    def change(book: dict[str, str]) -> None:
        assert old in book[table]
        book[table] = book[table].replace(old, new)

    return change


CASES = [
    (
        _added("subscriptions", "s9,C,core,1,50,USD,2026-02-20,"),
        "subscriptions",
        "s9",
        {"mrr_end", "nrr", "customer_churn_rate"},
    ),
    (
        _added("subscriptions", "s8,D,core,1,50,USD,2025-03-01,2025-04-01"),
        "subscriptions",
        "s8",
        {"new_customers", "reactivated_customers"},
    ),
    (
        _replaced(
            "subscriptions",
            "s3,C,core,30,300,USD,2025-06-01,2026-02-10",
            "s3,C,core,30,300,USD,2025-06-01,",
        ),
        "subscriptions",
        "s3",
        {"grr"},
    ),
    (_replaced("fx_rates", "1.1", "1.2"), "fx_rates", "EUR", {"mrr_end", "average_purchase_value"}),
    (
        _added("contracts", "c3,A,2026-02-01,2027-02-01,renewal,2026-02-03,1300,USD"),
        "contracts",
        "c3",
        {"contract_renewal_rate", "contract_extension_revenue"},
    ),
    (
        _added("tickets", "t9,2026-02-05T08:00:00Z,A,login,,,,"),
        "tickets",
        "t9",
        {"fcr", "ticket_backlog"},
    ),
    (
        _replaced("tickets", "2026-02-14T08:00:00Z,2,1", "2026-02-15T08:00:00Z,2,1"),
        "tickets",
        "t2",
        {"time_to_resolution"},
    ),
    (
        _replaced(
            "tickets",
            (
                "\n        "
                "t1,2026-02-02T08:00:00Z,A,login,2026-02-02T09:00:00Z,2026-02-03T08:00:00Z,1,1"
            ),
            "",
        ),
        "tickets",
        "t1",
        {"response_time"},
    ),
    (
        _added("touches", "x9,2026-02-20,meeting,outbound,A,u1"),
        "touches",
        "x9",
        {"customer_interactions", "interaction_gap", "client_communication_frequency"},
    ),
    (
        _replaced("responses", "r2,csat,2026-02-07,2", "r2,csat,2026-02-07,4"),
        "responses",
        "r2",
        {"csat"},
    ),
    (_replaced("surveys", "csat,csat,1,5", "csat,csat,1,10"), "surveys", "csat", {"csat"}),
    (
        _added("goal_measurements", "g1,2026-02-19,9"),
        "goal_measurements",
        "g1",
        {"customer_outcomes"},
    ),
    (
        _replaced("purchases", "p1,A,2026-01-10", "p1,A,2026-02-12"),
        "purchases",
        "p1",
        {"repeat_customer_share"},
    ),
    (
        _replaced("usage_daily", "B,2026-02-03,core,0,0", "B,2026-02-03,core,1,0"),
        "usage_daily",
        "B",
        {"usage_per_client"},
    ),
    (_added("referrals", "f2,B,2026-02-06,"), "referrals", "f2", {"customer_referral_rate"}),
    (
        _added("ownerships", "C,u1,account_manager,2025-01-01"),
        "ownerships",
        "C",
        {"client_load_ratio"},
    ),
]


@pytest.mark.parametrize(("change", "table", "key", "some"), CASES if EVERY_KPI else CASES[::3])
def test_the_one_row_that_changed_is_named_for_every_figure_that_moved(
    desk: Desk, change: Change, table: str, key: str, some: set[str]
) -> None:
    """`some` of the KPIs move at least; whatever moves, moved because of that row alone."""
    book = dict(BOOK)
    first = _published(desk, book, THEN)
    change(book)
    second = _published(desk, book, LATER)
    asked = (
        list(desk.workspace.catalogue.kpis)
        if EVERY_KPI
        else sorted(some | {"mrr_end", "csat", "fcr", "interaction_gap"})
    )
    report = restate(
        desk.workspace, first, second, kpis=asked, period="2026-01..2026-03", grain="month"
    )
    assert some <= {figure.after.kpi for figure in report.moved}
    unnamed = [
        f"{figure.after.kpi} {figure.period.start}"
        for figure in report.moved
        if _causes(figure) != {(table, key)}
    ]
    assert not unnamed, unnamed


def test_an_account_that_turns_out_to_be_a_test_stands_behind_every_figure_it_moved(
    desk: Desk,
) -> None:
    book = BOOK | {"accounts": "id,name,is_test\nA,Ada,\nB,Bob,\nC,Cid,\nD,Dan,"}
    first = _published(desk, book, THEN)
    book["accounts"] = book["accounts"].replace("B,Bob,", "B,Bob,true")
    second = _published(desk, book, LATER)
    report = restate(
        desk.workspace,
        first,
        second,
        kpis=["customer_interactions", "mrr_end", "csat"],
        period="2026-02",
    )
    assert {figure.after.kpi for figure in report.moved} == {
        "customer_interactions",
        "mrr_end",
        "csat",
    }
    assert all(("accounts", "B") in _causes(figure) for figure in report.moved)


def _published(desk: Desk, book: dict[str, str], at: datetime) -> str:
    desk.write(**book)
    for report in desk.workspace.sync(recorded_at=at):
        if report.state == "held":
            desk.workspace.confirm(report.number)
    return desk.workspace.manifest.current() or ""


def _causes(figure: Moved) -> set[tuple[str, str]]:
    return {(cause.table, str(next(iter(cause.key.values())))) for cause in figure.causes}

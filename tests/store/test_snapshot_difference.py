"""The difference of two snapshots names exactly the rows that came late, changed or went, and the
load that brought each of it.

KAMPASS_HISTORIES sets how many random ones are drawn beside those drawn by hand: 2, 100 in `make
nightly`.
"""

import json
import os
import random
from contextlib import closing
from datetime import date
from typing import Any

import duckdb
import pytest
from tests.store.conftest import Desk, day

from kampass.errors import UnknownName
from kampass.insight.restated.restatement import Restatement, row_dict
from kampass.store.snapshots.difference import Count, Difference, RowChange
from kampass.workspace.restated import difference, restate

HISTORIES = int(os.environ.get("KAMPASS_HISTORIES", "2"))
ACCOUNTS = "id,name,deleted_at\nA,Ada,\nB,Bob,\n"
TICKETS = "id,created_at,account_id,contact_id,priority,deleted_at\n"


def test_late_new_changed_and_deleted_rows_are_told_apart_with_the_load_and_line_of_each(
    desk: Desk,
) -> None:
    """Known on day 5: t1, t2, t3. Told on day 6: t2 is urgent, t3 is gone, t4 of day 2 came late,
    t5 is of day 6 itself.
    """
    first = publish(
        desk,
        5,
        accounts=ACCOUNTS,
        tickets=f"{TICKETS}{ticket('t1', 1)}{ticket('t2', 2, 'low')}{ticket('t3', 3)}",
    )
    later = (
        f"{TICKETS}{ticket('t1', 1)}{ticket('t2', 2, 'urgent')}{ticket('t4', 2)}{ticket('t5', 6)}"
    )
    second = publish(desk, 6, tickets=later, confirm=True)
    rows = differing(desk, first, second)
    assert [(row.kind, row.key, row.load, row.source, row.line, row.day) for row in rows] == [
        ("late", {"id": "t4"}, 2, "files", 4, date(2026, 1, 2)),
        ("changed", {"id": "t2"}, 2, "files", 3, date(2026, 1, 2)),
        ("deleted", {"id": "t3"}, 2, "files", None, date(2026, 1, 3)),
        ("new", {"id": "t5"}, 2, "files", 5, date(2026, 1, 6)),
    ]
    assert rows[1].columns == {"priority": ("low", "urgent")}
    assert counts(desk, first, second) == [
        ("tickets", "late", 1, 1, 0),
        ("tickets", "changed", 1, 1, 0),
        ("tickets", "deleted", 1, 1, 0),
        ("tickets", "new", 1, 0, 0),
    ]


def test_each_row_names_its_own_load_of_several_in_between(desk: Desk) -> None:
    """t2 came with load 2, changed with load 3; t1 went with load 2 already."""
    first = publish(
        desk, 5, accounts=ACCOUNTS, tickets=f"{TICKETS}{ticket('t1', 1)}{ticket('t0', 1)}"
    )
    publish(desk, 6, tickets=f"{TICKETS}{ticket('t0', 1)}{ticket('t2', 2, 'low')}", confirm=True)
    third = publish(
        desk, 7, tickets=f"{TICKETS}{ticket('t2', 2, 'high')}{ticket('t0', 1)}{ticket('t3', 3)}"
    )
    assert {(row.kind, row.key["id"], row.load) for row in differing(desk, first, third)} == {
        ("late", "t2", 3),
        ("late", "t3", 3),
        ("deleted", "t1", 2),
    }


def test_a_deletion_that_a_source_states_is_its_loads(desk: Desk) -> None:
    """An account is kept, with the instant at which it was deleted; a ticket is gone. Both are
    deletions, of the load that stated them.
    """
    first = publish(
        desk, 5, accounts=ACCOUNTS, tickets=f"{TICKETS}{ticket('t1', 1)}{ticket('t2', 1)}"
    )
    gone = f"{TICKETS}t1,2026-01-01T12:00:00Z,A,,,2026-01-05T10:00:00Z\n{ticket('t2', 1)}"
    second = publish(
        desk, 6, accounts=ACCOUNTS.replace("B,Bob,", "B,Bob,2026-01-05T09:00:00Z"), tickets=gone
    )
    (account,) = differing(desk, first, second, "accounts")
    (row,) = differing(desk, first, second)
    assert (account.kind, account.key, account.load, account.line) == ("deleted", {"id": "B"}, 2, 3)
    assert (row.kind, row.key, row.load) == ("deleted", {"id": "t1"}, 2)


def test_an_account_that_is_no_longer_stated_was_deleted_by_the_load_that_lacks_it(
    desk: Desk,
) -> None:
    accounts = "id,name\n" + "".join(f"A{number},name\n" for number in range(9))
    first = publish(desk, 5, accounts=accounts)
    second = publish(desk, 6, accounts=accounts.replace("A8,name\n", ""))
    (row,) = differing(desk, first, second, "accounts")
    assert (row.kind, row.key, row.load, row.line, list(row.columns)) == (
        "deleted",
        {"id": "A8"},
        2,
        None,
        ["deleted_at"],
    )


def test_a_reference_that_became_known_is_a_change_of_the_load_that_brought_it(desk: Desk) -> None:
    """t1 names a contact from the start, which only the second load knows; the ticket itself is
    stated as before.
    """
    tickets = f"{TICKETS}t1,2026-01-01T12:00:00Z,A,c1,,\n"
    first = publish(desk, 5, accounts=ACCOUNTS, contacts="id,account_id\nc0,A\n", tickets=tickets)
    second = publish(desk, 6, contacts="id,account_id\nc0,A\nc1,A\n")
    (row,) = differing(desk, first, second)
    assert (row.kind, row.derived, row.load, row.line, row.columns) == (
        "changed",
        True,
        2,
        None,
        {"contact_id": (None, "c1")},
    )
    assert ("tickets", "changed", 1, 1, 1) in counts(desk, first, second)


def test_a_row_that_waited_for_its_account_came_with_the_accounts_load_and_its_quarantine_is_mended(
    desk: Desk,
) -> None:
    subscriptions = "id,account_id,mrr,currency,valid_from\ns1,C,10,USD,2025-12-01\n"
    first = publish(desk, 5, accounts=ACCOUNTS, subscriptions=subscriptions)
    second = publish(desk, 6, accounts=ACCOUNTS + "C,Cy,\n")
    (row,) = differing(desk, first, second, "subscriptions")
    assert (row.kind, row.derived, row.load, row.key) == ("late", True, 2, {"id": "s1"})
    with difference(desk.workspace, first, second) as found:
        assert [(line.table, line.line, line.column) for line in found.mended()] == [
            ("subscriptions", 2, "account_id")
        ]
        assert found.newly_set_aside() == []


def test_a_measurement_goes_with_its_goal_and_nothing_is_set_aside(desk: Desk) -> None:
    goals = "id,account_id,name,kind,direction,target,due_on\ng1,A,more,lagging,up,10,2026-01-01\n"
    others = "".join(f"x{number},A,other,lagging,up,10,2026-01-01\n" for number in range(9))
    measured = "goal_id,measured_at,value\ng1,2026-01-01T00:00:00Z,5\n"
    first = publish(desk, 5, accounts=ACCOUNTS, goals=goals + others, goal_measurements=measured)
    second = publish(desk, 6, goals=goals.splitlines()[0] + "\n" + others)
    (row,) = differing(desk, first, second, "goal_measurements")
    assert (row.kind, row.load, row.key["goal_id"]) == ("deleted", 2, "g1")
    with difference(desk.workspace, first, second) as found:
        assert found.newly_set_aside() == []


def test_an_answer_beyond_a_survey_s_new_scale_is_set_aside_now(desk: Desk) -> None:
    surveys = "id,name,kind,scale_min,scale_max\ns1,Pulse,csat,1,{}\n"
    responses = "id,survey_id,responded_at,score\nr1,s1,2026-01-01T00:00:00Z,7\n"
    first = publish(desk, 5, accounts=ACCOUNTS, surveys=surveys.format(10), responses=responses)
    second = publish(desk, 6, surveys=surveys.format(5))
    (row,) = differing(desk, first, second, "responses")
    assert (row.kind, row.key) == ("set_aside", {"id": "r1"})
    with difference(desk.workspace, first, second) as found:
        assert [line.table for line in found.newly_set_aside()] == ["responses"]


def test_rows_of_a_load_that_was_taken_back_are_withdrawn(desk: Desk) -> None:
    first = publish(desk, 5, accounts=ACCOUNTS)
    second = publish(desk, 6, tickets=f"{TICKETS}{ticket('t1', 1)}")
    desk.workspace.drop(2)
    assert [(row.kind, row.load, row.source) for row in differing(desk, second, first)] == [
        ("withdrawn", 2, "files")
    ]


def test_a_key_with_an_empty_part_is_one_key(desk: Desk) -> None:
    usage = "account_id,on,product_id,logins\nA,2026-01-01,,{}\n"
    first = publish(desk, 5, accounts=ACCOUNTS, usage_daily=usage.format(5))
    second = publish(desk, 6, usage_daily=usage.format(7))
    (row,) = differing(desk, first, second, "usage_daily")
    assert (row.kind, row.key["product_id"]) == ("changed", None)
    assert row_dict(row)["columns"] == {"logins": {"before": 5.0, "after": 7.0}}
    json.dumps(row_dict(row))


def test_an_attribute_of_an_account_is_a_column_like_any_other(desk: Desk) -> None:
    first = publish(desk, 5, accounts="id,name,plan\nA,Ada,gold\n")
    second = publish(desk, 6, accounts="id,name,plan\nA,Ada,silver\n")
    (row,) = differing(desk, first, second, "accounts")
    assert row.columns == {"_extra": ({"plan": "gold"}, {"plan": "silver"})}


def test_a_snapshot_does_not_differ_from_itself(desk: Desk) -> None:
    first = publish(desk, 5, accounts=ACCOUNTS)
    assert counts(desk, first, first) == []


def test_only_the_two_snapshots_and_the_journal_can_be_read(desk: Desk) -> None:
    first = publish(desk, 5, accounts=ACCOUNTS)
    second = publish(desk, 6, accounts=ACCOUNTS + "C,Cy,\n")
    with difference(desk.workspace, first, second) as found:
        for sql in (
            "FROM read_text('/etc/hostname')",
            f"FROM read_csv('{desk.files}/accounts.csv')",
            "SET enable_external_access = true",
        ):
            with pytest.raises(duckdb.Error):
                found._connection.execute(sql)
        with pytest.raises(duckdb.Error, match="read-only"):
            found._connection.execute("DELETE FROM a.accounts")


@pytest.mark.parametrize("seed", range(HISTORIES))
def test_exactly_what_was_injected_is_named(desk: Desk, seed: int) -> None:
    """Sixty tickets; then three loads of late, corrected and deleted ones, each remembered with its
    load.
    """
    rng = random.Random(seed)
    state = {f"t{number}": ticket(f"t{number}", rng.randint(1, 4), "low") for number in range(60)}
    first = publish(desk, 5, accounts=ACCOUNTS, tickets=TICKETS + "".join(state.values()))
    original, expected, last = dict(state), {}, first
    for load in (2, 3, 4):
        for number in range(rng.randint(1, 5)):
            key = f"late{load}_{number}"
            state[key] = ticket(key, rng.randint(1, 4), "low")
            expected[key] = ("late", load)
        for key in rng.sample(sorted(original.keys() & state.keys()), 8):
            if rng.random() < 0.5:
                state[key] = ticket(key, int(original[key].split("T")[0][-2:]), f"p{load}")
                expected[key] = ("changed", load)
            else:
                del state[key]
                expected[key] = ("deleted", load)
        lines = list(state.values())
        rng.shuffle(lines)
        last = publish(desk, 5 + load, tickets=TICKETS + "".join(lines), confirm=True)
    assert {row.key["id"]: (row.kind, row.load) for row in differing(desk, first, last)} == expected


def test_a_restatement_names_the_figures_that_moved_and_no_other(desk: Desk) -> None:
    """A late contract loss of November: the churn of November moves, that of December (its base)
    too; October stands. January is not closed.
    """
    lines = "id,account_id,mrr,currency,valid_from,valid_to\na,A,100,USD,2025-09-01,{}\nb,B,50,USD,2025-09-01,\n"
    first = publish(desk, 5, accounts=ACCOUNTS, subscriptions=lines.format(""))
    second = publish(desk, 20, subscriptions=lines.format("2025-11-15"))
    report = restate(desk.workspace, first, second, kpis=["mrr_end", "customer_churn_rate"])
    assert [(period.start.month, period.start.day) for period in report.periods] == [
        (9, 1),
        (10, 1),
        (11, 1),
        (12, 1),
    ]
    assert told(report) == [
        ("mrr_end", 11, 150, 50),
        ("mrr_end", 12, 150, 50),
        ("customer_churn_rate", 11, 0, 50),
    ]
    assert report.moved[0].difference == -100
    assert [cause.key for cause in report.moved[0].causes] == [{"id": "a"}]
    quarter = restate(
        desk.workspace, first, second, kpis=["mrr_end"], period="2025", grain="quarter"
    )
    assert told(quarter) == [("mrr_end", 10, 150, 50)]
    assert restate(desk.workspace, first, first, kpis=["mrr_end"]).moved == ()
    json.dumps(report.to_dict(), allow_nan=False)


def test_a_report_says_when_the_rules_have_changed_since_a_snapshot_was_published(
    desk: Desk,
) -> None:
    first = publish(desk, 5, accounts=ACCOUNTS)
    settings = desk.workspace.folder / "kampass.toml"
    settings.write_text(
        settings.read_text(encoding="utf-8").replace("fiscal_start = 1", "fiscal_start = 4"),
        encoding="utf-8",
    )
    from kampass.workspace import open_workspace

    with closing(open_workspace(desk.workspace.folder)) as changed:
        second = changed.publish().id
        assert first == second
        assert restate(changed, first, second, kpis=["mrr_end"]).rules == {first: ()}
    assert restate(desk.workspace, first, second, kpis=["mrr_end"]).rules == {first: ("settings",)}


def test_a_table_that_does_not_exist_is_named(desk: Desk) -> None:
    from kampass.workspace.restated import check_table

    with pytest.raises(UnknownName, match="Did you mean 'tickets'"):
        check_table("tikets")


def publish(desk: Desk, number: int, *, confirm: bool = False, **tables: str) -> str:
    """Load on that day of January and publish; the snapshot's id."""
    desk.write(**tables)
    (report,) = desk.workspace.sync(recorded_at=day(number))
    if confirm and report.state == "held":
        desk.workspace.confirm(report.number)
    assert desk.workspace.manifest.loads()[-1].id == report.number, "the load waits"
    return desk.workspace.manifest.current() or ""


def ticket(name: str, created: int, priority: str = "") -> str:
    return f"{name},2026-01-{created:02}T12:00:00Z,A,,{priority},\n"


def differing(desk: Desk, before: str, after: str, table: str = "tickets") -> list[RowChange]:
    with difference(desk.workspace, before, after) as found:
        assert isinstance(found, Difference)
        return list(found.rows(table))


def counts(desk: Desk, before: str, after: str) -> list[tuple[Any, ...]]:
    with difference(desk.workspace, before, after) as found:
        listed: list[Count] = found.counts()
    return [(count.table, count.kind, count.rows, count.past, count.derived) for count in listed]


def told(report: Restatement) -> list[tuple[Any, ...]]:
    return [
        (one.after.kpi, one.period.start.month, one.before.value, one.after.value)
        for one in report.moved
    ]

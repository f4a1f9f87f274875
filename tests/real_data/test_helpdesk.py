"""4,580 cases of an Italian help desk as an event log: a case becomes a ticket with three instants.

The mapping is that of docs/worked-examples/help-desk.md; what it makes of the events is compared
with what Python makes of them.
"""

import csv
from collections import defaultdict
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from tests.real_data.conftest import FollowExample, MakeWorkspace

from kampass.workspace import Workspace

RECORDED_AT = "2014-02-01T00:00:00Z"
ALL = "2010-01..2014-01"
"""Every month of the log: the last event is of 3 January 2014."""

Events = dict[str, dict[str, list[datetime]]]


@pytest.fixture(scope="module")
def events(reference_data: Path) -> Events:
    """Per case and activity the instants, in order; under '' those of every activity."""
    cases: Events = defaultdict(lambda: defaultdict(list))
    with (reference_data / "support" / "helpdesk_full.csv").open(
        encoding="utf-8-sig", newline=""
    ) as stream:
        rows = csv.reader(stream)
        next(rows)
        for case, activity, _, completed, *_ in rows:
            # The log names no zone; it is read as UTC.
            at = datetime.strptime(completed, "%Y/%m/%d %H:%M:%S.%f")  # noqa: DTZ007
            cases[case][activity].append(at)
            cases[case][""].append(at)
    for case in cases.values():
        for instants in case.values():
            instants.sort()
    return cases


@pytest.fixture(scope="module")
def workspace(
    reference_data: Path, follow_example: FollowExample, tmp_path_factory: pytest.TempPathFactory
) -> Workspace:
    """Tickets that are resolved at the first "Resolve ticket"."""
    return follow_example(
        tmp_path_factory.mktemp("helpdesk"), "help-desk.md", reference_data / "support", RECORDED_AT
    )


def test_half_of_the_cases_are_resolved_within_six_days(workspace: Workspace) -> None:
    (median,) = workspace.kpi("time_to_resolution_median", period=ALL)
    assert (round(median.value / 24, 3), median.unit, median.n, median.status) == (
        5.983,
        "hours",
        4569,
        "ok",
    )


def test_every_case_is_resolved_in_one_of_the_months(workspace: Workspace) -> None:
    months = workspace.kpi("time_to_resolution", period=ALL, grain="month")
    (whole,) = workspace.kpi("time_to_resolution", period=ALL)
    assert sum(answer.n for answer in months) == whole.n == 4569
    assert sum(answer.numerator or 0 for answer in months) == pytest.approx(whole.numerator)


def test_half_of_the_cases_are_taken_in_charge_within_983_minutes(
    workspace: Workspace, events: Events
) -> None:
    (median,) = workspace.kpi("response_time_median", period=ALL)
    assert (round(median.value * 60, 2), median.n) == (
        983.38,
        sum("Take in charge ticket" in case for case in events.values()),
    )


def test_the_backlog_at_the_end_is_the_cases_that_nobody_resolved(workspace: Workspace) -> None:
    (backlog,) = workspace.kpi("ticket_backlog", period="2014-01")
    assert backlog.value == 4580 - 4569


def test_386_cases_were_resolved_more_than_once(workspace: Workspace, events: Events) -> None:
    """So the last resolution lies later than the first for some; `reopened` carries how often."""
    assert (
        sum(len(case["Resolve ticket"]) > 1 for case in events.values() if "Resolve ticket" in case)
        == 386
    )
    cursor = workspace.snapshot().cursor()
    assert cursor.execute("SELECT count(*) FROM tickets WHERE reopened > 0").fetchall() == [(386,)]
    cursor.close()


def test_the_mapping_makes_of_the_events_what_python_makes_of_them(
    workspace: Workspace, events: Events
) -> None:
    cursor = workspace.snapshot().cursor()
    found = cursor.execute(
        "SELECT id, timezone('UTC', created_at), timezone('UTC', first_replied_at), "
        "timezone('UTC', resolved_at), reopened FROM tickets"
    ).fetchall()
    cursor.close()
    assert sorted(found) == sorted(tuple(row.values()) for row in tickets(events))


def test_measured_at_the_last_event_every_case_would_take_forty_days(
    events: Events, make_workspace: MakeWorkspace, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """A case's last event is its automatic close, so this measures the automat and not the help
    desk.
    """
    closed = [row | {"resolved_at": events[row["id"]][""][-1]} for row in tickets(events)]
    workspace = make_workspace(tmp_path_factory.mktemp("closed"), {"tickets": closed}, RECORDED_AT)
    mean, median = workspace.kpi(["time_to_resolution", "time_to_resolution_median"], period=ALL)
    assert (round(mean.value / 24, 3), round(median.value / 24, 3)) == (40.858, 39.859)


def tickets(events: Events) -> list[dict[str, Any]]:
    return [
        {
            "id": case,
            "created_at": instants[""][0],
            "first_replied_at": _first(instants, "Take in charge ticket"),
            "resolved_at": _first(instants, "Resolve ticket"),
            "reopened": max(0, len(instants.get("Resolve ticket", ())) - 1),
        }
        for case, instants in events.items()
    ]


def _first(instants: dict[str, list[datetime]], activity: str) -> datetime | None:
    return instants[activity][0] if activity in instants else None

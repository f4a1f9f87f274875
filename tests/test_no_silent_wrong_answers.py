"""Inputs that once led to a plausible wrong figure, or to a crash instead of an error in plain
words.
"""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from kampass.cli.views.show import printable
from kampass.errors import KampassError, QuestionError
from kampass.workspace import Workspace, create, parse_instant
from kampass.workspace.authoring.definitions import lint
from kampass.workspace.settings import SourceSettings, WorkspaceSettings

KPI = """family: own
kpis:
  - {{id: own, name: Own, question: q, formula: f, kind: activity, unit: count, direction: up, cadence: {{review: daily}}, needs: [tickets],
     dimensions: [account, topic], fact: resolutions, measures: {{found: "{measure}"}}, total: found{more}}}
"""
TICKETS = """id,created_at,account_id,topic,resolved_at
t1,2026-01-05T00:00:00Z,a,Login,2026-01-05T10:00:00Z
t2,2026-01-05T00:00:00Z,b,login,2026-01-07T00:00:00Z
"""


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    """Two accounts with an awkward attribute, one ticket of 10 hours and one of 48."""
    files = tmp_path / "files"
    files.mkdir()
    (files / "accounts.csv").write_text(
        "id,name,csm@hq,Segment\na,A,x,large\nb,B,y,small\n", encoding="utf-8"
    )
    (files / "tickets.csv").write_text(TICKETS, encoding="utf-8")
    made = create(
        tmp_path / "workspace",
        WorkspaceSettings(sources=(SourceSettings("files", "folder", {"path": str(files)}),)),
    )
    made.sync(recorded_at=datetime(2026, 3, 1, tzinfo=UTC))
    return made


def define(workspace: Workspace, measure: str, more: str = "") -> Workspace:
    """The same workspace with a KPI of its own."""
    (workspace.folder / "kpis" / "own.yaml").write_text(
        KPI.format(measure=measure, more=more), encoding="utf-8"
    )
    return Workspace(workspace.folder)


def own(workspace: Workspace, measure: str) -> float | None:
    """What such a KPI says for January."""
    value: float | None = define(workspace, measure).kpi("own", period="2026-01")[0].value
    return value


def test_a_condition_on_a_duration_is_in_hours(workspace: Workspace) -> None:
    assert own(workspace, "count(*) filter (where hours > 24)") == 1
    assert own(workspace, "count(*) filter (where hours between 10 and 48)") == 2
    assert own(workspace, "sum(hours) filter (where hours < 24)") == 10


@pytest.mark.parametrize(
    "measure",
    [
        "count(distinct lower(topic))",
        "count(distinct (account_id, lower(topic)))",
        "quantile(hours, 1.5)",
        "sum(topic)",
    ],
)
def test_a_measure_that_cannot_be_counted_is_an_error(workspace: Workspace, measure: str) -> None:
    with pytest.raises(KampassError):
        own(workspace, measure)


@pytest.mark.parametrize(
    "more",
    [
        ", scale: .inf",
        ", version: -3",
        ", suppress_below: -1",
        ", whole: [zz]",
        ", pending: zz",
        ", distribution: zz",
        ", interval: nps",
        ", provisional_days: 10000000",
    ],
)
def test_a_key_out_of_range_or_naming_nothing_is_an_error(workspace: Workspace, more: str) -> None:
    with pytest.raises(KampassError):
        _ = define(workspace, "count(*)", more).catalogue


@pytest.mark.parametrize(
    "text",
    [
        "kpis: [!!int abc]",
        "kpis: [!!timestamp x]",
        "kpis: " + "[" * 3000,
        "kpis: [{id: x, needs: [[a]]}]",
    ],
)
def test_yaml_that_cannot_be_read_is_an_error_in_plain_words(
    workspace: Workspace, text: str
) -> None:
    (workspace.folder / "kpis" / "own.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(KampassError):
        _ = Workspace(workspace.folder).catalogue


def test_answers_of_employees_are_never_counted_below_five(workspace: Workspace) -> None:
    text = (
        KPI.format(measure="count(*)", more="")
        .replace("[tickets]", "[responses]")
        .replace("resolutions", "employee_answers")
        .replace("account, topic", "team")
    )
    (workspace.folder / "kpis" / "own.yaml").write_text(text, encoding="utf-8")
    findings = lint(Workspace(workspace.folder).catalogue.get("own"))
    assert any("suppress_below" in finding for finding in findings)


def test_an_attribute_may_have_any_name(workspace: Workspace) -> None:
    rows = workspace.kpi("ticket_backlog", period="2026-01-06", by="csm@hq")
    assert [(row.dimensions, row.value) for row in rows] == [({"csm@hq": "y"}, 1)]


def test_a_column_of_accounts_that_nearly_has_a_known_name_is_pointed_out(
    workspace: Workspace,
) -> None:
    report = workspace.sync(recorded_at=datetime(2026, 3, 2, tzinfo=UTC))[0]
    assert [notice for notice in report.notices if "did you mean 'segment'" in notice]


def test_a_torn_line_deletes_nothing(workspace: Workspace, tmp_path: Path) -> None:
    """Nobody can say whose line it was, so no key counts as gone."""
    (tmp_path / "files" / "tickets.csv").write_text(
        TICKETS.replace("t2,", 't2,"torn'), encoding="utf-8"
    )
    report = workspace.sync(recorded_at=datetime(2026, 3, 2, tzinfo=UTC))[0]
    tickets = next(table for table in report.tables if table.table == "tickets")
    assert (tickets.quarantined, tickets.deleted) == (1, 0)
    assert workspace.kpi("time_to_resolution", period="2026-01")[0].n == 2


def test_a_total_is_told_from_the_unknown_in_flat_forms(workspace: Workspace) -> None:
    table = workspace.kpi(
        "time_to_resolution", period="2026-01", by="segment", total=True
    ).to_arrow()
    assert table.column("total").to_pylist() == [False, True]


@pytest.mark.parametrize(
    "text", ["9999-12-31T23:59:59-23:00", "0001-01-01T00:00:00+14:00", "2026-01-01", "soon"]
)
def test_an_instant_off_the_calendar_is_an_error(text: str) -> None:
    with pytest.raises(QuestionError):
        parse_instant(text)


def test_what_would_steer_a_terminal_is_not_printed() -> None:
    assert printable("\x1b[31mRED é") == "?[31mRED é"

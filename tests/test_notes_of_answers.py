"""What a reader is told beside a figure: each note where it belongs, with its count, and nowhere
else.
"""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from kampass.engine.answer import Answer
from kampass.workspace import Workspace, create
from kampass.workspace.settings import SourceSettings, WorkspaceSettings

ACCOUNTS = "id,name,segment\na,Alder,small\nb,Birch,large\nc,Cedar,small\nd,Dogwood,large\ne,Elm,\n"
DEALS = "id,kind,status,created_at,closed_at,account_id,amount,currency,source\n"
SUBSCRIPTIONS = "id,account_id,mrr,currency,valid_from,valid_to,is_trial\n"
Notes = list[tuple[str, int | None]]
Make = Callable[..., Workspace]


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Make]:
    """A workspace of one folder, loaded on 1 July 2026."""
    opened: list[Workspace] = []

    def made(**tables: str) -> Workspace:
        files = tmp_path / "files"
        files.mkdir()
        for name, text in {"accounts": ACCOUNTS, **tables}.items():
            (files / f"{name}.csv").write_text(text, encoding="utf-8")
        source = SourceSettings("crm", "folder", {"path": str(files)})
        workspace = create(tmp_path / "workspace", WorkspaceSettings(sources=(source,)))
        opened.append(workspace)
        workspace.sync(recorded_at=at("2026-07-01"))
        return workspace

    yield made
    for workspace in opened:
        workspace.close()


def notes(answer: Answer) -> Notes:
    return [(note.code, note.count) for note in answer.notes]


def of(workspace: Workspace, kpi: str, period: str, **words: Any) -> Notes:
    (answer,) = workspace.kpi(kpi, period=period, **words)
    return notes(answer)


def test_a_figure_that_nothing_is_wrong_with_has_no_notes(make: Make) -> None:
    workspace = make(subscriptions=SUBSCRIPTIONS + "s,a,10,USD,2026-01-01,,\n")
    assert of(workspace, "mrr_end", "2026-05") == []
    (answer,) = workspace.kpi("mrr_end", period="2026-05").to_dicts()
    assert answer["notes"] == []


def test_rows_set_aside_are_told_where_they_may_lie(make: Make) -> None:
    """Of four wrong deals one was closed in March, one in April, one has no close that reads and
    was created in May, and of one nothing reads.
    """
    good = "g,new,won,2026-01-05T00:00:00Z,2026-03-05T00:00:00Z,a,10,USD,web\n"
    wrong = (
        "m,new,won,2026-03-01T00:00:00Z,2026-03-05T00:00:00Z,a,$1k,USD,web\n"
        "p,new,won,2026-02-01T00:00:00Z,2026-04-05T00:00:00Z,b,$2k,USD,fair\n"
        "y,new,won,2026-05-01T00:00:00Z,soon,c,$3k,USD,web\n"
        "n,new,won,then,soon,,$4k,USD,\n"
    )
    workspace = make(deals=DEALS + good + wrong)
    told = {month: of(workspace, "win_rate", f"2026-0{month}") for month in (1, 2, 3, 4, 5)}
    assert told == {
        1: [("set_aside", 1)],
        2: [("set_aside", 2)],
        3: [("set_aside", 3)],
        4: [("set_aside", 2)],
        5: [("set_aside", 2)],
    }
    (march,) = workspace.kpi("win_rate", period="2026-03")
    assert march.notes[0].text == "3 rows of deals set aside"


def test_a_filter_and_a_slice_leave_out_what_says_that_it_lies_elsewhere(make: Make) -> None:
    """Two of three wrong deals say their source, and their accounts their segment."""
    good = "".join(
        f"g{source},new,won,2026-01-05T00:00:00Z,2026-03-05T00:00:00Z,{account},10,USD,{source}\n"
        for source, account in (("web", "a"), ("fair", "b"))
    )
    wrong = (
        "m,new,won,2026-03-01T00:00:00Z,2026-03-05T00:00:00Z,a,$1k,USD,web\n"
        "p,new,won,2026-03-01T00:00:00Z,2026-03-05T00:00:00Z,b,$2k,USD,fair\n"
        "n,new,won,2026-03-01T00:00:00Z,2026-03-05T00:00:00Z,,$4k,USD,\n"
    )
    workspace = make(deals=DEALS + good + wrong)
    assert of(workspace, "win_rate", "2026-03") == [("set_aside", 3)]
    assert of(workspace, "win_rate", "2026-03", where="source=web") == [("set_aside", 2)]
    assert of(workspace, "win_rate", "2026-03", where="source!=web") == [("set_aside", 2)]
    assert of(workspace, "win_rate", "2026-03", where="account=Alder") == [("set_aside", 2)]
    rows = workspace.kpi("win_rate", period="2026-03", by="source", total=True)
    assert [(row.dimensions, notes(row)) for row in rows] == [
        ({"source": "fair"}, [("set_aside", 2)]),
        ({"source": "web"}, [("set_aside", 2)]),
        ({}, [("set_aside", 3)]),
    ]
    # A segment is the account's, and nobody's deal may be of any.
    assert of(workspace, "win_rate", "2026-03", where="segment=small") == [("set_aside", 2)]


def test_figures_of_other_tables_say_nothing_of_it(make: Make) -> None:
    workspace = make(
        deals=DEALS + "m,new,won,2026-03-01T00:00:00Z,2026-03-05T00:00:00Z,a,$1k,USD,web\n",
        subscriptions=SUBSCRIPTIONS + "s,a,10,USD,2026-01-01,,\n",
    )
    assert of(workspace, "mrr_end", "2026-03") == []


def test_what_is_not_covered_says_which_days_are(make: Make) -> None:
    workspace = make(subscriptions=SUBSCRIPTIONS + "s,a,10,USD,2026-01-15,,\n")
    (answer,) = workspace.kpi("mrr_end", period="2025-12")
    assert (answer.reason, notes(answer)) == ("not_covered", [("covered", None)])
    said = answer.notes[0].text
    assert said.startswith("subscriptions known from 1 January 2026 to 30 June 2026.")
    assert "coverage" in said


def test_an_old_export_is_told_where_it_ends_a_figure(make: Make) -> None:
    """25 tickets to 25 January: February is beyond them, December before is not there."""
    tickets = "id,created_at,account_id\n" + "".join(
        f"t{day},2026-01-{day:02}T09:00:00Z,a\n" for day in range(1, 26)
    )
    workspace = make(tickets=tickets)
    (january,) = workspace.kpi("ticket_backlog", period="2026-01")
    assert (january.status, notes(january)) == ("partial", [("stale", None)])
    assert january.notes[0].text == (
        "tickets known to 25 January 2026; the file may be older than its load"
    )
    assert of(workspace, "ticket_backlog", "2026-02") == [("stale", None), ("covered", None)]
    assert of(workspace, "ticket_backlog", "2026-01-10") == []


def test_a_load_that_waits_is_named_until_somebody_decides(make: Make, tmp_path: Path) -> None:
    lines = "".join(f"s{account},{account},10,USD,2026-01-01,,\n" for account in "abcde")
    workspace = make(
        subscriptions=SUBSCRIPTIONS + lines,
        deals=DEALS + "g,new,won,2026-01-05T00:00:00Z,2026-03-05T00:00:00Z,a,10,USD,web\n",
    )
    fewer = SUBSCRIPTIONS + lines.partition("sc")[0]
    (tmp_path / "files" / "subscriptions.csv").write_text(fewer, encoding="utf-8")
    (tmp_path / "files" / "deals.csv").unlink()
    (report,) = workspace.sync(recorded_at=at("2026-07-02"))
    assert report.state == "held"
    sight = workspace.sight()
    for asked in (workspace, sight):
        (answer,) = asked.kpi("mrr_end", period="2026-05")
        assert (answer.value, notes(answer)) == (50, [("held_load", None)])
        assert answer.notes[0].text.startswith("load 2 of crm waits: ")
        (deals,) = asked.kpi("win_rate", period="2026-03")
        assert notes(deals) == []
        (before,) = asked.kpi("mrr_end", period="2026-05", known_at="2026-07-01T12:00:00Z")
        assert notes(before) == []
    workspace.drop(report.number)
    (answer,) = workspace.sight().kpi("mrr_end", period="2026-05")
    assert notes(answer) == []


def test_lines_that_lost_to_a_different_one_of_their_key_are_told(make: Make) -> None:
    """The second line of s differs, the second of t is the same."""
    twice = "s,a,10,USD,2026-01-01,,\ns,a,12,USD,2026-01-01,,\n" + "t,b,5,USD,2026-01-01,,\n" * 2
    workspace = make(subscriptions=SUBSCRIPTIONS + twice)
    (answer,) = workspace.kpi("mrr_end", period="2026-05")
    assert (answer.value, notes(answer)) == (17, [("conflicting_lines", 1)])
    assert answer.notes[0].text == (
        "a line of subscriptions lost to a different line of the same key"
    )


def test_a_missing_rate_names_currency_and_first_day(make: Make) -> None:
    workspace = make(
        subscriptions=SUBSCRIPTIONS
        + "s,a,10,USD,2026-01-01,,\nt,b,10,ZAR,2026-02-03,,\nu,c,10,ZAR,2026-03-04,,\n"
    )
    (answer,) = workspace.kpi("mrr_end", period="2026-04")
    assert (answer.value, answer.reason) == (None, "missing_rate")
    assert notes(answer) == [("no_rate", 2)]
    assert answer.notes[0].text == "ZAR has no rate on 3 February 2026"
    assert of(workspace, "mrr_end", "2026-01") == []
    assert of(workspace, "mrr_end", "2026-04", where="account=a") == []


def test_whose_account_it_is_is_told_where_that_changed(make: Make) -> None:
    """a goes from ann to bob in February; c stays."""
    workspace = make(
        users="id,name\nann,Ann\nbob,Bob\n",
        ownerships="account_id,user_id,role,valid_from,valid_to\n"
        "a,ann,account_manager,2025-01-01,2026-02-15\na,bob,account_manager,2026-02-15,\n"
        "c,bob,account_manager,2025-01-01,\n",
        subscriptions=SUBSCRIPTIONS + "s,a,10,USD,2025-01-01,,\nt,c,10,USD,2025-01-01,,\n",
    )
    assert of(workspace, "nrr", "2026-Q1") == []
    assert of(workspace, "nrr", "2026-03", where="account_manager=bob") == []
    (quarter,) = workspace.kpi("nrr", period="2026-Q1", where="account_manager=bob")
    assert notes(quarter) == [("anchor", 1)]
    assert quarter.notes[0].text == (
        "an account changed account manager within the period: counted under that of the period's "
        "start, 1 January 2026"
    )
    (balance,) = workspace.kpi("customers_end", period="2026-Q1", where="account_manager=bob")
    assert balance.notes[0].text.endswith("counted under that of the period's end")


def test_looks_into_the_past_say_where_it_ends(make: Make) -> None:
    workspace = make(subscriptions=SUBSCRIPTIONS + "s,a,10,USD,2026-01-15,,\n")
    (answer,) = workspace.kpi("new_customers", period="2026-01")
    assert (answer.value, notes(answer)) == (1, [("no_history", None)])
    assert answer.notes[0].text == "what accounts did before 1 January 2026 is not known"


def test_a_payers_free_time_is_told_and_a_prospects_trial_is_not(make: Make) -> None:
    """a pays, has March free, and pays on; b tries and buys; c paid long ago and tries again."""
    workspace = make(
        subscriptions=SUBSCRIPTIONS
        + "a1,a,10,USD,2025-01-01,2026-03-01,\na2,a,10,USD,2026-03-01,2026-04-01,true\n"
        + "a3,a,10,USD,2026-04-01,,\n"
        + "b1,b,10,USD,2026-03-01,2026-04-01,true\nb2,b,10,USD,2026-04-01,,\n"
        + "c1,c,10,USD,2025-01-01,2025-06-01,\nc2,c,10,USD,2026-03-01,2026-04-01,true\n"
    )
    told = {month: of(workspace, "lost_customers", f"2026-0{month}") for month in (2, 3, 4, 5)}
    assert told == {2: [], 3: [("trial_of_payer", 1)], 4: [("trial_of_payer", 1)], 5: []}
    by = workspace.kpi("customers_end", period="2026-04", by="segment")
    assert {row.dimensions["segment"]: notes(row) for row in by} == {
        "small": [("trial_of_payer", 1)],
        "large": [],
    }


def test_a_viewer_hears_of_their_own_accounts_alone(make: Make) -> None:
    """Another's trial, rate and rows set aside are not theirs to know."""
    from kampass.access import Scope

    workspace = make(
        subscriptions=SUBSCRIPTIONS
        + "a1,a,10,USD,2025-01-01,2026-03-01,\na2,a,10,USD,2026-03-01,2026-04-01,true\n"
        + "a3,a,10,USD,2026-04-01,,\nt,b,10,ZAR,2026-02-03,,\nd1,d,10,USD,2026-01-01,,\n",
        tickets="id,created_at,account_id\nt,2026-03-01T00:00:00Z,a\nu,never,a\n",
    )
    other = workspace.sight(Scope(frozenset({"d"})))
    for kpi in ("customers_end", "mrr_end", "ticket_backlog"):
        (whole,) = workspace.kpi(kpi, period="2026-03")
        (theirs,) = other.kpi(kpi, period="2026-03")
        assert notes(whole) != []
        assert notes(theirs) == []


def test_the_table_marks_the_figure_and_every_file_says_the_note(make: Make) -> None:
    from typer.testing import CliRunner

    from kampass.cli.app import app

    workspace = make(subscriptions=SUBSCRIPTIONS + "s,a,10,USD,2026-01-15,,\n")
    folder = str(workspace.folder)
    told = "what accounts did before 1 January 2026 is not known"
    asked = ["kpi", "new_customers", "mrr_end", "-w", folder, "-p", "2026-01"]
    shown = CliRunner().invoke(app, asked).stdout
    assert "1*" in shown
    assert "10 USD*" not in shown
    assert f"* new_customers: {told}" in shown
    for form in ("csv", "json"):
        assert told in CliRunner().invoke(app, [*asked, "--format", form]).stdout
    table = workspace.kpi("new_customers", period="2026-01").to_arrow()
    assert table["notes"].to_pylist() == [told]

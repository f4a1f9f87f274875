"""A comparison in the table, JSON, CSV and Parquet."""

import csv
import io
import json
from datetime import UTC, datetime
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from tests.compare.worlds_compared import (
    TOUCHES_COVERED,
    Compare,
    csat,
    touches,
)
from typer.testing import CliRunner

from kampass.cli.app import app
from kampass.engine import Question
from kampass.errors import QuestionError
from kampass.render.display import show_change
from kampass.workspace import create
from kampass.workspace.settings import SourceSettings, WorkspaceSettings


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """48 of 80 satisfied in January, 56 of 70 in February, 42 of 60 in March."""
    folder = tmp_path_factory.mktemp("compare")
    files = folder / "files"
    files.mkdir()
    for name, text in (
        csat(("2026-01", 48, 80), ("2026-02", 56, 70), ("2026-03", 42, 60))
        | {"accounts": "id,name\na,Ash\n"}
    ).items():
        (files / f"{name}.csv").write_text(text, encoding="utf-8")
    made = create(
        folder / "workspace",
        WorkspaceSettings(sources=(SourceSettings("files", "folder", {"path": str(files)}),)),
    )
    made.sync(recorded_at=datetime(2026, 12, 31, tzinfo=UTC))
    made.close()
    return folder / "workspace"


def typed(workspace: Path, period: str, *options: str) -> str:
    done = CliRunner().invoke(
        app, ["kpi", "csat", "--workspace", str(workspace), "--period", period, *options]
    )
    assert done.exit_code == 0, done.output
    return done.stdout


def test_the_command_line_adds_the_change_to_json(workspace: Path) -> None:
    (answer,) = json.loads(typed(workspace, "2026-02", "--compare", "previous", "--format", "json"))
    assert (
        answer["change"]["with"],
        answer["change"]["method"],
        answer["change"]["detectable"],
    ) == ("previous", "newcombe", True)
    assert answer["change"]["difference"] == pytest.approx(20)
    (plain,) = json.loads(typed(workspace, "2026-02", "--format", "json"))
    assert answer.keys() - plain.keys() == {"change"}
    (uncovered,) = json.loads(
        typed(workspace, "2026-02", "--compare", "year-ago", "--format", "json")
    )
    assert (uncovered["change"]["period_start"], uncovered["change"]["reason"]) == (
        "2025-02-01",
        "not_covered",
    )


def test_the_table_shows_the_difference_and_that_it_may_be_chance(workspace: Path) -> None:
    assert "Change" not in typed(workspace, "2026-02")
    risen = typed(workspace, "2026-02", "--compare", "previous")
    assert "Change" in risen
    assert "+20.0 pp" in risen
    assert "may be chance" not in risen
    assert "-10.0 pp, may be chance" in typed(workspace, "2026-03", "--compare", "previous")
    assert "not covered" in typed(workspace, "2026-01", "--compare", "previous")


def test_csv_and_parquet_flatten_the_change(workspace: Path, tmp_path: Path) -> None:
    (row,) = csv.DictReader(
        io.StringIO(typed(workspace, "2026-02", "--compare", "previous", "--format", "csv"))
    )
    assert (
        row["change.with"],
        row["change.period_start"],
        row["change.value"],
        row["change.detectable"],
    ) == ("previous", "2026-01-01", "60", "true")
    done = CliRunner().invoke(
        app,
        [
            "kpi",
            "csat",
            "-w",
            str(workspace),
            "-p",
            "2026-02",
            "--compare",
            "previous",
            "--format",
            "parquet",
        ],
    )
    (tmp_path / "answer.parquet").write_bytes(done.stdout_bytes)
    table = pq.read_table(tmp_path / "answer.parquet")
    assert [name for name in table.column_names if name.startswith("change.")] == [
        "change.with",
        "change.period_start",
        "change.period_end",
        "change.value",
        "change.difference",
        "change.low",
        "change.high",
        "change.method",
        "change.detectable",
        "change.carried_by",
        "change.reason",
    ]
    assert table["change.detectable"].to_pylist() == [True]


def test_a_difference_of_counts_is_shown_with_its_sign_and_who_carries_it(compare: Compare) -> None:
    tables = {
        "touches": touches("2026-01-05", "2026-02-05", "2026-02-06"),
        "coverage": TOUCHES_COVERED,
    }
    (answer,) = compare(tables, "customer_interactions", "2026-02")
    assert show_change(answer, "USD") == "+1, 100 % by one account"


def test_a_ratio_of_few_shows_its_difference_and_that_they_are_too_few(compare: Compare) -> None:
    (answer,) = compare(csat(("2026-01", 1, 2), ("2026-02", 2, 2)), "csat", "2026-02")
    assert show_change(answer, "USD") == "+50.0 pp, too few to tell"


def test_a_comparison_that_does_not_exist_cannot_be_asked_for() -> None:
    with pytest.raises(QuestionError, match="no comparison called 'last-week'"):
        Question(("csat",), "2026-02", compare="last-week")  # type: ignore[arg-type]

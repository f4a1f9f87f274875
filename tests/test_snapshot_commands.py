"""`kampass snapshot`: what was published when, what is pinned, and what changed between two
snapshots, from the command line.
"""

import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from kampass.cli import main

HEAD = "id,account_id,mrr,currency,valid_from,valid_to\n"


class Done(NamedTuple):
    """What a command left behind."""

    code: int
    out: str
    err: str


Run = Callable[..., Done]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run a command in this process."""

    def ran(*words: object) -> Done:
        monkeypatch.setattr(sys, "argv", ["kampass", *map(str, words)])
        with pytest.raises(SystemExit) as left:
            main()
        out, err = capsys.readouterr()
        return Done(int(left.value.code or 0), out, err)

    return ran


@pytest.fixture(scope="module")
def acme(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Known on 3 January: Ada pays 100, Bob 50. Known on 3 February: Bob left in November, Cy came
    in January.
    """
    folder = tmp_path_factory.mktemp("snapshots")
    files = folder / "files"
    files.mkdir()
    (files / "accounts.csv").write_text("id,name\nA,Ada\nB,Bob\nC,Cy\n", encoding="utf-8")
    rows = (
        "a,A,100,USD,2025-09-01,\nb,B,50,USD,2025-09-01,\n",
        "a,A,100,USD,2025-09-01,\nb,B,50,USD,2025-09-01,2025-11-15\nc,C,25,USD,2026-01-10,\n",
    )
    commands = (
        ("init", folder / "acme", "--from", files),
        ("sync", "--workspace", folder / "acme"),
    )
    for words, lines, recorded_at in zip(
        commands, rows, ("2026-01-03T00:00:00Z", "2026-02-03T00:00:00Z"), strict=True
    ):
        (files / "subscriptions.csv").write_text(HEAD + lines, encoding="utf-8")
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(sys, "argv", ["kampass", *map(str, words), "--recorded-at", recorded_at])
            with pytest.raises(SystemExit) as left:
                main()
            assert not left.value.code
    return folder / "acme"


@pytest.fixture
def ids(run: Run, acme: Path) -> list[str]:
    return [card["id"] for card in listed(run, acme)]


def test_the_list_says_what_each_knows_when_it_was_published_and_under_which_rules(
    run: Run, acme: Path
) -> None:
    first, second = listed(run, acme)
    assert (first["known_at"], second["known_at"]) == (
        "2026-01-03T00:00:00Z",
        "2026-02-03T00:00:00Z",
    )
    assert (first["current"], second["current"]) == (False, True)
    assert (first["rows"], second["rows"]) == (
        {"accounts": 3, "subscriptions": 2},
        {"accounts": 3, "subscriptions": 3},
    )
    assert (first["loads"], second["loads"], second["times_published"]) == (1, 2, 1)
    assert second["settings_are_todays"] and second["definitions_are_todays"]
    assert len(second["settings_digest"]) == len(second["catalogue_digest"]) == 16
    assert second["size"] > 0 and second["pinned"] is None
    marked = [
        line
        for line in run("snapshot", "list", "--workspace", acme).out.splitlines()
        if line.startswith("●")
    ]
    assert second["id"] in marked[0]


def test_one_is_shown_with_its_tables_loads_and_coverage(
    run: Run, acme: Path, ids: list[str]
) -> None:
    shown = json.loads(
        run("snapshot", "show", ids[1][:6], "--workspace", acme, "--format", "json").out
    )
    assert [(table["table"], table["rows"], table["set_aside"]) for table in shown["tables"]] == [
        ("accounts", 3, 0),
        ("subscriptions", 3, 0),
    ]
    assert shown["tables"][1]["covered"] == [
        {"from": "2025-09-01T00:00:00Z", "to": "2026-02-03T00:00:00Z"}
    ]
    assert [load["recorded_at"] for load in shown["load_list"]] == [
        "2026-01-03T00:00:00Z",
        "2026-02-03T00:00:00Z",
    ]
    assert "(current)" in run("snapshot", "show", ids[1], "--workspace", acme).out


def test_a_pin_says_why_until_it_is_taken_away(run: Run, acme: Path, ids: list[str]) -> None:
    assert run("snapshot", "pin", ids[0], "--why", "board report", "--workspace", acme).code == 0
    assert listed(run, acme)[0]["pinned"] == "board report"
    assert "board report" in run("snapshot", "show", ids[0], "--workspace", acme).out
    assert run("snapshot", "unpin", ids[0], "--workspace", acme).code == 0
    assert listed(run, acme)[0]["pinned"] is None


def test_the_restatement_report_names_rows_and_figures(
    run: Run, acme: Path, ids: list[str]
) -> None:
    words = ("snapshot", "diff", *ids, "--workspace", acme, "--kpi", "mrr_end", "--kpi", "nrr")
    report = json.loads(run(*words, "--format", "json").out)
    assert [(count["table"], count["kind"], count["rows"]) for count in report["counts"]] == [
        ("subscriptions", "changed", 1),
        ("subscriptions", "new", 1),
    ]
    assert [(row["kind"], row["key"], row["load"], row["line"]) for row in report["rows"]] == [
        ("changed", {"id": "b"}, 2, 3),
        ("new", {"id": "c"}, 2, 4),
    ]
    assert report["rows"][0]["columns"] == {"valid_to": {"before": None, "after": "2025-11-15"}}
    moved = [
        (one["kpi"], one["period_start"], one["difference"])
        for one in report["moved"]
        if one["kpi"] == "mrr_end"
    ]
    assert moved == [("mrr_end", "2025-11-01", -50), ("mrr_end", "2025-12-01", -50)]
    text = run(*words).out
    assert "valid_to: nothing → 2025-11-15" in text
    assert "KPIs asked (2025-09-01 to 2025-12-31, 4 closed periods)" in text
    assert json.loads(run(*words, "--table", "accounts", "--format", "json").out)["rows"] == []


def test_a_snapshot_or_a_table_that_does_not_exist_is_a_question_that_cannot_be_asked(
    run: Run, acme: Path, ids: list[str]
) -> None:
    unknown = run("snapshot", "show", "nothing", "--workspace", acme)
    assert unknown.code == 2
    assert "kampass snapshot list" in unknown.err
    assert run("snapshot", "diff", *ids, "--table", "tikets", "--workspace", acme).code == 2
    assert (
        run("kpi", "nrr", "--period", "2025", "--snapshot", "nothing", "--workspace", acme).code
        == 2
    )


def listed(run: Run, workspace: Path) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(
        run("snapshot", "list", "--workspace", workspace, "--format", "json").out
    )
    return found

"""The command line as the contract spells it: stdout is data, stderr is narration, exit codes say
what happened.
"""

import csv
import io
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pyarrow.parquet as pq
import pytest

from kampass.catalogue import shipped
from kampass.cli import main

FIRST, SECOND = "2026-01-03T00:00:00Z", "2026-02-03T00:00:00Z"
ACCOUNTS = "id,name,segment\nA,Ada,large\nB,Bob,small\nC,Cy,\n"
SUBSCRIPTIONS = "id,account_id,mrr,currency,valid_from,valid_to\na,A,100,USD,2025-01-01,\nb,B,50,USD,2025-01-01,{b_ends}\nc,C,25,USD,2025-12-01,\n"
EVERY_COMMAND = [
    "init",
    "sync",
    "publish",
    "repair",
    "export",
    "kpi",
    "doctor",
    "template",
    "catalogue list",
    "catalogue show",
    "catalogue test",
    "catalogue lint",
    "data loads",
    "data quarantine",
    "data drop",
    "data confirm",
    "data replay",
    "data held",
    "snapshot list",
    "snapshot show",
    "snapshot pin",
    "snapshot unpin",
    "snapshot diff",
    "catalogue diff",
    "jobs",
    "run",
]


class Done(NamedTuple):
    """What a command left behind."""

    code: int
    out: str
    err: str
    raw: bytes


Run = Callable[..., Done]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capfdbinary: pytest.CaptureFixture[bytes]) -> Run:
    """Run a command in this process."""
    monkeypatch.delenv("KAMPASS_WORKSPACE", raising=False)

    def ran(*words: object) -> Done:
        monkeypatch.setattr(sys, "argv", ["kampass", *map(str, words)])
        with pytest.raises(SystemExit) as left:
            main()
        sys.stdout.flush()
        sys.stderr.flush()
        out, err = capfdbinary.readouterr()
        return Done(left.value.code or 0, out.decode(errors="replace"), err.decode(), out)

    return ran


def write_files(folder: Path, *, b_ends: str = "", accounts: str = ACCOUNTS) -> Path:
    folder.mkdir(exist_ok=True)
    (folder / "accounts.csv").write_text(accounts, encoding="utf-8")
    (folder / "subscriptions.csv").write_text(SUBSCRIPTIONS.format(b_ends=b_ends), encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def acme(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Ada pays 100 and Bob 50 all year, Cy 25 from December; the second load knows that Bob left on
    15 December.
    """
    folder = tmp_path_factory.mktemp("cli")
    files = write_files(folder / "files")
    for words, b_ends in (
        (("init", folder / "acme", "--from", files), ""),
        (("sync", "--workspace", folder / "acme"), "2025-12-15"),
    ):
        write_files(files, b_ends=b_ends)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(
                sys,
                "argv",
                ["kampass", *map(str, words), "--recorded-at", SECOND if b_ends else FIRST],
            )
            with pytest.raises(SystemExit) as left:
                main()
            assert not left.value.code
    return folder / "acme"


def test_init_loads_and_publishes_and_narrates_on_stderr_alone(run: Run, tmp_path: Path) -> None:
    done = run(
        "init",
        tmp_path / "acme",
        "--from",
        write_files(tmp_path / "files"),
        "--timezone",
        "Europe/Berlin",
        "--currency",
        "EUR",
        "--fiscal-start",
        2,
        "--week-start",
        "sunday",
        "--recorded-at",
        FIRST,
    )
    assert (done.code, done.out) == (0, "")
    assert "Load 1 from files: 6 read, 6 loaded." in done.err
    settings = (tmp_path / "acme" / "kampass.toml").read_text(encoding="utf-8")
    assert all(
        text in settings for text in ('"Europe/Berlin"', '"EUR"', "fiscal_start = 2", '"sunday"')
    )
    again = run("init", tmp_path / "acme")
    assert (again.code, again.out) == (3, "")
    (answer,) = json.loads(
        run(
            "kpi", "mrr_end", "-w", tmp_path / "acme", "--period", "FY2025-Q4", "--format", "json"
        ).out
    )
    assert (answer["period_start"], answer["period_end"], answer["known_at"]) == (
        "2024-11-01",
        "2025-02-01",
        FIRST,
    )


def test_an_empty_workspace_says_that_nothing_is_published(run: Run, tmp_path: Path) -> None:
    assert run("init", tmp_path / "acme").code == 0
    done = run("kpi", "nrr", "--period", "2025", "--workspace", tmp_path / "acme")
    assert (done.code, done.out) == (3, "")
    assert "kampass sync" in done.err


def test_a_load_may_not_lie_before_an_earlier_one(run: Run, acme: Path) -> None:
    done = run("sync", "--workspace", acme, "--recorded-at", "2025-01-01T00:00:00Z")
    assert (done.code, done.out) == (3, "")


def test_publish_prints_the_snapshot_that_then_answers(run: Run, acme: Path) -> None:
    snapshot = run("publish", "--workspace", acme).out.strip()
    (answer,) = json.loads(
        run("kpi", "mrr_end", "-w", acme, "--period", "2025", "--format", "json").out
    )
    assert answer["snapshot"] == snapshot


def test_json_is_a_list_of_the_contracts_objects(run: Run, acme: Path) -> None:
    done = run(
        "kpi",
        "mrr_end",
        "--workspace",
        acme,
        "--period",
        "2025-12",
        "--by",
        "segment",
        "--total",
        "--format",
        "json",
    )
    rows = json.loads(done.out)
    assert (done.code, done.err) == (0, "")
    assert [(row["dimensions"], row["value"]) for row in rows] == [
        ({"segment": "large"}, 100),
        ({"segment": None}, 25),
        ({}, 125),
    ]
    snapshot = rows[0]["snapshot"]
    assert rows[0] == {
        "kpi": "mrr_end",
        "period_start": "2025-12-01",
        "period_end": "2026-01-01",
        "through": SECOND,
        "dimensions": {"segment": "large"},
        "value": 100.0,
        "unit": "money",
        "numerator": 100.0,
        "denominator": None,
        "n": 1,
        "low": None,
        "high": None,
        "status": "ok",
        "reason": None,
        "definition": "mrr_end@1",
        "snapshot": snapshot,
        "known_at": SECOND,
        "notes": [],
    }
    assert list(rows[0])[:5] == ["kpi", "period_start", "period_end", "through", "dimensions"]


def test_csv_and_parquet_have_a_column_per_dimension(run: Run, acme: Path) -> None:
    question = (
        "kpi",
        "mrr_end",
        "nrr",
        "-w",
        acme,
        "--period",
        "2025-11..2025-12",
        "--grain",
        "month",
        "--by",
        "segment",
        "--where",
        "segment!=small",
    )
    rows = list(csv.DictReader(io.StringIO(run(*question, "--format", "csv").out)))
    assert [
        (row["kpi"], row["period_start"], row["dim.segment"], float(row["value"])) for row in rows
    ] == [
        ("mrr_end", "2025-11-01", "large", 100),
        ("mrr_end", "2025-12-01", "large", 100),
        ("nrr", "2025-11-01", "large", 100),
        ("nrr", "2025-12-01", "large", 100),
    ]
    assert rows[0]["through"] == SECOND
    table = pq.read_table(io.BytesIO(run(*question, "--format", "parquet").raw))
    assert table.column_names == list(rows[0])
    assert table.column("dim.segment").to_pylist() == ["large"] * 4


def test_known_at_and_snapshot_answer_as_it_was_known(run: Run, acme: Path) -> None:
    question = ("kpi", "mrr_end", "--workspace", acme, "--period", "2025-12", "--format", "json")
    (now,), (then,) = (
        json.loads(run(*question).out),
        json.loads(run(*question, "--known-at", FIRST).out),
    )
    assert (now["value"], then["value"], then["known_at"]) == (125, 175, FIRST)
    assert json.loads(run(*question, "--snapshot", then["snapshot"]).out) == [then]
    between = json.loads(run(*question, "--known-at", "2026-02-01T00:00:00+01:00").out)[0]
    assert (between["value"], between["known_at"]) == (175, "2026-01-31T23:00:00Z")
    assert run(*question, "--known-at", "2020-01-01T00:00:00Z").code == 3
    assert run(*question, "--known-at", FIRST, "--snapshot", then["snapshot"]).code == 2


@pytest.mark.parametrize(
    ("words", "exit_code", "code"),
    [
        (("kpi", "chrun_rate", "--period", "2025"), 2, "unknown_kpi"),
        (("kpi", "nrr", "--period", "2025", "--by", "segmnet"), 2, "unknown_dimension"),
        (("kpi", "nrr", "--period", "2025-13"), 2, "bad_period"),
        (("kpi", "nrr", "--period", "2025-03", "--grain", "year"), 2, "bad_grain"),
        (("kpi", "nrr", "--period", "2025", "--where", "segment"), 2, "bad_filter"),
        (("kpi", "nrr", "--period", "2025", "--known-at", "yesterday"), 2, "bad_instant"),
        (("kpi", "nrr", "--period", "2025", "--snapshot", "nowhere"), 2, "unknown_snapshot"),
        (("kpi", "nrr"), 2, "usage"),
        (("kpi", "nrr", "--period", "2025", "--grain", "fortnight"), 2, "usage"),
        (("catalogue", "show", "nrrr"), 2, "unknown_kpi"),
    ],
)
def test_an_error_is_an_object_on_stderr_with_its_exit_code(
    run: Run, acme: Path, words: tuple[str, ...], exit_code: int, code: str
) -> None:
    done = run(*words, "--workspace", acme, "--format", "json")
    assert (done.code, done.out) == (exit_code, "")
    error = json.loads(done.err)["error"]
    assert (set(error), error["code"]) == ({"code", "message", "hint"}, code)
    told = run(*words, "--workspace", acme)
    assert (told.code, told.out) == (exit_code, "")
    assert told.err.startswith(f"kampass: {error['message']}")


def test_a_form_that_a_command_does_not_write_is_refused(run: Run, acme: Path) -> None:
    for words in (
        ("doctor",),
        ("catalogue", "list"),
        ("catalogue", "show", "nrr"),
        ("data", "loads"),
        ("data", "quarantine"),
    ):
        done = run(*words, "--workspace", acme, "--format", "parquet")
        assert (done.code, done.out) == (2, "")


@pytest.mark.parametrize("form", ["table", "json", "csv", "parquet"])
def test_an_answer_without_rows_can_be_written_in_every_form(
    run: Run, acme: Path, form: str
) -> None:
    done = run("kpi", "csat", "-w", acme, "--period", "2025", "--by", "segment", "--format", form)
    assert (done.code, done.err) == (0, "")
    assert form != "json" or json.loads(done.out) == []
    assert form != "csv" or "dim.segment" in done.out


def test_a_workspace_that_does_not_exist_is_trouble_with_data(run: Run, tmp_path: Path) -> None:
    for words in (
        ("kpi", "nrr", "--period", "2025"),
        ("doctor",),
        ("publish",),
        ("sync",),
        ("export", tmp_path / "out"),
    ):
        done = run(*words, "--workspace", tmp_path / "nowhere")
        assert (done.code, done.out) == (3, "")
        assert "kampass init" in done.err
    assert not (tmp_path / "nowhere").exists()


def test_a_held_load_leaves_with_three_and_says_how_to_go_on(run: Run, tmp_path: Path) -> None:
    """Of a hundred accounts ninety are gone: more than the brake lets pass."""
    head, rows = (
        "id,name,segment\nA,Ada,large\nB,Bob,small\nC,Cy,\n",
        "".join(f"X{number},X,\n" for number in range(97)),
    )
    files, acme = write_files(tmp_path / "files", accounts=head + rows), tmp_path / "acme"
    assert run("init", acme, "--from", files, "--recorded-at", FIRST).code == 0
    write_files(files, accounts=head)
    held = run("sync", "--workspace", acme, "--recorded-at", SECOND)
    assert (held.code, held.out) == (3, "")
    assert "kampass data confirm 2" in held.err
    (answer,) = json.loads(
        run("kpi", "customers_end", "-w", acme, "--period", "2025", "--format", "json").out
    )
    assert answer["known_at"] == FIRST
    assert run("data", "confirm", 2, "--workspace", acme).code == 0
    (answer,) = json.loads(
        run("kpi", "customers_end", "-w", acme, "--period", "2025", "--format", "json").out
    )
    assert answer["known_at"] == SECOND


def test_an_export_is_a_canonical_folder_and_the_same_every_time(
    run: Run, acme: Path, tmp_path: Path
) -> None:
    for name in ("one", "two"):
        done = run("export", tmp_path / name, "--workspace", acme)
        assert (done.code, done.out) == (0, "")
    files = sorted(file.name for file in (tmp_path / "one").iterdir())
    assert files == ["accounts.csv", "subscriptions.csv"]
    assert all(
        (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()
        for name in files
    )
    rows = list(
        csv.DictReader(
            (tmp_path / "one" / "subscriptions.csv").read_text(encoding="utf-8").splitlines()
        )
    )
    assert [(row["id"], row["mrr"], row["valid_to"]) for row in rows] == [
        ("a", "100", ""),
        ("b", "50", "2025-12-15"),
        ("c", "25", ""),
    ]
    assert run("export", tmp_path / "then", "--workspace", acme, "--known-at", FIRST).code == 0
    assert "2025-12-15" not in (tmp_path / "then" / "subscriptions.csv").read_text(encoding="utf-8")


def test_doctor_and_the_loads_are_data_too(run: Run, acme: Path) -> None:
    examined = json.loads(run("doctor", "--workspace", acme, "--format", "json").out)
    assert "nrr" in examined["possible"]
    assert {
        table["table"]: table["rows"] for table in examined["tables"] if table["connected"]
    } == {"accounts": 3, "subscriptions": 3}
    assert run("doctor", "--workspace", acme).code == 0
    loads = json.loads(run("data", "loads", "--workspace", acme, "--format", "json").out)
    assert [load["recorded_at"][:10] for load in loads] == [FIRST[:10], SECOND[:10]]


def test_doctor_shows_rows_that_contradict_each_other(run: Run, tmp_path: Path) -> None:
    folder = tmp_path / "exports"
    folder.mkdir()
    (folder / "accounts.csv").write_text("id,name\na,A\n", encoding="utf-8")
    (folder / "subscriptions.csv").write_text(
        "id,account_id,mrr,currency,valid_from,valid_to\ns1,a,10,USD,2025-04-01,2025-01-01\n",
        encoding="utf-8",
    )
    assert run("init", tmp_path / "w", "--from", folder).code == 0
    said = run("doctor", "--workspace", tmp_path / "w").out
    assert "Ends before it begins, and so counts on no day: 1 line. Look whether" in said
    assert re.search(r"subscriptions s1 \(\w+, line 2\): begins on 2025-04-01", said)
    examined = json.loads(run("doctor", "--workspace", tmp_path / "w", "--format", "json").out)
    (found,) = examined["contradictions"]
    assert (found["check"], found["count"]) == ("ends_before_it_begins", 1)
    assert (found["rows"][0]["key"], found["rows"][0]["line"]) == ("s1", 2)


def test_a_template_is_an_empty_canonical_file(run: Run) -> None:
    done = run("template", "references")
    assert (done.code, done.out) == (0, "account_id,valid_from,valid_to\n")
    assert "required" in done.err
    assert run("template", "acounts").code == 2


def test_the_catalogue_lists_shows_tests_and_lints(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    rows = json.loads(run("catalogue", "list", "--format", "json").out)
    assert (len(rows), sum(row["enabled"] for row in rows)) == (len(shipped().kpis), 12)
    assert json.loads(run("catalogue", "show", "nrr", "--format", "json").out)["id"] == "nrr"
    assert "closing" in run("catalogue", "show", "nrr").out
    assert run("catalogue", "test", "customers_start").code == 0
    assert run("catalogue", "lint").code == 0


@pytest.mark.parametrize("command", EVERY_COMMAND)
def test_every_commands_help_has_an_example(run: Run, command: str) -> None:
    done = run(*command.split(), "--help")
    assert done.code == 0
    assert f"Example: kampass {command}" in re.sub(r"\s+", " ", re.sub(r"[`│]", "", done.out))


def test_jobs_are_listed_for_people_and_for_programs(run: Run, tmp_path: Path) -> None:
    """A workspace that was made and then read once more by a command."""
    workspace = tmp_path / "acme"
    assert run("init", workspace, "--from", write_files(tmp_path / "files")).code == 0
    assert "Nothing" in run("jobs", "-w", workspace).out
    assert run("sync", "-w", workspace).code == 0
    (job,) = json.loads(run("jobs", "-w", workspace, "--format", "json").out)
    assert (job["id"], job["kind"], job["title"], job["asked_by"]) == (
        1,
        "sync",
        "Reading every source",
        "the command line",
    )
    assert (job["state"], job["message"], job["loads"]) == ("done", "Load 2.", [2])
    shown = run("jobs", "-w", workspace)
    assert "Reading every source" in shown.out and "done" in shown.out and not shown.err


def test_run_says_when_a_load_waits_and_ends_with_three(run: Run, tmp_path: Path) -> None:
    workspace = tmp_path / "acme"
    files = write_files(tmp_path / "files")
    assert run("init", workspace, "--from", files).code == 0
    write_files(files, accounts="id,name,segment\nA,Ada,large\n")
    done = run("run", "-w", workspace)
    assert (done.code, done.out) == (3, "") and "Load 2; 1 of them waits for a person." in done.err


def test_a_narrow_terminal_still_shows_every_figure(
    run: Run, acme: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    done = run(
        "kpi",
        "mrr_end",
        "nrr",
        "-w",
        acme,
        "--period",
        "2025",
        "--grain",
        "month",
        "--by",
        "segment",
        "--total",
    )
    assert done.code == 0
    assert "Unknown" in done.out
    assert (
        run("doctor", "--workspace", acme).code
        == run("catalogue", "list").code
        == run("--help").code
        == 0
    )


def test_help_is_quick_because_it_imports_neither_engine_nor_store() -> None:
    heavy = ("duckdb", "sqlalchemy", "pyarrow", "pandas", "polars")
    code = (
        f"import sys, kampass; first = [m for m in {heavy} if m in sys.modules]; sys.argv = "
        "['kampass', '--help']\n"
    )
    code += (
        "import kampass.cli\ntry: kampass.cli.main()\nfinally: print('loaded', first, [m for m "
        f"in {heavy} if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert "loaded [] []" in done.stdout


def test_a_question_imports_nothing_that_only_loading_or_serving_needs(acme: Path) -> None:
    """What it need not import is what made a question of 13 ms take a second."""
    heavy = (
        *("sqlalchemy", "alembic", "sqlglot", "yaml", "tomlkit", "numpy", "pyarrow", "pandas"),
        *("polars", "fastapi", "jinja2", "kampass.people", "kampass.intake.mapping", "kampass.web"),
        "prometheus_client",
    )
    code = (
        "import sys, kampass.cli\n"
        f"sys.argv = ['kampass', 'kpi', 'nrr', '--period', '2025-03', '--workspace', {str(acme)!r}]\n"
        "try: kampass.cli.main()\n"
        f"finally: print('loaded', [name for name in {heavy} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert "NRR" in done.stdout
    assert "loaded []" in done.stdout


def test_version_and_completion_are_there(run: Run) -> None:
    assert run("--version").out.startswith("kampass 0.")
    script = Path(sys.executable).with_name("kampass")
    shown = subprocess.run(
        [script, "--show-completion", "bash"],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION": "1"},
    )
    assert "_kampass_completion" in shown.stdout

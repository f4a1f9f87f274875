"""A newcomer's three exports become twelve KPIs in less than five minutes, as the page says; what
nobody answers is named and nothing is loaded.
"""

import json
import time
from pathlib import Path

import pytest
from tests.pasted import Step, run, steps_of
from typer.testing import CliRunner

from kampass.cli.app import app
from kampass.errors import DataError

PAGE = Path(__file__).parents[1] / "docs" / "trying.md"
PATIENCE, LEAST = 300, 12
DEALS = "Deal ID;Kunde;Status;Art;Angelegt am;Betrag\n1;a;Gewonnen;Neu;03.04.2026;12,50\n"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("trying")


@pytest.fixture(scope="module")
def steps(folder: Path) -> list[Step]:
    begun = time.monotonic()
    found = steps_of(PAGE, folder)
    assert time.monotonic() - begun < PATIENCE
    return found


def lines(text: str) -> list[str]:
    return [" ".join(line.split()) for line in text.splitlines()]


def test_the_page_shows_what_is_printed(steps: list[Step]) -> None:
    promised = [step for step in steps if step.promised]
    assert promised
    for step in promised:
        assert set(lines(step.promised)) <= set(lines(step.stdout))


def test_three_exports_become_twelve_kpis(steps: list[Step]) -> None:
    (tried,) = [step for step in steps if "--workspace acme --currency" in step.block]
    (counted,) = [line for line in lines(tried.stdout) if line.endswith("KPIs have a figure.")]
    assert int(counted.split()[0]) >= LEAST
    assert "An export of subscriptions would add" in tried.stdout
    assert "set aside" not in tried.stderr.partition("Load 1")[2]


def test_the_figures_are_those_worked_out_by_hand(steps: list[Step], folder: Path) -> None:
    """3 of 4 deals won for 1200 + 2400 + 600; answers 10, 4, 9 and 8; 4, 48 and 8 hours; first
    replies after 30, 120, 15 and 25 minutes; two of three tickets with one reply.
    """
    expected = {
        "win_rate": 75,
        "revenue_booked": 4200,
        "nps": 25,
        "time_to_resolution": 20,
        "response_time": 190 / 60 / 4,
        "fcr": 200 / 3,
    }
    block = f"kampass kpi {' '.join(expected)} --period 2025 --workspace acme --format json"
    period = block.replace("--period 2025 ", "--period 2025-03..2025-06 ")
    found = {
        answer["kpi"]: answer["value"]
        for answer in json.loads(run(folder, "bash", period, "").stdout)
    }
    assert found == pytest.approx(expected)


def test_with_what_was_answered_nothing_is_asked_and_the_same_comes_out(steps: list[Step]) -> None:
    first, again = (step for step in steps if "kampass try" in step.block)
    assert "Which?" in first.stderr and "Which?" not in again.stderr
    assert again.stdout == first.stdout


def test_what_nobody_answers_is_named_and_nothing_is_made(tmp_path: Path) -> None:
    (tmp_path / "deals.csv").write_text(DEALS)
    arguments = ["try", str(tmp_path / "deals.csv"), "--workspace", str(tmp_path / "ws")]
    done = CliRunner().invoke(app, arguments, input="")
    assert isinstance(done.exception, DataError) and done.exception.code == "not_answered"
    assert "deals.deals.created_at" in done.exception.hint
    assert not (tmp_path / "ws").exists()


def test_an_answer_that_is_none_is_asked_again(tmp_path: Path) -> None:
    (tmp_path / "deals.csv").write_text(DEALS)
    arguments = ["try", str(tmp_path / "deals.csv"), "--workspace", str(tmp_path / "ws")]
    done = CliRunner().invoke(app, arguments, input="perhaps\n1\n")
    assert done.exit_code == 0, done.output
    assert (tmp_path / "ws" / "answers.toml").read_text().count("=") == 1
    assert (
        '"deals.deals.created_at" = "date %d.%m.%Y"'
        in (tmp_path / "ws" / "answers.toml").read_text()
    )


SUBS = (
    "Subscription ID,Customer,MRR,Currency,Start date,Status\n"
    "1,a,100,EUR,2026-01-13,Active\n2,b,200,EUR,2026-01-13,Cancelled\n"
)


def test_rows_that_may_not_count_are_loaded_by_an_answer_alone_and_it_is_replayed(
    tmp_path: Path,
) -> None:
    (tmp_path / "subs.csv").write_text(SUBS)
    arguments = ["try", str(tmp_path / "subs.csv"), "--workspace"]
    done = CliRunner().invoke(app, [*arguments, str(tmp_path / "a")], input="")
    assert isinstance(done.exception, DataError) and not (tmp_path / "a").exists()
    key = '"subs.subscriptions.where.status" = "leave out Cancelled"'
    assert key in done.exception.hint
    (tmp_path / "answers.toml").write_text(f"[answers]\n{key}\n")
    answers = ["--answers", str(tmp_path / "answers.toml")]
    done = CliRunner().invoke(app, [*arguments, str(tmp_path / "b"), *answers], input="")
    assert done.exit_code == 0, done.output
    assert "not in ('Cancelled')" in (tmp_path / "b" / "kampass.toml").read_text()

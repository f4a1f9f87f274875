"""What the README tells a newcomer to copy and paste works as it stands, block after block."""

import json
import re
from pathlib import Path

import pytest
from tests.pasted import Step, run, steps_of

README = Path(__file__).parents[1] / "README.md"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("newcomer")


@pytest.fixture(scope="module")
def steps(folder: Path) -> list[Step]:
    """Every block in order, in one empty folder; each must succeed."""
    return steps_of(README, folder)


def test_every_block_succeeds_and_prints_what_the_readme_shows(steps: list[Step]) -> None:
    assert len(steps) >= 8
    for step in steps:
        printed = [" ".join(line.split()) for line in step.stdout.splitlines()]
        assert [" ".join(line.split()) for line in step.promised.splitlines()] == (
            printed if step.promised else []
        ), step.block


def test_the_templates_hold_the_columns_of_the_newcomer_s_files(
    steps: list[Step], folder: Path
) -> None:
    accounts, subscriptions = (set(line.split(",")) for line in steps[0].stdout.splitlines())
    for table, columns in (("accounts", accounts), ("subscriptions", subscriptions)):
        header = (folder / "exports" / f"{table}.csv").read_text(encoding="utf-8").splitlines()[0]
        assert set(header.split(",")) <= columns


def test_nothing_of_the_newcomer_s_files_is_set_aside(steps: list[Step]) -> None:
    (loaded,) = [step for step in steps if "kampass init" in step.block]
    assert "7 read, 7 loaded." in loaded.stderr
    (synced,) = [step for step in steps if "kampass sync" in step.block]
    assert "8 read, 1 loaded, 7 unchanged." in synced.stderr


def test_the_figures_are_those_worked_out_by_hand(steps: list[Step], folder: Path) -> None:
    """500 at the start: Birch (100) leaves, Cedar goes from 400 to 450, Maple comes with 300. Later
    Birch is back.
    """
    expected = {
        "mrr_end": 750,
        "nrr": 90,
        "grr": 80,
        "customer_churn_rate": 50,
        "new_mrr": 300,
        "churned_mrr": 100,
        "expansion_mrr": 50,
    }
    assert asked(folder, *expected, "--period", "2025-Q2") == expected
    assert asked(folder, "mrr_per_account", "--period", "2025-Q2") == {"mrr_per_account": 375}
    assert asked(folder, "reactivation_mrr", "--period", "2025-09") == {"reactivation_mrr": 120}


def test_the_newcomer_s_own_kpi_passes_its_examples(steps: list[Step]) -> None:
    (own,) = [step for step in steps if "catalogue test" in step.block]
    assert "2 examples of 1 KPIs, 0 failed." in own.stderr
    assert ", 0 findings." in own.stderr


def test_every_page_the_readme_points_to_is_there() -> None:
    targets = re.findall(r"\]\(([^)#:]+)\)", README.read_text(encoding="utf-8"))
    assert len(targets) >= 5
    assert [target for target in targets if not (README.parent / target).is_file()] == []


def asked(folder: Path, *arguments: str) -> dict[str, float]:
    found = run(
        folder, "bash", f"kampass kpi {' '.join(arguments)} --workspace acme --format json", ""
    )
    return {answer["kpi"]: answer["value"] for answer in json.loads(found.stdout)}

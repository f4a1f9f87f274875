"""`kampass catalogue diff`: what a changed definition does to published numbers."""

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from kampass.catalogue import stored
from kampass.cli import main
from kampass.errors import DataError, DefinitionError, UnknownName
from kampass.insight.restated.redefinition import Redefined
from kampass.workspace import Workspace, create, open_workspace
from kampass.workspace.restated import redefined
from kampass.workspace.settings import SourceSettings, WorkspaceSettings

OWN = """
family: own
kpis:
  - id: mrr_per_account
    name: MRR per account
    question: How much recurring revenue does an account bring on average?
    formula: MRR at the end / accounts at the end
    kind: objective
    unit: money
    direction: up
    cadence: {review: monthly}
    needs: [subscriptions]
    dimensions: [account]
    fact: closing_accounts
    measures:
      amount: sum(close_mrr)
      accounts: count(*)
    numerator: amount
    denominator: accounts
    version: 1
    examples: []
"""
TWICE = "    scale: 2\n"
Edit = Callable[[str], Workspace]


@pytest.fixture
def edit(tmp_path: Path) -> Iterator[Edit]:
    """Ada pays 100 and Bob 50 since November, published with the KPI above; what is handed over is
    written instead and the workspace opened anew.
    """
    files = tmp_path / "files"
    files.mkdir()
    (files / "accounts.csv").write_text("id,name\nA,Ada\nB,Bob\n", encoding="utf-8")
    lines = "a,A,100,USD,2025-11-01\nb,B,50,USD,2025-11-01\n"
    (files / "subscriptions.csv").write_text(
        f"id,account_id,mrr,currency,valid_from\n{lines}", encoding="utf-8"
    )
    made = create(
        tmp_path / "ws",
        WorkspaceSettings(sources=(SourceSettings("files", "folder", {"path": str(files)}),)),
    )
    own = made.folder / "kpis" / "own.yaml"
    own.write_text(OWN, encoding="utf-8")
    made.sync(recorded_at=datetime(2026, 1, 3, tzinfo=UTC))
    made.close()
    opened: list[Workspace] = []

    def written(text: str) -> Workspace:
        own.write_text(text, encoding="utf-8")
        opened.append(open_workspace(made.folder))
        return opened[-1]

    yield written
    for workspace in opened:
        workspace.close()


def test_nothing_differs_until_something_is_written_otherwise(edit: Edit) -> None:
    assert redefined(edit(OWN)).kpis == ()
    assert redefined(edit(f"# a comment moves every line\n{OWN}")).kpis == ()


def test_a_changed_formula_shows_old_and_new_and_its_numbers_under_both(edit: Edit) -> None:
    """75 an account under the definition as published, 150 under today's, in November and December;
    before there were no accounts.
    """
    (found,) = redefined(edit(OWN.replace("    version: 1\n", TWICE + "    version: 2\n"))).kpis
    assert (found.kpi, found.change, found.fault) == ("mrr_per_account", "changed", None)
    assert found.fields == {"scale": (1.0, 2.0), "version": (1, 2)}
    assert [
        (one.period.start.month, one.before.value, one.after.value, one.difference)
        for one in found.figures
    ] == [(11, 75, 150, 75), (12, 75, 150, 75)]
    assert [one.after.definition for one in found.figures] == ["mrr_per_account@2"] * 2


def test_a_changed_formula_under_the_same_version_is_a_fault(edit: Edit) -> None:
    (found,) = redefined(edit(OWN + TWICE)).kpis
    assert found.fault is not None
    assert "still version 1" in found.fault


def test_other_words_move_no_number_and_need_no_version(edit: Edit) -> None:
    (found,) = redefined(edit(OWN.replace("MRR per account", "Revenue per account"))).kpis
    assert (found.fields, found.fault, found.figures) == (
        {"name": ("MRR per account", "Revenue per account")},
        None,
        (),
    )


def test_a_measure_is_compared_by_its_name(edit: Edit) -> None:
    (found,) = redefined(edit(OWN.replace("count(*)", "count(distinct account_id)"))).kpis
    assert list(found.fields) == ["measures.accounts"]
    assert [figure.moved for figure in found.figures] == [False, False]


def test_added_and_removed_kpis_are_named(edit: Edit) -> None:
    other = OWN.replace("id: mrr_per_account", "id: mrr_per_head")
    assert redefined(edit(other)).kpis == (
        Redefined("mrr_per_account", "removed", {}),
        Redefined("mrr_per_head", "added", {}),
    )
    assert redefined(edit(other), ["mrr_per_head"]).kpis == (
        Redefined("mrr_per_head", "added", {}),
    )
    with pytest.raises(UnknownName, match="mrr_per_haed"):
        redefined(edit(other), ["mrr_per_haed"])


def test_the_definitions_as_published_with_another_snapshot_or_of_a_folder_can_be_asked_for(
    edit: Edit, tmp_path: Path
) -> None:
    changed = edit(OWN + TWICE)
    first = changed.manifest.current() or ""
    (changed.folder.parent / "files" / "accounts.csv").write_text(
        "id,name\nA,Ada\nB,Bob\nC,Cy\n", encoding="utf-8"
    )
    changed.sync(recorded_at=datetime(2026, 1, 4, tzinfo=UTC))
    assert redefined(changed).kpis == ()
    against = redefined(changed, against=first[:8])
    assert (against.snapshot, [kpi.kpi for kpi in against.kpis]) == (first, ["mrr_per_account"])
    folder = tmp_path / "drafts"
    folder.mkdir()
    (folder / "own.yaml").write_text(OWN, encoding="utf-8")
    assert [kpi.fields for kpi in redefined(changed, against=str(folder)).kpis] == [
        {"scale": (1.0, 2.0)}
    ]
    assert redefined(changed, against=str(changed.folder)).kpis == ()


def test_a_period_and_a_grain_can_be_asked_for_and_open_ones_are_left_out(edit: Edit) -> None:
    (found,) = redefined(edit(OWN + TWICE), period="2025-12..2026-01", grain="month").kpis
    assert [(one.period.start.month, one.before.value) for one in found.figures] == [(12, 75)]


def test_definitions_that_nobody_wrote_down_are_said_to_be_unknown(edit: Edit) -> None:
    """The KPI file could not be read when the second snapshot was published; loading went on
    without it.
    """
    broken = edit("kpis: [")
    broken.sync(recorded_at=datetime(2026, 1, 4, tzinfo=UTC))
    with pytest.raises(DataError) as raised:
        redefined(edit(OWN))
    assert raised.value.code == "definitions_unknown"


def test_stored_definitions_are_those_that_were_stored(edit: Edit) -> None:
    workspace = edit(OWN)
    text = stored.catalogue_text(workspace.catalogue)
    again = stored.definitions(text)
    assert stored.catalogue_text(again) == text
    assert [stored.definition(kpi) for kpi in again] == [
        stored.definition(kpi) for kpi in sorted(workspace.catalogue, key=lambda kpi: kpi.id)
    ]
    with pytest.raises(DefinitionError, match="another version of Kampass"):
        stored.definitions(json.dumps({"nrr": {"id": "nrr", "wholly": "unknown"}}))


def test_the_digest_changes_with_what_counts_and_with_nothing_else(edit: Edit) -> None:
    as_it_was = edit(OWN).catalogue_digest
    assert len(as_it_was) == 16
    assert (
        edit(
            OWN.replace(
                "examples: []", "examples: [{parts: {amount: 4, accounts: 2}, expect: {value: 2}}]"
            )
        ).catalogue_digest
        == as_it_was
    )
    assert edit(OWN + TWICE).catalogue_digest != as_it_was
    workspace = edit(OWN)
    file = workspace.folder / "kampass.toml"
    settings, before = file.read_text(encoding="utf-8"), workspace.settings_digest
    for change, counts in (
        ("\n# a comment\n", False),
        ('\n[calendars.other]\nhours = ["10:00-12:00"]\n', True),
    ):
        file.write_text(settings + change, encoding="utf-8")
        assert (edit(OWN).settings_digest != before) is counts


def test_the_command_prints_the_change_the_fault_and_the_figures(
    edit: Edit, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    workspace = edit(OWN + TWICE)
    for form in ("table", "json"):
        monkeypatch.setattr(
            sys,
            "argv",
            [
                "kampass",
                "catalogue",
                "diff",
                "--workspace",
                str(workspace.folder),
                "--format",
                form,
            ],
        )
        with pytest.raises(SystemExit) as left:
            main()
        assert not left.value.code
    table, _, written = capsys.readouterr().out.partition("{")
    assert "mrr_per_account: changed" in table
    assert "scale: 1 → 2" in table
    assert "fault: it counts otherwise" in table
    assert "2 of 2 figures differ" in table
    (kpi,) = json.loads("{" + written)["kpis"]
    assert kpi["figures"][0]["difference"] == 75
    with closing(workspace):
        assert kpi["fields"] == {"scale": {"before": 1.0, "after": 2.0}}

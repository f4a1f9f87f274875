"""What stands where a file should be: a folder, a pipe, a link to nowhere, a file that goes away;
and what a person sees of it.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from tests.store.conftest import Desk, day

from kampass.errors import DataError
from kampass.intake.sources.folder import FileSource

GOOD = "id,name\n1,Ann\n2,Bob\n"


def _refused(desk: Desk, folder: Path, words: str) -> None:
    before = desk.load(1, accounts=GOOD)
    with pytest.raises(DataError, match=words) as raised:
        desk.workspace.journal.load(FileSource("files", folder), recorded_at=day(2))
    assert raised.value.hint
    assert before["accounts"].loaded == 2
    assert len(desk.workspace.manifest.loads()) == 1


def test_a_folder_named_like_a_file_is_refused(desk: Desk, tmp_path: Path) -> None:
    (tmp_path / "other" / "accounts.csv").mkdir(parents=True)
    _refused(desk, tmp_path / "other", "accounts.csv in .* is a folder")


def test_a_pipe_is_refused_and_not_waited_for(desk: Desk, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    os.mkfifo(tmp_path / "other" / "accounts.csv")
    _refused(desk, tmp_path / "other", "accounts.csv in .* is no ordinary file")


def test_links_that_go_round_are_refused(desk: Desk, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "accounts.csv").symlink_to(tmp_path / "other" / "accounts.csv")
    _refused(desk, tmp_path / "other", "accounts.csv in .* is a link that leads to no file")


def test_a_file_that_goes_away_while_it_is_read_is_refused(desk: Desk, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    file = tmp_path / "other" / "accounts.csv"
    file.write_text(GOOD + "3,Cid\n", encoding="utf-8")

    class Vanishing(FileSource):
        def scan(self, table: str):  # noqa: ANN202 - as its own
            scan = super().scan(table)
            file.unlink()
            return scan

    desk.load(1, accounts=GOOD)
    with pytest.raises(DataError, match=r"accounts\.csv went away"):
        desk.workspace.journal.load(Vanishing("files", tmp_path / "other"), recorded_at=day(2))
    assert len(desk.workspace.manifest.loads()) == 1


def test_a_spoiled_line_leaves_the_row_that_was_loaded_before(desk: Desk) -> None:
    desk.load(
        1,
        purchases="id,account_id,purchased_at,amount,currency\n1,a,2026-01-01,5,EUR\n2,a,2026-01-01,6,EUR",
    )
    report = desk.load(
        2,
        purchases='id,account_id,purchased_at,amount,currency\n1,a,2026-01-01,"1.234,56",EUR\n2,a,2026-01-01,6,EUR',
    )["purchases"]
    assert (report.read, report.unchanged, report.quarantined, report.deleted) == (2, 1, 1, 0)
    assert desk.set_aside() == [
        ("purchases", 2, "amount", "1.234,56", "is not a number (1234.5), or too large")
    ]


def test_a_person_is_told_the_place_and_the_way_out(desk: Desk) -> None:
    desk.load(1, accounts=GOOD)
    desk.snapshot().close()
    desk.write(accounts=b"ID,name\n1,Ann\n")
    command = [
        str(Path(sys.executable).parent / "kampass"),
        "sync",
        "--workspace",
        str(desk.workspace.folder),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 3
    assert "accounts.csv, line 1" in done.stderr and "Traceback" not in done.stderr
    asked = subprocess.run(
        [command[0], "kpi", "nope", "--period", "2026", "--format", "json", *command[2:]],
        capture_output=True,
        text=True,
        check=False,
    )
    assert asked.returncode == 2
    assert json.loads(asked.stderr)["error"].keys() == {"code", "message", "hint"}


@pytest.mark.nightly
@pytest.mark.skipif(
    os.environ.get("KAMPASS_HOSTILE") != "all", reason="KAMPASS_HOSTILE=all writes a file of 1 GB"
)
def test_a_gigabyte_with_one_wrong_line_is_read_but_for_that_line(desk: Desk) -> None:
    file = desk.files / "accounts.csv"
    block = "x" * 1000
    try:
        with file.open("w", encoding="utf-8") as sink:
            sink.write("id,name,region\n")
            for number in range(1_000_000):
                sink.write(f"{number},{block},x\n" if number != 999_999 else "torn\n")
        (source,) = desk.workspace.sources()
        (table,) = desk.workspace.journal.load(source, recorded_at=day(1)).tables
    finally:
        file.unlink()
    assert (table.read, table.loaded, table.quarantined) == (1_000_000, 999_999, 1)
    assert desk.set_aside()[0][:2] == ("accounts", 1_000_001)

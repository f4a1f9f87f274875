"""A byte of the pointer, a snapshot or the journal changes: it is noticed, what can be built again
is, and nobody gets another answer.

KAMPASS_FLIPS sets how many bytes are flipped: 24, or 1,000 in `make nightly`, a third of them in
each kind of file.
"""

import json
import os
import random
import shutil
import warnings
from collections import Counter
from contextlib import closing
from pathlib import Path

import pytest
from tests.struck import answer, expected, load, make, run, start

from kampass.errors import DataError, KampassWarning
from kampass.workspace import Workspace, open_workspace
from kampass.workspace.backup import verify_workspace
from kampass.workspace.loads.export import digest
from kampass.workspace.repair import mending

FLIPS = int(os.environ.get("KAMPASS_FLIPS", "24"))
THOROUGH = 0.2
"""How many of the damaged journals `kampass verify` is shown as well."""
PREPARED = "SELECT table_name FROM duckdb_tables() ORDER BY 1"


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    """Two loads, two snapshots, a row in quarantine."""
    folder = make(tmp_path / "workspace")
    load(folder, 0)
    load(folder, 1)
    return folder


@mending
def everything(workspace: Workspace) -> str:
    """The digest of an export, and of every prepared table, of the snapshot that answers."""
    with closing(workspace.snapshot()) as snapshot:
        cursor = snapshot.cursor()
        tables = [name for (name,) in cursor.execute(PREPARED).fetchall()]
        prepared = [
            cursor.execute(f'SELECT count(*), bit_xor(hash(t)) FROM "{name}" t').fetchall()
            for name in tables
        ]
        return f"{snapshot.id} {digest(snapshot)} {prepared}"


def ask(folder: Path) -> str:
    with closing(open_workspace(folder)) as workspace:
        return everything(workspace)


def flip(file: Path, rng: random.Random) -> None:
    at = rng.randrange(file.stat().st_size)
    with file.open("r+b") as stream:
        stream.seek(at)
        (byte,) = stream.read(1)
        stream.seek(at)
        stream.write(bytes([byte ^ rng.randrange(1, 256)]))


def files(folder: Path, pattern: str) -> list[Path]:
    return sorted((folder / ".kampass").glob(pattern))


def test_a_flipped_byte_is_noticed_and_never_answered_from(
    workspace: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    seed = random.randrange(1 << 30)
    rng, tally = random.Random(seed), Counter[str]()
    right = ask(workspace)
    for number in range(FLIPS):
        kind = (_in_the_pointer, _in_a_snapshot, _in_the_journal)[number % 3]
        tally[kind(workspace, rng, right)] += 1
    assert ask(workspace) == right, seed
    assert verify_workspace(workspace).whole
    with capsys.disabled():
        print(
            f"\n{FLIPS} flips (seed {seed}): "
            + ", ".join(f"{count} {what}" for what, count in sorted(tally.items()))
        )


def _in_the_pointer(folder: Path, rng: random.Random, right: str) -> str:
    """The damage is named; or the byte says nothing, and the answer is the same."""
    file = folder / ".kampass" / "app.db"
    whole = file.read_bytes()
    flip(file, rng)
    try:
        answered, code = ask(folder), ""
    except DataError as error:
        answered, code = right, error.code
    file.write_bytes(whole)
    assert (answered, code) in {(right, ""), (right, "damaged_database")}
    assert not files(folder, "app.db-*")
    return "database: named" if code else "database: harmless"


def _in_a_snapshot(folder: Path, rng: random.Random, right: str) -> str:
    """The same answer, from a file that was built again."""
    with closing(open_workspace(folder)) as workspace, closing(workspace.snapshot()) as snapshot:
        file = snapshot.file
    flip(file, rng)
    damaged = file.read_bytes()
    assert ask(folder) == right
    return "snapshot: harmless" if file.read_bytes() == damaged else "snapshot: built again"


def _in_the_journal(folder: Path, rng: random.Random, right: str) -> str:
    """What is built answers on; what must be built anew is refused with load and table, and an
    older snapshot answers meanwhile.
    """
    file = rng.choice(files(folder, "journal/*/*.parquet"))
    whole = file.read_bytes()
    flip(file, rng)
    assert ask(folder) == right
    if rng.random() < THOROUGH:
        found = verify_workspace(folder).findings
        assert [
            (finding.place.rpartition("/")[2], "digest" in finding.what) for finding in found
        ] == [(file.name, True)]
    with closing(open_workspace(folder)) as workspace, closing(workspace.snapshot()) as snapshot:
        current = snapshot.file
    aside = current.rename(folder / "aside")
    try:
        with warnings.catch_warnings(record=True) as said:
            warnings.simplefilter("always", KampassWarning)
            answered = ask(folder)
    finally:
        aside.rename(current)
        file.write_bytes(whole)
    if not said:  # an earlier load's quarantine, which nothing is built from any more
        assert file.name.startswith("quarantine") and answered == right
        return "journal: not needed"
    (warning,) = said
    assert file.name in str(warning.message) and "(load " in str(warning.message)
    assert answered != right and answered.split()[0] in str(warning.message)
    return "journal: named"


def test_a_question_on_the_command_line_builds_a_damaged_snapshot_again(workspace: Path) -> None:
    with closing(open_workspace(workspace)) as opened, closing(opened.snapshot()) as snapshot:
        file = snapshot.file
    for words in (
        ["kpi", "ticket_backlog", "--period", "2025"],
        ["data", "quarantine"],
        ["export", str(workspace.parent / "export")],
        ["doctor"],
    ):
        file.write_bytes(b"\0" * 300_000)
        assert run([*words, "--workspace", str(workspace)]) == 0, words
        assert verify_workspace(workspace).whole


def test_a_damaged_journal_is_named_and_an_older_snapshot_answers(workspace: Path) -> None:
    (file,) = files(workspace, f"journal/{_batch(workspace, 2)}/tickets.parquet")
    file.write_bytes(file.read_bytes()[:-1])
    with closing(open_workspace(workspace)) as opened, closing(opened.snapshot()) as snapshot:
        (older,) = {row.id for row in opened.manifest.snapshots()} - {snapshot.id}
        snapshot.file.unlink()
    process = start(
        [
            "kpi",
            "ticket_backlog",
            "--period",
            "2025",
            "--format",
            "json",
            "--workspace",
            str(workspace),
        ]
    )
    out, narration = process.communicate(timeout=60)
    assert process.returncode == 0, narration.decode()
    assert (
        b"(load 2, table 'tickets') is damaged" in narration
        and b"answers, which knows 2026-01-01T00:00:00" in narration
    )
    assert [answer["snapshot"] for answer in json.loads(out)] == [older]
    process = start(["publish", "--workspace", str(workspace)])
    _, narration = process.communicate(timeout=60)
    assert (
        process.returncode == 3
        and b"kampass data drop" in narration
        and b"Traceback" not in narration
    )


def test_the_way_out_of_a_damaged_journal_without_a_backup(workspace: Path) -> None:
    """Load 2 is taken back, and what the source states is loaded again."""
    (file,) = files(workspace, f"journal/{_batch(workspace, 2)}/tickets.parquet")
    file.unlink()
    assert run(["data", "drop", "2", "--workspace", str(workspace)]) == 0
    assert run(["sync", "--workspace", str(workspace)]) == 0
    assert answer(workspace) == expected(1)


def test_a_database_whose_rows_vanish_is_noticed(workspace: Path) -> None:
    """Its structure holds: somebody removed a row, or a byte that counts cells became smaller."""
    import sqlite3

    file = workspace / ".kampass" / "app.db"
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("DELETE FROM loaded_table WHERE load_id = 2")
        connection.commit()
    with pytest.raises(DataError, match="rows are not those that were written") as raised:
        open_workspace(workspace)
    assert raised.value.code == "damaged_database" and "kampass restore" in raised.value.hint
    assert run(["kpi", "ticket_backlog", "--period", "2025", "--workspace", str(workspace)]) == 3
    (finding,) = verify_workspace(workspace).findings
    assert finding.place == "app.db"


def test_verifying_changes_nothing(workspace: Path, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(workspace, tmp_path / "copy"))
    assert verify_workspace(workspace).whole
    assert contents(workspace) == contents(copy)


def contents(folder: Path) -> list[tuple[str, bytes]]:
    return [
        (str(path.relative_to(folder)), path.read_bytes())
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    ]


def _batch(folder: Path, load_number: int) -> str:
    with closing(open_workspace(folder)) as workspace:
        files = [
            table.file
            for load in workspace.manifest.loads()
            if load.id == load_number
            for table in load.tables
            if table.file
        ]
    return Path(files[0]).parts[0]

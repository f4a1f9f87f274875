"""A backup is the whole workspace or nothing; a restore proves that it is the same, and never
writes where it should not.
"""

import json
import os
import random
import shutil
import stat
import warnings
import zipfile
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from tests.struck import START, answer, expected, exported, load, make, run, start, strays

from kampass.errors import DataError
from kampass.store.records import Pin
from kampass.workspace import open_workspace
from kampass.workspace.backup import restore, verify_backup, verify_workspace
from kampass.workspace.backup.archive import CONTENTS, Archive, BackupContents, Member

FLIPS = int(os.environ.get("KAMPASS_FLIPS", "24"))
OWN = "kpis/own.yaml"


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two loads, a dropped one, rows in quarantine, a KPI file of its own."""
    folder = make(tmp_path_factory.mktemp("backup") / "workspace")
    for step in range(3):
        load(folder, step)
    assert run(["data", "drop", "3", "--workspace", str(folder)]) == 0
    (folder / OWN).write_text("# none yet\n", encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def backup(workspace: Path) -> Path:
    file = workspace.parent / "backup.zip"
    with closing(open_workspace(workspace)) as opened:
        opened.backup(file)
    return file


def code_of(action: Callable[[], object]) -> str:
    with pytest.raises(DataError) as raised:
        action()
    assert raised.value.hint
    return raised.value.code


def test_a_restored_workspace_is_the_same(workspace: Path, backup: Path, tmp_path: Path) -> None:
    restored = restore(backup, tmp_path / "restored")
    folder = tmp_path / "restored"
    with closing(open_workspace(workspace)) as before, closing(open_workspace(folder)) as after:
        states = ("complete", "held", "dropped")
        assert before.manifest.loads(states=states) == after.manifest.loads(states=states)
        assert before.manifest.publications() == after.manifest.publications()
        assert before.manifest.current() == after.manifest.current() == restored.snapshot
    assert exported(folder, tmp_path / "one") == exported(workspace, tmp_path / "other")
    assert answer(folder) == expected(1)
    for name in ("kampass.toml", ".gitignore", OWN):
        assert (folder / name).read_bytes() == (workspace / name).read_bytes()
    assert strays(folder) == set()
    assert verify_workspace(folder).whole


def test_a_restored_workspace_lives_on(workspace: Path, backup: Path, tmp_path: Path) -> None:
    """Its relative source path leads beside it: the files moved along, and the next load compares
    with what was restored.
    """
    folder = tmp_path / "restored"
    (notice,) = restore(backup, folder).notices
    assert "'files' reads files, which is not there" in notice
    shutil.copytree(workspace / "files", folder / "files")
    load(folder, 4)
    assert answer(folder) == expected(4)


def test_a_backup_holds_what_it_says_and_no_more(workspace: Path, backup: Path) -> None:
    with zipfile.ZipFile(backup) as archive:
        assert archive.testzip() is None
        names = archive.namelist()
        said = json.loads(archive.read(CONTENTS))
    assert names[-1] == CONTENTS and sorted(names[:-1]) == sorted(
        member["name"] for member in said["members"]
    )
    journal = {
        f".kampass/journal/{path.relative_to(workspace / '.kampass/journal')}"
        for path in (workspace / ".kampass/journal").rglob("*.parquet")
    }
    assert set(names) == journal | {"kampass.toml", ".gitignore", OWN, ".kampass/app.db", CONTENTS}
    assert verify_backup(backup).whole


def test_pinned_snapshots_go_along_when_asked(workspace: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(workspace, tmp_path / "workspace"))
    with closing(open_workspace(folder)) as opened:
        first = opened.manifest.snapshots()[0].id
        opened.manifest.pin(Pin(first, "the board saw it", "Ada", START))
        made = opened.backup(tmp_path / "backup.zip", pinned=True)
    assert f".kampass/snapshots/{first}.duckdb" in {member.name for member in made.contents.members}
    restore(tmp_path / "backup.zip", tmp_path / "restored")
    assert (tmp_path / "restored/.kampass/snapshots" / f"{first}.duckdb").read_bytes() == (
        folder / ".kampass/snapshots" / f"{first}.duckdb"
    ).read_bytes()


def test_a_workspace_that_holds_nothing_yet_is_backed_up_too(tmp_path: Path) -> None:
    folder = make(tmp_path / "workspace")
    with closing(open_workspace(folder)) as opened:
        assert opened.backup(tmp_path / "backup.zip").contents.snapshot is None
    assert restore(tmp_path / "backup.zip", tmp_path / "restored").snapshot is None
    load(shutil.copytree(folder / "files", tmp_path / "restored" / "files").parent, 0)
    assert answer(tmp_path / "restored") == expected(0)


def test_a_load_that_was_not_published_yet_is_published_by_the_backup(tmp_path: Path) -> None:
    folder = make(tmp_path / "workspace")
    load(folder, 0, publish=False)
    with closing(open_workspace(folder)) as opened:
        opened.backup(tmp_path / "backup.zip")
    restore(tmp_path / "backup.zip", tmp_path / "restored")
    assert answer(tmp_path / "restored") == expected(0)


def test_a_workspace_that_is_moved_works_where_it_lands(workspace: Path, tmp_path: Path) -> None:
    right = exported(workspace, tmp_path / "before")
    copy = Path(shutil.copytree(workspace, tmp_path / "first"))
    moved = copy.rename(tmp_path / "second")
    assert exported(moved, tmp_path / "after") == right
    load(moved, 5)
    assert answer(moved) == expected(5)
    text = b"".join(
        path.read_bytes() for path in [moved / "kampass.toml", moved / ".kampass" / "app.db"]
    )
    assert str(tmp_path).encode() not in text and str(workspace).encode() not in text


def test_an_absolute_source_path_is_named(tmp_path: Path) -> None:
    folder = make(tmp_path / "workspace")
    settings = folder / "kampass.toml"
    settings.write_text(
        settings.read_text(encoding="utf-8").replace('"files"', f'"{folder / "files"}"'),
        encoding="utf-8",
    )
    with closing(open_workspace(folder)) as opened:
        (notice,) = opened.backup(tmp_path / "backup.zip").notices
    assert str(folder / "files") in notice
    assert restore(tmp_path / "backup.zip", tmp_path / "restored").notices == (), (
        "the files are still there"
    )


def test_a_backup_overwrites_nothing_and_needs_its_folder(
    workspace: Path, backup: Path, tmp_path: Path
) -> None:
    with closing(open_workspace(workspace)) as opened:
        assert code_of(lambda: opened.backup(backup)) == "file_exists"
        assert code_of(lambda: opened.backup(tmp_path / "nowhere" / "backup.zip")) == "no_folder"


def test_a_damaged_journal_stops_the_backup(workspace: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(workspace, tmp_path / "workspace"))
    file = min((folder / ".kampass" / "journal").rglob("*.parquet"))
    file.write_bytes(file.read_bytes()[:-1] + b"?")
    with closing(open_workspace(folder)) as opened:
        assert code_of(lambda: opened.backup(tmp_path / "backup.zip")) == "damaged_journal"
    assert {path.name for path in tmp_path.iterdir()} == {"workspace"}
    assert strays(folder) == set()


def test_a_folder_that_holds_something_is_refused(backup: Path, tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine", encoding="utf-8")
    assert code_of(lambda: restore(backup, tmp_path)) == "folder_not_empty"
    assert code_of(lambda: restore(backup, tmp_path / "mine.txt")) == "folder_not_empty"
    assert code_of(lambda: restore(tmp_path / "none.zip", tmp_path / "restored")) == "no_backup"
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_an_empty_folder_stays_itself(backup: Path, tmp_path: Path) -> None:
    """It may be a mounted disk: it is filled, not replaced."""
    folder = tmp_path / "restored"
    folder.mkdir()
    before = folder.stat().st_ino
    restore(backup, folder)
    assert folder.stat().st_ino == before
    assert answer(folder) == expected(1)


def test_a_flipped_byte_in_a_backup_is_noticed_or_changes_nothing(
    workspace: Path, backup: Path, tmp_path: Path
) -> None:
    """Whatever verifies may be restored, and is the same; whatever does not is refused and leaves
    nothing.
    """
    rng, whole, right = (
        random.Random(7),
        backup.read_bytes(),
        exported(workspace, tmp_path / "export"),
    )
    file, harmless = tmp_path / "flipped.zip", 0
    for _ in range(FLIPS):
        at = rng.choice([rng.randrange(len(whole)), rng.randrange(len(whole) - 8000, len(whole))])
        file.write_bytes(whole[:at] + bytes([whole[at] ^ rng.randrange(1, 256)]) + whole[at + 1 :])
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)
            try:
                found = verify_backup(file).whole
            except DataError:
                found = False
            if not found:
                if rng.random() < 0.1:
                    assert code_of(lambda: restore(file, tmp_path / "restored")) in {
                        "damaged_backup",
                        "unsafe_backup",
                        "backup_format",
                    }
                    assert not (tmp_path / "restored").exists()
                continue
        harmless += 1
        if harmless <= 3:
            restore(file, tmp_path / f"restored{harmless}")
            assert (
                exported(tmp_path / f"restored{harmless}", tmp_path / f"export{harmless}") == right
            )
    assert harmless < FLIPS / 2


def forged(file: Path, members: list[tuple[zipfile.ZipInfo, bytes]], **said: object) -> Path:
    """A backup that nobody took: its own list of contents agrees with it."""
    import hashlib

    listed = tuple(
        Member(info.filename, len(raw), hashlib.sha256(raw).hexdigest()) for info, raw in members
    )
    contents = BackupContents("0", "2026-01-01T00:00:00.000000Z", None, 1, None, 0, listed, **said)  # type: ignore[arg-type]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        with zipfile.ZipFile(file, "w") as archive:
            for info, raw in members:
                archive.writestr(info, raw, compress_type=info.compress_type)
            archive.writestr(CONTENTS, contents.to_json())
    return file


def info(name: str, *, mode: int = 0, compressed: bool = False) -> zipfile.ZipInfo:
    made = zipfile.ZipInfo(name)
    made.external_attr = mode << 16
    made.compress_type = zipfile.ZIP_DEFLATED if compressed else zipfile.ZIP_STORED
    return made


@pytest.mark.parametrize(
    "member",
    [
        info("../escaped.txt"),
        info("kpis/../../escaped.txt"),
        info("/etc/escaped"),
        info(".kampass/journal/../../../escaped.txt"),
        info("kpis\\..\\..\\escaped.txt"),
        info("elsewhere.txt"),
        info(".kampass/lock"),
        info(".kampass/journal/./x.parquet"),
        info("kpis//x.yaml"),
        info("kpis/" + "a/" * 40 + "x.yaml"),
        info("kpis/link.yaml", mode=stat.S_IFLNK | 0o777),
        info("kpis/device.yaml", mode=stat.S_IFCHR | 0o666),
        info("kpis/folder/"),
        info("kpis/bomb.yaml", compressed=True),
    ],
    ids=lambda member: member.filename[:40],
)
def test_a_member_that_a_workspace_does_not_have_is_refused(
    member: zipfile.ZipInfo, tmp_path: Path
) -> None:
    file = forged(tmp_path / "forged.zip", [(info("kampass.toml"), b""), (member, b"0" * 5000)])
    assert code_of(lambda: restore(file, tmp_path / "inner" / "restored")) == "unsafe_backup"
    assert {path.name for path in tmp_path.iterdir()} <= {"forged.zip", "inner"}
    assert not (tmp_path / "inner" / "restored").exists()


def test_members_that_overlap_are_refused(
    backup: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """More bytes are said to lie in the file than it has: every member names the same ones."""
    file = forged(
        tmp_path / "forged.zip", [(info("kampass.toml"), b""), (info("kpis/a.yaml"), b"0" * 9000)]
    )
    with zipfile.ZipFile(file) as archive:
        monkeypatch.setattr(Archive, "_check_listing", lambda _: None)
        opened = Archive(file, archive)
        monkeypatch.undo()
        many = tuple(Member(f"kpis/{number}.yaml", 9000, "") for number in range(9))
        opened.contents = BackupContents("0", "", None, 1, None, 0, many)
        first = archive.getinfo("kpis/a.yaml")
        archive.filelist = [archive.getinfo(CONTENTS)]
        for member in many:
            copy = info(member.name)
            copy.file_size = copy.compress_size = 9000
            copy.header_offset = first.header_offset
            archive.filelist.append(copy)
        with pytest.raises(DataError, match="overlap"):
            opened._check_listing()


def test_a_file_that_is_no_backup_is_said_to_be_none(tmp_path: Path) -> None:
    (tmp_path / "text.zip").write_text("no zip at all", encoding="utf-8")
    with zipfile.ZipFile(tmp_path / "other.zip", "w") as archive:
        archive.writestr("hello.txt", "hello")
    with zipfile.ZipFile(tmp_path / "empty.zip", "w") as archive:
        archive.writestr(CONTENTS, "[]")
    for name in ("text.zip", "other.zip", "empty.zip"):
        assert (
            code_of(lambda name=name: restore(tmp_path / name, tmp_path / "restored"))
            == "damaged_backup"
        ), name
    assert (
        code_of(
            lambda: restore(forged(tmp_path / "later.zip", [], format=2), tmp_path / "restored")
        )
        == "backup_format"
    )


def test_a_workspace_that_is_not_the_one_backed_up_is_not_left_behind(
    workspace: Path, backup: Path, tmp_path: Path
) -> None:
    """Every digest of this forgery holds; only the proof fails: it names another export."""
    from dataclasses import replace

    with zipfile.ZipFile(backup) as source, zipfile.ZipFile(tmp_path / "forged.zip", "w") as target:
        contents = Archive(backup, source).contents
        for name in source.namelist():
            raw = (
                source.read(name)
                if name != CONTENTS
                else replace(contents, export_sha256="0" * 64).to_json()
            )
            target.writestr(info(name), raw)
    assert verify_backup(tmp_path / "forged.zip").whole
    with pytest.raises(DataError, match="its export has the digest") as raised:
        restore(tmp_path / "forged.zip", tmp_path / "restored")
    assert raised.value.code == "not_proved"
    assert not (tmp_path / "restored").exists()


def test_the_commands_speak_to_people_and_to_programs(workspace: Path, tmp_path: Path) -> None:
    file, folder = tmp_path / "backup.zip", tmp_path / "restored"
    said = [
        json.loads(_out([*words, "--format", "json"]))
        for words in (
            ["backup", str(file), "--workspace", str(workspace)],
            ["verify", str(file)],
            ["restore", str(file), str(folder)],
        )
    ]
    assert (
        said[0]["snapshot"] == said[2]["snapshot"]
        and said[0]["export_sha256"] == said[2]["export_sha256"]
    )
    assert said[1]["whole"] is True and said[1]["findings"] == []
    min((folder / ".kampass" / "journal").rglob("accounts.parquet")).unlink()
    process = start(["verify", "--workspace", str(folder)])
    _, narration = process.communicate(timeout=60)
    assert (
        process.returncode == 3
        and b"table 'accounts': is gone" in narration
        and b"found damaged" in narration
    )


def _out(words: list[str]) -> bytes:
    process = start(words)
    out, narration = process.communicate(timeout=60)
    assert process.returncode == 0, narration.decode()
    return out

"""A server whose disk is full: what only reads goes on, what writes says why not, and the audit log
says afterwards what it misses.
"""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest
from starlette.testclient import TestClient
from tests.struck import load, make

from kampass.access import Role
from kampass.people.keys import sessions
from kampass.server.serving import Serving
from kampass.web.app import application
from kampass.workspace import Workspace, open_workspace

SIZE = 64 << 20


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Path]:
    """A small disk."""
    disk = tmp_path / "disk"
    disk.mkdir()
    words = ["mount", "-t", "tmpfs", "-o", f"size={SIZE}", "tmpfs", str(disk)]
    if subprocess.run(words, capture_output=True, check=False).returncode:
        pytest.skip("no small disk can be mounted here")
    yield disk
    subprocess.run(["umount", "-l", str(disk)], check=True)


@pytest.fixture
def workspace(place: Path, tmp_path: Path) -> Iterator[Workspace]:
    load(make(tmp_path / "ready"), 0)
    shutil.copytree(tmp_path / "ready", place / "workspace")
    with closing(open_workspace(place / "workspace")) as opened:
        yield opened


def fill(place: Path) -> None:
    with (place / "ballast").open("wb") as stream:
        stat = os.statvfs(place)
        os.posix_fallocate(stream.fileno(), 0, stat.f_bavail * stat.f_frsize)


def test_reading_goes_on_writing_says_why_not_and_the_audit_log_notes_its_gap(
    workspace: Workspace, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sessions, "NOTED", timedelta(0))
    people = workspace.people
    ann = people.accounts.add("ann@firm.example", "Ann", Role.ADMIN)
    token, proof = people.sessions.start(ann.id, address="", agent="")
    client = TestClient(
        application(workspace, Serving("http://testserver", development=True)),
        cookies={"kampass": token},
        headers={"x-csrf": proof},
        follow_redirects=False,
    )
    reads = ("/overview", "/data", "/accounts/a1", "/api/v1/accounts/a1", "/settings/audit")
    export = "/api/v1/kpis/ticket_backlog?period=2025-06&format=csv"
    note = {"text": "Hello", "kpi": "nps"}
    assert client.get(export).status_code == 200
    fill(place)
    for address in (*reads, export):
        assert client.get(address).status_code == 200, address
    refused = client.post("/api/v1/notes", json=note)
    assert (refused.status_code, refused.json()["code"]) == (507, "disk_full")
    assert "then try again" in refused.json()["hint"]
    page = client.post("/settings/name", data={"name": "Anna"})
    assert "The disk is full" in page.text or page.status_code == 404
    (place / "ballast").unlink()
    assert client.post("/api/v1/notes", json=note).status_code in {200, 201}
    gap, exported = [
        next(entry for entry in people.audit.entries() if entry.action == action)
        for action in ("audit_gap", "exported")
    ]
    assert gap.id > exported.id
    assert gap.what.startswith("3 lines could not be written")
    assert "Lines are missing here" in client.get("/settings/audit").text
    people.audit.record(ann, "tried", "something")
    assert [entry.action for entry in people.audit.entries()].count("audit_gap") == 1

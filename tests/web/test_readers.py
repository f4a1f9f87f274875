"""Readers go on while snapshots are published: no error, and no answer of two snapshots.

KAMPASS_PUBLISHES sets how many (3 by default, 20 at night). How long answers take then, `make
bench` prints.
"""

import os
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

from starlette.testclient import TestClient

from kampass.access import Role
from kampass.server.serving import Serving
from kampass.web.app import application
from kampass.workspace import create, open_workspace
from kampass.workspace.settings import SourceSettings, WorkspaceSettings

PUBLISHES = int(os.environ.get("KAMPASS_PUBLISHES", "3"))
READERS = 16
HEAD = "id,account_id,mrr,currency,valid_from\n"
START = datetime(2026, 1, 1, tzinfo=UTC)


def subscriptions(step: int) -> str:
    """Two accounts that always pay the same: 100 more with every step. Their sum is twice the
    one's.
    """
    return HEAD + "".join(
        f"s-{account},{account},{100 * (step + 1)},USD,2025-01-01\n" for account in ("one", "two")
    )


def test_readers_meet_no_error_and_no_answer_of_two_snapshots(tmp_path: Path) -> None:
    files = tmp_path / "files"
    files.mkdir()
    (files / "accounts.csv").write_text("id,name\none,One\ntwo,Two\n", encoding="utf-8")
    (files / "subscriptions.csv").write_text(subscriptions(0), encoding="utf-8")
    workspace = create(
        tmp_path / "book",
        WorkspaceSettings(sources=(SourceSettings("files", "folder", {"path": str(files)}),)),
    )
    workspace.sync(recorded_at=START)
    person = workspace.people.accounts.add("eve@example.com", "Eve", Role.EXECUTIVE)
    token, _ = workspace.people.tokens.make(
        person.id, "test", ["read"], datetime.now(UTC) + timedelta(days=1)
    )
    app = application(workspace, Serving("http://testserver", development=True))
    over, wrong = threading.Event(), list[object]()
    seen: set[str] = set()

    def read() -> None:
        client = TestClient(
            app, headers={"authorization": f"Bearer {token}"}, raise_server_exceptions=False
        )
        while not over.is_set():
            response = client.get("/api/v1/kpis/mrr_end?period=2025&by=account&total=true")
            if response.status_code != 200:
                wrong.append(response.text)
                return
            answers = response.json()
            found, values = (
                {answer["snapshot"] for answer in answers},
                [answer["value"] for answer in answers],
            )
            if len(found) != 1 or values[0] != values[1] or values[2] != 2 * values[0]:
                wrong.append(answers)
            seen.update(found)

    readers = [threading.Thread(target=read) for _ in range(READERS)]
    for reader in readers:
        reader.start()
    writer = open_workspace(workspace.folder)
    for step in range(1, PUBLISHES + 1):
        (files / "subscriptions.csv").write_text(subscriptions(step), encoding="utf-8")
        writer.sync(recorded_at=START + timedelta(days=step))
    last = (
        TestClient(app, headers={"authorization": f"Bearer {token}"})
        .get("/api/v1/kpis/mrr_end?period=2025")
        .json()[0]
    )
    over.set()
    for reader in readers:
        reader.join()
    assert wrong == []
    assert last["value"] == 200 * (PUBLISHES + 1)
    assert len(seen) >= 2
    writer.close()
    workspace.close()

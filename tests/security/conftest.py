"""One small company, one application and one session each, shared by the whole suite; passwords are
quick to hash here.
"""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
import sqlalchemy as sa
from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher
from tests.security import company
from tests.security.world import PASSWORD, World, person

from kampass.access import Role
from kampass.people import Person
from kampass.people.accounts import passwords
from kampass.people.schema import FAILURES
from kampass.server.serving import Serving
from kampass.web.app import application
from kampass.workspace import Workspace, create
from kampass.workspace.settings import SourceSettings, WorkspaceSettings


class Counted(Argon2Hasher):
    """Argon2 at its cheapest, counting how often it is asked."""

    verified = 0

    # Pwdlib's signature.
    def verify(self, password: str | bytes, hash: str | bytes) -> bool:  # noqa: A002
        self.verified += 1
        return super().verify(password, hash)


@pytest.fixture(scope="session", autouse=True)
def hasher() -> Iterator[Counted]:
    """The cheapest of hashes."""
    cheap, kept = Counted(time_cost=1, memory_cost=8, parallelism=1), passwords.HASHING
    passwords.HASHING = PasswordHash((cheap,))
    yield cheap
    passwords.HASHING = kept


@pytest.fixture(scope="session")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    """The company, loaded and published."""
    folder = tmp_path_factory.mktemp("security")
    company.write(folder / "files")
    made = create(
        folder / "workspace",
        WorkspaceSettings(
            sources=(SourceSettings("files", "folder", {"path": str(folder / "files")}),)
        ),
    )
    made.sync(recorded_at=datetime(2026, 1, 5, 6, tzinfo=UTC))
    yield made
    made.close()


@pytest.fixture(scope="session")
def world(workspace: Workspace, hasher: Counted) -> World:
    """Somebody of each role, and a second account manager, in front of the application."""
    people = {
        "account_manager": person(workspace, "u1", Role.ACCOUNT_MANAGER),
        "other_manager": person(workspace, "u2", Role.ACCOUNT_MANAGER),
        "team_lead": person(workspace, "lead", Role.TEAM_LEAD, team_id="T1"),
        "executive": person(workspace, "executive", Role.EXECUTIVE),
        "analyst": person(workspace, "analyst", Role.ANALYST),
        "admin": person(workspace, "admin", Role.ADMIN),
    }
    return World(
        workspace, application(workspace, Serving("http://testserver", development=True)), people
    )


@pytest.fixture(scope="session")
def written(world: World) -> World:
    """The same after everybody wrote notes, saved questions and dashboards whose every text is an
    attack.
    """
    desk = world.workspace.library
    for name in ("account_manager", "other_manager", "admin"):
        author, account = world.people[name], "A4" if name == "other_manager" else "A1"
        scope = world.scope(name)
        world.ids[f"note {name}"] = str(
            desk.notes.add(
                author,
                scope=scope,
                account=account,
                text=f"mk-{account}-notes-written {company.ATTACK}",
            ).id
        )
        desk.notes.add(author, scope=scope, kpi="nrr", text=f"note on a KPI {company.ATTACK}")
        saved = [
            desk.saved.add(
                author, f"mk-saved-{name} {company.ATTACK}"[:100], f"{path}?period=2025-Q4"
            )
            for path in ("/accounts", "/kpis/nrr")
        ]
        tile = {"id": "a", "x": 0, "y": 0, "w": 2, "h": 2, "kpi": "nrr", "title": company.ATTACK}
        world.ids[f"saved {name}"] = str(saved[0].id)
        world.ids[f"board {name}"] = str(
            desk.dashboards.add(author, f"mk-board-{name} {company.ATTACK}"[:100], [tile]).id
        )
    return world


@pytest.fixture(autouse=True)
def patience(world: World) -> None:
    """Failures to sign in are forgotten between tests: all of them come from one address."""
    with world.workspace.manifest.engine.begin() as connection:
        connection.execute(sa.delete(FAILURES))


@pytest.fixture
def bob(world: World) -> Iterator[Person]:
    """Somebody with a password who can be removed."""
    accounts = world.workspace.people.accounts
    made = accounts.add("bob@firm.example", "Bob", Role.ANALYST, password=PASSWORD)
    yield made
    if accounts.get(made.id):
        accounts.remove(made.id)

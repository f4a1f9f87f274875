"""A small sample company behind its application, and people of every role who call it."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal

import pytest
import uvicorn
from fastapi import FastAPI
from starlette.testclient import TestClient
from tests.sample import sample_company

from kampass.access import Role
from kampass.people import Person
from kampass.server.serving import Serving
from kampass.web.app import application
from kampass.workspace import Workspace


@dataclass(frozen=True)
class Served:
    """A workspace, its application, and people of every role."""

    workspace: Workspace
    app: FastAPI
    people: dict[Role, Person]

    def token(self, role: Role, *scopes: str) -> str:
        """A fresh token of the person of that role."""
        wanted = scopes or ("read", "export", "write", *(("admin",) if role is Role.ADMIN else ()))
        return self.workspace.people.tokens.make(
            self.people[role].id, "test", wanted, datetime.now(UTC) + timedelta(days=1)
        )[0]

    def client(self, role: Role, *scopes: str) -> TestClient:
        """A client that calls with a token of that role."""
        return TestClient(
            self.app,
            headers={"authorization": f"Bearer {self.token(role, *scopes)}"},
            follow_redirects=False,
        )


@contextmanager
def on_loopback(
    workspace: Workspace, *, lifespan: Literal["auto", "off"] = "auto"
) -> Iterator[str]:
    """The address of a server for a browser; with its lifespan off it leaves the workspace open
    when it ends.
    """
    app = application(workspace, Serving("http://127.0.0.1:8090", development=True))
    config = uvicorn.Config(app, host="127.0.0.1", port=0, log_level="warning", lifespan=lifespan)
    server = uvicorn.Server(config)
    socket = config.bind_socket()
    thread = threading.Thread(target=server.run, kwargs={"sockets": [socket]})
    thread.start()
    yield f"http://127.0.0.1:{socket.getsockname()[1]}"
    server.should_exit = True
    thread.join()
    socket.close()


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """The application of a small sample company."""
    workspace = sample_company(tmp_path_factory, "api", scale=0.15)
    whole = workspace.sight()
    users = [row[0] for row in whole.backend.run("SELECT id FROM users ORDER BY id").all()]
    manager = max(
        users,
        key=lambda user: len(
            workspace.sights.scope_of(Role.ACCOUNT_MANAGER, user, None).accounts or ()
        ),
    )
    _, team = workspace.sights.place_of("", manager, None)
    places = {Role.ACCOUNT_MANAGER: (manager, None), Role.TEAM_LEAD: (None, team)}
    people = {}
    for role in Role:
        user, led = places.get(role, (None, None))
        people[role] = workspace.people.accounts.add(
            f"{role.value}@example.com", role.label, role, user_id=user, team_id=led
        )
    yield Served(
        workspace, application(workspace, Serving("http://testserver", development=True)), people
    )
    workspace.close()


@pytest.fixture(scope="session")
def client_as(served: Served) -> Callable[[Role], TestClient]:
    """Clients that call with a token, one for each role."""
    made = {role: served.client(role) for role in Role}
    return lambda role: made[role]

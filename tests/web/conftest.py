"""The pages of a small sample company for people of every role."""

from collections.abc import Callable

import pytest
from starlette.testclient import TestClient
from tests.served import Served, served

from kampass.access import Role
from kampass.people import Person

__all__ = ["served"]


def signed_in(served: Served, person: Person) -> TestClient:
    """A browser's calls as a signed-in person: the session's cookie, and its secret with what
    changes something.
    """
    token, csrf = served.workspace.people.sessions.start(person.id, address="", agent="")
    return TestClient(
        served.app, cookies={"kampass": token}, headers={"x-csrf": csrf}, follow_redirects=False
    )


@pytest.fixture(scope="session")
def as_role(served: Served) -> Callable[[Role], TestClient]:
    """Signed-in clients, one for each role."""
    made = {role: signed_in(served, person) for role, person in served.people.items()}
    return lambda role: made[role]

"""A sample company with enough accounts per account manager to compare people, and clients of
anybody in it.
"""

from collections.abc import Callable, Iterator

import pytest
from starlette.testclient import TestClient
from tests.sample import sample_company

from kampass.access import Role
from kampass.server.serving import Serving
from kampass.web.app import application
from kampass.workspace import Workspace

ClientOf = Callable[..., TestClient]


@pytest.fixture(scope="session")
def company(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    """Some 120 accounts and 12 account managers, published."""
    workspace = sample_company(tmp_path_factory, "book", scale=0.4)
    yield workspace
    workspace.close()


@pytest.fixture(scope="session")
def client_of(company: Workspace) -> ClientOf:
    """Sign somebody in: `client_of(Role.EXECUTIVE)`, or `client_of(Role.ACCOUNT_MANAGER,
    "dana.fox@ourfirm.example")` who is that user in the data.
    """
    app = application(company, Serving("http://testserver", development=True))

    def signed_in(role: Role, email: str = "") -> TestClient:
        accounts = company.people.accounts
        email = email or f"{role.value}@example.com"
        person = accounts.by_email(email) or accounts.add(email, role.label, role)
        if person.role is not role:
            accounts.change(person.id, role=role)
        token, csrf = company.people.sessions.start(person.id, address="", agent="")
        return TestClient(
            app, cookies={"kampass": token}, headers={"x-csrf": csrf}, follow_redirects=False
        )

    return signed_in


def email_of(company: Workspace, user: str) -> str:
    """The address that makes a person that user."""
    return str(
        company.sight()
        .backend.run("SELECT email FROM users WHERE id = $id", {"id": user})
        .all()[0][0]
    )

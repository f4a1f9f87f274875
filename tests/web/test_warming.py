"""Whoever comes first in the morning waits for nobody: the first pages were worked out before."""

from starlette.testclient import TestClient
from tests.served import Served, served

from kampass.access import Role
from kampass.web.warming import Warming

__all__ = ["served"]


def page(served: Served, role: Role, path: str) -> int:
    """Open a page as that person; how many answers had to be worked out for it."""
    token, _ = served.workspace.people.sessions.start(served.people[role].id, address="", agent="")
    before = len(served.workspace.sights.answers)
    assert TestClient(served.app, cookies={"kampass": token}).get(path).status_code == 200
    return len(served.workspace.sights.answers) - before


def test_the_first_pages_of_a_snapshot_are_there_before_they_are_asked_for(served: Served) -> None:
    served.workspace.sights.forget()
    manager = served.people[Role.ACCOUNT_MANAGER]
    served.workspace.people.sessions.find(
        served.workspace.people.sessions.start(manager.id, address="", agent="")[0]
    )
    Warming(served.app).open_all()
    assert page(served, Role.EXECUTIVE, "/overview") == 0
    assert page(served, Role.ACCOUNT_MANAGER, "/portfolio") == 0
    assert page(served, Role.EXECUTIVE, "/kpis/fcr?period=2025-Q1&by=region") > 0


def test_the_thread_ends_with_the_server(served: Served) -> None:
    thread = Warming(served.app)
    thread.start()
    thread.end()
    assert not thread.is_alive()

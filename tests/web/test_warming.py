"""Whoever comes first after a publication waits for nobody: what was asked lately is asked again
before.
"""

import threading
from contextlib import closing

from starlette.testclient import TestClient
from tests.served import Served, served

from kampass.access import EVERYTHING, Role, Scope
from kampass.engine import Question
from kampass.server.serving import Serving
from kampass.web.app import application
from kampass.workspace import open_workspace
from kampass.workspace.events import EventReader, read
from kampass.workspace.warming.lately import Lately
from kampass.workspace.warming.warming import Warming

__all__ = ["served"]


def page(served: Served, role: Role, path: str) -> int:
    """Open a page as that person; how many answers had to be worked out for it."""
    token, _ = served.workspace.people.sessions.start(served.people[role].id, address="", agent="")
    before = len(served.workspace.sights.answers)
    assert TestClient(served.app, cookies={"kampass": token}).get(path).status_code == 200
    return len(served.workspace.sights.answers) - before


def test_what_was_asked_lately_is_there_before_it_is_asked_of_what_was_published(
    served: Served,
) -> None:
    """An executive's overview and an account manager's portfolio were open; then somebody
    publishes.
    """
    workspace, never = served.workspace, threading.Event()
    read(workspace, Warming(workspace), never)
    page(served, Role.EXECUTIVE, "/overview")
    page(served, Role.ACCOUNT_MANAGER, "/portfolio")
    workspace.sights.forget()
    workspace.publish()
    assert read(workspace, Warming(workspace), never) == 1
    assert page(served, Role.EXECUTIVE, "/overview") == 0
    assert page(served, Role.ACCOUNT_MANAGER, "/portfolio") == 0
    assert page(served, Role.EXECUTIVE, "/kpis/fcr?period=2025-Q1&by=region") > 0


def test_the_next_server_asks_what_the_one_before_it_was_asked(served: Served) -> None:
    page(served, Role.EXECUTIVE, "/overview")
    page(served, Role.TEAM_LEAD, "/portfolio")
    Warming(served.workspace).end()
    with closing(open_workspace(served.workspace.folder)) as restarted:
        app = application(restarted, Serving("http://testserver", development=True))
        after = Served(restarted, app, served.people)
        Warming(restarted).begin(threading.Event())
        assert page(after, Role.EXECUTIVE, "/overview") == 0
        assert page(after, Role.TEAM_LEAD, "/portfolio") == 0


def test_what_nobody_can_read_is_not_asked_again(served: Served) -> None:
    lately = Lately()
    file = served.workspace.folder / "asked.json"
    for content in ("[", '[[null, {"kpis": 1}]]', '[["nobody", {}]]'):
        file.write_text(content, encoding="utf-8")
        lately.recall(file)
    assert lately.questions() == []


def test_no_more_than_the_latest_questions_are_kept_and_only_for_those_who_are_known() -> None:
    lately = Lately()
    for day in range(500):
        lately.remember(EVERYTHING, Question(("nrr",), f"2025-{day}"))
    lately.remember(Scope(frozenset({"a1"})), Question(("grr",), "2025"))
    assert len(lately.questions()) == 400 and lately.questions()[0] == (
        None,
        Question(("nrr",), "2025-499"),
    )


def test_the_thread_ends_with_the_server(served: Served) -> None:
    thread = EventReader(served.workspace, (Warming(served.workspace),))
    thread.start()
    thread.end()
    assert not thread.is_alive()

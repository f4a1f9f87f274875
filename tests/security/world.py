"""The application that is attacked, and everybody who attacks it."""

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from fastapi import FastAPI
from httpx import Response
from starlette.testclient import TestClient

from kampass.access import Role, Scope
from kampass.people import Person
from kampass.workspace import Workspace

PASSWORD = "green teapots sing"  # noqa: S105 - nobody's
ROLES = ("account_manager", "team_lead", "executive", "analyst", "admin")
SCOPES = ("read", "export", "write", "admin")
QUERY = {"period": "2025-Q4", "before": "2025-Q3", "after": "2025-Q4", "q": "mk"}
"""What routes ask for that cannot do without; the others do not look at it."""
JUNK = {"source": "nope", "table": "nope", "kpi": "nope", "file": "nope"}
"""A form that leads nowhere: whoever may send it changes nothing by it."""
INCIDENT = re.compile(r"incident [0-9a-f]{8}")


@dataclass
class World:
    """One application for the whole suite."""

    workspace: Workspace
    app: FastAPI
    people: dict[str, Person]
    client: TestClient = field(init=False)
    sessions: dict[str, tuple[str, str]] = field(default_factory=dict)
    tokens: dict[tuple[str, str], str] = field(default_factory=dict)
    ids: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.client = TestClient(self.app, follow_redirects=False, raise_server_exceptions=False)
        for name, person in self.people.items():
            self.sessions[name] = self.workspace.people.sessions.start(
                person.id, address="", agent=""
            )
        until = datetime.now(UTC) + timedelta(days=30)
        for name in ("account_manager", "admin"):
            for scope in SCOPES if name == "admin" else SCOPES[:-1]:
                self.tokens[name, scope], _ = self.workspace.people.tokens.make(
                    self.people[name].id, f"{scope} only", [scope], until
                )

    def scope(self, who: str) -> Scope:
        """What somebody may see."""
        return self.workspace.viewer(self.people[who]).scope

    def ask(
        self,
        who: str | None,
        method: str,
        path: str,
        *,
        csrf: bool = True,
        token: str | None = None,
        **more: Any,
    ) -> Response:
        """One call: by somebody's cookie with the proof that our page sent it, or by their
        token.
        """
        headers: dict[str, str] = dict(more.pop("headers", {}))
        if token is not None and who is not None:
            headers["authorization"] = f"Bearer {self.tokens[who, token]}"
        elif who is not None:
            secret, proof = self.sessions[who]
            headers["cookie"] = f"kampass={secret}"
            if csrf and method not in {"GET", "HEAD"}:
                headers.setdefault("x-csrf", proof)
        self.client.cookies.clear()
        return self.client.request(method, path, headers=headers, **more)

    def get(self, who: str | None, path: str, **more: Any) -> Response:
        """A page, with what routes cannot do without."""
        return self.ask(who, "GET", path, params=QUERY | more.pop("params", {}), **more)


def person(workspace: Workspace, name: str, role: Role, **place: Any) -> Person:
    """Somebody whose name is an attack too."""
    return workspace.people.accounts.add(
        f"{name}@firm.example", f"<xss-probe>{name}", role, password=PASSWORD, **place
    )

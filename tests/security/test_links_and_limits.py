"""Links that work once, and limits against loops and guessing."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from starlette.testclient import TestClient
from tests.security.world import World

from kampass.access import Role
from kampass.people import Person
from kampass.server.limits import Buckets, Limits, TooOften
from kampass.server.serving import Serving
from kampass.web.app import application
from kampass.workspace import Workspace, create
from kampass.workspace.settings import WorkspaceSettings

OTHER = "violet kettles hum"


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    """A workspace in which nobody is yet, and nothing is loaded."""
    made = create(tmp_path_factory.mktemp("nobody") / "workspace", WorkspaceSettings())
    yield made
    made.close()


class TestSetUp:
    """The set-up link: once, and never again."""

    # A test's own.
    FORM = {"email": "first@firm.example", "name": "First", "password": OTHER, "again": OTHER}  # noqa: RUF012

    def test_it_works_once_and_only_while_nobody_is_here(self, empty: Workspace) -> None:
        app = application(empty, Serving("http://testserver", development=True))
        client = TestClient(app, follow_redirects=False)
        assert client.post("/set-up", data={"ticket": "", **self.FORM}).status_code == 404
        early, late = (empty.people.invitations.make("setup") for _ in range(2))
        assert client.post("/set-up", data={"ticket": early, **self.FORM}).status_code == 404
        assert (
            client.post(
                "/set-up", data={"ticket": late, **self.FORM, "again": "another one"}
            ).status_code
            == 422
        )
        assert (
            client.post(
                "/set-up", data={"ticket": late, **self.FORM, "password": "short", "again": "short"}
            ).status_code
            == 422
        )
        assert client.post("/set-up", data={"ticket": late, **self.FORM}).status_code == 303
        for _ in range(2):
            again = TestClient(app, follow_redirects=False)
            assert again.get("/set-up", params={"ticket": late}).status_code == 404
            assert (
                again.post(
                    "/set-up", data={"ticket": late, **self.FORM, "email": "second@firm.example"}
                ).status_code
                == 404
            )
        assert [person.email for person in empty.people.accounts.all()] == ["first@firm.example"]
        with pytest.raises(Exception, match="set up already"):
            empty.people.invitations.make("setup")

    @pytest.mark.parametrize("kind", ["invite", "reset"])
    def test_a_link_works_once(self, world: World, bob: Person, kind: str) -> None:
        people = world.workspace.people
        ticket = (
            people.invitations.make("invite", email="new@firm.example", role=Role.ANALYST)
            if kind == "invite"
            else people.invitations.make("reset", email=bob.email)
        )
        form = {"ticket": ticket, "name": "New", "password": OTHER, "again": OTHER}
        path = "/invitation" if kind == "invite" else "/reset"
        assert world.ask(None, "POST", path, data=form).status_code == 303
        assert world.ask(None, "POST", path, data=form).status_code == 404
        found = people.accounts.by_email("new@firm.example")
        if found:
            people.accounts.remove(found.id)

    def test_a_link_runs_out(
        self, world: World, bob: Person, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        people = world.workspace.people
        ticket = people.invitations.make("reset", email=bob.email, hours=1)
        assert world.ask(None, "GET", "/reset", params={"ticket": ticket}).status_code == 200
        monkeypatch.setattr(
            people.invitations._database, "now", lambda: datetime.now(UTC) + timedelta(hours=2)
        )
        assert world.ask(None, "GET", "/reset", params={"ticket": ticket}).status_code == 404

    def test_a_link_for_one_purpose_serves_no_other(self, world: World) -> None:
        ticket = world.workspace.people.invitations.make(
            "invite", email="new@firm.example", role=Role.ANALYST
        )
        form = {
            "ticket": ticket,
            "email": "new@firm.example",
            "name": "New",
            "password": OTHER,
            "again": OTHER,
        }
        assert world.ask(None, "POST", "/reset", data=form).status_code == 404
        assert world.ask(None, "POST", "/set-up", data=form).status_code == 404

    def test_an_invitation_gives_the_role_that_was_meant_whatever_the_form_says(
        self, world: World
    ) -> None:
        people = world.workspace.people
        ticket = people.invitations.make(
            "invite", email="new@firm.example", role=Role.ACCOUNT_MANAGER
        )
        form = {
            "ticket": ticket,
            "name": "New",
            "password": OTHER,
            "again": OTHER,
            "role": "admin",
            "email": "eve@evil.example",
        }
        world.ask(None, "POST", "/invitation", data=form)
        found = people.accounts.by_email("new@firm.example")
        assert found is not None and found.role is Role.ACCOUNT_MANAGER
        people.accounts.remove(found.id)


class TestLimits:
    """Loops and guessing are slowed down."""

    def test_a_bucket_fills_evenly_and_says_when(self) -> None:
        now = [0.0]
        buckets = Buckets(Limits(api=60), clock=lambda: now[0])
        for _ in range(60):
            buckets.take("api", "ann")
        with pytest.raises(TooOften) as refused:
            buckets.take("api", "ann")
        assert refused.value.retry_after == 1
        buckets.take("api", "bob")
        now[0] = 1.0
        buckets.take("api", "ann")
        with pytest.raises(TooOften):
            buckets.take("api", "ann")

    @pytest.mark.parametrize(
        ("limits", "path"),
        [(Limits(api=2), "/api/v1/me"), (Limits(export=2), "/settings/audit/export")],
    )
    def test_too_many_calls_of_one_person_wait_and_others_do_not(
        self, world: World, limits: Limits, path: str
    ) -> None:
        client = TestClient(
            application(world.workspace, Serving("http://testserver", limits=limits)),
            follow_redirects=False,
        )
        of = {who: {"cookie": f"kampass={world.sessions[who][0]}"} for who in ("admin", "analyst")}
        assert [client.get(path, headers=of["admin"]).status_code for _ in range(3)] == [
            200,
            200,
            429,
        ]
        refused = client.get(path, headers=of["admin"])
        assert int(refused.headers["retry-after"]) >= 1
        if path.startswith("/api/"):
            assert refused.headers["content-type"] == "application/problem+json"
            assert refused.json()["code"] == "too_often"
        assert client.get(path, headers=of["analyst"]).status_code != 429

    def test_guessing_at_the_door_waits_by_address(self, world: World) -> None:
        client = TestClient(
            application(world.workspace, Serving("http://testserver", limits=Limits(sign_in=3))),
            follow_redirects=False,
        )
        tried = [
            client.post(
                "/sign-in", data={"email": f"guess{number}@firm.example", "password": "x"}
            ).status_code
            for number in range(4)
        ]
        assert tried == [401, 401, 401, 429]
        assert client.post("/reset-password", data={"email": "x"}).status_code == 429

    def test_wrong_tokens_wait_too(self, world: World) -> None:
        client = TestClient(
            application(world.workspace, Serving("http://testserver", limits=Limits(api=2))),
            follow_redirects=False,
        )
        wrong = {"authorization": "Bearer kp_" + "a" * 43}
        assert [client.get("/api/v1/me", headers=wrong).status_code for _ in range(3)] == [
            401,
            401,
            429,
        ]

    def test_the_servers_usual_limits_are_on(self) -> None:
        assert Serving("https://kampass.example.com").allowed == Limits(600, 10, 60, 1200)

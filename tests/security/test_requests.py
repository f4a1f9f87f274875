"""What a request claims, what others made, what nobody may read: believed, shown and written
nowhere.
"""

import logging
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from starlette.testclient import TestClient
from tests.security.routes import NOBODYS, ROUTES
from tests.security.world import PASSWORD, World

from kampass.server.serving import Identity, Serving
from kampass.web.app import application


class TestOthersThings:
    """What somebody made is theirs: for others it does not exist."""

    def test_a_token_is_revoked_by_its_person_only(self, world: World) -> None:
        theirs = world.workspace.people.tokens.all(world.people["admin"].id)[0]
        for number in (theirs.id, NOBODYS):
            answer = world.ask("account_manager", "POST", f"/settings/tokens/{number}/revoke")
            assert answer.status_code == 404
        assert theirs.id in {
            token.id for token in world.workspace.people.tokens.all(world.people["admin"].id)
        }

    @pytest.mark.parametrize(
        ("kind", "path"), [("note", "/api/v1/notes/{}"), ("board", "/api/v1/dashboards/{}")]
    )
    @pytest.mark.parametrize("method", ["GET", "PUT", "PATCH", "DELETE"])
    def test_what_another_wrote_is_not_there(
        self, written: World, kind: str, path: str, method: str
    ) -> None:
        if method not in {
            route.method for route in ROUTES if route.path.startswith(path.format("")[:-1] + "/{")
        }:
            pytest.skip("there is no such route")
        body = {"text": "x"} if kind == "note" else {"name": "x", "layout": [], "shared_with": []}
        bodies: dict[str, Any] = {"json": body} if method in {"PUT", "PATCH"} else {}
        answers = [
            written.ask("account_manager", method, path.format(number), **bodies)
            for number in (written.ids[f"{kind} other_manager"], NOBODYS)
        ]
        assert [answer.status_code for answer in answers] == [404, 404]
        assert answers[0].text == answers[1].text

    def test_a_saved_question_is_its_persons(self, written: World) -> None:
        number = written.ids["saved other_manager"]
        answers = [
            written.ask("account_manager", "POST", f"/accounts/segments/{one}/remove")
            for one in (number, NOBODYS)
        ]
        assert answers[0].status_code == answers[1].status_code == 404
        assert written.workspace.library.saved.all(written.people["other_manager"])
        assert "mk-saved-other" not in written.get("account_manager", "/accounts").text

    @pytest.mark.parametrize("who", ["account_manager", "team_lead", "executive", "analyst"])
    @pytest.mark.parametrize(
        "path",
        [
            "/settings/people",
            "/settings/access",
            "/settings/audit",
            "/settings/audit/export",
            "/api/v1/people",
        ],
    )
    def test_people_and_the_audit_log_are_for_administrators(
        self, world: World, who: str, path: str
    ) -> None:
        answer = world.get(who, path)
        assert answer.status_code == 403
        assert "@firm.example" not in answer.text.replace(world.people[who].email, "")


class TestRequests:
    """What a request claims to be is not believed."""

    @pytest.mark.parametrize(
        "header", ["x-http-method-override", "x-method-override", "x-http-method"]
    )
    def test_a_get_never_becomes_a_post(self, world: World, header: str) -> None:
        assert world.ask("admin", "GET", "/sign-out", headers={header: "POST"}).status_code in {
            404,
            405,
        }
        assert world.ask("admin", "GET", "/settings", params={"_method": "POST"}).status_code == 200

    @pytest.mark.parametrize(
        "header", ["x-forwarded-host", "x-host", "forwarded", "x-original-url", "x-rewrite-url"]
    )
    def test_no_header_moves_the_site(self, world: World, header: str) -> None:
        answer = world.ask("admin", "GET", "/settings/tokens", headers={header: "evil.example"})
        assert answer.status_code == 200
        assert "evil.example" not in answer.text
        made = world.ask(
            "admin",
            "POST",
            f"/settings/people/{world.people['analyst'].id}/link",
            headers={header: "evil.example"},
        )
        assert "http://testserver/reset?ticket=kt_" in made.text and "evil.example" not in made.text

    @pytest.mark.parametrize(
        "header",
        [
            "Basic YTpi",
            "Bearer",
            "Bearer ",
            "bearer kp_x",
            "Bearer kp_" + "a" * 43,
            "Bearer ks_" + "a" * 43,
            "Token x",
            "Bearer \x7f",
        ],
    )
    def test_what_is_no_token_opens_nothing(self, world: World, header: str) -> None:
        assert world.client.get("/api/v1/me", headers={"authorization": header}).status_code == 401

    @pytest.mark.parametrize(
        "cookie",
        [
            "",
            "x",
            "ks_",
            "ks_" + "a" * 43,
            "ks_" + "a" * 4000,
            "kp_x",
            "ks_é".encode().decode("latin-1"),
        ],
    )
    def test_what_is_no_session_opens_nothing(self, world: World, cookie: str) -> None:
        assert (
            world.client.get(
                "/api/v1/me", headers={"cookie": f"kampass={cookie}".encode("latin-1")}
            ).status_code
            == 401
        )

    @pytest.mark.parametrize("method", ["TRACE", "CONNECT", "PROPFIND", "OPTIONS", "BREW"])
    def test_other_methods_do_nothing(self, world: World, method: str) -> None:
        assert world.ask("admin", method, "/settings", csrf=True).status_code in {403, 404, 405}


class TestSecrets:
    """Nothing that opens a door stands in a log, an audit entry or an error."""

    def test_no_secret_is_logged_or_audited(
        self, world: World, caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level(logging.DEBUG)
        ticket = world.workspace.people.invitations.make(
            "reset", email=world.people["executive"].email
        )
        typed, day = "a password that is wrong", (datetime.now(UTC) + timedelta(days=9)).date()
        world.ask(None, "POST", "/sign-in", data={"email": "u1@firm.example", "password": typed})
        world.ask(None, "GET", "/reset", params={"ticket": ticket})
        world.ask("admin", "GET", "/api/v1/me", token="read")  # noqa: S106 - a scope
        made = world.ask(
            "admin",
            "POST",
            "/settings/tokens",
            data={"name": "x", "scope": "read", "expires": day, "password": PASSWORD},
        )
        shown = made.text.partition('data-language="text">kp_')[2][:43]
        assert shown
        secrets = [
            ticket,
            typed,
            PASSWORD,
            *world.tokens.values(),
            *(secret for secret, _ in world.sessions.values()),
            *([shown] if shown else []),
        ]
        logged = "\n".join(
            record.getMessage()
            for record in caplog.records
            if not record.name.startswith(("httpx", "asyncio"))
        ) + repr(world.workspace.people.audit.entries(500))
        assert not [secret for secret in secrets if secret in logged]

    def test_the_providers_secret_is_in_no_repr(self) -> None:
        identity = Identity("https://id.example", "client", "the-clients-secret")
        assert "the-clients-secret" not in repr(Serving("https://k.example", identity)) + repr(
            identity
        )

    @pytest.mark.parametrize(
        "path",
        [
            "/no/such/page",
            "/api/v1/none",
            "/accounts/none",
            "/reset?ticket=kt_" + "s" * 43,
            "/api/v1/kpis/none?period=2025",
        ],
    )
    def test_an_error_page_repeats_no_secret(self, world: World, path: str) -> None:
        secret, _ = world.sessions["admin"]
        answer = world.ask("admin", "GET", path)
        assert 400 <= answer.status_code < 500
        assert secret not in answer.text and "kt_" + "s" * 43 not in answer.text
        assert (
            "Traceback" not in answer.text
            and "/work" not in answer.text
            and ".py" not in answer.text
        )

    def test_no_page_of_development_is_served_otherwise(self, world: World) -> None:
        client = TestClient(
            application(world.workspace, Serving("http://testserver")), follow_redirects=False
        )
        cookie = {"cookie": f"kampass={world.sessions['admin'][0]}"}
        assert client.get("/docs", headers=cookie).status_code == 404
        assert client.get("/openapi.json", headers=cookie).status_code == 404
        assert client.get("/redoc", headers=cookie).status_code == 404

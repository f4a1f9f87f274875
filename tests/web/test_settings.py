"""Settings: one's account, tokens, people, the workspace, the audit log; in the sample company."""

import csv
import io
import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import pyotp
import pytest
from starlette.testclient import TestClient
from tests.served import Served
from tests.web.conftest import signed_in

from kampass.access import Role
from kampass.people import Person
from kampass.web.pages.settings.view import qr

PASSWORD, OTHER = "green teapots sing", "violet kettles hum"
SECRET = re.compile(r"kp_[\w-]{43}")
As = Callable[[Role], TestClient]


@pytest.fixture
def gus(served: Served) -> Iterator[Person]:
    """Somebody with a password who may be changed and removed."""
    made = served.workspace.people.accounts.add(
        "gus@example.com", "Gus", Role.EXECUTIVE, password=PASSWORD
    )
    yield made
    if served.workspace.people.accounts.get(made.id):
        served.workspace.people.accounts.remove(made.id)


@pytest.fixture
def by_gus(served: Served, gus: Person) -> TestClient:
    return signed_in(served, gus)


class TestAccount:
    """One's own account."""

    def test_it_says_who_one_is_in_the_data_and_what_one_sees(
        self, served: Served, as_role: As
    ) -> None:
        page = as_role(Role.ACCOUNT_MANAGER).get("/settings").text
        viewer = served.workspace.viewer(served.people[Role.ACCOUNT_MANAGER])
        assert f"{len(viewer.scope.accounts or ()):,} accounts" in page
        assert "every account" in as_role(Role.EXECUTIVE).get("/settings").text

    def test_a_name_is_changed_and_an_empty_one_is_not(
        self, served: Served, gus: Person, by_gus: TestClient
    ) -> None:
        assert by_gus.post("/settings/name", data={"name": "Gus Gray"}).status_code == 303
        assert by_gus.post("/settings/name", data={"name": " "}).status_code == 422
        found = served.workspace.people.accounts.get(gus.id)
        assert found is not None and found.name == "Gus Gray"

    def test_an_authenticator_is_switched_on_by_a_picture_without_style_and_off_by_the_password(
        self, served: Served, gus: Person, by_gus: TestClient
    ) -> None:
        assert by_gus.post("/settings/totp/start", data={"password": "wrong"}).status_code == 422
        page = by_gus.post("/settings/totp/start", data={"password": PASSWORD})
        assert page.headers["cache-control"] == "no-store"
        assert "<svg" in page.text and "style=" not in page.text
        secret = page.text.partition("into the app: <code>")[2].partition("<")[0].replace(" ", "")
        by_gus.post("/settings/totp/confirm", data={"code": pyotp.TOTP(secret).now()})
        found = served.workspace.people.accounts.get(gus.id)
        assert found is not None and found.has_totp
        by_gus.post("/settings/totp/stop", data={"password": PASSWORD})
        found = served.workspace.people.accounts.get(gus.id)
        assert found is not None and not found.has_totp

    def test_a_picture_is_the_code_it_stands_for(self) -> None:
        """One path, a unit for each dark field."""
        import segno

        size, path = qr("otpauth://totp/x?secret=ABC")
        dark = sum(
            cell
            for row in segno.make("otpauth://totp/x?secret=ABC", error="m").matrix
            for cell in row
        )
        assert sum(int(length) for length in re.findall(r"h(\d+)v", path)) == dark
        assert size == len(segno.make("otpauth://totp/x?secret=ABC", error="m").matrix)


class TestTokens:
    """Programs that ask."""

    def test_a_token_is_shown_once_and_works_until_it_is_revoked(
        self, served: Served, gus: Person, by_gus: TestClient
    ) -> None:
        day = (datetime.now(UTC) + timedelta(days=9)).date().isoformat()
        made = by_gus.post(
            "/settings/tokens",
            data={
                "name": "weekly report",
                "scope": ["read", "export"],
                "expires": day,
                "password": PASSWORD,
            },
        )
        secret = SECRET.search(made.text)
        assert secret is not None
        assert not SECRET.search(by_gus.get("/settings/tokens").text)
        caller = TestClient(served.app, headers={"authorization": f"Bearer {secret[0]}"})
        assert caller.get("/api/v1/me").status_code == 200
        number = served.workspace.people.tokens.all(gus.id)[0].id
        assert by_gus.post(f"/settings/tokens/{number}/revoke").status_code == 303
        assert caller.get("/api/v1/me").status_code == 401

    @pytest.mark.parametrize(
        ("form", "said"),
        [
            ({"name": "", "scope": "read", "expires": "2026-12-31"}, "is not right"),
            ({"name": "x", "expires": "2026-12-31"}, "cannot do that"),
            ({"name": "x", "scope": "admin", "expires": "2026-12-31"}, "cannot do that"),
            ({"name": "x", "scope": "read", "expires": "soon"}, "That is no day."),
            ({"name": "x", "scope": "read", "expires": "2020-01-01"}, "must run out"),
            ({"name": "x", "scope": "read", "expires": "9999-12-31"}, "must run out"),
        ],
    )
    def test_what_is_wrong_is_said_under_its_field(
        self, by_gus: TestClient, form: dict[str, str], said: str
    ) -> None:
        day = (datetime.now(UTC) + timedelta(days=9)).date().isoformat()
        answer = by_gus.post(
            "/settings/tokens",
            data=form | ({"expires": day} if form["expires"] == "2026-12-31" else {}),
        )
        assert answer.status_code == 422
        assert said in answer.text


class TestPeople:
    """Everybody, for administrators."""

    def test_users_of_the_data_are_suggested_and_named(self, served: Served, as_role: As) -> None:
        page = as_role(Role.ADMIN).get("/settings/people").text
        email, name = (
            served.workspace.sight()
            .backend.run(
                "SELECT email, name FROM users WHERE email IS NOT NULL AND active_to IS NULL "
                "ORDER BY id"
            )
            .first()
        )
        assert f'<option value="{email}">' in page
        invited = as_role(Role.ADMIN).post(
            "/settings/people", data={"email": email, "role": "account_manager"}
        )
        assert (
            "/invitation?ticket=kt_" in invited.text
            and invited.headers["cache-control"] == "no-store"
        )
        found = served.workspace.people.accounts.by_email(email)
        assert found is not None and found.name == name
        served.workspace.people.accounts.remove(found.id)

    @pytest.mark.parametrize(
        "form",
        [
            {"email": "x", "role": "admin"},
            {"email": "new@example.com", "role": "king"},
            {"email": "new@example.com", "role": "analyst", "user": "nobody"},
            {"email": "gus@example.com", "role": "analyst"},
        ],
    )
    def test_what_cannot_be_is_not(
        self, served: Served, gus: Person, as_role: As, form: dict[str, str]
    ) -> None:
        assert as_role(Role.ADMIN).post("/settings/people", data=form).status_code in {409, 422}
        assert served.workspace.people.accounts.by_email("new@example.com") is None
        assert served.workspace.people.accounts.get(gus.id) == gus

    def test_another_role_signs_the_person_out_and_stands_in_the_audit_log(
        self, gus: Person, by_gus: TestClient, as_role: As
    ) -> None:
        assert by_gus.get("/settings").status_code == 200
        as_role(Role.ADMIN).post(
            f"/settings/people/{gus.id}", data={"name": "Gus", "role": "analyst"}
        )
        assert by_gus.get("/settings").status_code == 303
        assert "executive -&gt; analyst" in as_role(Role.ADMIN).get("/settings/audit").text

    def test_who_forgot_the_password_gets_a_link(
        self, served: Served, gus: Person, as_role: As
    ) -> None:
        TestClient(served.app).post("/reset-password", data={"email": gus.email})
        assert "Asked for a link" in as_role(Role.ADMIN).get("/settings/people").text
        assert (
            "/reset?ticket=kt_" in as_role(Role.ADMIN).post(f"/settings/people/{gus.id}/link").text
        )
        assert "Asked for a link" not in as_role(Role.ADMIN).get("/settings/people").text

    def test_nobody_removes_themselves_and_the_last_administrator_stays(
        self, served: Served, as_role: As
    ) -> None:
        admin = served.people[Role.ADMIN]
        assert as_role(Role.ADMIN).post(f"/settings/people/{admin.id}/remove").status_code == 409
        answer = as_role(Role.ADMIN).post(
            f"/settings/people/{admin.id}", data={"name": "Admin", "role": "analyst"}
        )
        assert answer.status_code == 409
        assert "This is the last administrator." in answer.text

    def test_who_is_removed_is_gone(self, gus: Person, by_gus: TestClient, as_role: As) -> None:
        assert as_role(Role.ADMIN).post(f"/settings/people/{gus.id}/remove").status_code == 303
        assert by_gus.get("/settings").status_code == 303
        assert as_role(Role.ADMIN).get(f"/settings/people/{gus.id}").status_code == 404


class TestWorkspace:
    """What holds for everybody."""

    def test_kpis_are_switched_by_who_may(self, served: Served, as_role: As) -> None:
        before = served.workspace.settings.enabled
        assert (
            as_role(Role.EXECUTIVE)
            .post("/settings/workspace/kpis", data={"kpi": ["nrr"]})
            .status_code
            == 403
        )
        try:
            assert (
                as_role(Role.ANALYST)
                .post("/settings/workspace/kpis", data={"kpi": ["nrr", "grr"]})
                .status_code
                == 303
            )
            assert served.workspace.settings.enabled == ("nrr", "grr")
            assert "2 of" in as_role(Role.EXECUTIVE).get("/settings/workspace").text
            assert (
                as_role(Role.ANALYST)
                .post("/settings/workspace/kpis", data={"kpi": ["nothing"]})
                .status_code
                == 404
            )
        finally:
            as_role(Role.ANALYST).post("/settings/workspace/kpis", data={"kpi": list(before)})
        assert set(served.workspace.settings.enabled) == set(before)

    def test_time_zone_currency_and_fiscal_year_are_shown(self, as_role: As) -> None:
        page = as_role(Role.ACCOUNT_MANAGER).get("/settings/workspace").text
        assert "UTC" in page and "USD" in page and "January" in page and "09:00 to 17:00" in page


class TestAudit:
    """Who did what."""

    def test_it_is_filtered_paged_and_exported(
        self, served: Served, gus: Person, as_role: As
    ) -> None:
        for number in range(60):
            served.workspace.people.audit.record(
                gus, "looked_at", f"=account {number}", {"why": "test"}, "10.0.0.1"
            )
        asked = {"person": str(gus.id), "action": "looked_at"}
        first = as_role(Role.ADMIN).get("/settings/audit", params=asked)
        assert "=account 59" in first.text and "=account 9<" not in first.text
        older = re.search(r'rel="next" href="([^"]+)"', first.text)
        assert older is not None
        assert "=account 9<" in as_role(Role.ADMIN).get(older[1].replace("&amp;", "&")).text
        rows = list(
            csv.DictReader(
                io.StringIO(as_role(Role.ADMIN).get("/settings/audit/export", params=asked).text)
            )
        )
        assert len(rows) == 60
        assert {row["email"] for row in rows} == {gus.email}
        assert not [row for row in rows if row["what"].startswith("=")]

    def test_it_is_for_administrators(self, as_role: As) -> None:
        assert [
            as_role(role).get("/settings/audit").status_code for role in (Role.ANALYST, Role.ADMIN)
        ] == [403, 200]

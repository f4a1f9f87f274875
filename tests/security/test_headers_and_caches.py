"""What every answer carries, and that nothing kept for one person is handed to another."""

import re

import pytest
from starlette.testclient import TestClient
from tests.each import each
from tests.security.company import OWN
from tests.security.routes import READING, ROUTES, Route, name
from tests.security.world import QUERY, World

from kampass.server.serving import Serving
from kampass.web.app import application

PERSONAL = [route for route in READING if route.rule is not None and route.rule.roles is not None]
WHOLE = {"account_manager": 750, "team_lead": 750, "other_manager": 5600, "admin": 6350}
"""What each sees at the end of a month: 100 + 200 + 400 and the 50 of the account with the odd id,
800 + 1,600 + 3,200, and all of it.
"""


@pytest.mark.parametrize("who", [None, "admin"], ids=str)
@each("route", ROUTES, ids=name)
def test_every_answer_keeps_browsers_strict(world: World, route: Route, who: str | None) -> None:
    """Whatever the status, and from whichever layer the answer comes; a call without its proof
    changes nothing.
    """
    answer = world.ask(
        who, route.method, route.at(), csrf=False, params=QUERY if route.method == "GET" else {}
    )
    policy = answer.headers["content-security-policy"]
    assert (
        "default-src 'none'" in policy
        and "script-src 'self';" in policy
        and "frame-ancestors 'none'" in policy
    )
    assert "unsafe" not in policy and "*" not in policy
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["x-frame-options"] == "DENY"
    assert answer.headers["referrer-policy"] in {"same-origin", "no-referrer"}
    assert answer.headers["cross-origin-opener-policy"] == "same-origin"
    assert not {"server", "x-powered-by", "access-control-allow-origin"} & {
        key.lower() for key in answer.headers
    }
    if not route.path.startswith("/static/"):
        kept = answer.headers["cache-control"]
        assert "private" in kept or "no-store" in kept
        assert "public" not in kept


@pytest.mark.parametrize(
    "headers",
    [
        {"host": "evil.example"},
        {"host": "testserver.evil.example"},
        {"host": ""},
        {"host": "testserver@evil.example"},
    ],
)
def test_an_answer_to_a_strange_host_is_strict_and_empty(
    world: World, headers: dict[str, str]
) -> None:
    answer = world.client.get("/sign-in", headers=headers)
    assert answer.status_code == 400
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "evil" not in answer.text


def test_a_bug_is_answered_strictly_and_without_its_words(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("the secret is kp_abc")

    monkeypatch.setattr(type(world.workspace), "viewer", broken)
    for path in ("/overview", "/api/v1/me"):
        answer = world.get("admin", path)
        assert answer.status_code == 500
        assert (
            "kp_abc" not in answer.text
            and "RuntimeError" not in answer.text
            and "Traceback" not in answer.text
        )
        assert (
            answer.headers["content-security-policy"]
            and answer.headers["x-content-type-options"] == "nosniff"
        )


@each("route", PERSONAL, ids=name)
def test_what_is_kept_for_one_is_never_served_to_another(written: World, route: Route) -> None:
    """The same address by two people, in both orders; the mark of one answer never says 'unchanged'
    to another who sees something else.
    """
    people = ("account_manager", "other_manager", "account_manager")
    answers = [(who, written.get(who, route.at())) for who in people]
    for who, first in answers:
        for other, second in answers:
            mark = first.headers.get("etag")
            if (
                who == other
                or mark is None
                or first.status_code != 200
                or second.status_code != 200
            ):
                continue
            again = written.get(other, route.at(), headers={"if-none-match": mark})
            assert again.status_code != 304 or first.content == second.content
    for _, answer in answers:
        if answer.status_code == 200 and "no-store" not in answer.headers["cache-control"]:
            assert "cookie" in answer.headers["vary"].lower()


@pytest.mark.parametrize(
    ("path", "first"),
    [("/api/v1/kpis/mrr_end", who) for who in WHOLE] + [("/why/mrr_end", "other_manager")],
)
def test_two_people_get_their_own_numbers_whoever_asks_first(
    world: World, path: str, first: str
) -> None:
    """The period is asked by no other test, so that the first one fills every cache."""
    period = f"2025-0{3 + list(WHOLE).index(first)}"
    for who in (first, *(one for one in WHOLE if one != first), first):
        text = world.get(who, path, params={"period": period}).text.replace(",", "")
        assert re.search(rf"\b{WHOLE[who]}(\.0)?\b", text), who
        assert not [
            other
            for other in set(WHOLE.values()) - {WHOLE[who]}
            if who != "admin" and re.search(rf"\b{other}(\.0)?\b", text)
        ]


def test_over_tls_cookies_and_browsers_are_held_to_it(world: World) -> None:
    app = application(world.workspace, Serving("https://kampass.example.com"))
    client = TestClient(app, base_url="https://kampass.example.com", follow_redirects=False)
    assert "max-age=" in client.get("/sign-in").headers["strict-transport-security"]
    answer = client.post(
        "/sign-in", data={"email": "u1@firm.example", "password": "green teapots sing"}
    )
    assert answer.status_code == 303
    cookie = next(value for value in answer.headers.get_list("set-cookie") if "kampass=" in value)
    assert cookie.startswith("__Host-kampass=ks_")
    assert (
        all(flag in cookie for flag in ("Secure", "HttpOnly", "SameSite=lax", "Path=/"))
        and "Domain" not in cookie
    )


def test_the_session_cookie_is_out_of_reach_for_scripts_and_other_sites(world: World) -> None:
    answer = world.ask(
        None,
        "POST",
        "/sign-in",
        data={"email": "u1@firm.example", "password": "green teapots sing"},
    )
    cookie = next(
        value for value in answer.headers.get_list("set-cookie") if value.startswith("kampass=")
    )
    assert "HttpOnly" in cookie and "SameSite=lax" in cookie and "Domain" not in cookie


@pytest.mark.parametrize("own", OWN)
def test_the_numbers_of_an_account_page_are_the_same_for_who_may_see_it(
    world: World, own: str
) -> None:
    asked = {"period": "2025-12", "where": f"account={own}"}
    values = [
        world.ask(who, "GET", "/api/v1/kpis/mrr_end", params=asked).json()[0]["value"]
        for who in ("account_manager", "team_lead", "admin")
    ]
    assert len(set(values)) == 1

"""Every route of the router, every role and every token scope: what is declared is what happens."""

from typing import Any

import pytest
from httpx import Response
from tests.each import each
from tests.security.company import FOREIGN, MRR, OWN
from tests.security.routes import CHANGING, OF_ACCOUNTS, READING, ROUTES, SIGNING, Route, name
from tests.security.world import JUNK, QUERY, ROLES, SCOPES, World

OUT = {401, 403}
GUARDED = [route for route in ROUTES if route.rule is not None and route.rule.roles is not None]
ENTERED = [route for route in GUARDED if route.method == "GET"]
OF_TOKENS = [
    (route, who, scope)
    for route in GUARDED
    if route.is_api
    for who in ("account_manager", "admin")
    for scope in SCOPES[: None if who == "admin" else -1]
]


def send(world: World, who: str | None, route: Route, **more: Any) -> Response:
    """A call that changes nothing, whoever may make it."""
    if route.method == "GET":
        return world.get(who, route.at(), **more)
    return world.ask(
        who, route.method, route.at(), **({"json": {}} if route.is_api else {"data": JUNK}), **more
    )


@each("route", ROUTES, ids=name)
def test_every_route_declares_who_may_call_it(route: Route) -> None:
    assert route.rule is not None


@each(
    "route",
    [route for route in ROUTES if route.rule is not None and route.rule.roles is None],
    ids=name,
)
def test_what_anybody_may_open_is_signing_in_static_or_a_probe(route: Route) -> None:
    assert route.path.startswith((*SIGNING, "/static/", "/health", "/ready"))


@pytest.mark.parametrize("who", ROLES)
@each("route", GUARDED, ids=name)
def test_a_role_is_let_in_exactly_where_the_rule_says(world: World, route: Route, who: str) -> None:
    assert route.rule is not None and route.rule.roles is not None
    answer = send(world, who, route)
    assert answer.status_code < 500, answer.text[:400]
    assert (answer.status_code in OUT) == (who not in route.rule.roles), (
        answer.status_code,
        answer.text[:300],
    )


@each("route", GUARDED, ids=name)
def test_nobody_gets_anything_without_signing_in(world: World, route: Route) -> None:
    answer = send(world, None, route)
    if route.is_api:
        assert answer.status_code == 401
        assert answer.json()["code"] == "not_signed_in"
    elif route.method == "GET":
        assert answer.status_code == 303
        assert answer.headers["location"].startswith("/sign-in")
    else:
        assert answer.status_code == 401
    assert "mk-" not in answer.text


@each(("route", "who", "scope"), OF_TOKENS, ids=str)
def test_a_token_does_what_its_scope_and_its_persons_role_allow_and_nothing_else(
    world: World, route: Route, who: str, scope: str
) -> None:
    assert route.rule is not None and route.rule.roles is not None
    answer = send(world, who, route, token=scope)
    assert answer.status_code < 500, answer.text[:400]
    allowed = who in route.rule.roles and scope == route.rule.scope
    assert (answer.status_code in OUT) != allowed, (answer.status_code, answer.text[:300])


@each("route", [route for route in READING if not route.is_api and route in GUARDED], ids=name)
def test_a_token_opens_no_page(world: World, route: Route) -> None:
    assert world.get("admin", route.at(), token="read").status_code == 303  # noqa: S106 - a scope


@each(
    "route",
    [
        route
        for route in CHANGING
        if not route.path.startswith(SIGNING) or route.path == "/sign-out"
    ],
    ids=name,
)
class TestForgery:
    """Whatever changes something and comes with a cookie must come from our own page."""

    def test_without_the_proof_of_our_form_it_is_refused(self, world: World, route: Route) -> None:
        answer = world.ask("admin", route.method, route.at(), csrf=False, data=JUNK)
        assert answer.status_code == 403
        assert "stale_form" in answer.text

    def test_with_somebody_elses_proof_it_is_refused(self, world: World, route: Route) -> None:
        answer = world.ask(
            "admin",
            route.method,
            route.at(),
            headers={"x-csrf": world.sessions["analyst"][1]},
            data=JUNK,
        )
        assert answer.status_code == 403

    @pytest.mark.parametrize(
        "origin",
        ["https://evil.example", "null", "http://testserver.evil.example", "http://testserver:81"],
    )
    def test_from_another_origin_it_is_refused_even_with_the_proof(
        self, world: World, route: Route, origin: str
    ) -> None:
        answer = world.ask("admin", route.method, route.at(), headers={"origin": origin}, data=JUNK)
        assert answer.status_code == 403
        assert "cross_site" in answer.text

    def test_from_another_site_by_the_browsers_word_it_is_refused(
        self, world: World, route: Route
    ) -> None:
        assert (
            world.ask(
                "admin",
                route.method,
                route.at(),
                headers={"sec-fetch-site": "cross-site"},
                data=JUNK,
            ).status_code
            == 403
        )


def test_every_way_in_refuses_another_origin_too(world: World) -> None:
    """Nobody is signed in as somebody else by a page elsewhere."""
    for route in CHANGING:
        if route.path.startswith(SIGNING):
            assert (
                world.ask(
                    None,
                    route.method,
                    route.at(),
                    headers={"origin": "https://evil.example"},
                    data=JUNK,
                ).status_code
                == 403
            ), route


@pytest.mark.parametrize("who", ["account_manager", "team_lead"])
@pytest.mark.parametrize("foreign", FOREIGN[:1])
@each("route", OF_ACCOUNTS, ids=name)
def test_a_foreign_account_is_one_that_does_not_exist(
    world: World, route: Route, foreign: str, who: str
) -> None:
    """The same status and, but for the name that was asked for, the same words."""
    form = (
        {}
        if route.method == "GET"
        else ({"json": {"text": "x"}} if route.is_api else {"data": JUNK | {"text": "x"}})
    )
    theirs, nobodys = (
        world.ask(
            who,
            route.method,
            route.at(account=account),
            params=QUERY if route.method == "GET" else {},
            **form,
        )
        for account in (foreign, "ZZ")
    )
    assert theirs.status_code == nobodys.status_code == 404
    assert theirs.text.replace(foreign, "ZZ") == nobodys.text


@each("route", [route for route in OF_ACCOUNTS if route.method == "GET"], ids=name)
@pytest.mark.parametrize("own", OWN[:1])
def test_an_own_account_is_shown(world: World, route: Route, own: str) -> None:
    assert world.get("account_manager", route.at(account=own)).status_code == 200


@pytest.mark.parametrize("who", ["account_manager", "team_lead"])
@each("route", READING, ids=name)
def test_no_answer_names_a_foreign_account(written: World, route: Route, who: str) -> None:
    """Neither a text of theirs nor their name comes out anywhere, whatever the page."""
    for more in (
        ({}, {"where": "segment=small", "by": "account"}) if who == "account_manager" else ({},)
    ):
        answer = written.get(who, route.at(), params=more)
        assert answer.status_code < 500, answer.text[:400]
        assert not [account for account in FOREIGN if f"mk-{account}" in answer.text]


@pytest.mark.parametrize("who", ["account_manager", "team_lead"])
@each(
    "where",
    [
        "account=A4",
        "account!=A1",
        "account in A4,A5",
        "account_manager=U2",
        "team=T2",
        "segment=small",
    ],
)
def test_a_filter_reaches_no_foreign_account(world: World, who: str, where: str) -> None:
    asked = {"period": "2025-12", "where": where}
    answer = world.ask(who, "GET", "/api/v1/kpis/mrr_end", params=asked)
    known = world.ask(
        who,
        "GET",
        "/api/v1/kpis/mrr_end",
        params=asked | {"where": where.replace("A4", "ZZ").replace("A5", "ZY")},
    )
    assert answer.status_code == known.status_code
    figures = [row["value"] for row in answer.json()] if answer.status_code == 200 else []
    assert all(
        value is None or value <= sum(MRR[account] for account in OWN) + 50 for value in figures
    )

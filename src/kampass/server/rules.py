"""Who may call what. Every route takes its `Call` from a `Rule`; an application with a route that
has none does not start.

A person is recognised by a session cookie (pages, and `/api` called from pages) or by a token
(`/api` and `/metrics` alone). Whatever changes something and comes with a cookie must prove that
our own page sent it: the same origin, and the session's secret.
"""

import asyncio
import hmac
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from urllib.parse import urlsplit

from fastapi import FastAPI, Request
from fastapi.routing import APIRoute
from starlette.concurrency import run_in_threadpool
from starlette.routing import BaseRoute

from kampass.access import NotAllowed, NotSignedIn, Role, Viewer
from kampass.errors import KampassError
from kampass.library import Library
from kampass.people import People, Person
from kampass.people.audit import Deed
from kampass.people.keys.ending import Ending
from kampass.server.limits import Buckets, Kind, TooOften
from kampass.server.serving import Serving
from kampass.workspace import Workspace
from kampass.workspace.view import Sight

PAUSE = 1.0
"""Seconds before somebody is told that they ask too often: a loop that waits for answers is slowed
down, and costs nobody else their turn.
"""

MEASURES = "/metrics"
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
EVERYBODY = frozenset(Role)
DEFINING = frozenset({Role.ANALYST, Role.ADMIN})
ADMINS = frozenset({Role.ADMIN})


@dataclass(frozen=True)
class Call:
    """One call: who makes it, and what it may reach. `viewer` is None only where the rule lets
    anybody in.
    """

    request: Request
    person: Person | None = None
    csrf: str = ""
    scopes: frozenset[str] | None = None

    @property
    def workspace(self) -> Workspace:
        """The workspace that is served."""
        found: Workspace = self.request.app.state.workspace
        return found

    @property
    def library(self) -> Library:
        """What people make and keep."""
        return self.workspace.library

    @property
    def people(self) -> People:
        """Who may sign in."""
        return self.workspace.people

    @property
    def serving(self) -> Serving:
        """The server's own settings."""
        found: Serving = self.request.app.state.serving
        return found

    @property
    def address(self) -> str:
        """Where the call comes from."""
        return self.request.client.host if self.request.client else ""

    def take(self, kind: Kind) -> None:
        """Count this call against a limit; TooOften beyond it."""
        _take(self.request, kind, self.person)

    @cached_property
    def viewer(self) -> Viewer:
        """The caller with what they may see."""
        if self.person is None:
            raise NotSignedIn("Sign in first.")
        return self.workspace.viewer(self.person)

    @cached_property
    def sight(self) -> Sight:
        """What the caller may ask, all from one snapshot."""
        return self.workspace.sight(self.viewer.scope)

    def ending(self, *, sessions: bool = True, tokens: bool = True) -> Ending:
        """What of somebody the caller ends."""
        return Ending(sessions, tokens, self.person, self.address)

    def record(self, action: str, what: str, **detail: object) -> None:
        """Write into the audit log that the caller did this."""
        deed = Deed(self.person, action, what, detail, self.address)
        if self.request.method in SAFE:
            self.people.audit.record_reading(deed)
        else:
            self.people.audit.record(self.person, action, what, detail, self.address)


@dataclass(frozen=True)
class Rule:
    """Which roles may call, which scope a token needs for it, and which limit it counts against
    beside that of pages or the API, unless it is not `counted`. `roles` None: anybody, signed in or
    not.
    """

    roles: frozenset[Role] | None
    scope: str = "read"
    limit: Kind | None = None
    counted: bool = True

    async def __call__(self, request: Request) -> Call:
        """The call; NotSignedIn or NotAllowed where the rule does not hold."""
        try:
            return await self._held(request)
        except KampassError as refused:
            await request.close()  # a form was read for the session's secret, and may hold files
            if isinstance(refused, TooOften):
                await asyncio.sleep(PAUSE)
            raise

    async def _held(self, request: Request) -> Call:
        call = request.state.call = await recognised(request)
        if self.counted:
            call.take("api" if takes_tokens(request) else "page")
        if self.limit:
            call.take(self.limit)
        if self.roles is not None:
            self._let_in(call, self.roles)
        if request.method not in SAFE and call.person is not None and call.scopes is None:
            # Last, since it reads what was sent: whoever may not send it has been told by now.
            await _proved(request, call.csrf)
        return call

    def _let_in(self, call: Call, roles: frozenset[Role]) -> None:
        if call.person is None:
            raise NotSignedIn(
                "Sign in first.",
                hint="Open /sign-in, or send a token as 'Authorization: Bearer kp_...'.",
            )
        if call.person.role not in roles:
            raise NotAllowed(
                f"This is for {_listed(roles)}.", hint="An admin can change your role."
            )
        needing(call, self.scope)


ANYBODY = Rule(None)
FILES = Rule(None, counted=False)
COMING_IN = Rule(None, limit="sign_in")
SIGNED_IN = Rule(EVERYBODY)
EXPORTING = Rule(EVERYBODY, "export", "export")
WRITING = Rule(EVERYBODY, "write")
ANALYSING = Rule(DEFINING)
CHANGING_DATA = Rule(DEFINING, "write")
ADMINISTRATING = Rule(ADMINS, "admin")
AUDITING = Rule(ADMINS, "admin", "export")


def needing(call: Call, scope: str) -> None:
    """NotAllowed where the caller's token does not have a scope that this form of the answer
    needs.
    """
    if call.scopes is not None and scope not in call.scopes:
        raise NotAllowed(
            f"The token's scopes do not include '{scope}'.",
            hint="Make a token with that scope under Settings.",
            code="token_scope",
        )


def takes_tokens(request: Request) -> bool:
    """Whether programs call here: they come with a token, and are answered in their form."""
    return request.url.path.startswith("/api/") or request.url.path == MEASURES


def bearer(request: Request) -> str:
    """The token that came along; empty where none did."""
    kind, _, given = request.headers.get("authorization", "").partition(" ")
    return given.strip() if kind == "Bearer" else ""


async def recognised(request: Request) -> Call:
    """The call with the person behind it, if any."""
    workspace: Workspace = request.app.state.workspace
    serving: Serving = request.app.state.serving
    if request.headers.get("authorization") and takes_tokens(request):
        found = await run_in_threadpool(
            workspace.people.tokens.find, bearer(request)
        )  # the database may wait for a writer; nobody else has to
        if found is None:
            _take(request, "api", None)
            raise NotSignedIn(
                "The token does not count: it is wrong, expired or revoked.", code="bad_token"
            )
        person, token = found
        return Call(request, person, scopes=frozenset(token.scopes))
    secret = request.cookies.get(serving.cookie)
    session = await run_in_threadpool(workspace.people.sessions.find, secret) if secret else None
    if request.method not in SAFE:
        _same_origin(request)
    return Call(request, session.person, session.csrf) if session else Call(request)


def _take(request: Request, kind: Kind, person: Person | None) -> None:
    """By person where one is known, by address where none is, and whenever somebody is coming
    in.
    """
    buckets: Buckets = request.app.state.buckets
    by_person = person is not None and kind != "sign_in"
    buckets.take(
        kind,
        f"person {person.id}"
        if by_person and person
        else f"address {request.client.host if request.client else ''}",
    )


def _same_origin(request: Request) -> None:
    """NotAllowed where another site's page sends this."""
    origin, site = (
        request.headers.get("origin"),
        request.headers.get("sec-fetch-site", "same-origin"),
    )
    if site not in {"same-origin", "none"} or (
        origin is not None and urlsplit(origin).netloc != request.headers.get("host")
    ):
        raise NotAllowed(
            "Another site sent this.", code="cross_site", hint="Open Kampass itself and try again."
        )


async def _proved(request: Request, csrf: str) -> None:
    """NotAllowed unless the session's secret came along, in a header or in the form."""
    given: object = request.headers.get("x-csrf")
    if given is None and request.headers.get("content-type", "").startswith(
        ("application/x-www-form-urlencoded", "multipart/form-data")
    ):
        given = (await request.form()).get("csrf")
    if not isinstance(given, str) or not hmac.compare_digest(given.encode(), csrf.encode()):
        raise NotAllowed(
            "The page was open for too long.",
            code="stale_form",
            hint="Load it again and repeat what you did.",
        )


def rule_of(route: BaseRoute) -> Rule | None:
    """The rule that a route declares; None where it has none."""
    if not isinstance(route, APIRoute):
        return None
    return next(
        (needed.call for needed in route.dependant.dependencies if isinstance(needed.call, Rule)),
        None,
    )


def check(app: FastAPI) -> None:
    """AssertionError where a route does not say who may call it."""
    lacking = [
        getattr(route, "path", repr(route)) for route in app.routes if rule_of(route) is None
    ]
    assert not lacking, f"routes without a rule: {lacking}"


def _listed(roles: Iterable[Role]) -> str:
    return " and ".join(f"{role.label.lower()}s" for role in sorted(roles))

"""Everybody's sessions and API tokens: whose, since when, used when, until when. No secret is here,
and none is kept anywhere.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from kampass.people import Person, Token
from kampass.people.keys.ending import counted
from kampass.people.keys.sessions import SignedIn, number_of
from kampass.people.keys.tokens import SCOPES
from kampass.server.rules import Call
from kampass.web.parts.links import Link
from kampass.web.parts.settings import tabs, zone_of
from kampass.web.rendering import moment

PATH: Final = "/settings/access"
_BROWSERS: Final = (
    ("Edg", "Edge"),
    ("OPR", "Opera"),
    ("Firefox", "Firefox"),
    ("Chrome", "Chrome"),
    ("Safari", "Safari"),
)
_SYSTEMS: Final = (
    ("Windows", "Windows"),
    ("Android", "Android"),
    ("iPhone|iPad", "iOS"),
    ("Mac OS X", "macOS"),
    ("Linux", "Linux"),
)
_LONGEST_AGENT: Final = 40


@dataclass(frozen=True)
class Owner:
    """Whose something is."""

    name: str
    email: str
    role: str
    href: str


@dataclass(frozen=True)
class OpenSession:
    """A session in force; `here` is the one that this page is read in."""

    end: str
    owner: Owner
    place: str
    browser: str
    started: str
    seen: str
    ends: str
    here: bool


@dataclass(frozen=True)
class OwnedToken:
    """A token of somebody; `over` where it ran out."""

    revoke: str
    owner: Owner
    name: str
    scopes: str
    made: str
    used: str | None
    ends: str
    over: bool


@dataclass(frozen=True)
class OpenNow:
    """The page; `whose` where one person's alone are shown."""

    tabs: Sequence[Link]
    whose: Owner | None
    lead: str
    sessions: Sequence[OpenSession]
    tokens: Sequence[OwnedToken]


def shown_of(person: int | None) -> str:
    """The page, of one person where one is named."""
    return PATH if person is None else f"{PATH}?person={person}"


def open_now(call: Call, whose: Person | None) -> OpenNow:
    """Everybody's, or one person's."""
    person = None if whose is None else whose.id
    here = number_of(call.request.cookies.get(call.serving.cookie, ""))
    zone, now = zone_of(call), datetime.now(UTC)
    sessions = [
        _session(one, person, zone, here=one.number == here)
        for one in call.people.sessions.in_force(person)
    ]
    tokens = [
        _token(owner, token, person, zone, over=token.expires_at <= now)
        for owner, token in call.people.tokens.everybodys(person)
    ]
    in_force = sum(not token.over for token in tokens)
    return OpenNow(
        tabs(call, PATH),
        None if whose is None else _owner(whose),
        f"{counted(len(sessions), 'session')} and {counted(in_force, 'API token')} in force.",
        sessions,
        tokens,
    )


def _owner(person: Person) -> Owner:
    return Owner(person.name, person.email, person.role.label, f"/settings/people/{person.id}")


def _session(one: SignedIn, person: int | None, zone: str, *, here: bool) -> OpenSession:
    return OpenSession(
        _act(f"sessions/{one.number}/end", person),
        _owner(one.person),
        one.address or "unknown",
        browser(one.agent),
        moment(one.started_at, zone),
        moment(one.last_seen_at, zone),
        moment(one.expires_at, zone),
        here,
    )


def _token(owner: Person, token: Token, person: int | None, zone: str, *, over: bool) -> OwnedToken:
    return OwnedToken(
        _act(f"tokens/{token.id}/revoke", person),
        _owner(owner),
        token.name,
        ", ".join(name for name in SCOPES if name in token.scopes),
        moment(token.created_at, zone),
        moment(token.last_used_at, zone) if token.last_used_at else None,
        moment(token.expires_at, zone),
        over,
    )


def _act(path: str, person: int | None) -> str:
    return f"{PATH}/{path}" if person is None else f"{PATH}/{path}?person={person}"


def browser(agent: str) -> str:
    """What a browser calls itself, in two words where it is one of the usual.

    >>> browser("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0")
    'Firefox, Linux'
    >>> browser("curl/8.5.0")
    'curl/8.5.0'
    """
    found = [
        next((name for mark, name in known if re.search(mark, agent)), None)
        for known in (_BROWSERS, _SYSTEMS)
    ]
    told = ", ".join(name for name in found if name)
    return told if all(found) else agent[:_LONGEST_AGENT] or "unknown"

"""One's own API tokens, and the form that makes another."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from kampass.people import Token
from kampass.people.keys.tokens import ALLOWED, SCOPES
from kampass.server.rules import Call
from kampass.web.parts.links import Link
from kampass.web.parts.settings import AskedAgain, asked_again, fresh, myself, tabs, zone_of
from kampass.web.rendering import moment

_SCOPES: Final = {
    "read": "Read: ask for figures, rows and explanations",
    "export": "Export: fetch files",
    "write": "Write: notes, dashboards, saved questions, and what your role may change",
    "admin": "Administrate: people and the audit log",
}
_AGAIN: Final = "/sign-in/provider?next=/settings/tokens"
_USUAL = timedelta(days=90)


@dataclass(frozen=True)
class TokenLine:
    """One token: what it may do, until when, and whether that is over."""

    id: int
    name: str
    scopes: str
    over: bool
    expires: str
    used: str | None


@dataclass(frozen=True)
class MadeToken:
    """A token that was just made, with the secret that is shown this once."""

    name: str
    secret: str


@dataclass(frozen=True)
class TypedToken:
    """What was typed into the form."""

    name: str
    expires: str
    scope: Sequence[str]


@dataclass(frozen=True)
class TokenList:
    """The page; `wrong` are messages by field, `asks` what making one takes, `stale` whether that
    is another sign-in, `again` where.
    """

    tabs: Sequence[Link]
    tokens: Sequence[TokenLine]
    in_force: int
    made: MadeToken | None
    typed: TypedToken
    wrong: Mapping[str, str]
    scopes: Sequence[tuple[str, str]]
    example: str
    asks: AskedAgain
    stale: bool
    again: str | None
    email: str


def token_list(
    call: Call, made: MadeToken | None, typed: TypedToken | None, wrong: Mapping[str, str]
) -> TokenList:
    """The tokens of whoever is signed in."""
    person, now = myself(call), datetime.now(UTC)
    tokens = [_line(token, zone_of(call), now) for token in call.people.tokens.all(person.id)]
    return TokenList(
        tabs(call, "/settings/tokens"),
        tokens,
        sum(not token.over for token in tokens),
        made,
        typed or TypedToken("", (now + _USUAL).date().isoformat(), ["read"]),
        wrong,
        [(name, _SCOPES[name]) for name in SCOPES if name in ALLOWED[person.role]],
        "curl -H 'Authorization: Bearer kp_...' "
        f"'{call.serving.url}/api/v1/kpis/nrr?period=2026-Q1'",
        asks := asked_again(call),
        asks == "sign_in" and not fresh(call),
        _AGAIN if call.serving.identity else None,
        person.email,
    )


def _line(token: Token, zone: str, now: datetime) -> TokenLine:
    return TokenLine(
        token.id,
        token.name,
        ", ".join(name for name in SCOPES if name in token.scopes),
        token.expires_at <= now,
        moment(token.expires_at, zone),
        moment(token.last_used_at, zone) if token.last_used_at else None,
    )

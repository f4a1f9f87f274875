"""API tokens of one's own: made with a name, scopes and an end, shown once, revoked with a
click.
"""

from datetime import UTC, date, datetime, time, timedelta
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Depends, Form, Path
from starlette.responses import Response

from kampass.people import Token
from kampass.people.errors import BadField
from kampass.people.keys.tokens import ALLOWED, SCOPES
from kampass.server.rules import SIGNED_IN, Call
from kampass.web.pages.settings.page import myself, tabs, zone_of
from kampass.web.rendering import go, moment, render

router = APIRouter()
Typed = Annotated[str, Form(max_length=300)]
WORDS = {
    "read": "Read: ask for figures, rows and explanations",
    "export": "Export: fetch files",
    "write": "Write: notes, dashboards, saved questions, and what your role may change",
    "admin": "Administrate: people and the audit log",
}
_USUAL = timedelta(days=90)


@router.get("/settings/tokens")
def show(call: Annotated[Call, Depends(SIGNED_IN)]) -> Response:
    """One's own tokens."""
    return _page(call)


@router.post("/settings/tokens")
def make(
    call: Annotated[Call, Depends(SIGNED_IN)],
    name: Typed = "",
    expires: Typed = "",
    scope: Annotated[list[str], Form(max_length=10)] = [],  # noqa: B006
) -> Response:
    """Make a token; its secret is on the page that follows and nowhere else."""
    try:
        secret, token = call.people.tokens.make(
            myself(call).id, name, scope, _end_of(expires, zone_of(call))
        )
    except BadField as wrong:
        place = (
            "name"
            if "name" in wrong.message
            else "scope"
            if "cannot do" in wrong.message
            else "expires"
        )
        return _page(
            call,
            wrong={place: f"{wrong.message} {wrong.hint}"},
            typed={"name": name, "expires": expires, "scope": scope},
            status=wrong.status,
        )
    call.record(
        "key_made", token.name, scopes=sorted(token.scopes), expires=token.expires_at.isoformat()
    )
    return _page(call, made={"name": token.name, "secret": secret})


@router.post("/settings/tokens/{number}/revoke")
def revoke(
    call: Annotated[Call, Depends(SIGNED_IN)], number: Annotated[int, Path(ge=1)]
) -> Response:
    """End a token of one's own; NotFound for anybody else's."""
    call.people.tokens.revoke(number, owner=myself(call).id)
    call.record("key_revoked", f"token {number}")
    return go("/settings/tokens", "The token is revoked. Whatever used it gets no answer any more.")


def _page(
    call: Call,
    *,
    made: dict[str, str] | None = None,
    wrong: dict[str, str] | None = None,
    typed: dict[str, Any] | None = None,
    status: int = 200,
) -> Response:
    person, now = myself(call), datetime.now(UTC)
    scopes = [(name, WORDS[name]) for name in SCOPES if name in ALLOWED[person.role]]
    usual = {"name": "", "expires": (now + _USUAL).date().isoformat(), "scope": ["read"]}
    response = render(
        call,
        "pages/tokens/page.html",
        title="Settings",
        question="Which programs may ask for you?",
        status=status,
        tabs=tabs(call, "/settings/tokens"),
        tokens=[_row(token, zone_of(call), now) for token in call.people.tokens.all(person.id)],
        made=made,
        wrong=wrong or {},
        typed=typed or usual,
        scopes=scopes,
        url=call.serving.url,
    )
    response.headers["cache-control"] = "no-store"
    return response


def _row(token: Token, zone: str, now: datetime) -> dict[str, Any]:
    return {
        "id": token.id,
        "name": token.name,
        "scopes": ", ".join(name for name in SCOPES if name in token.scopes),
        "over": token.expires_at <= now,
        "expires": moment(token.expires_at, zone),
        "used": moment(token.last_used_at, zone) if token.last_used_at else None,
    }


def _end_of(day: str, zone: str) -> datetime:
    """The end of a day that somebody chose; BadField where it is none."""
    try:
        return datetime.combine(
            date.fromisoformat(day.strip()), time(23, 59, 59), ZoneInfo(zone)
        ).astimezone(UTC)
    except (ValueError, OverflowError):
        raise BadField("That is no day.", hint="Write one such as 2026-12-31.") from None

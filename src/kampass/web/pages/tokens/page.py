"""API tokens of one's own: made with a name, scopes and an end, shown once, revoked with a
click.
"""

from collections.abc import Mapping
from datetime import UTC, date, datetime, time
from typing import Annotated
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Depends, Form, Path
from starlette.responses import Response

from kampass.people.errors import BadField
from kampass.server.rules import SIGNED_IN, Call
from kampass.web.pages.tokens.view import MadeToken, TypedToken, token_list
from kampass.web.parts.settings import myself, zone_of
from kampass.web.rendering import PageHead, go, render

router = APIRouter()
Typed = Annotated[str, Form(max_length=300)]


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
            typed=TypedToken(name, expires, scope),
            status=wrong.status,
        )
    call.record(
        "key_made", token.name, scopes=sorted(token.scopes), expires=token.expires_at.isoformat()
    )
    return _page(call, made=MadeToken(token.name, secret))


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
    made: MadeToken | None = None,
    wrong: Mapping[str, str] | None = None,
    typed: TypedToken | None = None,
    status: int = 200,
) -> Response:
    view = token_list(call, made, typed, wrong or {})
    page = PageHead("Which programs may ask for you?", "Settings")
    response = render(call, "pages/tokens/page.html", page, view, status=status)
    response.headers["cache-control"] = "no-store"
    return response


def _end_of(day: str, zone: str) -> datetime:
    """The end of a day that somebody chose; BadField where it is none."""
    try:
        return datetime.combine(
            date.fromisoformat(day.strip()), time(23, 59, 59), ZoneInfo(zone)
        ).astimezone(UTC)
    except (ValueError, OverflowError):
        raise BadField("That is no day.", hint="Write one such as 2026-12-31.") from None

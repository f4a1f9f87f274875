"""API tokens of one's own: made with a name, scopes and an end, shown once, revoked with a
click.
"""

from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, date, datetime, time
from typing import Annotated, Final
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Depends, Form, Path
from starlette.responses import Response

from kampass.access import NotFound, NotSignedIn
from kampass.errors import KampassError
from kampass.people import Token
from kampass.people.errors import BadField, SignInAgain, SignInFailed, TooManyAttempts
from kampass.server.rules import SIGNED_IN, Call
from kampass.web.pages.tokens.view import MadeToken, TypedToken, token_list
from kampass.web.parts.settings import AskedAgain, asked_again, confirmed, myself, zone_of
from kampass.web.rendering import PageHead, go, render

router = APIRouter()
Typed = Annotated[str, Form(max_length=300)]
Secret = Annotated[str, Form(max_length=2000)]
_NOT_YOURS: Final[Mapping[AskedAgain, str]] = {
    "code": "That is not the code, or it was used already. Type the next one.",
    "password": "That is not your password.",
}


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
    password: Secret = "",
    code: Secret = "",
) -> Response:
    """Make a token for whoever proves once more that it is them; its secret is on the page that
    follows and nowhere else.
    """
    person = myself(call)
    try:
        until = _end_of(expires, zone_of(call))
        call.people.tokens.check(person, name, scope, until)
        confirmed(call, password=password, code=code)
        secret, token = call.people.tokens.make(person.id, name, scope, until)
    except (BadField, SignInFailed, TooManyAttempts, SignInAgain) as wrong:
        return _refused(call, wrong, TypedToken(name, expires, scope))
    _still_in(call, token)
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


def _still_in(call: Call, token: Token) -> None:
    """NotSignedIn, and no token, where the session was ended while the token was made: it would
    outlive what ended everything else.
    """
    cookie = call.request.cookies.get(call.serving.cookie, "")
    if call.people.sessions.find(cookie) is None:
        with suppress(NotFound):
            call.people.tokens.revoke(token.id)
        raise NotSignedIn("Sign in first.")


def _refused(call: Call, wrong: KampassError, typed: TypedToken) -> Response:
    """The page again, with what was wrong under its field; a proof is never given back."""
    said, status = f"{wrong.message} {wrong.hint}", wrong.status
    if isinstance(wrong, SignInFailed):
        said, status = _NOT_YOURS[asked_again(call)], BadField.status
    response = _page(call, wrong={_place(wrong): said}, typed=typed, status=status)
    if isinstance(wrong, TooManyAttempts):
        response.headers["retry-after"] = str(wrong.seconds)
    return response


def _place(wrong: KampassError) -> str:
    """The field that a message belongs to."""
    if not isinstance(wrong, BadField):
        return "proof"
    if "name" in wrong.message:
        return "name"
    return "scope" if "cannot do" in wrong.message else "expires"


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

"""Settings: one's own account (name, password, authenticator, appearance), and what holds for the
whole workspace.
"""

from collections.abc import Mapping
from typing import Annotated

from fastapi import APIRouter, Depends, Form
from starlette.responses import Response

from kampass.errors import KampassError, UnknownName
from kampass.people.errors import (
    BadField,
    SignInFailed,
    TooManyAttempts,
    WeakPassword,
    WrongCode,
)
from kampass.server.rules import CHANGING_DATA, SIGNED_IN, Call
from kampass.web.pages.settings.view import account_view, authenticator, workspace_view
from kampass.web.parts.settings import Ticked, ends_tokens, myself, proved
from kampass.web.parts.sign_in import Mistyped, entered, same
from kampass.web.rendering import PageHead, go, render
from kampass.workspace.settings import switch

router = APIRouter()
Typed = Annotated[str, Form(max_length=2000)]


@router.get("/settings")
def show(call: Annotated[Call, Depends(SIGNED_IN)]) -> Response:
    """One's own account."""
    return _account(call)


@router.post("/settings/name")
def rename(call: Annotated[Call, Depends(SIGNED_IN)], name: Typed = "") -> Response:
    """Another name for oneself."""
    person = myself(call)
    try:
        call.people.accounts.change(person.id, name=name)
    except BadField as wrong:
        return _account(call, wrong={"name": f"{wrong.message} {wrong.hint}"}, status=wrong.status)
    call.record("person_changed", person.email, name=name)
    return go("/settings", "Your name is changed.")


@router.post("/settings/password")
def change_password(
    call: Annotated[Call, Depends(SIGNED_IN)],
    current: Typed = "",
    password: Typed = "",
    again: Typed = "",
    tokens: Ticked = [],  # noqa: B006
) -> Response:
    """Another password: every session ends, the tokens too unless they are spared, and this browser
    gets another session.
    """
    person = myself(call)
    place = "current"
    try:
        proved(call, current)
        place = "again"
        same(password, again)
        place = "password"
        ended = call.people.accounts.set_password(
            person.id, password, call.ending(tokens=ends_tokens(tokens))
        )
    except (SignInFailed, TooManyAttempts, Mistyped, WeakPassword) as wrong:
        return _refused(call, place, wrong)
    call.record("password_set", "by themselves")
    return entered(
        call,
        person,
        "/settings",
        f"Your password is changed. You are signed out everywhere else. {ended.in_words}",
    )


@router.post("/settings/totp/start")
def start_totp(call: Annotated[Call, Depends(SIGNED_IN)], password: Typed = "") -> Response:
    """Offer an authenticator a secret, as a picture."""
    try:
        proved(call, password)
    except (SignInFailed, TooManyAttempts) as wrong:
        return _refused(call, "totp", wrong)
    return _offer(call)


@router.post("/settings/totp/confirm")
def confirm_totp(call: Annotated[Call, Depends(SIGNED_IN)], code: Typed = "") -> Response:
    """From now on signing in needs a code."""
    try:
        call.people.accounts.confirm_totp(myself(call).id, code)
    except WrongCode:
        return go(
            "/settings",
            "That code was not right, and nothing was switched on. Start again.",
            kind="bad",
        )
    call.record("authenticator_on", "for themselves")
    return go("/settings", "From now on you sign in with a code.")


@router.post("/settings/totp/stop")
def stop_totp(call: Annotated[Call, Depends(SIGNED_IN)], password: Typed = "") -> Response:
    """Signing in needs no code any more."""
    try:
        proved(call, password)
    except (SignInFailed, TooManyAttempts) as wrong:
        return _refused(call, "totp", wrong)
    call.people.accounts.stop_totp(myself(call).id)
    call.record("authenticator_off", "for themselves")
    return go("/settings", "You sign in without a code again.")


@router.get("/settings/workspace")
def show_workspace(call: Annotated[Call, Depends(SIGNED_IN)]) -> Response:
    """What holds for everybody."""
    page = PageHead("What holds for everybody?", "Settings")
    return render(call, "pages/settings/workspace.html", page, workspace_view(call))


@router.post("/settings/workspace/kpis")
def switch_kpis(
    call: Annotated[Call, Depends(CHANGING_DATA)],
    kpi: Annotated[list[str], Form(max_length=2000)] = [],  # noqa: B006
) -> Response:
    """Switch on the KPIs that are ticked, and every other one off."""
    workspace = call.workspace
    for name in kpi:
        if name not in workspace.catalogue.kpis:
            raise UnknownName("KPI", name[:200], workspace.catalogue.kpis)
    with workspace.writing():
        before = workspace.settings.enabled
        on, off = (
            [name for name in kpi if name not in before],
            [name for name in before if name not in kpi],
        )
        switch(workspace.folder, off, on=False)
        switch(workspace.folder, on, on=True)
        workspace.refresh()
    call.record("kpis_switched", "workspace", on=on, off=off)
    return go("/settings/workspace", f"{len(kpi)} KPIs are switched on.")


def _refused(call: Call, place: str, wrong: KampassError) -> Response:
    """The page again, with what was wrong under its field."""
    if isinstance(wrong, SignInFailed):
        return _account(
            call, wrong={place: "That is not your password."}, status=WeakPassword.status
        )
    return _account(call, wrong={place: f"{wrong.message} {wrong.hint}"}, status=wrong.status)


def _account(call: Call, *, wrong: Mapping[str, str] | None = None, status: int = 200) -> Response:
    view = account_view(call, wrong or {})
    page = PageHead("Your account", "Settings")
    return render(call, "pages/settings/page.html", page, view, status=status)


def _offer(call: Call) -> Response:
    uri = call.people.accounts.start_totp(myself(call).id)
    page = PageHead("Switch on an authenticator", "Settings")
    response = render(call, "pages/settings/totp.html", page, authenticator(call, uri))
    response.headers["cache-control"] = "no-store"
    return response

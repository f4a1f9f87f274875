"""Coming in and going out: set-up, sign-in with a code or through a provider, links that set a
password, sign-out.

A session begins under a secret of its own each time, and whatever the browser brought along before
ends there: nobody can plant one.
"""

from collections.abc import Sequence
from http import HTTPStatus
from typing import TYPE_CHECKING, Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Form, Query
from starlette.responses import RedirectResponse, Response

from kampass.access import NotFound
from kampass.errors import KampassError
from kampass.people import Person
from kampass.people.errors import (
    BadEmail,
    BadField,
    EmailTaken,
    FirstStep,
    NeedsCode,
    SignInFailed,
    TicketSpent,
    TooManyAttempts,
    WeakPassword,
)
from kampass.people.keys.ending import Ending
from kampass.server.app import BACK
from kampass.server.rules import ANYBODY, COMING_IN, Call
from kampass.server.second_factor import FirstSteps
from kampass.web.pages.sign_in.view import CodeForm, Forgotten, PasswordForm, SignInForm
from kampass.web.parts.settings import Ticked, ends_tokens
from kampass.web.parts.sign_in import Mistyped, entered, same
from kampass.web.rendering import PageHead, go, local, render

if TYPE_CHECKING:
    from kampass.server.sso import Provider

router = APIRouter()
_STEP, _JOURNEY = "kampass-step", "kampass-journey"
_FORGOTTEN = PageHead("Forgotten your password?", "Forgotten password")
_REMEMBERED = 600
"""Seconds in which a cookie of a step is kept."""
Ticket = Annotated[str, Query(max_length=200)]
Next = Annotated[str, Query(max_length=2000)]
Typed = Annotated[str, Form(max_length=2000)]


@router.get("/sign-in")
# The name in the address.
def ask(call: Annotated[Call, Depends(ANYBODY)], next: Next = "") -> Response:
    """The form."""
    if call.person is not None:
        return RedirectResponse(local(next), HTTPStatus.SEE_OTHER)
    return _form(call, next)


@router.post("/sign-in")
def sign_in(
    call: Annotated[Call, Depends(COMING_IN)],
    email: Typed = "",
    password: Typed = "",
    next: Typed = "",
) -> Response:
    """The first step; the only one for who has no authenticator."""
    try:
        person = call.people.accounts.sign_in(email, password, address=call.address)
    except NeedsCode as wanted:
        response = go(f"/sign-in/code?{urlencode({'next': local(next)})}")
        return _remember(
            call, response, _STEP, call.request.app.state.first_steps.keep(wanted.first_step)
        )
    except (SignInFailed, TooManyAttempts) as wrong:
        return _form(call, next, email=email, wrong=wrong)
    return entered(call, person, local(next))


@router.get("/sign-in/code")
# The name in the address.
def ask_code(call: Annotated[Call, Depends(ANYBODY)], next: Next = "") -> Response:
    """The form of the second step."""
    return (
        _code_form(call, next)
        if _first_step(call)
        else go("/sign-in", "Sign in again: the first step was too long ago.", kind="info")
    )


@router.post("/sign-in/code")
def sign_in_with_code(
    call: Annotated[Call, Depends(COMING_IN)],
    code: Typed = "",
    next: Typed = "",
) -> Response:
    """The second step."""
    first = _first_step(call)
    if first is None:
        return go("/sign-in", "Sign in again: the first step was too long ago.", kind="info")
    try:
        person = call.people.accounts.second_step(first, code, address=call.address)
    except (NeedsCode, SignInFailed, TooManyAttempts) as wrong:
        return _code_form(call, next, wrong=wrong)
    call.request.app.state.first_steps.end(call.request.cookies.get(_STEP, ""))
    response = entered(call, person, local(next))
    response.delete_cookie(_STEP, path="/sign-in")
    return response


@router.get("/sign-in/provider")
# The name in the address.
def to_provider(call: Annotated[Call, Depends(COMING_IN)], next: Next = "") -> Response:
    """To the identity provider, if there is one."""
    address, browser = _provider(call).begin(local(next))
    return _remember(call, RedirectResponse(address, HTTPStatus.SEE_OTHER), _JOURNEY, browser)


@router.get(BACK)
def from_provider(
    call: Annotated[Call, Depends(COMING_IN)],
    state: Annotated[str, Query(max_length=500)] = "",
    code: Annotated[str, Query(max_length=4000)] = "",
    error: Annotated[str, Query(max_length=500)] = "",
    iss: Annotated[str, Query(max_length=1000)] = "",
) -> Response:
    """Back from it: the person it vouches for, if they have an account here or may have one."""
    from kampass.server.sso import Returned, person_of

    provider = _provider(call)
    try:
        vouched = provider.finish(
            Returned(state, code, error, iss), call.request.cookies.get(_JOURNEY, "")
        )
        person = person_of(call.people, provider.identity, vouched)
    except KampassError as wrong:
        response = _form(call, "", wrong=wrong)
    else:
        response = entered(call, person, vouched.to)
    response.delete_cookie(_JOURNEY, path="/sign-in")
    return response


@router.post("/sign-out")
def sign_out(call: Annotated[Call, Depends(ANYBODY)]) -> Response:
    """End the session, here and in the browser."""
    if call.person is not None:
        call.record("signed_out", "session")
        call.people.sessions.end(call.request.cookies.get(call.serving.cookie, ""))
    response = go("/sign-in", "You are signed out.")
    response.delete_cookie(
        call.serving.cookie, path="/", secure=call.serving.secure, httponly=True, samesite="lax"
    )
    response.headers["clear-site-data"] = '"cache"'
    return response


@router.get("/set-up")
def ask_set_up(call: Annotated[Call, Depends(ANYBODY)], ticket: Ticket = "") -> Response:
    """The form for the first administrator; NotFound unless the link counts."""
    if call.people.invitations.find("setup", ticket) is None:
        raise TicketSpent
    return _setting_up(call, PasswordForm(ticket, "", {}))


@router.post("/set-up")
def set_up(
    call: Annotated[Call, Depends(COMING_IN)],
    ticket: Typed = "",
    email: Typed = "",
    name: Typed = "",
    password: Typed = "",
    again: Typed = "",
) -> Response:
    """Make the first administrator."""
    try:
        same(password, again)
        person = call.people.invitations.set_up(ticket, email=email, name=name, password=password)
    except (BadField, WeakPassword) as wrong:
        return _setting_up(call, PasswordForm(ticket, email, _beside(wrong), name), wrong)
    call.people.audit.record(person, "set_up", "workspace", {}, call.address)
    return entered(call, person, "/", "Welcome. You can invite others under Settings.")


@router.get("/invitation")
def ask_invited(call: Annotated[Call, Depends(ANYBODY)], ticket: Ticket = "") -> Response:
    """The form for somebody who was invited."""
    email, name = _invited(call, ticket)
    return _joining(call, ticket, email, name)


@router.post("/invitation")
def join(
    call: Annotated[Call, Depends(COMING_IN)],
    ticket: Typed = "",
    name: Typed = "",
    password: Typed = "",
    again: Typed = "",
    tokens: Ticked = [],  # noqa: B006
) -> Response:
    """Come in by an invitation."""
    email, _ = _invited(call, ticket)
    try:
        same(password, again)
        person = _joined(call, ticket, name, password, _by_a_link(call, tokens))
    except (BadField, WeakPassword, EmailTaken) as wrong:
        return _joining(call, ticket, email, name, wrong)
    call.people.audit.record(person, "joined", person.email, {}, call.address)
    return (
        go("/sign-in", "Your password is set. Sign in.")
        if person.has_totp
        else entered(call, person, "/", "Welcome to Kampass.")
    )


@router.get("/reset-password")
def ask_help(call: Annotated[Call, Depends(ANYBODY)]) -> Response:
    """What to do about a forgotten password."""
    return render(call, "pages/sign_in/forgotten.html", _FORGOTTEN, Forgotten(asked=False))


@router.post("/reset-password")
def help_asked(call: Annotated[Call, Depends(COMING_IN)], email: Typed = "") -> Response:
    """Tell the administrators that somebody needs a link; the answer is the same for whoever asks,
    and so is the work.
    """
    person = call.people.accounts.by_email(email)
    call.people.audit.record(person, "password_asked", "a link to set a password", {}, call.address)
    return render(call, "pages/sign_in/forgotten.html", _FORGOTTEN, Forgotten(asked=True))


@router.get("/reset")
def ask_password(call: Annotated[Call, Depends(ANYBODY)], ticket: Ticket = "") -> Response:
    """The form of a link that sets a password."""
    found = call.people.invitations.find("reset", ticket)
    if found is None:
        raise TicketSpent
    return _resetting(call, ticket, found.email or "")


@router.post("/reset")
def reset(
    call: Annotated[Call, Depends(COMING_IN)],
    ticket: Typed = "",
    password: Typed = "",
    again: Typed = "",
    tokens: Ticked = [],  # noqa: B006
) -> Response:
    """Set a password by a link: sessions end, and tokens unless they are spared; who has an
    authenticator still needs it to sign in.
    """
    found = call.people.invitations.find("reset", ticket)
    if found is None:
        raise TicketSpent
    try:
        same(password, again)
        ended = call.people.invitations.reset(
            ticket, password=password, ending=_by_a_link(call, tokens)
        )
    except (BadField, WeakPassword) as wrong:
        return _resetting(call, ticket, found.email or "", wrong)
    call.people.audit.record(ended.person, "password_set", "by a link", {}, call.address)
    return go("/sign-in", f"Your password is set. {ended.in_words} Sign in with it.")


def _form(call: Call, to: str, *, email: str = "", wrong: KampassError | None = None) -> Response:
    identity = call.serving.identity
    view = SignInForm(email, local(to, ""), wrong, identity.name if identity else None)
    return _answer(call, "page", PageHead("Sign in", "Sign in"), view, wrong)


def _code_form(call: Call, to: str, wrong: KampassError | None = None) -> Response:
    view = CodeForm(local(to, ""), wrong)
    return _answer(call, "code", PageHead("Your code", "Sign in"), view, wrong)


def _setting_up(call: Call, form: PasswordForm, wrong: KampassError | None = None) -> Response:
    return _answer(call, "set_up", PageHead("Make the first account"), form, wrong)


def _joining(
    call: Call, ticket: str, email: str, name: str, wrong: KampassError | None = None
) -> Response:
    view = PasswordForm(ticket, email, _beside(wrong), name, _holds_tokens(call, email))
    return _answer(call, "join", PageHead("Join Kampass"), view, wrong)


def _resetting(call: Call, ticket: str, email: str, wrong: KampassError | None = None) -> Response:
    holds = _holds_tokens(call, email)
    view = PasswordForm(ticket, email, _beside(wrong), holds_tokens=holds)
    return _answer(call, "reset", PageHead("Set your password"), view, wrong)


def _holds_tokens(call: Call, email: str) -> bool:
    """Whether somebody has API tokens, which a password that is set ends or spares."""
    known = call.people.accounts.by_email(email)
    return known is not None and bool(call.people.tokens.all(known.id))


def _answer(
    call: Call, form: str, page: PageHead, view: object, wrong: KampassError | None
) -> Response:
    """A form that no cache keeps, with what was wrong with what was typed."""
    status = wrong.status if wrong else HTTPStatus.OK
    response = render(call, f"pages/sign_in/{form}.html", page, view, status=status)
    response.headers["cache-control"] = "no-store"
    if isinstance(wrong, TooManyAttempts):
        response.headers["retry-after"] = str(wrong.seconds)
    return response


def _invited(call: Call, ticket: str) -> tuple[str, str]:
    """The e-mail and the name of who was invited; TicketSpent unless the link counts."""
    for kind in ("invite", "reset"):
        found = call.people.invitations.find(kind, ticket)
        if found is not None and found.email is not None:
            known = call.people.accounts.by_email(found.email)
            return found.email, known.name if known else ""
    raise TicketSpent


def _joined(call: Call, ticket: str, name: str, password: str, ending: Ending) -> Person:
    """Whoever an administrator added already only sets a password, and says how they are called."""
    if call.people.invitations.find("invite", ticket) is not None:
        return call.people.invitations.join(ticket, name=name, password=password)
    email, _ = _invited(call, ticket)
    known = call.people.accounts.by_email(email)
    if known is None:
        raise TicketSpent
    renamed = call.people.accounts.change(known.id, name=name)
    call.people.invitations.reset(ticket, password=password, ending=ending)
    return renamed.person


def _by_a_link(call: Call, ticked: Sequence[str]) -> Ending:
    """Whoever follows a link ends what is theirs, whoever is signed in in that browser."""
    return Ending(tokens=ends_tokens(ticked), address=call.address)


def _provider(call: Call) -> "Provider":
    found: Provider | None = call.request.app.state.provider
    if found is None:
        raise NotFound("No identity provider is connected.")
    return found


def _first_step(call: Call) -> FirstStep | None:
    first_steps: FirstSteps = call.request.app.state.first_steps
    return first_steps.find(call.request.cookies.get(_STEP, ""))


def _beside(wrong: KampassError | None) -> dict[str, str]:
    """The message, under the field that it belongs to."""
    if wrong is None:
        return {}
    place = (
        "again"
        if isinstance(wrong, Mistyped)
        else "password"
        if isinstance(wrong, WeakPassword)
        else "email"
        if isinstance(wrong, BadEmail)
        else "name"
    )
    return {place: f"{wrong.message} {wrong.hint}"}


def _remember(call: Call, response: Response, name: str, secret: str) -> Response:
    """A cookie for the steps of signing in, and for nothing else."""
    response.set_cookie(
        name,
        secret,
        max_age=_REMEMBERED,
        httponly=True,
        samesite="lax",
        secure=call.serving.secure,
        path="/sign-in",
    )
    return response

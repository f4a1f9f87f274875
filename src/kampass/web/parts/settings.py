"""What the pages of Settings share: the way to the others, who is signed in, and the proof that it
is them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Literal

from fastapi import Form

from kampass.access import Role
from kampass.people import Person
from kampass.people.errors import NeedsCode, SignInAgain
from kampass.server.rules import Call
from kampass.web.parts.links import Link

AskedAgain = Literal["code", "password", "sign_in"]
Ticked = Annotated[list[str], Form(max_length=10)]
"""What a form says of API tokens: `keep`, and `end` where the box is ticked."""


def ends_tokens(ticked: Sequence[str]) -> bool:
    """Whether API tokens end too: unless the box was there and somebody unticked it."""
    return "end" in ticked or "keep" not in ticked


def tabs(call: Call, current: str) -> list[Link]:
    """The parts of Settings that are the viewer's."""
    parts = [
        ("My account", "/settings"),
        ("API tokens", "/settings/tokens"),
        ("Workspace", "/settings/workspace"),
    ]
    if myself(call).role is Role.ADMIN:
        parts += [
            ("People", "/settings/people"),
            ("Access", "/settings/access"),
            ("Audit log", "/settings/audit"),
        ]
    return [Link(label, href, href == current) for label, href in parts]


def myself(call: Call) -> Person:
    """The person who is signed in."""
    assert call.person is not None
    return call.person


def zone_of(call: Call) -> str:
    """The time zone in which people read instants."""
    return call.workspace.settings.timezone


def proved(call: Call, password: str) -> None:
    """SignInFailed or TooManyAttempts unless it is the password of whoever is signed in: an open
    browser alone changes no key.
    """
    try:
        call.people.accounts.sign_in(myself(call).email, password, address=call.address)
    except NeedsCode:
        return


def asked_again(call: Call) -> AskedAgain:
    """What somebody who is signed in proves once more that it is them by."""
    if myself(call).has_totp:
        return "code"
    return "password" if call.people.accounts.has_password(myself(call).id) else "sign_in"


def fresh(call: Call) -> bool:
    """Whether the caller came in just now."""
    return call.people.sessions.fresh(call.request.cookies.get(call.serving.cookie, ""))


def confirmed(call: Call, *, password: str, code: str) -> None:
    """SignInFailed, TooManyAttempts or SignInAgain unless whoever is signed in proves once more
    that it is them: by a code, by the password, or having neither, by having come in just now.
    """
    asked = asked_again(call)
    if asked == "sign_in":
        if not fresh(call):
            raise SignInAgain
        return
    typed = code if asked == "code" else password
    call.people.accounts.confirm(myself(call).id, typed, address=call.address)


@dataclass(frozen=True)
class HandedLink:
    """A link that is shown once and must be handed over."""

    name: str
    address: str
    until: str

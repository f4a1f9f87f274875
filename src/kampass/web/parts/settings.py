"""What the pages of Settings share: the way to the others, who is signed in, and the proof that it
is them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

from fastapi import Form

from kampass.access import Role
from kampass.people import Person
from kampass.people.errors import NeedsCode
from kampass.server.rules import Call
from kampass.web.parts.links import Link

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
        parts += [("People", "/settings/people"), ("Audit log", "/settings/audit")]
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


@dataclass(frozen=True)
class HandedLink:
    """A link that is shown once and must be handed over."""

    name: str
    address: str
    until: str

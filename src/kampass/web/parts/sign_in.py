"""What begins a session, wherever somebody proves who they are: a cookie that no script and no
other site can use.

A session begins under a secret of its own each time, and the one that the browser brought along
ends there.
"""

from starlette.responses import Response

from kampass.people import Person
from kampass.people.errors import BadField
from kampass.people.keys.sessions import LONGEST
from kampass.server.rules import Call
from kampass.web.rendering import go


class Mistyped(BadField):
    """The password and its repetition differ."""

    def __init__(self) -> None:
        super().__init__("The two passwords are not the same.", hint="Type the same one twice.")


def entered(call: Call, person: Person, to: str, flash: str = "") -> Response:
    """A session for the person, in a cookie that no script and no other site can use; the one
    before ends.
    """
    before = call.request.cookies.get(call.serving.cookie)
    if before:
        call.people.sessions.end(before)
    token, _ = call.people.sessions.start(
        person.id, address=call.address, agent=call.request.headers.get("user-agent", "")
    )
    call.people.audit.record(person, "signed_in", "session", {}, call.address)
    response = go(to, flash)
    response.set_cookie(
        call.serving.cookie,
        token,
        max_age=int(LONGEST.total_seconds()),
        httponly=True,
        samesite="lax",
        secure=call.serving.secure,
        path="/",
    )
    return response


def same(password: str, again: str) -> None:
    """Mistyped unless both are the same."""
    if password != again:
        raise Mistyped

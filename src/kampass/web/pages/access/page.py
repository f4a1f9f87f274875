"""What is open now, for administrators: everybody's sessions and API tokens, each ended with a
click. All of one person's end on the person's own page.
"""

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query
from starlette.responses import Response

from kampass.access import NotFound
from kampass.server.rules import ADMINISTRATING, Call
from kampass.web.pages.access.view import PATH, open_now, shown_of
from kampass.web.rendering import PageHead, go, render

router = APIRouter()
Whose = Annotated[int | None, Query(ge=1)]
"""Whose alone are shown; left out: everybody's."""


@router.get(PATH)
def show(call: Annotated[Call, Depends(ADMINISTRATING)], person: Whose = None) -> Response:
    """Everybody's sessions and tokens, or one person's."""
    whose = None if person is None else call.people.accounts.get(person)
    if person is not None and whose is None:
        raise NotFound("There is no such person.")
    page = PageHead("What is open now?", "Settings")
    response = render(call, "pages/access/page.html", page, open_now(call, whose))
    response.headers["cache-control"] = "no-store"
    return response


@router.post(f"{PATH}/tokens/{{number}}/revoke")
def revoke(
    call: Annotated[Call, Depends(ADMINISTRATING)],
    number: Annotated[int, Path(ge=1)],
    person: Whose = None,
) -> Response:
    """End a token, whoever's it is."""
    owner, token = call.people.tokens.revoke(number)
    call.record("key_revoked", f"{token.name}, of {owner.email}", person=owner.id)
    said = f"“{token.name}” of {owner.name} is revoked. Whatever used it gets no answer any more."
    return go(shown_of(person), said)


@router.post(f"{PATH}/sessions/{{session}}/end")
def end(
    call: Annotated[Call, Depends(ADMINISTRATING)],
    session: Annotated[str, Path(max_length=100)],
    person: Whose = None,
) -> Response:
    """End a session, whoever's it is."""
    ended = call.people.sessions.end_one(session)
    call.record("session_ended", ended.person.email, person=ended.person.id, at=ended.address)
    return go(shown_of(person), f"A session of {ended.person.name} is ended.")

"""People, for administrators: invite, change, let in again, sign out everywhere, remove.

Whoever is invited is listed at once and comes in by a link that is shown here once: Kampass sends
no mail.
"""

from collections.abc import Mapping
from typing import Annotated, TypedDict

from fastapi import APIRouter, Depends, Form, Path
from starlette.responses import Response

from kampass.access import NotFound, Role
from kampass.book.places import Place, user_of
from kampass.errors import DataError, KampassError
from kampass.people import Person
from kampass.people.errors import BadEmail, BadField, EmailTaken, LastAdmin
from kampass.people.keys.ending import counted
from kampass.server.rules import ADMINISTRATING, Call
from kampass.web.pages.people.view import TypedPerson, everybody, one_person, places
from kampass.web.parts.settings import HandedLink, Ticked, ends_tokens, myself, zone_of
from kampass.web.rendering import PageHead, go, moment, render

router = APIRouter()
Typed = Annotated[str, Form(max_length=300)]
Number = Annotated[int, Path(ge=1)]
_INVITED_HOURS = 7 * 24
_QUESTION = "Who may sign in?"


class Placed(TypedDict):
    """Where somebody stands in the data, as it is kept."""

    user_id: str | None
    team_id: str | None


@router.get("/settings/people")
def show(call: Annotated[Call, Depends(ADMINISTRATING)]) -> Response:
    """Everybody, and the form to invite somebody."""
    return _everybody(call)


@router.post("/settings/people")
def invite(
    call: Annotated[Call, Depends(ADMINISTRATING)],
    email: Typed = "",
    name: Typed = "",
    role: Typed = "",
    user: Typed = "",
    team: Typed = "",
) -> Response:
    """Add somebody, and make the link by which they come in."""
    typed = TypedPerson(email, name, role, user, team)
    try:
        known = _known_user(call, email)
        person = call.people.accounts.add(
            email,
            name or (known.name if known else email.partition("@")[0]),
            _role(role),
            **_placed(call, user, team),
        )
    except (BadField, EmailTaken) as wrong:
        place = (
            "email"
            if isinstance(wrong, BadEmail | EmailTaken)
            else "role"
            if "role" in wrong.message
            else "name"
        )
        return _everybody(
            call, wrong={place: f"{wrong.message} {wrong.hint}"}, typed=typed, status=wrong.status
        )
    call.record(
        "person_invited",
        person.email,
        role=person.role.value,
        user_id=person.user_id,
        team_id=person.team_id,
    )
    return _everybody(call, link=_link(call, person, "invitation", hours=_INVITED_HOURS))


@router.get("/settings/people/{number}")
def one(call: Annotated[Call, Depends(ADMINISTRATING)], number: Number) -> Response:
    """One person."""
    return _person(call, _present(call, number))


@router.post("/settings/people/{number}")
def change(
    call: Annotated[Call, Depends(ADMINISTRATING)],
    number: Number,
    name: Typed = "",
    role: Typed = "",
    user: Typed = "",
    team: Typed = "",
    tokens: Ticked = [],  # noqa: B006
) -> Response:
    """Change somebody's name, role or place in the data; another role or place signs them out."""
    person, ending = _present(call, number), call.ending(tokens=ends_tokens(tokens))
    try:
        ended = call.people.accounts.change(
            number, ending, name=name, role=_role(role), **_placed(call, user, team)
        )
    except (BadField, LastAdmin) as wrong:
        place = "role" if isinstance(wrong, LastAdmin) or "role" in wrong.message else "name"
        return _person(
            call, person, wrong={place: f"{wrong.message} {wrong.hint}"}, status=wrong.status
        )
    after = ended.person
    before, now = _told(person), _told(after)
    changed = {key: f"{before[key]} -> {now[key]}" for key in now if now[key] != before[key]}
    call.record("person_changed", after.email, **changed)
    return go(
        f"/settings/people/{number}"
        if myself(call).id != number or after.role is Role.ADMIN
        else "/settings",
        f"{after.name} is changed. {ended.in_words if changed.keys() - {'name'} else ''}".strip(),
    )


@router.post("/settings/people/{number}/link")
def make_link(call: Annotated[Call, Depends(ADMINISTRATING)], number: Number) -> Response:
    """A link with which somebody sets a password; the one before it ends."""
    person = _present(call, number)
    fresh = not call.people.accounts.has_password(number)
    link = _link(
        call, person, "invitation" if fresh else "reset", hours=_INVITED_HOURS if fresh else None
    )
    call.people.audit.record(
        myself(call), "link_made", person.email, {"person": number}, call.address
    )
    return _person(call, person, link=link)


@router.post("/settings/people/{number}/sign-out")
def sign_out(
    call: Annotated[Call, Depends(ADMINISTRATING)],
    number: Number,
    tokens: Ticked = [],  # noqa: B006
) -> Response:
    """End every session of somebody, and their tokens unless they are spared."""
    ended = call.people.accounts.end_access(number, call.ending(tokens=ends_tokens(tokens)))
    said = f"{ended.person.name} is signed out everywhere. {ended.in_words}"
    return go(f"/settings/people/{number}", said)


@router.post("/settings/people/{number}/revoke")
def revoke(call: Annotated[Call, Depends(ADMINISTRATING)], number: Number) -> Response:
    """End every token of somebody, and no session."""
    ended = call.people.accounts.end_access(number, call.ending(sessions=False))
    tokens = counted(ended.tokens, "API token")
    said = f"No program asks for {ended.person.name} any more: {tokens} ended."
    return go(f"/settings/people/{number}", said)


@router.post("/settings/people/{number}/totp")
def stop_totp(call: Annotated[Call, Depends(ADMINISTRATING)], number: Number) -> Response:
    """Switch somebody's authenticator off, for who lost the phone."""
    person = _present(call, number)
    call.people.accounts.stop_totp(number)
    call.record("authenticator_off", person.email)
    return go(f"/settings/people/{number}", f"{person.name} signs in without a code now.")


@router.post("/settings/people/{number}/remove")
def remove(call: Annotated[Call, Depends(ADMINISTRATING)], number: Number) -> Response:
    """Remove somebody: sessions, tokens and links end at once."""
    person = _present(call, number)
    if person.id == myself(call).id:
        raise DataError(
            "Nobody removes themselves.", code="remove_self", hint="Ask another administrator."
        )
    ended = call.people.accounts.remove(number, call.ending())
    call.record("person_removed", person.email, person=number)
    said = f"{person.name} is removed. {ended.in_words} What they wrote keeps their name."
    return go("/settings/people", said)


def _told(person: Person) -> dict[str, str | None]:
    """What of a person an administrator changes, as the audit log tells it."""
    return {
        "name": person.name,
        "role": person.role.value,
        "user_id": person.user_id,
        "team_id": person.team_id,
    }


def _everybody(
    call: Call,
    *,
    link: HandedLink | None = None,
    wrong: Mapping[str, str] | None = None,
    typed: TypedPerson | None = None,
    status: int = 200,
) -> Response:
    view = everybody(call, link, typed or TypedPerson(), wrong or {})
    page = PageHead(_QUESTION, "Settings")
    response = render(call, "pages/people/page.html", page, view, status=status)
    response.headers["cache-control"] = "no-store"
    return response


def _person(
    call: Call,
    person: Person,
    *,
    link: HandedLink | None = None,
    wrong: Mapping[str, str] | None = None,
    status: int = 200,
) -> Response:
    view = one_person(call, person, link, wrong or {})
    page = PageHead(person.name, "Settings")
    response = render(call, "pages/people/person.html", page, view, status=status)
    response.headers["cache-control"] = "no-store"
    return response


def _link(call: Call, person: Person, page: str, *, hours: int | None) -> HandedLink:
    """The address to hand over, and until when it counts."""
    secret = call.people.invitations.make(
        "reset", email=person.email, by=myself(call).id, hours=hours
    )
    found = call.people.invitations.find("reset", secret)
    assert found is not None
    return HandedLink(
        person.name,
        f"{call.serving.url}/{page}?ticket={secret}",
        moment(found.expires_at, zone_of(call)),
    )


def _known_user(call: Call, email: str) -> Place | None:
    try:
        return user_of(call.sight, email)
    except KampassError:
        return None


def _placed(call: Call, user: str, team: str) -> Placed:
    """The place as it is kept; BadField where the data names no such user or team."""
    known = places(call)
    for chosen, there, kind in ((user, known.users, "user"), (team, known.teams, "team")):
        if chosen and chosen not in {one.id for one in there}:
            raise BadField(f"The data has no such {kind}.", hint="Choose one of the list.")
    return {"user_id": user or None, "team_id": team or None}


def _role(text: str) -> Role:
    if text not in set(Role):
        raise BadField("There is no such role.", hint=f"Choose among {', '.join(Role)}.")
    return Role(text)


def _present(call: Call, number: int) -> Person:
    person = call.people.accounts.get(number)
    if person is None:
        raise NotFound("There is no such person.")
    return person

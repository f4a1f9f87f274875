"""People, for administrators: invite, change, let in again, sign out everywhere, remove.

Whoever is invited is listed at once and comes in by a link that is shown here once: Kampass sends
no mail.
"""

from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Form, Path
from starlette.responses import Response

from kampass.access import NotFound, Role
from kampass.book.places import Place, teams, user_of, users
from kampass.errors import DataError, KampassError
from kampass.people import Person
from kampass.people.errors import BadEmail, BadField, EmailTaken, LastAdmin
from kampass.server.rules import ADMINISTRATING, Call
from kampass.web.pages.settings.page import myself, tabs, zone_of
from kampass.web.rendering import go, moment, render

router = APIRouter()
Typed = Annotated[str, Form(max_length=300)]
Number = Annotated[int, Path(ge=1)]
_INVITED_HOURS, _ASKED = 7 * 24, timedelta(days=7)
_QUESTION = "Who may sign in?"
ROLES = {
    Role.ACCOUNT_MANAGER: "Account manager: the accounts they look after, or looked after last",
    Role.TEAM_LEAD: "Team lead: the accounts of their team and the teams below it",
    Role.EXECUTIVE: "Executive: every account, to read",
    Role.ANALYST: "Analyst: every account, definitions and data",
    Role.ADMIN: "Admin: everything, and people",
}


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
    typed = {"email": email, "name": name, "role": role, "user": user, "team": team}
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
) -> Response:
    """Change somebody's name, role or place in the data; another role or place signs them out."""
    person = _present(call, number)
    try:
        after = call.people.accounts.change(
            number, name=name, role=_role(role), **_placed(call, user, team)
        )
    except (BadField, LastAdmin) as wrong:
        place = "role" if isinstance(wrong, LastAdmin) or "role" in wrong.message else "name"
        return _person(
            call, person, wrong={place: f"{wrong.message} {wrong.hint}"}, status=wrong.status
        )
    before = {
        "name": person.name,
        "role": person.role.value,
        "user_id": person.user_id,
        "team_id": person.team_id,
    }
    now = {
        "name": after.name,
        "role": after.role.value,
        "user_id": after.user_id,
        "team_id": after.team_id,
    }
    call.record(
        "person_changed",
        after.email,
        **{key: f"{before[key]} -> {now[key]}" for key in now if now[key] != before[key]},
    )
    return go(
        f"/settings/people/{number}"
        if myself(call).id != number or after.role is Role.ADMIN
        else "/settings",
        f"{after.name} is changed.",
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
def sign_out(call: Annotated[Call, Depends(ADMINISTRATING)], number: Number) -> Response:
    """End every session of somebody."""
    person = _present(call, number)
    call.record("sessions_ended", person.email)
    call.people.sessions.end_all(number)
    return go(f"/settings/people/{number}", f"{person.name} is signed out everywhere.")


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
    call.people.accounts.remove(number)
    call.record("person_removed", person.email, person=number)
    return go("/settings/people", f"{person.name} is removed. What they wrote keeps their name.")


def _everybody(
    call: Call,
    *,
    link: dict[str, str] | None = None,
    wrong: dict[str, str] | None = None,
    typed: dict[str, str] | None = None,
    status: int = 200,
) -> Response:
    everybody, asked = call.people.accounts.all(), _asked(call)
    taken = {person.email for person in everybody}
    places = _places(call)
    names = {
        key: one.name
        for one in places["users"]
        for key in (one.id, (one.email or "").casefold())
        if key
    }
    response = render(
        call,
        "pages/people/page.html",
        title="Settings",
        question=_QUESTION,
        status=status,
        tabs=tabs(call, "/settings/people"),
        link=link,
        wrong=wrong or {},
        rows=[_row(call, person, names, asked=person.id in asked) for person in everybody],
        roles=_roles(),
        places=_options(places),
        count=len(everybody),
        suggested=[
            one.email
            for one in places["users"]
            if one.email and not one.gone and one.email.casefold() not in taken
        ],
        typed=typed
        or {"email": "", "name": "", "role": Role.ACCOUNT_MANAGER.value, "user": "", "team": ""},
    )
    response.headers["cache-control"] = "no-store"
    return response


def _person(
    call: Call,
    person: Person,
    *,
    link: dict[str, str] | None = None,
    wrong: dict[str, str] | None = None,
    status: int = 200,
) -> Response:
    zone = zone_of(call)
    facts = [
        ("E-mail", person.email),
        ("Here since", moment(person.created_at, zone)),
        (
            "Last seen",
            moment(person.last_seen_at, zone) if person.last_seen_at else "has not come yet",
        ),
        ("Signs in with", _way_in(call, person)),
    ]
    response = render(
        call,
        "pages/people/person.html",
        title="Settings",
        question=person.name,
        status=status,
        tabs=tabs(call, "/settings/people"),
        person=person,
        facts=facts,
        roles=_roles(),
        places=_options(_places(call)),
        link=link,
        wrong=wrong or {},
        myself=person.id == myself(call).id,
        fresh=not call.people.accounts.has_password(person.id),
        asked=person.id in _asked(call),
    )
    response.headers["cache-control"] = "no-store"
    return response


def _row(call: Call, person: Person, names: dict[str, str], *, asked: bool) -> dict[str, Any]:
    zone = zone_of(call)
    badge = {"text": "Asked for a link", "tone": "warn"} if asked else None
    return {
        "href": f"/settings/people/{person.id}",
        "cells": {
            "name": {"text": person.name, "note": person.email}
            | ({"badge": badge} if badge else {}),
            "role": person.role.label,
            "place": {
                "text": names.get(person.user_id or person.email),
                "reason": "The data names nobody with this e-mail address",
            },
            "code": "Yes" if person.has_totp else "No",
            "seen": moment(person.last_seen_at, zone)
            if person.last_seen_at
            else {"text": None, "reason": "Has not come yet"},
        },
    }


def _way_in(call: Call, person: Person) -> str:
    if not call.people.accounts.has_password(person.id):
        return "no password yet"
    return "a password and a code" if person.has_totp else "a password"


def _link(call: Call, person: Person, page: str, *, hours: int | None) -> dict[str, str]:
    """The address to hand over, and until when it counts."""
    secret = call.people.invitations.make(
        "reset", email=person.email, by=myself(call).id, hours=hours
    )
    found = call.people.invitations.find("reset", secret)
    assert found is not None
    return {
        "name": person.name,
        "address": f"{call.serving.url}/{page}?ticket={secret}",
        "until": moment(found.expires_at, zone_of(call)),
    }


def _asked(call: Call) -> set[int]:
    """Who asked for a link within a week and has got none since."""
    since = datetime.now(UTC) - _ASKED
    waiting: dict[int, int] = {}
    for entry in call.people.audit.entries(500, action="password_asked"):
        if entry.person_id is not None and entry.at >= since:
            waiting.setdefault(entry.person_id, entry.id)
    for entry in call.people.audit.entries(500, action="link_made"):
        if waiting.get(entry.detail.get("person", 0), entry.id + 1) < entry.id:
            waiting.pop(entry.detail["person"])
    return set(waiting)


def _places(call: Call) -> dict[str, list[Place]]:
    try:
        return {"users": users(call.sight), "teams": teams(call.sight)}
    except KampassError:
        return {"users": [], "teams": []}


def _options(places: dict[str, list[Place]]) -> dict[str, list[tuple[str, str]]]:
    """What can be chosen, beside what the e-mail address says by itself."""
    said = {"users": "The one with this e-mail address", "teams": "Their team in the data"}
    return {
        kind: [
            ("", said[kind]),
            *(
                (
                    one.id,
                    one.name
                    + (f", {one.email}" if one.email else "")
                    + (" (left)" if one.gone else ""),
                )
                for one in found
            ),
        ]
        for kind, found in places.items()
    }


def _known_user(call: Call, email: str) -> Place | None:
    try:
        return user_of(call.sight, email)
    except KampassError:
        return None


def _placed(call: Call, user: str, team: str) -> dict[str, Any]:
    """The place as it is kept; BadField where the data names no such user or team."""
    places = _places(call)
    for chosen, kind in ((user, "users"), (team, "teams")):
        if chosen and chosen not in {one.id for one in places[kind]}:
            raise BadField(
                f"The data has no such {kind.removesuffix('s')}.", hint="Choose one of the list."
            )
    return {"user_id": user or None, "team_id": team or None}


def _role(text: str) -> Role:
    if text not in set(Role):
        raise BadField("There is no such role.", hint=f"Choose among {', '.join(Role)}.")
    return Role(text)


def _roles() -> list[tuple[str, str]]:
    return [(role.value, words) for role, words in ROLES.items()]


def _present(call: Call, number: int) -> Person:
    person = call.people.accounts.get(number)
    if person is None:
        raise NotFound("There is no such person.")
    return person

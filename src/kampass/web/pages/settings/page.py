"""Settings: one's own account (name, password, authenticator, appearance), and what holds for the
whole workspace.
"""

from collections.abc import Sequence
from itertools import groupby
from typing import Annotated, Any

import segno
from fastapi import APIRouter, Depends, Form
from starlette.responses import Response

from kampass.access import Role
from kampass.book.places import teams, users
from kampass.engine import BusinessCalendar
from kampass.engine.planning.hours import WEEKDAYS
from kampass.errors import KampassError, UnknownName
from kampass.people import Person
from kampass.people.errors import (
    BadField,
    NeedsCode,
    SignInFailed,
    TooManyAttempts,
    WeakPassword,
    WrongCode,
)
from kampass.server.rules import CHANGING_DATA, DEFINING, SIGNED_IN, Call
from kampass.web.parts.sign_in import Mistyped, entered, same
from kampass.web.rendering import go, moment, render
from kampass.workspace.settings import switch

router = APIRouter()
Typed = Annotated[str, Form(max_length=2000)]
_MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)
SCAN = "Scan the picture again: it is another one."


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
) -> Response:
    """Another password: every session ends, and this browser gets another one."""
    person = myself(call)
    place = "current"
    try:
        proved(call, current)
        place = "again"
        same(password, again)
        place = "password"
        call.people.accounts.set_password(person.id, password)
    except (SignInFailed, TooManyAttempts, Mistyped, WeakPassword) as wrong:
        return _refused(call, place, wrong)
    call.record("password_set", "by themselves")
    return entered(
        call, person, "/settings", "Your password is changed. You are signed out everywhere else."
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
    settings, may = call.workspace.settings, myself(call).role in DEFINING
    facts = [
        ("Time zone", {"text": settings.timezone, "note": "days, weeks and months are cut in it"}),
        ("Currency", {"text": settings.currency, "note": "money is shown in it"}),
        ("Weeks start on", settings.week_start.capitalize()),
        (
            "Fiscal year starts in",
            {
                "text": _MONTHS[settings.fiscal_start - 1],
                "note": "and is named by the year in which it ends",
            },
        ),
    ]
    return render(
        call,
        "pages/settings/workspace.html",
        title="Settings",
        question="What holds for everybody?",
        tabs=tabs(call, "/settings/workspace"),
        facts=facts,
        calendars=[_calendar(calendar, settings.timezone) for calendar in settings.business],
        families=_families(call),
        may=may,
        enabled=len(settings.enabled),
        all=len(call.workspace.catalogue.kpis),
    )


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


def tabs(call: Call, current: str) -> list[tuple[str, str, bool]]:
    """The parts of Settings that are the viewer's."""
    parts = [
        ("My account", "/settings"),
        ("API tokens", "/settings/tokens"),
        ("Workspace", "/settings/workspace"),
    ]
    parts += (
        [("People", "/settings/people"), ("Audit log", "/settings/audit")]
        if myself(call).role is Role.ADMIN
        else []
    )
    return [(label, href, href == current) for label, href in parts]


def myself(call: Call) -> Person:
    """The person who is signed in."""
    assert call.person is not None
    return call.person


def proved(call: Call, password: str) -> None:
    """SignInFailed or TooManyAttempts unless it is the password of whoever is signed in: an open
    browser alone changes no key.
    """
    try:
        call.people.accounts.sign_in(myself(call).email, password, address=call.address)
    except NeedsCode:
        return


def _refused(call: Call, place: str, wrong: KampassError) -> Response:
    """The page again, with what was wrong under its field."""
    if isinstance(wrong, SignInFailed):
        return _account(
            call, wrong={place: "That is not your password."}, status=WeakPassword.status
        )
    return _account(call, wrong={place: f"{wrong.message} {wrong.hint}"}, status=wrong.status)


def _account(call: Call, *, wrong: dict[str, str] | None = None, status: int = 200) -> Response:
    person, serving = myself(call), call.serving
    return render(
        call,
        "pages/settings/page.html",
        title="Settings",
        question="Your account",
        status=status,
        tabs=tabs(call, "/settings"),
        person=person,
        facts=_place(call, person),
        has_password=call.people.accounts.has_password(person.id),
        wrong=wrong or {},
        provider=serving.identity.name if serving.identity else None,
    )


def _place(call: Call, person: Person) -> list[tuple[str, Any]]:
    """Who the person is here and in the data, in words."""
    viewer = call.viewer
    facts: list[tuple[str, Any]] = [
        ("E-mail", person.email),
        ("Role", person.role.label),
        ("Here since", moment(person.created_at, zone_of(call))),
    ]
    try:
        sight = call.workspace.sight()
        names = {
            "user": {one.id: one.name for one in users(sight)},
            "team": {one.id: one.name for one in teams(sight)},
        }
    except KampassError:
        return facts
    facts.append(("In the data you are", names["user"].get(viewer.user_id or "", "nobody yet")))
    if viewer.team_id:
        facts.append(("Team", names["team"].get(viewer.team_id, viewer.team_id)))
    seen = viewer.scope.accounts
    return [*facts, ("You see", "every account" if seen is None else f"{len(seen):,} accounts")]


def zone_of(call: Call) -> str:
    """The time zone in which people read instants."""
    return call.workspace.settings.timezone


def _offer(call: Call) -> Response:
    uri = call.people.accounts.start_totp(myself(call).id)
    secret = uri.partition("secret=")[2].partition("&")[0]
    picture = qr(uri)
    response = render(
        call,
        "pages/settings/totp.html",
        title="Settings",
        question="Switch on an authenticator",
        tabs=tabs(call, "/settings"),
        picture=picture,
        secret=" ".join(secret[at : at + 4] for at in range(0, len(secret), 4)),
    )
    response.headers["cache-control"] = "no-store"
    return response


def qr(text: str) -> dict[str, Any]:
    """A QR code as one path on a grid: its size, and where it is dark."""
    rows: list[Sequence[int]] = [list(row) for row in segno.make(text, error="m").matrix]
    path = []
    for y, row in enumerate(rows):
        x = 0
        for dark, run in groupby(row):
            length = len(list(run))
            if dark:
                path.append(f"M{x} {y}h{length}v1h-{length}z")
            x += length
    return {"size": len(rows), "path": "".join(path)}


def _calendar(calendar: BusinessCalendar, zone: str) -> dict[str, dict[str, str]]:
    hours = ", ".join(
        f"{start // 60:02}:{start % 60:02} to {end // 60:02}:{end % 60:02}"
        for start, end in calendar.hours
    )
    cells = {
        "name": calendar.name,
        "days": ", ".join(WEEKDAYS[day].capitalize() for day in calendar.days),
        "hours": hours,
        "zone": calendar.timezone or zone,
        "holidays": f"{len(calendar.holidays)}",
        "teams": ", ".join(calendar.teams) or "every other team",
    }
    return {"cells": cells}


def _families(call: Call) -> list[tuple[str, list[dict[str, Any]]]]:
    """Every KPI by family, with whether it is switched on."""
    enabled = set(call.workspace.settings.enabled)
    found: dict[str, list[dict[str, Any]]] = {}
    for kpi in call.workspace.catalogue.kpis.values():
        found.setdefault(kpi.family.replace("_", " ").capitalize(), []).append(
            {"id": kpi.id, "name": kpi.name, "question": kpi.question, "on": kpi.id in enabled}
        )
    return sorted(
        (family, sorted(kpis, key=lambda one: one["name"])) for family, kpis in found.items()
    )

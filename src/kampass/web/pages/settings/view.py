"""What Settings says: one's own account, an authenticator to scan, what holds for everybody."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Final

import segno

from kampass.book.places import teams, users
from kampass.engine import BusinessCalendar
from kampass.engine.planning.hours import WEEKDAYS
from kampass.errors import KampassError
from kampass.people import Person
from kampass.render import words
from kampass.server.rules import DEFINING, Call
from kampass.web.parts.links import Link
from kampass.web.parts.settings import myself, tabs, zone_of
from kampass.web.parts.tables import DataTable, Detail, Heading, TableRow
from kampass.web.rendering import moment

_MONTHS: Final = (
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
_CALENDARS: Final = (
    Heading("name", "Calendar"),
    Heading("days", "Days", "long"),
    Heading("hours", "Open"),
    Heading("zone", "Time zone"),
    Heading("holidays", "Holidays", "number"),
    Heading("teams", "Teams", "long"),
)


@dataclass(frozen=True)
class AccountView:
    """One's own account; `wrong` are messages by field."""

    tabs: Sequence[Link]
    person: Person
    facts: Sequence[Detail]
    has_password: bool
    provider: str | None
    wrong: Mapping[str, str]


@dataclass(frozen=True)
class Authenticator:
    """A secret for an authenticator: as a QR code, one path on a grid, and in letters."""

    tabs: Sequence[Link]
    size: int
    path: str
    secret: str


@dataclass(frozen=True)
class SwitchedKpi:
    """A KPI that can be switched on."""

    id: str
    name: str
    question: str
    on: bool


@dataclass(frozen=True)
class WorkspaceView:
    """What holds for everybody, and whether the viewer may change it."""

    tabs: Sequence[Link]
    facts: Sequence[Detail]
    calendars: DataTable
    families: Sequence[tuple[str, Sequence[SwitchedKpi]]]
    may: bool
    enabled: int
    every: int


def account_view(call: Call, wrong: Mapping[str, str]) -> AccountView:
    """The account of whoever is signed in."""
    person, identity = myself(call), call.serving.identity
    return AccountView(
        tabs(call, "/settings"),
        person,
        _place(call, person),
        call.people.accounts.has_password(person.id),
        identity.name if identity else None,
        wrong,
    )


def _place(call: Call, person: Person) -> list[Detail]:
    """Who the person is here and in the data, in words."""
    viewer = call.viewer
    facts = [
        Detail("E-mail", person.email),
        Detail("Role", person.role.label),
        Detail("Here since", moment(person.created_at, zone_of(call))),
    ]
    try:
        sight = call.workspace.sight()
        people = {one.id: one.name for one in users(sight)}
        named = {one.id: one.name for one in teams(sight)}
    except KampassError:
        return facts
    facts.append(Detail("In the data you are", people.get(viewer.user_id or "", "nobody yet")))
    if viewer.team_id:
        facts.append(Detail("Team", named.get(viewer.team_id, viewer.team_id)))
    seen = viewer.scope.accounts
    said = "every account" if seen is None else f"{len(seen):,} accounts"
    return [*facts, Detail("You see", said)]


def authenticator(call: Call, uri: str) -> Authenticator:
    """The picture that an authenticator scans, and its secret in groups of four letters."""
    secret = uri.partition("secret=")[2].partition("&")[0]
    spaced = " ".join(secret[at : at + 4] for at in range(0, len(secret), 4))
    return Authenticator(tabs(call, "/settings"), *qr(uri), spaced)


def qr(text: str) -> tuple[int, str]:
    """A QR code: the size of its grid, and where it is dark, as one path."""
    rows: list[Sequence[int]] = [list(row) for row in segno.make(text, error="m").matrix]
    path = []
    for y, row in enumerate(rows):
        x = 0
        for dark, run in groupby(row):
            length = len(list(run))
            if dark:
                path.append(f"M{x} {y}h{length}v1h-{length}z")
            x += length
    return len(rows), "".join(path)


def workspace_view(call: Call) -> WorkspaceView:
    """The settings of the workspace."""
    settings = call.workspace.settings
    fiscal = _MONTHS[settings.fiscal_start - 1]
    facts = [
        Detail("Time zone", settings.timezone, "days, weeks and months are cut in it"),
        Detail("Currency", settings.currency, "money is shown in it"),
        Detail("Weeks start on", settings.week_start.capitalize()),
        Detail("Fiscal year starts in", fiscal, "and is named by the year in which it ends"),
    ]
    rows = [_calendar(calendar, settings.timezone) for calendar in settings.business]
    return WorkspaceView(
        tabs(call, "/settings/workspace"),
        facts,
        DataTable(_CALENDARS, rows),
        _families(call),
        may=myself(call).role in DEFINING,
        enabled=len(settings.enabled),
        every=len(call.workspace.catalogue.kpis),
    )


def _calendar(calendar: BusinessCalendar, zone: str) -> TableRow:
    hours = ", ".join(
        f"{start // 60:02}:{start % 60:02} to {end // 60:02}:{end % 60:02}"
        for start, end in calendar.hours
    )
    return TableRow(
        {
            "name": calendar.name,
            "days": ", ".join(WEEKDAYS[day].capitalize() for day in calendar.days),
            "hours": hours,
            "zone": calendar.timezone or zone,
            "holidays": f"{len(calendar.holidays)}",
            "teams": ", ".join(calendar.teams) or "every other team",
        }
    )


def _families(call: Call) -> list[tuple[str, list[SwitchedKpi]]]:
    """Every KPI by family, with whether it is switched on."""
    enabled = set(call.workspace.settings.enabled)
    found: dict[str, list[SwitchedKpi]] = {}
    for kpi in call.workspace.catalogue.kpis.values():
        found.setdefault(words.dimension(kpi.family), []).append(
            SwitchedKpi(kpi.id, kpi.name, kpi.question, kpi.id in enabled)
        )
    return sorted(
        (family, sorted(kpis, key=lambda one: one.name)) for family, kpis in found.items()
    )

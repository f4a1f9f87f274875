"""Everybody who may sign in, and one of them, for administrators."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from kampass.access import Role
from kampass.book.places import Place, teams, users
from kampass.errors import KampassError
from kampass.people import Person
from kampass.people.keys.ending import counted, told
from kampass.server.rules import Call
from kampass.web.parts.figures import Badge
from kampass.web.parts.forms import Options
from kampass.web.parts.links import Link
from kampass.web.parts.settings import HandedLink, myself, tabs, zone_of
from kampass.web.parts.tables import DataTable, Detail, Heading, TableCell, TableRow
from kampass.web.rendering import moment

_ASKED: Final = timedelta(days=7)
_ROLES: Final = {
    Role.ACCOUNT_MANAGER: "Account manager: the accounts they look after, or looked after last",
    Role.TEAM_LEAD: "Team lead: the accounts of their team and the teams below it",
    Role.EXECUTIVE: "Executive: every account, to read",
    Role.ANALYST: "Analyst: every account, definitions and data",
    Role.ADMIN: "Admin: everything, and people",
}
_COLUMNS: Final = (
    Heading("name", "Name", "long"),
    Heading("role", "Role"),
    Heading("place", "In the data"),
    Heading("code", "Code at sign-in"),
    Heading("seen", "Last seen"),
)


@dataclass(frozen=True)
class TypedPerson:
    """What was typed into the form that invites."""

    email: str = ""
    name: str = ""
    role: str = Role.ACCOUNT_MANAGER.value
    user: str = ""
    team: str = ""


@dataclass(frozen=True)
class Everybody:
    """Everybody, and the form to invite somebody; `wrong` are messages by field."""

    tabs: Sequence[Link]
    count: int
    link: HandedLink | None
    table: DataTable
    typed: TypedPerson
    wrong: Mapping[str, str]
    suggested: Sequence[str]
    roles: Options
    users: Options
    teams: Options


@dataclass(frozen=True)
class OnePerson:
    """One person; `fresh` who has no password yet, `asked` who asked for a link."""

    tabs: Sequence[Link]
    person: Person
    facts: Sequence[Detail]
    link: HandedLink | None
    wrong: Mapping[str, str]
    myself: bool
    fresh: bool
    asked: bool
    roles: Options
    users: Options
    teams: Options


@dataclass(frozen=True)
class Places:
    """Whom and which teams the data names."""

    users: Sequence[Place] = ()
    teams: Sequence[Place] = ()


def places(call: Call) -> Places:
    """Those of the newest snapshot; none before anything is loaded."""
    try:
        return Places(users(call.sight), teams(call.sight))
    except KampassError:
        return Places()


def everybody(
    call: Call, link: HandedLink | None, typed: TypedPerson, wrong: Mapping[str, str]
) -> Everybody:
    """The list."""
    people, asked, known = call.people.accounts.all(), _asked(call), places(call)
    taken = {person.email for person in people}
    names = {
        key: one.name
        for one in known.users
        for key in (one.id, (one.email or "").casefold())
        if key
    }
    rows = [_row(call, person, names, asked=person.id in asked) for person in people]
    return Everybody(
        tabs(call, "/settings/people"),
        len(people),
        link,
        DataTable(_COLUMNS, rows),
        typed,
        wrong,
        [
            one.email
            for one in known.users
            if one.email and not one.gone and one.email.casefold() not in taken
        ],
        _roles(),
        *_options(known),
    )


def one_person(
    call: Call, person: Person, link: HandedLink | None, wrong: Mapping[str, str]
) -> OnePerson:
    """One of them."""
    zone, seen = zone_of(call), person.last_seen_at
    fresh = not call.people.accounts.has_password(person.id)
    way = "a password and a code" if person.has_totp else "a password"
    facts = [
        Detail("E-mail", person.email),
        Detail("Here since", moment(person.created_at, zone)),
        Detail("Last seen", moment(seen, zone) if seen else "has not come yet"),
        Detail("Signs in with", "no password yet" if fresh else way),
        Detail("Open now", _open(call, person), href=f"/settings/access?person={person.id}"),
    ]
    facts += _last_ended(call, person)
    return OnePerson(
        tabs(call, "/settings/people"),
        person,
        facts,
        link,
        wrong,
        person.id == myself(call).id,
        fresh,
        person.id in _asked(call),
        _roles(),
        *_options(places(call)),
    )


def _open(call: Call, person: Person) -> str:
    """How many sessions and tokens of somebody are in force."""
    now = datetime.now(UTC)
    tokens = sum(token.expires_at > now for token in call.people.tokens.all(person.id))
    sessions = len(call.people.sessions.in_force(person.id))
    return f"{counted(sessions, 'session')}, {counted(tokens, 'API token')}"


def _last_ended(call: Call, person: Person) -> list[Detail]:
    """What of somebody's was ended last, when and why."""
    for entry in call.people.audit.entries(500, action="access_ended"):
        if entry.detail.get("person") == person.id:
            counts = [entry.detail.get(key, 0) for key in ("sessions", "keys", "keys_kept")]
            if not any(counts):
                continue
            note = f"{moment(entry.at, zone_of(call))}: {entry.detail.get('why', '')}"
            return [Detail("Ended last", told(*counts), note)]
    return []


def _row(call: Call, person: Person, names: Mapping[str, str], *, asked: bool) -> TableRow:
    seen, name = person.last_seen_at, names.get(person.user_id or person.email)
    badge = Badge("Asked for a link", "warn") if asked else None
    return TableRow(
        {
            "name": TableCell(person.name, note=person.email, badge=badge),
            "role": person.role.label,
            "place": TableCell(name, reason="The data names nobody with this e-mail address"),
            "code": "Yes" if person.has_totp else "No",
            "seen": moment(seen, zone_of(call)) if seen else TableCell(reason="Has not come yet"),
        },
        f"/settings/people/{person.id}",
    )


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


def _roles() -> Options:
    return [(role.value, said) for role, said in _ROLES.items()]


def _options(known: Places) -> tuple[Options, Options]:
    """The users and the teams to choose from, beside what the e-mail address says by itself."""
    return (
        [("", "The one with this e-mail address"), *(_option(one) for one in known.users)],
        [("", "Their team in the data"), *(_option(one) for one in known.teams)],
    )


def _option(one: Place) -> tuple[str, str]:
    email = f", {one.email}" if one.email else ""
    return one.id, f"{one.name}{email}{' (left)' if one.gone else ''}"

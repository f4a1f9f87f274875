"""The audit log in words."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlencode

from kampass.people import Entry
from kampass.server.rules import Call
from kampass.web.parts.forms import Filters, FormField
from kampass.web.parts.links import Link
from kampass.web.parts.settings import tabs, zone_of
from kampass.web.parts.tables import DataTable, Heading, TableCell, TableRow
from kampass.web.rendering import moment

PATH, SHOWN = "/settings/audit", 50
_ACTIONS: Final = {
    "set_up": "Set the workspace up",
    "signed_in": "Signed in",
    "signed_out": "Signed out",
    "joined": "Joined",
    "exported": "Exported",
    "looked_at": "Looked at",
    "password_asked": "Asked for a password link",
    "password_set": "Set a password",
    "link_made": "Made a password link",
    "person_invited": "Invited",
    "person_changed": "Changed a person",
    "person_removed": "Removed a person",
    "sessions_ended": "Signed somebody out",
    "access_ended": "Ended what was open",
    "audit_gap": "Lines are missing here",
    "session_ended": "Ended a session",
    "authenticator_on": "Authenticator on",
    "authenticator_off": "Authenticator off",
    "key_made": "Made an API token",
    "key_revoked": "Revoked an API token",
    "kpis_switched": "Switched KPIs",
}
_COLUMNS: Final = (
    Heading("at", "When"),
    Heading("who", "Who"),
    Heading("action", "Did"),
    Heading("what", "What", "long"),
    Heading("address", "From"),
)


@dataclass(frozen=True)
class AuditLog:
    """A page of the log, the latest first."""

    tabs: Sequence[Link]
    filters: Filters
    table: DataTable
    newest: str | None
    older: str | None
    export: str


def audit_log(
    call: Call, found: Sequence[Entry], asked: Mapping[str, str], *, later: bool
) -> AuditLog:
    """The page of these entries, one more than it shows where older ones follow; `later` where it
    is not the first.
    """
    shown, zone = found[:SHOWN], zone_of(call)
    older = {**asked, "before": shown[-1].id} if len(found) > SHOWN else None
    return AuditLog(
        tabs(call, PATH),
        Filters(_question(call, asked), _fields(call, asked), PATH),
        DataTable(_COLUMNS, [_row(entry, zone) for entry in shown]),
        newest=f"{PATH}?{urlencode(asked)}" if later else None,
        older=f"{PATH}?{urlencode(older)}" if older else None,
        export=f"{PATH}/export?{urlencode(asked)}",
    )


def _row(entry: Entry, zone: str) -> TableRow:
    action = entry.action.replace("_", " ").replace(".", ": ").capitalize()
    detail = ", ".join(
        f"{key}: {_told(value)}"
        for key, value in entry.detail.items()
        if value not in (None, "", [])
    )
    return TableRow(
        {
            "at": moment(entry.at, zone),
            "who": TableCell(entry.name, note=entry.email)
            if entry.name
            else TableCell("Nobody signed in"),
            "action": _ACTIONS.get(entry.action, action),
            "what": TableCell(entry.what or "\N{EN DASH}", note=detail or None),
            "address": entry.address or None,
        }
    )


def _told(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def _fields(call: Call, asked: Mapping[str, str]) -> list[FormField]:
    everybody = call.people.accounts.all()
    people = [("", "Everybody"), *((str(person.id), person.name) for person in everybody)]
    known = dict(_ACTIONS)
    if asked["action"]:
        known.setdefault(asked["action"], asked["action"])
    actions = [("", "Anything"), *sorted(known.items(), key=lambda one: one[1])]
    return [
        FormField("person", "Person", asked["person"], options=people),
        FormField("action", "What they did", asked["action"], options=actions),
    ]


def _question(call: Call, asked: Mapping[str, str]) -> str:
    """The question of the filters in words."""
    number, action = asked["person"], asked["action"]
    person = call.people.accounts.get(int(number)) if number else None
    who = person.name if person else "Somebody who is gone" if number else "Everybody"
    return f"{who}, {_ACTIONS.get(action, action).lower() if action else 'anything'}"

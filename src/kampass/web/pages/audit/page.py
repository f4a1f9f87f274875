"""The audit log, for administrators: who looked at, exported and changed what, when and from
where.
"""

import json
from collections.abc import Iterator
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Query
from starlette.responses import Response

from kampass.people import Entry
from kampass.people.audit import MOST
from kampass.render.files import write_table
from kampass.server.rules import ADMINISTRATING, AUDITING, Call
from kampass.web.pages.settings.page import tabs, zone_of
from kampass.web.parts.attachment import attachment
from kampass.web.rendering import moment, render

router = APIRouter()
_PATH, _SHOWN, _EXPORTED = "/settings/audit", 50, 100_000
Whose = Annotated[str, Query(max_length=20, pattern=r"^\d*$")]
What = Annotated[str, Query(max_length=100)]
Before = Annotated[int | None, Query(ge=1)]
WORDS = {
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
    "authenticator_on": "Authenticator on",
    "authenticator_off": "Authenticator off",
    "key_made": "Made an API token",
    "key_revoked": "Revoked an API token",
    "kpis_switched": "Switched KPIs",
}
COLUMNS = ("at", "person", "email", "action", "what", "detail", "address")


@router.get(_PATH)
def show(
    call: Annotated[Call, Depends(ADMINISTRATING)],
    person: Whose = "",
    action: What = "",
    before: Before = None,
) -> Response:
    """The latest entries."""
    found = call.people.audit.entries(
        _SHOWN + 1, before=before, person=_number(person), action=action or None
    )
    shown, asked = found[:_SHOWN], {"person": person, "action": action}
    older = (
        f"{_PATH}?{urlencode(asked | {'before': shown[-1].id})}" if len(found) > _SHOWN else None
    )
    return render(
        call,
        "pages/audit/page.html",
        title="Settings",
        question="Who did what?",
        tabs=tabs(call, _PATH),
        rows=[_row(entry, zone_of(call)) for entry in shown],
        fields=_fields(call, asked),
        asked=asked,
        words=_words(call, asked),
        older=older,
        newest=f"{_PATH}?{urlencode(asked)}" if before else None,
        export=f"{_PATH}/export?{urlencode(asked)}",
    )


@router.get("/settings/audit/export")
def export(
    call: Annotated[Call, Depends(AUDITING)],
    person: Whose = "",
    action: What = "",
    form: Annotated[str, Query(alias="format", max_length=20)] = "csv",
) -> Response:
    """The entries as a file, at most a hundred thousand of them."""
    rows = (
        [
            entry.at.isoformat(),
            entry.name or "",
            entry.email or "",
            entry.action,
            entry.what,
            json.dumps(entry.detail, ensure_ascii=False),
            entry.address,
        ]
        for entry in _entries(call, _number(person), action or None)
    )
    return attachment(
        call,
        write_table(COLUMNS, rows, form, name="audit-log", for_spreadsheets=True),
        f"{_PATH}?{urlencode({'person': person, 'action': action})}",
    )


def _entries(call: Call, person: int | None, action: str | None) -> Iterator[Entry]:
    before, left = None, _EXPORTED
    while left > 0 and (
        found := call.people.audit.entries(
            min(MOST, left), before=before, person=person, action=action
        )
    ):
        yield from found
        before, left = found[-1].id, left - len(found)


def _row(entry: Entry, zone: str) -> dict[str, Any]:
    who = {"text": entry.name, "note": entry.email} if entry.name else {"text": "Nobody signed in"}
    detail = ", ".join(
        f"{key}: {_told(value)}"
        for key, value in entry.detail.items()
        if value not in (None, "", [])
    )
    return {
        "cells": {
            "at": moment(entry.at, zone),
            "who": who,
            "action": WORDS.get(
                entry.action, entry.action.replace("_", " ").replace(".", ": ").capitalize()
            ),
            "what": {"text": entry.what or "\N{EN DASH}"} | ({"note": detail} if detail else {}),
            "address": entry.address or None,
        },
    }


def _told(value: Any) -> str:  # noqa: ANN401 - whatever was written down
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def _fields(call: Call, asked: dict[str, str]) -> list[dict[str, Any]]:
    people = [
        ("", "Everybody"),
        *((str(person.id), person.name) for person in call.people.accounts.all()),
    ]
    known = dict(WORDS) | (
        {asked["action"]: asked["action"]} if asked["action"] not in {"", *WORDS} else {}
    )
    return [
        {"name": "person", "label": "Person", "value": asked["person"], "options": people},
        {
            "name": "action",
            "label": "What they did",
            "value": asked["action"],
            "options": [("", "Anything"), *sorted(known.items(), key=lambda one: one[1])],
        },
    ]


def _words(call: Call, asked: dict[str, str]) -> str:
    """The question of the filters in words."""
    number = _number(asked["person"])
    person = call.people.accounts.get(number) if number is not None else None
    who = person.name if person else "Somebody who is gone" if number is not None else "Everybody"
    return (
        f"{who}, "
        f"{WORDS.get(asked['action'], asked['action']).lower() if asked['action'] else 'anything'}"
    )


def _number(text: str) -> int | None:
    return int(text) if text else None

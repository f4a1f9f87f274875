"""The audit log, for administrators: who looked at, exported and changed what, when and from
where.
"""

import json
from collections.abc import Iterator
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Query
from starlette.responses import Response

from kampass.people import Entry
from kampass.people.audit import MOST
from kampass.render.files import write_table
from kampass.server.rules import ADMINISTRATING, AUDITING, Call
from kampass.web.pages.audit.view import PATH, SHOWN, audit_log
from kampass.web.parts.attachment import attachment
from kampass.web.rendering import PageHead, render

router = APIRouter()
_EXPORTED = 100_000
Whose = Annotated[str, Query(max_length=20, pattern=r"^\d*$")]
What = Annotated[str, Query(max_length=100)]
Before = Annotated[int | None, Query(ge=1)]
COLUMNS = ("at", "person", "email", "action", "what", "detail", "address")


@router.get(PATH)
def show(
    call: Annotated[Call, Depends(ADMINISTRATING)],
    person: Whose = "",
    action: What = "",
    before: Before = None,
) -> Response:
    """The latest entries."""
    found = call.people.audit.entries(
        SHOWN + 1, before=before, person=_number(person), action=action or None
    )
    asked = {"person": person, "action": action}
    view = audit_log(call, found, asked, later=before is not None)
    return render(call, "pages/audit/page.html", PageHead("Who did what?", "Settings"), view)


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
        f"{PATH}?{urlencode({'person': person, 'action': action})}",
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


def _number(text: str) -> int | None:
    return int(text) if text else None

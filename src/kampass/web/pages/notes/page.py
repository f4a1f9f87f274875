"""Notes: written, changed and removed beside the number that they are about. One set of routes for
every page that shows some.
"""

from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Depends, Form, Path, Query
from starlette.responses import Response

from kampass.access import NotAllowed, Role
from kampass.library.notes import LONGEST, Note
from kampass.periods import parse
from kampass.server.rules import SIGNED_IN, WRITING, Call
from kampass.web.pages.notes.view import NoteForm
from kampass.web.rendering import PageHead, go, local, moment, render

router = APIRouter()
Writer = Annotated[Call, Depends(WRITING)]
Number = Annotated[int, Path(ge=1, le=1 << 40)]
Text = Annotated[str, Form(max_length=LONGEST)]
Subject = Annotated[str, Form(max_length=200)]
Next = Annotated[str, Form(max_length=4000)]


@router.post("/notes")
def write(
    call: Writer,
    text: Text,
    kpi: Subject = "",
    account: Subject = "",
    period: Annotated[str, Form(max_length=64)] = "",
    next: Next = "",
) -> Response:
    """Write a note about a KPI, an account, a period, or several of them at once."""
    assert call.person is not None
    if kpi:
        call.sight.catalogue.get(kpi)
    if period:
        parse(period, call.sight.settings.calendar)
    made = call.library.notes.add(
        call.person,
        text=text,
        scope=call.sight.scope,
        kpi=kpi or None,
        account=account or None,
        period=period or None,
    )
    call.record(
        "wrote a note", str(made.id), kpi=made.kpi, account=made.account, period=made.period
    )
    return go(_back(next, made), "Your note stands beside the figure.")


@router.get("/notes/{number}")
def form(
    number: Number,
    call: Annotated[Call, Depends(SIGNED_IN)],
    next: Annotated[str, Query(max_length=4000)] = "",
) -> Response:
    """A note to be written again, by its author or an administrator."""
    note = call.library.notes.get(number, scope=call.sight.scope)
    assert call.person is not None
    if call.person.id != note.author_id and call.person.role is not Role.ADMIN:
        raise NotAllowed(
            "Only its author or an administrator changes a note.", hint="Write one of your own."
        )
    view = NoteForm(
        note, _back(next, note), moment(note.created_at, call.sight.settings.calendar.timezone)
    )
    return render(call, "pages/notes/page.html", PageHead("What should it say?", "Note"), view)


@router.post("/notes/{number}")
# The field's name.
def change(number: Number, call: Writer, text: Text, next: Next = "") -> Response:
    """Write its text again."""
    assert call.person is not None
    note = call.library.notes.change(number, call.person, text, scope=call.sight.scope)
    call.record("changed a note", str(number))
    return go(_back(next, note), "The note is changed.")


@router.post("/notes/{number}/remove")
# The field's name.
def remove(number: Number, call: Writer, next: Next = "") -> Response:
    """Take it away."""
    assert call.person is not None
    note = call.library.notes.get(number, scope=call.sight.scope)
    call.library.notes.remove(number, call.person, scope=call.sight.scope)
    call.record("removed a note", str(number))
    return go(_back(next, note), "The note is gone.")


def _back(path: str, note: Note) -> str:
    """To the page that it was written on, else to that of what it is about."""
    home = (
        f"/kpis/{quote(note.kpi, safe='')}"
        if note.kpi
        else f"/accounts/{quote(note.account, safe='')}"
        if note.account
        else "/"
    )
    return local(path, f"{home}#notes")

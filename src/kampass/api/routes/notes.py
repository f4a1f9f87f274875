"""Notes: words beside a number, each within the rights of whoever asks."""

from dataclasses import asdict
from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query
from starlette.responses import JSONResponse, Response

from kampass.api import models
from kampass.engine.answer import instant_text
from kampass.library.notes import Note
from kampass.server.rules import SIGNED_IN, WRITING, Call

router = APIRouter(tags=["notes"])
Reader = Annotated[Call, Depends(SIGNED_IN)]
Writer = Annotated[Call, Depends(WRITING)]
Number = Annotated[int, Path(ge=1, le=1 << 40)]
Subject = Annotated[str | None, Query(max_length=400)]


@router.get("/api/v1/notes", response_model=models.Listed)
def notes(
    call: Reader, kpi: Subject = None, account: Subject = None, period: Subject = None
) -> dict[str, Any]:
    """The notes about what is given, the latest first; none about accounts that are not the
    caller's to see.
    """
    return {
        "items": [
            _note(note)
            for note in call.library.notes.about(
                scope=call.viewer.scope, kpi=kpi, account=account, period=period
            )
        ]
    }


@router.post("/api/v1/notes", response_model=models.Thing, status_code=HTTPStatus.CREATED)
def write(note: models.NoteWritten, call: Writer) -> Response:
    """Write a note."""
    assert call.person is not None
    made = call.library.notes.add(call.person, scope=call.viewer.scope, **note.model_dump())
    call.record(
        "wrote a note", str(made.id), kpi=made.kpi, account=made.account, period=made.period
    )
    return JSONResponse(_note(made), HTTPStatus.CREATED)


@router.patch("/api/v1/notes/{note_id}", response_model=models.Thing)
def change(note_id: Number, note: models.NoteChanged, call: Writer) -> dict[str, Any]:
    """Write a note's text again."""
    assert call.person is not None
    made = call.library.notes.change(note_id, call.person, note.text, scope=call.viewer.scope)
    call.record("changed a note", str(made.id))
    return _note(made)


@router.delete("/api/v1/notes/{note_id}", status_code=HTTPStatus.NO_CONTENT)
def remove(note_id: Number, call: Writer) -> None:
    """Take a note away."""
    assert call.person is not None
    call.library.notes.remove(note_id, call.person, scope=call.viewer.scope)
    call.record("removed a note", str(note_id))


def _note(note: Note) -> dict[str, Any]:
    return asdict(note) | {
        "created_at": instant_text(note.created_at),
        "changed_at": instant_text(note.changed_at),
    }

"""Upload a file: received, mapped in sight of what each column becomes, and loaded only after
somebody has seen that and said so.
"""

from dataclasses import replace
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query
from starlette.datastructures import UploadFile
from starlette.responses import Response

from kampass.errors import DataError, KampassError
from kampass.render import words
from kampass.server.rules import ANALYSING, CHANGING_DATA, Call
from kampass.web.pages.upload.view import Typed, form_page, mapping_form
from kampass.web.parts.filled import Fields, Sent, filled, sent
from kampass.web.parts.jobs import work
from kampass.web.rendering import PageHead, fragment, go, render
from kampass.workspace.loads.uploads import Upload, UploadLook, Uploads, look
from kampass.workspace.loads.uploads.choices import (
    by_hand,
    said_of,
)
from kampass.workspace.loads.uploads.look import begin, matched
from kampass.workspace.loads.uploads.pending import LARGEST, aimed

router = APIRouter()
_BODY = LARGEST + (1 << 20)
UploadId = Annotated[str, Path(max_length=64)]


@router.get("/data/upload")
def ask(
    call: Annotated[Call, Depends(ANALYSING)],
    source: Annotated[str, Query(max_length=60)] = "",
    table: Annotated[str, Query(max_length=60)] = "",
) -> Response:
    """The form for a file."""
    return form_page(call, source, table)


@router.post("/data/upload", max_body_size=_BODY)
def receive(
    call: Annotated[Call, Depends(CHANGING_DATA)], form: Annotated[Sent, Depends(sent)]
) -> Response:
    """Keep a file and go to its mapping."""
    source, table, file = (form.get(name, "") for name in ("source", "table", "file"))
    uploads, person = Uploads(call.workspace.folder), call.viewer.person_id
    source, table = (str(text)[:60] if isinstance(text, str) else "" for text in (source, table))
    try:
        aimed(Upload("", "", "csv", person, ""), call.workspace.settings.sources, source, table)
        if not isinstance(file, UploadFile) or not file.filename:
            raise DataError(
                "No file was chosen.", code="no_file", hint="Choose a file on your machine."
            )
        upload = uploads.receive(file.file, file.filename, person)
    except KampassError as wrong:
        return form_page(call, source, table, wrong)
    upload = uploads.keep(
        begin(call.workspace, aimed(upload, call.workspace.settings.sources, source, table))
    )
    call.record("data.upload", f"{source}: {table}", file=upload.shown)
    return go(f"/data/upload/{upload.id}")


@router.get("/data/upload/{upload_id}")
def show(call: Annotated[Call, Depends(ANALYSING)], upload_id: UploadId) -> Response:
    """What each column becomes, and what is still open."""
    return _page(
        call,
        look(call.workspace, Uploads(call.workspace.folder).find(upload_id, call.viewer.person_id)),
    )


@router.post("/data/upload/{upload_id}")
def change(
    call: Annotated[Call, Depends(CHANGING_DATA)],
    upload_id: UploadId,
    fields: Annotated[Fields, Depends(filled)],
) -> Response:
    """Say what a column becomes, and look again; or load, where that was seen; or throw the file
    away.
    """
    uploads, do = Uploads(call.workspace.folder), _one(fields, "do")
    before = uploads.find(upload_id, call.viewer.person_id)
    if do == "discard":
        uploads.discard(before)
        return go("/data", f"{before.shown} was thrown away. Nothing of it was loaded.")
    try:
        upload = _said(before, fields)
    except DataError as wrong:
        return _page(
            call,
            look(call.workspace, before),
            wrong,
            {name: values[0] for name, values in fields.items()},
        )
    changed = upload != before
    upload = uploads.keep(matched(call.workspace, upload))
    if do == "load" and not changed:
        seen = look(call.workspace, upload)
        return (
            _load(call, upload)
            if seen.ready
            else _page(
                call,
                seen,
                DataError("It cannot be loaded yet.", code="not_mapped", hint=" ".join(seen.open)),
            )
        )
    if "hx-request" in call.request.headers:
        view = mapping_form(call, look(call.workspace, upload), None, {})
        return fragment(call, "pages/upload/mapping.html", view)
    told = (
        (
            "The mapping had changed since you looked at it. See below what it makes of the file, "
            "then load it."
        )
        if do == "load"
        else ""
    )
    return go(f"/data/upload/{upload.id}", told, kind="info")


def _load(call: Call, upload: Upload) -> Response:
    call.record(
        "data.load", f"{upload.source}: {upload.table}", file=upload.shown, adds=bool(upload.adds)
    )
    title = f"Loading {words.table(upload.table)} from {upload.shown}"
    return work(call, "upload", title, upload=upload.id, person=upload.person)


def _said(upload: Upload, fields: Fields) -> Upload:
    """The upload under what the form says."""
    adds = {"add": True, "replace": False}.get(_one(fields, "adds"), upload.adds)
    if by_hand(upload.said):
        return replace(upload, adds=adds)
    return replace(upload, said=said_of(upload.table, fields, upload.said), adds=adds)


def _page(
    call: Call, seen: UploadLook, wrong: DataError | None = None, typed: Typed | None = None
) -> Response:
    view, status = mapping_form(call, seen, wrong, typed or {}), wrong.status if wrong else 200
    page = PageHead(f"What does each column of {seen.upload.shown} become?", "Data")
    return render(call, "pages/upload/map.html", page, view, status=status)


def _one(fields: Fields, name: str) -> str:
    return next(iter(fields.get(name, ())), "")

"""Upload several exports at once: what each fills is found out, what they leave open is asked on
one page after the other, and they are loaded when nothing is open.
"""

from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Request
from starlette.datastructures import UploadFile
from starlette.responses import Response

from kampass.errors import DataError, KampassError
from kampass.intake.mapping.draft.answered import answer_of
from kampass.server.rules import ANALYSING, CHANGING_DATA, Call
from kampass.web.pages.upload.view import form_page
from kampass.web.pages.uploads.view import batch_form, field_of
from kampass.web.parts.filled import Fields, filled
from kampass.web.parts.jobs import work
from kampass.web.rendering import PageHead, go, render
from kampass.workspace.loads.trial import AskedDrafts
from kampass.workspace.loads.uploads.batch import Batches, UploadBatch, asked_of
from kampass.workspace.loads.uploads.pending import LARGEST

router = APIRouter()
_BODY = LARGEST + (1 << 20)
BatchId = Annotated[str, Path(max_length=64)]


async def files_sent(request: Request) -> AsyncIterator[list[UploadFile]]:
    """The files of a form, read only after the caller was let in, and let go of afterwards."""
    async with request.form() as form:
        found = form.getlist("files")
        yield [one for one in found if isinstance(one, UploadFile) and one.filename]


@router.post("/data/uploads", max_body_size=_BODY)
def receive(
    call: Annotated[Call, Depends(CHANGING_DATA)],
    files: Annotated[list[UploadFile], Depends(files_sent)],
) -> Response:
    """Keep files and go to what they leave open."""
    batches = Batches(call.workspace.folder)
    try:
        sent = [(file.file, file.filename or "") for file in files]
        batch = batches.receive(sent, call.viewer.person_id)
    except KampassError as wrong:
        return form_page(call, "", "", wrong)
    named = ", ".join(shown for shown, _ in batch.files)
    call.record("data.upload", f"{len(batch.files)} files", file=named)
    return go(f"/data/uploads/{batch.id}")


@router.get("/data/uploads/{batch_id}")
def show(call: Annotated[Call, Depends(ANALYSING)], batch_id: BatchId) -> Response:
    """What each file fills, and what is still open."""
    return _page(call, Batches(call.workspace.folder).find(batch_id, call.viewer.person_id))


@router.post("/data/uploads/{batch_id}")
def answer(
    call: Annotated[Call, Depends(CHANGING_DATA)],
    batch_id: BatchId,
    fields: Annotated[Fields, Depends(filled)],
) -> Response:
    """Answer what is open; or load what has nothing open; or begin again; or throw all away."""
    batches, do = Batches(call.workspace.folder), next(iter(fields.get("do", ())), "")
    batch = batches.find(batch_id, call.viewer.person_id)
    if do == "discard":
        batches.discard(batch)
        return go("/data", "The files were thrown away. Nothing of them was loaded.")
    if do == "again":
        batches.keep(UploadBatch(batch.id, batch.person, batch.at, batch.files))
        return go(f"/data/uploads/{batch.id}")
    try:
        asked = asked_of(call.workspace, batch)
        if do == "load":
            return _load(call, batch, asked)
        given = {**batch.given, **_answers(asked, fields)}
    except DataError as wrong:
        return _page(call, batch, wrong)
    batches.keep(UploadBatch(batch.id, batch.person, batch.at, batch.files, given))
    return go(f"/data/uploads/{batch.id}")


def _answers(asked: AskedDrafts, fields: Fields) -> dict[str, str]:
    """What a form says to the questions that are open; DataError where it is no answer."""
    found = {}
    for source, question in asked.open:
        name = field_of(source, question)
        said = [text.strip() for text in (*fields.get(f"free.{name}", ()), *fields.get(name, ()))]
        if chosen := next(filter(None, said), ""):
            found[name] = answer_of(question, chosen).text
    return found


def _load(call: Call, batch: UploadBatch, asked: AskedDrafts) -> Response:
    if any(question.needed for _, question in asked.open):
        raise DataError(
            "They cannot be loaded yet.", code="not_mapped", hint="Answer what is asked first."
        )
    title = f"Loading {len(batch.files)} files"
    call.record("data.load", title, file=", ".join(shown for shown, _ in batch.files))
    return work(call, "batch", title, batch=batch.id, person=batch.person)


def _page(call: Call, batch: UploadBatch, wrong: DataError | None = None) -> Response:
    view, status = batch_form(call, batch, wrong), wrong.status if wrong else 200
    page = PageHead("What do these files fill?", "Data")
    return render(call, "pages/uploads/page.html", page, view, status=status)

"""The editor of own KPIs: a draft is checked as it is typed, and saved only when nothing is wrong
with it and every example holds.
"""

from dataclasses import replace
from importlib import resources
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Form, Path, Query
from starlette.responses import Response

from kampass.catalogue import Catalogue
from kampass.errors import KampassError
from kampass.server.rules import ANALYSING, CHANGING_DATA, Call
from kampass.web.pages.catalogue.definition import definition_text
from kampass.web.pages.catalogue.view import sight_of
from kampass.web.pages.editor.view import Deleting, Sheet, digest, spell, workbench
from kampass.web.rendering import PageHead, fragment, go, render
from kampass.workspace import authoring
from kampass.workspace.authoring import DraftLook, OwnFile, Stale, edits

router = APIRouter()
KpiId = Annotated[str, Path(max_length=200)]
_LONGEST: Final = 200_000
_STARTER: Final = "meeting_share"
"""The KPI of starter.yaml."""


class TypedDraft:
    """What the form holds: the draft, what it began with, by what the preview is cut, which effects
    were seen, and what to do.
    """

    def __init__(
        self,
        *,
        text: Annotated[str, Form(max_length=_LONGEST)] = "",
        base: Annotated[str, Form(max_length=100)] = authoring.NOTHING,
        by: Annotated[str, Form(max_length=100)] = "",
        seen: Annotated[str, Form(max_length=100)] = "",
        do: Annotated[str, Form(max_length=20)] = "check",
    ) -> None:
        self.text, self.base, self.by, self.seen, self.do = (
            text.replace("\r\n", "\n"),
            base,
            by,
            seen,
            do,
        )


Filled = Annotated[TypedDraft, Depends(TypedDraft)]


@router.get("/catalogue/new")
def begin(
    call: Annotated[Call, Depends(ANALYSING)],
    source: Annotated[str, Query(alias="from", max_length=200)] = "",
) -> Response:
    """A KPI that explains itself, or a copy of one that is there."""
    catalogue = call.workspace.catalogue
    if not source:
        return _page(
            call,
            Sheet(
                _starter()
                if _STARTER not in catalogue.kpis
                else edits.copied(_starter(), _STARTER, _free(catalogue, _STARTER))
            ),
        )
    kpi = catalogue.get(source)
    text = definition_text(kpi, call.workspace)
    return _page(call, Sheet(edits.copied(text, kpi.id, _free(catalogue, kpi.id))))


@router.post("/catalogue/new")
def begun(call: Annotated[Call, Depends(CHANGING_DATA)], form: Filled) -> Response:
    """Check it, or save it."""
    return _answered(call, Sheet(form.text, form.base, by=form.by), form)


@router.get("/catalogue/{kpi}/edit")
def edit(kpi: KpiId, call: Annotated[Call, Depends(ANALYSING)]) -> Response:
    """The file in which an own KPI is defined."""
    found = call.workspace.catalogue.get(kpi)
    file = authoring.file_of(call.workspace, found)
    return _page(call, Sheet(file.text, file.digest, file.name, found))


@router.post("/catalogue/{kpi}/edit")
def edited(kpi: KpiId, call: Annotated[Call, Depends(CHANGING_DATA)], form: Filled) -> Response:
    """Check it, or save it; what somebody else deleted meanwhile is not lost."""
    found = call.workspace.catalogue.kpis.get(kpi)
    if found is None:
        return _page(call, Sheet(form.text, by=form.by, said=Stale(None)), status=409)
    file = authoring.file_of(call.workspace, found)
    return _answered(call, Sheet(form.text, form.base, file.name, found, form.by), form)


@router.get("/catalogue/{kpi}/delete")
def ask(kpi: KpiId, call: Annotated[Call, Depends(ANALYSING)]) -> Response:
    """Ask before an own KPI is deleted."""
    found = call.workspace.catalogue.get(kpi)
    file = authoring.file_of(call.workspace, found)
    assert call.person is not None
    boards = [
        board.name
        for board in call.library.dashboards.visible(call.person)
        if any(kpi in map(str, tile.values()) for tile in board.layout)
    ]
    on = kpi in call.workspace.enabled
    page = PageHead(f"Delete {found.name}?", found.name)
    view = Deleting(found, file.digest, on, ", ".join(boards))
    return render(call, "pages/editor/delete.html", page, view)


@router.post("/catalogue/{kpi}/delete")
def delete(
    kpi: KpiId,
    call: Annotated[Call, Depends(CHANGING_DATA)],
    base: Annotated[str, Form(max_length=100)],
) -> Response:
    """Delete it, unless somebody has changed it since the question was asked."""
    found = call.workspace.catalogue.get(kpi)
    authoring.delete(call.workspace, found, digest=base)
    call.record("catalogue.delete", kpi, version=found.version)
    return go("/catalogue?show=own", f"{found.name} is deleted. Dashboards that show it say so.")


def _answered(call: Call, sheet: Sheet, form: TypedDraft) -> Response:
    """What the person wanted done with the draft."""
    if form.do == "raise":
        sheet = _raised(call, sheet)
    if form.do != "save":
        return _page(call, sheet)
    sight = sight_of(call)
    look = authoring.look(
        call.workspace, sight, sheet.text, spell(sight, sheet.by), file=sheet.file
    )
    if not look.ready or (look.moves and form.seen != digest(sheet.text)):
        return _page(call, replace(sheet, said=_not_saved(look)), look=look, status=422)
    try:
        saved = authoring.save(call.workspace, look.draft, file=sheet.file, digest=sheet.base)
    except Stale as stale:
        now = stale.now
        return _page(
            call,
            replace(
                sheet,
                theirs=now.text if now else None,
                base=now.digest if now else authoring.NOTHING,
                said=stale,
            ),
            look=look,
            status=409,
        )
    return _saved(call, sheet, look, saved)


def _saved(call: Call, sheet: Sheet, look: DraftLook, file: OwnFile) -> Response:
    kpis = look.draft.kpis
    call.record(
        "catalogue.save",
        ", ".join(kpi.id for kpi in kpis),
        file=file.name,
        versions={kpi.id: kpi.version for kpi in kpis},
        digest=file.digest[:16],
    )
    shown = next((kpi for kpi in kpis if sheet.kpi and kpi.id == sheet.kpi.id), kpis[0])
    off = "" if shown.id in call.workspace.enabled else " Switch it on, and everybody sees it."
    return go(f"/catalogue/{shown.id}", f"{shown.name} is saved.{off}")


def _not_saved(look: DraftLook) -> KampassError:
    if look.ready:
        return KampassError(
            "Figures that people have seen would change.",
            hint="Look at them below; if that is what you want, save again.",
        )
    return KampassError(
        "It is not saved: something in it is not right yet.",
        hint="What to mend stands beside the draft. Nothing of what you typed is lost.",
    )


def _raised(call: Call, sheet: Sheet) -> Sheet:
    """The draft with every version raised that must be."""
    text = sheet.text
    for finding in authoring.read_draft(text, call.workspace.catalogue, file=sheet.file).findings:
        if finding.raises and finding.kpi:
            text = edits.with_version(text, finding.kpi, finding.raises) or text
    return replace(sheet, text=text)


def _page(
    call: Call, sheet: Sheet, *, look: DraftLook | None = None, status: int = 200
) -> Response:
    """The editor with what came of the draft; only that where the page asks as it is typed."""
    sight = sight_of(call)
    found = look or authoring.look(
        call.workspace, sight, sheet.text, spell(sight, sheet.by), file=sheet.file
    )
    view = workbench(sheet, found, sight)
    if "hx-request" in call.request.headers:
        return fragment(call, "pages/editor/checked.html", view)
    name = sheet.kpi.name if sheet.kpi else ""
    page = PageHead(
        f"What shall {name} count?" if name else "What shall be counted?",
        f"Edit {name}" if name else "Write a KPI",
    )
    return render(call, "pages/editor/page.html", page, view, status=status)


def _free(catalogue: Catalogue, kpi_id: str) -> str:
    """An id for a copy that no KPI has."""
    return next(
        each
        for number in range(1, len(catalogue) + 2)
        if (each := f"{kpi_id[:48]}_copy{number if number > 1 else ''}") not in catalogue.kpis
    )


def _starter() -> str:
    return (resources.files("kampass.workspace.authoring") / "starter.yaml").read_text(
        encoding="utf-8"
    )

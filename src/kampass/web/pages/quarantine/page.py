"""Quarantine: what could not be read, why, which KPIs lack it, and the ways to mend it. It holds
rows of any account: for analysts and admins.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Annotated

from fastapi import APIRouter, Depends, Form, Path, Query
from starlette.datastructures import UploadFile
from starlette.responses import Response

from kampass.access import NotFound
from kampass.errors import DataError
from kampass.model import TABLES
from kampass.render import words
from kampass.server.rules import ANALYSING, CHANGING_DATA, DEFINING, Call, Rule
from kampass.web.pages.quarantine.view import By, quarantine_page, row_form
from kampass.web.parts.filled import Fields, Sent, filled, sent
from kampass.web.parts.jobs import work
from kampass.web.rendering import PageHead, render
from kampass.workspace.loads import by_hand
from kampass.workspace.loads.quarantine import SetAside, Wish, one

router = APIRouter()
TAKING = Rule(DEFINING, "export")
_BODY = by_hand.LARGEST + (1 << 20)
_CELL = 100_000
Table = Annotated[str | None, Query(max_length=60)]
Source = Annotated[str | None, Query(max_length=200)]
RowId = Annotated[str, Path(max_length=64)]


@router.get("/data/quarantine")
def show(
    call: Annotated[Call, Depends(ANALYSING)],
    table: Table = None,
    source: Source = None,
    load: Annotated[int | None, Query(ge=1, le=2**53)] = None,
    reason: Annotated[str | None, Query(max_length=200)] = None,
    by: By = "reason",
    skip: Annotated[int, Query(ge=0, le=10**9)] = 0,
) -> Response:
    """The page."""
    wish = Wish(table or None, source or None, load, reason or None)
    found = call.workspace.quarantine(
        table=wish.table, source=wish.source, load=wish.load, reason=wish.reason, by=by
    )
    call.record(
        "data.quarantine",
        "looked at rows that are set aside",
        **{name: value for name, value in wish.parameters.items() if value is not None},
    )
    view = quarantine_page(call, found, wish, by=by, skip=skip)
    page = PageHead("What could not be read, and what lacks it?", "Data")
    return render(call, "pages/quarantine/page.html", page, view)


@router.get("/data/quarantine/rows.csv")
def download(
    call: Annotated[Call, Depends(TAKING)],
    table: Table = None,
    source: Source = None,
    load: Annotated[int | None, Query(ge=1, le=2**53)] = None,
) -> Response:
    """The rows of one table and source, to be mended and handed back."""
    found = call.workspace.quarantine(
        table=table or None, source=source or None, load=load, rows=True
    )
    content = by_hand.for_spreadsheets(
        replace(found, rows=tuple(row for row in found.rows if row.mended_by is None)).to_csv()
    )
    call.record("exported", "rows that are set aside", table=table, source=source, load=load)
    headers = {"content-disposition": 'attachment; filename="mend.csv"'}
    return Response(content.encode("utf-8"), media_type="text/csv; charset=utf-8", headers=headers)


@router.post("/data/quarantine/replay")
def replay(
    call: Annotated[Call, Depends(CHANGING_DATA)],
    table: Annotated[str, Form(max_length=60)] = "",
    source: Annotated[str, Form(max_length=200)] = "",
) -> Response:
    """Read again, from the sources as they are now, what is set aside."""
    call.workspace.sources(source or None)
    call.record("data.replay", source or "every source", table=table)
    title = f"Reading {words.table(table) if table else 'what is set aside'} again"
    return work(call, "replay", title, table=table or None, source=source or None)


@router.post("/data/quarantine/mended", max_body_size=_BODY)
def take_back(
    call: Annotated[Call, Depends(CHANGING_DATA)], form: Annotated[Sent, Depends(sent)]
) -> Response:
    """Replay rows that were mended in a spreadsheet."""
    file = form.get("file")
    if not isinstance(file, UploadFile) or not file.filename:
        raise DataError(
            "No file was chosen.",
            code="no_file",
            hint="Choose the CSV that you took from this page and mended.",
        )
    kept = by_hand.received(call.workspace, file.file)
    call.record("data.mend", "a file of mended rows", file=file.filename[:120])
    return work(call, "mend", "Reading the mended rows", file=str(kept), table=None, source=None)


@router.get("/data/quarantine/rows/{row_id}")
def one_row(call: Annotated[Call, Depends(ANALYSING)], row_id: RowId) -> Response:
    """One row, to be mended."""
    row = _found(call, row_id)
    call.record("data.quarantine", f"looked at a row of {row.table} that is set aside", row=row.id)
    return _form(call, row, {name: cell or "" for name, cell in (row.row or {}).items()})


@router.post("/data/quarantine/rows/{row_id}")
def mend(
    call: Annotated[Call, Depends(CHANGING_DATA)],
    row_id: RowId,
    fields: Annotated[Fields, Depends(filled)],
) -> Response:
    """Replay one row as somebody wrote it."""
    row = _found(call, row_id)
    cells = {
        name: fields[f"cell.{name}"][0][:_CELL]
        for name in by_hand.columns_of(row)
        if f"cell.{name}" in fields
    }
    lacking = [
        column.name
        for column in TABLES[row.table].columns
        if column.required and not cells.get(column.name, "").strip()
    ]
    unchanged = all((row.row or {}).get(name) == (cell or None) for name, cell in cells.items())
    if lacking or unchanged:
        said = (
            f"'{lacking[0].replace('_', ' ')}' is needed and empty."
            if lacking
            else "Nothing in the row was changed."
        )
        return _form(
            call,
            row,
            cells,
            DataError(said, code="not_mended", hint="Correct the cell that is marked."),
        )
    call.record("data.mend", f"a row of {row.table}", row=row.id, source=row.source, line=row.line)
    where = f"line {row.line}" if row.line else "a row"
    kept = by_hand.mended(call.workspace, row, cells)
    title = f"Mending {where} of {words.table(row.table)}"
    return work(call, "mend", title, file=str(kept), table=row.table, source=row.source)


@router.post("/data/quarantine/rows/{row_id}/dismiss")
def dismiss(call: Annotated[Call, Depends(CHANGING_DATA)], row_id: RowId) -> Response:
    """Say that a footer or a row of totals is no row, now and when it comes again."""
    row = _found(call, row_id)
    call.record("data.dismiss", f"a row of {row.table}", row=row.id, source=row.source)
    where = f"line {row.line}" if row.line else "a row"
    return work(call, "dismiss", f"Dismissing {where} of {words.table(row.table)}", row=row.id)


def _found(call: Call, row_id: str) -> SetAside:
    found = one(call.workspace.snapshot(), row_id)
    if found is None:
        raise NotFound(
            "No row that is set aside has this number.",
            hint="It may be mended already; the page Quarantine lists what is open.",
        )
    return found


def _form(
    call: Call, row: SetAside, cells: Mapping[str, str], wrong: DataError | None = None
) -> Response:
    view = row_form(row, cells, wrong)
    page = PageHead(f"What should {view.where} of {view.table} say?", "Data")
    status = wrong.status if wrong else 200
    return render(call, "pages/quarantine/row.html", page, view, status=status)

"""Quarantine: what could not be read, why, which KPIs lack it, and the ways to mend it. It holds
rows of any account: for analysts and admins.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Annotated, Any, Literal
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Form, Path, Query
from starlette.datastructures import UploadFile
from starlette.responses import Response

from kampass.access import NotFound
from kampass.errors import DataError
from kampass.model import TABLES
from kampass.server.rules import ANALYSING, CHANGING_DATA, DEFINING, Call, Rule
from kampass.web.pages.data.page import work
from kampass.web.pages.upload.page import Fields, filled, sent
from kampass.web.parts.loads import plain
from kampass.web.parts.wording import table_word
from kampass.web.rendering import render
from kampass.workspace.loads import by_hand
from kampass.workspace.loads.quarantine import Effect, SetAside, Wish, listed, one

router = APIRouter()
TAKING = Rule(DEFINING, "export")
_PAGE = 50
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
    by: Literal["reason", "table", "load"] = "reason",
    skip: Annotated[int, Query(ge=0, le=10**9)] = 0,
) -> Response:
    """The page."""
    wish = Wish(table or None, source or None, load, reason or None)
    found = call.workspace.quarantine(
        table=wish.table, source=wish.source, load=wish.load, reason=wish.reason, by=by
    )
    rows = listed(
        call.workspace.snapshot(snapshot=found.snapshot).cursor(), wish, page=(skip, _PAGE)
    )
    call.record(
        "data.quarantine",
        "looked at rows that are set aside",
        **{name: value for name, value in wish.parameters.items() if value is not None},
    )
    kept = {
        name: value
        for name, value in (
            ("table", wish.table),
            ("source", wish.source),
            ("load", wish.load),
            ("reason", wish.reason),
        )
        if value is not None
    }
    return render(
        call,
        "pages/quarantine/page.html",
        title="Data",
        question="What could not be read, and what lacks it?",
        found=found,
        by=by,
        kept=kept,
        skip=skip,
        groups=[_group(group, kept) for group in found.groups],
        effects=_effects(call, found.effects),
        rows=[_row(row) for row in rows],
        size=_PAGE,
        link=lambda **changes: "/data/quarantine?" + urlencode(kept | {"by": by} | changes),
        places=_places(call),
    )


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
    title = f"Reading {table_word(table) if table else 'what is set aside'} again"
    return work(call, "replay", title, table=table or None, source=source or None)


@router.post("/data/quarantine/mended", max_body_size=_BODY)
def take_back(
    call: Annotated[Call, Depends(CHANGING_DATA)], form: Annotated[dict[str, Any], Depends(sent)]
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
        words = (
            f"'{lacking[0].replace('_', ' ')}' is needed and empty."
            if lacking
            else "Nothing in the row was changed."
        )
        return _form(
            call,
            row,
            cells,
            DataError(words, code="not_mended", hint="Correct the cell that is marked."),
        )
    call.record("data.mend", f"a row of {row.table}", row=row.id, source=row.source, line=row.line)
    where = f"line {row.line}" if row.line else "a row"
    kept = by_hand.mended(call.workspace, row, cells)
    title = f"Mending {where} of {table_word(row.table)}"
    return work(call, "mend", title, file=str(kept), table=row.table, source=row.source)


def _found(call: Call, row_id: str) -> SetAside:
    found = one(call.workspace.snapshot().cursor(), row_id)
    if found is None:
        raise NotFound(
            "No row that is set aside has this number.",
            hint="It may be mended already; the page Quarantine lists what is open.",
        )
    return found


def _form(
    call: Call, row: SetAside, cells: Mapping[str, str], wrong: DataError | None = None
) -> Response:
    table = TABLES[row.table]
    marked = _marked(row)
    columns = [
        {
            "name": name,
            "label": name.replace("_", " ").capitalize(),
            "value": cells.get(name, ""),
            "wrong": plain(row.reason) if name == marked else None,
            "kind": table.column(name).type if table.has(name) else "text",
            "choices": table.column(name).choices if table.has(name) else (),
            "needed": table.has(name) and table.column(name).required,
        }
        for name in by_hand.columns_of(row)
    ]
    first = [column for column in columns if column["name"] == marked]
    rest = [column for column in columns if column["name"] != marked]
    return render(
        call,
        "pages/quarantine/row.html",
        title="Data",
        question=f"What should {'line ' + str(row.line) if row.line else 'this row'} of "
        f"{table_word(row.table)} say?",
        row=row,
        reason=plain(row.reason),
        table=table_word(row.table),
        columns=[*first, *rest],
        wrong=wrong,
        status=wrong.status if wrong else 200,
    )


def _marked(row: SetAside) -> str:
    """The column to correct: named as in the file, it is known by what stands there."""
    cells = row.row or {}
    if row.column in cells or TABLES[row.table].has(row.column):
        return row.column
    same = [name for name, cell in cells.items() if cell is not None and cell == row.value]
    return same[0] if len(same) == 1 else ""


def _group(group: Any, kept: Mapping[str, object]) -> dict[str, Any]:  # noqa: ANN401
    more = {
        name: value
        for name, value in (("table", group.table), ("reason", group.reason), ("load", group.load))
        if value is not None
    }
    return {
        "table": table_word(group.table),
        "reason": plain(group.reason or ""),
        "load": group.load,
        "rows": f"{group.rows:,}",
        "lines": group.lines,
        "example": group.example,
        "href": "/data/quarantine?" + urlencode({**kept, **more}),
    }


def _effects(call: Call, effects: tuple[Effect, ...]) -> list[dict[str, Any]]:
    """For each table: how much is missing, when, and the KPIs that need it, those switched on
    apart.
    """
    found = []
    for table in dict.fromkeys(effect.table for effect in effects):
        own = [effect for effect in effects if effect.table == table]
        kpis = {
            on: [
                {"id": effect.kpi, "name": call.workspace.catalogue.get(effect.kpi).name}
                for effect in own
                if effect.on is on
            ]
            for on in (True, False)
        }
        first = own[0]
        found.append(
            {
                "table": table_word(table),
                "rows": f"{first.rows:,}",
                "of": f"{first.of:,}",
                "share": f"{first.share:.2g} %",
                "months": first.months,
                "undated": first.undated,
                "on": kpis[True],
                "off": kpis[False],
            }
        )
    return found


def _row(row: SetAside) -> dict[str, Any]:
    return {
        "id": row.id,
        "table": table_word(row.table),
        "source": row.source,
        "load": row.load,
        "line": row.line,
        "column": row.column,
        "value": (row.value or "")[:300],
        "reason": plain(row.reason),
        "mended_by": row.mended_by,
        "cells": ", ".join(
            f"{name}: {cell}" for name, cell in (row.row or {}).items() if cell is not None
        )[:600],
    }


def _places(call: Call) -> list[dict[str, Any]]:
    """Each table and source with rows set aside: what one CSV holds."""
    cursor = call.workspace.snapshot().cursor()
    found = cursor.execute(
        'SELECT "table", source, count(*) FROM _quarantine GROUP BY ALL ORDER BY ALL'
    ).fetchall()
    return [
        {
            "table": table_word(table),
            "source": source,
            "rows": f"{rows:,}",
            "href": "/data/quarantine/rows.csv?" + urlencode({"table": table, "source": source}),
        }
        for table, source, rows in found
    ]

"""Why this number?: any figure taken apart, in the drawer or as a page, down to the source rows.

One address for both: with `HX-Request` it answers with the part that the drawer shows, else with
the whole page.
"""

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query
from starlette.responses import Response

from kampass.catalogue import Kpi
from kampass.render.files import ROW_COLUMNS, row_cells
from kampass.server.rules import EXPORTING, SIGNED_IN, Call
from kampass.web.pages.why import rows as evidence
from kampass.web.pages.why.view import FURTHEST, Part, rows_page, why_page
from kampass.web.parts.attachment import TableFile, table_attachment
from kampass.web.parts.question import Asked, Asking, cannot_ask
from kampass.web.rendering import PageHead, fragment, render

router = APIRouter()
KpiId = Annotated[str, Path(max_length=200)]
PartName = Annotated[Part, Query(description="which rows")]
MOST = 200


@router.get("/why/{kpi}")
def why(kpi: KpiId, call: Annotated[Call, Depends(SIGNED_IN)], asked: Asked) -> Response:
    """The figure taken apart."""
    asking, found = _asked(call, asked, kpi)
    title, path = f"Why: {found.name}", f"/why/{kpi}"
    if asking.wrong:
        return cannot_ask(call, asking, title=title, question="Why this number?", path=path)
    view = why_page(asking)
    if "hx-request" in call.request.headers:
        return fragment(call, "pages/why/part.html", view)
    page = PageHead(f"Why is {found.name} what it is?", title, view.link)
    return render(call, "pages/why/page.html", page, view)


@router.get("/why/{kpi}/rows")
def rows(
    kpi: KpiId,
    call: Annotated[Call, Depends(SIGNED_IN)],
    asked: Asked,
    *,
    part: PartName = "numerator",
    offset: Annotated[int, Query(ge=0, le=FURTHEST)] = 0,
    limit: Annotated[int, Query(ge=1, le=MOST)] = 50,
) -> Response:
    """The source rows of one part of the figure, a page of them."""
    asking, found = _asked(call, asked, kpi)
    title, path = f"Rows: {found.name}", f"/why/{kpi}/rows"
    if asking.wrong:
        return cannot_ask(
            call, asking, title=title, question="Which rows make this number?", path=path
        )
    view = rows_page(asking, part, offset, limit)
    return render(call, "pages/why/rows.html", PageHead(_heading(part, found), title), view)


@router.get("/why/{kpi}/rows/export")
def export(
    kpi: KpiId,
    call: Annotated[Call, Depends(EXPORTING)],
    asked: Asked,
    *,
    part: PartName = "numerator",
    form: Annotated[str, Query(alias="format", max_length=20)] = "csv",
) -> Response:
    """All rows of one part as a file."""
    asking, found = _asked(call, asked, kpi)
    if asking.wrong:
        raise asking.wrong
    file = TableFile(
        f"{kpi}_{part}",
        f"{asking.words(found.name)}: rows of the {part}",
        asking.url(f"/why/{kpi}/rows", more={"part": part}),
        ROW_COLUMNS,
        row_cells(evidence.rows(asking, found, part)),
        {found.label: found.formula},
    )
    return table_attachment(call, file, form)


def _asked(call: Call, asked: Asked, kpi: str) -> tuple[Asking, Kpi]:
    """The question about one figure: without a cut, without pieces."""
    asking = Asking.of(call, asked, kpis=(kpi,), grain="quarter")
    return (
        asking if asking.wrong else asking.changed(by=(), grain=None, compare=None)
    ), asking.kpis[0]


def _heading(part: Part, kpi: Kpi) -> str:
    words = {
        "numerator": "Which rows make",
        "denominator": "Which rows stand below the line of",
        "excluded": "Which rows are left out of",
    }
    return f"{words[part]} {kpi.name}?"

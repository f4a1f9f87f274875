"""Why this number?: any figure taken apart, in the drawer or as a page, down to the source rows.

One address for both: with `HX-Request` it answers with the part that the drawer shows, else with
the whole page.
"""

from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Depends, Path, Query
from starlette.responses import Response

from kampass.catalogue import Kpi
from kampass.errors import QuestionError
from kampass.render.files import ROW_COLUMNS, About, row_cells, write_table
from kampass.server.rules import EXPORTING, SIGNED_IN, Call
from kampass.web.pages.why import rows as evidence
from kampass.web.pages.why.view import Part, taken_apart
from kampass.web.parts.attachment import attachment
from kampass.web.parts.question import Asked, Asking, cannot_ask
from kampass.web.rendering import fragment, render

router = APIRouter()
KpiId = Annotated[str, Path(max_length=200)]
PartName = Annotated[
    Literal["numerator", "denominator", "excluded"], Query(description="which rows")
]
MOST, FURTHEST = 200, 20_000
_FORMS: Final = (("CSV", "csv"), ("Excel", "xlsx"), ("Parquet", "parquet"), ("JSON", "json"))


@router.get("/why/{kpi}")
def why(kpi: KpiId, call: Annotated[Call, Depends(SIGNED_IN)], asked: Asked) -> Response:
    """The figure taken apart."""
    asking, found = _asked(call, asked, kpi)
    title, path = f"Why: {found.name}", f"/why/{kpi}"
    if asking.wrong:
        return cannot_ask(call, asking, title=title, question="Why this number?", path=path)
    values: dict[str, Any] = {
        "asking": asking,
        "kpi": found,
        "parts": [
            taken_apart(asking, found, made) for made in evidence.explanations(asking, found)
        ],
        "path": path,
    }
    if "hx-request" in call.request.headers:
        return fragment("pages/why/part.html", **values)
    fields = asking.fields(cuts=0, grains=False)
    return render(
        call,
        "pages/why/page.html",
        title=title,
        question=f"Why is {found.name} what it is?",
        fields=fields,
        **values,
    )


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
    listed, hidden = None, None
    try:
        listed = evidence.listed(asking, found, part, (offset, limit))
    except QuestionError as wrong:
        if wrong.code not in {"rows_hidden", "no_denominator"}:
            raise
        hidden = wrong
    more = {"part": part, "limit": limit}
    turns = {
        "previous": asking.url(path, more=more | {"offset": max(0, offset - limit)})
        if offset
        else None,
        "next": asking.url(path, more=more | {"offset": offset + limit})
        if listed and listed.more and offset + limit <= FURTHEST
        else None,
    }
    return render(
        call,
        "pages/why/rows.html",
        title=title,
        question=_heading(part, found),
        asking=asking,
        kpi=found,
        listed=listed,
        hidden=hidden,
        part=part,
        turns=turns,
        offset=offset,
        back=asking.url(f"/why/{kpi}"),
        furthest=FURTHEST,
        tabs=[
            (text, asking.url(path, more={"part": name}), name == part)
            for name, text in evidence.parts_of(found)
        ],
        exports=[
            (text, asking.url(f"{path}/export", more={"part": part, "format": form}))
            for text, form in _FORMS
        ],
    )


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
    question = f"{asking.words(found.name)}: rows of the {part}"
    link = call.serving.url + asking.url(f"/why/{kpi}/rows", more={"part": part})
    made = evidence.rows(asking, found, part)
    about = About(
        question,
        asking.sight.snapshot_id,
        asking.sight.known_at,
        {found.label: found.formula},
        link,
    )
    return attachment(
        call,
        write_table(
            ROW_COLUMNS,
            row_cells(made),
            form,
            name=f"{kpi}_{part}",
            about=about,
            for_spreadsheets=True,
        ),
        link,
    )


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

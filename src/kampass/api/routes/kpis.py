"""KPIs: figures in the contract's shape, taken apart, down to their rows, and from one period to
another.
"""

from itertools import islice
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query
from starlette.responses import Response

from kampass.api import models
from kampass.render.files import ROW_COLUMNS, row_cells, write, write_table
from kampass.server.answering import DOCUMENTED, Form, Pieces, as_file, as_json, form_of, tagged
from kampass.server.query_parameters import Ends, Question
from kampass.server.rules import SIGNED_IN, Call, needing

router = APIRouter(tags=["KPIs"])
KpiId = Annotated[str, Path(max_length=200, description="a KPI's id")]
Kpis = Annotated[
    str, Path(max_length=4000, description="a KPI's id, or several with commas between them")
]
Reader = Annotated[Call, Depends(SIGNED_IN)]
Period = Annotated[str, Query(max_length=40)]
FormAsked = Annotated[
    Form | None, Query(alias="format", description="instead of a media type under Accept")
]
MOST_IN_A_FILE = 1_000_000


@router.get("/api/v1/kpis/{kpis}", response_model=models.ANSWERS, responses=DOCUMENTED)
def ask(kpis: Kpis, asked: Question, call: Reader, form: FormAsked = None) -> Response:
    """The answers to a question, as `kampass kpi` gives them; files (CSV, Parquet, XLSX) need the
    scope `export`.
    """
    ids, wanted = kpis.split(","), form_of(call.request, form)

    def answer() -> Response:
        result = call.sight.kpi(ids, **asked.words)
        if wanted == "json":
            return as_json(result.to_dicts())
        call.record("exported", f"KPIs as {wanted}", kpis=ids, **asked.recorded)
        return as_file(write(result, wanted))

    if wanted != "json":
        needing(call, "export")
    return tagged(call, answer)


@router.get("/api/v1/kpis/{kpis}/explanation", response_model=models.EXPLANATIONS)
def explain(kpis: Kpis, asked: Question, call: Reader) -> Response:
    """Every answer taken apart, as `kampass explain` does."""
    return tagged(
        call,
        lambda: as_json(
            [made.to_dict() for made in call.sight.explain(kpis.split(","), **asked.words)]
        ),
    )


@router.get("/api/v1/kpis/{kpi}/rows", response_model=models.ROWS, responses=DOCUMENTED)
def rows(
    kpi: KpiId,
    asked: Question,
    call: Reader,
    piece: Pieces,
    part: Annotated[
        str, Query(max_length=40, description="numerator, denominator or excluded")
    ] = "numerator",
    form: FormAsked = None,
) -> Response:
    """The source rows of a figure, in pieces, or as a file of all of them (scope `export`)."""
    wanted = form_of(call.request, form)
    words = asked.at(piece.snapshot).words

    def answer() -> Response:
        found = call.sight.rows(kpi, part, **words)
        if wanted != "json":
            call.record("exported", f"rows as {wanted}", part=part, kpis=[kpi], **asked.recorded)
            return as_file(
                write_table(
                    ROW_COLUMNS,
                    row_cells(islice(found, MOST_IN_A_FILE)),
                    wanted,
                    name=f"{kpi}_{part}_rows",
                )
            )
        shown = [
            row.to_dict() for row in islice(found, piece.offset, piece.offset + piece.limit + 1)
        ]
        snapshot = words["snapshot"] or call.sight.engine().snapshot.id
        return as_json(
            piece.page(call.request, shown[: piece.limit], snapshot, more=len(shown) > piece.limit)
        )

    if wanted != "json":
        needing(call, "export")
    return tagged(call, answer)


@router.get("/api/v1/kpis/{kpi}/bridge", response_model=models.BRIDGES)
def bridge(kpi: KpiId, before: Period, after: Period, call: Reader, ends: Ends) -> Response:
    """What lies between a KPI's figures of two periods, as `kampass bridge` says it."""
    return tagged(
        call,
        lambda: as_json(
            [made.to_dict() for made in call.sight.bridge(kpi, before, after, **ends.words)]
        ),
    )

"""A KPI's page: one figure from every side, with what people noted about it."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query
from starlette.responses import Response

from kampass.render.files import About, write
from kampass.server.rules import EXPORTING, SIGNED_IN, Call
from kampass.web.pages.kpi.view import Portrait, kpi_page
from kampass.web.parts.attachment import attachment
from kampass.web.parts.question import Asked, Asking, cannot_ask
from kampass.web.rendering import PageHead, render

router = APIRouter()
KpiId = Annotated[str, Path(max_length=200)]


@router.get("/kpis/{kpi}")
def show(kpi: KpiId, call: Annotated[Call, Depends(SIGNED_IN)], asked: Asked) -> Response:
    """The page."""
    asking = Asking.of(call, asked, kpis=(kpi,), grain="quarter")
    found = asking.kpis[0]
    if asking.wrong:
        path = f"/kpis/{kpi}"
        return cannot_ask(call, asking, title=found.name, question=found.question, path=path)
    view = kpi_page(call, asking)
    page = PageHead(found.question, found.name, view.link)
    return render(call, "pages/kpi/page.html", page, view)


@router.get("/kpis/{kpi}/export")
def export(
    kpi: KpiId,
    call: Annotated[Call, Depends(EXPORTING)],
    asked: Asked,
    form: Annotated[str, Query(alias="format", max_length=20)] = "csv",
) -> Response:
    """The figures as asked, as a file: cut and compared as the address says, over time where it
    names no grain and no cut.
    """
    asking = Asking.of(call, asked, kpis=(kpi,), grain="quarter")
    if asking.wrong:
        raise asking.wrong
    one = Portrait(asking, asking.kpis[0])
    wanted = asking if asking.by or asking.grain else one.over_time.changed(compare=asking.compare)
    result = call.sight.kpi(kpi, **wanted.spelled(), **wanted.clock)
    link = call.serving.url + wanted.url(f"/kpis/{kpi}")
    about = About.of(
        result, question=wanted.words(asking.kpis[0].name), kpis=asking.kpis, link=link
    )
    return attachment(call, write(result, form, about=about, for_spreadsheets=True), link)

"""Overview, a leader's home: how the book is doing, what moved it, which cohorts hold, where growth
and churn come from, what is at risk.
"""

from typing import Annotated

from fastapi import APIRouter, Depends, Query
from starlette.responses import Response

from kampass.book.cohorts import Step
from kampass.render.files import About, write
from kampass.server.rules import EXPORTING, SIGNED_IN, Call
from kampass.web.pages.overview.revenue import MOVEMENTS
from kampass.web.pages.overview.view import PATH, Follow, headlines, overview
from kampass.web.parts.attachment import attachment
from kampass.web.parts.question import Asked, Asking, cannot_ask
from kampass.web.rendering import PageHead, render

router = APIRouter()
_TITLE, _QUESTION = "Overview", "How is the business doing?"


@router.get(PATH)
def show(
    call: Annotated[Call, Depends(SIGNED_IN)],
    asked: Asked,
    follow: Annotated[Follow, Query(description="which KPI the cohorts show")] = "nrr",
    cohort: Annotated[Step, Query(description="the size of a cohort")] = "year",
) -> Response:
    """The page."""
    if call.viewer.scope.accounts == frozenset():
        return render(call, "pages/overview/page.html", PageHead(_QUESTION, _TITLE))
    asking = _asking(call, asked)
    if asking.wrong:
        return cannot_ask(call, asking, title=_TITLE, question=_QUESTION, path=PATH)
    view = overview(call, asking, follow, cohort)
    return render(call, "pages/overview/page.html", PageHead(_QUESTION, _TITLE, view.link), view)


@router.get("/overview/export")
def export(
    call: Annotated[Call, Depends(EXPORTING)],
    asked: Asked,
    form: Annotated[str, Query(alias="format", max_length=20)] = "csv",
) -> Response:
    """The headline figures as a file."""
    asking = _asking(call, asked)
    if asking.wrong:
        raise asking.wrong
    kpis = [kpi for kpi in asking.kpis if asking.takes(kpi)]
    result = call.sight.kpi([kpi.id for kpi in kpis], **asking.spelled(grain=None), **asking.clock)
    link = call.serving.url + asking.url(PATH)
    about = About.of(result, question=asking.words(_TITLE), kpis=kpis, link=link)
    return attachment(call, write(result, form, about=about, for_spreadsheets=True), link)


def _asking(call: Call, asked: Asked) -> Asking:
    """The question, about the headlines and what moves revenue."""
    kpis = tuple(dict.fromkeys([*headlines(call), *MOVEMENTS]))
    return Asking.of(call, asked, kpis=kpis, grain="quarter")

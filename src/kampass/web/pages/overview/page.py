"""Overview, a leader's home: how the book is doing, what moved it, which cohorts hold, where growth
and churn come from, what is at risk.
"""

from collections.abc import Sequence
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query
from starlette.responses import Response

from kampass.render.files import About, write
from kampass.server.rules import EXPORTING, SIGNED_IN, Call
from kampass.web.pages.overview import view
from kampass.web.parts.attachment import attachment
from kampass.web.parts.question import Asked, Asking, cannot_ask
from kampass.web.parts.tiles import figures, tiles_of
from kampass.web.rendering import render

router = APIRouter()
MOST = 12
DIMENSIONS = ("segment", "region", "tier", "product", "account_manager", "team")
_TITLE, _QUESTION, _PATH = "Overview", "How is the business doing?", "/overview"
Follow = Annotated[Literal["nrr", "grr"], Query(description="which KPI the cohorts show")]
Step = Annotated[Literal["year", "quarter"], Query(description="the size of a cohort")]


@router.get(_PATH)
def show(
    call: Annotated[Call, Depends(SIGNED_IN)],
    asked: Asked,
    follow: Follow = "nrr",
    cohort: Step = "year",
) -> Response:
    """The page."""
    if call.viewer.scope.accounts == frozenset():
        return render(
            call,
            "pages/overview/page.html",
            title=_TITLE,
            question=_QUESTION,
            lonely=True,
            path=_PATH,
        )
    asking = _asking(call, asked)
    if asking.wrong:
        return cannot_ask(call, asking, title=_TITLE, question=_QUESTION, path=_PATH)
    found = figures(
        call.sight, _headlines(call), period=asking.period, where=asking.where, clock=asking.clock
    )
    by = asking.by[0] if asking.by else DIMENSIONS[0]
    whole = asking.changed(by=(), grain=None, compare=None)
    return render(
        call,
        "pages/overview/page.html",
        title=_TITLE,
        question=_QUESTION,
        lonely=False,
        path=_PATH,
        asking=asking,
        by=by,
        fields=asking.fields(grains=False),
        lead=view.lead(found, whole),
        tiles=tiles_of(call, whole, {kpi: found.get(kpi) for kpi in _headlines(call)}),
        **view.pictures(whole, by, follow, cohort),
        switches=_switches(asking, follow, cohort, by),
        exports=_exports(asking),
    )


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
    link = call.serving.url + asking.url(_PATH)
    return attachment(
        call,
        write(
            result,
            form,
            about=About.of(result, question=asking.words(_TITLE), kpis=kpis, link=link),
            for_spreadsheets=True,
        ),
        link,
    )


def _asking(call: Call, asked: Asked) -> Asking:
    """The question, about the headlines and what moves revenue."""
    return Asking.of(
        call,
        asked,
        kpis=tuple(dict.fromkeys([*_headlines(call), *view.MOVEMENTS])),
        grain="quarter",
    )


def _headlines(call: Call) -> Sequence[str]:
    """The KPIs that are switched on, as far as there is room."""
    return [kpi for kpi in call.workspace.settings.enabled if kpi in call.sight.catalogue.kpis][
        :MOST
    ]


def _switches(
    asking: Asking, follow: str, cohort: str, by: str
) -> dict[str, list[tuple[str, str, bool]]]:
    """The small choices of the page, each a link that keeps the rest of the question."""

    def link(**chosen: str) -> str:
        return asking.url(_PATH, more={"follow": follow, "cohort": cohort} | chosen)

    own = [
        name
        for name in asking.sight.engine().attributes
        if name not in {*DIMENSIONS, "industry", "acquisition_source"}
    ]
    names = [name for name in (*DIMENSIONS, *sorted(own)) if name in asking.dimensions]
    return {
        "follow": [
            (text, f"{link(follow=key)}#cohorts", key == follow)
            for key, text in (("nrr", "NRR"), ("grr", "GRR"))
        ],
        "cohort": [
            (text, f"{link(cohort=key)}#cohorts", key == cohort)
            for key, text in (("year", "By year"), ("quarter", "By quarter"))
        ],
        "by": [
            (
                name.replace("_", " ").capitalize(),
                f"{asking.url(_PATH, by=[name], more={'follow': follow, 'cohort': cohort})}#slices",
                name == by,
            )
            for name in names
        ],
    }


def _exports(asking: Asking) -> list[tuple[str, Any]]:
    return [
        (text, asking.url("/overview/export", more={"format": form}))
        for text, form in (
            ("CSV", "csv"),
            ("Excel", "xlsx"),
            ("Parquet", "parquet"),
            ("JSON", "json"),
        )
    ]

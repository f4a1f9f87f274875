"""A KPI's page: one figure from every side, with what people noted about it."""

from typing import Annotated, Final

from fastapi import APIRouter, Depends, Path, Query
from starlette.responses import Response

from kampass.render.files import About, write
from kampass.server.rules import EXPORTING, SIGNED_IN, Call
from kampass.web.pages.kpi.view import Portrait
from kampass.web.parts.attachment import attachment
from kampass.web.parts.notes import noted
from kampass.web.parts.question import Asked, Asking, cannot_ask
from kampass.web.parts.tiles import tiles_of
from kampass.web.parts.wording import dimension_word
from kampass.web.rendering import render

router = APIRouter()
KpiId = Annotated[str, Path(max_length=200)]
_FORMS: Final = (
    ("CSV", "csv"),
    ("Excel", "xlsx"),
    ("Parquet", "parquet"),
    ("JSON", "json"),
    ("Picture (PNG)", "png"),
    ("Picture (SVG)", "svg"),
)


@router.get("/kpis/{kpi}")
def show(kpi: KpiId, call: Annotated[Call, Depends(SIGNED_IN)], asked: Asked) -> Response:
    """The page."""
    asking = Asking.of(call, asked, kpis=(kpi,), grain="quarter")
    found, path = asking.kpis[0], f"/kpis/{kpi}"
    if asking.wrong:
        return cannot_ask(call, asking, title=found.name, question=found.question, path=path)
    notes = call.library.notes.about(kpi=kpi, scope=call.sight.scope)
    one = Portrait(asking, found, notes)
    return render(
        call,
        "pages/kpi/page.html",
        title=found.name,
        question=found.question,
        asking=asking,
        kpi=found,
        one=one,
        path=path,
        here=asking.url(path),
        fields=asking.fields(),
        tile=tiles_of(call, one.focus, {kpi: one.figure})[0],
        cuts=[
            (dimension_word(name), f"{asking.url(path, by=[name])}#slices", name == one.sliced_by)
            for name in asking.dimensions
        ],
        exports=[
            (text, asking.url(f"{path}/export", more={"format": form})) for text, form in _FORMS
        ],
        why=one.focus.url(f"/why/{kpi}"),
        noted=noted(
            call,
            notes,
            back=asking.url(path),
            about={"kpi": kpi, "account": _account(asking)},
            periods=[(one.focus.period, one.focus.period_words)],
        ),
    )


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


def _account(asking: Asking) -> str:
    """The one account that the question is about, for notes; empty where it is about several."""
    named = [text.removeprefix("account=") for text in asking.where if text.startswith("account=")]
    return named[0] if len(named) == 1 else ""

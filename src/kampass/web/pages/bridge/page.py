"""What changed?: from one figure to another, nothing left over, down to the accounts."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query
from starlette.responses import Response

from kampass.catalogue import Kpi
from kampass.render import words
from kampass.server.rules import EXPORTING, SIGNED_IN, Call
from kampass.web.pages.bridge.view import Ends, bridge_page, bridges
from kampass.web.parts import spans
from kampass.web.parts.attachment import TableFile, table_attachment
from kampass.web.parts.question import Asked, Asking, QuestionFields, cannot_ask
from kampass.web.rendering import PageHead, render

router = APIRouter()
KpiId = Annotated[str, Path(max_length=200)]


class Between:
    """Both ends as the address spells them; a snapshot may be named for the earlier one."""

    def __init__(
        self,
        *,
        before: Annotated[str | None, Query(max_length=64)] = None,
        after: Annotated[str | None, Query(max_length=64)] = None,
        before_snapshot: Annotated[str | None, Query(max_length=64)] = None,
    ) -> None:
        self.before, self.after, self.before_snapshot = (
            None if not text else text.strip() for text in (before, after, before_snapshot)
        )


@router.get("/bridge/{kpi}")
def show(
    kpi: KpiId,
    call: Annotated[Call, Depends(SIGNED_IN)],
    asked: Asked,
    between: Annotated[Between, Depends(Between)],
) -> Response:
    """The page."""
    asking, found = _asked(call, asked, between, kpi)
    path, question = f"/bridge/{kpi}", f"What changed in {found.name}?"
    if asking.wrong:
        return cannot_ask(call, asking, title=f"Bridge: {found.name}", question=question, path=path)
    view = bridge_page(asking, _ends(asking, between))
    return render(
        call,
        "pages/bridge/page.html",
        PageHead(question, f"Bridge: {found.name}", asking.url(path)),
        view,
        status=view.wrong.status if view.wrong else 200,
    )


@router.get("/bridge/{kpi}/export")
def export(
    kpi: KpiId,
    call: Annotated[Call, Depends(EXPORTING)],
    asked: Asked,
    between: Annotated[Between, Depends(Between)],
    *,
    form: Annotated[str, Query(alias="format", max_length=20)] = "csv",
) -> Response:
    """Every effect as a file, in full precision."""
    asking, found = _asked(call, asked, between, kpi)
    if asking.wrong:
        raise asking.wrong
    ends = _ends(asking, between)
    rows = [
        [
            effect.kind,
            " / ".join("unknown" if part is None else str(part) for part in effect.label),
            effect.effect,
            effect.mix,
            effect.rate,
        ]
        for made in bridges(asking, found, ends, asking.by)
        for effect in made.effects
    ]
    unit = words.unit_label(found.unit, call.sight.settings.currency) or found.unit
    columns = ["kind", "member", f"effect ({unit})", f"mix ({unit})", f"rate ({unit})"]
    path = asking.url(f"/bridge/{kpi}", period="", more=ends.spelled)
    definitions = {found.label: found.formula}
    file = TableFile(f"{kpi}_bridge", ends.words(asking), path, columns, rows, definitions)
    return table_attachment(call, file, form)


def _asked(call: Call, asked: QuestionFields, between: Between, kpi: str) -> tuple[Asking, Kpi]:
    """The question; the later end is its period."""
    if between.after:
        asked.one["period"] = between.after
    asking = Asking.of(call, asked, kpis=(kpi,), grain="quarter")
    return (asking if asking.wrong else asking.changed(grain=None, compare=None)), asking.kpis[0]


def _ends(asking: Asking, between: Between) -> Ends:
    return Ends(
        between.before or spans.before(asking.period, asking.sight.settings.calendar),
        asking.period,
        between.before_snapshot,
    )

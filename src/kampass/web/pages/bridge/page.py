"""What changed?: from one figure to another, nothing left over, down to the accounts."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query
from starlette.responses import Response

from kampass.catalogue import Kpi
from kampass.errors import KampassError, QuestionError
from kampass.periods import parse
from kampass.render.charts.chart import unit_words
from kampass.render.files import About, write_table
from kampass.server.rules import EXPORTING, SIGNED_IN, Call
from kampass.web.pages.bridge.view import Ends, bridges, told
from kampass.web.parts import spans
from kampass.web.parts.attachment import attachment
from kampass.web.parts.question import Asked, Asking, Written, cannot_ask
from kampass.web.parts.wording import dimension_word
from kampass.web.rendering import render

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
    ends, parts, wrong = _ends(asking, between), [], None
    try:
        parse(ends.before, call.sight.settings.calendar)
        parts = [
            told(asking, found, ends, made) for made in bridges(asking, found, ends, asking.by)
        ]
    except QuestionError as error:
        wrong = error
    more = _more(ends)
    return render(
        call,
        "pages/bridge/page.html",
        title=f"Bridge: {found.name}",
        question=question,
        status=wrong.status if wrong else 200,
        asking=asking,
        kpi=found,
        ends=ends,
        parts=parts,
        wrong=wrong,
        fields=_fields(asking, ends, wrong),
        words=_words(asking, found, ends),
        chips=[(text, f"{address}&{_tail(more)}") for text, address in asking.chips(path)]
        if asking.where
        else [],
        cuts=[
            (text, asking.url(path, by=by, more=more, period=""), tuple(by) == asking.by)
            for text, by in _cuts(asking)
        ],
        exports=[
            (text, asking.url(f"{path}/export", period="", more=more | {"format": form}))
            for text, form in (("CSV", "csv"), ("Excel", "xlsx"), ("JSON", "json"))
        ],
        way=asking.url(f"/kpis/{kpi}", by=()),
        path=path,
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
    rows: list[list[Any]] = []
    for made in bridges(asking, found, ends, asking.by):
        rows += [
            [
                effect.kind,
                " / ".join("unknown" if part is None else str(part) for part in effect.label),
                effect.effect,
                effect.mix,
                effect.rate,
            ]
            for effect in made.effects
        ]
    link = call.serving.url + asking.url(f"/bridge/{kpi}", period="", more=_more(ends))
    about = About(
        _words(asking, found, ends),
        call.sight.snapshot_id,
        call.sight.known_at,
        {found.label: found.formula},
        link,
    )
    unit = unit_words(found.unit, call.sight.settings.currency) or found.unit
    columns = ["kind", "member", f"effect ({unit})", f"mix ({unit})", f"rate ({unit})"]
    return attachment(
        call,
        write_table(columns, rows, form, name=f"{kpi}_bridge", about=about, for_spreadsheets=True),
        link,
    )


def _asked(call: Call, asked: Written, between: Between, kpi: str) -> tuple[Asking, Kpi]:
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


def _more(ends: Ends) -> dict[str, object]:
    return {
        "before": ends.before,
        "after": ends.after,
        "before_snapshot": ends.before_snapshot or "",
    }


def _tail(more: dict[str, object]) -> str:
    return "&".join(f"{name}={value}" for name, value in more.items() if value)


def _words(asking: Asking, kpi: Kpi, ends: Ends) -> str:
    """The question in words."""
    first = asking.changed(period=ends.before).period_words + (
        f" in snapshot {ends.before_snapshot}" if ends.before_snapshot else ""
    )
    by = (
        f", by {' and '.join(dimension_word(name).lower() for name in asking.by)}"
        if asking.by
        else ""
    )
    return ", ".join(
        [
            f"{kpi.name} from {first} to {asking.period_words}{by}",
            *(text for text, _ in asking.conditions),
        ]
    )


def _fields(asking: Asking, ends: Ends, wrong: KampassError | None) -> list[dict[str, Any]]:
    """The form: both ends, the cut, the filters."""
    listed = spans.offered(asking.sight)
    own: list[dict[str, Any]] = [
        {
            "name": "before",
            "label": "From",
            "value": ends.before,
            "listed": listed,
            "error": wrong.message if wrong and wrong.code == "bad_period" else None,
        },
        {"name": "after", "label": "To", "value": ends.after, "listed": listed},
    ]
    rest = [item for item in asking.fields(grains=False) if item["name"] != "period"]
    snapshot = {
        "name": "before_snapshot",
        "label": "Earlier snapshot",
        "value": ends.before_snapshot or "",
        "hint": "Only to compare two snapshots",
    }
    return [*own, *rest, snapshot]


def _cuts(asking: Asking) -> list[tuple[str, list[str]]]:
    """By what the members are told apart: accounts unless said otherwise."""
    return [
        ("By account" if "account" in asking.dimensions else "As a whole", []),
        *((dimension_word(name), [name]) for name in asking.dimensions if name != "account"),
    ]

"""An explanation in an account manager's words: the formula with its values, what is in and out,
how far the data reaches, what it rests on; and a page of the rows behind it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

from kampass.catalogue import Kpi
from kampass.errors import QuestionError
from kampass.facts import FACTS
from kampass.insight.explain import Explanation
from kampass.insight.explain.explanation import MeasureCount, Reached
from kampass.render import words
from kampass.render.display import show_value
from kampass.web.pages.why import rows as evidence
from kampass.web.parts import spans
from kampass.web.parts.figures import Badge, Delta, delta_of, status_of
from kampass.web.parts.forms import Filters
from kampass.web.parts.links import Link, exports
from kampass.web.parts.question import Asking
from kampass.web.parts.tables import DataTable, Detail, Heading, TableCell, TableRow
from kampass.web.parts.tiles import why_none
from kampass.web.rendering import moment

Part = Literal["numerator", "denominator", "excluded"]
_PLACES: Final = {
    "numerator": "above the line",
    "denominator": "below the line",
    "both": "above and below",
    "beside": "beside",
}
_WINDOWS: Final = {"previous": ", the period before", "year": ", the year up to the end"}


_REACHED: Final = (
    Heading("table", "Data"),
    Heading("rows", "Rows", "number"),
    Heading("covered", "Covers"),
    Heading("loaded", "Loaded"),
    Heading("aside", "Set aside", "number"),
)
FURTHEST = 20_000
"""How many rows the pages hold; an export holds them all."""


@dataclass(frozen=True)
class MeasureLine:
    """One measure's counts: candidates = in + out."""

    name: str
    about: str
    place: str
    value: str
    candidates: str
    table: str
    counted: str
    out: Sequence[tuple[str, str]]


@dataclass(frozen=True)
class TakenApart:
    """One figure with what it is made of."""

    value: str | None
    reason: str | None
    about: str
    interval: str | None
    status: Badge | None
    n: str
    change: Delta | None
    bridge: str | None
    words: str
    filled: str
    result: str
    proof: bool | None
    from_rows: str
    measures: Sequence[MeasureLine]
    reached: DataTable
    notes: Sequence[str]
    facts: Sequence[Detail]
    sql: str
    parameters: Sequence[tuple[str, str]]
    ways: Sequence[Link]
    hidden: bool


@dataclass(frozen=True)
class WhyPage:
    """The page, and the drawer."""

    filters: Filters
    name: str
    way: str
    lead: str
    question: str
    traps: Sequence[str]
    parts: Sequence[TakenApart]
    link: str


def why_page(asking: Asking) -> WhyPage:
    """The figure taken apart; a distribution has a part for each of its figures."""
    kpi, path = asking.kpis[0], f"/why/{asking.kpis[0].id}"
    parts = [_taken_apart(asking, kpi, made) for made in evidence.explanations(asking, kpi)]
    value = parts[0].value or "not known"
    return WhyPage(
        filters=asking.filters(path, kpi.name, cuts=0, grains=False),
        name=kpi.name,
        way=asking.url(f"/kpis/{kpi.id}"),
        lead=f"{kpi.name} is {value} for {asking.period_words}: {kpi.formula}.",
        question=asking.words(kpi.name),
        traps=kpi.traps,
        parts=parts,
        link=asking.url(path),
    )


def _taken_apart(asking: Asking, kpi: Kpi, made: Explanation) -> TakenApart:
    """An explanation in words."""
    answer, sight = made.answer, asking.sight
    hidden = any(FACTS[measure.fact].origin.hidden for measure in kpi.measures.values())
    change = answer.change
    before = change and words.period(change.period_start, change.period_end)
    steps = made.calculation.split(" = ")
    value = None if answer.value is None else show_value(answer.value, kpi.unit, made.currency)
    return TakenApart(
        value=value,
        reason=why_none(sight, kpi, answer) if value is None else None,
        about=_slice(made),
        interval=_interval(kpi, made),
        status=status_of(answer, sight.settings.calendar),
        n=words.counted(kpi, answer.n),
        change=delta_of(kpi, answer, made.currency, f"on {before}"),
        bridge=_bridge(asking, kpi) if change and change.difference is not None else None,
        words=made.words,
        filled=" = ".join(steps[1:-1]) or steps[0],
        result=steps[-1],
        proof=made.adds_up if made.calculation else None,
        from_rows="no value" if made.from_rows is None else f"{made.from_rows!r}",
        measures=[_measure(measure) for measure in made.measures],
        reached=DataTable(_REACHED, [_reached(asking, each) for each in made.coverage]),
        notes=[*(note.text for note in answer.notes), *map(_note, made.remarks)],
        facts=_facts(asking, kpi, made),
        sql=made.sql,
        parameters=[(name, ", ".join(map(str, given))) for name, given in made.parameters.items()],
        ways=[] if hidden else _ways(asking, kpi),
        hidden=hidden,
    )


def _interval(kpi: Kpi, made: Explanation) -> str | None:
    answer = made.answer
    if answer.low is None:
        return None
    ends = (show_value(end, kpi.unit, made.currency) for end in (answer.low, answer.high))
    return " to ".join(ends)


def _slice(made: Explanation) -> str:
    return ", ".join(
        "Unknown" if value is None else str(value) for value in made.answer.dimensions.values()
    )


def _bridge(asking: Asking, kpi: Kpi) -> str:
    """The way to what lies between this figure and the one before."""
    ends = {
        "before": spans.before(asking.period, asking.sight.settings.calendar),
        "after": asking.period,
    }
    return asking.url(f"/bridge/{kpi.id}", more=ends, period="")


def _measure(measure: MeasureCount) -> MeasureLine:
    return MeasureLine(
        name=measure.name.replace("_", " "),
        about=measure.about + _WINDOWS.get(measure.window, ""),
        place=_PLACES[measure.part],
        value="-" if measure.value is None else f"{measure.value:,.2f}".removesuffix(".00"),
        candidates="-" if measure.candidates is None else f"{measure.candidates:,}",
        table=words.table(measure.table),
        counted="-" if measure.counted is None else f"{measure.counted:,}",
        out=[(reason, f"{rows:,}") for reason, rows in measure.left_out],
    )


def _reached(asking: Asking, reached: Reached) -> TableRow:
    """How far one table's data reaches."""
    calendar = asking.sight.settings.calendar
    covered = "-"
    if reached.covered_from is not None and reached.covered_to is not None:
        covered = (
            f"{words.day(calendar.local_date(reached.covered_from))} to "
            f"{words.day(calendar.last_date_before(reached.covered_to))}"
        )
    return TableRow(
        {
            "table": words.table(reached.table).capitalize(),
            "rows": f"{reached.rows:,}",
            "covered": TableCell(
                covered,
                note="assumed from its rows and loads" if reached.assumed else None,
            ),
            "loaded": "not connected"
            if reached.loaded_at is None
            else moment(reached.loaded_at, calendar.timezone),
            "aside": TableCell(f"{reached.set_aside:,}", f"/data/quarantine?table={reached.table}")
            if reached.set_aside
            else "none",
        }
    )


def _note(text: str) -> str:
    """A note without what is said to people at a terminal."""
    return text.partition(": 'kampass")[0].rstrip(".") + "."


def _facts(asking: Asking, kpi: Kpi, made: Explanation) -> list[Detail]:
    """What the figure rests on."""
    calendar = asking.sight.settings.calendar
    settings, answer = made.settings, made.answer
    zone = calendar.timezone
    return [
        Detail("Definition", answer.definition, href=f"/catalogue/{kpi.id}"),
        Detail("Snapshot", answer.snapshot),
        Detail("As known at", moment(answer.known_at, zone), zone),
        Detail("Data reaches to", words.day(words.through(answer, calendar))),
        Detail("Time zone", str(settings["timezone"])),
        Detail("Currency", str(settings["currency"])),
        Detail("Week starts", str(settings["week_start"]).capitalize()),
        Detail("Settings", str(settings.get("settings_digest", "-"))),
    ]


def _ways(asking: Asking, kpi: Kpi) -> list[Link]:
    """The links to the rows."""
    names = [
        ("numerator", "Rows above the line" if kpi.denominator else "Rows counted"),
        *([("denominator", "Rows below the line")] if kpi.denominator else []),
        ("excluded", "Rows left out"),
    ]
    return [
        Link(text, asking.url(f"/why/{kpi.id}/rows", more={"part": part})) for part, text in names
    ]


@dataclass(frozen=True)
class RowsPage:
    """The rows of one part of a figure, a page of them; or why none can be shown."""

    name: str
    back: str
    lead: str
    part: Part
    tabs: Sequence[Link]
    listed: evidence.RowList | None
    hidden: QuestionError | None
    first: int
    range: str
    of: str
    previous: str | None
    next: str | None
    exports: Sequence[Link]
    furthest: str = f"{FURTHEST:,}"


def rows_page(asking: Asking, part: Part, offset: int, limit: int) -> RowsPage:
    """The rows from `offset` on, at most `limit` of them."""
    kpi = asking.kpis[0]
    path = f"/why/{kpi.id}/rows"
    listed, hidden = None, None
    try:
        listed = evidence.listed(asking, kpi, part, (offset, limit))
    except QuestionError as wrong:
        if wrong.code not in {"rows_hidden", "no_denominator"}:
            raise
        hidden = wrong
    more: dict[str, object] = {"part": part, "limit": limit}

    def at(place: int) -> str:
        return asking.url(path, more={**more, "offset": place})

    follows = listed and listed.more and offset + limit <= FURTHEST
    total = listed.total if listed else None
    return RowsPage(
        name=kpi.name,
        back=asking.url(f"/why/{kpi.id}"),
        lead=_lead(asking, total) if listed else "",
        part=part,
        tabs=[
            Link(text, asking.url(path, more={"part": name}), name == part)
            for name, text in evidence.parts_of(kpi)
        ],
        listed=listed,
        hidden=hidden,
        first=offset,
        range=f"Rows {offset + 1} to {offset + listed.shown}" if listed else "",
        of="" if total is None else f" of {total:,}",
        previous=at(max(0, offset - limit)) if offset else None,
        next=at(offset + limit) if follows else None,
        exports=exports(
            lambda form: asking.url(f"{path}/export", more={"part": part, "format": form})
        ),
    )


def _lead(asking: Asking, total: int | None) -> str:
    counted = "" if total is None else f": {total:,} {'row' if total == 1 else 'rows'}"
    return f"{asking.words(asking.kpis[0].name)}{counted}."

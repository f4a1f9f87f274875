"""What lies between two figures: both ends, the steps as a picture, every member that moved the
figure.
"""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Final

from kampass.catalogue import Kpi
from kampass.engine.answer import Answer
from kampass.errors import QuestionError
from kampass.facts import FACTS
from kampass.insight.change.bridge import Bridge
from kampass.insight.change.splits import Effect, is_member
from kampass.periods import parse
from kampass.render import words
from kampass.render.charts import waterfall
from kampass.render.display import show_difference, show_value
from kampass.web.parts import spans
from kampass.web.parts.forms import Filters, FormField
from kampass.web.parts.links import Link, exports
from kampass.web.parts.pictures import BridgeStep, Picture, picture
from kampass.web.parts.question import Asking
from kampass.web.parts.tables import (
    NO_ROWS,
    DataTable,
    Detail,
    Heading,
    TableCell,
    TableRow,
    numbers,
)
from kampass.web.parts.tiles import why_none

WORDS: Final = words.EFFECTS | {"measure": "By measure"}
MEANINGS: Final = {
    "entered": "not in the figure before",
    "left": "not in the figure any more",
    "changed": "in both figures",
    "mix": "stayed, and weigh more or less",
    "rate": "stayed, and do better or worse",
    "measure": "parts of the formula as they became",
}
_PHRASES: Final = {
    "entered": "what came in",
    "left": "what is not in it any more",
    "changed": "changes within those who stayed",
    "mix": "another weight of those who stayed",
    "rate": "those who stayed doing better or worse",
    "measure": "the parts of the formula",
}
MOST = 100
_MOVERS = 5


@dataclass(frozen=True)
class Ends:
    """Between which two figures a bridge leads: the periods, and the snapshot that the earlier one
    is read from, if another.
    """

    before: str
    after: str
    before_snapshot: str | None = None

    @property
    def spelled(self) -> dict[str, object]:
        """What a link says of them."""
        return {
            "before": self.before,
            "after": self.after,
            "before_snapshot": self.before_snapshot or "",
        }

    def words(self, asking: Asking) -> str:
        """The question in words."""
        shot = f" in snapshot {self.before_snapshot}" if self.before_snapshot else ""
        first = asking.changed(period=self.before).period_words + shot
        cut = " and ".join(words.dimension(name).lower() for name in asking.by)
        by = f", by {cut}" if cut else ""
        said = f"{asking.kpis[0].name} from {first} to {asking.period_words}{by}"
        return ", ".join([said, *(text for text, _ in asking.conditions)])


def bridges(asking: Asking, kpi: Kpi, ends: Ends, by: Sequence[str] = ()) -> list[Bridge]:
    """The bridge; for a distribution one for each of its values. QuestionError where it cannot be
    made.
    """
    about: tuple[Hashable, ...] = (
        kpi.id,
        ends,
        tuple(by),
        asking.where,
        asking.known_at,
        asking.snapshot,
    )

    def make() -> list[Bridge]:
        return asking.sight.bridge(
            kpi.id,
            ends.before,
            ends.after,
            by=tuple(by),
            where=asking.where,
            before_snapshot=ends.before_snapshot,
            **asking.clock,
        )

    return asking.sight.kept("bridge", make, *about)


@dataclass(frozen=True)
class Told:
    """A bridge, ready for its page."""

    about: str
    lead: str
    reason: str | None
    steps: Sequence[BridgeStep] = ()
    facts: Sequence[Detail] = ()
    members: DataTable = NO_ROWS
    note: str = ""
    order: str = ""
    chart: Picture | None = None


def told(asking: Asking, kpi: Kpi, ends: Ends, made: Bridge) -> Told:
    """A bridge in words, as a picture and as rows."""
    about = ", ".join(
        "Unknown" if value is None else str(value) for value in made.after.dimensions.values()
    )
    if made.difference is None:
        lacking = made.before if made.before.value is None else made.after
        return Told(
            about,
            f"There is no bridge for {kpi.name}.",
            why_none(asking.sight, kpi, lacking),
        )
    rows = _ranked(asking, kpi, ends, made)
    ends_of = [
        Detail(f"{name} ({_when(end)})", show_value(end.value, kpi.unit, made.currency))
        for name, end in (("From", made.before), ("To", made.after))
    ]
    note = (
        f"the {MOST} largest of {len(rows):,}; the export holds them all"
        if len(rows) > MOST
        else "the largest first"
    )
    chart = picture(waterfall(made)) if made.dimensions not in {(), ("account",)} else None
    facts = [
        *ends_of,
        Detail("Difference", show_difference(made.difference, kpi.unit, made.currency)),
        Detail("Unexplained", _residual(kpi, made)),
    ]
    # One step is no picture.
    steps = [] if chart and len(made.summary) < 2 else _steps(kpi, made)  # noqa: PLR2004
    return Told(
        about,
        _lead(kpi, made),
        None,
        steps,
        facts,
        DataTable(_columns(made), rows[:MOST]),
        note,
        made.order,
        chart,
    )


@dataclass(frozen=True)
class BridgePage:
    """The page: what was told of each bridge, or why there is none."""

    filters: Filters
    name: str
    way: str
    caption: str
    told: Sequence[Told]
    wrong: QuestionError | None
    cuts: Sequence[Link]
    exports: Sequence[Link]


def bridge_page(asking: Asking, ends: Ends) -> BridgePage:
    """The page of a question; a distribution has a bridge for each of its values."""
    kpi, path = asking.kpis[0], f"/bridge/{asking.kpis[0].id}"
    parts, wrong = [], None
    try:
        parse(ends.before, asking.sight.settings.calendar)
        parts = [told(asking, kpi, ends, made) for made in bridges(asking, kpi, ends, asking.by)]
    except QuestionError as error:
        wrong = error
    tail = "&".join(f"{name}={value}" for name, value in ends.spelled.items() if value)
    return BridgePage(
        filters=Filters(
            ends.words(asking),
            _fields(asking, ends, wrong),
            path,
            asking.hidden,
            [(text, f"{address}&{tail}") for text, address in asking.filters(path).chips],
            open=wrong is not None,
        ),
        name=kpi.name,
        way=asking.url(f"/kpis/{kpi.id}", by=()),
        caption=f"From {ends.before} to {ends.after}",
        told=parts,
        wrong=wrong,
        cuts=[
            Link(text, asking.url(path, by=by, more=ends.spelled, period=""), by == asking.by)
            for text, by in _cuts(asking)
        ],
        exports=exports(
            lambda form: asking.url(
                f"{path}/export", period="", more={**ends.spelled, "format": form}
            ),
            without="parquet",
        ),
    )


def _fields(asking: Asking, ends: Ends, wrong: QuestionError | None) -> list[FormField]:
    """The form: both ends, the cut, the filters."""
    listed = spans.offered(asking.sight)
    error = wrong.message if wrong and wrong.code == "bad_period" else None
    return [
        FormField("before", "From", ends.before, listed=listed, error=error),
        FormField("after", "To", ends.after, listed=listed),
        *(one for one in asking.fields(grains=False) if one.name != "period"),
        FormField(
            "before_snapshot",
            "Earlier snapshot",
            ends.before_snapshot or "",
            hint="Only to compare two snapshots",
        ),
    ]


def _cuts(asking: Asking) -> list[tuple[str, tuple[str, ...]]]:
    """By what the members are told apart: accounts unless said otherwise."""
    return [
        ("By account" if "account" in asking.dimensions else "As a whole", ()),
        *((words.dimension(name), (name,)) for name in asking.dimensions if name != "account"),
    ]


@dataclass(frozen=True)
class Movers:
    """The members that moved a figure most, and the way to all of them."""

    href: str
    table: DataTable = NO_ROWS


def movers(asking: Asking, kpi: Kpi) -> Movers:
    """Those since the period before; none where they cannot be told or may not be shown."""
    ends = Ends(spans.before(asking.period, asking.sight.settings.calendar), asking.period)
    href = asking.url(
        f"/bridge/{kpi.id}", more={"before": ends.before, "after": ends.after}, period=""
    )
    if kpi.distribution or any(
        FACTS[measure.fact].origin.hidden for measure in kpi.measures.values()
    ):
        return Movers(href)
    try:
        made = bridges(asking, kpi, ends)[0]
    except QuestionError:
        return Movers(href)
    if made.difference is None or made.method not in {"sum", "mix and rate"}:
        return Movers(href)
    rows = _ranked(asking, kpi, ends, made)[:_MOVERS]
    return Movers(href, DataTable(_columns(made)[:3], rows))


def _lead(kpi: Kpi, made: Bridge) -> str:
    """What became of the figure, and by what most."""
    shown = [show_value(each.value, kpi.unit, made.currency) for each in (made.before, made.after)]
    most = max(made.summary.items(), key=lambda pair: abs(pair[1]), default=("", 0.0))
    by = (
        f", most of it by {_PHRASES[most[0]]} ({show_difference(most[1], kpi.unit, made.currency)})"
        if most[1]
        else ""
    )
    return (
        f"{kpi.name} went from {shown[0]} in {_when(made.before)} to {shown[1]} in "
        f"{_when(made.after)}: {show_difference(made.difference, kpi.unit, made.currency)}{by}."
    )


def _when(answer: Answer) -> str:
    return words.period(answer.period_start, answer.period_end)


def _steps(kpi: Kpi, made: Bridge) -> list[BridgeStep]:
    """The waterfall by kind: without the levels, beside which the steps would vanish, but for sums
    that are mostly movement.
    """

    def amount(value: float) -> str:
        return show_difference(value, kpi.unit, made.currency)

    steps = [
        BridgeStep(
            "up" if value > 0 else "down",
            WORDS[name],
            value,
            amount(value),
            note=f"{_members(made, name)}: {MEANINGS[name]}",
        )
        for name, value in made.summary.items()
        if value
    ]
    total = made.difference or 0.0
    return [*steps, BridgeStep("end", "Difference", total, amount(total))]


def _members(made: Bridge, name: str) -> str:
    count = made.counts.get("changed" if name in {"mix", "rate"} else name, 0)
    what = " and ".join(made.dimensions).replace("_", " ") if made.dimensions else "step"
    return f"{count:,} {what}{'' if count == 1 else 's'}"


def _residual(kpi: Kpi, made: Bridge) -> str:
    return "0" if made.residual == 0 else show_difference(made.residual, kpi.unit, made.currency)


def _columns(made: Bridge) -> list[Heading]:
    head = " and ".join(words.dimension(name) for name in made.dimensions) or "Step"
    split = [("mix", "Mix"), ("rate", "Rate")] if made.method == "mix and rate" else []
    return [
        Heading("member", head),
        Heading("effect", "Effect", "number"),
        Heading("kind", "How"),
        *numbers(*split),
    ]


def _ranked(asking: Asking, kpi: Kpi, ends: Ends, made: Bridge) -> list[TableRow]:
    """Every member with an effect; those that moved the figure most come first, steps in their
    order.
    """
    moved = [effect for effect in made.effects if effect.effect]
    if made.method in {"sum", "mix and rate"}:
        moved.sort(key=lambda effect: -abs(effect.effect))
    return [_member(asking, kpi, ends, (made, effect)) for effect in moved]


def _member(asking: Asking, kpi: Kpi, ends: Ends, one: tuple[Bridge, Effect]) -> TableRow:
    made, effect = one

    def amount(value: float | None) -> str | None:
        return None if value is None else show_difference(value, kpi.unit, made.currency)

    cells = {
        "effect": amount(effect.effect),
        "kind": WORDS[effect.kind],
        "mix": amount(effect.mix),
        "rate": amount(effect.rate),
    }
    if not is_member(effect, made.dimensions):
        step = ", ".join(str(part) for part in effect.label).replace("_", " ")
        return TableRow(cells | {"member": step})
    named = list(zip(made.dimensions, effect.label, strict=True))
    text = ", ".join(
        "Unknown" if value is None else made.labels.get((name, value), value)
        for name, value in named
    )
    return TableRow(cells | {"member": TableCell(text, _way(asking, kpi, ends, named))})


def _way(asking: Asking, kpi: Kpi, ends: Ends, named: Sequence[tuple[str, str | None]]) -> str:
    """Where a member leads: an account to its page, anything else to the figure for it."""
    if len(named) == 1 and named[0][0] == "account" and named[0][1] is not None:
        return f"/accounts/{named[0][1]}"
    where = [
        *asking.where,
        *(f"{name} is unknown" if value is None else f"{name}={value}" for name, value in named),
    ]
    return asking.url(f"/kpis/{kpi.id}", period=ends.after, where=where, by=())

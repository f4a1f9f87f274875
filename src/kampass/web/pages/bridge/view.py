"""What lies between two figures: both ends, the steps as a picture, every member that moved the
figure.
"""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from kampass.catalogue import Kpi
from kampass.engine.answer import Answer
from kampass.errors import QuestionError
from kampass.facts import FACTS
from kampass.insight.change.bridge import Bridge
from kampass.insight.change.splits import Effect, is_member
from kampass.render.charts import waterfall
from kampass.render.display import show_difference, show_value
from kampass.web.parts import spans
from kampass.web.parts.picture import Picture, picture
from kampass.web.parts.question import Asking
from kampass.web.parts.wording import dimension_word, why_none

WORDS: Final = {
    "entered": "Entered",
    "left": "Left",
    "changed": "Changed within",
    "mix": "Mix",
    "rate": "Rate",
    "measure": "By measure",
}
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
    steps: list[dict[str, Any]]
    facts: list[tuple[str, str]]
    rows: list[dict[str, Any]]
    columns: list[dict[str, Any]]
    note: str
    order: str
    chart: Picture | None


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
            [],
            [],
            [],
            [],
            "",
            "",
            None,
        )
    rows = _ranked(asking, kpi, ends, made)
    ends_of = [
        (f"{name} ({_when(end)})", show_value(end.value, kpi.unit, made.currency))
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
        ("Difference", show_difference(made.difference, kpi.unit, made.currency)),
        ("Unexplained", _residual(kpi, made)),
    ]
    # One step is no picture.
    steps = [] if chart and len(made.summary) < 2 else _steps(kpi, made)  # noqa: PLR2004
    return Told(
        about,
        _lead(kpi, made),
        None,
        steps,
        facts,
        rows[:MOST],
        _columns(made),
        note,
        made.order,
        chart,
    )


def movers(asking: Asking, kpi: Kpi) -> dict[str, Any]:
    """The members that moved a figure most since the period before; nothing where they cannot be
    told or may not be shown.
    """
    ends = Ends(spans.before(asking.period, asking.sight.settings.calendar), asking.period)
    href = asking.url(
        f"/bridge/{kpi.id}", more={"before": ends.before, "after": ends.after}, period=""
    )
    empty: dict[str, Any] = {"rows": [], "columns": [], "href": href}
    if kpi.distribution or any(
        FACTS[measure.fact].origin.hidden for measure in kpi.measures.values()
    ):
        return empty
    try:
        made = bridges(asking, kpi, ends)[0]
    except QuestionError:
        return empty
    if made.difference is None or made.method not in {"sum", "mix and rate"}:
        return empty
    return {
        "rows": _ranked(asking, kpi, ends, made)[:_MOVERS],
        "columns": _columns(made)[:3],
        "href": href,
    }


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
    return spans.said(answer.period_start, answer.period_end)


def _steps(kpi: Kpi, made: Bridge) -> list[dict[str, Any]]:
    """The waterfall by kind for ui.bridge: without the levels, beside which the steps would vanish,
    but for sums that are mostly movement.
    """
    parts = [(name, amount) for name, amount in made.summary.items() if amount]
    steps = [
        {
            "kind": "up" if amount > 0 else "down",
            "label": WORDS[name],
            "value": amount,
            "text": show_difference(amount, kpi.unit, made.currency),
            "note": f"{_members(made, name)}: {MEANINGS[name]}",
        }
        for name, amount in parts
    ]
    total = {
        "kind": "end",
        "label": "Difference",
        "value": made.difference,
        "text": show_difference(made.difference, kpi.unit, made.currency),
    }
    return [*steps, total]


def _members(made: Bridge, name: str) -> str:
    count = made.counts.get("changed" if name in {"mix", "rate"} else name, 0)
    what = " and ".join(made.dimensions).replace("_", " ") if made.dimensions else "step"
    return f"{count:,} {what}{'' if count == 1 else 's'}"


def _residual(kpi: Kpi, made: Bridge) -> str:
    return "0" if made.residual == 0 else show_difference(made.residual, kpi.unit, made.currency)


def _columns(made: Bridge) -> list[dict[str, Any]]:
    head = " and ".join(dimension_word(name) for name in made.dimensions) or "Step"
    split = [("mix", "Mix"), ("rate", "Rate")] if made.method == "mix and rate" else []
    return [
        {"key": "member", "label": head},
        {"key": "effect", "label": "Effect", "kind": "number"},
        {"key": "kind", "label": "How"},
        *({"key": key, "label": label, "kind": "number"} for key, label in split),
    ]


def _ranked(asking: Asking, kpi: Kpi, ends: Ends, made: Bridge) -> list[dict[str, Any]]:
    """Every member with an effect; those that moved the figure most come first, steps in their
    order.
    """
    moved = [effect for effect in made.effects if effect.effect]
    if made.method in {"sum", "mix and rate"}:
        moved.sort(key=lambda effect: -abs(effect.effect))
    return [_member(asking, kpi, ends, (made, effect)) for effect in moved]


def _member(asking: Asking, kpi: Kpi, ends: Ends, one: tuple[Bridge, Effect]) -> dict[str, Any]:
    made, effect = one
    amounts = {
        name: None if amount is None else show_difference(amount, kpi.unit, made.currency)
        for name, amount in (("mix", effect.mix), ("rate", effect.rate))
    }
    cells: dict[str, Any] = {
        "effect": show_difference(effect.effect, kpi.unit, made.currency),
        "kind": WORDS[effect.kind],
        **amounts,
    }
    if not is_member(effect, made.dimensions):
        return {
            "cells": cells
            | {"member": ", ".join(str(part) for part in effect.label).replace("_", " ")}
        }
    named = list(zip(made.dimensions, effect.label, strict=True))
    text = ", ".join(
        "Unknown" if value is None else made.labels.get((name, value), value)
        for name, value in named
    )
    return {"cells": cells | {"member": {"text": text, "href": _way(asking, kpi, ends, named)}}}


def _way(asking: Asking, kpi: Kpi, ends: Ends, named: Sequence[tuple[str, str | None]]) -> str:
    """Where a member leads: an account to its page, anything else to the figure for it."""
    if len(named) == 1 and named[0][0] == "account" and named[0][1] is not None:
        return f"/accounts/{named[0][1]}"
    where = [
        *asking.where,
        *(f"{name} is unknown" if value is None else f"{name}={value}" for name, value in named),
    ]
    return asking.url(f"/kpis/{kpi.id}", period=ends.after, where=where, by=())

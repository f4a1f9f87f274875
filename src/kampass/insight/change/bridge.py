"""From one figure to another: what entered, what left, what changed within, and nothing
unexplained.

Where the members' parts add up, a sum changes by what entered, less what left, plus what changed
within; a ratio by each member's weight and rate: with R the mean of both figures, a member that
stays moves the whole by its change of weight times (its mean rate - R), the mix, and by its change
of rate times its mean weight, the rate (the midpoint split). Entering with rate R changes nothing.
Where parts do not add up (medians, distinct counts, products), the members of the later figure
replace those of the earlier one step by step in a stated order. All of it is worked out in
fractions, so the residual is zero, not small.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction
from math import fsum, isclose
from typing import Annotated, Any, Literal, Self

from kampass.catalogue import Kpi
from kampass.catalogue.expressions import names_in
from kampass.engine.answer import Answer
from kampass.engine.engine import Engine
from kampass.engine.plain import Json, Plain
from kampass.engine.question import Asked, Filter, Question
from kampass.errors import QuestionError
from kampass.facts import FACTS
from kampass.insight.change.members import Figures, MemberParts, contents
from kampass.insight.change.splits import (
    KINDS,
    Effect,
    adds_up,
    by_amount,
    by_weight,
    is_member,
    measure_by_measure,
    step_by_step,
)

Method = Literal["sum", "mix and rate", "step by step", "measure by measure"]
ORDERS = {
    "sum": "entered, left, changed within",
    "mix and rate": "each member by its weight and its rate, split at the midpoint",
    "step by step": "first what left is taken out, then what entered is added, then what stayed is "
    "replaced, each by code point",
    "measure by measure": "the measures of the formula, in the order in which it names them",
}


@dataclass(frozen=True)
class BridgeEnd:
    """One end of a bridge: who answers, and for which period."""

    engine: Engine
    period: str


@dataclass(frozen=True)
class Bridge(Plain):
    """Two figures and everything between them.

    `summary` adds the effects up by kind; effects and residual come from exact fractions; `order`
    says how the steps follow each other.
    """

    kpi: Annotated[str, Json(made=lambda self: self.after.kpi, place=-1)] = field(
        init=False, repr=False, compare=False
    )
    before: Answer
    after: Answer
    name: Annotated[str, Json(place=-1)]
    unit: Annotated[str, Json(made=lambda self: self.after.unit, place=-1)] = field(
        init=False, repr=False, compare=False
    )
    dimensions: Annotated[tuple[str, ...], Json(hidden=True)]
    difference: float | None
    method: Annotated[Method | None, Json(kind=str | None)]
    order: Annotated[str, Json(made=lambda self: ORDERS[self.method] if self.method else "")] = (
        field(init=False, repr=False, compare=False)
    )
    effects: Annotated[tuple[Effect, ...], Json(place=1)]
    summary: dict[str, float]
    counts: Annotated[dict[str, int], Json("members")]
    residual: Annotated[float | None, Json(place=2)]
    reason: Annotated[str | None, Json(place=2)] = None
    currency: Annotated[str, Json(hidden=True)] = "USD"
    labels: Annotated[Mapping[tuple[str, str], str], Json(hidden=True)] = field(
        default_factory=dict, repr=False
    )

    def to_dict(self) -> dict[str, Any]:
        """Ready for JSON; effects by what the bridge's members are."""
        effects = [effect.named(self.dimensions) for effect in self.effects]
        return super().to_dict() | {"effects": effects}

    @classmethod
    def from_dict(cls, found: Mapping[str, Any], **given: Any) -> Self:
        """The bridge that JSON says."""
        named = [effect["dimensions"] for effect in found["effects"] if "dimensions" in effect]
        return super().from_dict(
            found,
            dimensions=tuple(named[0]) if named else (),
            effects=tuple(map(Effect.of_named, found["effects"])),
            **given,
        )


def bridge(
    before: BridgeEnd,
    after: BridgeEnd,
    kpi_id: str,
    *,
    by: tuple[str, ...] = (),
    where: tuple[Filter, ...] = (),
) -> list[Bridge]:
    """The bridge between two figures of a KPI; for a distribution one for each of its values.
    Members are accounts unless `by` says otherwise.
    """
    kpi = after.engine.catalogue.get(kpi_id)
    question = Question((kpi_id,), after.period, None, by, where)
    after.engine.check(question)
    where = after.engine.understood(question).where
    if by and _hidden(kpi):
        raise QuestionError(
            f"'{kpi.id}' is made of answers of employees: its cells are not taken apart.",
            code="rows_hidden",
            hint="Leave --by out.",
        )
    members = tuple(name for name in by if name != kpi.distribution) or (
        ("account",) if kpi.takes_any_account_dimension else ()
    )
    ends = [_Found.of(side, kpi, where) for side in (before, after)]
    values = sorted(
        {value for found in ends for value in found.by_value},
        key=lambda value: (value is None, value or ""),
    ) or [None]
    made = []
    for value in values:
        first, last = (
            found.get(value) or _missing(found, value, kpi.distribution) for found in ends
        )
        made.append(
            _bridge(_Ends(before, after, kpi, members, where, value), first, last, given=bool(by))
        )
    seen = {
        name: {
            effect.label[place]
            for one in made
            for effect in one.effects
            if is_member(effect, members)
        }
        for place, name in enumerate(members)
    }
    labels = before.engine.labels(seen) | after.engine.labels(seen)
    return [replace(one, labels=labels) for one in made]


def _hidden(kpi: Kpi) -> bool:
    return any(FACTS[measure.fact].origin.hidden for measure in kpi.measures.values())


@dataclass(frozen=True)
class _Found:
    """The answer at one end, or a distribution's answers by its value; `nothing` is the answer of a
    distribution without any.
    """

    by_value: dict[str | None, Answer]
    nothing: Answer | None = None

    @classmethod
    def of(cls, side: BridgeEnd, kpi: Kpi, where: tuple[Filter, ...]) -> "_Found":
        """Ask one end."""
        found = side.engine.ask(Question((kpi.id,), side.period, None, (), where))
        if kpi.distribution and not found[0].dimensions:
            return cls({}, found[0])
        return cls({answer.dimensions.get(kpi.distribution or ""): answer for answer in found})

    def get(self, value: str | None) -> Answer | None:
        """The answer for a value of the distribution; None where others have one and it has not."""
        return self.by_value.get(value) or self.nothing


@dataclass(frozen=True)
class _Ends:
    """Both ends of a bridge, and what its members are."""

    before: BridgeEnd
    after: BridgeEnd
    kpi: Kpi
    members: tuple[str, ...]
    where: tuple[Filter, ...]
    value: str | None

    def contents(self, *, members: bool = True) -> tuple[MemberParts, MemberParts]:
        """What the members bring at either end."""
        sides = []
        for side in (self.before, self.after):
            periods = side.engine.periods(Question((self.kpi.id,), side.period))
            asked = Asked(periods, self.members if members else (), self.where)
            sides.append(contents(side.engine, self.kpi, asked, at=self.value))
        return sides[0], sides[1]


def _bridge(ends: _Ends, before: Answer, after: Answer, *, given: bool) -> Bridge:
    kpi = ends.kpi
    frame = Bridge(
        before,
        after,
        kpi.name,
        ends.members,
        None,
        None,
        (),
        {},
        {},
        None,
        before.reason or after.reason,
        ends.after.engine.settings.currency,
    )
    if frame.reason:
        return frame
    whole = ends.contents(members=False)
    exact = (whole[0].figures(whole[0].members), whole[1].figures(whole[1].members))
    if not ends.members or _hidden(kpi):
        return _finished(
            frame, kpi, exact, "measure by measure", list(measure_by_measure(kpi, *whole))
        )
    parts = ends.contents()
    if not all(
        _same(side.figures(side.members).value(kpi), one.value(kpi))
        for side, one in zip(parts, exact, strict=True)
    ):
        # members do not make the whole (a transfer between slices is none for the whole book)
        return _finished(
            frame, kpi, exact, "measure by measure", list(measure_by_measure(kpi, *whole))
        )
    if adds_up(parts[0], exact[0]) and adds_up(parts[1], exact[1]):
        if kpi.form == "ratio":
            return _finished(frame, kpi, exact, "mix and rate", list(by_weight(parts, exact)))
        return _finished(frame, kpi, exact, "sum", list(by_amount(parts)))
    if len(names_in(kpi.value)) > 1 and kpi.form == "statistic" and not given:
        return _finished(
            frame, kpi, exact, "measure by measure", list(measure_by_measure(kpi, *whole))
        )
    return _finished(
        frame, kpi, exact, "step by step", list(step_by_step(kpi, *parts, apart=given))
    )


def _missing(found: _Found, value: str | None, dimension: str | None) -> Answer:
    """A value of a distribution that one end does not have: none of what the others there share."""
    other = next(iter(found.by_value.values()))
    return replace(other, dimensions={str(dimension): value}, value=0.0, numerator=0.0)


def _same(one: Fraction | None, other: Fraction | None) -> bool:
    return one == other or (
        one is not None and other is not None and isclose(one, other, rel_tol=1e-12, abs_tol=1e-12)
    )


def _finished(
    frame: Bridge,
    kpi: Kpi,
    exact: tuple[Figures, Figures],
    method: Method,
    effects: list[tuple[Effect, Fraction]],
) -> Bridge:
    """The bridge with its sums; whatever the effects leave unexplained is the residual."""
    before, after = (figures.value(kpi) for figures in exact)
    assert before is not None
    assert after is not None
    counts: dict[str, int] = {}
    sums: dict[str, Fraction] = {}
    split: dict[str, list[float]] = {"mix": [], "rate": []}
    for effect, exactly in sorted(effects, key=lambda pair: KINDS.index(pair[0].kind)):
        counts[effect.kind] = counts.get(effect.kind, 0) + effect.count
        if effect.mix is None or effect.rate is None:
            sums[effect.kind] = sums.get(effect.kind, Fraction(0)) + exactly
        else:
            split["mix"].append(effect.mix)
            split["rate"].append(effect.rate)
    summary = {kind: float(each) for kind, each in sums.items()} | {
        name: fsum(each) for name, each in split.items() if each
    }
    residual = after - before - sum((each for _, each in effects), Fraction(0))
    return replace(
        frame,
        method=method,
        effects=tuple(effect for effect, _ in effects),
        summary=summary,
        counts=counts,
        difference=float(after - before),
        residual=float(residual),
    )

"""The ways to take a difference apart: by amount, by mix and rate, member by member, measure by
measure; exactly, each.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Annotated, Any, Literal

from kampass.catalogue import Kpi
from kampass.catalogue.expressions import names_in
from kampass.engine.plain import Json, Plain
from kampass.errors import QuestionError
from kampass.insight.change.members import Figures, Member, MemberParts

Kind = Literal["entered", "left", "changed", "measure"]
MOST_STEPS = 500
KINDS: tuple[Kind, ...] = ("entered", "left", "changed", "measure")
Parts = tuple[MemberParts, MemberParts]
Exactly = tuple["Effect", Fraction]


@dataclass(frozen=True)
class Effect(Plain):
    """What one member, or one step, did to the figure, in its unit. `mix` and `rate` add up to the
    effect of a member that stayed in a ratio.
    """

    kind: Kind
    label: Member
    effect: float
    mix: float | None = None
    rate: float | None = None
    count: Annotated[int, Json(hidden=True)] = 1

    def named(self, dimensions: Sequence[str]) -> dict[str, Any]:
        """Ready for JSON, the label as what it is: a member by its dimensions, or a step."""
        named = (
            {"dimensions": dict(zip(dimensions, self.label, strict=True))}
            if is_member(self, dimensions)
            else {"step": list(self.label)}
        )
        shown: dict[str, Any] = {}
        for name, value in self.to_dict().items():
            shown |= named if name == "label" else {name: value}
        return shown

    @classmethod
    def of_named(cls, found: Mapping[str, Any]) -> "Effect":
        """The effect that `named` tells of."""
        member = "dimensions" in found
        label = tuple(found["dimensions"].values()) if member else tuple(found["step"])
        return cls.from_dict(found, label=label)


def is_member(effect: Effect, dimensions: Sequence[str]) -> bool:
    """Whether an effect is one member's, and no step of several."""
    return effect.kind != "measure" and effect.count == 1 and len(effect.label) == len(dimensions)


def adds_up(parts: MemberParts, whole: Figures) -> bool:
    """Whether the members' figures sum to the whole's, exactly."""
    if parts.kpi.form == "statistic":
        return False
    figures = [parts.figures([member]) for member in parts.members]
    if (
        any(each.top is None for each in figures)
        or sum((Fraction(each.top or 0) for each in figures), Fraction(0)) != whole.top
    ):
        return False
    return (
        parts.kpi.denominator is None
        or sum((Fraction(each.bottom or 0) for each in figures), Fraction(0)) == whole.bottom
    )


def by_amount(parts: Parts) -> Iterator[Exactly]:
    """A sum: what entered, what left, what changed within."""
    before, after = parts
    for member in _ordered(before.members | after.members):
        effect = _amount(after, member) - _amount(before, member)
        yield Effect(_kind(member, before, after), member, float(effect)), effect


def _amount(parts: MemberParts, member: Member) -> Fraction:
    return Fraction(parts.figures([member]).top or 0) if member in parts.members else Fraction(0)


def by_weight(parts: Parts, whole: tuple[Figures, Figures]) -> Iterator[Exactly]:
    """A ratio: mix and rate at the midpoint; a member without a weight at one end moves the whole
    by its part there.
    """
    before, after = parts
    scale = Fraction(str(before.kpi.scale))
    bottoms = [Fraction(side.bottom or 0) for side in whole]
    mean = (
        sum(
            (Fraction(side.top or 0) / bottom for side, bottom in zip(whole, bottoms, strict=True)),
            Fraction(0),
        )
        / 2
    )
    for member in _ordered(before.members | after.members):
        (top, weight), (top_after, weight_after) = (
            _share(side, member, bottom) for side, bottom in zip(parts, bottoms, strict=True)
        )
        effect = scale * (top_after - top - mean * (weight_after - weight))
        mix = rate = None
        if weight and weight_after:
            rates = top / weight, top_after / weight_after
            mix = scale * (weight_after - weight) * (sum(rates) / 2 - mean)
            rate = scale * (rates[1] - rates[0]) * (weight + weight_after) / 2
        yield (
            Effect(
                _kind(member, before, after),
                member,
                float(effect),
                None if mix is None else float(mix),
                None if rate is None else float(rate),
            ),
            effect,
        )


def _share(parts: MemberParts, member: Member, bottom: Fraction) -> tuple[Fraction, Fraction]:
    """A member's numerator and denominator as shares of the whole's denominator."""
    if member not in parts.members:
        return Fraction(0), Fraction(0)
    figures = parts.figures([member])
    return Fraction(figures.top or 0) / bottom, Fraction(figures.bottom or 0) / bottom


def step_by_step(
    kpi: Kpi, before: MemberParts, after: MemberParts, *, apart: bool
) -> Iterator[Exactly]:
    """Members of the later figure replace those of the earlier one; a step after which there is no
    value is taken with the next.
    """
    kinds: tuple[Kind, ...] = ("left", "entered", "changed")
    groups = {
        kind: _ordered(m for m in before.members | after.members if _kind(m, before, after) == kind)
        for kind in kinds
    }
    if apart and sum(map(len, groups.values())) > MOST_STEPS:
        raise QuestionError(
            (
                f"'{kpi.id}' does not add up, and more than {MOST_STEPS} members cannot be "
                "replaced "
                "one by one."
            ),
            hint="Choose a coarser --by, or leave it out.",
        )
    steps: list[tuple[Kind, list[Member]]] = []
    for kind, listed in groups.items():
        steps += (
            [(kind, [member]) for member in listed] if apart else [(kind, listed)] if listed else []
        )
    old, new, count = set(before.members), set[Member](), 0
    value, waiting = before.figures(old).value(kpi), list[Member | str]()
    for number, (kind, listed) in enumerate(steps):
        old -= set(listed)
        new |= set(listed)
        then = before.figures(old, after, new).value(kpi)
        waiting += listed if apart else [f"{len(listed)} {kind}"]
        count += len(listed)
        if then is None and number < len(steps) - 1:
            continue
        assert value is not None
        assert then is not None
        yield Effect(kind, _label(waiting), float(then - value), count=count), then - value
        value, waiting, count = then, [], 0


def _label(waiting: Sequence[Member | str]) -> Member:
    """The one member of a step, or what it takes together."""
    if len(waiting) == 1 and not isinstance(waiting[0], str):
        return waiting[0]
    return tuple(
        part
        if isinstance(part, str)
        else " / ".join("unknown" if value is None else value for value in part)
        for part in waiting
    )


def measure_by_measure(kpi: Kpi, before: MemberParts, after: MemberParts) -> Iterator[Exactly]:
    """The measures of the later figure replace those of the earlier one."""
    names = list(dict.fromkeys([*names_in(kpi.value), *names_in(kpi.denominator)]))
    value, taken, waiting = before.with_measures(after, ()).value(kpi), list[str](), list[str]()
    for name in names:
        taken.append(name)
        waiting.append(name)
        then = before.with_measures(after, taken).value(kpi)
        if then is None:
            continue
        assert value is not None
        yield Effect("measure", tuple(waiting), float(then - value)), then - value
        value, waiting = then, []


def _kind(member: Member, before: MemberParts, after: MemberParts) -> Kind:
    if member not in before.members:
        return "entered"
    return "changed" if member in after.members else "left"


def _ordered(members: Iterable[Member]) -> list[Member]:
    """By code point, the unknown last."""
    return sorted(members, key=lambda member: [(value is None, value or "") for value in member])

"""Account managers side by side: one KPI's figures of each, and which of them can be told apart
(`engine.bands`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from math import isclose
from typing import Required, TypedDict, Unpack

from kampass.book.today import last_day
from kampass.catalogue import Kpi
from kampass.engine.answer import Answer
from kampass.insight.bands import Bands, Part, bands, too_few
from kampass.workspace.view import Sight


@dataclass(frozen=True)
class Comparison:
    """A KPI of several account managers: each one's answer, and the parts of each one's accounts;
    none where they do not add up to the figure.
    """

    kpi: Kpi
    answers: Mapping[str, Answer]
    parts: Mapping[str, Sequence[Part]] = field(repr=False)

    @property
    def adds_up(self) -> bool:
        """Whether the figures are made of what each account adds, so that accounts can be dealt
        out.
        """
        return bool(self.parts)

    @cached_property
    def bands(self) -> Bands:
        """Who can be told apart."""
        return bands(self.parts, scale=self.kpi.scale, upwards=self.kpi.direction == "up")

    @cached_property
    def few(self) -> frozenset[str]:
        """Whose accounts are too few to tell."""
        return frozenset(name for name, found in self.parts.items() if too_few(found))


class ComparisonWords(TypedDict, total=False):
    """Over which period, of which accounts, by which clock."""

    period: Required[str]
    where: Sequence[str]
    known_at: str | None
    snapshot: str | None


def comparable(kpi: Kpi) -> bool:
    """Whether a KPI is a ratio that accounts may add up to, and one direction is better."""
    whole = kpi.form == "ratio" and not (kpi.distribution or kpi.suppress_below or kpi.cut_only)
    return whole and kpi.takes_any_account_dimension and kpi.direction != "neutral"


def compare(
    sight: Sight, kpis: Sequence[Kpi], members: Sequence[str], **asked: Unpack[ComparisonWords]
) -> dict[str, Comparison]:
    """KPIs of these account managers over a period, by id; each account counts for whoever looked
    after it at the time.
    """
    about = (
        asked["period"],
        tuple(asked.get("where", ())),
        asked.get("known_at"),
        asked.get("snapshot"),
    )
    return sight.kept(
        "comparison",
        lambda: _compare(sight, kpis, members, asked),
        tuple(kpi.label for kpi in kpis),
        tuple(members),
        *about,
    )


def _compare(
    sight: Sight, kpis: Sequence[Kpi], members: Sequence[str], asked: ComparisonWords
) -> dict[str, Comparison]:
    ids = [kpi.id for kpi in kpis]
    answers: dict[str, dict[str, Answer]] = {kpi: {} for kpi in ids}
    parts: dict[str, dict[str, list[Part]]] = {
        kpi: {member: [] for member in members} for kpi in ids
    }
    for answer in sight.kpi(ids, by="account_manager", **asked):
        if (member := answer.dimensions["account_manager"]) in parts[answer.kpi]:
            answers[answer.kpi][member] = answer
    for answer in sight.kpi(ids, by=("account_manager", "account"), **asked):
        found = parts[answer.kpi].get(answer.dimensions["account_manager"] or "")
        if found is not None and answer.numerator is not None and answer.denominator is not None:
            found.append((answer.numerator, answer.denominator))
    return {
        kpi.id: Comparison(
            kpi, answers[kpi.id], parts[kpi.id] if _adds_up(answers[kpi.id], parts[kpi.id]) else {}
        )
        for kpi in kpis
    }


def _adds_up(answers: Mapping[str, Answer], parts: Mapping[str, Sequence[Part]]) -> bool:
    """Whether the parts of everybody's accounts make everybody's numerator and denominator."""
    for member, answer in answers.items():
        sums = tuple(sum(part[place] for part in parts[member]) for place in (0, 1))
        figures = (answer.numerator, answer.denominator)
        if any(
            figure is None or not isclose(figure, total, rel_tol=1e-9, abs_tol=1e-9)
            for figure, total in zip(figures, sums, strict=True)
        ):
            return False
    return True


def load(sight: Sight, members: Sequence[str]) -> dict[str, Answer]:
    """What each looks after now: MRR at the end of the data, with its paid lines."""
    found = sight.kpi(
        "mrr_end", period=last_day(sight, "mrr_end").isoformat(), by="account_manager"
    )
    return {
        answer.dimensions["account_manager"]: answer
        for answer in found
        if answer.dimensions["account_manager"] in set(members)
    }

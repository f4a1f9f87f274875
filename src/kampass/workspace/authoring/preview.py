"""What a draft would show, worked out on the real snapshot without saving anything, within a time
limit.

The draft is added to a catalogue of its own and asked through the viewer's own window, so a preview
shows no more than a saved KPI would.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from kampass.catalogue import Catalogue, Kpi
from kampass.engine import Engine, Question, Result
from kampass.errors import KampassError
from kampass.insight.restated.redefinition import COUNTS, MONTHS, Redefined, changed_fields
from kampass.insight.restated.restatement import closed_periods, paired
from kampass.workspace.authoring.watch import BEYOND, Watch
from kampass.workspace.view import Sight

SECONDS: Final = 10.0
_TROUBLE: tuple[type[Exception], ...] = (KampassError, *BEYOND)


@dataclass(frozen=True)
class Spell:
    """Which figures a preview shows: of a period, over a stretch of months, and cut by a
    dimension.
    """

    period: str
    stretch: str
    by: str | None = None


@dataclass(frozen=True)
class DraftPreview:
    """The figures of one draft; `trouble` says why there are none."""

    kpi: Kpi
    now: Result | None = None
    trend: Result | None = None
    slices: Result | None = None
    trouble: str | None = None


def preview(sight: Sight, kpi: Kpi, spell: Spell, *, seconds: float = SECONDS) -> DraftPreview:
    """The latest figure, its months and its slices."""
    with Watch(seconds) as watch:
        try:
            engine = _engine(sight, kpi, watch)
            now = engine.ask(Question((kpi.id,), spell.period, None, (), ()))
            trend = (
                None
                if kpi.distribution
                else engine.ask(Question((kpi.id,), spell.stretch, "month", (), ()))
            )
            cut = spell.by and not kpi.distribution and spell.by in kpi.named_dimensions
            slices = (
                engine.ask(Question((kpi.id,), spell.period, None, (spell.by,), ()))
                if cut and spell.by
                else None
            )
            return DraftPreview(kpi, now, trend, slices)
        except KampassError as wrong:
            return DraftPreview(kpi, trouble=watch.said or _plain(wrong.message))
        except BEYOND as wrong:
            return DraftPreview(
                kpi,
                trouble=watch.said
                or f"It cannot be worked out: {str(wrong).splitlines()[0][:300]}",
            )


def effects(
    sight: Sight, saved: Mapping[str, Kpi], kpis: Sequence[Kpi], *, seconds: float = SECONDS
) -> list[Redefined]:
    """What a draft of saved KPIs does to the figures of the last twelve months that are over."""
    changed = [
        (saved[kpi.id], kpi)
        for kpi in kpis
        if kpi.id in saved and changed_fields(saved[kpi.id], kpi)
    ]
    with Watch(seconds) as watch:
        return [_effect(sight, then, now, watch) for then, now in changed]


def _effect(sight: Sight, then: Kpi, now: Kpi, watch: Watch) -> Redefined:
    fields = changed_fields(then, now)
    if not any(name.partition(".")[0] in COUNTS for name in fields):
        return Redefined(now.id, "changed", fields)
    try:
        sides = (_engine(sight, then, watch), _engine(sight, now, watch))
        periods = closed_periods(sides[0], None, None)[-MONTHS:]
        return Redefined(
            now.id,
            "changed",
            fields,
            figures=tuple(paired(sides, ([then], [now]), periods)) if periods else (),
        )
    except _TROUBLE as wrong:
        return Redefined(now.id, "changed", fields, trouble=watch.said or _plain(str(wrong)))


def _engine(sight: Sight, kpi: Kpi, watch: Watch) -> Engine:
    """The viewer's engine with the draft in its catalogue."""
    theirs = sight.engine()
    own = replace(kpi, own=True)
    return Engine(
        watch.over(theirs.snapshot),
        Catalogue({**theirs.catalogue.kpis, kpi.id: own}),
        theirs.settings,
        theirs.known_at,
    )


def _plain(message: str) -> str:
    """A message of the engine without the place of the draft."""
    return message.removeprefix("draft").partition(") ")[2] or message

"""What a changed definition does to published numbers: the definitions a snapshot was published
under against today's files.

Both are asked of the same snapshot, so that whatever moves was moved by the definition alone.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from kampass.catalogue import Catalogue, Kpi, stored
from kampass.engine import Engine
from kampass.errors import DefinitionError
from kampass.insight.restated.restatement import Moved, paired
from kampass.periods import Period

MONTHS = 12
COUNTS = {
    "measures",
    "form",
    "value",
    "denominator",
    "scale",
    "n",
    "interval",
    "provisional_days",
    "pending",
    "suppress_below",
    "distribution",
    "whole",
    "window_covered",
    "cut_only",
    "needs",
    "unit",
}
"""What a definition counts and how; the rest are words about it."""
_SAME_VERSION = (
    "it counts otherwise than before and is still version {}: raise 'version', so that answers "
    "can be told apart"
)


@dataclass(frozen=True)
class Redefined:
    """One KPI whose definition is not what it was: what was written then and now, what is wrong
    with that, and what it does to its figures.
    """

    kpi: str
    change: str
    fields: dict[str, tuple[Any, Any]]
    fault: str | None = None
    figures: tuple[Moved, ...] = ()
    trouble: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """The change, ready for JSON."""
        fields = {name: {"before": old, "after": new} for name, (old, new) in self.fields.items()}
        figures = [
            {name: value for name, value in figure.to_dict().items() if name not in {"kpi", "rows"}}
            for figure in self.figures
        ]
        return {
            "kpi": self.kpi,
            "change": self.change,
            "fields": fields,
            "fault": self.fault,
            "trouble": self.trouble,
            "figures": figures,
        }


@dataclass(frozen=True)
class Redefinition:
    """All of them. `against` names what today's files were compared with."""

    against: str
    snapshot: str
    periods: tuple[Period, ...]
    kpis: tuple[Redefined, ...]

    def to_dict(self) -> dict[str, Any]:
        """The comparison, ready for JSON."""
        return {
            "against": self.against,
            "snapshot": self.snapshot,
            "kpis": [kpi.to_dict() for kpi in self.kpis],
        }


def redefined(
    engine: Engine,
    then: Catalogue,
    today: Catalogue,
    kpis: Sequence[str],
    periods: Sequence[Period],
) -> tuple[Redefined, ...]:
    """What changed between two catalogues, of these KPIs or of all, on the engine's snapshot."""
    for name in kpis:
        (then if name in then.kpis else today).get(name)
    names = [name for name in dict.fromkeys([*then.kpis, *today.kpis]) if not kpis or name in kpis]
    found = [_of(engine, then.kpis.get(name), today.kpis.get(name), periods) for name in names]
    return tuple(change for change in found if change)


def changed_fields(then: Kpi, now: Kpi) -> dict[str, tuple[Any, Any]]:
    """What two definitions of one KPI say differently, measure by measure."""
    old, new = stored.definition(then), stored.definition(now)
    fields = {
        name: (old[name], new[name])
        for name in old
        if name not in {"measures", "own"} and old[name] != new[name]
    }
    measures = dict.fromkeys([*old["measures"], *new["measures"]])
    return fields | {
        f"measures.{name}": (a, b)
        for name in measures
        if (a := old["measures"].get(name)) != (b := new["measures"].get(name))
    }


def _of(
    engine: Engine, then: Kpi | None, now: Kpi | None, periods: Sequence[Period]
) -> Redefined | None:
    """What became of one KPI; None where nothing did."""
    if then is None or now is None:
        one = then or now
        assert one is not None
        return Redefined(one.id, "removed" if now is None else "added", {})
    fields = changed_fields(then, now)
    if not fields:
        return None
    counts = any(name.partition(".")[0] in COUNTS for name in fields)
    fault = _SAME_VERSION.format(now.version) if counts and then.version == now.version else None
    if not counts:
        return Redefined(now.id, "changed", fields)
    # What is stored comes from outside: an error in it is a definition's, not a bug.
    then = replace(then, own=True)
    try:
        sides = tuple(
            Engine(engine.snapshot, Catalogue({kpi.id: kpi}), engine.settings, engine.known_at)
            for kpi in (then, now)
        )
        figures = tuple(paired((sides[0], sides[1]), ([then], [now]), periods)) if periods else ()
    except DefinitionError as wrong:
        return Redefined(now.id, "changed", fields, fault, trouble=wrong.message)
    return Redefined(now.id, "changed", fields, fault, figures)

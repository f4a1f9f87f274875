"""What a load did to the figures: which KPIs became possible, and which closed months are not what
they were.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from kampass.catalogue import Catalogue, Kpi
from kampass.engine import Engine
from kampass.errors import KampassError
from kampass.insight.restated.restatement import Moved, closed_periods, paired
from kampass.periods import Period

MONTHS = 24


@dataclass(frozen=True)
class LoadOutcome:
    """Between the snapshot that was current before and the one that is now (None: there was, or is,
    none).

    `moved` holds the figures of the KPIs switched on whose value is another now, of the last months
    that were over by what was known before.
    """

    before: str | None
    after: str | None
    possible: tuple[str, ...] = ()
    impossible: tuple[str, ...] = ()
    moved: tuple[Moved, ...] = ()
    periods: tuple[Period, ...] = ()


def outcome(
    before: Engine | None, after: Engine, catalogue: Catalogue, enabled: Sequence[str]
) -> LoadOutcome:
    """What became of the figures from one snapshot to the next; of the KPIs switched on, `moved`
    tells.
    """
    now = possible(catalogue, after)
    if before is None:
        return LoadOutcome(None, after.snapshot.id, now)
    then = possible(catalogue, before)
    periods = tuple(closed_periods(before, None, None)[-MONTHS:])
    return LoadOutcome(
        before.snapshot.id,
        after.snapshot.id,
        tuple(kpi for kpi in now if kpi not in then),
        tuple(kpi for kpi in then if kpi not in now),
        _moved((before, after), [catalogue.get(name) for name in enabled], periods),
        periods,
    )


def possible(catalogue: Catalogue, engine: Engine) -> tuple[str, ...]:
    """The KPIs that have every table they need."""
    connected = engine.coverage.connected
    return tuple(kpi.id for kpi in catalogue if set(kpi.needs) <= connected)


def _moved(
    sides: tuple[Engine, Engine], kpis: Sequence[Kpi], periods: tuple[Period, ...]
) -> tuple[Moved, ...]:
    """The figures whose value differs; a KPI that cannot be asked is another page's trouble."""
    found: list[Moved] = []
    for kpi in kpis if periods else ():
        try:
            found += [
                one
                for one in paired(sides, ([kpi], [kpi]), periods)
                if one.before.value != one.after.value and not one.after.dimensions
            ]
        except KampassError:
            continue
    return tuple(found)

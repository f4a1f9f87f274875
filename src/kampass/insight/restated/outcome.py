"""What a load did to the figures: which KPIs became possible, and which closed months are not what
they were.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from kampass.engine import Engine
from kampass.errors import KampassError
from kampass.insight.restated.restatement import Moved, closed_periods, paired
from kampass.periods import Period

if TYPE_CHECKING:
    from kampass.workspace.workspace import Workspace

MONTHS = 24


@dataclass(frozen=True)
class Outcome:
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


def outcome(workspace: "Workspace", before: str | None, after: str | None) -> Outcome:
    """What became of the figures from one snapshot to another."""
    if after is None or after == before:
        return Outcome(before, after)
    later = workspace.engine(snapshot=after)
    now = possible(workspace, later)
    if before is None:
        return Outcome(None, after, now)
    earlier = workspace.engine(snapshot=before)
    then = possible(workspace, earlier)
    periods = tuple(closed_periods(earlier, None, None)[-MONTHS:])
    gained, lost = (
        tuple(kpi for kpi in one if kpi not in other) for one, other in ((now, then), (then, now))
    )
    return Outcome(
        before, after, gained, lost, _moved(workspace, (earlier, later), periods), periods
    )


def possible(workspace: "Workspace", engine: Engine) -> tuple[str, ...]:
    """The KPIs that have every table they need."""
    connected = engine.coverage.connected
    return tuple(kpi.id for kpi in workspace.catalogue if set(kpi.needs) <= connected)


def _moved(
    workspace: "Workspace", sides: tuple[Engine, Engine], periods: tuple[Period, ...]
) -> tuple[Moved, ...]:
    """The figures whose value differs; a KPI that cannot be asked is another page's trouble."""
    found: list[Moved] = []
    for kpi_id in workspace.settings.enabled if periods else ():
        kpi = workspace.catalogue.get(kpi_id)
        try:
            found += [
                one
                for one in paired(sides, ([kpi], [kpi]), periods)
                if one.before.value != one.after.value and not one.after.dimensions
            ]
        except KampassError:
            continue
    return tuple(found)

"""What became of figures that had been given, asked of a workspace: between two of its snapshots,
since its definitions were others, through one load.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from kampass.catalogue import Catalogue, stored, with_own
from kampass.errors import DataError, UnknownName
from kampass.insight.restated.outcome import LoadOutcome
from kampass.insight.restated.outcome import outcome as outcome_of
from kampass.insight.restated.redefinition import MONTHS, Redefinition
from kampass.insight.restated.redefinition import redefined as redefined_between
from kampass.insight.restated.restatement import Restatement, closed_periods, restated
from kampass.model import TABLES
from kampass.store.snapshots.difference import Difference
from kampass.workspace import settings as settings_file
from kampass.workspace.home import Home


@contextmanager
def difference(workspace: Home, before: str, after: str) -> Iterator[Difference]:
    """The rows in which two snapshots of a workspace differ, to be asked while it is open."""
    earlier, later = workspace.snapshot(snapshot=before), workspace.snapshot(snapshot=after)
    loads = workspace.snapshots.loads_of(workspace.snapshots.row(later.id))
    with Difference(earlier, later, workspace.journal, loads) as found:
        yield found


def restate(  # noqa: PLR0913 - the report, spelled as the command spells it
    workspace: Home,
    before: str,
    after: str,
    *,
    kpis: Sequence[str] = (),
    period: str | None = None,
    grain: str | None = None,
) -> Restatement:
    """The report from one snapshot to another; without a wish, the KPIs switched on by month, for
    at most three years.
    """
    sides = workspace.engine(snapshot=before), workspace.engine(snapshot=after)
    periods = closed_periods(sides[0], period, grain)
    defined = [workspace.catalogue.get(name) for name in tuple(kpis) or workspace.settings.enabled]
    with difference(workspace, before, after) as rows:
        found = restated(sides, rows, defined, periods)
    names = (found.before, found.after)
    return replace(found, rules={name: changed_rules(workspace, name) for name in names})


def changed_rules(workspace: Home, snapshot_id: str) -> tuple[str, ...]:
    """Which rules have changed since a snapshot was last published; nothing is said of one whose
    rules nobody wrote down.
    """
    publications = workspace.manifest.publications().get(snapshot_id, [])
    if not publications:
        return ()
    then = {
        "settings": publications[-1].settings_digest,
        "definitions": publications[-1].catalogue_digest,
    }
    now = {"settings": workspace.settings_digest, "definitions": workspace.catalogue_digest}
    return tuple(
        name for name, digest in then.items() if digest is not None and digest != now[name]
    )


def check_table(name: str) -> str:
    """The name of a canonical table; UnknownName where there is none."""
    if name not in TABLES:
        raise UnknownName("table", name, TABLES, hint=f"Tables: {', '.join(TABLES)}.")
    return name


def redefined(
    workspace: Home,
    kpis: Sequence[str] = (),
    *,
    against: str | None = None,
    period: str | None = None,
    grain: str | None = None,
) -> Redefinition:
    """What changed, of these KPIs or of all; figures by month of the last year unless another
    period is asked for.
    """
    what, then, snapshot = _then(workspace, against)
    engine = workspace.engine(snapshot=snapshot)
    periods = closed_periods(engine, period, grain)
    if not period:
        periods = periods[-MONTHS:]
    changes = redefined_between(engine, then, workspace.catalogue, kpis, periods)
    return Redefinition(what, engine.snapshot.id, tuple(periods), changes)


def _then(workspace: Home, against: str | None) -> tuple[str, Catalogue, str]:
    """What today's files are compared with, its definitions, and the snapshot whose numbers are
    looked at.
    """
    if against is not None and Path(against).is_dir():
        folder = Path(against)
        own = folder / "kpis" if (folder / settings_file.FILE).exists() else folder
        return str(own), with_own(own), workspace.snapshot().id
    snapshot = workspace.snapshot().id if against is None else workspace.snapshots.row(against).id
    publications = [
        one for one in workspace.manifest.publications().get(snapshot, []) if one.catalogue_digest
    ]
    text = (
        workspace.manifest.wording(publications[-1].catalogue_digest or "")
        if publications
        else None
    )
    if text is None:
        why = (
            "was published without its definitions being written down"
            if workspace.manifest.publications().get(snapshot)
            else "was built for a question and never published"
        )
        raise DataError(
            f"Snapshot {snapshot} {why}.",
            code="definitions_unknown",
            hint="'kampass snapshot list' shows the others; --against FOLDER compares with files.",
        )
    return (
        f"snapshot {snapshot} as published {publications[-1].published_at:%Y-%m-%d %H:%M} UTC",
        stored.definitions(text),
        snapshot,
    )


def outcome(workspace: Home, before: str | None, after: str | None) -> LoadOutcome:
    """What became of the figures from one snapshot to another."""
    if after is None or after == before:
        return LoadOutcome(before, after)
    earlier = None if before is None else workspace.engine(snapshot=before)
    later = workspace.engine(snapshot=after)
    return outcome_of(earlier, later, workspace.catalogue, workspace.settings.enabled)

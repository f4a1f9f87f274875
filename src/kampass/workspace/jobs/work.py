"""What the kinds of jobs do, each from what its row says: any process can take one up, also one
that another process has left.
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kampass.access import NotFound
from kampass.errors import DataError
from kampass.store import LoadReport
from kampass.store.progress import Progress
from kampass.workspace.jobs.jobs import Came, Job

if TYPE_CHECKING:
    from kampass.workspace.loads.replay import Replay
    from kampass.workspace.workspace import Workspace

Work = Callable[["Workspace", Job, Progress], Came]
_SHOWN = 20


def of_reports(reports: Sequence[LoadReport]) -> Came:
    """What came of loads."""
    waits = sum(report.state == "held" for report in reports)
    named = ", ".join(f"load {report.number}" for report in reports) or "nothing to load"
    said = f"{named[0].upper()}{named[1:]}"
    said += f"; {waits} of them {'waits' if waits == 1 else 'wait'} for a person." if waits else "."
    notices = {str(report.number): report.notices for report in reports if report.notices}
    return Came(said, tuple(report.number for report in reports), notices)


def _sync(workspace: "Workspace", job: Job, progress: Progress) -> Came:
    return of_reports(workspace.sync(_what(job)["source"], tell=progress))


def _upload(workspace: "Workspace", job: Job, progress: Progress) -> Came:
    """Load an upload; one that is gone after an interruption was loaded by then."""
    from kampass.workspace.loads.uploads import Uploads, load

    try:
        upload = Uploads(workspace.folder).find(_what(job)["upload"], _what(job)["person"])
    except NotFound:
        if job.tries == 1:
            raise
        return Came("It was loaded before the work was interrupted.")
    return of_reports(load(workspace, upload, progress).reports)


def _batch(workspace: "Workspace", job: Job, progress: Progress) -> Came:
    """Load files that were uploaded together; those that are gone after an interruption were loaded
    by then.
    """
    from kampass.workspace.loads.uploads.batch import Batches, load_batch

    try:
        batch = Batches(workspace.folder).find(_what(job)["batch"], _what(job)["person"])
    except NotFound:
        if job.tries == 1:
            raise
        return Came("They were loaded before the work was interrupted.")
    return of_reports(load_batch(workspace, batch, progress))


def _decision(workspace: "Workspace", job: Job, progress: Progress) -> Came:
    """Let a load count or take it back; where that was done before an interruption, publish
    alone.
    """
    number, drops = _what(job)["load"], _what(job)["drops"]
    progress("Publishing")
    decided = workspace.manifest.loads(states=("dropped" if drops else "complete",))
    if job.tries > 1 and any(load.id == number for load in decided):
        workspace.publish()
    elif drops:
        workspace.drop(number)
    else:
        workspace.confirm(number)
    left = f"Load {number} was dropped. What it would have changed stays as it was."
    return Came(left if drops else f"Load {number} counts now.")


def _replay(workspace: "Workspace", job: Job, progress: Progress) -> Came:
    what = _what(job)
    return _of_replay(workspace.replay(table=what["table"], source=what["source"], tell=progress))


def _mend(workspace: "Workspace", job: Job, progress: Progress) -> Came:
    """Replay a file of mended rows; where that was done before an interruption, say so."""
    from kampass.workspace.loads.by_hand import replay_received

    what = _what(job)
    try:
        file = Path(what["file"])
        return _of_replay(replay_received(workspace, file, progress, what["table"], what["source"]))
    except DataError as wrong:
        if job.tries == 1 or wrong.code not in {"not_set_aside", "no_file"}:
            raise
        return Came("The rows were mended before the work was interrupted.")


def _dismiss(workspace: "Workspace", job: Job, progress: Progress) -> Came:
    """Say that a row is none; where that was done before an interruption, say so."""
    progress("Publishing")
    try:
        found = workspace.dismiss(_what(job)["row"])
    except DataError as wrong:
        if job.tries == 1 or wrong.code != "not_set_aside":
            raise
        return Came("It was dismissed before the work was interrupted.")
    return Came(f"It is no row of {found[0].table}, nor is it when it comes again.")


def _of_replay(found: "Replay") -> Came:
    """What came of a replay; of what remains, the first rows are named."""
    loads = of_reports(found.loads)
    said = f"{found.mended} mended, {len(found.remaining)} left. {loads.said}"
    rows = tuple(row.id for row in found.remaining[:_SHOWN])
    return Came(
        said, loads.loads, loads.notices, found.mended, len(found.remaining), rows, found.skipped
    )


def _what(job: Job) -> dict[str, Any]:
    assert job.what is not None
    return dict(job.what)


WORK: dict[str, Work] = {
    "sync": _sync,
    "upload": _upload,
    "batch": _batch,
    "decision": _decision,
    "replay": _replay,
    "mend": _mend,
    "dismiss": _dismiss,
}
"""Every kind that waits in the queue; all of them may be begun again from the start."""

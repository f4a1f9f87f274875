"""One look at a draft from every side: what is wrong with it, whether its examples hold, what it
shows and what it changes.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from kampass.catalogue import Kpi
from kampass.insight.restated.redefinition import Redefined
from kampass.workspace.authoring import examples
from kampass.workspace.authoring.draft import Draft, read_draft
from kampass.workspace.authoring.examples import ExampleRun
from kampass.workspace.authoring.preview import DraftPreview, Spell, effects, preview
from kampass.workspace.view import Sight

if TYPE_CHECKING:
    from kampass.workspace.workspace import Workspace

EXAMPLE_SECONDS: Final = 30.0
MOST_PREVIEWS: Final = 6


@dataclass(frozen=True)
class DraftLook:
    """What came of it. `saved` are the definitions that the file holds now."""

    draft: Draft
    outcomes: tuple[ExampleRun, ...] = ()
    previews: tuple[DraftPreview, ...] = ()
    changes: tuple[Redefined, ...] = ()
    saved: Mapping[str, Kpi] | None = None

    @property
    def failed(self) -> tuple[ExampleRun, ...]:
        """The examples that do not come out as expected."""
        return tuple(outcome for outcome in self.outcomes if not outcome.passed)

    @property
    def ready(self) -> bool:
        """Whether it can be saved: nothing wrong, every example passed, a figure for each that can
        be shown.
        """
        return (
            not self.draft.errors
            and not self.failed
            and not any(each.trouble for each in self.previews)
        )

    @property
    def moves(self) -> bool:
        """Whether published figures would no longer be what they were."""
        return any(figure.moved for change in self.changes for figure in change.figures) or any(
            change.trouble for change in self.changes
        )


def look(
    workspace: "Workspace",
    sight: Sight | None,
    text: str,
    spell: Spell | None,
    *,
    file: str | None = None,
) -> DraftLook:
    """Look at a draft of one of the files, or of another one; without a snapshot there is nothing
    to show of it.
    """
    draft = read_draft(text, workspace.catalogue, file=file)
    saved = {
        kpi.id: kpi
        for kpi in workspace.catalogue
        if kpi.own and file and kpi.place.startswith(f"{file}:")
    }
    if any(finding.raises is None for finding in draft.errors) or not draft.kpis:
        return DraftLook(draft, saved=saved)
    outcomes = examples.run(draft.kpis, examples.shelf_of(workspace), seconds=EXAMPLE_SECONDS)
    if sight is None or spell is None:
        return DraftLook(draft, tuple(outcomes), saved=saved)
    shown = [preview(sight, kpi, spell) for kpi in draft.kpis[:MOST_PREVIEWS]]
    return DraftLook(
        draft, tuple(outcomes), tuple(shown), tuple(effects(sight, saved, draft.kpis)), saved
    )

"""Writing own KPIs: a draft is checked, its examples are run and its figures shown before anything
is saved.
"""

from kampass.workspace.authoring.check import DraftLook, look
from kampass.workspace.authoring.draft import Draft, DraftFinding, read_draft
from kampass.workspace.authoring.examples import ExampleRun, WorldShelf
from kampass.workspace.authoring.own_files import (
    NOTHING,
    OwnFile,
    Stale,
    delete,
    file_of,
    save,
    switch,
)
from kampass.workspace.authoring.preview import DraftPreview, Spell, effects, preview

__all__ = [
    "NOTHING",
    "Draft",
    "DraftFinding",
    "DraftLook",
    "DraftPreview",
    "ExampleRun",
    "OwnFile",
    "Spell",
    "Stale",
    "WorldShelf",
    "delete",
    "effects",
    "file_of",
    "look",
    "preview",
    "read_draft",
    "save",
    "switch",
]

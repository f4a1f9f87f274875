"""Mappings to begin with: what a file leaves no doubt about is written down, the rest is asked."""

from pathlib import Path

from kampass.intake.mapping.draft.draft import DraftTerms, FileDraft, columns_for, drafted, together
from kampass.intake.mapping.draft.text import written

__all__ = ["DraftTerms", "FileDraft", "columns_for", "draft", "drafted", "together", "written"]


def draft(file: Path, table: str = "", name: str = "mine") -> str:
    """The text of a mapping of one file, its path told from here."""
    return written(drafted(file, DraftTerms(table, name=name)))

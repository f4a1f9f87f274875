"""What people make and keep: notes, saved questions, dashboards."""

from kampass.library.dashboards import Dashboard
from kampass.library.library import Library
from kampass.library.notes import Note
from kampass.library.saved import Saved

__all__ = ["Dashboard", "Library", "Note", "Saved"]

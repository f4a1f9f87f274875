"""One note, to be written again."""

from dataclasses import dataclass

from kampass.library.notes import LONGEST, Note


@dataclass(frozen=True)
class NoteForm:
    """The note, and where to go then."""

    note: Note
    back: str
    when: str
    longest: int = LONGEST

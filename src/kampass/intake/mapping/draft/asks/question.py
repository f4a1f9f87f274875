"""A question about a file and the ways to answer it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

ZONE, CURRENCY = "an IANA time zone", "the code of a currency"
"""What else can be written as an answer."""


@dataclass(frozen=True)
class DraftAnswer:
    """One way to answer: in words, what it makes of the examples, and what the mapping then says:
    of the column, of others (`also`), or `file` keys of the whole table. Without any of them the
    column is left out; `drops` leaves out the table.
    """

    text: str
    becomes: tuple[str, ...] = ()
    said: Any = None
    also: Mapping[str, Any] = field(default_factory=dict)
    file: Mapping[str, Any] = field(default_factory=dict)
    drops: bool = False


@dataclass(frozen=True)
class DraftQuestion:
    """Something that a file leaves open about a column of a table; `needed`: without an answer
    nothing of the table can be loaded. `free` names what else can be written as an answer.
    """

    table: str
    column: str
    header: str
    what: str
    examples: tuple[str, ...]
    answers: tuple[DraftAnswer, ...]
    needed: bool = True
    free: str = ""
    about: str = ""
    """What else of the column is asked, where more than how it reads is."""

    @property
    def key(self) -> str:
        """What the question is called where answers are written down."""
        keys = {key for answer in self.answers for key in answer.file}
        of = keys.pop() if keys else self.column
        return ".".join(filter(None, (self.table, of, self.about)))


def header_of(said: Any) -> str:
    """The one header that a column is filled with."""
    return said if isinstance(said, str) else str(said.get("column", ""))


def keys_of(said: Any) -> dict[str, Any]:
    """What a mapping says of a column, key by key; nothing where it says nothing."""
    return {"column": said} if isinstance(said, str) else dict(said or {})


LEAVE = DraftAnswer("leave it out")
DROP = DraftAnswer("leave all of them out", ("nothing of the table is loaded",), drops=True)

"""Ways onwards: the views of one thing, the formats of an export, what the palette found."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

FORMATS: Final = {"csv": "CSV", "xlsx": "Excel", "parquet": "Parquet", "json": "JSON"}
"""What a table can be taken along as, with the words that offer it."""


@dataclass(frozen=True)
class Link:
    """A way onwards; of several views one is the current one."""

    text: str
    href: str
    current: bool = False


def exports(
    address: Callable[[str], str], *, without: str = "", more: Sequence[tuple[str, str]] = ()
) -> list[Link]:
    """The menu of an export: `address` makes the link of a format, `without` leaves one out, `more`
    (format, words) adds some.
    """
    offered = [pair for pair in FORMATS.items() if pair[0] != without]
    return [Link(words, address(form)) for form, words in (*offered, *more)]


@dataclass(frozen=True)
class Found:
    """Something that was looked for, as the palette lists it."""

    title: str
    href: str
    note: str | None = None
    icon: str = "right"


@dataclass(frozen=True)
class FoundGroup:
    """What was found of one kind."""

    label: str
    items: Sequence[Found]

"""What stands around a snapshot: rules by their digests, and the loads that wait and are not in
it.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class HeldLoad:
    """A load that waits for a person: its number, its source, the tables it would change, why."""

    number: int
    source: str
    tables: frozenset[str]
    why: str


@dataclass(frozen=True)
class Around:
    """What a workspace tells an engine; each is worked out when somebody asks."""

    digests: Callable[[], dict[str, str]] = dict
    held: Callable[[], Sequence[HeldLoad]] = tuple


NOTHING_AROUND = Around()
"""A snapshot by itself."""

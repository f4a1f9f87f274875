"""What a draft may be before anybody reads it: its size, its depth, and how much it becomes once
its aliases are written out.

YAML lets a few lines stand for billions of values. The text is walked as a stream of events, which
cost the same whatever they stand for, so that nothing larger than the text itself is ever made of a
draft that is refused.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

import yaml

MOST_BYTES: Final = 32_768
MOST_VALUES: Final = 20_000
DEEPEST: Final = 24
LONGEST_NUMBER: Final = 32
_NUMBER: Final = re.compile(r"[-+.\d][\w.:+-]*")
_LOADER: Final = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class Beyond(Exception):  # noqa: N818 - reads as a sentence at the raise
    """A draft that is not read; `line` says where it goes beyond what is."""

    def __init__(self, text: str, line: int | None = None) -> None:
        super().__init__(text)
        self.text, self.line = text, line


@dataclass
class _Open:
    """A list or a mapping that is not over yet: the values in it so far, and the keys of a
    mapping.
    """

    anchor: str | None
    keys: set[str] | None
    values: int = 1
    at_key: bool = True


@dataclass
class _Walk:
    """How far the stream has been followed."""

    open: list[_Open] = field(default_factory=list)
    sizes: dict[str, int] = field(default_factory=dict)
    documents: int = 0

    def add(self, values: int, line: int) -> None:
        """Count values where the stream stands."""
        if self.open:
            self.open[-1].values += values
        if values > MOST_VALUES or (self.open and self.open[-1].values > MOST_VALUES):
            raise Beyond(
                f"With its aliases written out it holds more than {MOST_VALUES:,} values.", line
            )

    def turn(self) -> None:
        """From a mapping's key to its value, and on to the next key."""
        if self.open:
            self.open[-1].at_key = not self.open[-1].at_key


def check(text: str) -> None:
    """Beyond, where a draft is not to be read; where it is no YAML, the reader says so better."""
    if len(text.encode("utf-8", "surrogatepass")) > MOST_BYTES:
        raise Beyond(f"A draft has at most {MOST_BYTES // 1024} kB.")
    walk = _Walk()
    try:
        events: Iterator[Any] = yaml.parse(text, Loader=_LOADER)
        for event in events:
            _step(walk, event, event.start_mark.line + 1)
    except (yaml.YAMLError, ValueError):
        return


def _step(walk: _Walk, event: Any, line: int) -> None:
    if getattr(event, "tag", None):
        raise Beyond(f"The tag '{event.tag}' is no part of the language.", line)
    if isinstance(event, yaml.DocumentStartEvent):
        walk.documents += 1
        if walk.documents > 1:
            raise Beyond("There is a second document after '---'; write one.", line)
    elif isinstance(event, yaml.CollectionStartEvent):
        walk.open.append(
            _Open(event.anchor, set() if isinstance(event, yaml.MappingStartEvent) else None)
        )
        if len(walk.open) > DEEPEST:
            raise Beyond(f"It is nested deeper than {DEEPEST} levels.", line)
    elif isinstance(event, yaml.CollectionEndEvent):
        _close(walk, line)
    elif isinstance(event, yaml.AliasEvent):
        _alias(walk, str(event.anchor), line)
    elif isinstance(event, yaml.ScalarEvent):
        _scalar(walk, event, line)


def _close(walk: _Walk, line: int) -> None:
    over = walk.open.pop()
    if over.anchor:
        walk.sizes[over.anchor] = over.values
    walk.add(over.values, line)
    walk.turn()


def _alias(walk: _Walk, anchor: str, line: int) -> None:
    if any(each.anchor == anchor for each in walk.open):
        raise Beyond(f"The alias '*{anchor}' stands within what it is the name of.", line)
    walk.add(walk.sizes.get(anchor, 1), line)
    walk.turn()


def _scalar(walk: _Walk, event: Any, line: int) -> None:
    inside = walk.open[-1] if walk.open else None
    if event.implicit[0] and len(event.value) > LONGEST_NUMBER and _NUMBER.fullmatch(event.value):
        raise Beyond(
            f"A number has at most {LONGEST_NUMBER} characters; put a text between quotes.", line
        )
    if inside and inside.keys is not None and inside.at_key and event.value != "<<":
        if event.value in inside.keys:
            raise Beyond(f"The key '{event.value[:80]}' stands there twice.", line)
        inside.keys.add(event.value)
    if event.anchor:
        walk.sizes[event.anchor] = 1
    walk.add(1, line)
    walk.turn()

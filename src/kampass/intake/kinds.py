"""The kinds of sources: `kind = "..."` under `[sources.NAME]` names an entry point of the group
`kampass.sources`, ours and anybody's alike.

An entry point gives a factory. Ours are found without asking the installed packages, which takes a
moment, and so also where Kampass runs from its files alone.
"""

import hashlib
import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kampass.errors import DataError
from kampass.model.messages import Source

if TYPE_CHECKING:
    from kampass.intake.mapping.mapping import TableMapping

GROUP = "kampass.sources"
OWN = {kind: f"kampass.intake.own:{kind}" for kind in ("folder", "mapped", "sample")}
"""What pyproject.toml registers."""


@dataclass(frozen=True)
class SourceSettings:
    """One `[sources.<name>]` of the settings; `mappings` are the tables of one that is mapped.

    An `ended` source says nothing more. `silent` names what says that a silence is true, by
    `coverage = "up_to_load"`: a table, or the source as "". `link` is where a row is opened, with
    `{table}` and `{id}` in it; `ids` is "bare" where the ids are the workspace's own.
    """

    name: str
    kind: str
    options: dict[str, Any] = field(default_factory=dict)
    mappings: "tuple[TableMapping, ...]" = ()
    ended: bool = False
    silent: frozenset[str] = frozenset()
    link: str = ""
    ids: str = ""

    def up_to_load(self, table: str) -> bool:
        """Whether a table of this source is known up to its load, however old its newest row is.

        >>> SourceSettings("desk", "folder", silent=frozenset({"tickets"})).up_to_load("deals")
        False
        """
        return bool(self.silent & {"", table})


Factory = Callable[[SourceSettings, Path, Path], Source]
"""Makes a source of what the settings say, the workspace's folder, and a folder for what reading
may leave for a while. It reads nothing yet.
"""


def check_link(text: str) -> None:
    """DataError where a link leads nowhere: it is an address with {id} in it, maybe {table}."""
    known = re.sub("{(table|id)}", "", text)
    if not re.match("https?://[^/]", text) or "{id}" not in text or set(known) & set("{} "):
        raise DataError(
            f"'{text}' is no address of a row.",
            code="bad_settings",
            hint="Write https://crm.example/{table}/{id}.",
        )


def meaning(settings: SourceSettings) -> str:
    """A digest of what the settings make of a source's rows, where its rows do not say themselves
    how they were read: those of ours do.
    """
    if settings.kind in OWN:
        return ""
    said = json.dumps([settings.kind, settings.options], sort_keys=True, default=str)
    return hashlib.sha256(said.encode()).hexdigest()[:16]


def kinds() -> list[str]:
    """Every kind there is here: ours, then those that other packages bring."""
    from importlib.metadata import entry_points

    return [*OWN, *sorted(entry_points(group=GROUP).names - OWN.keys())]


def make(settings: SourceSettings, folder: Path, scratch: Path) -> Source:
    """The source that the settings describe."""
    return _factory(settings.kind)(settings, folder, scratch)


def _factory(kind: str) -> Factory:
    from importlib.metadata import EntryPoint, entry_points

    own = OWN.get(kind)
    found = [EntryPoint(kind, own, GROUP)] if own else [*entry_points(group=GROUP, name=kind)]
    if not found:
        raise DataError(
            f"No package here brings a source of the kind '{kind}'.",
            code="bad_settings",
            hint=f"There are {', '.join(kinds())}.",
        )
    factory: Factory = found[0].load()
    return factory

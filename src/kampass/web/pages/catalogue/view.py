"""The catalogue in words: which KPI answers a question, what each counts, whether it can be worked
out from what is connected.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final
from urllib.parse import urlencode

from kampass.catalogue import Catalogue, Kpi
from kampass.catalogue.definition import ACCOUNT_DIMENSIONS
from kampass.errors import DataError, KampassError
from kampass.render import words
from kampass.server.rules import DEFINING, Call
from kampass.web.pages.catalogue.definition import Counted, Worked, counted, definition_text, worked
from kampass.web.pages.catalogue.search import search
from kampass.web.parts import spans
from kampass.web.parts.figures import FigureTile
from kampass.web.parts.links import Link
from kampass.web.parts.tables import Detail
from kampass.web.parts.tiles import tiles
from kampass.workspace.view import Sight

_SHOWN: Final = (
    ("", "All"),
    ("on", "Switched on"),
    ("possible", "Possible now"),
    ("lacking", "Lacking data"),
    ("own", "Our own"),
)


@dataclass(frozen=True)
class KpiLine:
    """A KPI in the list; `through` is another name that it was found by."""

    id: str
    name: str
    question: str
    kind: str
    unit: str
    cadence: str
    on: bool
    lacking: Sequence[str]
    own: bool
    through: str = ""


@dataclass(frozen=True)
class CatalogueList:
    """The KPIs by family, or those that fit what is looked for."""

    typed: str
    shown: str
    may: bool
    count: int
    on: int
    possible: int
    families: Sequence[tuple[str, Sequence[KpiLine]]]
    found: Sequence[KpiLine]
    connected: bool
    views: Sequence[Link]
    here: str


@dataclass(frozen=True)
class KpiEntry:
    """One KPI explained; without a tile, `trouble` says why."""

    kpi: Kpi
    family: str
    counted: Sequence[Counted]
    examples: Sequence["Worked"]
    source: str
    on: bool
    may: bool
    tile: FigureTile | None
    trouble: str
    lacking: Sequence[str]
    facts: Sequence[Detail]
    here: str


def catalogue_list(call: Call, typed: str, shown: str) -> CatalogueList:
    """The list; `shown` narrows it to one of the views."""
    sight = sight_of(call)
    catalogue = sight.catalogue if sight else call.workspace.catalogue
    connected = sight.engine().coverage.connected if sight else frozenset[str]()
    enabled = frozenset(call.workspace.enabled)
    rows = {
        kpi.id: _line(kpi, enabled, connected)
        for kpi in catalogue
        if _kept(kpi, shown, enabled, connected)
    }
    looked = bool(typed.strip())
    fitting = search(catalogue, typed) if looked else []
    return CatalogueList(
        typed,
        shown,
        may_define(call),
        len(catalogue),
        len(enabled),
        sum(not lacking(kpi, connected) for kpi in catalogue),
        [] if looked else _families(catalogue, rows),
        [replace(rows[one.kpi.id], through=one.through) for one in fitting if one.kpi.id in rows],
        bool(connected),
        [Link(text, _here(typed, key), key == shown) for key, text in _SHOWN],
        _here(typed, shown),
    )


def kpi_entry(call: Call, kpi_id: str) -> KpiEntry:
    """One KPI."""
    sight = sight_of(call)
    kpi = (sight.catalogue if sight else call.workspace.catalogue).get(kpi_id)
    connected = sight.engine().coverage.connected if sight else frozenset[str]()
    on = kpi.id in call.workspace.enabled
    tile, trouble = _tile(call, sight, kpi)
    return KpiEntry(
        kpi,
        words.dimension(kpi.family),
        counted(kpi),
        worked(kpi),
        definition_text(kpi, call.workspace),
        on,
        may_define(call),
        tile,
        trouble,
        lacking(kpi, connected) if connected else [],
        _facts(kpi, connected, on=on),
        f"/catalogue/{kpi.id}",
    )


def sight_of(call: Call) -> Sight | None:
    """What the viewer may ask; None where nothing has been published yet: definitions can be read
    without data.
    """
    try:
        return call.sight
    except DataError as wrong:
        if wrong.code != "nothing_published":
            raise
        return None


def may_define(call: Call) -> bool:
    """Whether the viewer may change definitions."""
    return call.person is not None and call.person.role in DEFINING


def _here(q: str, shown: str) -> str:
    asked = urlencode([(name, value) for name, value in (("q", q), ("show", shown)) if value])
    return f"/catalogue?{asked}" if asked else "/catalogue"


def _kept(kpi: Kpi, shown: str, enabled: frozenset[str], connected: frozenset[str]) -> bool:
    return {
        "on": kpi.id in enabled,
        "own": kpi.own,
        "possible": not lacking(kpi, connected),
        "lacking": bool(lacking(kpi, connected)),
    }.get(shown, True)


def _line(kpi: Kpi, enabled: frozenset[str], connected: frozenset[str]) -> KpiLine:
    return KpiLine(
        kpi.id,
        kpi.name,
        kpi.question,
        words.KINDS[kpi.kind],
        unit(kpi),
        kpi.cadence.get("review", ""),
        kpi.id in enabled,
        lacking(kpi, connected),
        kpi.own,
    )


def _families(catalogue: Catalogue, rows: Mapping[str, KpiLine]) -> list[tuple[str, list[KpiLine]]]:
    """The rows by family, in the catalogue's order."""
    by_family: dict[str, list[KpiLine]] = {}
    for kpi in catalogue:
        if kpi.id in rows:
            by_family.setdefault(words.dimension(kpi.family), []).append(rows[kpi.id])
    return list(by_family.items())


def _tile(call: Call, sight: Sight | None, kpi: Kpi) -> tuple[FigureTile | None, str]:
    """The current figure, or why there is none: a definition of our own may not run on the data."""
    if sight is None:
        return None, "Nothing has been loaded yet."
    try:
        return tiles(call, [kpi.id], period=spans.latest(sight, "quarter"))[0], ""
    except KampassError as wrong:
        if not kpi.own:
            raise
        return None, wrong.message


def _facts(kpi: Kpi, connected: frozenset[str], *, on: bool) -> list[Detail]:
    named = [name for name in kpi.named_dimensions if name not in ACCOUNT_DIMENSIONS]
    cuts = ["every account dimension"] if kpi.takes_any_account_dimension else []
    cuts += [words.dimension(name).lower() for name in named]
    needs = [
        words.table(name) + ("" if name in connected else " (not connected)") for name in kpi.needs
    ]
    return [
        Detail("Id", kpi.id),
        Detail("Also called", ", ".join(kpi.synonyms) or "nothing else"),
        Detail("Kind", words.KINDS[kpi.kind]),
        Detail("Unit", unit(kpi)),
        Detail("Better", words.DIRECTIONS[kpi.direction]),
        *cadence(kpi),
        Detail("Can be cut by", ", ".join(cuts) or "nothing"),
        Detail("Needs", ", ".join(needs) or "nothing"),
        Detail("Version", str(kpi.version)),
        Detail("Owner", "Our own" if kpi.own else "Comes with Kampass"),
        Detail("Switched", "on" if on else "off"),
    ]


def lacking(kpi: Kpi, connected: frozenset[str]) -> list[str]:
    """The tables that it needs and that nothing has been loaded into, for people."""
    return [words.table(name) for name in kpi.needs if name not in connected]


def cadence(kpi: Kpi) -> list[Detail]:
    """How often to do what with it."""
    return [Detail(words.dimension(name), often) for name, often in kpi.cadence.items()]


def unit(kpi: Kpi) -> str:
    """Its unit for people."""
    return words.UNITS.get(kpi.unit, kpi.unit)

"""The catalogue in words: which KPI answers a question, what each counts, whether it can be worked
out from what is connected.
"""

import csv
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from importlib import resources
from typing import Any, Final
from urllib.parse import urlencode

from kampass.catalogue import Catalogue, Kpi, Measure
from kampass.catalogue.definition import ACCOUNT_DIMENSIONS
from kampass.catalogue.expressions import conjuncts, filter_of
from kampass.errors import DataError, DefinitionError, KampassError
from kampass.facts import FACTS
from kampass.render import words
from kampass.server.rules import DEFINING, Call
from kampass.web.parts import spans
from kampass.web.parts.figures import FigureTile
from kampass.web.parts.links import Link
from kampass.web.parts.tables import Detail
from kampass.web.parts.tiles import tiles
from kampass.workspace import Workspace, authoring
from kampass.workspace.authoring import edits
from kampass.workspace.view import Sight

_WORD: Final = re.compile(r"[a-z0-9]+")
_EMPTY: Final = (
    "a an and are as at be by do does for from have how i in is it long many me much my of on or "
    "our per than that the their they to us was we what "
    "when which who why with you your client clients customer customers account accounts kpi"
)
_WEIGHTS: Final = (
    ("id", 5),
    ("name", 5),
    ("synonyms", 5),
    ("question", 3),
    ("formula", 1),
    ("family", 2),
)
_ENDINGS: Final = ("ation", "ing", "ed", "es", "er", "s", "y", "e")
_STEM: Final = 4
_WINDOWS: Final = {
    "": "",
    "previous": "in the period before",
    "year": "in the twelve months up to the end",
}
_MOST_LINES: Final = 12
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
class Counted:
    """A measure in words."""

    name: str
    what: str
    of: str
    only: str
    when: str


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


@dataclass(frozen=True)
class Fitting:
    """A KPI that may answer what was looked for; `through` is another name that it was found by."""

    kpi: Kpi
    score: int
    through: str = ""


def search(catalogue: Catalogue, text: str) -> list[Fitting]:
    """The KPIs that answer a question or have such a name, the best first."""
    plain = _stems(text)
    wanted = [word for word in plain if word not in _STOPPED] or list(plain)
    found = [each for kpi in catalogue if (each := _fits(kpi, wanted, text.strip().casefold()))]
    best = max((each.score for each in found), default=0)
    return sorted((each for each in found if 3 * each.score >= best), key=lambda each: -each.score)


def _fits(kpi: Kpi, wanted: Sequence[str], phrase: str) -> Fitting | None:
    """How well a KPI fits; a whole name goes before words that are scattered."""
    score = 0
    for word in wanted:
        score += max(
            (
                weight
                for field, weight in _WEIGHTS
                if any(_same(word, stem) for stem in _stems(_field(kpi, field)))
            ),
            default=0,
        )
    names = [kpi.id.replace("_", " "), kpi.id, kpi.name, *kpi.synonyms]
    whole = [name for name in names if phrase and phrase in name.casefold()]
    score += 10 if whole else 0
    if not score:
        return None
    through = next(
        (
            name
            for name in kpi.synonyms
            if name in whole
            or all(any(_same(word, stem) for stem in _stems(name)) for word in wanted)
        ),
        "",
    )
    return Fitting(kpi, score, through)


def _field(kpi: Kpi, name: str) -> str:
    value = getattr(kpi, name)
    return " ".join(value) if isinstance(value, tuple) else str(value).replace("_", " ")


@lru_cache(maxsize=4096)
def _stems(text: str) -> tuple[str, ...]:
    return tuple(_stem(word) for word in _WORD.findall(text.casefold()))


def _stem(word: str) -> str:
    ending = next(
        (end for end in _ENDINGS if word.endswith(end) and len(word) - len(end) >= _STEM), ""
    )
    return word.removesuffix(ending) if ending else word


_STOPPED: Final = frozenset(map(_stem, _WORD.findall(_EMPTY)))


def _same(wanted: str, stem: str) -> bool:
    # "a" begins too much.
    return stem.startswith(wanted) if len(wanted) > 2 else stem == wanted  # noqa: PLR2004


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
        source(kpi, call.workspace),
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


def counted(kpi: Kpi) -> list[Counted]:
    """What is counted, measure by measure."""
    return [
        Counted(
            words.dimension(name),
            _aggregate(measure),
            FACTS[measure.fact].about if measure.fact in FACTS else measure.fact,
            "; ".join(_conditions(measure)),
            _WINDOWS[measure.window],
        )
        for name, measure in kpi.measures.items()
    ]


def _aggregate(measure: Measure) -> str:
    text = measure.counted[0].strip()
    inner = text[text.find("(") + 1 : text.rfind(")")].strip()
    named = _spoken(inner.removeprefix("distinct ").strip("() "))
    if text.lower().startswith("count"):
        return (
            f"how many different {' and '.join(part.strip() for part in named.split(','))}"
            if "distinct" in text.lower()
            else "how many"
        )
    kinds = {
        "sum": f"the sum of {named}",
        "max": f"the largest {named}",
        "median": f"the middle value of {named}",
    }
    if text.lower().startswith("quantile"):
        column, _, share = named.partition(",")
        return f"the value of {column} that {share.strip()} of them stay below"
    return next((said for start, said in kinds.items() if text.lower().startswith(start)), text)


def _conditions(measure: Measure) -> Iterator[str]:
    try:
        yield from (_spoken(part) for part in conjuncts(measure.where))
        yield from (_spoken(part) for part in conjuncts(filter_of(measure.of)))
    except DefinitionError:
        yield measure.of
    if measure.latest_per:
        yield f"the latest for each {_spoken(measure.latest_per)}"


_SPOKEN: Final = (
    (r" IS NOT NULL", " is known"),
    (r" IS NULL", " is not known"),
    (r" NOT IN ", " is none of "),
    (r" IN ", " is one of "),
    (r"<>|!=", "is not"),
    (r">=", "is at least"),
    (r"<=", "is at most"),
    (r">", "is more than"),
    (r"<", "is less than"),
    (r"=", "is"),
    (r"\bCOALESCE\(([^(),]+), ([^(),]+)\)", r"\1 (\2 where not known)"),
)


def _spoken(condition: str) -> str:
    """A condition in words, as near to it as words get.

    >>> _spoken("kind = 'csat'"), _spoken("resolved_at IS NOT NULL AND hours > 4"), _spoken("account_id")
    ('kind is csat', 'resolved at is known and hours is more than 4', 'account')
    """
    for pattern, spoken in _SPOKEN:
        condition = re.sub(pattern, spoken, condition)
    condition = re.sub(
        r"\b(AND|OR|NOT|BETWEEN|TRUE|FALSE)\b", lambda word: word[0].lower(), condition
    )
    return re.sub(r"_id\b", "", condition).replace("'", "").replace("_", " ")


def source(kpi: Kpi, workspace: Workspace) -> str:
    """The text of a file that holds only this KPI."""
    if kpi.own:
        return edits.alone(authoring.file_of(workspace, kpi).text, kpi.id)
    return shipped_source(kpi.place.partition(":")[0], kpi.id)


@lru_cache(maxsize=256)
def shipped_source(name: str, kpi_id: str) -> str:
    """The same of a KPI that comes with Kampass, from its file there."""
    return edits.alone(
        (resources.files("kampass.catalogue") / "definitions" / name).read_text(encoding="utf-8"),
        kpi_id,
    )


@dataclass(frozen=True)
class Worked:
    """An example to look at: what is given, as small tables, and what comes out."""

    about: str
    given: tuple[tuple[str, list[str], list[list[str]]], ...]
    asked: str
    expected: tuple[list[str], list[list[str]]]
    more: int = 0

    @property
    def long(self) -> bool:
        """Whether what is given is more than a glance."""
        return self.more > 0 or sum(len(rows) for _, _, rows in self.given) > _MOST_LINES


def worked(kpi: Kpi) -> list[Worked]:
    """One example of numbers in the formula and one of rows, as far as there are."""
    chosen = [
        next((example for example in kpi.examples if key in example), None)
        for key in ("parts", "tables")
    ]
    return [shown(example) for example in chosen if example]


def shown(example: Mapping[str, Any]) -> Worked:
    """One example."""
    if "parts" in example:
        given = [
            (
                "Given",
                ["Measure", "Number"],
                [
                    [str(name).replace("_", " "), f"{value}"]
                    for name, value in example["parts"].items()
                ],
            )
        ]
        more = 0
    else:
        read = [
            (words.table(name).capitalize(), list(csv.reader(io.StringIO(text))))
            for name, text in example["tables"].items()
        ]
        given = [(name, rows[0], rows[1 : _MOST_LINES + 1]) for name, rows in read if rows]
        more = sum(max(0, len(rows) - 1 - _MOST_LINES) for _, rows in read)
    asked = [f"period {example['period']}"] if "period" in example else []
    asked += [
        f"{word} {_listed(example[key])}"
        for key, word in (("by", "by"), ("where", "only"), ("timezone", "clocks of"))
        if key in example
    ]
    about = str(example.get("about") or "")
    return Worked(
        about[:1].upper() + about[1:],
        tuple(given),
        ", ".join(asked),
        _expected(example["expect"]),
        more,
    )


def _expected(expect: Any) -> tuple[list[str], list[list[str]]]:  # noqa: ANN401
    rows = expect if isinstance(expect, list) else [expect]
    keys = list(dict.fromkeys(key for row in rows for key in row))
    return [key.replace("_", " ") for key in keys], [
        [plain(row.get(key)) for key in keys] for row in rows
    ]


def plain(value: Any) -> str:  # noqa: ANN401 - whatever an example may hold
    """A value of an example for people."""
    if value is None:
        return "none"
    if isinstance(value, dict):
        return ", ".join(f"{key}: {plain(inner)}" for key, inner in value.items())
    if isinstance(value, list):
        return ", ".join(map(plain, value))
    return f"{value:g}" if isinstance(value, float) else str(value).replace("_", " ")


def _listed(value: Any) -> str:  # noqa: ANN401
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)

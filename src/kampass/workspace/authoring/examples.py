"""The worked examples of a draft, run one by one: what each expected, what came out, and no more
time than a person waits.

The tiny worlds of examples are kept between two checks, since an author changes the formula far
more often than the example.
"""

import threading
import time
from collections import OrderedDict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from math import isfinite
from typing import TYPE_CHECKING, Any, Final
from weakref import WeakKeyDictionary, finalize
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from kampass.catalogue import Kpi
from kampass.engine import Engine
from kampass.errors import KampassError
from kampass.model import TABLES
from kampass.periods import Calendar, parse
from kampass.store import Snapshot
from kampass.workspace.authoring.definitions import ExampleDifference, differences
from kampass.workspace.authoring.watch import BEYOND, Watch
from kampass.workspace.authoring.worlds import Worlds

if TYPE_CHECKING:
    from kampass.workspace.workspace import Workspace

KEYS: Final = frozenset(
    {
        "about",
        "parts",
        "tables",
        "period",
        "expect",
        "where",
        "grain",
        "by",
        "timezone",
        "recorded_at",
    }
)
MOST: Final = 40
LONGEST_DAYS: Final = 4_000
_KEPT: Final = 24
_PARTS: Final = ("value", "numerator", "denominator", "n", "low", "high", "reason", "status")


@dataclass(frozen=True)
class ExampleRun:
    """What became of one example; `trouble` says why there is no answer to compare."""

    kpi: Kpi
    number: int
    example: Mapping[str, Any]
    differences: tuple[ExampleDifference, ...] = ()
    trouble: str | None = None

    @property
    def passed(self) -> bool:
        """Whether it came out as expected."""
        return not self.differences and self.trouble is None

    @property
    def about(self) -> str:
        """What it is an example of."""
        return str(self.example.get("about") or "")


class WorldShelf(Worlds):
    """The example worlds that were used last; asked as `Worlds` is."""

    def __init__(self) -> None:
        self._shelf: OrderedDict[tuple[object, ...], Worlds] = OrderedDict()
        self.lock = threading.Lock()
        finalize(self, _clear, self._shelf)

    def __exit__(self, *_: object) -> None:
        _clear(self._shelf)

    def snapshot(
        self,
        tables: Mapping[str, str],
        *,
        timezone: str = "UTC",
        recorded_at: datetime | None = None,
    ) -> Snapshot:
        """The snapshot of a world, built where it is not there."""
        key = (tuple(sorted(tables.items())), timezone, recorded_at)
        if key not in self._shelf:
            self._shelf[key] = Worlds()
            while len(self._shelf) > _KEPT:
                self._shelf.popitem(last=False)[1].__exit__()
        self._shelf.move_to_end(key)
        try:
            return self._shelf[key].snapshot(tables, timezone=timezone, recorded_at=recorded_at)
        except BaseException:
            self._shelf.pop(key).__exit__()
            raise


_SHELVES: "WeakKeyDictionary[Workspace, WorldShelf]" = WeakKeyDictionary()
_LOCK = threading.Lock()


def shelf_of(workspace: "Workspace") -> WorldShelf:
    """The worlds that are kept for a workspace which this process has open."""
    with _LOCK:
        if workspace not in _SHELVES:
            _SHELVES[workspace] = WorldShelf()
        return _SHELVES[workspace]


def _clear(shelf: OrderedDict[tuple[object, ...], Worlds]) -> None:
    while shelf:
        shelf.popitem()[1].__exit__()


def run(kpis: Iterable[Kpi], worlds: WorldShelf, *, seconds: float) -> list[ExampleRun]:
    """Run the examples, one check at a time; what there was no time for is said, and is quicker the
    next time.
    """
    deadline = time.monotonic() + seconds
    if not worlds.lock.acquire(timeout=seconds):
        return [
            ExampleRun(
                kpi, number, example, trouble="Somebody else's examples are running. Check again."
            )
            for kpi, number, example in _all(kpis)
        ]
    try:
        return [
            _outcome(kpi, number, example, worlds, deadline) for kpi, number, example in _all(kpis)
        ]
    finally:
        worlds.lock.release()


def _all(kpis: Iterable[Kpi]) -> list[tuple[Kpi, int, Mapping[str, Any]]]:
    return [
        (kpi, number, example)
        for kpi in kpis
        for number, example in enumerate(kpi.examples, start=1)
    ]


def _outcome(
    kpi: Kpi, number: int, example: Mapping[str, Any], worlds: WorldShelf, deadline: float
) -> ExampleRun:
    left = deadline - time.monotonic()
    if left <= 0:
        return ExampleRun(
            kpi,
            number,
            example,
            trouble="There was no time left to run it. Check again: what was built is kept.",
        )
    watch = Watch(left)
    engine: type[Engine] = type("_Watched", (_Watched,), {"watch": watch})
    try:
        with watch:
            return ExampleRun(
                kpi, number, example, tuple(differences(kpi, dict(example), worlds, engine=engine))
            )
    except KampassError as wrong:
        return ExampleRun(kpi, number, example, trouble=watch.said or wrong.message)
    except BEYOND as wrong:
        return ExampleRun(
            kpi,
            number,
            example,
            trouble=watch.said or f"It cannot be worked out: {str(wrong).splitlines()[0][:300]}",
        )


class _Watched(Engine):
    """An engine whose statements end when its time does."""

    watch: Watch

    def __init__(self, snapshot: Any, *given: Any) -> None:
        super().__init__(self.watch.over(snapshot), *given)


def wrongly_written(kpi: Kpi) -> list[str]:
    """What keeps examples from being run at all, in words."""
    found = [
        f"example {number}: {wrong}"
        for number, example in enumerate(kpi.examples, start=1)
        for wrong in _wrongly(kpi, example)
    ]
    return [
        *found,
        *([f"there are more than {MOST} examples."] if len(kpi.examples) > MOST else []),
    ]


def _wrongly(kpi: Kpi, example: Any) -> list[str]:
    if not isinstance(example, dict):
        return ["it is no mapping with 'expect'."]
    unknown = sorted(str(key) for key in example if key not in KEYS)
    if unknown:
        return [f"there is no key '{unknown[0]}'; there are {', '.join(sorted(KEYS))}."]
    if ("parts" in example) == ("tables" in example):
        return ["give either 'parts' or 'tables'."]
    return [
        *_expectation(example.get("expect")),
        *(_parts(kpi, example["parts"]) if "parts" in example else _world(example)),
    ]


def _expectation(expect: Any) -> list[str]:
    rows = expect if isinstance(expect, list) else [expect]
    if not all(isinstance(row, dict) and row for row in rows):
        return ["'expect' says nothing that can be compared, such as {value: 50}."]
    unknown = sorted(
        {str(key) for row in rows for key in row}
        - {*_PARTS, "dimensions", "period_start", "period_end", "through", "unit", "definition"}
    )
    return [f"'expect' has no '{unknown[0]}'; there are {', '.join(_PARTS)}."] if unknown else []


def _parts(kpi: Kpi, parts: Any) -> list[str]:
    if not isinstance(parts, dict):
        return ["'parts' gives a number for each measure."]
    strangers = [str(name) for name in parts if name not in kpi.measures]
    if strangers:
        return [f"there is no measure '{strangers[0]}'; there are {', '.join(kpi.measures)}."]
    wrong = [
        name
        for name, value in parts.items()
        if isinstance(value, bool) or not isinstance(value, int | float) or not isfinite(value)
    ]
    return [f"'{wrong[0]}' under parts is no number."] if wrong else []


def _world(example: dict[str, Any]) -> list[str]:
    tables = example["tables"]
    if (
        not isinstance(tables, dict)
        or not tables
        or not all(isinstance(text, str) and text.strip() for text in tables.values())
    ):
        return ["'tables' gives the lines of a CSV for each table, under '|'."]
    strangers = [str(name) for name in tables if name not in TABLES]
    if strangers:
        return [f"there is no table '{strangers[0]}'."]
    lacking = [
        name
        for name, text in tables.items()
        if any(c.name == "id" for c in TABLES[name].columns) and "id" not in _header(text)
    ]
    if lacking:
        return [f"the first line of '{lacking[0]}' names its columns, 'id' among them."]
    wrong = [
        key
        for key in ("by", "where")
        if not all(isinstance(text, str) for text in _listed(example.get(key)))
    ]
    return [*_clock(example), *(f"'{key}' is a text or a list of texts." for key in wrong)]


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]


def _header(text: str) -> list[str]:
    return [name.strip().strip('"') for name in text.splitlines()[0].split(",")]


def _clock(example: dict[str, Any]) -> list[str]:
    """What is wrong with an example's period, zone and instant."""
    try:
        ZoneInfo(example.get("timezone", "UTC"))
        period = parse(str(example.get("period", "")), Calendar())
    except (ZoneInfoNotFoundError, ValueError, TypeError, OSError):
        return [f"there is no time zone '{example['timezone']}'."]
    except KampassError as wrong:
        return [wrong.message[:1].lower() + wrong.message[1:]]
    if (period.end - period.start).days > LONGEST_DAYS:
        return [f"the period has more than {LONGEST_DAYS:,} days."]
    told = all(isinstance(example.get(key, ""), str) for key in ("grain", "recorded_at"))
    return [] if told else ["'grain' and 'recorded_at' are texts; put an instant between quotes."]

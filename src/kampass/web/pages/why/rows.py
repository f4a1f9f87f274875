"""The rows behind a figure as a page lists them, and the explanation they belong to, each worked
out once for a snapshot and scope.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction
from itertools import islice
from typing import Any, Final

from kampass.catalogue import Kpi
from kampass.insight.explain import Explanation, Row
from kampass.insight.explain.explanation import SourceRow
from kampass.render import words
from kampass.web.parts.question import Asking
from kampass.web.rendering import moment

_PIECES: Final = 20
_QUIET: Final = frozenset({"name", "account_id"})


@dataclass(frozen=True)
class RowLine:
    """One row for people: what it is, where it comes from, what was read of it, what it adds, and
    the rows behind it.
    """

    id: str
    href: str | None
    name: str | None
    source: str
    fields: tuple[tuple[str, str], ...]
    amount: str
    reason: str | None
    behind: tuple["RowLine", ...] = ()
    about: str = ""
    further: int = 0


@dataclass(frozen=True)
class RowGroup:
    """The rows of one measure."""

    measure: str
    table: str
    lines: tuple[RowLine, ...]


@dataclass(frozen=True)
class RowList:
    """A page of rows: by measure, how many there are in all, and whether more follow."""

    groups: tuple[RowGroup, ...]
    shown: int
    more: bool
    total: int | None


def explanations(asking: Asking, kpi: Kpi) -> list[Explanation]:
    """The figure taken apart, against the period before; for a distribution each of its figures."""
    return asking.sight.kept(
        "explanation",
        lambda: asking.sight.explain(kpi.id, **asking.clock, **asking.spelled(compare="previous")),
        asking.key,
    )


def rows(asking: Asking, kpi: Kpi, part: str, limit: int | None = None) -> Iterator[Row]:
    """The rows themselves."""
    return asking.sight.rows(kpi.id, part, limit=limit, **asking.clock, **asking.spelled())


def listed(asking: Asking, kpi: Kpi, part: str, page: tuple[int, int]) -> RowList:
    """A page of rows, given as its offset and size. QuestionError where they are hidden, or there
    is no such part.
    """
    offset, size = page
    found = list(islice(rows(asking, kpi, part, offset + size + 1), offset, offset + size + 1))
    kept = found[:size]
    names = _names(asking, kept)
    groups: dict[tuple[str, str], list[RowLine]] = {}
    for row in kept:
        groups.setdefault((row.measure, row.origin.table), []).append(_line(asking, row, names))
    made = tuple(
        RowGroup(measure, words.table(table), tuple(lines))
        for (measure, table), lines in groups.items()
    )
    return RowList(made, len(kept), len(found) > size, _total(asking, kpi, part))


def parts_of(kpi: Kpi) -> list[tuple[str, str]]:
    """The parts of a KPI that have rows, with their words."""
    lower = [("denominator", "Below the line")] if kpi.denominator else []
    return [
        ("numerator", "Above the line" if lower else "Counted"),
        *lower,
        ("excluded", "Left out"),
    ]


def shown(asking: Asking, value: Any) -> str:
    """A cell for people."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, datetime):
        return moment(value, asking.sight.settings.calendar.timezone)
    if isinstance(value, date):
        return words.day(value)
    if isinstance(value, float | Decimal | Fraction):
        return f"{float(value):,.4f}".rstrip("0").rstrip(".")
    return f"{value:,}" if isinstance(value, int) else str(value)


def _total(asking: Asking, kpi: Kpi, part: str) -> int | None:
    """How many rows the explanation counts; None where it may not say, or where one row is left out
    for several measures.
    """
    measures = [measure for made in explanations(asking, kpi) for measure in made.measures]
    if part == "excluded":
        return None
    counted = [measure.counted for measure in measures if measure.part in {part, "both"}]
    return None if None in counted else sum(each for each in counted if each is not None)


def _line(asking: Asking, row: Row, names: Mapping[tuple[str, str], str]) -> RowLine:
    origin = row.origin
    account = _account(origin)
    fields = [
        (name, value) for name, value in origin.fields.items() if name not in {*origin.key, *_QUIET}
    ]
    fields += [(name, value) for name, value in row.computed.items() if name not in origin.fields]
    name = origin.fields.get("name") or (names.get(("account", account)) if account else None)
    behind = tuple(_piece(asking, piece) for piece in row.evidence[:_PIECES])
    return RowLine(
        origin.id,
        f"/accounts/{account}" if account else None,
        name,
        _source(origin),
        _texts(asking, fields),
        shown(asking, row.amount),
        row.reason,
        behind,
        further=len(row.evidence) - len(behind),
    )


def _piece(asking: Asking, piece: SourceRow) -> RowLine:
    fields = [(name, value) for name, value in piece.fields.items() if name not in piece.key]
    return RowLine(
        piece.id,
        None,
        None,
        _source(piece),
        _texts(asking, fields),
        "",
        None,
        about=f"{words.table(piece.table)}: {piece.about}",
    )


def _texts(asking: Asking, fields: Sequence[tuple[str, Any]]) -> tuple[tuple[str, str], ...]:
    return tuple(
        (name.replace("_", " "), shown(asking, value))
        for name, value in fields
        if value is not None
    )


def _source(origin: SourceRow) -> str:
    return f"{origin.source}, load {origin.load}" + (
        f", line {origin.line:,}" if origin.line is not None else ""
    )


def _account(origin: SourceRow) -> str | None:
    found = origin.fields.get("account_id") or (
        origin.key.get("id") if origin.table == "accounts" else None
    )
    return None if found is None else str(found)


def _names(asking: Asking, found: Sequence[Row]) -> dict[tuple[str, str], str]:
    """The names of the accounts that the rows belong to."""
    return asking.sight.engine().labels({"account": {_account(row.origin) for row in found}})

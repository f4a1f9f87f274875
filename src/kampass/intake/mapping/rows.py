"""Which rows of a file count: those of a condition over its headers, above a footer, and on no line
that is said to be none.
"""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

from kampass.intake.mapping.condition import condition, readings
from kampass.intake.mapping.doubts import of_condition
from kampass.intake.mapping.mapping import TableMapping
from kampass.intake.readers.memory import ask
from kampass.intake.readers.raw import RawTable, with_file
from kampass.intake.readers.scratch import lines_of
from kampass.model.conform import literal
from kampass.model.scan import FILE_LINES, Reject


def above_footer(raw: RawTable, mapping: TableMapping) -> RawTable:
    """The file's rows without the lines that are said to be none, and above its footer."""
    if not (mapping.skip_rows or mapping.footer):
        return raw
    lines = ", ".join(str(line) for line in mapping.skip_rows)
    skipped = f"_line % {FILE_LINES} IN ({lines})" if lines else "false"
    torn = [reject for reject in raw.rejects if reject.line % FILE_LINES not in mapping.skip_rows]
    footers = _footers(raw, mapping, f"NOT ({skipped})", torn) if mapping.footer else ()
    below = _at_or_below(footers)
    kept = _only(raw, f"NOT ({skipped}) AND NOT ({below})")
    dropped = _by_file(raw, skipped)
    left = _by_file(raw, f"NOT ({skipped}) AND ({below})")
    above = [reject for reject in torn if not _is_below(reject, footers)]
    for reject in raw.rejects:
        gone = dropped if reject not in torn else left if reject not in above else {}
        number = reject.line // FILE_LINES
        gone[number] = gone.get(number, 0) + 1
    counts = tuple(
        replace(count, records=count.records - dropped.get(number, 0)).without(
            "footer", left.get(number, 0)
        )
        for number, count in enumerate(raw.counts)
    )
    return replace(kept, rejects=tuple(above), counts=counts)


def where(raw: RawTable, mapping: TableMapping) -> tuple[RawTable, frozenset[str]]:
    """The rows for which the table's condition holds, and the headers that it reads."""
    if not mapping.where:
        return raw, frozenset()
    place, cells = f"{mapping.place} where", readings(mapping, raw)
    holds = condition(place, mapping.where, cells)
    unread = " OR ".join(f"({one.holds})" for one in holds.unread) or "false"
    left = _by_file(raw, f"NOT {holds.sql} AND NOT ({unread})")
    unknown = _by_file(raw, f"NOT {holds.sql} AND ({unread})") if holds.unread else {}
    counts = tuple(
        count.without("condition", left.get(number, 0)).without("unread", unknown.get(number, 0))
        for number, count in enumerate(raw.counts)
    )
    told = of_condition(place, holds, cells, with_file(raw))
    kept = replace(_only(raw, holds.sql), counts=counts, doubts=(*raw.doubts, *told))
    return kept, holds.headers


def _only(raw: RawTable, holds: str) -> RawTable:
    """The rows for which some SQL over cells, `_line` and `_file` is true."""
    base = f"SELECT * EXCLUDE (_file) FROM ({with_file(raw)}) WHERE {holds}"
    # Numbering may have written the rows to a folder that lives as long as what numbered them.
    hold = (raw.hold, raw.numbered)
    numbered, lines = partial(str, base), partial(lines_of, base)
    return replace(raw, relation=base, numbered=numbered, lines=lines, hold=hold)


def _by_file(raw: RawTable, holds: str) -> dict[int, int]:
    """How many rows of each file meet a condition, by the file's number."""
    counted = f"SELECT _line // {FILE_LINES}, count(*) FROM ({with_file(raw)}) WHERE {holds}"
    return {int(number): int(rows) for number, rows in ask(f"{counted} GROUP BY 1")}


def _footers(
    raw: RawTable, mapping: TableMapping, counted: str, torn: Sequence[Reject]
) -> tuple[int, ...]:
    """The line on which each file's footer begins, among its rows and its torn lines."""
    pattern = literal(mapping.footer)
    cells = (f"c{index}" for index in range(len(raw.headers)))
    filled = ", ".join(
        f"nullif(CASE WHEN {cell} NOT LIKE chr(0) || '%' THEN trim({cell}) END, '')"
        for cell in cells
    )
    first = f"SELECT min(_line) FROM ({raw.numbered()}) WHERE {counted} AND "
    found = ask(
        f"{first} regexp_matches(coalesce({filled}), {pattern}) GROUP BY _line // {FILE_LINES}"
    )
    begins = [int(line) for (line,) in found] + _torn_footers(torn, mapping)
    by_file: dict[int, int] = {}
    for line in sorted(begins, reverse=True):
        by_file[line // FILE_LINES] = line
    return tuple(by_file.values())


def _torn_footers(torn: Sequence[Reject], mapping: TableMapping) -> list[int]:
    """The torn lines whose first filled cell is a footer's."""
    import pyarrow as pa

    mark = mapping.delimiter or ("\t" if mapping.files[0].endswith((".tsv", ".tab")) else ",")
    cells = [next(filter(None, map(str.strip, one.value.split(mark))), "") for one in torn]
    table = pa.table(
        {
            "_line": pa.array([one.line for one in torn], pa.int64()),
            "cell": pa.array(cells, pa.string()),
        }
    )
    found = f"SELECT _line FROM torn WHERE regexp_matches(cell, {literal(mapping.footer)})"
    return [int(line) for (line,) in ask(found, {"torn": table})]


def _at_or_below(footers: Sequence[int]) -> str:
    below = " OR ".join(
        f"(_line >= {line} AND _line < {(line // FILE_LINES + 1) * FILE_LINES})" for line in footers
    )
    return below or "false"


def _is_below(reject: Reject, footers: Sequence[int]) -> bool:
    return any(
        reject.line >= line and reject.line // FILE_LINES == line // FILE_LINES for line in footers
    )

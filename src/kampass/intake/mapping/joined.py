"""A second file's columns beside each row of a table's file: prices by plan, owners by region.

Each row meets one row there or none: a key that stands there twice would make two rows of one, and
is refused.
"""

import hashlib
from dataclasses import replace
from functools import partial
from pathlib import Path

from kampass.errors import DataError
from kampass.intake.mapping.mapping import JoinedFile
from kampass.intake.readers.memory import ask
from kampass.intake.readers.raw import RawTable
from kampass.intake.readers.scratch import Scratch, lines_of
from kampass.model.conform import literal
from kampass.model.scan import FILE_LINES


def joined(raw: RawTable, other: RawTable, beside: JoinedFile, scratch: Path | None) -> RawTable:
    """The rows of a file with those of another beside them, in their order; a row that meets none
    has empty cells.
    """
    here = _keys(raw, [mine for mine, _ in beside.on], beside)
    there = _keys(other, [theirs for _, theirs in beside.on], beside)
    _meets_one(other, there, beside)
    hold = Scratch(scratch)
    base = _written(raw, other, (here, there), hold)
    digest = hashlib.sha256(f"{raw.digest}|{other.digest}".encode()).hexdigest()
    return replace(
        raw,
        headers=(*raw.headers, *(f"{beside.name}.{header}" for header in other.headers)),
        relation=base,
        numbered=partial(str, base),
        lines=partial(lines_of, base),
        flags=raw.flags or other.flags,
        digest=digest,
        hold=(raw, hold),
        notices=(*raw.notices, *_without(raw, other, here, there)),
        doubts=(*raw.doubts, *other.doubts),
    )


def _keys(table: RawTable, headers: list[str], beside: JoinedFile) -> list[str]:
    """The cells of a key, each a text."""
    at = {header: f"c{index}" for index, header in enumerate(table.headers)}
    for header in headers:
        if header not in at:
            shown = ", ".join(f"'{name}'" for name in table.headers[:12])
            raise DataError(
                f"{table.place}, line {table.header_row}: there is no column '{header}', which "
                f"{beside.reading.place} joins on.",
                code="missing_column",
                hint=f"There are {shown}.",
            )
    return [at[header] for header in headers]


def _meets_one(other: RawTable, key: list[str], beside: JoinedFile) -> None:
    """Refuse a key that stands more than once."""
    listed = ", ".join(key)
    filled = " AND ".join(f"coalesce({cell}, '') <> ''" for cell in key)
    found = ask(
        f"SELECT {' || chr(44) || '.join(key)}, min(_line), max(_line) FROM ({other.numbered()}) "
        f"WHERE {filled} GROUP BY {listed} HAVING count(*) > 1 ORDER BY 2 LIMIT 1"
    )
    if found:
        value, first, last = found[0]
        names = " and ".join(theirs for _, theirs in beside.on)
        raise DataError(
            f"{other.place}: {names} '{value}' stands on line {first % FILE_LINES} and again on "
            f"line {last % FILE_LINES}, so {beside.reading.place} cannot say which it joins.",
            code="two_rows",
            hint="Join on columns that are unique there, or mend the file.",
        )


def _on(here: list[str], there: list[str]) -> str:
    return " AND ".join(
        f"a.{mine} = b.{theirs} AND a.{mine} <> ''"
        for mine, theirs in zip(here, there, strict=True)
    )


def _written(
    raw: RawTable, other: RawTable, keys: tuple[list[str], list[str]], hold: Scratch
) -> str:
    """The SQL of the joined rows, which are written down in the order of the file."""
    width, flags = len(raw.headers), raw.flags or other.flags
    cells = [f"a.c{index}" for index in range(width)]
    cells += [f"b.c{index} AS c{width + index}" for index in range(len(other.headers))]
    if flags:
        cells += [
            f"{f'a.t{index}' if raw.flags else 'false'} AS t{index}" for index in range(width)
        ]
        cells += [
            f"{f'coalesce(b.t{index}, false)' if other.flags else 'false'} AS t{width + index}"
            for index in range(len(other.headers))
        ]
    target = literal(str(hold.folder / "joined.parquet"))
    rows = (
        f"SELECT {', '.join(cells)}, a._line AS _line FROM ({raw.numbered()}) a LEFT JOIN "
        f"({other.numbered()}) b ON {_on(*keys)} ORDER BY a._line"
    )
    ask(f"COPY ({rows}) TO {target} (FORMAT parquet)")
    return f"SELECT * FROM read_parquet({target})"


def _without(raw: RawTable, other: RawTable, here: list[str], there: list[str]) -> tuple[str, ...]:
    """A word on rows that meet none."""
    told = " || ', ' || ".join(f"coalesce(a.{cell}, '')" for cell in here)
    rows, first = ask(
        f"SELECT count(*), arg_min({told}, a._line) FROM ({raw.numbered()}) a ANTI JOIN "
        f"({other.numbered()}) b ON {_on(here, there)}"
    )[0]
    if not rows:
        return ()
    met = "a row meets" if rows == 1 else f"{rows:,} rows meet"
    return (f"{met} none in {other.place}, the first with '{first}'",)

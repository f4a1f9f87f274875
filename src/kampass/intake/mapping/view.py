"""What a mapping makes of its files: the rows, what fills each column, and what is left open."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial

from kampass.errors import DataError
from kampass.intake.mapping.condition import condition, readings
from kampass.intake.mapping.convert import RAW, cell, column_of, distinct, relation
from kampass.intake.mapping.doubts import of_columns, of_condition
from kampass.intake.mapping.mapping import Filling, TableMapping
from kampass.intake.mapping.movements import first_movements, lines_of_log, subscriptions
from kampass.intake.mapping.questions import Base, OpenQuestion, questions
from kampass.intake.mapping.unsaid import intervals_unsaid, quantity_unsaid
from kampass.intake.readers.files import missing
from kampass.intake.readers.memory import ask
from kampass.intake.readers.raw import FILE, LINE, RawTable, with_file
from kampass.intake.readers.scratch import lines_of
from kampass.model.conform import literal, names_something, quoted
from kampass.model.scan import FILE_LINES, NO_LINE, LineFinder, Scan


@dataclass(frozen=True)
class View:
    """A mapped table: how it scans, the file as it stands, what fills each column, and what is left
    open.
    """

    scan: Scan
    raw: RawTable
    mapping: TableMapping
    pairs: str
    questions: tuple[OpenQuestion, ...]
    unmapped: tuple[str, ...]
    notices: tuple[str, ...] = ()


def view_of(  # noqa: PLR0913 - what is known of one block
    raw: RawTable,
    opened: RawTable,
    mapping: TableMapping,
    notices: tuple[str, ...],
    read: frozenset[str],
    *,
    several: bool,
) -> View:
    """The view of one block: `raw` is its file, `opened` what is left and joined of it, and `read`
    are the headers that this has used. Of `several` blocks each row knows its line.
    """
    index = _index(opened, mapping)
    cells = readings(mapping, opened)
    conditions = {
        filling.where: condition(f"{mapping.place} {filling.name}", filling.where, cells)
        for filling in mapping.fillings
        if filling.where
    }
    used = read.union(mapping.headers, *(holds.headers for holds in conditions.values()))
    numbered = several or mapping.distinct or bool(mapping.shape) or bool(raw.files)
    numbered = numbered or bool(used & {LINE, FILE})
    base = opened.numbered() if numbered else opened.relation
    base = with_file(raw, base) if FILE in used else base
    _joins_well(mapping, base, index)
    lines = partial(lines_of, base) if numbered else opened.lines
    filled = replace(mapping, table=mapping.model.name)
    said = {text: holds.sql for text, holds in conditions.items()}
    pairs = relation(filled, base, index, flags=opened.flags, line=numbered, conditions=said)
    asked = questions(filled, Base(base, opened.flags, ask, lines), index)
    scan = _scan(raw, opened, mapping, pairs, lines if numbered else opened.lines)
    told = [
        word
        for text, holds in conditions.items()
        for word in of_condition(
            f"{mapping.place} where = {text!r}", holds, cells, with_file(opened)
        )
    ]
    unmapped = tuple(
        header for header in raw.headers if header not in used and header not in _named_in(mapping)
    )
    told += of_columns(mapping, opened, unmapped)
    scan = replace(scan, line=LINE if numbered else None, doubts=(*opened.doubts, *told))
    notices = (*scan.doubts, *notices, *_doubts(mapping, pairs))
    notices += intervals_unsaid(opened, mapping) + quantity_unsaid(opened, mapping)
    return View(scan, raw, mapping, _made(mapping, pairs), tuple(asked), unmapped, notices)


def _made(mapping: TableMapping, rows: str) -> str:
    """The rows that a log becomes; any other's own."""
    return subscriptions(mapping, rows) if mapping.shape else rows


def _scan(
    raw: RawTable, opened: RawTable, mapping: TableMapping, pairs: str, lines: LineFinder
) -> Scan:
    rows = distinct(mapping, pairs) if mapping.distinct else _made(mapping, pairs)
    origin = {filling.name: filling.told for filling in mapping.fillings}
    origin |= {name: name for name in mapping.extra}
    if mapping.shape:
        origin = {name: origin.get(of, of) for name, of in lines_of_log(mapping).items()}
    return Scan(
        mapping.table,
        rows,
        dict.fromkeys(origin, "VARCHAR"),
        _digest(opened, mapping),
        raw.place,
        rejects=raw.rejects,
        lines=partial(lines_of, rows) if mapping.distinct or mapping.shape else lines,
        origin=origin,
        files=raw.files,
        hold=(raw, opened),
        counts=opened.counts,
        keep=mapping.keep,
        reading=mapping.reading,
    )


def _doubts(mapping: TableMapping, pairs: str) -> tuple[str, ...]:
    """A word on accounts whose log does not begin with their beginning."""
    if not mapping.shape:
        return ()
    rows, account = ask(first_movements(mapping, pairs))[0]
    told = (
        f"{rows:,} accounts do not begin with 'new', the first is {account}: what they paid before "
        "the log begins is not known"
    )
    return (told,) if rows else ()


def together(views: Sequence[View]) -> View:
    """The views of several blocks as one: their rows one after the other, and each of their files
    under a number of its own.
    """
    first = views[0]
    if len(views) == 1:
        return first
    columns = list(dict.fromkeys(name for view in views for name in view.scan.columns))
    places = [view.scan.files or (view.scan.place,) for view in views]
    starts = [sum(map(len, places[:number])) for number in range(len(views))]
    rows, pairs = [], []
    for view, start in zip(views, starts, strict=True):
        rows.append(_part(view, columns, view.scan.relation, start, both=False))
        pairs.append(_part(view, columns, view.pairs, start, both=True))
    whole = " UNION ALL ".join(rows)
    scan = replace(
        first.scan,
        relation=whole,
        columns=dict.fromkeys(columns, "VARCHAR"),
        digest=hashlib.sha256("|".join(view.scan.digest for view in views).encode()).hexdigest(),
        place=" and ".join(dict.fromkeys(view.scan.place for view in views)),
        rejects=tuple(
            replace(reject, line=reject.line + start * FILE_LINES)
            for view, start in zip(views, starts, strict=True)
            for reject in view.scan.rejects
        ),
        lines=partial(lines_of, whole),
        origin={name: of for view in reversed(views) for name, of in view.scan.origin.items()},
        files=tuple(place for several in places for place in several),
        hold=tuple(view.scan.hold for view in views),
        counts=tuple(count for view in views for count in view.scan.counts),
        reading="|".join(view.scan.reading for view in views),
        doubts=tuple(dict.fromkeys(doubt for view in views for doubt in view.scan.doubts)),
    )
    return View(
        scan,
        first.raw,
        _filled_by_any(views),
        " UNION ALL ".join(pairs),
        _asked_by_any(views, starts),
        _mapped_by_none(views),
        tuple(dict.fromkeys(notice for view in views for notice in view.notices)),
    )


def _asked_by_any(views: Sequence[View], starts: Sequence[int]) -> tuple[OpenQuestion, ...]:
    """What the blocks leave open, each once, its lines in the files of all."""
    found: dict[tuple[str, str], OpenQuestion] = {}
    for view, start in zip(views, starts, strict=True):
        for one in view.questions:
            lines = tuple((line + start * FILE_LINES, value) for line, value in one.examples)
            found.setdefault((one.column, one.header), replace(one, examples=lines))
    return tuple(found.values())


def _part(view: View, columns: Sequence[str], rows: str, start: int, *, both: bool) -> str:
    """One block's rows under the columns of all, its lines in files of their own."""
    names = [*columns, *(RAW + name for name in columns if both)]
    there = {*view.scan.columns, *(RAW + name for name in view.scan.columns)}
    cells = [
        quoted(name) if name in there else f"NULL::VARCHAR AS {quoted(name)}" for name in names
    ]
    line = f"CASE WHEN _line < {NO_LINE} THEN _line + {start * FILE_LINES} ELSE _line END AS _line"
    return f"SELECT {', '.join([*cells, line])} FROM ({rows})"


def _filled_by_any(views: Sequence[View]) -> TableMapping:
    """The first block with the columns that only others fill."""
    fillings = {one.name: one for view in reversed(views) for one in view.mapping.fillings}
    return replace(views[0].mapping, fillings=tuple(fillings.values()))


def _mapped_by_none(views: Sequence[View]) -> tuple[str, ...]:
    """The headers that no block which has them uses."""
    used = {
        (view.raw.place, header)
        for view in views
        for header in view.raw.headers
        if header not in view.unmapped
    }
    left = (
        header for view in views for header in view.unmapped if (view.raw.place, header) not in used
    )
    return tuple(dict.fromkeys(left))


def _named_in(mapping: TableMapping) -> set[str]:
    """Headers that a SELECT names: they are used, although no column is filled with them
    directly.
    """
    if mapping.select is None:
        return set()
    from kampass.intake.mapping.select import named

    return named(mapping.select)


def _digest(raw: RawTable, mapping: TableMapping) -> str:
    return hashlib.sha256(f"mapped 1|{raw.digest}|{mapping.written}".encode()).hexdigest()


def _index(opened: RawTable, mapping: TableMapping) -> dict[str, int]:
    """Where each header stands; the error of one that is named and is not there."""
    index = {header: position for position, header in enumerate(opened.headers)}
    for header in mapping.headers:
        if header not in index and header not in {LINE, FILE}:
            raise missing(opened, header, mapping)
    return index


def _joins_well(mapping: TableMapping, base: str, index: dict[str, int]) -> None:
    """Refuse a composed id that could be composed of other parts: a-b with c is not a with b-c."""
    for filling in mapping.fillings:
        # Nothing is joined, or it names nothing.
        joined = len(filling.columns) > 1 and not filling.first
        if not joined or not names_something(column_of(mapping.model.name, filling.name)):
            continue
        parts = [
            cell(Filling("", (header,)), index, flags=False).text for header in filling.columns
        ]
        held = [f"bool_or(contains({part}, {literal(filling.join)}))" for part in parts]
        found = ask(f"SELECT {', '.join(held)} FROM ({base})")[0] if filling.join else ()
        if not filling.join or sum(map(bool, found)) > 1:
            raise DataError(
                (
                    f"{mapping.place}: '{filling.name}' joins {' and '.join(filling.columns)} by "
                    f"{filling.join!r}, which stands in more than one of them: two rows could get "
                    "one name."
                ),
                code="bad_settings",
                hint='Join by a sign that none of them holds, such as join = "/".',
            )

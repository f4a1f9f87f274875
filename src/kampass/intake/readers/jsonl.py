"""JSON lines as rows of text: one object a line, nested values under a path such as `address.city`.

Numbers keep the digits they were written with; an object that says one thing twice is set aside and
not half believed.
"""

import hashlib
import json
from collections.abc import Iterator
from decimal import Decimal, InvalidOperation
from functools import partial
from pathlib import Path

from kampass.errors import DataError
from kampass.intake.mapping.mapping import TableMapping
from kampass.intake.readers.encodings import refuse_wide_letters
from kampass.intake.readers.mixed import MixedLines
from kampass.intake.readers.raw import RawTable, unique
from kampass.intake.readers.scratch import RowWriter, Scratch, lines_of
from kampass.model.scan import FileCount, Reject

_LONGEST_LINE = 16 << 20
_PATHS = 16_384
_REJECTS = 100_000
_LONGEST_NUMBER = 400
_AS_LINES = (
    'python -c "import json,sys; [print(json.dumps(row)) for row in json.load(sys.stdin)]" < '
    "{0} > {1}"
)


class _Number(str):
    """A number as it was written."""

    __slots__ = ()


class _TornError(ValueError):
    """A line that is no object, with the reason."""


def open_jsonl(file: Path, mapping: TableMapping, scratch: Path | None) -> RawTable:
    """A file of JSON lines."""
    encoding = mapping.encoding or "utf-8"
    refuse_wide_letters(file, encoding)
    hold = Scratch(scratch)
    writer = RowWriter(hold.folder / "rows", flags=True)
    paths: dict[str, int] = {}
    rejects: list[Reject] = []
    sha = hashlib.sha256()
    mixed = MixedLines(file, encoding)
    for line, raw in _lines(file, sha):
        mixed.look(line, raw)
        if line == 1:
            _is_lines(raw, file)
        try:
            cells = _flat(_object(raw, encoding))
        except _TornError as wrong:
            rejects.append(Reject(line, str(wrong), raw[:200].decode("utf-8", "replace").strip()))
            if len(rejects) > _REJECTS:
                raise DataError(
                    f"{file.name}: more than {_REJECTS:,} lines cannot be read.",
                    code="unreadable_file",
                    hint="Check the format.",
                ) from None
            continue
        for path in cells:
            paths.setdefault(path, len(paths))
        if len(paths) > _PATHS:
            raise DataError(
                f"{file.name}, line {line}: there are more than {_PATHS:,} different keys.",
                code="bad_header",
                hint="Export only what is needed.",
            )
        _add(writer, line, cells, paths)
    if not paths:
        raise DataError(
            f"{file.name} holds no JSON object.",
            code="no_header",
            hint="JSON lines are one object a line.",
        )
    base = writer.relation(len(paths))
    return RawTable(
        file.name,
        unique(list(paths)),
        base,
        partial(str, base),
        partial(lines_of, base),
        sha.hexdigest(),
        f"JSON lines, {encoding}",
        tuple(rejects),
        flags=True,
        header_row=1,
        hold=hold,
        counts=(FileCount(file.name, writer.count + len(rejects)),),
        doubts=mixed.doubts,
    )


def _lines(file: Path, sha: "hashlib._Hash") -> Iterator[tuple[int, bytes]]:
    """Each line that holds anything, by number."""
    number = 0
    with file.open("rb") as stream:
        while raw := stream.readline(_LONGEST_LINE):
            number += 1
            sha.update(raw)
            if len(raw) == _LONGEST_LINE:
                raise DataError(
                    f"{file.name}, line {number} is longer than {_LONGEST_LINE >> 20} MB.",
                    code="unreadable_file",
                    hint="JSON lines are one object a line.",
                )
            if number == 1:
                raw = raw.removeprefix(b"\xef\xbb\xbf")
            if raw.strip():
                yield number, raw


def _is_lines(raw: bytes, file: Path) -> None:
    """Refuse one document where lines are expected."""
    start = raw.strip()
    if start.startswith(b"[") or start == b"{":
        how = _AS_LINES.format(
            file.name,
            file.with_suffix(".jsonl").name
            if file.suffix != ".jsonl"
            else f"{file.stem}-lines.jsonl",
        )
        what = "one array" if start.startswith(b"[") else "one object over several lines"
        raise DataError(
            f"{file.name} is {what}, not JSON lines.",
            code="unreadable_file",
            hint=f"Write one object a line: {how}",
        )


def _object(raw: bytes, encoding: str) -> dict[str, object]:
    try:
        text = raw.decode(encoding)
        found = json.loads(
            text,
            object_pairs_hook=_once,
            parse_float=_Number,
            parse_int=_Number,
            parse_constant=_no_number,
        )
    except UnicodeDecodeError as wrong:
        raise _TornError(
            f"is not {encoding}: a byte does not read, at letter {wrong.start + 1}"
        ) from None
    except json.JSONDecodeError as wrong:
        raise _TornError(f"is no JSON: {wrong.msg.lower()}, at letter {wrong.colno}") from None
    except RecursionError:
        raise _TornError("is nested too deeply") from None
    if not isinstance(found, dict):
        raise _TornError("is no object: JSON lines are one object a line")
    return found


def _once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise _TornError(f"says '{twice}' twice")
    return found


def _no_number(text: str) -> object:
    raise _TornError(f"holds {text}, which is no number")


def _flat(found: dict[str, object], before: str = "") -> dict[str, tuple[str, bool]]:
    """Every value under its path, as text, and whether JSON has typed it."""
    cells: dict[str, tuple[str, bool]] = {}
    for name, value in found.items():
        path = before + name
        inner = _flat(value, path + ".") if isinstance(value, dict) else {path: _text(value)}
        for key, cell in inner.items():
            if key in cells:
                raise _TornError(f"says '{key}' twice")
            cells[key] = cell
    if any(
        "\ud800" <= letter <= "\udfff"
        for key, (text, _) in cells.items()
        for letter in (key + text if not (key + text).isascii() else "")
    ):
        raise _TornError("holds half a letter (a lone surrogate)")
    return cells


def _text(value: object) -> tuple[str, bool]:
    if isinstance(value, _Number):
        return _digits(value), True
    if isinstance(value, str):
        return value, False
    if isinstance(value, bool):
        return ("true" if value else "false"), True
    if value is None:
        return "", False
    return json.dumps(value, ensure_ascii=False), False


def _digits(number: str) -> str:
    """A number without an exponent, where it has a sensible one."""
    if "e" not in number and "E" not in number:
        return str(number)
    try:
        plain = Decimal(number)
    except InvalidOperation:
        return str(number)
    exponent = plain.as_tuple().exponent
    return (
        format(plain, "f")
        if isinstance(exponent, int) and abs(exponent) < _LONGEST_NUMBER
        else str(number)
    )


def _add(
    writer: RowWriter, line: int, cells: dict[str, tuple[str, bool]], paths: dict[str, int]
) -> None:
    texts: list[str | None] = [None] * len(paths)
    typed = [False] * len(paths)
    for path, (text, known) in cells.items():
        texts[paths[path]], typed[paths[path]] = text, known
    writer.add(line, texts, typed)

"""Two recordings side by side: every record that differs, with the first place where it does."""

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path

from benchmarks.same_answers.record import SUFFIX, Json, lines

_SHOWN, _WIDE = 15, 300
_MISSING = "(nothing)"


@dataclass
class Counts:
    """How much was compared, and how much of it differs."""

    files: int = 0
    records: int = 0
    values: int = 0
    differing: int = 0
    broken: int = 0
    """Records whose statements break their lines elsewhere, and which are the same otherwise."""


@dataclass(frozen=True)
class Difference:
    """The first place where two values part."""

    path: str
    before: object
    after: object

    def __str__(self) -> str:
        """Two lines below the place."""
        sides = (json.dumps(side, ensure_ascii=False)[:_WIDE] for side in (self.before, self.after))
        return "\n".join(
            (f"    at {self.path or 'the whole'}", *(f"      {side}" for side in sides))
        )


def compare(before: Path, after: Path) -> int:
    """Print every difference and the counts; 1 where there is any."""
    counts = Counts()
    names = sorted(
        {
            str(file.relative_to(place))
            for place in (before, after)
            for file in place.rglob(f"*{SUFFIX}")
        }
    )
    for name in names:
        _compare_files(name.removesuffix(SUFFIX), before / name, after / name, counts)
    print(
        f"{counts.files} files, {counts.records:,} records, {counts.values:,} values compared:"
        f" {counts.differing or 'no'} {'difference' if counts.differing == 1 else 'differences'};"
        f" {counts.broken:,} records break the lines of their SQL elsewhere."
    )
    return 1 if counts.differing or not counts.files else 0


def first_difference(before: Json, after: Json, path: str = "") -> Difference | None:
    """The first place where two values part, in the order in which they are written."""
    before, after = _opened(before, after)
    if isinstance(before, dict) and isinstance(after, dict):
        return _in_objects(before, after, path)
    if isinstance(before, list) and isinstance(after, list):
        pairs = enumerate(zip_longest(before, after, fillvalue=_MISSING))
        found = (first_difference(*pair, f"{path}[{number}]") for number, pair in pairs)
        return next((one for one in found if one), None)
    same = type(before) is type(after) and _plain(before) == _plain(after)
    return None if same else _in_texts(before, after, path)


def _compare_files(name: str, before: Path, after: Path, counts: Counts) -> None:
    counts.files += 1
    if not (before.exists() and after.exists()):
        counts.differing += 1
        print(f"{name}: only in the {'first' if before.exists() else 'second'} recording")
        return
    shown = 0
    for one, other in _paired(lines(before), lines(after)):
        counts.records += 1
        counts.values += one.count('": ') + one.count('", ')
        if one == other:
            continue
        said = _said(name, one, other)
        if said is None:
            counts.broken += 1
            continue
        counts.differing += 1
        shown += 1
        if shown <= _SHOWN:
            print(said)
    if shown > _SHOWN:
        print(f"{name}: {shown - _SHOWN} more records differ")


def _paired(before: Iterator[str], after: Iterator[str]) -> Iterator[tuple[str, str]]:
    """The records of both sides by what was asked; empty where one side did not ask it."""
    first, second = (dict(_numbered(side)) for side in (before, after))
    return ((first.get(asked, ""), second.get(asked, "")) for asked in first | second)


def _numbered(side: Iterator[str]) -> Iterator[tuple[tuple[str, int], str]]:
    """Each record with what was asked, and the how manieth time that was."""
    times: Counter[str] = Counter()
    for line in side:
        asked = json.dumps(json.loads(line)["asked"])
        times[asked] += 1
        yield (asked, times[asked]), line


def _said(name: str, before: str, after: str) -> str | None:
    """One differing record in words; None where statements break their lines elsewhere."""
    sides: list[Json] = [json.loads(side) if side else None for side in (before, after)]
    asked = next(side["asked"] for side in sides if isinstance(side, dict))
    found = first_difference(*sides)
    if found is None and "SELECT " in before:
        return None
    return f"{name}: {str(asked)[:_WIDE]}\n{found or '    the same values, written otherwise'}"


def _opened(before: Json, after: Json) -> Iterator[Json]:
    """Texts that both hold JSON, as what they hold, where that differs."""
    if isinstance(before, str) and isinstance(after, str) and before[:1] in ("{", "["):
        try:
            inside = json.loads(before), json.loads(after)
        except ValueError:
            pass
        else:
            return iter(inside if inside[0] != inside[1] else (before, after))
    return iter((before, after))


def _in_objects(before: dict[str, Json], after: dict[str, Json], path: str) -> Difference | None:
    for key in before | after:
        one, other = before.get(key, _MISSING), after.get(key, _MISSING)
        found = first_difference(one, other, f"{path}.{key}" if path else key)
        if found:
            return found
    if list(before) != list(after):
        return Difference(f"{path} (order of keys)", list(before), list(after))
    return None


def _plain(value: Json) -> Json:
    """A value; of a statement, where it breaks its lines is paper and not an answer."""
    statement = isinstance(value, str) and "SELECT " in value
    return " ".join(str(value).split()) if statement else value


def _in_texts(before: Json, after: Json, path: str) -> Difference:
    """Long texts are cut to the lines that part."""
    if isinstance(before, str) and isinstance(after, str):
        texts = enumerate(
            zip_longest(before.splitlines(), after.splitlines(), fillvalue=_MISSING), 1
        )
        for number, (one, other) in texts:
            if one != other:
                return Difference(f"{path}, line {number}", one, other)
    return Difference(path, before, after)

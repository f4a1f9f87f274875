"""A question, and the values of one column that it is about."""

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from kampass.intake.mapping.mapping import Filling


@dataclass(frozen=True)
class ColumnReading:
    """One way to read a column: what the examples would be, the setting that says so, how many
    values it does not read.
    """

    values: tuple[str, ...]
    setting: str
    unread: int = 0


@dataclass(frozen=True)
class OpenQuestion:
    """A column whose values could be read in two ways, some of them with their lines, and the
    ways.
    """

    table: str
    column: str
    header: str
    what: str
    examples: tuple[tuple[int, str], ...]
    readings: tuple[ColumnReading, ...]

    def to_dict(self) -> dict[str, Any]:
        """The question, ready for JSON."""
        return asdict(self)


Ask = Callable[[str], list[tuple[Any, ...]]]


@dataclass(frozen=True)
class Base:
    """The raw rows that are asked about: their SQL, whether cells may be typed, how to ask, and how
    to find a row's line.
    """

    sql: str
    flags: bool
    ask: Ask
    lines: Callable[[Sequence[int]], dict[int, int]]


@dataclass(frozen=True)
class Values:
    """The values of one column, to be asked about."""

    base: Base
    text: str

    def ask(self, sql: str) -> list[tuple[Any, ...]]:
        """Ask about them."""
        return self.base.ask(sql)

    def count(self, *conditions: str) -> list[int]:
        """How many values meet each condition."""
        if not conditions:
            return []
        counted = ", ".join(f"count(*) FILTER (WHERE {condition})" for condition in conditions)
        return [
            int(number)
            for number in self.ask(
                f"SELECT {counted} FROM (SELECT {self.text} AS v FROM ({self.base.sql}))"
            )[0]
        ]

    def odd(self, condition: str, most: int) -> list[tuple[int, str]]:
        """Different values that meet a condition, in the order of the file, each with its row."""
        return [
            (int(row), str(value))
            for row, value in self.ask(
                f"SELECT min(n), v FROM (SELECT row_number() OVER () AS n, {self.text} AS v FROM "
                f"({self.base.sql})) WHERE v <> '' AND {condition} GROUP BY v ORDER BY 1 LIMIT "
                f"{int(most)}"
            )
        ]

    def at_lines(self, rows: Sequence[tuple[int, str]]) -> tuple[tuple[int, str], ...]:
        """The same values, each with the line of its row."""
        at = self.base.lines([row for row, _ in rows]) if rows else {}
        return tuple((at[row], value) for row, value in rows)

    def examples(self, condition: str) -> tuple[tuple[int, str], ...]:
        """A few different values that meet a condition, with their lines."""
        return self.at_lines(self.odd(condition, 3))


_KEPT = ("where", "part", "left", "inclusive", "unit", "after", "times", "minus", "prefix")


def line(filling: Filling, setting: str) -> str:
    """The line of kampass.toml that answers, with what the column says beside."""
    key = "first_of" if filling.first else "columns" if len(filling.columns) > 1 else "column"
    origin = toml(list(filling.columns) if key != "column" else filling.columns[0])
    said = [f"{key} = {origin}"]
    said += [f"join = {toml(filling.join)}"] if key == "columns" else []
    said += [f"{name} = {toml(value)}" for name in _KEPT if (value := getattr(filling, name))]
    said += [f"scale = {filling.scale}"] if filling.scale else []
    said += [f"{filling.case} = true"] if filling.case else []
    said += ["trim = true"] if filling.trim else []
    if filling.null and "null = " not in setting:
        said += [f"null = {toml(list(filling.null))}"]
    if filling.per:
        of = {"column": filling.per.column, "count": filling.per.count}
        inner = ", ".join(f"{name} = {toml(value)}" for name, value in of.items() if value)
        said += [f"per = {toml(filling.per.every) if filling.per.every else f'{{ {inner} }}'}"]
    return f"{filling.name} = {{ {', '.join([*said, setting])} }}"


def toml(value: object) -> str:
    """A text, number, truth or list of texts as TOML writes it."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")

"""What stands in the cells of a table that is looked at, counted apart: nothing, a word that means
nothing, what does not read.

The cells are those of the view `judged`, which previews make: `=column` is a cell's text as loading
judges it, `<column` what stood in the file, `_broken` the rule that its row breaks.
"""

from typing import TYPE_CHECKING

from kampass.model.conform import Check, quoted

if TYPE_CHECKING:
    from kampass.intake.readers.memory import Connection

MOST = 10
"""How many different texts of a column are told, the most frequent first."""

Texts = tuple[tuple[str, int], ...]
"""Texts with how many cells hold them."""


def empty(name: str, *, mapped: bool) -> str:
    """The SQL of whether a cell is empty in its file."""
    return f"coalesce({quoted(('<' if mapped else '=') + name)}, '') = ''"


def emptied(name: str, *, mapped: bool) -> str:
    """The SQL of whether a cell that holds a text means nothing, as the mapping says."""
    meant = f"coalesce({quoted('=' + name)}, '') = ''"
    return f"NOT ({empty(name, mapped=mapped)}) AND {meant}" if mapped else "false"


def words_for_nothing(connection: "Connection", name: str) -> Texts:
    """The texts of a column that mean nothing."""
    cell = quoted("<" + name)
    found = connection.execute(
        f"SELECT {cell}, count(*) FROM judged WHERE {emptied(name, mapped=True)} GROUP BY 1 ORDER "
        f"BY 2 DESC, 1 LIMIT {MOST}"
    ).fetchall()
    return tuple((text, cells) for text, cells in found)


def unread(connection: "Connection", rules: list[Check]) -> dict[str, Texts]:
    """The texts of each column that set their rows aside."""
    texts: dict[str, dict[str, int]] = {}
    text = (
        "CASE WHEN starts_with(_value, chr(0)) THEN split_part(_value, chr(0), 2) ELSE _value END"
    )
    found = connection.execute(
        f"SELECT _broken, {text}, count(*) FROM judged WHERE _broken IS NOT NULL AND "
        "coalesce(_value, '') <> '' GROUP BY 1, 2 QUALIFY row_number() OVER (PARTITION BY _broken "
        f"ORDER BY count(*) DESC, 2) <= {MOST} ORDER BY 3 DESC, 2"
    ).fetchall()
    for broken, value, cells in found:
        of_column = texts.setdefault(rules[broken].column, {})
        of_column[value] = of_column.get(value, 0) + cells
    return {
        name: tuple(sorted(of_column.items(), key=lambda item: (-item[1], item[0]))[:MOST])
        for name, of_column in texts.items()
    }

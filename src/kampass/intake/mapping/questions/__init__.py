"""What could be read in two ways and is not declared: asked about, with the lines that answer, and
never decided here.
"""

from kampass.intake.mapping.convert import Cell, cell, column_of, shaped
from kampass.intake.mapping.mapping import Filling, TableMapping
from kampass.intake.mapping.questions.dates import asked_dates
from kampass.intake.mapping.questions.numbers import asked_numbers
from kampass.intake.mapping.questions.values import (
    Ask,
    Base,
    ColumnReading,
    OpenQuestion,
    Values,
    line,
)
from kampass.model import Column
from kampass.model.conform import literal

_NUMBERS = {"decimal", "rate", "integer"}
__all__ = ["Ask", "Base", "ColumnReading", "OpenQuestion", "questions"]


def questions(mapping: TableMapping, base: Base, index: dict[str, int]) -> list[OpenQuestion]:
    """Every column of a mapping that its file's values leave open."""
    found = []
    for filling in mapping.fillings:
        column = column_of(mapping.table, filling.name)
        value = cell(filling, index, flags=base.flags)
        pattern = _open_pattern(filling, column)
        if pattern and len(filling.columns) == 1:
            values = Values(base, _bare(filling, value, typed=pattern == "date"))
            found += (
                asked_numbers(mapping, filling, values)
                if pattern == "number"
                else asked_dates(mapping, filling, column, values)
            )
            if column.type == "instant" and not filling.timezone:
                found += _zones(mapping, filling, Values(base, value.text))
        elif _open_zone(filling, column):
            found += _zone_of_format(mapping, filling, Values(base, _bare(filling, value)))
    return found


def _open_pattern(filling: Filling, column: Column) -> str:
    """The kind of question a column may raise: none where its format is declared."""
    if filling.values or filling.true or filling.date or filling.timestamp or filling.unit:
        return ""
    if column.type in {"date", "instant"}:
        return "date"
    return (
        "number"
        if column.type in _NUMBERS
        and not (filling.decimal or filling.thousands or filling.negative or filling.unit)
        else ""
    )


def _open_zone(filling: Filling, column: Column) -> bool:
    """Whether a declared format leaves open in which zone its clock stood."""
    local = [
        form
        for form in filling.timestamp
        if "offset" not in form.parts and form.text not in {"unix", "unix_ms"}
    ]
    return column.type == "instant" and not filling.timezone and bool(local)


def _bare(filling: Filling, value: Cell, *, typed: bool = False) -> str:
    """The text a question is about: not what means empty, and of what the file has `typed` numbers
    alone, which may count days.
    """
    text = f"trim({value.text})" if filling.trim else value.text
    for sign in filling.remove:
        text = f"trim(replace({text}, {literal(sign)}, ''))"
    if filling.null:
        words = ", ".join(literal(word) for word in filling.null)
        text = f"CASE WHEN {text} NOT IN ({words}) THEN {text} END"
    text = shaped(filling, text)
    if not value.typed:
        return text
    asked = f"NOT {value.typed}" + (
        f" OR regexp_full_match({text}, '[0-9]{{5}}([.][0-9]+)?')" if typed else ""
    )
    return f"CASE WHEN {asked} THEN {text} END"


def _zones(mapping: TableMapping, filling: Filling, values: Values) -> list[OpenQuestion]:
    local = r"regexp_full_match(v, '\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(:\d{2}([.]\d+)?)?')"
    return _zone(mapping, filling, values, local)


def _zone_of_format(mapping: TableMapping, filling: Filling, values: Values) -> list[OpenQuestion]:
    """The zone of a format without an offset, where there is anything to read by it."""
    forms = ", ".join(f'"{form.text}"' for form in filling.timestamp)
    written = forms if len(filling.timestamp) == 1 else f"[{forms}]"
    return _zone(mapping, filling, values, "v <> ''", f"timestamp = {written}, ")


def _zone(
    mapping: TableMapping, filling: Filling, values: Values, asked: str, form: str = ""
) -> list[OpenQuestion]:
    """The zone of the values that a condition finds; those without a format read as ISO 8601."""
    if not values.count(asked)[0]:
        return []
    examples = values.examples(asked)
    texts = [value if form else value.replace(" ", "T") for _, value in examples]
    shown = tuple(
        ColumnReading(
            tuple(f"{text} in {zone}" for text in texts),
            line(filling, f'{form}timezone = "{zone}"'),
        )
        for zone in ("UTC", "Europe/Berlin")
    )
    return [
        OpenQuestion(
            mapping.table,
            filling.name,
            filling.told,
            "which time zone are these in? (any IANA name)",
            examples,
            shown,
        )
    ]

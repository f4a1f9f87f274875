"""How a figure is shown to people: rounded once, here, and nowhere else."""

import re

from kampass.engine.answer import Answer

_NOT_ZERO = re.compile("[1-9]")
"""A figure that rounds to zero has no sign: nothing is less than nothing."""


def show_value(value: float | None, unit: str, currency: str) -> str:
    """A value with its unit.

    >>> show_value(85.714, "percent", "USD"), show_value(None, "money", "USD")
    ('85.7 %', '-')
    >>> show_value(1234567.0, "money", "EUR")
    '1,234,567 EUR'
    """
    shown = "-" if value is None else _rounded(value, unit, currency)
    return shown if value is None or _NOT_ZERO.search(shown) else shown.lstrip("+-")


def _rounded(value: float, unit: str, currency: str) -> str:
    if unit == "percent":
        return f"{value:,.1f} %"
    if unit == "money":
        return (
            f"{value:,.0f} {currency}"
            if abs(value) >= 100 or value == 0  # noqa: PLR2004
            else f"{value:,.2f} {currency}"
        )
    if unit == "count":
        return f"{value:,.0f}"
    if unit == "points":
        return f"{value:+,.1f}"
    if unit in {"hours", "days"}:
        return f"{value:,.1f} {unit[0]}"
    return f"{value:,.2f}"


def show_difference(value: float | None, unit: str, currency: str) -> str:
    """A difference in the KPI's unit with its sign; two percentages differ by percentage points.

    >>> show_difference(3.21, "percent", "USD"), show_difference(-40.0, "count", "USD")
    ('+3.2 pp', '-40')
    >>> show_difference(5.0, "points", "USD")
    '+5.0'
    >>> show_difference(-0.01, "percent", "USD"), show_difference(0.04, "percent", "USD")
    ('0.0 pp', '0.0 pp')
    """
    shown = show_value(value, unit, currency)
    if value is None:
        return shown
    if unit == "percent":
        shown = shown.removesuffix("%") + "pp"
    return f"+{shown}" if value > 0 and unit != "points" and _NOT_ZERO.search(shown) else shown


def show_change(answer: Answer, currency: str) -> str:
    """What became of a figure: the difference, with what is to be thought of it, or why there is
    none.
    """
    change = answer.change
    if change is None:
        return ""
    if change.difference is None:
        return (change.reason or "-").replace("_", " ")
    shown = show_difference(change.difference, answer.unit, currency)
    said = chance(answer)
    return f"{shown}, {said}" if said else shown


def chance(answer: Answer) -> str | None:
    """What is to be thought of a difference: whether a ratio's may be chance, how much of a count's
    or a sum's one account carries.
    """
    change = answer.change
    if change is None or not change.difference:
        return None
    if change.carried_by is not None:
        return f"{change.carried_by:,.0f} % by one account"
    if answer.denominator is None or change.detectable:
        return None
    return "too few to tell" if change.detectable is None else "may be chance"


_SIZES = ((10**9, "GB"), (10**6, "MB"), (10**3, "kB"))


def show_amount(done: int, total: int | None, unit: str) -> str:
    """How much of how much, in a job's own unit; nothing where it has none yet.

    >>> show_amount(1_240_000, 12_400_000, "bytes")
    '1.2 of 12.4 MB'
    >>> show_amount(1200, None, "rows"), show_amount(3, 20, "files"), show_amount(0, None, "")
    ('1,200 rows', '3 of 20 files', '')
    """
    if not unit:
        return ""
    most = done if total is None else total
    size, name = next((one for one in _SIZES if one[0] <= most and unit == "bytes"), (1, unit))
    form = ",.0f" if size == 1 else ",.1f"
    of = f" of {total / size:{form}}" if total is not None else ""
    return f"{done / size:{form}}{of} {name}"

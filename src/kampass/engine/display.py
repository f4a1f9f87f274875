"""How a figure is shown to people: rounded once, here, and nowhere else."""


def show_value(value: float | None, unit: str, currency: str) -> str:
    """A value with its unit.

    >>> show_value(85.714, "percent", "USD"), show_value(None, "money", "USD"), show_value(1234567.0, "money", "EUR")
    ('85.7 %', '-', '1,234,567 EUR')
    """
    if value is None:
        return "-"
    if unit == "percent":
        return f"{value:,.1f} %"
    if unit == "money":
        return f"{value:,.0f} {currency}" if abs(value) >= 100 or value == 0 else f"{value:,.2f} {currency}"  # noqa: PLR2004 - cents matter below
    if unit == "count":
        return f"{value:,.0f}"
    if unit == "points":
        return f"{value:+,.1f}"
    if unit in {"hours", "days"}:
        return f"{value:,.1f} {unit[0]}"
    return f"{value:,.2f}"

"""Excel's numbers as canonical text: days counted since 1900, lengths of time, plain numbers."""

from datetime import date, datetime, time, timedelta

EPOCH = datetime(1899, 12, 30)  # noqa: DTZ001 - a cell has no zone
_MARCH_1900 = 61
_LAST_DAY = 2_958_465
_MILLISECONDS = 86_400_000
_KNOWN = 100_000


class Moments:
    """Excel's days since 1900 as text: openpyxl's arithmetic, with each day and each time of day
    worked out once.
    """

    def __init__(self) -> None:
        self._days: dict[float, str] = {}
        self._times: dict[int, str] = {}

    def read(self, serial: float) -> str | None:
        """A day, with its time unless that is midnight; None where it takes more to say."""
        day, fraction = divmod(serial, 1)
        past = round(fraction * _MILLISECONDS)
        if past >= _MILLISECONDS or not _MARCH_1900 <= day <= _LAST_DAY:
            return None
        said = self._days.get(day)
        if said is None:
            said = self._days[day] = (EPOCH + timedelta(days=day)).date().isoformat()
        if not past:
            return said
        clock = self._times.get(past)
        if clock is None:
            if len(self._times) >= _KNOWN:
                self._times.clear()
            clock = self._times[past] = (EPOCH + timedelta(milliseconds=past)).time().isoformat()
        return f"{said}T{clock}"


def canonical(value: object, shape: str) -> str:
    """A number, date, time or truth as canonical text."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value).zfill(len(shape)) if shape and set(shape) == {"0"} else str(value)
    if isinstance(value, float):
        return (
            canonical(int(value), shape)
            if value.is_integer() and abs(value) < 1e15  # noqa: PLR2004
            else plain_float(value)
        )
    if isinstance(value, datetime):
        return value.date().isoformat() if value.time() == time() else value.isoformat()
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, timedelta):
        seconds = round(value.total_seconds())
        return f"{seconds // 3600}:{seconds // 60 % 60:02}:{seconds % 60:02}"
    return str(value)


def plain_float(value: float) -> str:
    """A float with the fifteen digits Excel keeps, never with an exponent.

    >>> plain_float(0.1 + 0.2), plain_float(1.5e-7)
    ('0.3', '0.00000015')
    """
    from decimal import Decimal

    return format(Decimal(f"{value:.15g}"), "f")

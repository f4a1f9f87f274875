"""Business hours: which hours of which days a calendar works, and the SQL that counts them.

A calendar becomes a table of open stretches with the working time before each, so that the business
time between two instants is a difference of two look-ups. Stretches are local wall-clock times: a
clock change makes a day's stretch neither longer nor shorter unless it falls inside it.
"""

import re
from dataclasses import dataclass
from datetime import date

from kampass.errors import DataError
from kampass.model.conform import literal

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_HOURS = re.compile(r"(\d{1,2}):(\d{2})-(\d{1,2}):(\d{2})")


@dataclass(frozen=True)
class BusinessCalendar:
    """One calendar: working days (0 = Monday), open stretches in minutes of the day, holidays, the
    teams that use it.
    """

    name: str = "default"
    days: tuple[int, ...] = (0, 1, 2, 3, 4)
    hours: tuple[tuple[int, int], ...] = ((9 * 60, 17 * 60),)
    holidays: tuple[date, ...] = ()
    timezone: str | None = None
    teams: tuple[str, ...] = ()


def parse_hours(text: str) -> tuple[int, int]:
    """Minutes of the day from `09:00-17:00`."""
    match = _HOURS.fullmatch(text.strip())
    opens, closes = (
        (int(match[1]) * 60 + int(match[2]), int(match[3]) * 60 + int(match[4]))
        if match
        else (0, 0)
    )
    if not 0 <= opens < closes <= 24 * 60:
        raise DataError(
            f"'{text}' are no business hours.", code="bad_settings", hint="Write 09:00-17:00."
        )
    return opens, closes


def stretches_sql(calendars: tuple[BusinessCalendar, ...], timezone: str) -> str:
    """The SQL of every open stretch from the first ticket to the last, with the working time before
    it.
    """
    parts = [_stretches(calendar, calendar.timezone or timezone) for calendar in calendars]
    return f"""
SELECT calendar, opens, opens_us, closes_us,
  coalesce(sum(closes_us - opens_us) OVER (PARTITION BY calendar ORDER BY opens_us ROWS BETWEEN
    UNBOUNDED PRECEDING AND 1 PRECEDING), 0) AS before_us
FROM ({" UNION ALL ".join(parts)})"""


def team_calendars_sql(calendars: tuple[BusinessCalendar, ...]) -> str:
    """The SQL of which team uses which calendar."""
    pairs = [
        f"({literal(team)}, {literal(calendar.name)})"
        for calendar in calendars
        for team in calendar.teams
    ]
    return (
        f"SELECT * FROM (VALUES {', '.join(pairs)}) v(team, calendar)"
        if pairs
        else "SELECT '' AS team, '' AS calendar WHERE false"
    )


def _stretches(calendar: BusinessCalendar, timezone: str) -> str:
    # One stretch lies long before everything, so that every moment finds one before it. The rest
    # reach some days beyond the first and the last ticket, because a calendar's zone may be a day
    # ahead or behind.
    name = literal("" if calendar.name == "default" else calendar.name)
    hours = ", ".join(f"({opens}, {closes})" for opens, closes in calendar.hours)
    days = ", ".join(str(day + 1) for day in calendar.days) or "0"
    holidays = ", ".join(f"DATE '{day.isoformat()}'" for day in calendar.holidays)
    free = f" AND CAST(day AS DATE) NOT IN ({holidays})" if holidays else ""
    zone = literal(timezone)
    return f"""
  SELECT {name} AS calendar, opens, epoch_us(opens) AS opens_us, epoch_us(closes) AS closes_us
    FROM (
    SELECT timezone({zone}, day + to_minutes(h.opens)) AS opens,
      timezone({zone}, day + to_minutes(h.closes)) AS closes
    FROM (SELECT unnest(generate_series(min(created_at)::TIMESTAMP - INTERVAL 3 DAY,
        greatest(max(resolved_at), max(first_replied_at), max(created_at))::TIMESTAMP + INTERVAL 3
          DAY, INTERVAL 1 DAY)) AS moment FROM tickets),
      LATERAL (SELECT date_trunc('day', moment) AS day), (VALUES {hours}) h(opens, closes)
    WHERE isodow(day) IN ({days}){free})
  UNION ALL SELECT {name}, TIMESTAMPTZ '0001-01-01 00:00:00+00',
    epoch_us(TIMESTAMPTZ '0001-01-01 00:00:00+00'),
    epoch_us(TIMESTAMPTZ '0001-01-01 00:00:00+00')"""

"""Every status, reason, unit, kind, table and period in words, as account managers use them, for
pages, charts and terminals alike.

What depends on what somebody may see takes plain values: how far the data reaches, the calendar.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Final

from kampass.catalogue import Kpi
from kampass.engine.answer import Answer
from kampass.engine.planning.coverage import Coverage
from kampass.engine.question import Filter
from kampass.facts import FACTS
from kampass.model.scan import FileCount
from kampass.periods import Calendar, add_months, label
from kampass.render.display import show_change

STATUS: Final = {
    "partial": "not over in the data",
    "provisional": "may still change",
    "low_n": "fewer than 30 behind it",
}
MARKS: Final = {"partial": "…", "provisional": "~", "low_n": "°"}
"""What stands beside a figure that has a status, where there is no room for words."""
NOTED: Final = "*"
"""What stands beside a figure that has notes."""
REASON: Final = {
    "zero_denominator": "nothing to measure",
    "missing_rate": "an exchange rate is missing",
    "suppressed_small_n": "too few to show",
}
KINDS: Final = {"activity": "Activity", "objective": "Objective", "moneyball": "Moneyball"}
DIRECTIONS: Final = {
    "up": "More is better",
    "down": "Less is better",
    "neutral": "Neither more nor less is better by itself",
}
UNITS: Final = {
    "count": "a number",
    "percent": "%",
    "money": "money",
    "points": "points",
    "hours": "hours",
    "days": "days",
    "ratio": "a ratio",
}
_LABELS: Final = {"percent": "%", "points": "points", "hours": "hours", "days": "days", "count": ""}
EFFECTS: Final = {
    "entered": "Entered",
    "left": "Left",
    "changed": "Changed within",
    "mix": "Mix",
    "rate": "Rate",
}
_TABLES: Final = {
    "usage_daily": "usage",
    "subscriptions": "subscriptions",
    "fx_rates": "exchange rates",
    "responses": "survey answers",
}


def counted(kpi: Kpi, n: int) -> str:
    """How much is behind a figure, with its word: 57 accounts."""
    return f"{n:,} {noun(kpi, n)}"


def noun(kpi: Kpi, n: int = 2) -> str:
    """What the n of a KPI counts."""
    measure = kpi.measures.get(kpi.n) or next(
        kpi.measures[name] for name in kpi.measures if name in kpi.n
    )
    distinct = measure.of.partition("(distinct ")[2].partition(")")[0]
    fact = FACTS[measure.fact]
    column = fact.columns.get(distinct)
    return ((column and column.noun) or fact.noun).of(n)


def short(kpi: Kpi) -> str:
    """A KPI's name as people say it.

    >>> from kampass.catalogue import shipped
    >>> short(shipped().get("nrr")), short(shipped().get("customer_referral_rate"))
    ('NRR', 'Customer Referral Rate')
    """
    name, _, rest = kpi.name.partition(" (")
    return rest.removesuffix(")") if rest.removesuffix(")").isupper() else name


def table(name: str) -> str:
    """A table of the model for people."""
    return _TABLES.get(name, name.replace("_", " "))


_TEXTS, _TEXT = 3, 20
"""How many texts of a column are told in a table, and how much of each."""
_LEFT_OUT: Final = {
    "condition": "by the condition",
    "unread": "for a cell that the condition cannot read",
    "footer": "in the footer",
    "select": "by the SELECT",
    "dismissed": "dismissed as no rows",
}
"""Why records of a file make no row."""


def rows_read(counts: Mapping[str, int]) -> str:
    """What a load read and what became of it, as a list.

    >>> rows_read({"read": 3, "loaded": 2, "unchanged": 0, "superseded": 1, "conflicting": 1})
    '3 read, 2 loaded, 1 superseded, 1 conflicting'
    """
    told = [name for name in counts if counts[name] or name in {"read", "loaded"}]
    return ", ".join(f"{counts[name]:,} {name}" for name in told)


def accounted(file: FileCount) -> str:
    """What became of the records of a file.

    >>> accounted(FileCount("deals.csv", 10, {"condition": 2, "footer": 1}))
    'deals.csv: 10 records = 7 used + 2 left out by the condition + 1 left out in the footer'
    """
    parts = [
        f"{number:,} left out {_LEFT_OUT.get(why, why)}"
        for why, number in file.left_out.items()
        if number is not None
    ]
    begun = f"{file.file}: {file.records:,} records"
    if file.used is not None:
        return " + ".join([f"{begun} = {file.used:,} used", *parts])
    unknown = " and ".join(_LEFT_OUT.get(w, w) for w, n in file.left_out.items() if n is None)
    return ", ".join([begun, *parts]) + f"; how many are left out {unknown} is not known"


def stood(value: str | None) -> str:
    """What stood in a cell, in quotes.

    >>> stood("soon"), stood(None)
    ("'soon'", 'an empty cell')
    """
    return repr(value) if value else "an empty cell"


def cells(count: int, texts: Sequence[tuple[str, int]]) -> str:
    """How many cells, and beside them texts with how many hold each.

    >>> cells(3, [("NA", 2), ("-", 1)])
    "3, 'NA' 2, '-' 1"
    """
    told = [f"{text[:_TEXT]!r} {number:,}" for text, number in texts[:_TEXTS]]
    return ", ".join([*([f"{count:,}"] if count else []), *told])


def conflicting(lines: int) -> str:
    """A word on lines that lost to others of their key with nothing to order them."""
    one = lines == 1
    return (
        f"{lines:,} {'line differs' if one else 'lines differ'} from another with the same key and "
        f"{'was' if one else 'were'} left behind; keep says which line counts"
    )


def dimension(name: str) -> str:
    """A dimension for people.

    >>> dimension("account_manager")
    'Account manager'
    """
    return name.replace("_", " ").capitalize()


def unit_label(unit: str, currency: str) -> str:
    """A unit as it stands under a title or in the head of a column."""
    return currency if unit == "money" else _LABELS.get(unit, unit)


def plain(text: str) -> str:
    """A value as people write it.

    >>> plain("mid_market"), plain("EMEA")
    ('Mid market', 'EMEA')
    """
    return text.replace("_", " ").capitalize() if text.islower() else text


def why_none(kpi: Kpi, answer: Answer, coverage: Coverage, calendar: Calendar) -> str:
    """Why a figure has no value, and what to do."""
    when = period(answer.period_start, answer.period_end)
    match answer.reason:
        case "not_connected":
            lacking = [table(name) for name in kpi.needs if name not in coverage.connected]
            named = " or ".join(lacking) or "source"
            return f"No {named} connected. Add a file or a source under Data."
        case "not_covered":
            start = calendar.first_instant(answer.period_start)
            return _not_covered(kpi, coverage, calendar, start, when)
        case "missing_rate":
            return (
                "An amount has no exchange rate at its date. Open the rows to see which, then add "
                "the rate under Data."
            )
        case "suppressed_small_n":
            return (
                f"Fewer than {kpi.suppress_below or 5} people answered: hidden to protect them. "
                "Ask for a longer period."
            )
        case _:
            return f"No {noun(kpi)} to count in {when}. Choose a longer period or fewer filters."


def _not_covered(
    kpi: Kpi, coverage: Coverage, calendar: Calendar, start: datetime, when: str
) -> str:
    """Which table is in the way: the last to begin where the period lies before it, else the first
    to end.
    """
    known = [(each, name) for name in kpi.needs if (each := coverage.stretches.get(name))]
    if not known:
        return (
            "The data does not say for which time it is complete. Add a coverage line under Data."
        )
    latest = max(known, key=lambda each: each[0][0].start)
    soonest = min(known, key=lambda each: each[0][-1].end)
    stretches, name = latest if start < latest[0][0].start else soonest
    first = day(calendar.local_date(stretches[0].start))
    last = day(calendar.last_date_before(stretches[-1].end))
    return (
        f"The {table(name)} are known from {first} to {last} and do not cover {when}. Choose "
        "another period, or load more data."
    )


def notes(answers: Iterable[Answer]) -> list[str]:
    """What must be known of some of the answers, each text once, with the KPIs that it is about."""
    about: dict[str, dict[str, None]] = {}
    for answer in answers:
        for note in answer.notes:
            about.setdefault(note.text, {})[answer.kpi] = None
    return [f"{', '.join(kpis)}: {text}" for text, kpis in about.items()]


def status(answer: Answer, calendar: Calendar) -> str | None:
    """What to keep in mind of a figure that has a value."""
    return {
        "partial": f"Not over yet: data to {day(through(answer, calendar))}",
        "provisional": "May still change",
        "low_n": f"Rests on {answer.n:,} only",
    }.get(answer.status)


def through(answer: Answer, calendar: Calendar) -> date:
    """The last day that an answer has seen."""
    if answer.through:
        return calendar.last_date_before(answer.through)
    return answer.period_end - timedelta(days=1)


def change(answer: Answer, currency: str) -> str | None:
    """What became of a figure, where it was compared."""
    found = answer.change
    if found is None or (found.difference is None and answer.value is None):
        return None
    if found.difference is None:
        return "Nothing to compare with"
    return show_change(answer, currency) if found.difference else "No change"


def period(start: date, end: date) -> str:
    """A period for people.

    >>> period(date(2025, 10, 1), date(2026, 1, 1)), period(date(2026, 1, 5), date(2026, 1, 6))
    ('Q4 2025', '5 Jan 2026')
    """
    named = label(start, end)
    last = end - timedelta(days=1)
    if "Q" in named:
        return f"{named[-2:]} {start.year}"
    if "W" in named:
        return "week {1} of {0}".format(*start.isocalendar()[:2])
    if named == f"{start.year}":
        return named
    if start.day == 1 and end == add_months(start, 1):
        return f"{start:%b %Y}"
    if start.day == 1 and end.day == 1:
        return f"{start:%b %Y} to {last:%b %Y}"
    return day(start) if start == last else f"{day(start)} to {day(last)}"


def day(of: date) -> str:
    """A date for people.

    >>> day(date(2026, 1, 5))
    '5 Jan 2026'
    """
    return f"{of.day} {of:%b %Y}"


def condition(found: Filter, shown: tuple[str, ...]) -> str:
    """A filter in words; `shown` are its values with the names behind ids.

    >>> condition(Filter("segment", "=", ("smb",)), ("smb",))
    'smb only'
    """
    name = found.dimension.replace("_", " ")
    listed = " or ".join(shown)
    return {
        "=": f"{listed} only",
        "in": f"{listed} only",
        "!=": f"without {listed}",
        "in_tree": f"{listed} and the teams below",
        "is unknown": f"{name} unknown",
    }[found.operator]

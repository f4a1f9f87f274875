"""The words around figures as account managers use them: what was counted, why there is no value,
what to do about it.
"""

from datetime import timedelta
from typing import Final

from kampass.catalogue import Kpi
from kampass.engine.answer import Answer
from kampass.engine.question import Filter
from kampass.facts import FACTS
from kampass.render.display import show_difference
from kampass.web.parts import spans
from kampass.workspace.view import Sight

_TABLES: Final = {
    "usage_daily": "usage",
    "subscriptions": "subscriptions",
    "fx_rates": "exchange rates",
    "responses": "survey answers",
}


def counted(kpi: Kpi, n: int) -> str:
    """How much is behind a figure, with its word: 57 accounts."""
    return f"{n:,} {unit_word(kpi, n)}"


def unit_word(kpi: Kpi, n: int = 2) -> str:
    """What the n of a KPI counts."""
    measure = kpi.measures.get(kpi.n) or next(
        kpi.measures[name] for name in kpi.measures if name in kpi.n
    )
    distinct = measure.of.partition("(distinct ")[2].partition(")")[0]
    fact = FACTS[measure.fact]
    column = fact.columns.get(distinct)
    return ((column and column.noun) or fact.noun).of(n)


def table_word(name: str) -> str:
    """A table of the model for people."""
    return _TABLES.get(name, name.replace("_", " "))


def dimension_word(name: str) -> str:
    """A dimension for people.

    >>> dimension_word("account_manager")
    'Account manager'
    """
    return name.replace("_", " ").capitalize()


def why_none(sight: Sight, kpi: Kpi, answer: Answer) -> str:
    """Why a figure has no value, and what to do."""
    return {
        "not_connected": _not_connected,
        "not_covered": _not_covered,
        "missing_rate": _missing_rate,
        "suppressed_small_n": _suppressed,
        "zero_denominator": _nothing,
    }[str(answer.reason)](sight, kpi, answer)


def status_words(answer: Answer, zone_date: str) -> dict[str, str] | None:
    """What to keep in mind of a figure that has a value; `zone_date` says how far the data
    reaches.
    """
    return {
        "partial": {"text": f"Not over yet: data to {zone_date}", "tone": "warn"},
        "provisional": {"text": "May still change", "tone": "neutral"},
        "low_n": {"text": f"Rests on {answer.n:,} only", "tone": "neutral"},
    }.get(answer.status)


def change_of(kpi: Kpi, answer: Answer, currency: str, against: str) -> dict[str, str] | None:
    """What became of a figure, ready for ui.change; a difference that chance explains is none."""
    change = answer.change
    if change is None or (change.difference is None and answer.value is None):
        return None
    if change.difference is None:
        return {
            "text": "Nothing to compare with",
            "direction": "none",
            "tone": "neutral",
            "against": against,
        }
    if change.detectable is False or change.difference == 0:
        said = "No detectable change" if change.difference else "No change"
        return {"text": said, "direction": "none", "tone": "neutral", "against": against}
    rose = change.difference > 0
    good = kpi.direction == ("up" if rose else "down")
    tone = "neutral" if kpi.direction == "neutral" else ("good" if good else "bad")
    return {
        "text": show_difference(change.difference, kpi.unit, currency),
        "direction": "up" if rose else "down",
        "tone": tone,
        "against": against,
    }


def condition(found: Filter, shown: tuple[str, ...]) -> str:
    """A filter in words; `shown` are its values with the names behind ids.

    >>> condition(Filter("segment", "=", ("smb",)), ("smb",)), condition(Filter("tier", "is unknown"), ())
    ('smb only', 'tier unknown')
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


def _not_connected(sight: Sight, kpi: Kpi, _: Answer) -> str:
    lacking = [
        table_word(name) for name in kpi.needs if name not in sight.engine().coverage.connected
    ]
    return f"No {' or '.join(lacking) or 'source'} connected. Add a file or a source under Data."


def _not_covered(sight: Sight, kpi: Kpi, answer: Answer) -> str:
    known = sight.engine().coverage.stretches
    ends = [(stretches[-1].end, name) for name in kpi.needs if (stretches := known.get(name))]
    if not ends:
        return (
            "The data does not say for which time it is complete. Add a coverage line under Data."
        )
    end, name = min(ends)
    last = spans.day(sight.settings.calendar.last_date_before(end))
    period = spans.said(answer.period_start, answer.period_end)
    return (
        f"The {table_word(name)} reach to {last} and do not cover {period}. Choose another "
        "period, or load more data."
    )


def _missing_rate(_: Sight, __: Kpi, ___: Answer) -> str:
    return (
        "An amount has no exchange rate at its date. Open the rows to see which, then add the "
        "rate under Data."
    )


def _suppressed(_: Sight, kpi: Kpi, __: Answer) -> str:
    return (
        f"Fewer than {kpi.suppress_below or 5} people answered: hidden to protect them. Ask for "
        "a longer period."
    )


def _nothing(_: Sight, kpi: Kpi, answer: Answer) -> str:
    return (
        f"No {unit_word(kpi)} to count in {spans.said(answer.period_start, answer.period_end)}. "
        "Choose a longer period or fewer filters."
    )


def through_day(sight: Sight, answer: Answer) -> str:
    """The last day that an answer has seen."""
    calendar = sight.settings.calendar
    return spans.day(
        calendar.last_date_before(answer.through)
        if answer.through
        else answer.period_end - timedelta(days=1)
    )

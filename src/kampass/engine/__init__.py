"""Question, plan, SQL, result: every number comes through here."""

from kampass.engine.answer import Answer, Result
from kampass.engine.engine import Engine, Settings
from kampass.engine.planning.hours import BusinessCalendar, parse_hours
from kampass.engine.question import Filter, Question, parse_filter

__all__ = [
    "Answer",
    "BusinessCalendar",
    "Engine",
    "Filter",
    "Question",
    "Result",
    "Settings",
    "parse_filter",
    "parse_hours",
]

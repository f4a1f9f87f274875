"""Question, plan, SQL, result: every number comes through here.

What a name stands for is imported when it is asked for: a face that only lists the parts of a
question waits for no database.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from kampass.engine.answer import Answer, Result
    from kampass.engine.engine import Engine, Settings
    from kampass.engine.planning.hours import BusinessCalendar, parse_hours
    from kampass.engine.question import Filter, Question, parse_filter

_PLACES = {
    "Answer": "answer",
    "BusinessCalendar": "planning.hours",
    "Engine": "engine",
    "Filter": "question",
    "Question": "question",
    "Result": "answer",
    "Settings": "engine",
    "parse_filter": "question",
    "parse_hours": "planning.hours",
}
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


def __getattr__(name: str) -> Any:
    if name not in _PLACES:
        raise AttributeError(name)
    return getattr(import_module(f"kampass.engine.{_PLACES[name]}"), name)

"""Whose account it is where an owner or an attribute changed within the period: which day
decides.
"""

from collections.abc import Iterator, Mapping, Sequence
from functools import cache

from kampass.catalogue import Kpi
from kampass.catalogue.definition import ACCOUNT_DIMENSIONS
from kampass.engine.answer import Answer, AnswerNote
from kampass.engine.engine import Engine
from kampass.engine.question import Asked
from kampass.facts import FACTS
from kampass.model.conform import literal
from kampass.periods import Period, spoken

Changed = Mapping[str | None, frozenset[str]]
"""The accounts that had a value, and another one, within a period."""


class Anchors:
    """The notes on changes of owners and attributes by which one cut's answers are cut."""

    def __init__(self, engine: Engine, asked: Asked) -> None:
        self.engine, self.asked = engine, asked
        named = [*asked.by, *(condition.dimension for condition in asked.where)]
        self.dimensions = tuple(
            name
            for name in dict.fromkeys(named)
            if name != "account" and (name in ACCOUNT_DIMENSIONS or name in engine.attributes)
        )
        self.changes = cache(self._changes)

    def on(self, kpi: Kpi, number: int, answer: Answer) -> Iterator[AnswerNote]:
        """The notes of one answer."""
        if not self.dimensions or not kpi.takes_any_account_dimension or answer.value is None:
            return
        for name in self.dimensions:
            changed = self.changes(name)[number]
            accounts = self._of(changed, name, answer)
            if accounts:
                text = _text(kpi, name, len(accounts), self.asked.periods[number])
                yield AnswerNote("anchor", text, len(accounts))

    def _of(self, changed: Changed, name: str, answer: Answer) -> frozenset[str]:
        """The accounts that changed to or from what the answer is about."""
        if name in answer.dimensions:
            return changed.get(answer.dimensions[name], frozenset())
        wanted = [
            value
            for condition in self.asked.where
            if condition.dimension == name and condition.operator in {"=", "in"}
            for value in condition.values
        ]
        return frozenset().union(*(changed.get(value, frozenset()) for value in wanted or changed))

    def _changes(self, name: str) -> Sequence[Changed]:
        """For each period the accounts whose value changed within it, by value."""
        found: list[dict[str | None, frozenset[str]]] = [{} for _ in self.asked.periods]
        for number, account, values in self.engine.backend.run(self._sql(name)).all():
            for value in values:
                before = found[number].get(value, frozenset())
                found[number][value] = before | {account}
        return found

    def _sql(self, name: str) -> str:
        spans = _spans(name)
        periods = ", ".join(
            f"({number}, DATE '{period.start}', DATE '{period.end}')"
            for number, period in enumerate(self.asked.periods)
        )
        return (
            f"SELECT p.i, s.account_id, list(DISTINCT s.v) FROM ({spans}) s JOIN (VALUES "
            f"{periods}) p(i, first, after) ON s.valid_from < p.after AND s.valid_to > p.first "
            "GROUP BY 1, 2 HAVING count(DISTINCT s.v) > 1 ORDER BY 1, 2"
        )


def _spans(name: str) -> str:
    """The SQL of a dimension's spans: account_id, v, valid_from, valid_to."""
    if name == "account_manager":
        return "SELECT account_id, user_id AS v, valid_from, valid_to FROM owner_span"
    if name == "team":
        return (
            "SELECT o.account_id, t.team_id AS v, greatest(o.valid_from, t.valid_from) AS "
            "valid_from, least(o.valid_to, t.valid_to) AS valid_to FROM owner_span o JOIN "
            "team_span t ON t.user_id = o.user_id AND t.valid_from < o.valid_to AND t.valid_to > "
            "o.valid_from"
        )
    return (
        "SELECT account_id, value AS v, valid_from, valid_to FROM attribute_span WHERE historical "
        f"AND attribute = {literal(name)}"
    )


def _text(kpi: Kpi, name: str, accounts: int, period: Period) -> str:
    """Which day decides, in words."""
    who = "an account" if accounts == 1 else f"{accounts:,} accounts"
    what = name.replace("_", " ")
    return f"{who} changed {what} within the period: counted under that of {_when(kpi, period)}"


def _when(kpi: Kpi, period: Period) -> str:
    facts = [FACTS[measure.fact] for measure in kpi.measures.values()]
    if any(fact.population == "start" for fact in facts):
        return f"the period's start, {spoken(period.start)}"
    if any(fact.moment for fact in facts):
        return "each event's day"
    return "the period's end"

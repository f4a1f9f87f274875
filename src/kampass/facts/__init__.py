"""The facts that KPIs are defined over. Users' KPIs use these too; a further fact is code."""

from kampass.facts import activity, revenue, service, voice
from kampass.facts.fact import Fact, FactColumn, Relation, Scope

FACTS: dict[str, Fact] = {
    fact.name: fact for fact in (*revenue.FACTS, *activity.FACTS, *service.FACTS, *voice.FACTS)
}

__all__ = ["FACTS", "Fact", "FactColumn", "Relation", "Scope"]

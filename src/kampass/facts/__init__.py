"""The facts that KPIs are defined over, one file a subject. Users' KPIs use these too; a further
fact is code: its declaration in the file of its subject, its line in the list below, its test.
"""

from kampass.facts import (
    accounts,
    answers,
    contracts,
    costs,
    deals,
    employees,
    feedback,
    goals,
    purchases,
    referrals,
    revenue,
    tickets,
    touches,
    trials,
    usage,
)
from kampass.facts.fact import Fact, FactColumn, FactScope, Relation

FACTS: dict[str, Fact] = {
    fact.name: fact
    for fact in (
        accounts.OPENING_ACCOUNTS,
        accounts.CLOSING_ACCOUNTS,
        accounts.TRANSIENT_ACCOUNTS,
        accounts.TRANSFERS,
        revenue.OPENING_LINES,
        revenue.CLOSING_LINES,
        revenue.EXPANSION,
        accounts.CLOSING_MANAGERS,
        trials.TRIALS,
        trials.FIRST_TRIALS,
        referrals.OPENING_REFERRERS,
        referrals.CLOSING_REFERRED,
        referrals.CLOSING_REFERENCES,
        contracts.CONTRACTS_DUE,
        contracts.CONTRACTS_SIGNED,
        deals.DEALS_CLOSED,
        deals.OPEN_DEALS,
        purchases.PURCHASES,
        purchases.EARLIER_BUYERS,
        costs.COSTS,
        touches.TOUCHES,
        touches.FIRST_TOUCHES,
        touches.OPENING_CONTACT,
        usage.OPENING_USAGE,
        touches.CLOSING_CONTACT,
        usage.USAGE,
        tickets.RESOLUTIONS,
        tickets.FIRST_REPLIES,
        tickets.OPEN_TICKETS,
        answers.ANSWERS,
        answers.EMPLOYEE_ANSWERS,
        answers.INVITATIONS,
        feedback.FEEDBACK_RECEIVED,
        feedback.FEEDBACK_IMPLEMENTED,
        goals.GOALS_DUE,
        feedback.MENTIONS,
        employees.LEAVERS,
        employees.HEADCOUNT,
    )
}

__all__ = ["FACTS", "Fact", "FactColumn", "FactScope", "Relation"]

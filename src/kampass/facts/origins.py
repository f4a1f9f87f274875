"""Where each fact's rows come from: the table, its key, the columns read, and why a row of the
table is not among them.

A row of the table that the fact does not hold is explained by the first condition that fits it, in
the order written.
"""

from dataclasses import dataclass

from kampass.facts import evidence as seen
from kampass.facts.evidence import Evidence
from kampass.facts.prepared import ended

NOT_AT_START = "no paid line just before the period"
NOT_AT_END = "no paid line just before the end"


@dataclass(frozen=True)
class Origin:
    """The table behind a fact. `key` names the fact's columns that hold the table's key, in its
    order.

    `moment` is the instant (`_at` facts) or date (`_on` facts) of a table's row `t` that must lie
    in the period; `leaves_out` are reasons with their condition over `t` and the period `p`;
    `otherwise` is the reason of the rest. `hidden` rows are counted and never shown. `private` (a
    condition over `t`) are rows of a person's own: they count, and of their fields only the key and
    `public` are shown. `apart` are rows that another fact alone speaks of.
    """

    table: str
    reads: tuple[str, ...]
    otherwise: str
    key: tuple[str, ...] = ("id",)
    moment: str = ""
    leaves_out: tuple[tuple[str, str], ...] = ()
    evidence: tuple[Evidence, ...] = ()
    hidden: bool = False
    private: str = ""
    public: tuple[str, ...] = ()
    apart: str = ""


def _accounts(otherwise: str, *evidence: Evidence) -> Origin:
    return Origin("accounts", ("name",), otherwise, ("account_id",), evidence=evidence)


def _lines(day: str, boundary: str) -> Origin:
    """Paid lines that count at a date (its SQL)."""
    reads = ("account_id", "product_id", "mrr", "currency", "valid_from", "valid_to", "deleted_at")
    return Origin(
        "subscriptions", reads, f"does not count at the {boundary}",
        leaves_out=(
            ("is a trial", "t.is_trial"), ("is free", "t.mrr <= 0"), (f"starts after the {boundary}", f"t.valid_from > {day}"),
            (f"ended before the {boundary}", ended("t", "(SELECT timezone FROM _settings)") + f" <= {day}"),
        ), evidence=(seen.OWN_RATES,),
    )  # fmt: skip


def _ticket(moment: str, missing: str, *evidence: Evidence) -> Origin:
    reads = ("account_id", "assignee_id", "channel", "priority", "topic", "created_at", "first_replied_at", "resolved_at", "reopened",
             "agent_replies", "customer_messages")  # fmt: skip
    return Origin(
        "tickets",
        reads,
        missing,
        moment=f"t.{moment}",
        leaves_out=((missing, f"t.{moment} IS NULL"),),
        evidence=evidence,
    )


_OF_EMPLOYEES = seen.OF_EMPLOYEES.format("t")
_TOUCH = (
    "account_id",
    "contact_id",
    "user_id",
    "channel",
    "direction",
    "purpose",
    "outcome",
    "is_automated",
    "minutes",
    "occurred_at",
)
_FEEDBACK = ("account_id", "status", "is_actionable", "received_at", "implemented_at")
_EMPLOYEE = ("user_id", "joined_on")

ORIGINS: dict[str, Origin] = {
    "opening_accounts": _accounts(NOT_AT_START, seen.LINES, seen.LINE_RATES),
    "closing_accounts": _accounts(NOT_AT_END, seen.LINES, seen.FIRST_LINES, seen.LINE_RATES),
    "transient_accounts": _accounts("did not come and go within the period", seen.SHORT_LINES, seen.FIRST_LINE),
    "transfers": _accounts("not active at both ends", seen.LINES, seen.LINE_RATES),
    "opening_lines": _lines("p.before", "start"),
    "closing_lines": _lines("p.last_day", "end"),
    "expansion": _accounts(NOT_AT_START, seen.LINES, seen.PRODUCTS, seen.LINE_RATES),
    "closing_managers": _accounts(NOT_AT_END, seen.LINES, seen.OWNERS),
    "opening_referrers": _accounts(NOT_AT_START, seen.LINES, seen.REFERRALS_MADE),
    "closing_referred": _accounts(NOT_AT_END, seen.LINES, seen.FIRST_LINES, seen.REFERRALS_RECEIVED),
    "closing_references": _accounts(NOT_AT_END, seen.LINES, seen.REFERENCES),
    "opening_contact": _accounts(NOT_AT_START, seen.LINES, seen.ACCOUNT_TOUCHES),
    "opening_usage": _accounts(NOT_AT_START, seen.LINES, seen.ACTIVE_DAYS, seen.FIRST_USAGE),
    "closing_contact": _accounts(NOT_AT_END, seen.LINES, seen.LAST_TOUCHES),
    "contracts_due": Origin(
        "contracts", ("account_id", "product_id", "kind", "outcome", "previous_contract_id", "valid_from", "valid_to"), "is not due",
        leaves_out=(
            ("is an amendment", "t.kind = 'amendment'"), ("was superseded", "t.outcome = 'superseded'"), ("has no end", "t.valid_to IS NULL"),
            ("ends before the period", "t.valid_to < p.first_day"), (("ends after the period, or " "after the data ends"), "t.valid_to > p.last_day"),
        ), evidence=(seen.SUCCESSORS, seen.CONTRACT_PRODUCTS)),
    "contracts_signed": Origin(
        "contracts", ("account_id", "product_id", "kind", "signed_on", "value", "currency"), "was not signed in the period", moment="t.signed_on",
        leaves_out=(("has no signing date", "t.signed_on IS NULL"),), evidence=(seen.SIGNED_RATES,)),
    "deals_closed": Origin(
        "deals", ("account_id", "owner_id", "kind", "status", "source", "attributed_to", "amount", "currency", "closed_at"), "was not closed",
        moment="t.closed_at", leaves_out=(("is still open", "t.status = 'open'"),), evidence=(seen.DEAL_RATES, seen.DEAL_TOUCHES)),
    "purchases": Origin(
        "purchases", ("account_id", "product_id", "kind", "amount", "currency", "purchased_at"), "was not made in the period", moment="t.purchased_at",
        evidence=(seen.PURCHASE_RATES, seen.EARLIER_PURCHASES)),
    "costs": Origin("costs", ("account_id", "kind", "amount", "currency", "on"), "did not arise in the period", moment='t."on"', evidence=(seen.COST_RATES,)),
    "touches": Origin("touches", _TOUCH, "did not happen in the period", moment="t.occurred_at", evidence=(seen.PROSPECT_LINES,)),
    "first_touches": Origin(
        "touches", _TOUCH, ("is not the account's first real outbound touch, or the account had " "been active " "before"), moment="t.occurred_at",
        leaves_out=(("names no account", "t.account_id IS NULL"), ("is not outbound", "t.direction <> 'outbound'")), evidence=(seen.PROSPECT_LINES,)),
    "usage": Origin("usage_daily", ("active_users", "seats", "logins", "minutes", "key_events"), "lies outside the period",
                    ("account_id", "day", "product_id"), moment='t."on"'),
    "resolutions": _ticket("resolved_at", "is not resolved", seen.REPEATS, seen.MEMBERSHIPS, seen.ASSIGNEES),
    "first_replies": _ticket("first_replied_at", "has no reply yet", seen.REPLY_MEMBERSHIPS, seen.ASSIGNEES),
    "open_tickets": Origin(
        "tickets", ("account_id", "assignee_id", "channel", "priority", "topic", "created_at", "resolved_at"), "is not open at the end",
        leaves_out=(("was created after the end", "t.created_at >= p.u"), ("was resolved before the end", "t.resolved_at < p.u"))),
    "answers": Origin(
        "responses", ("survey_id", "account_id", "contact_id", "agent_id", "score", "responded_at"), "was not given in the period",
        moment="t.responded_at", evidence=(seen.SURVEYS,), apart=_OF_EMPLOYEES),
    "employee_answers": Origin("responses", (), "is no answer of an employee in the period", hidden=True),
    "invitations": Origin(
        "invitations", ("survey_id", "account_id", "contact_id", "delivered", "response_id", "invited_at"), "was not sent in the period",
        moment="t.invited_at", evidence=(seen.REPLIES,), private=_OF_EMPLOYEES, public=("survey_id", "delivered")),
    "feedback_received": Origin("feedback", _FEEDBACK, "was not received in the period", moment="t.received_at"),
    "feedback_implemented": Origin(
        "feedback", _FEEDBACK, "was not implemented in the period", moment="t.implemented_at",
        leaves_out=(("is not implemented", "t.implemented_at IS NULL"),)),
    "goals_due": Origin("goals", ("account_id", "kind", "direction", "target", "due_on"), "is not due in the period", moment="t.due_on",
                        evidence=(seen.MEASUREMENTS,)),
    "mentions": Origin("mentions", ("account_id", "channel", "mentioned_at"), "was not made in the period", moment="t.mentioned_at"),
    "leavers": Origin("employees", ("left_on", "team_id"), "did not leave in the period", _EMPLOYEE, moment="t.left_on",
                      leaves_out=(("has not left", "t.left_on IS NULL"),)),
    "headcount": Origin("employees", ("left_on", "team_id"), "employed at neither end", _EMPLOYEE),
}  # fmt: skip

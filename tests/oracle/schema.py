"""The canonical tables: their columns, their keys, and how one field of a CSV line is read.

A column is written ``name[!][:type][>table]``: ``!`` is required, the type is text unless stated
(``date``, ``instant``, ``bool``, ``number``, ``count``, or a closed list ``a|b|c``) and ``>table``
is a reference to the ``id`` of another table.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone
from fractions import Fraction
from typing import Any

# Tables come in an order in which every required reference points backwards.
TABLES: dict[str, str] = {
    "accounts": "id! name! parent_id>accounts segment industry region tier acquisition_source "
    "acquired_on:date is_test:bool",
    "teams": "id! name! parent_id>teams",
    "users": "id! name! email role team_id>teams manager_id>users active_from:date active_to:date",
    "products": "id! name! family! tier_rank:number is_addon:bool",
    "surveys": "id! kind!:csat|nps|enps|esat|custom scale_min!:number scale_max!:number "
    "satisfied_from:number name",
    "contacts": "id! account_id>accounts name email persona role is_key:bool is_primary:bool",
    "account_attributes": "account_id!>accounts attribute! value valid_from!:date valid_to:date",
    "memberships": "user_id!>users team_id!>teams valid_from!:date valid_to:date",
    "ownerships": "account_id!>accounts user_id!>users role!:account_manager|csm|support "
    "valid_from!:date "
    "valid_to:date",
    "contracts": "id! account_id!>accounts product_id>products signed_on:date valid_from!:date "
    "valid_to:date kind:new|renewal|extension|amendment previous_contract_id>contracts "
    "auto_renew:bool outcome:pending|renewed|lost|superseded ended_on:date churn_type "
    "churn_reason value:number currency",
    "subscriptions": "id! account_id!>accounts contract_id>contracts product_id>products "
    "quantity:number unit_price:number mrr!:number currency! valid_from!:date valid_to:date "
    "is_trial:bool",
    "purchases": "id! account_id!>accounts purchased_at!:instant amount!:number currency! "
    "product_id>products kind:recurring|one_off|credit",
    "deals": "id! kind!:new|upsell|cross_sell|renewal|extension status!:open|won|lost "
    "created_at:instant closed_at:instant account_id>accounts contact_id>contacts "
    "owner_id>users amount:number currency source probability:number "
    "attributed_to:support|success|sales|marketing",
    "tickets": "id! created_at!:instant account_id>accounts contact_id>contacts "
    "assignee_id>users channel priority topic first_replied_at:instant resolved_at:instant "
    "reopened:count agent_replies:count customer_messages:count",
    "touches": "id! occurred_at!:instant channel!:email|call|meeting|video|chat|sms|other "
    "direction!:inbound|outbound purpose:support|success|sales|internal user_id>users "
    "account_id>accounts contact_id>contacts deal_id>deals ticket_id>tickets minutes:number "
    "outcome:completed|no_answer|bounced|cancelled sentiment:number is_automated:bool",
    "responses": "id! survey_id!>surveys responded_at!:instant score!:number "
    "account_id>accounts contact_id>contacts user_id>users agent_id>users ticket_id>tickets "
    "invited_at:instant comment",
    "invitations": "id! survey_id!>surveys invited_at!:instant account_id>accounts "
    "contact_id>contacts "
    "delivered:bool response_id>responses",
    "feedback": "id! received_at!:instant status!:new|accepted|implemented|rejected "
    "account_id>accounts is_actionable:bool implemented_at:instant communicated_at:instant text",
    "referrals": "id! referrer_account_id!>accounts referred_at!:instant "
    "referred_account_id>accounts status:pending|qualified|customer|lost converted_at:instant",
    "references": "account_id!>accounts valid_from!:date valid_to:date",
    "mentions": "id! mentioned_at!:instant channel! account_id>accounts sentiment:number text url",
    "usage_daily": "account_id!>accounts on!:date product_id>products active_users:number "
    "seats:number "
    "logins:number minutes:number key_events:number",
    "goals": "id! account_id!>accounts name! kind!:leading|lagging direction!:up|down "
    "starts_on:date "
    "baseline:number target!:number due_on!:date kpi",
    "goal_measurements": "goal_id!>goals measured_at!:instant value!:number",
    "employees": "user_id!>users joined_on!:date left_on:date team_id>teams",
    "costs": "id! on!:date kind!:acquisition|service amount!:number currency! account_id>accounts",
    "fx_rates": "currency! valid_from!:date rate!:number",
    "coverage": "table! covered_from!:date covered_to!:date",
    "interventions": "id! name! on!:date account_id>accounts segment",
    "leads": "id! created_at!:instant source contact_id>contacts account_id>accounts "
    "converted_at:instant",
    "notes": "id! noted_at!:instant kind!:note|interview|story author_id>users account_id>accounts "
    "user_id>users kpi text sentiment:number",
}

NATURAL_KEYS: dict[str, tuple[str, ...]] = {
    "account_attributes": ("account_id", "attribute", "valid_from"),
    "memberships": ("user_id", "team_id", "valid_from"),
    "ownerships": ("account_id", "user_id", "role", "valid_from"),
    "references": ("account_id", "valid_from"),
    "usage_daily": ("account_id", "on", "product_id"),
    "goal_measurements": ("goal_id", "measured_at"),
    "employees": ("user_id", "joined_on"),
    "fx_rates": ("currency", "valid_from"),
    "coverage": ("table", "covered_from"),
}

# The tables whose unknown columns are dimensions of KPIs that count their rows.
ROW_COLUMNS = (
    "tickets",
    "deals",
    "responses",
    "purchases",
    "touches",
    "contracts",
    "subscriptions",
)

# What cannot end before it begins; a deal that is open is only expected to close.
PAIRS: dict[str, tuple[tuple[str, str], ...]] = {
    "tickets": (("created_at", "first_replied_at"), ("created_at", "resolved_at")),
    "deals": (("created_at", "closed_at"),),
    "feedback": (("received_at", "implemented_at"),),
}

# The start of a row of a fact table; a table named here is a fact table and gates.
FACT_STARTS: dict[str, str] = {
    "subscriptions": "valid_from",
    "contracts": "valid_from",
    "references": "valid_from",
    "deals": "created_at",
    "tickets": "created_at",
    "goals": "due_on",
    "employees": "joined_on",
    "usage_daily": "on",
    "costs": "on",
    "purchases": "purchased_at",
    "touches": "occurred_at",
    "responses": "responded_at",
    "invitations": "invited_at",
    "feedback": "received_at",
    "referrals": "referred_at",
    "mentions": "mentioned_at",
    "goal_measurements": "measured_at",
}

SPAN_TABLES = ("subscriptions", "ownerships", "memberships", "account_attributes", "references")
ENTITY_TABLES = ("accounts", "contacts", "users", "teams", "products", "surveys")


@dataclass(frozen=True)
class Column:
    """One column of a canonical table."""

    name: str
    required: bool
    type: str
    refers_to: str | None


def _column(token: str) -> Column:
    token, _, refers_to = token.partition(">")
    name, _, type_ = token.partition(":")
    return Column(name.rstrip("!"), name.endswith("!"), type_ or "text", refers_to or None)


COLUMNS: dict[str, list[Column]] = {
    table: [_column(token) for token in text.split()]
    + [_column("updated_at:instant"), _column("deleted_at:instant")]
    for table, text in TABLES.items()
}


def key_columns(table: str) -> tuple[str, ...]:
    """The natural key of the table, or its id."""
    return NATURAL_KEYS.get(table, ("id",))


_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_INSTANT = re.compile(
    r"(\d{4}-\d{2}-\d{2})T(\d{2}):(\d{2})(?::(\d{2})(?:\.(\d{1,9}))?)?(Z|[+-]\d{2}(?::?\d{2})?)"
)
_NUMBER = re.compile(r"[+-]?(\d+(\.\d+)?|\.\d+)")
_COUNT = re.compile(r"\d+")


def read_date(text: str) -> date:
    """An ISO 8601 date and nothing else."""
    if not _DATE.fullmatch(text):
        raise ValueError(f"not a date: {text}")
    return date.fromisoformat(text)


def read_instant(text: str, first_instant: Callable[[date], datetime]) -> datetime:
    """A timestamp with an offset, or a date standing for its local day's first instant."""
    if _DATE.fullmatch(text):
        return first_instant(date.fromisoformat(text))
    match = _INSTANT.fullmatch(text)
    if match is None:
        raise ValueError(f"not a timestamp with an offset: {text}")
    day, hour, minute, second, fraction, offset = match.groups()
    if offset == "Z":
        zone = UTC
    else:
        sign = -1 if offset[0] == "-" else 1
        digits = offset[1:].replace(":", "")
        shift = timedelta(hours=int(digits[:2]), minutes=int(digits[2:] or "0"))
        zone = timezone(sign * shift)
    at = datetime.fromisoformat(day).replace(
        hour=int(hour), minute=int(minute), second=int(second or "0"), tzinfo=zone
    )
    at = at + timedelta(microseconds=int((fraction or "0").ljust(6, "0")[:6]))
    return at.astimezone(UTC)


def read_field(column: Column, text: str, first_instant: Callable[[date], datetime]) -> Any:
    """The typed value of a non-empty field; ValueError when it does not parse."""
    if column.type == "text":
        return text
    if column.type == "date":
        return read_date(text)
    if column.type == "instant":
        return read_instant(text, first_instant)
    if column.type == "bool":
        if text not in ("true", "false"):
            raise ValueError(f"neither true nor false: {text}")
        return text == "true"
    if column.type == "number":
        if not _NUMBER.fullmatch(text):
            raise ValueError(f"not a decimal number: {text}")
        return Fraction(text)
    if column.type == "count":
        if not _COUNT.fullmatch(text):
            raise ValueError(f"not a count: {text}")
        return int(text)
    if text not in column.type.split("|"):
        raise ValueError(f"not one of {column.type}: {text}")
    return text

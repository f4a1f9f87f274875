"""The canonical tables: columns, keys, references, closed lists. Everything Kampass computes is
computed from these.

Written out as data, so that conforming, references, coverage, templates and documentation all read
the same lines.
"""

from dataclasses import dataclass
from typing import Literal

ColumnType = Literal["text", "date", "instant", "decimal", "rate", "integer", "bool"]
Deletion = Literal["span", "entity", "gone"]

SQL_TYPES: dict[ColumnType, str] = {
    "text": "VARCHAR",
    "date": "DATE",
    "instant": "TIMESTAMPTZ",
    "decimal": "DECIMAL(18, 6)",
    "rate": "DECIMAL(18, 9)",
    "integer": "BIGINT",
    "bool": "BOOLEAN",
}


@dataclass(frozen=True)
class Column:
    """One column: its type, whether a row needs it, what it refers to, which values it may hold."""

    name: str
    type: ColumnType
    required: bool = False
    refers_to: str | None = None
    choices: tuple[str, ...] = ()
    about: str = ""


@dataclass(frozen=True)
class Table:
    """One canonical table.

    `start` is the column whose earliest value counts for assumed coverage, `otherwise` the one that
    stands in where it is empty; `gates` says whether "no rows" can mean "unknown"; `deletion` says
    what a deleted row means: a span ends, an entity keeps its history, another row is gone. A
    table that keeps `more` holds the columns of a file that it does not declare too, to cut by.
    """

    name: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    about: str
    start: str | None = None
    otherwise: str | None = None
    gates: bool = True
    deletion: Deletion = "gone"
    more: bool = False

    def column(self, name: str) -> Column:
        """The column of that name (KeyError where there is none)."""
        return self._by_name()[name]

    def has(self, name: str) -> bool:
        """Whether the table declares that column."""
        return name in self._by_name()

    @property
    def names(self) -> list[str]:
        """The columns' names, in their written order."""
        return [column.name for column in self.columns]

    @property
    def more_columns(self) -> list[str]:
        """The column that holds what the table keeps beside its own, where it keeps more."""
        return ["_extra"] if self.more else []

    @property
    def account_column(self) -> str | None:
        """The column that says whose row it is, for leaving test accounts out."""
        if self.name == "accounts":
            return "id"
        return next(
            (name for name in ("account_id", "referrer_account_id") if self.has(name)), None
        )

    @property
    def order(self) -> list[str]:
        """How the table is sorted: by account, then time, then key."""
        instants = [
            column.name
            for column in self.columns
            if column.required and column.type in {"instant", "date"}
        ]
        lead = [name for name in ("account_id", *instants) if self.has(name)]
        return list(dict.fromkeys([*lead, *self.key]))

    def _by_name(self) -> dict[str, Column]:
        return {column.name: column for column in self.columns}


_TYPES: dict[str, ColumnType] = {
    "": "text",
    "d": "date",
    "t": "instant",
    "n": "decimal",
    "r": "rate",
    "i": "integer",
    "b": "bool",
}


_NOT_PAID = "the first day that is not paid"
_ABOUT = {
    ("subscriptions", "valid_to"): _NOT_PAID,
    ("contracts", "valid_to"): f"{_NOT_PAID}: the renewal's due date",
}
_LAPSED = {"valid_to": "the first day on which it no longer holds"}


def _column(table: str, text: str) -> Column:
    """Read one column from its short form: `name[!][:type][>table][=a|b|c]`."""
    rest, _, choices = text.partition("=")
    rest, _, refers_to = rest.partition(">")
    name, _, kind = rest.partition(":")
    required = name.endswith("!")
    return Column(
        name.rstrip("!"),
        _TYPES[kind],
        required,
        refers_to or None,
        tuple(choices.split("|")) if choices else (),
        _ABOUT.get((table, name), _LAPSED.get(name, "")),
    )


def _table(name: str, columns: str, about: str, **facts: object) -> Table:
    key = tuple(str(facts.pop("key", "id")).split())
    written = tuple(_column(name, part) for part in columns.split())
    stamps = (Column("updated_at", "instant"), Column("deleted_at", "instant"))
    return Table(name, written + stamps, key, about, **facts)  # type: ignore[arg-type]


_ENTITY = {"gates": False, "deletion": "entity"}
_SPAN = {"gates": False, "deletion": "span"}

TABLES: dict[str, Table] = {
    table.name: table
    for table in (
        _table(
            "accounts",
            (
                "id! name! parent_id>accounts segment industry region tier acquisition_source "
                "acquired_on:d is_test:b"
            ),
            "the companies you look after; any further column becomes an attribute to cut by",
            more=True,
            **_ENTITY,
        ),
        _table(
            "account_attributes",
            "account_id!>accounts attribute! value valid_from!:d valid_to:d",
            "an attribute of an account as it was",
            key="account_id attribute valid_from",
            **_SPAN,
        ),
        _table(
            "contacts",
            "id! account_id>accounts name email persona role is_key:b is_primary:b",
            "people at an account",
            **_ENTITY,
        ),
        _table("teams", "id! name! parent_id>teams", "your teams and how they nest", **_ENTITY),
        _table(
            "users",
            "id! name! email role team_id>teams manager_id>users active_from:d active_to:d",
            "your own people: account managers, agents, sellers",
            **_ENTITY,
        ),
        _table(
            "memberships",
            "user_id!>users team_id!>teams valid_from!:d valid_to:d",
            "who was in which team, when",
            key="user_id team_id valid_from",
            **_SPAN,
        ),
        _table(
            "ownerships",
            (
                "account_id!>accounts user_id!>users role!=account_manager|csm|support "
                "valid_from!:d "
                "valid_to:d"
            ),
            "who looked after which account, when",
            key="account_id user_id role valid_from",
            **_SPAN,
        ),
        _table("products", "id! name! family! tier_rank:n is_addon:b", "what you sell", **_ENTITY),
        _table(
            "contracts",
            "id! account_id!>accounts product_id>products signed_on:d valid_from!:d valid_to:d"
            " kind=new|renewal|extension|amendment previous_contract_id>contracts auto_renew:b"
            " outcome=pending|renewed|lost|superseded ended_on:d churn_type churn_reason value:n "
            "currency",
            "agreements with a term; valid_to is the renewal's due date",
            start="valid_from",
            more=True,
        ),
        _table(
            "subscriptions",
            (
                "id! account_id!>accounts contract_id>contracts product_id>products quantity:n "
                "unit_price:n mrr!:n currency! valid_from!:d valid_to:d is_trial:b"
            ),
            "paid lines with their monthly recurring revenue",
            start="valid_from",
            deletion="span",
            more=True,
        ),
        _table(
            "purchases",
            (
                "id! account_id!>accounts purchased_at!:t amount!:n currency! product_id>products "
                "kind=recurring|one_off|credit"
            ),
            "invoices and orders",
            start="purchased_at",
            more=True,
        ),
        _table(
            "deals",
            "id! kind!=new|upsell|cross_sell|renewal|extension status!=open|won|lost "
            "created_at:t closed_at:t"
            " account_id>accounts contact_id>contacts owner_id>users amount:n currency source "
            "probability:n"
            " attributed_to=support|success|sales|marketing",
            "opportunities and how they ended",
            start="created_at",
            otherwise="closed_at",
            more=True,
        ),
        _table(
            "tickets",
            "id! created_at!:t account_id>accounts contact_id>contacts assignee_id>users channel "
            "priority topic"
            " first_replied_at:t resolved_at:t reopened:i agent_replies:i customer_messages:i",
            "support requests; resolved_at is the last resolution",
            start="created_at",
            more=True,
        ),
        _table(
            "touches",
            "id! occurred_at!:t channel!=email|call|meeting|video|chat|sms|other "
            "direction!=inbound|outbound"
            " purpose=support|success|sales|internal user_id>users account_id>accounts "
            "contact_id>contacts deal_id>deals"
            " ticket_id>tickets minutes:n outcome=completed|no_answer|bounced|cancelled "
            "sentiment:n is_automated:b",
            "every e-mail, call and meeting with an account",
            start="occurred_at",
            more=True,
        ),
        _table(
            "surveys",
            "id! kind!=csat|nps|enps|esat|custom scale_min!:n scale_max!:n satisfied_from:n name",
            "questions you ask, with their scale",
            **_ENTITY,
        ),
        _table(
            "responses",
            "id! survey_id!>surveys responded_at!:t score!:n account_id>accounts "
            "contact_id>contacts user_id>users"
            " agent_id>users ticket_id>tickets invited_at:t comment",
            "answers to surveys",
            start="responded_at",
            more=True,
        ),
        _table(
            "invitations",
            (
                "id! survey_id!>surveys invited_at!:t account_id>accounts contact_id>contacts "
                "delivered:b response_id>responses"
            ),
            "who was asked",
            start="invited_at",
        ),
        _table(
            "feedback",
            (
                "id! received_at!:t status!=new|accepted|implemented|rejected account_id>accounts "
                "is_actionable:b implemented_at:t communicated_at:t text"
            ),
            "what accounts asked for",
            start="received_at",
        ),
        _table(
            "referrals",
            (
                "id! referrer_account_id!>accounts referred_at!:t referred_account_id>accounts "
                "status=pending|qualified|customer|lost converted_at:t"
            ),
            "accounts that recommended you",
            start="referred_at",
        ),
        _table(
            "references",
            "account_id!>accounts valid_from!:d valid_to:d",
            "accounts willing to vouch for you",
            key="account_id valid_from",
            start="valid_from",
            deletion="span",
        ),
        _table(
            "mentions",
            "id! mentioned_at!:t channel! account_id>accounts sentiment:n text url",
            "what is said of you in public",
            start="mentioned_at",
        ),
        _table(
            "usage_daily",
            (
                "account_id!>accounts on!:d product_id>products active_users:n seats:n logins:n "
                "minutes:n key_events:n"
            ),
            "product usage per account and day",
            key="account_id on product_id",
            start="on",
        ),
        _table(
            "goals",
            (
                "id! account_id!>accounts name! kind!=leading|lagging direction!=up|down "
                "starts_on:d "
                "baseline:n target!:n due_on!:d kpi"
            ),
            "what an account wants to reach",
            start="due_on",
        ),
        _table(
            "goal_measurements",
            "goal_id!>goals measured_at!:t value!:n",
            "how far a goal has come",
            key="goal_id measured_at",
            start="measured_at",
        ),
        _table(
            "employees",
            "user_id!>users joined_on!:d left_on:d team_id>teams",
            "employments; left_on is the first day not employed",
            key="user_id joined_on",
            start="joined_on",
        ),
        _table(
            "costs",
            "id! on!:d kind!=acquisition|service amount!:n currency! account_id>accounts",
            "what winning and serving accounts costs",
            start="on",
        ),
        _table(
            "fx_rates",
            "currency! valid_from!:d rate!:r",
            "workspace currency per unit",
            key="currency valid_from",
            gates=False,
        ),
        _table(
            "coverage",
            "table! covered_from!:d covered_to!:d",
            "which days a table is complete for",
            key="table covered_from",
            gates=False,
        ),
        _table(
            "interventions",
            "id! name! on!:d account_id>accounts segment",
            "changes whose effect you want to see",
            gates=False,
        ),
        _table(
            "leads",
            "id! created_at!:t source contact_id>contacts account_id>accounts converted_at:t",
            "contact forms",
            gates=False,
        ),
        _table(
            "notes",
            (
                "id! noted_at!:t kind!=note|interview|story author_id>users account_id>accounts "
                "user_id>users kpi text sentiment:n"
            ),
            "words beside the numbers",
            gates=False,
        ),
    )
}

"""Rows of the small adversarial worlds: the canonical columns, the shared draws, a builder per
group of tables.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

Row = dict[str, str | None]
MICRO, SECOND, DAY = timedelta(microseconds=1), timedelta(seconds=1), timedelta(days=1)
AWKWARD = (
    "NA",
    "007",
    "mid, market",
    'the "big" ones',
    "Größe 東",
    " lead",
    "enterprise",
    "emea",
    "null",
    None,
)
# as in the model: `!` marks a required column, `*` one of a natural key, `=` a closed list
COLUMNS = {
    "accounts": "id! name! parent_id segment industry region tier acquisition_source acquired_on "
    "is_test plan_colour",
    "account_attributes": "account_id!* attribute!* value valid_from!* valid_to",
    "contacts": "id! account_id name email persona role is_key is_primary",
    "teams": "id! name! parent_id",
    "users": "id! name! email role team_id manager_id active_from active_to",
    "memberships": "user_id!* team_id!* valid_from!* valid_to",
    "ownerships": "account_id!* user_id!* role!*=account_manager|csm|support valid_from!* valid_to",
    "products": "id! name! family! tier_rank is_addon",
    "contracts": "id! account_id! product_id signed_on valid_from! valid_to "
    "kind=new|renewal|extension|amendment"
    " previous_contract_id auto_renew outcome=pending|renewed|lost|superseded ended_on "
    "churn_type churn_reason value"
    " currency",
    "subscriptions": "id! account_id! contract_id product_id quantity unit_price mrr! currency! "
    "valid_from! "
    "valid_to is_trial",
    "purchases": "id! account_id! purchased_at! amount! currency! product_id "
    "kind=recurring|one_off|credit",
    "deals": "id! kind!=new|upsell|cross_sell|renewal|extension status!=open|won|lost created_at! "
    "closed_at"
    " account_id contact_id owner_id amount currency source probability "
    "attributed_to=support|success|sales|marketing",
    "touches": "id! occurred_at! channel!=email|call|meeting|video|chat|sms|other "
    "direction!=inbound|outbound"
    " purpose=support|success|sales|internal user_id account_id contact_id deal_id ticket_id "
    "minutes"
    " outcome=completed|no_answer|bounced|cancelled sentiment is_automated",
    "tickets": "id! created_at! account_id contact_id assignee_id channel priority topic "
    "first_replied_at resolved_at reopened agent_replies customer_messages",
    "surveys": "id! kind!=csat|nps|enps|esat|custom scale_min! scale_max! satisfied_from name",
    "responses": "id! survey_id! responded_at! score! account_id contact_id user_id agent_id "
    "ticket_id "
    "invited_at comment",
    "invitations": "id! survey_id! invited_at! account_id contact_id delivered response_id",
    "feedback": "id! received_at! status!=new|accepted|implemented|rejected account_id "
    "is_actionable "
    "implemented_at communicated_at text",
    "referrals": "id! referrer_account_id! referred_at! referred_account_id "
    "status=pending|qualified|customer|lost converted_at",
    "references": "account_id!* valid_from!* valid_to",
    "mentions": "id! mentioned_at! channel! account_id sentiment text url",
    "usage_daily": "account_id!* on!* product_id* active_users seats logins minutes key_events",
    "goals": "id! account_id! name! kind!=leading|lagging direction!=up|down starts_on baseline "
    "target! due_on! kpi",
    "goal_measurements": "goal_id!* measured_at!* value!",
    "employees": "user_id!* joined_on!* left_on team_id",
    "costs": "id! on! kind!=acquisition|service amount! currency! account_id",
    "fx_rates": "currency!* valid_from!* rate!",
    "coverage": "table!* covered_from!* covered_to!",
    "interventions": "id! name! on! account_id segment",
    "leads": "id! created_at! source contact_id account_id converted_at",
    "notes": "id! noted_at! kind!=note|interview|story author_id account_id user_id kpi text "
    "sentiment",
}
PARTS = {table: [part.partition("=") for part in text.split()] for table, text in COLUMNS.items()}
HEADER = {table: [name.rstrip("!*") for name, _, _ in parts] for table, parts in PARTS.items()}
REQUIRED = {
    table: [name.rstrip("!*") for name, _, _ in parts if "!" in name]
    for table, parts in PARTS.items()
}
KEYS = {
    table: [name.rstrip("!*") for name, _, _ in parts if "*" in name] or ["id"]
    for table, parts in PARTS.items()
}
CLOSED = {
    f"{table}.{name.rstrip('!*')}": options.split("|")
    for table, parts in PARTS.items()
    for name, _, options in parts
    if options
}
SCALES = {
    "csat-2": (1, 2),
    "csat-3": (1, 3),
    "csat-4": (1, 4),
    "csat-5": (1, 5),
    "csat-04": (0, 4),
    "csat-7": (1, 7),
    "csat-10": (1, 10),
    "csat-11": (0, 10),
    "csat-6": (1, 6),
    "csat-100": (0, 100),
    "nps-a": (0, 10),
    "nps-b": (0, 10),
    "enps-a": (0, 10),
    "esat-5": (1, 5),
    "custom-9": (1, 9),
    "csat-bad": (1, 6),
}


class Period(NamedTuple):
    """One question's period: its text and its half-open local dates."""

    text: str
    start: date
    end: date


class Frame(NamedTuple):
    """The first draws of a world: its zone, its business window and the questions about it."""

    rng: random.Random
    zone: ZoneInfo
    start: date
    end: date
    asked: list[Period]
    clock_changes: list[date]


def months_on(day: date, months: int) -> date:
    """The first of the month so many months after the day's."""
    years, month = divmod(day.month - 1 + months, 12)
    return date(day.year + years, month + 1, 1)


class Draft:
    """A world in the making: the random draws that every table shares, and the rows so far."""

    def __init__(self, frame: Frame, accounts: int | None) -> None:
        """Fix clock, currencies and edges."""
        self.rng, self.zone, self.start, self.end, self.asked, changes = frame
        drawn = self.rng.randint(8, 40)
        self.size_of_book = drawn if accounts is None else accounts
        months = [months_on(self.start, n) for n in range(-12, 17)]
        self.edges = [
            [p.start for p in self.asked] + [p.end for p in self.asked],
            months,
            changes or months,
        ]
        closing = self.midnight(self.end)
        self.recorded_at = closing + self.pick(
            [
                0 * DAY,
                -self.rng.randint(3, 26) * DAY,
                -self.rng.uniform(3, 26) * DAY,
                -12 * DAY,
                self.rng.randint(1, 28) * DAY,
                self.rng.uniform(1, 28) * DAY,
                self.rng.randint(60, 200) * DAY,
            ]
        )
        self.last = min(
            self.end + 40 * DAY, self.recorded_at.astimezone(self.zone).date() + 5 * DAY
        )
        self.currencies = self.rng.sample(["USD", "EUR", "GBP", "INR"], 3)
        self.missing_rate = self.chance(0.125)
        self.rows: dict[str, list[Row]] = {table: [] for table in COLUMNS}
        self.ids: dict[str, list[str]] = {table: [] for table in COLUMNS}
        self.seen: set[tuple[Any, ...]] = set()
        self.first_paid: dict[str, date] = {}
        self.team_of: dict[str, str] = {}

    def chance(self, probability: float) -> bool:
        """Heads, with this probability."""
        return self.rng.random() < probability

    def pick(self, options: Sequence[Any]) -> Any:
        """One of the options."""
        return self.rng.choice(options)

    def maybe(self, value: Any, probability: float = 0.7) -> Any:
        """The value, else null."""
        return value if self.chance(probability) else None

    def size(self) -> int:
        """How many rows a fact table gets: 30 to 250, rather few."""
        return int(30 * (250 / 30) ** self.rng.random())

    def midnight(self, day: date) -> datetime:
        """The first instant of a local day, in UTC."""
        return datetime.combine(day, time(), self.zone).astimezone(UTC)

    def day(self, first: date | None = None, last: date | None = None) -> date:
        """A day of the range (both ends included), often an edge of a period or the day beside
        one.
        """
        first, last = first or self.start, last or self.last
        if self.chance(0.5):
            edge = (
                self.pick(self.pick([self.edges[0], *self.edges]))
                + self.pick((0, 0, 0, 0, -1, 1)) * DAY
            )
            if first <= edge <= last:
                return edge
        return first + self.rng.randint(0, max(0, (last - first).days)) * DAY

    def moment(self, day: date | None = None) -> datetime:
        """An instant on or just before a local day: midnight, beside it, in a clock change, at
        office hours, any.
        """
        day = day or self.day()
        midnight, kind = self.midnight(day), self.rng.random()
        if kind < 0.3:
            return (
                midnight - self.pick((0, 0, 0, 0, 1)) * MICRO - self.pick((0, 0, 0, 0, 1)) * SECOND
            )
        if kind < 0.6:
            wall = self.pick(
                [
                    time(1, 30),
                    time(2, 30),
                    time(8, 59, 59),
                    time(9),
                    time(16, 59),
                    time(17),
                    time(18, 30),
                ]
            )
            if self.chance(0.3):
                day += (4 - day.weekday()) * DAY  # Friday evening, and what follows it on Monday
            return datetime.combine(
                day, wall.replace(fold=self.rng.randrange(2)), self.zone
            ).astimezone(UTC)
        return midnight + self.rng.randrange(86_400) * SECOND

    def text(self, value: Any) -> str | None:
        """Canonical text of a cell; instants in UTC, local or foreign offsets, local midnights
        often as dates.
        """
        if isinstance(value, bool):
            return "true" if value else "false"
        if not isinstance(value, datetime):
            return None if value is None else str(value)
        local = value.astimezone(self.zone)
        if local.time() == time() and self.chance(0.4):
            return local.date().isoformat()
        foreign = value.astimezone(timezone(timedelta(hours=self.pick((-9.5, 5.75, 14)))))
        return self.pick([value, value, value, local, foreign]).isoformat().replace("+00:00", "Z")

    def add(self, table: str, /, **cells: Any) -> str:
        """Append a row unless its key is taken; return its id (the first key column without
        one).
        """
        keys = KEYS[table]
        if keys == ["id"]:
            cells.setdefault("id", f"{table[:4]}{len(self.rows[table]) + 1}")
        key = (table, *(cells.get(column) for column in keys))
        if key not in self.seen:
            self.seen.add(key)
            self.rows[table].append(
                {column: self.text(cells.get(column)) for column in HEADER[table]}
            )
            self.ids[table].append(cells[keys[0]])
        return cells[keys[0]]

    def ref(self, table: str, null: float = 0.15) -> str | None:
        """An optional reference: known, null, or (rarely) unknown."""
        return (
            self.pick(self.ids[table])
            if self.ids[table] and self.chance(1 - null)
            else self.maybe("nowhere", 0.1)
        )

    def account(self) -> str:
        """A known account."""
        return self.pick(self.ids["accounts"])

    def closed(self, name: str) -> str:
        """A value of a closed list."""
        return self.pick(CLOSED[name])

    def money(self) -> Decimal:
        """An amount: round, crooked or tiny."""
        return (
            Decimal(
                self.pick((10_000, 25_000, 120_000, 9_999, 3_333, 1, self.rng.randint(1, 500_000)))
            )
            / 100
        )

    def code(self) -> str:
        """A currency: mostly the workspace's; in some worlds one that has no rate."""
        if self.missing_rate and self.chance(0.02):
            return "CHF"
        return self.currencies[0] if self.chance(0.88) else self.pick(self.currencies[1:])

    def spans(self, apart: bool = False) -> list[tuple[date, date | None]]:
        """A chain of spans with different starts: touching, gaps, empty ones and, unless apart,
        overlaps and nests.
        """
        begin = end = self.day(self.start - 200 * DAY, self.start + 90 * DAY)
        chain: list[tuple[date, date | None]] = []
        for _ in range(self.pick((1, 1, 2, 2, 3))):
            end = self.day(end + DAY, max(end + 2 * DAY, self.last + 60 * DAY))
            chain.append((begin, end))
            begin = max(
                begin + DAY,
                end + self.pick((0, 0, 1, 30) if apart else (0, 0, 1, 30, -1, -20)) * DAY,
            )
            end = max(begin, end)
        if self.chance(0.6):
            chain[-1] = (chain[-1][0], None)
            if (
                self.chance(0.3) and not apart
            ):  # nested only in an open span: what a gap after it meant would be unsaid
                inner = chain[-1][0] + self.rng.randint(1, 200) * DAY
                chain.append((inner, inner + 31 * DAY))
        if self.chance(0.1):
            chain.append((begin + 7 * DAY, begin + self.pick((7, 2)) * DAY))
        return chain

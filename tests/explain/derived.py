"""How a fact's columns follow from a row as it is shown: its fields, the evidence behind it, the
period, the settings.

Plain Python over what `--rows` returns and nothing else; one function per fact.
"""

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_UP, Context, Decimal
from fractions import Fraction
from typing import Any

from tests.oracle.times import Calendar, Zone, business_hours, hours

from kampass.insight.explain import Row
from kampass.insight.explain.explanation import SourceRow

FAR = date(9999, 12, 31)
EXACT = Context(prec=60)
Columns = dict[str, Any]


@dataclass(frozen=True)
class Window:
    """The stretch a measure speaks of, and the workspace's settings."""

    zone: Zone
    currency: str
    start: date
    until: datetime
    through: datetime
    team_calendars: dict[str, Calendar]

    @property
    def begins(self) -> datetime:
        return self.zone.first_instant(self.start)

    @property
    def before(self) -> date:
        return self.start - timedelta(days=1)

    @property
    def last_day(self) -> date:
        return self.zone.local_date(self.until - timedelta(microseconds=1))

    @property
    def months(self) -> float:
        end = self.zone.local_date(self.until)
        if self.zone.first_instant(end) == self.until and self.start.day == end.day == 1:
            return float((end.year - self.start.year) * 12 + end.month - self.start.month)
        wall = self.until.astimezone(self.zone.info).replace(tzinfo=None)
        if self.zone.first_instant(end) == self.until:
            wall = datetime(end.year, end.month, end.day)
        return (wall - datetime(self.start.year, self.start.month, self.start.day)) / timedelta(
            days=30.4375
        )


@dataclass(frozen=True)
class Shown:
    """A row as it is shown, with its evidence by table and what it is about."""

    fields: dict[str, Any]
    evidence: tuple[SourceRow, ...]
    window: Window

    def of(self, table: str, about: str = "") -> list[dict[str, Any]]:
        return [
            piece.fields for piece in self.evidence if piece.table == table and about in piece.about
        ]

    def local(self, moment: datetime) -> date:
        return self.window.zone.local_date(moment)

    def end(self, span: dict[str, Any]) -> date:
        """A span's end: its valid_to or the local date of its deletion."""
        deleted = span.get("deleted_at")
        return min(span.get("valid_to") or FAR, self.local(deleted) if deleted else FAR)

    def money(self, amount: Decimal | None, currency: str | None, day: date) -> Decimal | None:
        """An amount in the workspace's currency, by the latest rate shown."""
        if amount is None:
            return None
        if currency in {None, self.window.currency}:
            return Decimal(amount)
        rates = [
            rate
            for rate in self.of("fx_rates")
            if rate["currency"] == currency and rate["valid_from"] <= day
        ]
        if not rates:
            return None
        rate = max(rates, key=lambda found: found["valid_from"])["rate"]
        return EXACT.multiply(amount, rate).quantize(Decimal("1e-9"), ROUND_HALF_UP, EXACT)


@dataclass(frozen=True)
class Line:
    """A paid line at the two ends of a window."""

    mrr: Decimal | None
    start: bool
    end: bool
    product: str | None
    quantity: Decimal | None


def lines(row: Shown) -> list[Line]:
    made = []
    for line in row.of("subscriptions", "at the start or at the end"):
        ends = row.end(line)
        counts = [
            line["valid_from"] <= day < ends for day in (row.window.before, row.window.last_day)
        ]
        assert counts == [line["counts_at_start"], line["counts_at_end"]]
        mrr = row.money(line["mrr"], line.get("currency"), line["rate_day"])
        made.append(Line(mrr, counts[0], counts[1], line.get("product_id"), line.get("quantity")))
    return made


def total(amounts: Sequence[Decimal | None]) -> Decimal | None:
    return None if None in amounts else sum(amounts, Decimal(0))  # type: ignore[arg-type]


def balance(row: Shown) -> tuple[bool, bool, Decimal | None, Decimal | None]:
    """Active at the start, at the end; MRR at the start, at the end."""
    held = lines(row)
    start, end = [line for line in held if line.start], [line for line in held if line.end]
    return (
        bool(start),
        bool(end),
        total([line.mrr for line in start]),
        total([line.mrr for line in end]),
    )


def first_day(row: Shown) -> date:
    return min(line["valid_from"] for line in row.of("subscriptions", "first paid line"))


def opening_accounts(row: Shown) -> Columns:
    in_s, in_e, opened, closed = balance(row)
    assert in_s
    made: Columns = {"retained": in_e, "lost": not in_e, "open_mrr": opened, "close_mrr": closed}
    if opened is None or closed is None:
        return made | {
            "kept_mrr": ...,
            "growth": ...,
            "expansion": None if in_e else 0,
            "contraction": None if in_e else 0,
        }
    grown = closed - opened if in_e else Decimal(0)
    return made | {
        "kept_mrr": min(opened, closed),
        "growth": closed - opened,
        "expansion": max(grown, 0),
        "contraction": max(-grown, 0),
    }


def closing_accounts(row: Shown) -> Columns:
    in_s, in_e, _, closed = balance(row)
    assert in_e
    made: Columns = {"close_mrr": closed}
    if row.of("subscriptions", "first paid line"):
        fresh = first_day(row) > row.window.before
        made |= {"is_new": not in_s and fresh, "is_reactivated": not in_s and not fresh}
    return made


def transient_accounts(row: Shown) -> Columns:
    began = row.of("subscriptions", "began within")
    assert began and first_day(row) > row.window.before
    assert all(
        row.window.before < line["valid_from"] <= row.window.last_day
        and row.end(line) <= row.window.last_day
        for line in began
    )
    return {}


def transfers(row: Shown) -> Columns:
    in_s, in_e, _, closed = balance(row)
    assert in_s and in_e
    return {"close_mrr": closed}


def paid_line(row: Shown, day: date) -> Columns:
    fields = row.fields
    assert fields["valid_from"] <= day < row.end(fields) and fields["mrr"] > 0
    return {"mrr": row.money(fields["mrr"], fields["currency"], fields["valid_from"])}


def expansion(row: Shown) -> Columns:
    """The split of net expansion, group by group, as floats."""
    in_s, in_e, opened, closed = balance(row)
    assert in_s
    parts = dict.fromkeys(("upsell", "cross_sell", "price_increase", "unclassified"), 0.0)
    if in_e and (opened is None or closed is None):
        return dict.fromkeys(parts)
    if not in_e or closed <= opened:  # type: ignore[operator]
        return parts
    products = {product["id"]: product for product in row.of("products")}
    groups: dict[Any, dict[Any, list[Line]]] = defaultdict(lambda: defaultdict(list))
    for line in lines(row):
        known = products.get(line.product)
        group = (known["family"], bool(known.get("is_addon"))) if known else None
        groups[group][line.product if known else None].append(line)
    grown = {group: _grown(held) for group, held in groups.items()}
    scale = float(closed - opened) / sum(growth for growth, *_ in grown.values() if growth > 0)  # type: ignore[operator]
    for group, (growth, held, priced, unknown) in grown.items():
        if growth <= 0:
            continue
        if group is None or not held:
            parts["unclassified" if group is None else "cross_sell"] += scale * growth
            continue
        price = max(0.0, min(priced, growth))
        unclear = max(0.0, min(unknown, growth - price))
        rest = growth - price - unclear
        parts["price_increase"] += scale * price
        parts["unclassified"] += scale * unclear
        parts["upsell"] += scale * rest if rest > 1e-9 else 0.0
    return parts


def _grown(held: dict[Any, list[Line]]) -> tuple[float, bool, float, float]:
    """A group's growth, whether it was held at the start, what price made of it, what unknown
    quantities made.
    """
    growth, before, priced, unknown = 0.0, False, 0.0, 0.0
    for found in held.values():
        sides = [[line for line in found if line.start], [line for line in found if line.end]]
        start, end = (float(sum((line.mrr for line in side), Decimal(0))) for side in sides)  # type: ignore[misc]
        growth += end - start
        before = before or bool(sides[0])
        if not all(sides):
            continue
        counts = [
            None
            if any(line.quantity is None for line in side)
            else float(sum(line.quantity for line in side))
            for side in sides
        ]  # type: ignore[misc]
        if None in counts:
            unknown += max(0.0, end - start)
        elif min(counts) > 0:  # type: ignore[type-var]
            priced += (end / counts[1] - start / counts[0]) * min(counts)  # type: ignore[operator,type-var]
    return growth, before, priced, unknown


def closing_managers(row: Shown) -> Columns:
    day, owned = (
        row.window.last_day,
        [
            span
            for span in row.of("ownerships")
            if span["role"] == "account_manager" and row.end(span) > span["valid_from"]
        ],
    )
    if not owned:
        return {"manager_id": None}
    # the span of that day that began last; before a gap, whoever held it on the day it last held
    while True:
        there = [span for span in owned if span["valid_from"] <= day < row.end(span)]
        if there:
            return {"manager_id": max((span["valid_from"], span["user_id"]) for span in there)[1]}
        day = max(row.end(span) for span in owned if row.end(span) <= day) - timedelta(days=1)


def opening_referrers(row: Shown) -> Columns:
    made = [
        r for r in row.of("referrals") if r.get("referred_account_id") != r["referrer_account_id"]
    ]
    return {"referred": any(row.window.begins <= r["referred_at"] < row.window.until for r in made)}


def closing_referred(row: Shown) -> Columns:
    made: Columns = {
        "was_referred": any(r["referred_at"] < row.window.until for r in row.of("referrals"))
    }
    return made | {name: value for name, value in closing_accounts(row).items() if name == "is_new"}


def closing_references(row: Shown) -> Columns:
    day = row.window.last_day
    return {
        "referenceable": any(
            span["valid_from"] <= day < row.end(span) for span in row.of("references")
        )
    }


def contracts_due(row: Shown) -> Columns:
    """Renewed by its outcome or by a contract that continues it; lost by its outcome or when
    nothing came within 30 days.
    """
    fields, families = (
        row.fields,
        {product["id"]: product["family"] for product in row.of("products")},
    )
    assert (
        row.window.start <= fields["valid_to"] <= row.window.last_day
        and fields["kind"] != "amendment"
        and fields["outcome"] != "superseded"
    )
    for other in row.of("contracts"):
        assert other.get("kind") != "amendment" and other["id"] != fields["id"]
        if other.get("previous_contract_id") != fields["id"]:
            pair = {families.get(fields["product_id"]), families.get(other.get("product_id"))} - {
                None
            }
            assert other["account_id"] == fields["account_id"] and len(pair) < 2
            assert (
                fields["valid_from"]
                < other["valid_from"]
                <= fields["valid_to"] + timedelta(days=30)
            )
            assert other.get("valid_to") is None or other["valid_to"] > fields["valid_to"]
    renewed = fields["outcome"] == "renewed" or (
        fields["outcome"] != "lost" and bool(row.of("contracts"))
    )
    late = row.window.through >= row.window.zone.first_instant(
        fields["valid_to"] + timedelta(days=30)
    )
    lost = fields["outcome"] == "lost" or (not renewed and late)
    return {"renewed": renewed, "lost": lost, "pending": not renewed and not lost}


def contracts_signed(row: Shown) -> Columns:
    fields = row.fields
    return {
        "kind": fields["kind"],
        "amount": row.money(fields["value"], fields["currency"], fields["signed_on"]),
    }


def deals_closed(row: Shown) -> Columns:
    fields = row.fields
    plain = {
        name: fields[name]
        for name in ("kind", "status", "source", "attributed_to", "owner_id", "account_id")
    }
    touches = [
        touch for touch in row.of("touches")
        if touch["deal_id"] == fields["id"] and touch["channel"] in {"email", "call", "meeting", "video"} and not touch.get("is_automated")
        and touch.get("purpose") != "internal" and touch.get("outcome") not in {"cancelled", "bounced"} and touch["occurred_at"] <= fields["closed_at"]
    ]  # fmt: skip
    created, closed = fields["created_at"], fields["closed_at"]
    return plain | {
        "amount": row.money(fields["amount"], fields["currency"], row.local(closed)),
        "has_amount": fields["amount"] is not None,
        "cycle": hours(closed - created) / 24 if created else None,
        "touches": len(touches),
    }


def open_deals(row: Shown) -> Columns:
    fields, until = row.fields, row.window.until
    closed = fields["closed_at"] if fields["status"] != "open" else None
    assert fields["created_at"] < until and (closed is None or closed >= until)
    day = row.local(fields["created_at"])
    return {"amount": row.money(fields["amount"], fields["currency"], day)}


def is_credit(purchase: dict[str, Any]) -> bool:
    """By its kind, else by its sign."""
    kind = purchase.get("kind")
    return bool(kind == "credit" or (kind is None and purchase["amount"] < 0))


def purchases(row: Shown) -> Columns:
    fields = row.fields
    credit = is_credit(fields)
    amount = row.money(
        -abs(fields["amount"]) if credit else fields["amount"],
        fields["currency"],
        row.local(fields["purchased_at"]),
    )
    made: Columns = {"is_credit": credit, "amount": amount, "account_id": fields["account_id"]}
    first, earlier = row.of("purchases", "first"), row.of("purchases", "earlier")
    return made | {
        "again": not credit
        and any(
            not is_credit(other)
            and row.window.begins <= other["purchased_at"] < fields["purchased_at"]
            for other in earlier
        ),
        "repeat": any(
            not is_credit(purchase) and purchase["purchased_at"] < row.window.begins
            for purchase in first
        ),
    }


def earlier_buyers(row: Shown) -> Columns:
    """Amounts of the period and of the one before, credits off."""
    made: dict[bool, list[Decimal | None]] = {False: [], True: []}
    for purchase in row.of("purchases"):
        at, amount = purchase["purchased_at"], purchase["amount"]
        assert at < row.window.until
        signed = -abs(amount) if is_credit(purchase) else amount
        made[at >= row.window.begins].append(
            row.money(signed, purchase.get("currency"), row.local(at))
        )
    before, bought = total(made[False]), total(made[True])
    bought = None if bought is None else max(bought, Decimal(0))
    assert before is None or before > 0
    kept = None if before is None or bought is None else min(before, bought)
    return {"before": before, "bought": bought, "kept": kept}


def trials(row: Shown) -> Columns:
    assert any(
        line["is_trial"] and line["valid_from"] <= row.window.last_day < row.end(line)
        for line in row.of("subscriptions")
    )
    return {}


def first_trials(row: Shown) -> Columns:
    begun = min(line["valid_from"] for line in row.of("subscriptions", "first trial line"))
    paid = [line["valid_from"] for line in row.of("subscriptions", "first paid line")]
    assert row.window.start <= begun <= row.window.last_day and all(day >= begun for day in paid)
    return {"converted": any(day <= begun + timedelta(days=90) for day in paid)}


def costs(row: Shown) -> Columns:
    fields = row.fields
    return {
        "kind": fields["kind"],
        "amount": row.money(fields["amount"], fields["currency"], fields["on"]),
    }


def _kept(touch: dict[str, Any]) -> tuple[bool, bool, bool]:
    """Real, an interaction, sent."""
    manual, outcome = not touch.get("is_automated"), touch.get("outcome")
    happened, external = outcome not in {"cancelled", "bounced"}, touch.get("purpose") != "internal"
    return (
        manual and external and outcome in {None, "completed"},
        manual and external and happened,
        manual and happened and touch["direction"] == "outbound",
    )


def _first_active(row: Shown) -> datetime | None:
    return (
        row.window.zone.first_instant(first_day(row))
        if row.of("subscriptions", "first paid line")
        else None
    )


def touches(row: Shown) -> Columns:
    fields = row.fields
    real, interaction, sent = _kept(fields)
    first = _first_active(row)
    made = {
        name: fields[name]
        for name in (
            "account_id",
            "user_id",
            "channel",
            "direction",
            "purpose",
            "outcome",
            "minutes",
        )
    }
    prospect = fields["account_id"] is not None and (
        first is None or first >= fields["occurred_at"]
    )
    return made | {
        "real": real,
        "interaction": interaction,
        "sent": sent,
        "prospect": prospect,
        "day": row.local(fields["occurred_at"]),
    }


def first_touches(row: Shown) -> Columns:
    fields, first = row.fields, _first_active(row)
    assert (
        _kept(fields)[0]
        and fields["direction"] == "outbound"
        and (first is None or first >= fields["occurred_at"])
    )
    return {"converted": first is not None and first <= fields["occurred_at"] + timedelta(days=90)}


def opening_contact(row: Shown) -> Columns:
    there = [
        t
        for t in row.of("touches")
        if _kept(t)[1] and row.window.begins <= t["occurred_at"] < row.window.until
    ]
    return {"interactions": len(there), "months": row.window.months}


def opening_usage(row: Shown) -> Columns:
    active = {
        day["on"]
        for day in row.of("usage_daily", "active users")
        if (day.get("active_users") or 0) > 0 or (day.get("logins") or 0) > 0
    }
    inside = [day for day in active if row.window.start <= day <= row.window.last_day]
    used = any(day["on"] <= row.window.last_day for day in row.of("usage_daily", "first usage"))
    return {"usage_days": len(inside), "has_usage": used, "months": row.window.months}


def closing_contact(row: Shown) -> Columns:
    last = [
        t["occurred_at"]
        for t in row.of("touches")
        if _kept({**t, "is_automated": False})[0] and t["occurred_at"] < row.window.until
    ]
    return {
        "touched": bool(last),
        "gap": hours(row.window.until - max(last)) / 24 if last else None,
    }


def usage(row: Shown) -> Columns:
    fields = row.fields
    active = (fields["active_users"] or 0) > 0 or (fields["logins"] or 0) > 0
    return {name: fields[name] for name in ("account_id", "logins", "minutes", "active_users")} | {
        "day": fields["on"],
        "active": active,
    }


def _durations(row: Shown, until: datetime) -> Columns:
    fields, day = row.fields, row.local(until)
    spans = [
        m
        for m in row.of("memberships")
        if m["user_id"] == fields["assignee_id"] and m["valid_from"] <= day < row.end(m)
    ]
    team = (
        max((m["valid_from"], m["team_id"]) for m in spans)[1]
        if spans
        else next((user.get("team_id") for user in row.of("users")), None)
    )
    calendar = row.window.team_calendars.get(team, row.window.team_calendars[""])  # type: ignore[arg-type]
    worked = business_hours(row.window.zone, calendar, fields["created_at"], until)
    return {"hours": hours(until - fields["created_at"]), "business_hours": worked}


def resolutions(row: Shown) -> Columns:
    fields = row.fields
    replies, messages = fields["agent_replies"], fields["customer_messages"]
    again = [
        other for other in row.of("tickets")
        if (other["account_id"], other["topic"]) == (fields["account_id"], fields["topic"])
        and fields["resolved_at"] < other["created_at"] <= fields["resolved_at"] + timedelta(days=7)
    ]  # fmt: skip
    made = {
        "agent_replies": replies,
        "reopened": fields["reopened"],
        "counted": replies is not None or messages is not None,
    }
    return (
        made
        | {"messages": (replies or 0) + (messages or 0), "repeated": bool(again)}
        | _durations(row, fields["resolved_at"])
    )


def first_replies(row: Shown) -> Columns:
    return _durations(row, row.fields["first_replied_at"])


def open_tickets(row: Shown) -> Columns:
    fields, until = row.fields, row.window.until
    assert fields["created_at"] < until and (
        fields["resolved_at"] is None or fields["resolved_at"] >= until
    )
    return {}


def answers(row: Shown) -> Columns:
    (survey,) = row.of("surveys")
    low, high, least = survey["scale_min"], survey["scale_max"], survey.get("satisfied_from")
    if least is None:
        least = (
            high if (low, high) in {(1, 2), (1, 3)} else 9 if high - low in {9, 10} else high - 1
        )
    score = row.fields["score"]
    return {
        "kind": survey["kind"],
        "score": score,
        "satisfied": score >= least,
        "contact_id": row.fields["contact_id"],
    }


def invitations(row: Shown) -> Columns:
    fields = row.fields
    made: Columns = {"delivered": fields["delivered"] is not False}
    if fields["invited_at"] is None:  # of employees: counted, not shown
        assert not row.evidence and fields["response_id"] is None and fields["contact_id"] is None
        return made
    end = fields["invited_at"] + timedelta(days=30)
    fitting = [
        r["responded_at"] for r in row.of("responses")
        if (r["id"] == fields["response_id"] if fields["response_id"] else (r["survey_id"], r.get("contact_id")) == (fields["survey_id"], fields["contact_id"]))
    ]  # fmt: skip
    return made | {"answered": any(fields["invited_at"] <= moment <= end for moment in fitting)}


def feedback_received(row: Shown) -> Columns:
    fields = row.fields
    done = fields["implemented_at"]
    soon = done is not None and fields["received_at"] <= done <= fields["received_at"] + timedelta(
        days=90
    )
    return {
        "status": fields["status"],
        "is_actionable": fields["is_actionable"] is not False,
        "implemented": soon,
    }


def feedback_implemented(row: Shown) -> Columns:
    return {"hours": hours(row.fields["implemented_at"] - row.fields["received_at"])}


def goals_due(row: Shown) -> Columns:
    fields = row.fields
    measured = [
        m for m in row.of("goal_measurements") if row.local(m["measured_at"]) <= fields["due_on"]
    ]
    if not measured:
        return {"measured": False, "met": False}
    value = max(measured, key=lambda m: m["measured_at"])["value"]
    return {
        "measured": True,
        "met": value >= fields["target"]
        if fields["direction"] == "up"
        else value <= fields["target"],
    }


def mentions(row: Shown) -> Columns:
    assert row.window.begins <= row.fields["mentioned_at"] < row.window.until
    return {}


def leavers(row: Shown) -> Columns:
    assert row.window.start <= row.fields["left_on"] <= row.window.last_day
    return {"user_id": row.fields["user_id"]}


def headcount(row: Shown) -> Columns:
    fields = row.fields
    there = [
        day
        for day in (row.window.before, row.window.last_day)
        if fields["joined_on"] <= day and (fields["left_on"] is None or fields["left_on"] > day)
    ]
    assert there
    return {"user_id": fields["user_id"]}


HOW: dict[str, Callable[[Shown], Columns]] = {
    name: made
    for made in (
        opening_accounts, closing_accounts, transient_accounts, transfers, expansion, closing_managers, opening_referrers, closing_referred,
        closing_references, contracts_due, contracts_signed, deals_closed, open_deals, purchases, earlier_buyers, trials, first_trials, costs, touches, first_touches, opening_contact, opening_usage,
        closing_contact, usage, resolutions, first_replies, open_tickets, answers, invitations, feedback_received, feedback_implemented, goals_due,
        mentions, leavers, headcount,
    )
    for name in [made.__name__]
} | {
    "opening_lines": lambda row: paid_line(row, row.window.before),
    "closing_lines": lambda row: paid_line(row, row.window.last_day),
}  # fmt: skip
ROUNDED = {"upsell", "cross_sell", "price_increase", "unclassified", "months"}
PLAIN = {
    "account_id",
    "contact_id",
    "user_id",
    "channel",
    "priority",
    "topic",
    "agent_id",
    "survey_id",
    "employment",
    "boundary",
}


def differences(row: Row, fact: str, window: Window) -> list[str]:
    """In which columns the row's own working differs from what its fields and evidence make."""
    made = HOW[fact](Shown(row.origin.fields, row.evidence, window))
    wrong = []
    for name, value in row.computed.items():
        if name not in made:
            if name not in PLAIN and not (
                fact == "invitations" and row.origin.fields["invited_at"] is None
            ):
                wrong.append(f"{name} = {value!r} cannot be derived")
        elif made[name] is not ... and not _same(name, value, made[name]):
            wrong.append(f"{name} = {value!r}, its evidence makes {made[name]!r}")
    return wrong


def _same(name: str, one: Any, other: Any) -> bool:
    if name in ROUNDED and None not in {one, other}:
        return abs(float(one) - float(other)) <= 1e-6
    if (
        isinstance(one, Decimal | Fraction | int)
        and isinstance(other, Decimal | Fraction | int)
        and not isinstance(one, bool)
    ):
        return Fraction(one) == Fraction(other)
    return bool(one == other and type(one) is type(other))

"""The rows of a random world, family by family: people, money, support, sales, voices, adoption."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from tests.worlds_draft import AWKWARD, DAY, MICRO, SCALES, SECOND, Draft


def _people(d: Draft) -> None:
    """Accounts, contacts, teams, users, memberships, ownerships, attributes and employees."""
    for n in range(d.size_of_book):
        name = {1: "007", 2: "NA", 3: "é-1", 4: " a4"}.get(n, f"a{n}")
        d.add(
            "accounts",
            id=name,
            name=f"Account {n}",
            parent_id=d.ref("accounts", 0.7),
            segment=d.pick(AWKWARD),
            industry=d.pick(AWKWARD),
            region=d.pick(AWKWARD[:4]),
            tier=d.pick(("a", "b", None)),
            acquisition_source=d.pick(("referral", "web", "NA", None)),
            acquired_on=d.maybe(d.day()),
            is_test=n == 5 or d.maybe(d.chance(0.04), 0.5),
            plan_colour=d.pick(("red", "green", "red, dark", None)),
        )
    for n in range(d.size_of_book * 2):
        d.add(
            "contacts",
            account_id=d.ref("accounts", 0.1),
            name=f"Contact {n}",
            email=d.maybe(f"c{n}@example.org"),
            persona=d.pick(("buyer", "user", "NA", None)),
            role=d.maybe("lead"),
            is_key=d.maybe(d.chance(0.3)),
            is_primary=d.maybe(d.chance(0.3)),
        )
    for n in range(d.rng.randint(2, 5)):
        team = d.add("teams", name=f"Team {n}", parent_id=d.ref("teams", 0.4))
        for _ in range(d.pick((1, 4, 5, 6, 9))):
            user = d.add(
                "users",
                name="Someone",
                role=d.maybe("agent"),
                team_id=d.maybe(team, 0.9),
                manager_id=d.ref("users", 0.5),
                active_from=d.maybe(d.start, 0.3),
            )
            d.team_of[user] = team
            for begin, end in d.spans() if d.chance(0.4) else []:
                d.add(
                    "memberships",
                    user_id=user,
                    team_id=d.pick(d.ids["teams"]),
                    valid_from=begin,
                    valid_to=end,
                )
            for begin, end in (
                d.spans(apart=True) if d.chance(0.3) else [(d.start - 90 * DAY, None)]
            ):
                d.add(
                    "employees",
                    user_id=user,
                    joined_on=begin,
                    left_on=end,
                    team_id=d.maybe(team, 0.5),
                )
    managers = d.ids["users"][: d.rng.randint(2, 6)]
    for account in d.ids["accounts"]:
        for role in ("account_manager", "csm", "support"):
            for begin, end in (
                d.spans() if d.chance(0.85 if role == "account_manager" else 0.2) else []
            ):
                d.add(
                    "ownerships",
                    account_id=account,
                    user_id=d.pick(managers),
                    role=role,
                    valid_from=begin,
                    valid_to=end,
                )
        for name in ("segment", "tier", "plan_colour", "health_band"):
            for begin, end in d.spans() if d.chance(0.3) else []:
                d.add(
                    "account_attributes",
                    account_id=account,
                    attribute=name,
                    value=d.pick(AWKWARD),
                    valid_from=begin,
                    valid_to=end,
                )


def _line(d: Draft, account: str, begin: date, end: date | None, **over: Any) -> dict[str, Any]:
    """Add one subscription line and return its cells, to be varied in the next one."""
    cells = {
        "product_id": d.ref("products"),
        "quantity": d.pick((None, 0, 1, 5, 10, 10, 25, Decimal("2.5"))),
        "mrr": d.money() if d.chance(0.96) else 0,
        "currency": d.code(),
        "is_trial": d.maybe(d.chance(0.04), 0.5),
    }
    cells |= over
    d.add(
        "subscriptions",
        account_id=account,
        valid_from=begin,
        valid_to=end,
        contract_id=d.ref("contracts", 0.6),
        unit_price=d.maybe(d.money(), 0.4),
        **cells,
    )
    if cells["mrr"] > 0 and not cells["is_trial"] and (end is None or end > begin):
        d.first_paid[account] = min(begin, d.first_paid.get(account, begin))
    return cells


def _story(d: Draft, account: str, story: str) -> None:
    """One thing that happens to an account's subscriptions around one of the asked periods."""
    asked = d.pick(d.asked)
    began = d.day(d.start - 250 * DAY, asked.start)
    turn = d.day(asked.start, asked.end)
    until = d.maybe(d.day(turn + DAY, max(turn + DAY, d.last + 90 * DAY)), 0.25)
    if story == "steady":
        _line(d, account, began, d.maybe(d.end + 90 * DAY, 0.2))
    elif story == "new":
        _line(d, account, turn, until)
    elif story == "return":
        _line(d, account, began, d.day(began + DAY, max(began + DAY, asked.start)))
        _line(d, account, turn, until)
    elif story == "transient":
        turn = min(turn, asked.end - 2 * DAY)
        _line(d, account, turn, d.pick((turn + DAY, asked.end - DAY, asked.end, turn + 14 * DAY)))
    elif story == "odd":
        _line(d, account, turn, turn - d.pick((0, 3)) * DAY)
        _line(d, account, began, None, mrr=0)
        _line(d, account, d.last + 30 * DAY, None)
    elif story == "trial":
        _line(d, account, began, turn, is_trial=True)
        _line(d, account, turn, until, is_trial=False)
    elif story == "add-on":
        _line(d, account, began, None)
        _line(d, account, turn, until, product_id=d.pick([*d.ids["products"], None]))
    elif story != "prospect":
        _change(d, account, story, (began, turn, until))


def _change(d: Draft, account: str, story: str, days: tuple[date, date, date | None]) -> None:
    """A line that ends and, unless it churns, goes on at once with another price, quantity or
    product.
    """
    began, turn, until = days
    old = _line(d, account, began, turn)
    factor = {"upgrade": ("1.1", "2", "3"), "downgrade": ("0.5", "0.9")}.get(
        story, ("1", "1.5", "0.8")
    )
    new = {
        "mrr": (old["mrr"] * Decimal(d.pick(factor))).quantize(Decimal("0.01")),
        "currency": old["currency"],
    }
    if story == "swap":
        new["product_id"] = d.ref("products", 0.05)
    else:
        new["product_id"] = old["product_id"]
        new["quantity"] = d.pick((old["quantity"], old["quantity"], 20, None, 0))
    if story != "churn":
        _line(d, account, turn + d.pick((0, 0, 0, 0, 1, -1)) * DAY, until, **new)


def _contract(d: Draft, account: str, begin: date, end: date | None, **over: Any) -> str:
    """Add one contract and return its id."""
    cells = {
        "product_id": d.ref("products", 0.25),
        "signed_on": d.maybe(d.day(begin - 30 * DAY, begin + DAY), 0.8),
        "kind": d.maybe(d.pick(("new", "renewal", "renewal", "extension")), 0.9),
        "auto_renew": d.maybe(True),
        "value": d.maybe(d.money(), 0.9),
        "currency": d.maybe(d.code(), 0.8),
        "previous_contract_id": d.maybe("nowhere", 0.03),
    }
    outcome = d.pick(
        (None, None, None, None, "pending", "pending", "renewed", "lost", "superseded")
    )
    if outcome == "lost":
        cells |= {
            "ended_on": d.maybe(end),
            "churn_type": "voluntary",
            "churn_reason": d.pick(AWKWARD),
        }
    return d.add(
        "contracts",
        account_id=account,
        valid_from=begin,
        valid_to=end,
        outcome=outcome,
        **(cells | over),
    )


def _commerce(d: Draft) -> None:
    """Products, contracts, subscriptions, purchases, costs and rates."""
    for n, family in enumerate(("core", "core", "core", "analytics", "analytics", "NA")):
        d.add(
            "products",
            name=f"Product {n}",
            family=family,
            tier_rank=d.maybe(n),
            is_addon=n in (2, 4) or None,
        )
    for account in d.ids["accounts"]:
        for _ in range(d.pick((0, 1, 2, 2, 3))):
            near = d.chance(0.25)
            known = d.recorded_at.astimezone(d.zone).date()
            due = d.day(known - 31 * DAY, known) if near else d.day()
            begin, product = due - d.pick((31, 90, 365, 366)) * DAY, d.ref("products", 0.25)
            first = _contract(d, account, begin, d.maybe(due, 0.95), product_id=product)
            if d.chance(0.2 if near else 0.65):
                start = d.pick(
                    [due + d.pick((0, 0, 30, 30, 31, -1, -20, 29, 60)) * DAY, begin, begin + DAY]
                )
                over = d.pick(
                    [
                        {},
                        {},
                        {"product_id": product},
                        {"product_id": product},
                        {"kind": "amendment"},
                    ]
                )
                over |= d.pick([{}, {}, {}, {"previous_contract_id": first}])
                _contract(
                    d, account, start, d.pick([start + 365 * DAY, None, due, due + DAY]), **over
                )
        stories = (
            "steady",
            "new",
            "churn",
            "return",
            "transient",
            "upgrade",
            "downgrade",
            "swap",
            "add-on",
            "trial",
            "odd",
            "price",
        )
        main = d.pick((*stories, "new", "churn", "return", "transient", "prospect", "prospect"))
        for story in [
            main,
            *d.rng.sample(stories, 0 if main == "prospect" else d.pick((0, 0, 1, 2))),
        ]:
            _story(d, account, story)
    for _ in range(d.size()):
        kind = d.maybe(d.closed("purchases.kind"), 0.85)
        d.add(
            "purchases",
            account_id=d.account(),
            purchased_at=d.moment(),
            currency=d.code(),
            kind=kind,
            product_id=d.ref("products"),
            amount=d.money() * (-1 if kind == "credit" and d.chance(0.5) else 1),
        )
        d.add(
            "costs",
            on=d.day(),
            kind=d.closed("costs.kind"),
            amount=d.money(),
            currency=d.code(),
            account_id=d.ref("accounts", 0.3),
        )
    for currency in d.currencies[1:]:
        late = d.missing_rate and d.chance(0.5)
        for begin in [
            d.day() if late else date(2020, 1, 1),
            *(d.day() for _ in range(d.rng.randint(0, 4))),
        ]:
            d.add(
                "fx_rates",
                currency=currency,
                valid_from=begin,
                rate=d.pick(("0.5", "1.0837", "1.25", "0.012", "2")),
            )


def _touch(d: Draft, when: datetime, **over: Any) -> None:
    """Add one touch, real more often than not."""
    outcome = d.pick(("completed", "completed", d.closed("touches.outcome")))
    cells = {
        "channel": d.closed("touches.channel"),
        "direction": d.pick(("outbound", "outbound", "inbound")),
        "purpose": d.maybe(d.closed("touches.purpose"), 0.9),
        "outcome": d.maybe(outcome),
        "user_id": d.ref("users"),
        "is_automated": d.maybe(d.chance(0.1)),
        "contact_id": d.ref("contacts", 0.3),
        "minutes": d.pick((None, 0, 5, 30, "7.5")),
        "sentiment": d.pick((None, -1, 0, "0.5", 1)),
        "ticket_id": d.ref("tickets", 0.8),
    }
    d.add("touches", occurred_at=when, **(cells | over))


def _tickets(d: Draft) -> None:
    """Tickets with repeat contacts around seven days after a resolution."""
    wanted = d.size()
    while len(d.rows["tickets"]) < wanted:
        created, account = d.moment(), d.ref("accounts")
        topic = d.pick(("login", "billing", "NA", None))
        for _ in range(d.pick((1, 1, 2, 3))):
            resolved = d.maybe(
                created + d.pick((0 * DAY, MICRO, d.rng.uniform(0, 2) * DAY, 3 * DAY, 30 * DAY)),
                0.85,
            )
            if resolved and d.chance(0.3):
                resolved = max(
                    created, d.moment(d.day(created.date(), max(created.date(), d.last)))
                )
            replied = d.maybe(
                created + d.rng.choice([0 * DAY, d.rng.uniform(0, 3) * DAY, 2 * DAY, SECOND]), 0.8
            )
            d.add(
                "tickets",
                created_at=created,
                account_id=account,
                contact_id=d.ref("contacts", 0.3),
                assignee_id=d.ref("users"),
                channel=d.pick(("email", "phone", None)),
                priority=d.pick((1, None)),
                topic=topic,
                first_replied_at=replied,
                resolved_at=resolved,
                reopened=d.pick((None, 0, 0, 0, 1, 2)),
                agent_replies=d.pick((None, 0, 1, 1, 1, 1, 2, 5)),
                customer_messages=d.pick((None, 0, 1, 3)),
            )
            lag = d.pick((7, 7, 7, 0, 3)) * DAY + d.pick((0, 0, 1, -1)) * MICRO
            created = max(created, (resolved or created) + lag)


def _sales(d: Draft) -> None:
    """Deals, and touches around closings, around a first paid day, and at any time."""
    for _ in range(d.size()):
        created, status = d.moment(), d.pick(("won", "won", "lost", "open"))
        closed = None if status == "open" and d.chance(0.95) else max(created, d.moment())
        account = d.ref("accounts")
        deal = d.add(
            "deals",
            kind=d.closed("deals.kind"),
            status=status,
            created_at=created,
            closed_at=closed,
            account_id=account,
            contact_id=d.ref("contacts"),
            owner_id=d.ref("users"),
            amount=d.maybe(d.money(), 0.9),
            currency=d.maybe(d.code(), 0.8),
            probability=d.maybe("0.4"),
            source=d.pick(("referral", "web", None)),
            attributed_to=d.maybe(d.closed("deals.attributed_to")),
        )
        for _ in range(d.pick((0, 0, 1, 3)) if closed else 0):
            _touch(
                d,
                closed + d.pick((0 * DAY, MICRO, -MICRO, -DAY, DAY, -30 * DAY)),
                account_id=account,
                deal_id=deal,
            )
    for (
        account,
        day,
    ) in d.first_paid.items():  # whole days of 24 hours, whatever the clocks do in between
        if d.chance(0.5):
            lag = d.pick((0, 0, 30, 90, 90, 90, 91)) * DAY + d.pick((0, 0, 1, -1)) * MICRO
            _touch(
                d,
                d.midnight(day) - lag,
                account_id=account,
                direction="outbound",
                is_automated=None,
                outcome=None,
            )
    talkative = d.rng.sample(d.ids["accounts"], len(d.ids["accounts"]) * 2 // 3)
    for _ in range(d.size()):
        _touch(d, d.moment(), account_id=d.pick([*talkative, *talkative, None]))


def _answer(d: Draft, survey: str, when: datetime, **over: Any) -> str:
    """Add one answer within its survey's scale."""
    low, high = SCALES[survey]
    edges = {10: (6, 7, 8, 9, 9), 100: (79, 80)}.get(high, (high - 1, max(low, high - 2)))
    score = d.pick((low, high, high, high, *edges, d.rng.randint(low, high)))
    score = "3.5" if survey in ("csat-5", "csat-7") and d.chance(0.05) else score
    comment = d.maybe("Good,\nmostly", 0.1)
    return d.add(
        "responses", survey_id=survey, responded_at=when, score=score, comment=comment, **over
    )


def _surveys(d: Draft) -> None:
    """Surveys of several scales, answers of clients (repeated, simultaneous, anonymous) and
    invitations.
    """
    clients = d.rng.sample([survey for survey in SCALES if survey.startswith("csat")], 4)
    clients += ["nps-a", "nps-a", "nps-b", "nps-b", "custom-9"]
    for survey in dict.fromkeys([*clients, "enps-a", "esat-5"]):
        low, high = SCALES[survey]
        known = {"csat-6": 5, "csat-100": 80}.get(
            survey, d.maybe(low + 1, 0.1) if survey[:4] == "csat" else None
        )
        d.add(
            "surveys",
            id=survey,
            kind=survey.split("-")[0],
            scale_min=low,
            scale_max=high,
            name=d.maybe("A survey"),
            satisfied_from=None if survey == "csat-bad" else known,
        )
    for _ in range(d.size() // 2):
        survey, when = d.pick(clients), d.moment()
        who = {
            "account_id": d.ref("accounts"),
            "contact_id": d.ref("contacts", 0.25),
            "agent_id": d.ref("users", 0.5),
        }
        for _ in range(d.pick((1, 1, 1, 2, 3))):
            _answer(d, survey, when, ticket_id=d.ref("tickets", 0.5), **who)
            when += d.pick((0 * DAY, 0 * DAY, MICRO, DAY, 20 * DAY))
            survey = d.pick(("nps-a", "nps-b")) if survey.startswith("nps") else survey
    for _ in range(d.size()):
        survey, who = (
            d.pick(clients),
            {"account_id": d.ref("accounts"), "contact_id": d.ref("contacts", 0.1)},
        )
        invited, response, window = d.moment(), None, 30 * DAY
        if d.chance(0.6):
            lag = d.pick((window, window, window + MICRO, window - MICRO, DAY, MICRO))
            response = _answer(d, survey, invited + lag, invited_at=d.maybe(invited), **who)
        d.add(
            "invitations",
            survey_id=survey,
            invited_at=invited,
            delivered=d.pick((None, True, True, False)),
            **who,
            response_id=d.pick((response, response, None, "nowhere")),
        )


def _employee_answers(d: Draft) -> None:
    """Employee surveys with none, fewer than five, five and more answers per team."""
    few = d.chance(0.15)
    for survey in ("enps-a", "esat-5"):
        for asked in d.asked:
            for team in d.ids["teams"][: 1 if few else None]:
                members = [user for user, of in d.team_of.items() if of == team]
                for user in members[: d.pick((1, 3, 4)) if few else d.pick((0, 1, 4, 5, 9))]:
                    when = d.moment(d.day(asked.start, asked.end))
                    for _ in range(d.pick((1, 1, 1, 2))):
                        _answer(d, survey, when, user_id=d.maybe(user, 0.95))


def _adoption(d: Draft) -> None:
    """Usage, feedback, goals and their measurements, references, referrals and mentions."""
    for _ in range(d.size()):
        d.add(
            "usage_daily",
            account_id=d.account(),
            on=d.day(),
            product_id=d.pick([*d.ids["products"], None, None]),
            active_users=d.pick((None, 0, 0, 1, 4)),
            logins=d.pick((None, 0, 0, 2, 30)),
            seats=d.maybe(5),
            minutes=d.pick((None, 0, "12.5")),
            key_events=d.maybe(3),
        )
        received, status = d.moment(), d.closed("feedback.status")
        done = received + d.pick(
            (90 * DAY, 90 * DAY, 90 * DAY + MICRO, 90 * DAY - MICRO, DAY, 0 * DAY, 120 * DAY)
        )
        d.add(
            "feedback",
            received_at=received,
            status=status,
            account_id=d.ref("accounts"),
            text=d.pick(AWKWARD),
            implemented_at=d.maybe(done, 0.9 if status == "implemented" else 0.2),
            communicated_at=d.maybe(done, 0.2),
            is_actionable=d.pick((None, True, True, False)),
        )
        referrer = d.account()
        d.add(
            "referrals",
            referrer_account_id=referrer,
            referred_at=d.moment(),
            converted_at=d.maybe(d.moment(), 0.2),
            referred_account_id=d.pick((referrer, *(d.ref("accounts", 0.2) for _ in range(5)))),
            status=d.maybe(d.closed("referrals.status")),
        )
        d.add(
            "mentions",
            mentioned_at=d.moment(),
            channel=d.pick(("x", "NA")),
            account_id=d.ref("accounts", 0.4),
            sentiment=d.pick((None, "-0.5", 1)),
            text=d.pick(AWKWARD),
        )
        due, target = d.day(None, d.last + 30 * DAY), d.pick((0, 10, "99.5"))
        goal = d.add(
            "goals",
            account_id=d.account(),
            name="Goal",
            kind=d.closed("goals.kind"),
            target=target,
            due_on=due,
            direction=d.closed("goals.direction"),
            starts_on=d.maybe(d.start),
            baseline=d.maybe(1),
        )
        for _ in range(d.pick((0, 1, 2, 3))):
            lag = d.pick((0 * DAY, DAY, DAY - MICRO, DAY + MICRO, -20 * DAY, 5 * DAY, -MICRO))
            value = d.pick((target, 9, 11, "99.6"))
            d.add("goal_measurements", goal_id=goal, measured_at=d.midnight(due) + lag, value=value)
    for account in d.ids["accounts"]:
        for begin, end in d.spans() if d.chance(0.5) else []:
            d.add("references", account_id=account, valid_from=begin, valid_to=end)


def _words(d: Draft) -> None:
    """Interventions, leads and notes."""
    for _ in range(d.size()):
        d.add(
            "interventions",
            name="Campaign",
            on=d.day(),
            account_id=d.ref("accounts", 0.4),
            segment=d.pick(AWKWARD),
        )
        d.add(
            "leads",
            created_at=d.moment(),
            source=d.pick(AWKWARD),
            contact_id=d.ref("contacts"),
            account_id=d.ref("accounts"),
            converted_at=d.maybe(d.moment(), 0.3),
        )
        d.add(
            "notes",
            noted_at=d.moment(),
            kind=d.closed("notes.kind"),
            author_id=d.ref("users"),
            text=d.pick(AWKWARD),
            account_id=d.ref("accounts"),
            user_id=d.ref("users", 0.6),
            kpi=d.maybe("nrr"),
            sentiment=d.maybe(1),
        )


BUILDERS = (_people, _commerce, _tickets, _sales, _surveys, _employee_answers, _adoption, _words)

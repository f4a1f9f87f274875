"""Why an account needs somebody today: facts, each with its words and its source. No score is made
of them.

Which facts count, and from when on, stands in `RULES`, which the page shows beside the list.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import groupby
from typing import Literal

from kampass.book.accounts import ListedAccount, accounts
from kampass.book.renewals import AHEAD, renewals
from kampass.book.today import PAID_LINES, by_account, last_day, rows, today, year_to
from kampass.engine.intervals import newcombe
from kampass.render.display import show_value
from kampass.workspace.view import Sight

Kind = Literal["renewal", "silence", "ticket", "answer", "usage", "ended", "goal"]
URGENT_RENEWAL, SILENT, ANSWERS, ENDED, OVERDUE, STRETCH = 30, 30, 30, 30, 90, 28
HIGH = ("high", "urgent")
TWO_DAYS = 48
RULES: tuple[tuple[Kind, str], ...] = (
    (
        "renewal",
        (
            f"A contract is due within {AHEAD} days and has no answer yet; urgent from "
            f"{URGENT_RENEWAL} days on."
        ),
    ),
    (
        "silence",
        (
            f"Nobody really spoke with an account that pays for more than {SILENT} days; urgent "
            "after twice as long."
        ),
    ),
    (
        "ticket",
        (
            "A ticket is open that is of high priority, or older than half of the tickets take "
            "(the "
            "median of the last twelve months); urgent if both."
        ),
    ),
    (
        "answer",
        (
            f"Somebody was unhappy in the last {ANSWERS} days: 0 to 6 where recommending was "
            "asked, "
            "else below the middle of the scale; urgent."
        ),
    ),
    (
        "usage",
        (
            f"Used on fewer days in the last {STRETCH} than in the {STRETCH} before, by more than "
            "chance (95 %, Newcombe); never urgent alone."
        ),
    ),
    (
        "ended",
        (
            f"A paid line ended in the last {ENDED} days and nothing took its place; urgent if it "
            "was the last one."
        ),
    ),
    (
        "goal",
        (
            f"A goal was due in the last {OVERDUE} days and its latest measurement misses it; "
            "never "
            "urgent alone."
        ),
    ),
)


@dataclass(frozen=True)
class Reason:
    """One fact about an account: words, what stands behind it, since when, and what somebody
    said.
    """

    account: str
    kind: Kind
    text: str
    source: str
    urgent: bool = False
    on: date | None = None
    quote: str | None = None
    who: str | None = None


Making = Callable[[Sight, dict[str, ListedAccount]], Iterator[Reason]]


def reasons(sight: Sight) -> list[Reason]:
    """Every reason of every account in sight."""
    listed = {account.id: account for account in accounts(sight)}
    makers: tuple[Making, ...] = (
        _renewals,
        _silences,
        _tickets,
        _answers,
        _usage,
        _endings,
        _goals,
    )
    return [reason for make in makers for reason in make(sight, listed) if reason.account in listed]


def day_words(day: date | datetime) -> str:
    """A day as people read it.

    >>> day_words(date(2026, 1, 3))
    '3 Jan 2026'
    """
    return f"{day.day} {day:%b %Y}"


def days(number: int) -> str:
    """A number of days.

    >>> days(1), days(34)
    ('1 day', '34 days')
    """
    return f"{number:,} day" + ("" if number == 1 else "s")


def _renewals(sight: Sight, _: dict[str, ListedAccount]) -> Iterator[Reason]:
    for due in renewals(sight):
        when = (
            f"due in {days(due.days)}"
            if due.days > 0
            else "due today"
            if due.days == 0
            else f"was due {days(-due.days)} ago, no answer yet"
        )
        worth = (
            f", {show_value(due.value, 'money', sight.settings.currency)}"
            if due.value is not None
            else ""
        )
        itself = ", renews by itself" if due.auto_renew else ""
        yield Reason(
            due.account,
            "renewal",
            f"Renewal {when}",
            f"Contract {due.contract}{worth}{itself}",
            due.days <= URGENT_RENEWAL,
            due.due,
        )


def _silences(sight: Sight, listed: dict[str, ListedAccount]) -> Iterator[Reason]:
    gaps = by_account(sight, "interaction_gap")
    if not gaps:
        return
    for account, answer in gaps.items():
        gap = int(answer.value or 0)
        if gap > SILENT:
            last = last_day(sight, "interaction_gap") - timedelta(days=gap)
            yield Reason(
                account,
                "silence",
                f"No touch for {days(gap)}",
                f"Last spoken with on {day_words(last)}",
                gap > 2 * SILENT,
                last,
            )
    for one in listed.values():
        if (
            one.state == "active"
            and one.id not in gaps
            and one.since
            and (today(sight, "touches") - one.since).days > SILENT
        ):
            yield Reason(
                one.id,
                "silence",
                "Nobody has ever spoken with them",
                f"Pays since {day_words(one.since)}",
                urgent=True,
                on=one.since,
            )


_TICKETS = """
SELECT account_id AS account, id, priority, topic, created_at,
  (epoch($now::TIMESTAMPTZ) - epoch(created_at)) / 3600 AS hours
FROM live_tickets WHERE account_id IS NOT NULL AND created_at < $now::TIMESTAMPTZ
  AND (resolved_at IS NULL OR resolved_at >= $now::TIMESTAMPTZ)
ORDER BY account_id, created_at"""


def _tickets(sight: Sight, listed: dict[str, ListedAccount]) -> Iterator[Reason]:
    kpi = "time_to_resolution_median"
    (answer,) = sight.kpi(kpi, period=year_to(sight, last_day(sight, kpi), kpi))
    usual = answer.value
    found = [
        row for row in rows(sight, _TICKETS, now=sight.known_at) if _pays(listed, row["account"])
    ]
    for account, waiting in groupby(found, key=lambda row: row["account"]):
        told = [
            (row, row["priority"] in HIGH, usual is not None and row["hours"] > usual)
            for row in waiting
        ]
        tickets = [(row, high, late) for row, high, late in told if high or late]
        if tickets:
            row = tickets[0][0]
            half = (
                f"; half of all take less than {show_value(usual, 'hours', '')}"
                if any(late for _, _, late in tickets)
                else ""
            )
            urgent = any(high and late for _, high, late in tickets)
            ids = ", ".join(
                f"{row['id']} ({row['topic'] or row['priority'] or 'no topic'})"
                for row, _, _ in tickets
            )
            words = (
                _ticket_word(row["priority"])
                if len(tickets) == 1
                else f"{len(tickets)} tickets, the oldest"
            )
            yield Reason(
                account,
                "ticket",
                f"{words} open for {_age(row['hours'])}",
                f"{ids}{half}",
                urgent,
                row["created_at"].date(),
            )


def _ticket_word(priority: str | None) -> str:
    return (
        f"{priority.capitalize()}-priority ticket"
        if priority in {"high", "low"}
        else "Urgent ticket"
        if priority == "urgent"
        else "Ticket"
    )


def _age(hours: float) -> str:
    return (
        days(int(hours // 24))
        if hours >= TWO_DAYS
        else f"{hours:.0f} hour" + ("" if round(hours) == 1 else "s")
    )


def _pays(listed: dict[str, ListedAccount], account: str) -> bool:
    return account in listed and listed[account].state == "active"


UNHAPPY = (
    "(CASE WHEN s.kind = 'nps' AND s.scale_max = 10 THEN r.score <= 6 ELSE r.score < "
    "(s.scale_min + s.scale_max) / 2 END)"
)
_ANSWERS = f"""
SELECT r.account_id AS account, CAST(r.score AS DOUBLE) AS score,
  CAST(s.scale_max AS DOUBLE) AS scale_max, s.kind, s.name AS survey, r.comment, c.name AS who,
  CAST(timezone($zone, r.responded_at) AS DATE) AS "on"
FROM live_responses r JOIN surveys s ON s.id = r.survey_id LEFT JOIN contacts c
  ON c.id = r.contact_id
WHERE s.kind NOT IN ('enps', 'esat') AND r.account_id IS NOT NULL AND {UNHAPPY}
  AND r._day > $day_responses::DATE - {ANSWERS} AND r._day <= $day_responses ORDER BY r.account_id,
    r.responded_at DESC"""


def _answers(sight: Sight, listed: dict[str, ListedAccount]) -> Iterator[Reason]:
    for row in rows(sight, _ANSWERS):
        if not _pays(listed, row["account"]):
            continue
        word = "Detractor" if row["kind"] == "nps" else "Dissatisfied"
        who = f" by {row['who']}" if row["who"] else ""
        source = f"{row['survey'] or row['kind'].upper()}, {day_words(row['on'])}{who}"
        yield Reason(
            row["account"],
            "answer",
            f"{word}: {row['score']:g} of {row['scale_max']:g}",
            source,
            urgent=True,
            on=row["on"],
            quote=row["comment"],
            who=row["who"],
        )


_USAGE = f"""
WITH till AS (SELECT least(max("on"), $day_usage_daily::DATE) AS day FROM live_usage_daily)
SELECT account_id AS account, any_value(till.day) AS day,
  count(DISTINCT "on") FILTER (WHERE "on" > till.day - {STRETCH}) AS now,
  count(DISTINCT "on") FILTER (WHERE "on" <= till.day - {STRETCH}) AS before
FROM live_usage_daily, till WHERE "on" > till.day - {2 * STRETCH} AND "on" <= till.day
  AND (coalesce(active_users, 0) > 0 OR coalesce(logins, 0) > 0)
GROUP BY account_id ORDER BY account_id"""


def _usage(sight: Sight, listed: dict[str, ListedAccount]) -> Iterator[Reason]:
    for row in rows(sight, _USAGE):
        if (
            not _pays(listed, row["account"])
            or newcombe((row["now"], STRETCH), (row["before"], STRETCH))[1] >= 0
        ):
            continue
        source = f"{STRETCH} days to {day_words(row['day'])}, against the {STRETCH} days before"
        yield Reason(
            row["account"],
            "usage",
            f"Used on {row['now']} days, {row['before']} before",
            source,
            on=row["day"],
        )


_ENDINGS = f"""
SELECT l.account_id AS account, coalesce(p.name, l.id) AS product,
  CAST(sum(l.mrr) AS DOUBLE) AS mrr, max(l.valid_to) AS "on"
FROM {PAID_LINES} l LEFT JOIN products p ON p.id = l.product_id
WHERE l.valid_to <= $day_subscriptions AND l.valid_to > $day_subscriptions::DATE - {ENDED}
  AND NOT EXISTS (
  SELECT 1 FROM {PAID_LINES} n WHERE n.account_id = l.account_id AND n.id <> l.id
    AND n.product_id IS NOT DISTINCT FROM l.product_id
    AND n.valid_to > $day_subscriptions AND n.valid_from >= l.valid_from)
GROUP BY ALL ORDER BY 1, 4"""


def _endings(sight: Sight, listed: dict[str, ListedAccount]) -> Iterator[Reason]:
    for account, found in groupby(rows(sight, _ENDINGS), key=lambda row: row["account"]):
        lines = list(found)
        lost = not _pays(listed, account)
        last: date = max(row["on"] for row in lines)
        names = ", ".join(
            f"{row['product']} ({_money(sight, row['mrr'])} a month)" for row in lines
        )
        text = (
            f"Left: the last paid line ended on {day_words(last)}"
            if lost
            else f"{lines[0]['product']} ended on {day_words(last)}"
        )
        yield Reason(account, "ended", text, names, lost, last)


def _money(sight: Sight, amount: float | None) -> str:
    return show_value(amount, "money", sight.settings.currency)


_GOALS = f"""
SELECT g.account_id AS account, g.name, g.due_on AS "on", CAST(g.target AS DOUBLE) AS target,
  g.direction, CAST(arg_max(m.value, m.measured_at) AS DOUBLE) AS latest,
  max(CAST(timezone($zone, m.measured_at) AS DATE)) AS measured
FROM live_goals g LEFT JOIN goal_measurements m ON m.goal_id = g.id
  AND m.measured_at <= $now::TIMESTAMPTZ
WHERE g.due_on < $day_goals AND g.due_on > $day_goals::DATE - {OVERDUE}
GROUP BY ALL
HAVING latest IS NULL OR (g.direction = 'up' AND latest < CAST(g.target AS DOUBLE))
  OR (g.direction = 'down' AND latest > CAST(g.target AS DOUBLE))
ORDER BY 1, 3"""


def _goals(sight: Sight, listed: dict[str, ListedAccount]) -> Iterator[Reason]:
    for row in rows(sight, _GOALS, now=sight.known_at):
        if not _pays(listed, row["account"]):
            continue
        late = (today(sight, "goals") - row["on"]).days
        seen = (
            f"{row['latest']:g} on {day_words(row['measured'])}"
            if row["latest"] is not None
            else "never measured"
        )
        yield Reason(
            row["account"],
            "goal",
            f"Goal overdue by {days(late)}: {row['name']}",
            f"Target {row['target']:g}, {seen}",
            on=row["on"],
        )

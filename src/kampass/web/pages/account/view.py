"""What an account's page tells: why it needs somebody, figures, revenue, use, people, contracts,
goals, words, everything that happened.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby
from typing import Final
from urllib.parse import quote, urlencode

from kampass.book.account import Dossier, Row
from kampass.book.accounts import ListedAccount
from kampass.book.attention import of_account
from kampass.book.reasons import Reason, day_words, days
from kampass.book.timeline import KINDS, PAGE, Event, Timeline, timeline
from kampass.book.today import today
from kampass.engine.answer import Result
from kampass.library.notes import Note
from kampass.render import words
from kampass.render.charts import trend
from kampass.render.display import show_value
from kampass.server.rules import Call
from kampass.web.parts import spans
from kampass.web.parts.figures import Badge, FigureTile, Tone
from kampass.web.parts.forms import Filters
from kampass.web.parts.links import Link, exports
from kampass.web.parts.notes import NotesPanel, notes_panel
from kampass.web.parts.pictures import Picture, TimelineEntry, TimelineMonth, picture
from kampass.web.parts.question import Asking
from kampass.web.parts.reasons import ReasonItem, reason_items
from kampass.web.parts.tables import DataTable, Detail, Heading, TableCell, TableRow
from kampass.web.parts.tiles import tiles, why_none
from kampass.web.rendering import moment

MONTHS, WEEKS, QUOTES = 24, 26, 8
MOVEMENTS: Final = (
    "mrr_end",
    "new_mrr",
    "reactivation_mrr",
    "expansion_mrr",
    "contraction_mrr",
    "churned_mrr",
)
_BADGES: Final = {
    ("answers", "bad"): Badge("Unhappy", "bad"),
    ("contracts", "bad"): Badge("Lost", "bad"),
    ("tickets", "warn"): Badge("High priority", "warn"),
}
_PEOPLE: Final = (
    Heading("name", "Contact"),
    Heading("persona", "Persona"),
    Heading("last", "Last touch"),
    Heading("touches", "Touches", "number"),
)
_CONTRACTS: Final = (
    Heading("id", "Contract"),
    Heading("kind", "Kind"),
    Heading("from", "From"),
    Heading("to", "Due"),
    Heading("value", "Value", "number"),
    Heading("outcome", "What became of it"),
)
_LINES: Final = (
    Heading("product", "Product"),
    Heading("quantity", "Quantity", "number"),
    Heading("mrr", "MRR", "number"),
)
_TICKETS: Final = (
    Heading("id", "Ticket"),
    Heading("opened", "Opened"),
    Heading("assignee", "Whose it is"),
)


@dataclass(frozen=True)
class AccountCourse:
    """A figure over time: the picture with the same in numbers, or why there is none."""

    picture: Picture | None = None
    columns: Sequence[str] = ()
    rows: Sequence[Sequence[str]] = ()
    reason: str = ""


@dataclass(frozen=True)
class GoalItem:
    """A goal that was agreed, and how it stands."""

    name: str
    badge: Badge
    text: str
    due: str
    measured: str | None


@dataclass(frozen=True)
class Quote:
    """What somebody wrote in a survey."""

    score: Badge
    text: str
    who: str
    when: str
    survey: str


@dataclass(frozen=True)
class Idea:
    """What somebody asked for, and what became of it."""

    text: str
    badge: Badge
    when: str
    done: str


@dataclass(frozen=True)
class Happened:
    """A page of what happened, the latest first."""

    kinds: Sequence[Link]
    months: Sequence[TimelineMonth]
    text: str
    previous: str | None
    next: str | None


@dataclass(frozen=True)
class AccountPage:
    """The page."""

    name: str
    lead: str
    link: str
    filters: Filters
    period: str
    reasons: Sequence[ReasonItem]
    figures: Sequence[FigureTile]
    revenue: AccountCourse
    usage: AccountCourse
    people: DataTable
    contracts: DataTable
    lines: DataTable
    tickets: DataTable
    happened: Happened
    facts: Sequence[Detail]
    notes: NotesPanel
    quotes: Sequence[Quote]
    scores: int
    goals: Sequence[GoalItem]
    feedback: Sequence[Idea]
    exports: Sequence[Link]


@dataclass(frozen=True)
class AccountFile:
    """One account on its page, with the question that its figures answer."""

    call: Call
    file: Dossier
    asking: Asking

    @property
    def account(self) -> ListedAccount:
        """The account."""
        return self.file.account

    @property
    def path(self) -> str:
        """Where the account has its page."""
        return f"/accounts/{quote(self.account.id, safe='')}"

    @property
    def where(self) -> str:
        """The filter that asks a KPI about it."""
        return f"account={self.account.id}"

    @cached_property
    def needs(self) -> tuple[Reason, ...]:
        """Why it needs somebody today."""
        return of_account(self.call.sight, self.account.id)

    def money(self, amount: float | None) -> str:
        """An amount in the workspace's currency."""
        return show_value(amount, "money", self.call.sight.settings.currency)


def account_page(shown: AccountFile, kind: str, page: int) -> AccountPage:
    """The page; of what happened one kind, if it is one, and one page."""
    call, file, asking, key = shown.call, shown.file, shown.asking, shown.account.id
    notes = call.library.notes.about(account=key, scope=call.viewer.scope)
    kind = kind if kind in KINDS else ""
    noted = [_noted(note, call) for note in notes]
    where = [*asking.where, shown.where]
    ids = [kpi.id for kpi in asking.kpis]
    return AccountPage(
        name=shown.account.name,
        lead=_lead(shown),
        link=asking.url(shown.path),
        filters=asking.filters(shown.path, "Figures", cuts=0, grains=False),
        period=asking.period_words,
        reasons=reason_items(shown.needs),
        figures=tiles(call, ids, period=asking.period, where=where, clock=asking.clock),
        revenue=call.sight.kept("revenue of an account", lambda: _revenue(shown), key),
        usage=call.sight.kept("use of an account", lambda: _usage(shown), key),
        people=DataTable(_PEOPLE, [_person(row) for row in file.contacts]),
        contracts=DataTable(_CONTRACTS, [_contract(shown, row) for row in file.contracts]),
        lines=DataTable(_LINES, [_line(shown, row) for row in file.lines]),
        tickets=DataTable(_TICKETS, [_ticket(row) for row in file.tickets]),
        happened=_happened(
            shown, timeline(call.sight, key, kind=kind, page=page, notes=noted), kind
        ),
        facts=_facts(shown),
        notes=notes_panel(call, notes, back=asking.url(shown.path), about={"account": key}),
        quotes=[_quote(row) for row in file.answers if row["comment"]][:QUOTES],
        scores=len(file.answers),
        goals=[_goal(row) for row in file.goals],
        feedback=[_idea(row) for row in file.feedback],
        exports=exports(lambda form: f"{shown.path}/export?format={form}"),
    )


def _lead(shown: AccountFile) -> str:
    account, found = shown.account, shown.needs
    since = f" since {day_words(account.since)}" if account.since else ""
    pays = {
        "active": f"Pays {shown.money(account.mrr)} a month, a customer{since}",
        "lost": f"Left; it paid{since and ' from' + since.removeprefix(' since')} on",
        "prospect": "Has never paid",
    }[account.state]
    owner = (
        f"looked after by {account.manager_name}"
        if account.manager_name
        else "looked after by nobody"
    )
    needs = (
        f"{len(found)} {'thing needs' if len(found) == 1 else 'things need'} somebody today"
        if found
        else "nothing needs somebody today"
    )
    return f"{pays}, {owner}; {needs}."


def _facts(shown: AccountFile) -> list[Detail]:
    account, file = shown.account, shown.file
    owner = file.owners[0] if file.owners else None
    made = [
        Detail("Account", account.id),
        Detail("Account manager", owner["name"], f"since {day_words(owner['since'])}")
        if owner
        else Detail("Account manager", "Nobody"),
        Detail("Team", account.team_name or "None"),
        Detail("MRR now", shown.money(account.mrr) if account.mrr is not None else "None"),
        Detail("First paid", day_words(account.since) if account.since else "Never"),
        Detail("Acquired", day_words(file.acquired_on) if file.acquired_on else "Unknown"),
        *(Detail(label, words.plain(account.shown(name))) for name, label in _NAMED),
        *(
            Detail(words.dimension(name), value or "Unknown")
            for name, value in sorted(account.attributes.items())
        ),
    ]
    if file.parent_id:
        href = f"/accounts/{quote(file.parent_id, safe='')}"
        made.append(Detail("Belongs to", str(file.parent), href=href))
    return made


_NAMED = (
    ("segment", "Segment"),
    ("industry", "Industry"),
    ("region", "Region"),
    ("tier", "Tier"),
    ("acquisition_source", "Came through"),
)


def _revenue(shown: AccountFile) -> AccountCourse:
    """MRR month by month: the picture, and the table with what moved it."""
    sight = shown.call.sight
    stretch, grain = spans.trail(spans.latest(sight, "month"), sight.settings.calendar, MONTHS)
    found = sight.kpi(MOVEMENTS, period=stretch, grain=grain, where=[shown.where])
    mrr = Result(
        tuple(answer for answer in found if answer.kpi == "mrr_end"),
        currency=found.currency,
        names=found.names,
    )
    if all(answer.value is None for answer in mrr):
        return AccountCourse(reason=why_none(sight, sight.catalogue.get("mrr_end"), mrr[-1]))
    by_month: dict[str, list[str]] = {}
    for answer in found:
        cells = by_month.setdefault(words.period(answer.period_start, answer.period_end), [])
        cells.append(shown.money(answer.value) if answer.value or answer.kpi == "mrr_end" else "")
    columns = ["Month", *(found.names[kpi] for kpi in MOVEMENTS)]
    rows = [(month, *cells) for month, cells in reversed(by_month.items())]
    return AccountCourse(picture(trend(mrr)), columns, rows)


def _usage(shown: AccountFile) -> AccountCourse:
    """Log-ins week by week."""
    sight = shown.call.sight
    stretch, grain = spans.trail(spans.latest(sight, "week"), sight.settings.calendar, WEEKS)
    found = sight.kpi("usage_logins", period=stretch, grain=grain, where=[shown.where])
    if all(answer.value is None for answer in found):
        return AccountCourse(reason=why_none(sight, sight.catalogue.get("usage_logins"), found[-1]))
    rows = [
        (words.period(one.period_start, one.period_end), show_value(one.value, one.unit, ""))
        for one in reversed(found)
    ]
    return AccountCourse(picture(trend(found)), ["Week", "Log-ins"], rows)


def _person(row: Row) -> TableRow:
    last = (
        TableCell(
            day_words(row["last"]), note=f"{days(row['days'])} ago" if row["days"] > 0 else "today"
        )
        if row["last"]
        else TableCell(reason="Nobody spoke with them")
    )
    role = ", ".join(
        part for part in (row["role"], "main contact" if row["is_primary"] else None) if part
    )
    badge = Badge("Key contact", "accent") if row["is_key"] else None
    return TableRow(
        {
            "name": TableCell(row["name"], note=row["email"], badge=badge),
            "persona": TableCell(row["persona"] or "Unknown", note=role or None),
            "last": last,
            "touches": f"{row['touches'] or 0:,}",
        }
    )


_OUTCOMES: Final = {
    "renewed": Badge("Renewed", "good"),
    "lost": Badge("Lost", "bad"),
    "superseded": Badge("Replaced"),
    "pending": Badge("No answer yet", "warn"),
}


def _contract(shown: AccountFile, row: Row) -> TableRow:
    amendment = row["kind"] == "amendment"
    reason = ", ".join(part for part in (row["churn_type"], row["churn_reason"]) if part)
    ahead = (row["valid_to"] - today(shown.call.sight, "contracts")).days if row["valid_to"] else 0
    waits = ahead > 0 and row["outcome"] in {None, "pending"} and not amendment
    outcome = TableCell(
        "",
        badge=_OUTCOMES.get(row["outcome"] or ("" if amendment else "pending")),
        note=reason or ("renews by itself" if row["auto_renew"] and waits else None),
    )
    value = None if row["value"] is None else show_value(row["value"], "money", row["currency"])
    return TableRow(
        {
            "id": TableCell(row["id"], note=row["product"]),
            "kind": row["kind"].capitalize(),
            "from": day_words(row["valid_from"]),
            "to": TableCell(
                day_words(row["valid_to"]) if row["valid_to"] else "Open",
                note=f"in {days(ahead)}" if waits else None,
            ),
            "value": value,
            "outcome": outcome,
        }
    )


def _line(shown: AccountFile, row: Row) -> TableRow:
    return TableRow(
        {
            "product": TableCell(row["product"], note=f"since {day_words(row['since'])}"),
            "quantity": "" if row["quantity"] is None else f"{row['quantity']:,.0f}",
            "mrr": shown.money(row["mrr"]),
        }
    )


def _goal(row: Row) -> GoalItem:
    badge = (
        Badge("Reached", "good")
        if row["met"]
        else Badge("Missed", "bad")
        if row["due"]
        else Badge("Under way")
    )
    latest = f"{row['latest']:g}" if row["latest"] is not None else "never measured"
    begun = f", began at {row['baseline']:g}" if row["baseline"] is not None else ""
    return GoalItem(
        row["name"],
        badge,
        f"{latest}, target {row['target']:g}{begun}",
        day_words(row["due_on"]),
        day_words(row["measured"]) if row["measured"] else None,
    )


_PRIORITIES: Final[dict[str, Tone]] = {"urgent": "bad", "high": "warn"}


def _ticket(row: Row) -> TableRow:
    priority = row["priority"] or "no priority"
    badge = Badge(priority.capitalize(), _PRIORITIES.get(priority, "neutral"))
    return TableRow(
        {
            "id": TableCell(row["id"], note=row["topic"], badge=badge),
            "opened": TableCell(day_words(row["opened"]), note=days(row["days"])),
            "assignee": row["assignee"] or "Nobody",
        }
    )


def _quote(row: Row) -> Quote:
    who = ", ".join(part for part in (row["who"], row["persona"]) if part)
    badge = Badge(f"{row['score']:g} of {row['most']:g}", "bad" if row["unhappy"] else "neutral")
    return Quote(badge, row["comment"], who, day_words(row["on"]), row["survey"])


_IDEAS: Final[dict[str, Tone]] = {"implemented": "good", "accepted": "accent"}


def _idea(row: Row) -> Idea:
    told = (
        f", told on {day_words(row['told'])}"
        if row["told"]
        else ", not told yet"
        if row["implemented"]
        else ""
    )
    return Idea(
        row["text"] or "No words",
        Badge(row["status"].capitalize(), _IDEAS.get(row["status"], "neutral")),
        day_words(row["on"]),
        f"done on {day_words(row['implemented'])}{told}" if row["implemented"] else "",
    )


def _noted(note: Note, call: Call) -> Event:
    """A note of ours among what happened."""
    day = call.sight.settings.calendar.local_date(note.created_at)
    return Event("notes", "note", note.created_at, day, "Note", who=note.author, quote=note.text)


def _kinds(shown: AccountFile, happened: Timeline, kind: str) -> list[Link]:
    """The kinds of which there is something, with how many."""
    every = sum(happened.counts.values())
    return [
        Link(f"All {every:,}", _at(shown, "", 1), not kind),
        *(
            Link(f"{text} {happened.counts[name]:,}", _at(shown, name, 1), kind == name)
            for name, text in KINDS.items()
            if happened.counts.get(name)
        ),
    ]


def _at(shown: AccountFile, kind: str, page: int) -> str:
    given = {
        name: value
        for name, value in (("kind", kind), ("page", str(page) if page > 1 else ""))
        if value
    }
    return f"{shown.path}{'?' + urlencode(given) if given else ''}#timeline"


def _happened(shown: AccountFile, happened: Timeline, kind: str) -> Happened:
    """The events, month by month."""
    zone, page = shown.call.sight.settings.calendar.timezone, happened.page
    months = [
        TimelineMonth(label, [_entry(event, zone) for event in events])
        for label, events in groupby(happened.events, key=lambda event: f"{event.on:%B %Y}")
    ]
    return Happened(
        _kinds(shown, happened, kind),
        months,
        f"From number {(page - 1) * PAGE + 1:,}, newest first",
        _at(shown, kind, page - 1) if page > 1 else None,
        _at(shown, kind, page + 1) if happened.more else None,
    )


def _entry(event: Event, zone: str) -> TimelineEntry:
    return TimelineEntry(
        event.mark,
        event.title,
        f"{event.on.day} {event.on:%b}",
        event.on.isoformat(),
        text=event.text or None,
        who=event.who,
        quote=event.quote,
        zone=f"{moment(event.at, zone)} {zone}",
        badge=_BADGES.get((event.kind, event.tone or "")),
    )

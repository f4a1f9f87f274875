"""Account 360: one account with what stands behind it: why it needs somebody, figures, revenue,
use, people, contracts, goals, words, everything that happened.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Annotated, Any, Final
from urllib.parse import quote, urlencode

from fastapi import APIRouter, Depends, Path, Query
from starlette.responses import Response

from kampass.book.account import Dossier, Row, dossier, find
from kampass.book.accounts import Listed
from kampass.book.attention import of_account
from kampass.book.reasons import day_words, days
from kampass.book.timeline import KINDS, PAGE, Event, Timeline, timeline
from kampass.book.today import today
from kampass.engine.answer import Result
from kampass.library.notes import Note
from kampass.render.charts import trend
from kampass.render.display import show_value
from kampass.render.files import About, write_table
from kampass.server.rules import EXPORTING, SIGNED_IN, Call
from kampass.web.pages.portfolio.page import MARKS
from kampass.web.parts import spans
from kampass.web.parts.attachment import attachment
from kampass.web.parts.notes import noted
from kampass.web.parts.picture import picture
from kampass.web.parts.question import Asked, Asking, cannot_ask
from kampass.web.parts.tiles import tiles
from kampass.web.parts.wording import why_none
from kampass.web.rendering import moment, render

router = APIRouter()
AccountId = Annotated[str, Path(max_length=400)]
MONTHS, WEEKS, QUOTES, MOST = 24, 26, 8, 12
MOVEMENTS: Final = (
    "mrr_end",
    "new_mrr",
    "reactivation_mrr",
    "expansion_mrr",
    "contraction_mrr",
    "churned_mrr",
)
_BADGES: Final = {
    ("answers", "bad"): {"text": "Unhappy", "tone": "bad"},
    ("contracts", "bad"): {"text": "Lost", "tone": "bad"},
    ("tickets", "warn"): {"text": "High priority", "tone": "warn"},
}


@dataclass(frozen=True)
class Shown:
    """One account on its page, with the question that its figures answer."""

    call: Call
    account: Listed
    asking: Asking

    @property
    def path(self) -> str:
        """Where the account has its page."""
        return f"/accounts/{quote(self.account.id, safe='')}"

    @property
    def where(self) -> str:
        """The filter that asks a KPI about it."""
        return f"account={self.account.id}"

    def money(self, amount: float | None) -> str:
        """An amount in the workspace's currency."""
        return show_value(amount, "money", self.call.sight.settings.currency)


@router.get("/accounts/{account}")
def show(
    account: AccountId,
    call: Annotated[Call, Depends(SIGNED_IN)],
    asked: Asked,
    *,
    kind: Annotated[str, Query(max_length=20)] = "",
    page: Annotated[int, Query(ge=1, le=10_000)] = 1,
) -> Response:
    """The page."""
    file = dossier(call.sight, account)
    call.record("looked at", f"account {account}")
    ids = [kpi for kpi in call.workspace.settings.enabled if _one_figure(call, kpi)][:MOST]
    asking = Asking.of(call, asked, kpis=ids, grain="quarter")
    shown, question = Shown(call, file.account, asking), f"How is {file.account.name} doing?"
    if asking.wrong:
        return cannot_ask(call, asking, title=file.account.name, question=question, path=shown.path)
    kind = kind if kind in KINDS else ""
    notes = call.library.notes.about(account=account, scope=call.viewer.scope)
    happened = timeline(
        call.sight, account, kind=kind, page=page, notes=[_noted(note, call) for note in notes]
    )
    return render(
        call,
        "pages/account/page.html",
        title=file.account.name,
        question=question,
        shown=shown,
        file=file,
        lead=_lead(shown),
        asking=asking,
        path=shown.path,
        fields=asking.fields(cuts=0, grains=False),
        reasons=[
            {"mark": MARKS[one.kind], "reason": one} for one in of_account(call.sight, account)
        ],
        facts=_facts(shown, file),
        tiles=tiles(
            call, ids, period=asking.period, where=[*asking.where, shown.where], clock=asking.clock
        ),
        revenue=call.sight.kept("revenue of an account", lambda: _revenue(shown), account),
        usage=call.sight.kept("use of an account", lambda: _usage(shown), account),
        people=[_person(row) for row in file.contacts],
        contracts=[_contract(shown, row) for row in file.contracts],
        lines=[_line(shown, row) for row in file.lines],
        goals=[_goal(row) for row in file.goals],
        tickets=[_ticket(row) for row in file.tickets],
        quotes=[_quote(row) for row in file.answers if row["comment"]][:QUOTES],
        scores=len(file.answers),
        feedback=[_idea(row) for row in file.feedback],
        noted=noted(call, notes, back=asking.url(shown.path), about={"account": account}),
        kinds=_kinds(shown, happened, kind),
        months=list(_months(happened, call)),
        paging=_paging(shown, happened, kind),
        exports=[
            (text, f"{shown.path}/export?format={form}")
            for text, form in (
                ("CSV", "csv"),
                ("Excel", "xlsx"),
                ("Parquet", "parquet"),
                ("JSON", "json"),
            )
        ],
    )


@router.get("/accounts/{account}/export")
def export(
    account: AccountId,
    call: Annotated[Call, Depends(EXPORTING)],
    form: Annotated[str, Query(alias="format", max_length=20)] = "csv",
) -> Response:
    """Everything that happened with an account, as a file."""
    listed = find(call.sight, account)
    events: list[Event] = []
    page = 1
    while (found := timeline(call.sight, account, page=page)).events:
        events += found.events
        if not found.more:
            break
        page += 1
    columns = ("account", "at", "kind", "title", "text", "who", "quote")
    lines = [
        (listed.id, one.at, one.kind, one.title, one.text, one.who, one.quote) for one in events
    ]
    link = f"{call.serving.url}/accounts/{quote(account, safe='')}"
    about = About(
        f"Everything that happened with {listed.name}",
        call.sight.snapshot_id,
        call.sight.known_at,
        link=link,
    )
    return attachment(
        call,
        write_table(
            columns, lines, form, name=f"account-{listed.id}", about=about, for_spreadsheets=True
        ),
        link,
    )


def _one_figure(call: Call, kpi: str) -> bool:
    found = call.sight.catalogue.kpis.get(kpi)
    return (
        found is not None
        and found.takes_any_account_dimension
        and not (found.distribution or found.suppress_below)
    )


def _lead(shown: Shown) -> str:
    account, found = shown.account, of_account(shown.call.sight, shown.account.id)
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


def _facts(shown: Shown, file: Dossier) -> list[tuple[str, Any]]:
    account = file.account
    owner = file.owners[0] if file.owners else None
    made: list[tuple[str, Any]] = [
        ("Account", account.id),
        (
            "Account manager",
            {"text": owner["name"], "note": f"since {day_words(owner['since'])}"}
            if owner
            else "Nobody",
        ),
        ("Team", account.team_name or "None"),
        ("MRR now", shown.money(account.mrr) if account.mrr is not None else "None"),
        ("First paid", day_words(account.since) if account.since else "Never"),
        ("Acquired", day_words(file.acquired_on) if file.acquired_on else "Unknown"),
        *(
            (
                label,
                account.shown(name).replace("_", " ").capitalize()
                if account.shown(name).islower()
                else account.shown(name),
            )
            for name, label in _NAMED
        ),
        *(
            (name.replace("_", " ").capitalize(), value or "Unknown")
            for name, value in sorted(account.attributes.items())
        ),
    ]
    if file.parent_id:
        made.append(
            (
                "Belongs to",
                {"text": file.parent, "href": f"/accounts/{quote(file.parent_id, safe='')}"},
            )
        )
    return made


_NAMED = (
    ("segment", "Segment"),
    ("industry", "Industry"),
    ("region", "Region"),
    ("tier", "Tier"),
    ("acquisition_source", "Came through"),
)


def _revenue(shown: Shown) -> dict[str, Any]:
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
        return {"picture": None, "reason": why_none(sight, sight.catalogue.get("mrr_end"), mrr[-1])}
    by_month: dict[str, list[str]] = {}
    for answer in found:
        cells = by_month.setdefault(spans.said(answer.period_start, answer.period_end), [])
        cells.append(shown.money(answer.value) if answer.value or answer.kpi == "mrr_end" else "")
    columns = ["Month", *(found.names[kpi] for kpi in MOVEMENTS)]
    return {
        "picture": picture(trend(mrr)),
        "columns": columns,
        "rows": [(month, *cells) for month, cells in reversed(by_month.items())],
    }


def _usage(shown: Shown) -> dict[str, Any]:
    """Log-ins week by week."""
    sight = shown.call.sight
    stretch, grain = spans.trail(spans.latest(sight, "week"), sight.settings.calendar, WEEKS)
    found = sight.kpi("usage_logins", period=stretch, grain=grain, where=[shown.where])
    if all(answer.value is None for answer in found):
        return {
            "picture": None,
            "reason": why_none(sight, sight.catalogue.get("usage_logins"), found[-1]),
        }
    rows = [
        (spans.said(one.period_start, one.period_end), show_value(one.value, one.unit, ""))
        for one in reversed(found)
    ]
    return {"picture": picture(trend(found)), "columns": ["Week", "Log-ins"], "rows": rows}


def _person(row: Row) -> dict[str, Any]:
    badge = {"text": "Key contact", "tone": "accent"} if row["is_key"] else None
    last = (
        {
            "text": day_words(row["last"]),
            "note": f"{days(row['days'])} ago" if row["days"] > 0 else "today",
        }
        if row["last"]
        else {"text": None, "reason": "Nobody spoke with them"}
    )
    role = ", ".join(
        part for part in (row["role"], "main contact" if row["is_primary"] else None) if part
    )
    return {
        "cells": {
            "name": {"text": row["name"], "note": row["email"], "badge": badge},
            "persona": {"text": row["persona"] or "Unknown", "note": role or None},
            "last": last,
            "touches": f"{row['touches'] or 0:,}",
        }
    }


def _contract(shown: Shown, row: Row) -> dict[str, Any]:
    words = {
        "renewed": ("Renewed", "good"),
        "lost": ("Lost", "bad"),
        "superseded": ("Replaced", "neutral"),
        "pending": ("No answer yet", "warn"),
    }
    text, tone = words.get(
        row["outcome"] or ("" if row["kind"] == "amendment" else "pending"), ("", "neutral")
    )
    reason = ", ".join(part for part in (row["churn_type"], row["churn_reason"]) if part)
    ahead = (row["valid_to"] - today(shown.call.sight)).days if row["valid_to"] else None
    due = (
        f"in {days(ahead)}"
        if ahead is not None
        and ahead > 0
        and row["outcome"] in {None, "pending"}
        and row["kind"] != "amendment"
        else None
    )
    value = None if row["value"] is None else show_value(row["value"], "money", row["currency"])
    return {
        "cells": {
            "id": {"text": row["id"], "note": row["product"]},
            "kind": row["kind"].capitalize(),
            "from": day_words(row["valid_from"]),
            "to": {"text": day_words(row["valid_to"]) if row["valid_to"] else "Open", "note": due},
            "value": value,
            "outcome": {
                "text": "",
                "badge": {"text": text, "tone": tone} if text else None,
                "note": reason or ("renews by itself" if row["auto_renew"] and due else None),
            },
        }
    }


def _line(shown: Shown, row: Row) -> dict[str, Any]:
    quantity = "" if row["quantity"] is None else f"{row['quantity']:,.0f}"
    return {
        "cells": {
            "product": {"text": row["product"], "note": f"since {day_words(row['since'])}"},
            "quantity": quantity,
            "mrr": shown.money(row["mrr"]),
        }
    }


def _goal(row: Row) -> dict[str, Any]:
    state = (
        ("Reached", "good")
        if row["met"]
        else ("Missed", "bad")
        if row["due"]
        else ("Under way", "neutral")
    )
    latest = f"{row['latest']:g}" if row["latest"] is not None else "never measured"
    begun = f", began at {row['baseline']:g}" if row["baseline"] is not None else ""
    return {
        "name": row["name"],
        "badge": {"text": state[0], "tone": state[1]},
        "due": day_words(row["due_on"]),
        "text": f"{latest}, target {row['target']:g}{begun}",
        "measured": day_words(row["measured"]) if row["measured"] else None,
    }


def _ticket(row: Row) -> dict[str, Any]:
    tone = {"urgent": "bad", "high": "warn"}.get(row["priority"], "neutral")
    return {
        "cells": {
            "id": {
                "text": row["id"],
                "note": row["topic"],
                "badge": {"text": (row["priority"] or "no priority").capitalize(), "tone": tone},
            },
            "opened": {"text": day_words(row["opened"]), "note": days(row["days"])},
            "assignee": row["assignee"] or "Nobody",
        }
    }


def _quote(row: Row) -> dict[str, Any]:
    who = ", ".join(part for part in (row["who"], row["persona"]) if part)
    return {
        "score": f"{row['score']:g} of {row['most']:g}",
        "tone": "bad" if row["unhappy"] else "neutral",
        "text": row["comment"],
        "who": who,
        "when": day_words(row["on"]),
        "survey": row["survey"],
    }


def _idea(row: Row) -> dict[str, Any]:
    tone = {"implemented": "good", "accepted": "accent", "rejected": "neutral"}.get(
        row["status"], "neutral"
    )
    told = (
        f", told on {day_words(row['told'])}"
        if row["told"]
        else ", not told yet"
        if row["implemented"]
        else ""
    )
    done = f"done on {day_words(row['implemented'])}{told}" if row["implemented"] else ""
    return {
        "text": row["text"] or "No words",
        "badge": {"text": row["status"].capitalize(), "tone": tone},
        "when": day_words(row["on"]),
        "done": done,
    }


def _noted(note: Note, call: Call) -> Event:
    """A note of ours among what happened."""
    day = call.sight.settings.calendar.local_date(note.created_at)
    return Event("notes", "note", note.created_at, day, "Note", who=note.author, quote=note.text)


def _kinds(shown: Shown, happened: Timeline, kind: str) -> list[tuple[str, str, bool]]:
    """The kinds of which there is something, with how many."""
    every = sum(happened.counts.values())
    found = [(name, words) for name, words in KINDS.items() if happened.counts.get(name)]
    return [
        (f"All {every:,}", _at(shown, "", 1), not kind),
        *(
            (f"{words} {happened.counts[name]:,}", _at(shown, name, 1), kind == name)
            for name, words in found
        ),
    ]


def _at(shown: Shown, kind: str, page: int) -> str:
    given = {
        name: value
        for name, value in (("kind", kind), ("page", str(page) if page > 1 else ""))
        if value
    }
    return f"{shown.path}{'?' + urlencode(given) if given else ''}#timeline"


def _months(happened: Timeline, call: Call) -> Iterator[dict[str, Any]]:
    """The events for ui.timeline, month by month."""
    zone = call.sight.settings.calendar.timezone
    for label, events in groupby(happened.events, key=lambda event: f"{event.on:%B %Y}"):
        yield {"label": label, "entries": [_entry(event, zone) for event in events]}


def _entry(event: Event, zone: str) -> dict[str, Any]:
    return {
        "kind": event.mark,
        "title": event.title,
        "text": event.text or None,
        "who": event.who,
        "quote": event.quote,
        "when": f"{event.on.day} {event.on:%b}",
        "iso": event.on.isoformat(),
        "zone": f"{moment(event.at, zone)} {zone}",
        "badge": _BADGES.get((event.kind, event.tone or "")),
    }


def _paging(shown: Shown, happened: Timeline, kind: str) -> dict[str, Any]:
    first = (happened.page - 1) * PAGE + 1
    pages: Sequence[str | None] = (
        _at(shown, kind, happened.page - 1) if happened.page > 1 else None,
        _at(shown, kind, happened.page + 1) if happened.more else None,
    )
    return {"text": f"From number {first:,}, newest first", "previous": pages[0], "next": pages[1]}

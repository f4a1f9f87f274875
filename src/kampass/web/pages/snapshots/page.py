"""Snapshots: what was known when, what is kept, and the restatement report between two: which
closed figures moved, and because of which rows.
"""

from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Form, Path, Query
from starlette.responses import Response

from kampass.access import Role
from kampass.errors import KampassError
from kampass.insight.restated.redefinition import Redefinition
from kampass.insight.restated.restatement import Restatement
from kampass.periods import Unit
from kampass.server.rules import ANALYSING, CHANGING_DATA, DEFINING, Call, Rule
from kampass.store.snapshots.difference import RowChange
from kampass.web.parts import loads, spans
from kampass.web.parts.wording import table_word
from kampass.web.rendering import go, render
from kampass.workspace import published
from kampass.workspace.restated import redefined, restate

router = APIRouter()
SEEING_ALL = Rule(frozenset(role for role in Role if role.sees_everything))
_KIND = {
    "late": "came late",
    "new": "are new",
    "changed": "changed",
    "deleted": "were deleted",
    "set_aside": "are set aside now",
    "withdrawn": "lost their load",
}
_ONE = {
    "late": "came late",
    "new": "is new",
    "changed": "changed",
    "deleted": "was deleted",
    "set_aside": "is set aside now",
    "withdrawn": "lost its load",
}
_CAUSES = 5
SnapshotId = Annotated[str, Path(max_length=64)]


@router.get("/data/snapshots")
def show(call: Annotated[Call, Depends(SEEING_ALL)]) -> Response:
    """The list."""
    assert call.person is not None
    cards = [_card(call, card) for card in published.cards(call.workspace)[::-1]]
    return render(
        call,
        "pages/snapshots/page.html",
        title="Data",
        question="What was known when?",
        cards=cards,
        may=call.person.role in DEFINING,
        choices=[(card["id"], f"{card['known']['text']} ({card['id'][:8]})") for card in cards],
    )


@router.post("/data/snapshots/{snapshot}/pin")
def pin(
    call: Annotated[Call, Depends(CHANGING_DATA)],
    snapshot: SnapshotId,
    why: Annotated[str, Form(max_length=200)] = "",
) -> Response:
    """Keep a snapshot's file, with a reason."""
    if not why.strip():
        return go(
            "/data/snapshots",
            "Say what the snapshot is kept for, such as 'board report Q3'. It was not pinned.",
            kind="bad",
        )
    row = published.pin(call.workspace, snapshot, why.strip(), call.viewer.email, datetime.now(UTC))
    call.record("data.pin", row.id, why=why.strip())
    return go("/data/snapshots", f"Snapshot {row.id} stays until somebody unpins it.")


@router.post("/data/snapshots/{snapshot}/unpin")
def unpin(call: Annotated[Call, Depends(CHANGING_DATA)], snapshot: SnapshotId) -> Response:
    """Leave a snapshot to retention again."""
    row = published.unpin(call.workspace, snapshot)
    call.record("data.unpin", row.id)
    return go("/data/snapshots", f"Snapshot {row.id} stays as long as others of its age do.")


@router.get("/data/snapshots/compare")
def compare(
    call: Annotated[Call, Depends(SEEING_ALL)],
    a: Annotated[str, Query(max_length=64)] = "",
    b: Annotated[str, Query(max_length=64)] = "",
    period: Annotated[str, Query(max_length=40)] = "",
    grain: Annotated[Unit | None, Query()] = None,
) -> Response:
    """The restatement report from one snapshot to another."""
    cards = published.cards(call.workspace)
    choices = [(card.id, f"{_known(call, card)} ({card.id[:8]})") for card in reversed(cards)]
    values: dict[str, Any] = {
        "choices": choices,
        "a": a,
        "b": b,
        "period": period,
        "grain": grain or "",
        "wrong": None,
        "report": None,
    }
    if a and b:
        values |= {"question": "What moved between two snapshots?"}
        try:
            cut = grain if period else None
            report = call.sight.kept(
                "restatement",
                lambda: restate(call.workspace, a, b, period=period or None, grain=cut),
                a,
                b,
                period,
                grain,
            )
            values |= {"report": _report(call, report), "lead": _lead(report)}
        except KampassError as wrong:
            values |= {"wrong": wrong, "lead": ""}
    return render(
        call,
        "pages/snapshots/compare.html",
        title="Data",
        status=values["wrong"].status if values["wrong"] else 200,
        **(
            {
                "question": "What moved between two snapshots?",
                "lead": "Choose the earlier and the later one.",
            }
            | values
        ),
    )


@router.get("/data/definitions")
def definitions(
    call: Annotated[Call, Depends(ANALYSING)], against: Annotated[str, Query(max_length=64)] = ""
) -> Response:
    """What today's definitions do to the numbers that were published under others."""
    found: Redefinition | None = None
    wrong: KampassError | None = None
    try:
        row = call.workspace.snapshots.row(against).id if against else call.sight.snapshot_id
        found = call.sight.kept("redefinition", lambda: redefined(call.workspace, against=row), row)
    except KampassError as trouble:
        wrong = trouble
    return render(
        call,
        "pages/snapshots/definitions.html",
        title="Data",
        question="What does a changed definition do to the numbers?",
        found=found,
        wrong=wrong,
        against=against,
        kpis=_redefined(call, found) if found else [],
        choices=[
            (card.id, f"{_known(call, card)} ({card.id[:8]})")
            for card in published.cards(call.workspace)[::-1]
        ],
    )


def _known(call: Call, card: published.SnapshotCard) -> str:
    known = loads.when(card.known_at, call.workspace)
    return known["text"] if known else ""


def _card(call: Call, card: published.SnapshotCard) -> dict[str, Any]:
    file = (
        f"{card.size / 1e6:,.1f} MB"
        if card.size is not None
        else "is built again when asked"
        if card.rebuilds
        else "gone"
    )
    changed = [
        name
        for name, same in (
            ("settings", card.settings_are_todays),
            ("definitions", card.definitions_are_todays),
        )
        if same is False
    ]
    return {
        "id": card.id,
        "current": card.current,
        "known": loads.when(card.known_at, call.workspace),
        "published": loads.when(card.published_at, call.workspace),
        "loads": card.loads,
        "rows": f"{sum(card.rows.values()):,}" if card.rows else None,
        "file": file,
        "pinned": card.pinned,
        "changed": " and ".join(changed),
    }


def _lead(report: Restatement) -> str:
    if not report.periods:
        return "No period was over by what the earlier snapshot knew, so no figure had been given."
    span = spans.said(report.periods[0].start, report.periods[-1].end)
    kpis = len({one.after.kpi for one in report.moved})
    if not report.moved:
        return (
            f"No figure moved: {len(report.kpis)} KPIs in {len(report.periods)} closed periods "
            f"({span})."
        )
    figures = "1 figure" if len(report.moved) == 1 else f"{len(report.moved):,} figures"
    return (
        f"{figures} of {kpis} {'KPI' if kpis == 1 else 'KPIs'} moved, of {len(report.kpis)} "
        f"looked at in {len(report.periods)} closed periods ({span})."
    )


def _report(call: Call, report: Restatement) -> dict[str, Any]:
    return {
        "before": {
            "id": report.before,
            "known": loads.when(report.known_at[0], call.workspace),
            "rules": report.rules[report.before],
        },
        "after": {
            "id": report.after,
            "known": loads.when(report.known_at[1], call.workspace),
            "rules": report.rules[report.after],
        },
        "counts": [
            {
                "table": table_word(one.table),
                "what": _KIND[one.kind],
                "rows": f"{one.rows:,}",
                "past": one.past,
                "derived": one.derived,
            }
            for one in report.counts
        ],
        "mended": len(report.mended),
        "newly": len(report.newly_set_aside),
        "moved": [
            loads.figure(one, call.workspace)
            | {
                "slice": ", ".join(str(value) for value in one.after.dimensions.values()),
                "snapshot": report.after,
                "causes": [_cause(cause) for cause in one.causes[:_CAUSES]],
                "more": max(0, len(one.causes) - _CAUSES),
                "time": not one.causes and one.before.status in {"partial", "provisional"},
            }
            for one in report.moved
        ],
    }


def _cause(cause: RowChange) -> str:
    key = " ".join(str(value) for value in cause.key.values())
    load = f" (load {cause.load})" if cause.load else ""
    return f"{table_word(cause.table)} {key} {_ONE[cause.kind]}{load}"


def _redefined(call: Call, found: Redefinition) -> list[dict[str, Any]]:
    return [
        {
            "id": one.kpi,
            "change": one.change,
            "fault": one.fault,
            "trouble": one.trouble,
            "figures": len(one.figures),
            "fields": [(name, _text(old), _text(new)) for name, (old, new) in one.fields.items()],
            "moved": [
                loads.figure(figure, call.workspace) for figure in one.figures if figure.moved
            ],
        }
        for one in found.kpis
    ]


def _text(value: object) -> str:
    return "nothing" if value is None else f"{value:g}" if isinstance(value, float) else str(value)

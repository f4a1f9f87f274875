"""Loads and snapshots: what was read when, what became of each row, what was known at which moment.

Counts of whole tables are about everybody's accounts: they are for those who see all of them.
"""

from dataclasses import asdict
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query
from starlette.responses import Response

from kampass.access import NotFound, Role
from kampass.api import models
from kampass.server.answering import Pieces, as_json
from kampass.server.rules import Call, Rule
from kampass.store.records import Load, to_text
from kampass.workspace import published
from kampass.workspace.loads.loads import counts
from kampass.workspace.restated import restate

router = APIRouter(tags=["loads and snapshots"])
SEEING_ALL = Rule(frozenset(role for role in Role if role.sees_everything))
Reader = Annotated[Call, Depends(SEEING_ALL)]
_STATES = ("complete", "held", "dropped")


@router.get("/api/v1/loads", response_model=models.Page)
def loads(call: Reader, piece: Pieces) -> Response:
    """Every load, the latest first; read = loaded + unchanged + superseded + quarantined, and
    `conflicting` of the superseded lines differ from the one that counts.
    """
    found = [_load(load) for load in reversed(call.workspace.manifest.loads(states=_STATES))]
    return as_json(
        piece.page(
            call.request,
            found[piece.offset : piece.offset + piece.limit],
            piece.snapshot,
            more=len(found) > piece.offset + piece.limit,
        )
    )


@router.get("/api/v1/loads/{load}", response_model=models.Thing)
def load_of(load: Annotated[int, Path(ge=1, le=1 << 40)], call: Reader) -> Response:
    """One load, table by table, with what became of each file's records."""
    for found in call.workspace.manifest.loads(states=_STATES):
        if found.id == load:
            return as_json(
                _load(found)
                | {
                    "tables": [
                        {"table": table.table}
                        | counts([table])
                        | {"files": [file.to_dict() for file in table.files]}
                        for table in found.tables
                    ]
                }
                | _coverage(found)
            )
    raise NotFound("There is no such load.")


@router.get("/api/v1/snapshots", response_model=models.Listed)
def snapshots(call: Reader) -> Response:
    """Every snapshot, by what it knows."""
    return as_json({"items": [card.to_dict() for card in published.cards(call.workspace)]})


@router.get("/api/v1/snapshots/{snapshot}", response_model=models.Thing)
def snapshot_of(snapshot: Annotated[str, Path(max_length=64)], call: Reader) -> Response:
    """One snapshot: its loads, and for each table its rows, what was set aside and what is
    covered.
    """
    return as_json(published.detail(call.workspace, snapshot).to_dict())


@router.get("/api/v1/restatements", response_model=models.Thing)
def restatement(
    call: Reader,
    before: Annotated[str, Query(max_length=64)],
    after: Annotated[str, Query(max_length=64)],
    kpi: Annotated[list[str] | None, Query(max_length=120)] = None,
    period: Annotated[str | None, Query(max_length=40)] = None,
) -> Response:
    """Which closed periods of which KPIs moved between two snapshots, by how much, because of which
    rows.
    """
    grain = "month" if period is not None else None
    return as_json(
        restate(
            call.workspace, before, after, kpis=tuple(kpi or ()), period=period, grain=grain
        ).to_dict()
    )


def _load(load: Load) -> dict[str, Any]:
    known = {
        name: value
        for name, value in asdict(load).items()
        if name in {"id", "source", "state", "why"}
    }
    return known | {"recorded_at": to_text(load.recorded_at)} | counts(load.tables)


def _coverage(load: Load) -> dict[str, Any]:
    """What the load's source vouched for, where it vouched for anything."""
    stretches = [
        {
            "table": covered.table,
            "covered_from": covered.covered_from.isoformat(),
            "covered_to": covered.covered_to.isoformat(),
        }
        for covered in load.coverage
    ]
    return {"coverage": stretches} if stretches else {}

"""The catalogue: every KPI's definition as plain values."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path
from starlette.responses import Response

from kampass.api import models
from kampass.catalogue import Kpi
from kampass.catalogue.definition import describe
from kampass.server.answering import as_json, tagged
from kampass.server.rules import SIGNED_IN, Call

router = APIRouter(tags=["catalogue"])
Reader = Annotated[Call, Depends(SIGNED_IN)]


@router.get("/api/v1/catalogue", response_model=models.Listed)
def catalogue(call: Reader) -> Response:
    """Every KPI, and whether it is switched on."""
    return tagged(
        call, lambda: as_json({"items": [_card(call, kpi) for kpi in call.sight.catalogue]})
    )


@router.get("/api/v1/catalogue/{kpi}", response_model=models.Thing)
def definition(kpi: Annotated[str, Path(max_length=200)], call: Reader) -> Response:
    """One definition, with its worked examples."""
    return tagged(call, lambda: as_json(_whole(call, call.sight.catalogue.get(kpi))))


def _card(call: Call, kpi: Kpi) -> dict[str, Any]:
    switched_on = kpi.id in call.workspace.settings.enabled
    return {
        "id": kpi.id,
        "name": kpi.name,
        "family": kpi.family,
        "question": kpi.question,
        "formula": kpi.formula,
        "kind": kpi.kind,
        "unit": kpi.unit,
        "direction": kpi.direction,
        "dimensions": list(call.sight.engine().named.listed(kpi)),
        "definition": kpi.label,
        "own": kpi.own,
        "enabled": switched_on,
        "synonyms": list(kpi.synonyms),
    }


def _whole(call: Call, kpi: Kpi) -> dict[str, Any]:
    examples = [
        {name: value for name, value in example.items() if name != "tables"}
        | ({"tables": dict(example["tables"])} if "tables" in example else {})
        for example in kpi.examples
    ]
    return describe(kpi) | _card(call, kpi) | {"examples": examples}

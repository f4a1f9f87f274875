"""The catalogue: which KPI answers a question, what each counts, and which are switched on."""

from typing import Annotated

from fastapi import APIRouter, Depends, Form, Path, Query
from starlette.responses import Response

from kampass.server.rules import CHANGING_DATA, SIGNED_IN, Call
from kampass.web.pages.catalogue.view import catalogue_list, kpi_entry
from kampass.web.rendering import PageHead, go, local, render
from kampass.workspace import authoring

router = APIRouter()
KpiId = Annotated[str, Path(max_length=200)]


@router.get("/catalogue")
def show(
    call: Annotated[Call, Depends(SIGNED_IN)],
    q: Annotated[str, Query(max_length=200)] = "",
    show: Annotated[str, Query(max_length=20)] = "",
) -> Response:
    """Every KPI by family, or the ones that answer what is looked for."""
    view = catalogue_list(call, q, show)
    page = PageHead("Which KPI answers my question?", "KPIs", view.here)
    return render(call, "pages/catalogue/page.html", page, view)


@router.get("/catalogue/{kpi}")
def one(kpi: KpiId, call: Annotated[Call, Depends(SIGNED_IN)]) -> Response:
    """One KPI explained."""
    view = kpi_entry(call, kpi)
    page = PageHead(f"What is {view.kpi.name}?", view.kpi.name, view.here)
    return render(call, "pages/catalogue/kpi.html", page, view)


@router.post("/catalogue/{kpi}/switch")
def switch(
    kpi: KpiId,
    call: Annotated[Call, Depends(CHANGING_DATA)],
    on: Annotated[str, Form(max_length=5)] = "",
    back: Annotated[str, Form(max_length=2000)] = "",
) -> Response:
    """Switch a KPI on or off for everybody."""
    found = call.workspace.catalogue.get(kpi)
    authoring.switch(call.workspace, kpi, on=on == "1")
    call.record("catalogue.switch", kpi, on=on == "1")
    said = "on: it is looked at by everybody now" if on == "1" else "off: it can still be asked for"
    return go(local(back, f"/catalogue/{kpi}"), f"{found.name} is switched {said}.")

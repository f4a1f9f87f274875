"""The catalogue: which KPI answers a question, what each counts, and which are switched on."""

from collections.abc import Sequence
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Form, Path, Query
from starlette.responses import Response

from kampass.catalogue import Catalogue, Kpi
from kampass.catalogue.definition import ACCOUNT_DIMENSIONS
from kampass.errors import DataError, KampassError
from kampass.server.rules import CHANGING_DATA, DEFINING, SIGNED_IN, Call
from kampass.web.pages.catalogue import view as told
from kampass.web.parts.tiles import latest, tiles
from kampass.web.parts.wording import dimension_word, table_word
from kampass.web.rendering import go, local, render
from kampass.workspace import authoring
from kampass.workspace.view import Sight

router = APIRouter()
KpiId = Annotated[str, Path(max_length=200)]
_SHOWN: Final = (
    ("", "All"),
    ("on", "Switched on"),
    ("possible", "Possible now"),
    ("lacking", "Lacking data"),
    ("own", "Our own"),
)


@router.get("/catalogue")
def show(
    call: Annotated[Call, Depends(SIGNED_IN)],
    q: Annotated[str, Query(max_length=200)] = "",
    show: Annotated[str, Query(max_length=20)] = "",
) -> Response:
    """Every KPI by family, or the ones that answer what is looked for."""
    sight = sight_of(call)
    catalogue = sight.catalogue if sight else call.workspace.catalogue
    connected = sight.engine().coverage.connected if sight else frozenset[str]()
    enabled = frozenset(call.workspace.enabled)
    kept = {kpi.id for kpi in catalogue if _kept(kpi, show, enabled, connected)}
    found = [each for each in told.search(catalogue, q) if each.kpi.id in kept] if q.strip() else []
    rows = {kpi.id: _row(kpi, enabled, connected) for kpi in catalogue if kpi.id in kept}
    return render(
        call,
        "pages/catalogue/page.html",
        title="KPIs",
        question="Which KPI answers my question?",
        q=q,
        shown=show,
        may=_may(call),
        count=len(catalogue),
        on=len(enabled),
        possible=sum(not told.lacking(kpi, connected) for kpi in catalogue),
        families=[] if q.strip() else _families(catalogue, rows),
        found=[rows[each.kpi.id] | {"through": each.through} for each in found],
        connected=bool(connected),
        views=[(text, _here(q, key), key == show) for key, text in _SHOWN],
        here=_here(q, show),
    )


@router.get("/catalogue/{kpi}")
def one(kpi: KpiId, call: Annotated[Call, Depends(SIGNED_IN)]) -> Response:
    """One KPI explained."""
    sight = sight_of(call)
    found = (sight.catalogue if sight else call.workspace.catalogue).get(kpi)
    connected = sight.engine().coverage.connected if sight else frozenset[str]()
    enabled = kpi in call.workspace.enabled
    tile, trouble = _tile(call, sight, found)
    return render(
        call,
        "pages/catalogue/kpi.html",
        title=found.name,
        question=f"What is {found.name}?",
        kpi=found,
        counted=told.counted(found),
        examples=told.worked(found),
        source=told.source(found, {file.name: file.text for file in _own_files(call, found)}),
        on=enabled,
        may=_may(call),
        tile=tile,
        trouble=trouble,
        lacking=told.lacking(found, connected),
        facts=_facts(found, connected, on=enabled),
        here=f"/catalogue/{found.id}",
        connected=bool(connected),
    )


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


def sight_of(call: Call) -> Sight | None:
    """What the viewer may ask; None where nothing has been published yet: definitions can be read
    without data.
    """
    try:
        return call.sight
    except DataError as wrong:
        if wrong.code != "nothing_published":
            raise
        return None


def _may(call: Call) -> bool:
    return call.person is not None and call.person.role in DEFINING


def _here(q: str, shown: str) -> str:
    from urllib.parse import urlencode

    asked = urlencode([(name, value) for name, value in (("q", q), ("show", shown)) if value])
    return f"/catalogue?{asked}" if asked else "/catalogue"


def _kept(kpi: Kpi, shown: str, enabled: frozenset[str], connected: frozenset[str]) -> bool:
    return {
        "on": kpi.id in enabled,
        "own": kpi.own,
        "possible": not told.lacking(kpi, connected),
        "lacking": bool(told.lacking(kpi, connected)),
    }.get(shown, True)


def _row(kpi: Kpi, enabled: frozenset[str], connected: frozenset[str]) -> dict[str, Any]:
    return {
        "id": kpi.id,
        "name": kpi.name,
        "question": kpi.question,
        "kind": told.KINDS[kpi.kind],
        "unit": told.unit(kpi),
        "cadence": kpi.cadence.get("review", ""),
        "on": kpi.id in enabled,
        "lacking": told.lacking(kpi, connected),
        "own": kpi.own,
        "through": "",
    }


def _families(
    catalogue: Catalogue, rows: dict[str, dict[str, Any]]
) -> list[tuple[str, list[dict[str, Any]]]]:
    """The rows by family, in the catalogue's order."""
    by_family: dict[str, list[dict[str, Any]]] = {}
    for kpi in catalogue:
        if kpi.id in rows:
            by_family.setdefault(kpi.family.replace("_", " ").capitalize(), []).append(rows[kpi.id])
    return list(by_family.items())


def _own_files(call: Call, kpi: Kpi) -> Sequence[authoring.OwnFile]:
    return [authoring.file_of(call.workspace, kpi)] if kpi.own else []


def _tile(call: Call, sight: Sight | None, kpi: Kpi) -> tuple[dict[str, Any] | None, str]:
    """The current figure, or why there is none: a definition of our own may not run on the data."""
    if sight is None:
        return None, "Nothing has been loaded yet."
    try:
        return tiles(call, [kpi.id], period=latest(sight, "quarter"))[0], ""
    except KampassError as wrong:
        if not kpi.own:
            raise
        return None, wrong.message


def _facts(kpi: Kpi, connected: frozenset[str], *, on: bool) -> list[tuple[str, Any]]:
    cuts = [
        dimension_word(name).lower()
        for name in kpi.named_dimensions
        if name not in ACCOUNT_DIMENSIONS
    ]
    cuts = [*(["every account dimension"] if kpi.takes_any_account_dimension else []), *cuts]
    needs = [
        table_word(name) + ("" if name in connected else " (not connected)") for name in kpi.needs
    ]
    return [
        ("Id", kpi.id),
        ("Also called", ", ".join(kpi.synonyms) or "nothing else"),
        ("Kind", told.KINDS[kpi.kind]),
        ("Unit", told.unit(kpi)),
        ("Better", told.DIRECTIONS[kpi.direction]),
        *told.cadence(kpi),
        ("Can be cut by", ", ".join(cuts) or "nothing"),
        ("Needs", ", ".join(needs) or "nothing"),
        ("Version", str(kpi.version)),
        ("Owner", "Our own" if kpi.own else "Comes with Kampass"),
        ("Switched", "on" if on else "off"),
    ]

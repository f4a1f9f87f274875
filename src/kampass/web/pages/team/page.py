"""Team: account managers side by side, and fairly: whoever chance could have swapped shares a band,
and the page says how far chance alone would spread them.
"""

from typing import Annotated

from fastapi import APIRouter, Depends, Query
from starlette.responses import Response

from kampass.access import Role
from kampass.insight.bands import Ranked
from kampass.server.rules import EXPORTING, SIGNED_IN, Call
from kampass.web.pages.team.view import PATH, NoManagers, SideBySide, my_figures, team_page
from kampass.web.parts.attachment import TableFile, table_attachment
from kampass.web.parts.question import Asked, cannot_ask
from kampass.web.rendering import PageHead, render

router = APIRouter()
_TITLE, _QUESTION = "Team", "Who does better, and is it more than luck?"
_THEIRS = frozenset({Role.ACCOUNT_MANAGER, Role.TEAM_LEAD})
Outcome = Annotated[str, Query(max_length=200, description="the KPI that is compared")]
Team = Annotated[str, Query(max_length=200, description="only those who are in this team now")]


@router.get(PATH)
def show(
    call: Annotated[Call, Depends(SIGNED_IN)], asked: Asked, outcome: Outcome = "", team: Team = ""
) -> Response:
    """The page."""
    side = SideBySide.of(call, asked, outcome, team)
    if side.asking.wrong:
        return cannot_ask(call, side.asking, title=_TITLE, question=_QUESTION, path=PATH)
    if not side.everybody:
        lonely = NoManagers(call.viewer.role in _THEIRS)
        return render(call, "pages/team/lonely.html", PageHead(_QUESTION, _TITLE), lonely)
    link = side.asking.url(PATH)
    if call.viewer.role is Role.ACCOUNT_MANAGER:
        page = PageHead("How do my figures stand?", _TITLE, link)
        return render(call, "pages/team/alone.html", page, my_figures(side))
    page = PageHead(_QUESTION, _TITLE, link)
    return render(call, "pages/team/page.html", page, team_page(side))


@router.get("/team/export")
def export(
    call: Annotated[Call, Depends(EXPORTING)],
    asked: Asked,
    outcome: Outcome = "",
    team: Team = "",
    *,
    form: Annotated[str, Query(alias="format", max_length=20)] = "csv",
) -> Response:
    """The compared figures with their bands, a line for each manager and outcome."""
    side = SideBySide.of(call, asked, outcome, team)
    if side.asking.wrong:
        raise side.asking.wrong
    alone = call.viewer.role is Role.ACCOUNT_MANAGER
    lines = []
    for kpi in side.outcomes:
        found = side.compared[kpi.id]
        places: dict[str, Ranked] = {} if alone else {one.name: one for one in found.bands.ranked}
        for one in side.members:
            answer, place = found.answers.get(one.id), places.get(one.id)
            value, n = (answer.value, answer.n) if answer else (None, 0)
            lines.append(
                (
                    one.id,
                    one.name,
                    one.team,
                    kpi.id,
                    value,
                    n,
                    place and place.accounts,
                    place and place.low,
                    place and place.high,
                    place and place.band,
                )
            )
    columns = (
        "account_manager",
        "name",
        "team",
        "kpi",
        "value",
        "n",
        "accounts",
        "comparison_low",
        "comparison_high",
        "band",
    )
    question = side.asking.words(_TITLE)
    definitions = {kpi.label: f"{kpi.name}: {kpi.formula}" for kpi in side.outcomes}
    file = TableFile("team", question, side.url(), columns, lines, definitions)
    return table_attachment(call, file, form)

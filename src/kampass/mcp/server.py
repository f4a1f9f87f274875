"""The tools that an assistant may call. Every figure comes with its KPI, its period, its snapshot
and a link to where it explains itself.

What people typed into a CRM reaches the assistant as data inside JSON, never as instructions;
errors come with their way out.
"""

import json
from collections.abc import Callable, Sequence
from datetime import timedelta
from functools import wraps
from inspect import signature
from typing import Annotated, Any, Literal, ParamSpec
from urllib.parse import quote, urlencode

from mcp.server import MCPServer
from mcp.server.mcpserver.exceptions import ToolError
from pydantic import Field

from kampass.engine.answer import Answer
from kampass.engine.question import PARTS
from kampass.engine.words import pairs, parameters, signed, spelled
from kampass.errors import KampassError
from kampass.insight.explain.explanation import plain
from kampass.mcp.sides import ToolSide
from kampass.render.display import show_value

P = ParamSpec("P")
Kpi = Annotated[str, Field(max_length=200, description="a KPI's id, from list_kpis")]


def _argument(name: str) -> Any:
    """What an assistant is told of a part of a question."""
    part = PARTS[name]
    kind: Any = Literal[part.choices] if part.choices else str
    kind = list[kind] if part.most else kind
    kind = kind if part.required else kind | None
    most = part.most or part.longest
    said = part.told or part.phrase
    return kind if part.choices else Annotated[kind, Field(max_length=most, description=said)]


TOLD = {name: part for name, part in PARTS.items() if part.told is not None}
Period: Any = _argument("period")
Cut: Any = _argument("by")
Filters: Any = _argument("where")
ABOUT = (
    "Figures about accounts: revenue, churn, renewals, satisfaction, support, activity. Find the "
    "KPI with list_kpis, ask with ask_kpi, and quote each "
    "figure with its period, its status and its link. A value of null has a reason: say it. "
    "'detectable': false means that a change may be chance, null that it is not asked of such a "
    "figure or that there is too little to tell. Say what its 'notes' say."
)
MOST_EFFECTS = 25


def make_server(side: ToolSide) -> MCPServer:
    """The server of one caller."""
    server = MCPServer("kampass", instructions=ABOUT)
    tools = _Tools(side)
    for tool in (
        tools.list_kpis,
        tools.ask_kpi,
        tools.explain_kpi,
        tools.bridge_kpi,
        tools.account_summary,
    ):
        about = " ".join((tool.__doc__ or "").split())
        server.tool(description=about, structured_output=False)(_told(tool))
    return server


class _Tools:
    """The tools, bound to who answers."""

    def __init__(self, side: ToolSide) -> None:
        self.side = side

    def list_kpis(
        self,
        words: Annotated[
            str, Field(max_length=200, description="words of its name, question or synonyms")
        ] = "",
    ) -> Any:
        """The KPIs that can be asked for: what each answers, its unit, and what it can be cut
        by.
        """
        wanted = words.casefold().split()
        return [
            kpi
            for kpi in self.side.kpis()
            if all(word in json.dumps(kpi, ensure_ascii=False).casefold() for word in wanted)
        ]

    def ask_kpi(
        self,
        kpis: Annotated[
            list[str], Field(min_length=1, max_length=20, description="KPI ids, from list_kpis")
        ],
        **words: Any,
    ) -> Any:
        """Figures, with how many stand behind each, how sure it is, and what changed where
        `compare` is given.
        """
        result = self.side.ask(kpis, **words)
        return [
            answer.to_dict()
            | {
                "name": result.names.get(answer.kpi, answer.kpi),
                "shown": show_value(answer.value, answer.unit, result.currency),
            }
            | {
                "labels": {name: result.shown(answer, name) for name in answer.dimensions},
                "link": self._link(answer, words.get("where") or ()),
            }
            for answer in result
        ]

    def explain_kpi(self, kpi: Kpi, period: Period, where: Filters = None) -> Any:
        """Why a figure is what it is: its formula with values, what counts and what is left out and
        why, how far the data reaches.
        """
        made = self.side.explain(kpi, period=period, where=where or ())
        return [
            each.to_dict() | {"link": self._link(each.answer, where or (), "why")} for each in made
        ]

    def bridge_kpi(
        self, kpi: Kpi, before: Period, after: Period, by: Cut = None, where: Filters = None
    ) -> Any:
        """What lies between two periods' figures: who entered, left, changed; the largest effects
        first, the rest counted.
        """
        found = []
        for made in self.side.bridge(kpi, before, after, by=by or (), where=where or ()):
            told = made.to_dict()
            effects = sorted(told["effects"], key=lambda effect: -abs(effect["effect"]))
            asked = urlencode(pairs({"before": before, "after": after, "by": by, "where": where}))
            rest = {
                "effects": effects[:MOST_EFFECTS],
                "further_effects": max(0, len(effects) - MOST_EFFECTS),
            }
            found.append(
                told
                | rest
                | {
                    "link": f"{self.side.url}/bridge/{quote(kpi, safe='')}?{asked}",
                    "snapshot": made.after.snapshot,
                }
            )
        return found

    def account_summary(
        self,
        account: Annotated[str, Field(max_length=400, description="an account's id")],
        period: Period,
    ) -> Any:
        """An account: what it is, its people, contracts, tickets and goals, and its main figures in
        a period.
        """
        found = self.side.account(account)
        figures = self.ask_kpi(
            ["mrr_end", "nrr", "csat", "nps", "ticket_backlog", "interaction_gap"],
            period=period,
            where=[f"account={account}"],
        )
        return {
            "account": plain(found),
            "figures": figures,
            "link": f"{self.side.url}/accounts/{quote(account, safe='')}",
        }

    def _link(self, answer: Answer, where: Sequence[str], page: str = "kpis") -> str:
        conditions = [
            *where,
            *(
                f"{name} is unknown" if value is None else f"{name}={value}"
                for name, value in answer.dimensions.items()
            ),
        ]
        period = f"{answer.period_start}..{answer.period_end - timedelta(days=1)}"
        asked = pairs({"period": period, "snapshot": answer.snapshot, "where": conditions})
        return f"{self.side.url}/{page}/{quote(answer.kpi, safe='')}?{urlencode(asked)}"


spelled(_Tools.ask_kpi, parameters(TOLD, lambda name, _: _argument(name)))


def _told(tool: Callable[P, Any]) -> Callable[P, str]:
    """The tool's answer as JSON; an error of the family as words with their way out."""

    @wraps(tool)
    def answer(*args: P.args, **kwargs: P.kwargs) -> str:
        try:
            return json.dumps(tool(*args, **kwargs), ensure_ascii=False, default=plain)
        except KampassError as wrong:
            raise ToolError(json.dumps(wrong.to_dict(), ensure_ascii=False)) from None

    return signed(answer, list(signature(tool).parameters.values()))

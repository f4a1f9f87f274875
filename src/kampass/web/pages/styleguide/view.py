"""Made-up stories for the style guide: what each part is given. The figures are invented and
computed nowhere.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from kampass.web.parts.figures import Badge, Course, Delta, FigureTile, Interval
from kampass.web.parts.forms import Filters, FormField
from kampass.web.parts.links import Found, FoundGroup, Link
from kampass.web.parts.pictures import (
    BridgeStep,
    CohortMap,
    CohortRow,
    HeatCell,
    RankBand,
    RankRow,
    TimelineEntry,
    TimelineMonth,
)
from kampass.web.parts.tables import DataTable, Detail, Heading, TableCell, TableRow
from kampass.web.rendering import Flash

_TILES: Final = (
    FigureTile(
        "Net revenue retention",
        "104.2 %",
        "#tile",
        why="#why",
        n="57 accounts",
        target="Target 105 %",
        notes=2,
        changes=[
            Delta("+3.2 pp", "up", "good", "on Q2 2026"),
            Delta("-0.4 pp, may be chance", "down", against="on a year ago"),
        ],
        spark=Course(
            [98.1, 99.4, 97.2, 99.0, 101.5, 100.8, 101.0, 104.2],
            "NRR over eight quarters, from 98.1 to 104.2 %",
            target=105,
        ),
    ),
    FigureTile(
        "Revenue at risk",
        "418,200 EUR",
        "#tile",
        why="#why",
        n="9 contracts",
        changes=[
            Delta("+61,000 EUR", "up", "bad", "on Q2 2026"),
            Delta("-12,400 EUR", "down", "good", "on a year ago"),
        ],
        spark=Course(
            [310, 290, 430, 402, None, 357, 357, 418],
            "Revenue at risk over eight quarters; Q3 2025 has no value",
            partial=True,
        ),
        status=Badge("Partial: 61 of 92 days", "warn"),
    ),
    FigureTile(
        "Net promoter score",
        "+32.0",
        "#tile",
        why="#why",
        n="41 answers",
        status=Badge("Provisional until 14 Oct", "warn"),
        changes=[Delta("+1.1 pp, too few to tell", "up", against="on Q2 2026")],
        interval=Interval(9.8, 32, 51.2, -100, 100, "+9.8 to +51.2", mark=40),
    ),
    FigureTile(
        "First response time",
        None,
        "#tile",
        reason="No ticket system is connected.",
        why="#why",
    ),
)
_INTERVAL: Final = Interval(98.1, 104.2, 109, 80, 120, mark=105)
_BRIDGE: Final = (
    BridgeStep("start", "Q2 2026", 1_204_000, "1,204,000"),
    BridgeStep("up", "New", 96_400, "+96,400", "#bridge", "6 accounts"),
    BridgeStep("up", "Reactivation", 12_000, "+12,000", "#bridge", "1 account"),
    BridgeStep("up", "Expansion", 143_800, "+143,800", "#bridge", "19 accounts"),
    BridgeStep("down", "Contraction", -38_500, "-38,500", "#bridge", "7 accounts"),
    BridgeStep("down", "Churn", -54_700, "-54,700", "#bridge", "3 accounts"),
    BridgeStep("transfer", "Moved into this team", 21_000, "+21,000", "#bridge", "2 accounts"),
    BridgeStep("end", "Q3 2026", 1_384_000, "1,384,000"),
)


def _cells(*values: float) -> list[HeatCell]:
    return [HeatCell(value, f"{value:g}") for value in values]


_COHORTS: Final = CohortMap(
    ["Q0", "Q1", "Q2", "Q3", "Q4", "Q5", "Q6"],
    [
        CohortRow("Q1 2025", _cells(100, 97, 96, 98, 104, 109, 112), "18"),
        CohortRow("Q2 2025", _cells(100, 99, 95, 92, 91, 94), "22"),
        CohortRow("Q3 2025", _cells(100, 94, 88, 81, 76), "15"),
        CohortRow("Q4 2025", _cells(100, 101, 106, 108), "27"),
        CohortRow(
            "Q1 2026",
            [*_cells(100, 98), HeatCell(None, "-", reason="The load of June is incomplete")],
            "31",
        ),
    ],
    least=60,
    most=120,
)
_TIMELINE: Final = (
    TimelineMonth(
        "September 2026",
        [
            TimelineEntry(
                "alert",
                "Champion left",
                "22 Sep",
                "2026-09-22",
                "Priya Nair, Head of Operations, is no longer at Brightwater.",
                badge=Badge("Open", "bad"),
            ),
            TimelineEntry(
                "survey",
                "NPS 6, passive turned detractor",
                "18 Sep",
                "2026-09-18",
                who="Ken Adler",
                quote="Support is kind, but we wait two days for the first answer and my team has "
                "stopped asking.",
            ),
            TimelineEntry(
                "meeting",
                "Quarterly review",
                "14 Sep",
                "2026-09-14",
                "Agreed: usage goal for the Lyon site, next step by 3 October.",
                "Dana Fox",
                "#timeline",
            ),
        ],
    ),
    TimelineMonth(
        "August 2026",
        [
            TimelineEntry(
                "ticket",
                "Import stops after 10,000 rows",
                "29 Aug",
                "2026-08-29",
                "Resolved in 31 h; first answer after 19 h.",
                href="#timeline",
            ),
            TimelineEntry(
                "contract",
                "Renewed for 12 months, 84,000 EUR",
                "1 Aug",
                "2026-08-01",
                who="Dana Fox",
                badge=Badge("+12,000 EUR", "good"),
            ),
        ],
    ),
)


def _place(
    name: str, n: str, ends: tuple[float, float, float], *, current: bool = False
) -> RankRow:
    interval = Interval(*ends, least=30, most=100, mark=85)
    text = f"{ends[1]} %"
    return RankRow(name, text, interval, "#ranked", n, why="#why", current=current)


_BANDS: Final = (
    RankBand(
        "1 to 3",
        [
            RankRow(
                "Dana Fox",
                "91.2 %",
                Interval(77.0, 91.2, 97.0, 30, 100, mark=85),
                "#ranked",
                "34",
                "Enterprise, North",
                "#why",
            ),
            _place("Luis Ortega", "28", (72.8, 89.3, 96.3), current=True),
            _place("Mei Tanaka", "40", (73.9, 87.5, 94.5)),
        ],
        "no detectable difference",
    ),
    RankBand(
        "4 to 5",
        [
            _place("Tom Okafor", "31", (46.9, 64.5, 78.9)),
            _place("Ana Petrova", "42", (46.8, 61.9, 75.0)),
        ],
        "below 85 %, as far as can be told",
    ),
)
_RENEWALS: Final = DataTable(
    [
        Heading("account", "Account", sort="#table"),
        Heading("segment", "Segment"),
        Heading("manager", "Account manager"),
        Heading("renewal", "Renewal", sort="#table", sorted="asc"),
        Heading(
            "mrr",
            "MRR, EUR",
            "number",
            sort="#table",
            hint="Monthly recurring revenue at the end of the period",
        ),
        Heading("change", "Change on Q2", "number"),
        Heading("nps", "NPS", "number"),
    ],
    [
        TableRow(
            {
                "account": TableCell("Brightwater Logistics", badge=Badge("Needs you", "bad")),
                "segment": "Enterprise",
                "manager": "Dana Fox",
                "renewal": TableCell("in 34 days", note="3 Oct 2026"),
                "mrr": TableCell("12,400", why="#why"),
                "change": TableCell("", change=Delta("-1,200", "down", "bad")),
                "nps": TableCell("-18", why="#why"),
            },
            "#table",
        ),
        TableRow(
            {
                "account": "Harbour & Hale",
                "segment": "Mid-market",
                "manager": "Luis Ortega",
                "renewal": TableCell("in 41 days", note="10 Oct 2026"),
                "mrr": TableCell("3,150", why="#why"),
                "change": TableCell("", change=Delta("none")),
                "nps": TableCell(reason="Fewer than five answers"),
            },
            "#table",
            current=True,
        ),
        TableRow(
            {
                "account": "Osei Pharma",
                "segment": "Enterprise",
                "manager": "Mei Tanaka",
                "renewal": TableCell("in 76 days", note="14 Nov 2026"),
                "mrr": TableCell("27,900", why="#why"),
                "change": TableCell("", change=Delta("+4,500", "up", "good")),
                "nps": TableCell("+46", why="#why"),
            },
            "#table",
        ),
        TableRow(
            {
                "account": "Nordlicht Energie",
                "segment": None,
                "manager": "Ana Petrova",
                "renewal": TableCell("in 88 days", note="26 Nov 2026"),
                "mrr": TableCell("980", why="#why"),
                "change": TableCell("", change=Delta("+80", "up", "good")),
                "nps": TableCell("+21", why="#why"),
            },
            "#table",
        ),
    ],
    {"account": "All 450 accounts", "mrr": "1,384,000", "change": "+180,000", "nps": "+32"},
)
_FILTERS: Final = Filters(
    "NRR by segment, Q3 2026, enterprise only, compared with Q2 2026",
    [
        FormField(
            "period",
            "Period",
            "2026-Q3",
            hint="2026, 2026-Q3, FY2026, 2026-01..2026-06",
            listed=["2026-Q3", "2026-Q2", "2026", "FY2026"],
        ),
        FormField(
            "grain",
            "Grain",
            options=[("", "One figure"), ("month", "Month"), ("quarter", "Quarter")],
        ),
        FormField(
            "by",
            "By",
            "segment",
            options=[("", "Nothing"), ("segment", "Segment"), ("region", "Region")],
        ),
        FormField("where", "Only", "segment=enterprise"),
        FormField(
            "compare",
            "Compare with",
            "previous",
            options=[
                ("", "Nothing"),
                ("previous", "The period before"),
                ("year-ago", "A year ago"),
            ],
        ),
    ],
    chips=[("Segment: enterprise", "#"), ("Region: Nordics", "#")],
)
_FOUND: Final = (
    FoundGroup(
        "Accounts",
        [
            Found("Brightwater Logistics", "#palette-story", "Enterprise, Dana Fox", "accounts"),
            Found("Bright & Sons", "#palette-story", "Small", "accounts"),
        ],
    ),
    FoundGroup("KPIs", [Found("Net revenue retention", "#palette-story", "NRR", "kpis")]),
)
_SQL: Final = """with period(i, s, e) as (
  values (0, date '2026-07-01', date '2026-10-01')
),
-- accounts with revenue at the start of the period
opening as (
  select account, sum(amount) as mrr
  from subscriptions, period
  where valid_from < s and (valid_to is null or valid_to >= s)
  group by account
)
select 100 * sum(closing.mrr) / sum(opening.mrr) as value, count(*) as n
from opening left join closing using (account)"""


@dataclass(frozen=True)
class StyleGuide:
    """Every part with what it is given."""

    filters: Filters = _FILTERS
    tiles: Sequence[FigureTile] = _TILES
    bridge: Sequence[BridgeStep] = _BRIDGE
    renewals: DataTable = _RENEWALS
    downloads: Sequence[Link] = (Link("CSV", "#"), Link("Excel", "#"), Link("Parquet", "#"))
    bands: Sequence[RankBand] = _BANDS
    cohorts: CohortMap = _COHORTS
    timeline: Sequence[TimelineMonth] = _TIMELINE
    contract: Sequence[Detail] = (
        Detail("Renewal", "3 October 2026", "in 34 days"),
        Detail("Owner", "Dana Fox", href="#"),
        Detail("Term", "12 months"),
        Detail("Value", "84,000 EUR"),
    )
    interval: Interval = _INTERVAL
    changes: Sequence[Delta] = (
        Delta("+3.2 pp", "up", "good", "on Q2"),
        Delta("+9.1 h", "up", "bad", "on Q2"),
        Delta("-40", "down", "bad"),
        Delta("No change", against="since March (n = 41)"),
    )
    tabs: Sequence[Link] = (
        Link("Timeline", "#", current=True),
        Link("People", "#"),
        Link("Contracts", "#"),
        Link("Revenue", "#"),
    )
    segments: Sequence[Link] = (
        Link("Month", "#"),
        Link("Quarter", "#", current=True),
        Link("Year", "#"),
    )
    found: Sequence[FoundGroup] = _FOUND
    toasts: Sequence[Flash] = (
        Flash("Link copied."),
        Flash("The file was not read: line 12 has nine columns.", "bad", "#", "Show it"),
    )
    sql: str = _SQL
    colours: Sequence[str] = (
        *("ink", "ink-2", "ink-3", "accent", "good", "bad", "warn"),
        *(f"data-{number}" for number in range(1, 7)),
    )

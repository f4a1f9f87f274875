"""Made-up stories for the style guide: what each part is given, as plain data. The figures are
invented and computed nowhere.
"""

from typing import Any, Final

_OK: Final[dict[str, Any]] = {
    "label": "Net revenue retention",
    "value": "104.2 %",
    "href": "#tile",
    "why": "#why",
    "n": "57 accounts",
    "target": "Target 105 %",
    "notes": 2,
    "changes": [
        {"text": "+3.2 pp", "direction": "up", "tone": "good", "against": "on Q2 2026"},
        {"text": "No detectable change", "direction": "none", "against": "on a year ago"},
    ],
    "spark": {
        "values": [98.1, 99.4, 97.2, 99.0, 101.5, 100.8, 101.0, 104.2],
        "label": "NRR over eight quarters, from 98.1 to 104.2 %",
        "target": 105,
    },
}
_ESTIMATE: Final[dict[str, Any]] = {
    "label": "Net promoter score",
    "value": "+32.0",
    "href": "#tile",
    "why": "#why",
    "n": "41 answers",
    "status": "Provisional until 14 Oct",
    "changes": [{"text": "No detectable change", "direction": "none", "against": "on Q2 2026"}],
    "interval": {
        "text": "+9.8 to +51.2",
        "low": 9.8,
        "value": 32,
        "high": 51.2,
        "least": -100,
        "most": 100,
        "mark": 40,
    },
}
_FALLING: Final[dict[str, Any]] = {
    "label": "Revenue at risk",
    "value": "418,200 EUR",
    "href": "#tile",
    "why": "#why",
    "n": "9 contracts",
    "changes": [
        {"text": "+61,000 EUR", "direction": "up", "tone": "bad", "against": "on Q2 2026"},
        {"text": "-12,400 EUR", "direction": "down", "tone": "good", "against": "on a year ago"},
    ],
    "spark": {
        "values": [310, 290, 430, 402, None, 357, 357, 418],
        "label": "Revenue at risk over eight quarters; Q3 2025 has no value",
        "partial": True,
    },
    "status": {"text": "Partial: 61 of 92 days", "tone": "warn"},
}
_MISSING: Final[dict[str, Any]] = {
    "label": "First response time",
    "value": None,
    "reason": "No ticket system is connected.",
    "why": "#why",
    "href": "#tile",
}

_BRIDGE: Final[list[dict[str, Any]]] = [
    {"kind": "start", "label": "Q2 2026", "value": 1_204_000, "text": "1,204,000"},
    {
        "kind": "up",
        "label": "New",
        "value": 96_400,
        "text": "+96,400",
        "href": "#bridge",
        "note": "6 accounts",
    },
    {
        "kind": "up",
        "label": "Reactivation",
        "value": 12_000,
        "text": "+12,000",
        "href": "#bridge",
        "note": "1 account",
    },
    {
        "kind": "up",
        "label": "Expansion",
        "value": 143_800,
        "text": "+143,800",
        "href": "#bridge",
        "note": "19 accounts",
    },
    {
        "kind": "down",
        "label": "Contraction",
        "value": -38_500,
        "text": "-38,500",
        "href": "#bridge",
        "note": "7 accounts",
    },
    {
        "kind": "down",
        "label": "Churn",
        "value": -54_700,
        "text": "-54,700",
        "href": "#bridge",
        "note": "3 accounts",
    },
    {
        "kind": "transfer",
        "label": "Moved into this team",
        "value": 21_000,
        "text": "+21,000",
        "href": "#bridge",
        "note": "2 accounts",
    },
    {"kind": "end", "label": "Q3 2026", "value": 1_384_000, "text": "1,384,000"},
]

_COHORTS: Final[list[dict[str, Any]]] = [
    {
        "label": "Q1 2025",
        "n": "18",
        "href": "#cohorts",
        "cells": [{"value": v, "text": str(v)} for v in (100, 97, 96, 98, 104, 109, 112)],
    },
    {
        "label": "Q2 2025",
        "n": "22",
        "cells": [{"value": v, "text": str(v)} for v in (100, 99, 95, 92, 91, 94)],
    },
    {
        "label": "Q3 2025",
        "n": "15",
        "cells": [{"value": v, "text": str(v)} for v in (100, 94, 88, 81, 76)],
    },
    {
        "label": "Q4 2025",
        "n": "27",
        "cells": [{"value": v, "text": str(v)} for v in (100, 101, 106, 108)],
    },
    {
        "label": "Q1 2026",
        "n": "31",
        "cells": [
            {"value": 100, "text": "100"},
            {"value": 98, "text": "98"},
            {"value": None, "text": "-", "reason": "The load of June is incomplete"},
        ],
    },
]

_TIMELINE: Final[list[dict[str, Any]]] = [
    {
        "label": "September 2026",
        "entries": [
            {
                "kind": "alert",
                "title": "Champion left",
                "text": "Priya Nair, Head of Operations, is no longer at Brightwater.",
                "when": "22 Sep",
                "iso": "2026-09-22",
                "badge": {"text": "Open", "tone": "bad"},
            },
            {
                "kind": "survey",
                "title": "NPS 6, passive turned detractor",
                "quote": "Support is kind, but we wait two days for the first answer and my team "
                "has "
                "stopped asking.",
                "when": "18 Sep",
                "iso": "2026-09-18",
                "who": "Ken Adler",
            },
            {
                "kind": "meeting",
                "title": "Quarterly review",
                "href": "#timeline",
                "text": "Agreed: usage goal for the Lyon site, next step by 3 October.",
                "when": "14 Sep",
                "iso": "2026-09-14",
                "who": "Dana Fox",
            },
        ],
    },
    {
        "label": "August 2026",
        "entries": [
            {
                "kind": "ticket",
                "title": "Import stops after 10,000 rows",
                "href": "#timeline",
                "text": "Resolved in 31 h; first answer after 19 h.",
                "when": "29 Aug",
                "iso": "2026-08-29",
            },
            {
                "kind": "contract",
                "title": "Renewed for 12 months, 84,000 EUR",
                "when": "1 Aug",
                "iso": "2026-08-01",
                "who": "Dana Fox",
                "badge": {"text": "+12,000 EUR", "tone": "good"},
            },
        ],
    },
]

_BANDS: Final[list[dict[str, Any]]] = [
    {
        "label": "1 to 3",
        "note": "no detectable difference",
        "rows": [
            {
                "name": "Dana Fox",
                "href": "#ranked",
                "text": "91.2 %",
                "n": "34",
                "low": 77.0,
                "value": 91.2,
                "high": 97.0,
                "note": "Enterprise, North",
                "why": "#why",
            },
            {
                "name": "Luis Ortega",
                "href": "#ranked",
                "text": "89.3 %",
                "n": "28",
                "low": 72.8,
                "value": 89.3,
                "high": 96.3,
                "current": True,
                "why": "#why",
            },
            {
                "name": "Mei Tanaka",
                "href": "#ranked",
                "text": "87.5 %",
                "n": "40",
                "low": 73.9,
                "value": 87.5,
                "high": 94.5,
                "why": "#why",
            },
        ],
    },
    {
        "label": "4 to 5",
        "note": "below 85 %, as far as can be told",
        "rows": [
            {
                "name": "Tom Okafor",
                "href": "#ranked",
                "text": "64.5 %",
                "n": "31",
                "low": 46.9,
                "value": 64.5,
                "high": 78.9,
                "why": "#why",
            },
            {
                "name": "Ana Petrova",
                "href": "#ranked",
                "text": "61.9 %",
                "n": "42",
                "low": 46.8,
                "value": 61.9,
                "high": 75.0,
                "why": "#why",
            },
        ],
    },
]

_COLUMNS: Final[list[dict[str, Any]]] = [
    {"key": "account", "label": "Account", "sort": "#table", "sorted": None},
    {"key": "segment", "label": "Segment"},
    {"key": "manager", "label": "Account manager"},
    {"key": "renewal", "label": "Renewal", "sort": "#table", "sorted": "asc"},
    {
        "key": "mrr",
        "label": "MRR, EUR",
        "kind": "number",
        "sort": "#table",
        "hint": "Monthly recurring revenue at the end of the period",
    },
    {"key": "change", "label": "Change on Q2", "kind": "number"},
    {"key": "nps", "label": "NPS", "kind": "number"},
]
_ROWS: Final[list[dict[str, Any]]] = [
    {
        "href": "#table",
        "cells": {
            "account": {
                "text": "Brightwater Logistics",
                "badge": {"text": "Needs you", "tone": "bad"},
            },
            "segment": "Enterprise",
            "manager": "Dana Fox",
            "renewal": {"text": "in 34 days", "note": "3 Oct 2026"},
            "mrr": {"text": "12,400", "why": "#why"},
            "change": {
                "text": "",
                "change": {"text": "-1,200", "direction": "down", "tone": "bad"},
            },
            "nps": {"text": "-18", "why": "#why"},
        },
    },
    {
        "href": "#table",
        "current": True,
        "cells": {
            "account": "Harbour & Hale",
            "segment": "Mid-market",
            "manager": "Luis Ortega",
            "renewal": {"text": "in 41 days", "note": "10 Oct 2026"},
            "mrr": {"text": "3,150", "why": "#why"},
            "change": {"text": "", "change": {"text": "none", "direction": "none"}},
            "nps": {"text": None, "reason": "Fewer than five answers"},
        },
    },
    {
        "href": "#table",
        "cells": {
            "account": "Osei Pharma",
            "segment": "Enterprise",
            "manager": "Mei Tanaka",
            "renewal": {"text": "in 76 days", "note": "14 Nov 2026"},
            "mrr": {"text": "27,900", "why": "#why"},
            "change": {"text": "", "change": {"text": "+4,500", "direction": "up", "tone": "good"}},
            "nps": {"text": "+46", "why": "#why"},
        },
    },
    {
        "href": "#table",
        "cells": {
            "account": "Nordlicht Energie",
            "segment": None,
            "manager": "Ana Petrova",
            "renewal": {"text": "in 88 days", "note": "26 Nov 2026"},
            "mrr": {"text": "980", "why": "#why"},
            "change": {"text": "", "change": {"text": "+80", "direction": "up", "tone": "good"}},
            "nps": {"text": "+21", "why": "#why"},
        },
    },
]

_FIELDS: Final[list[dict[str, Any]]] = [
    {
        "name": "period",
        "label": "Period",
        "value": "2026-Q3",
        "listed": ["2026-Q3", "2026-Q2", "2026", "FY2026"],
        "hint": "2026, 2026-Q3, FY2026, 2026-01..2026-06",
    },
    {
        "name": "grain",
        "label": "Grain",
        "value": "",
        "options": [("", "One figure"), ("month", "Month"), ("quarter", "Quarter")],
    },
    {
        "name": "by",
        "label": "By",
        "value": "segment",
        "options": [("", "Nothing"), ("segment", "Segment"), ("region", "Region")],
    },
    {"name": "where", "label": "Only", "value": "segment=enterprise"},
    {
        "name": "compare",
        "label": "Compare with",
        "value": "previous",
        "options": [("", "Nothing"), ("previous", "The period before"), ("year-ago", "A year ago")],
    },
]
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


def stories() -> dict[str, Any]:
    """What the parts on /styleguide show, by part."""
    return {
        "tiles": [_OK, _FALLING, _ESTIMATE, _MISSING],
        "bridge": _BRIDGE,
        "cohort_columns": ["Q0", "Q1", "Q2", "Q3", "Q4", "Q5", "Q6"],
        "cohorts": _COHORTS,
        "timeline": _TIMELINE,
        "bands": _BANDS,
        "columns": _COLUMNS,
        "rows": _ROWS,
        "foot": {
            "account": "All 450 accounts",
            "mrr": "1,384,000",
            "change": "+180,000",
            "nps": "+32",
        },
        "fields": _FIELDS,
        "found": [
            {
                "label": "Accounts",
                "items": [
                    {
                        "title": "Brightwater Logistics",
                        "href": "#palette-story",
                        "note": "Enterprise, Dana Fox",
                        "icon": "accounts",
                    },
                    {
                        "title": "Bright & Sons",
                        "href": "#palette-story",
                        "note": "Small",
                        "icon": "accounts",
                    },
                ],
            },
            {
                "label": "KPIs",
                "items": [
                    {
                        "title": "Net revenue retention",
                        "href": "#palette-story",
                        "note": "NRR",
                        "icon": "kpis",
                    }
                ],
            },
        ],
        "sql": _SQL,
        "colours": [
            "ink",
            "ink-2",
            "ink-3",
            "accent",
            "good",
            "bad",
            "warn",
            "data-1",
            "data-2",
            "data-3",
            "data-4",
            "data-5",
            "data-6",
        ],
    }

"""A small company whose every text is an attack, split between two account managers who must never
see each other's accounts.

    U1 (team T1)   A1 100, A2 200, A3 400 a month        U2 (team T2)   A4 800, A5 1,600, A6 3,200

Each text says whose it is and where it stands (`mk-A4-tickets-topic`), so that one that comes out
in the wrong place names itself.
"""

import csv
from pathlib import Path
from typing import Any

from kampass.model import TABLES

ATTACK = (
    "</script><xss-probe onload=alert(1)>\"'><img src=x onerror=alert(1)><svg/onload=alert(1)>"
    "{{1337*7331}}${1337*7331}#{1337*7331}<%= 1337*7331 %>{% debug %} javascript:alert(1) <!-- ]]>"
)
WORKED_OUT = str(1337 * 7331)
STARTS = ("=1+1+", "+1+", "-1+", "@SUM(1)+")
OWN, FOREIGN = ("A1", "A2", "A3"), ("A4", "A5", "A6")
ODD = 'A7"><xss-probe onload=x>&?#%'
"""The id of an account of U1 that is an attack itself."""
MRR = dict(zip((*OWN, *FOREIGN), (100, 200, 400, 800, 1600, 3200), strict=True))
_PLAIN = {"id", "currency", "attribute", "kpi", "table"}
FIELDS = [
    (table.name, column.name)
    for table in TABLES.values()
    for column in table.columns
    if column.type == "text"
    and not column.refers_to
    and not column.choices
    and column.name not in _PLAIN
    and (table.name, column.name) != ("users", "email")
]
"""Every text of the model that anybody may have typed."""


def marker(whose: str, table: str, column: str) -> str:
    """What a text carries that names its place."""
    return f"mk-{whose}-{table}-{column}"


def write(folder: Path) -> None:
    """The company as a canonical folder."""
    folder.mkdir(parents=True)
    for name, rows in _tables().items():
        columns = [
            column.name
            for column in TABLES[name].columns
            if column.name not in {"updated_at", "deleted_at"}
        ]
        with (folder / f"{name}.csv").open("w", encoding="utf-8", newline="") as stream:
            out = csv.DictWriter(stream, columns)
            out.writeheader()
            for number, row in enumerate(rows):
                out.writerow(_armed(name, row, number))


def _armed(table: str, row: dict[str, Any], number: int) -> dict[str, Any]:
    """The row with an attack in every text that it leaves open."""
    whose = str(
        row.get("account_id")
        or row.get("referrer_account_id")
        or (row["id"] if table == "accounts" else "all")
    )[:2]
    open_texts = {column for name, column in FIELDS if name == table and column not in row}
    return row | {
        column: f"{STARTS[number % len(STARTS)]}{marker(whose, table, column)} {ATTACK}"
        for column in open_texts
    }


def _tables() -> dict[str, list[dict[str, Any]]]:
    accounts = (*OWN, *FOREIGN, ODD)
    owner = {account: "U2" if account in FOREIGN else "U1" for account in accounts}
    paid = [(account, str(MRR.get(account, 50))) for account in accounts]
    each = [(number, account) for number, account in enumerate(accounts)]
    return {
        "accounts": [
            {
                "id": account,
                "acquired_on": "2024-01-01",
                "segment": "enterprise" if account in OWN else "small",
            }
            for account in accounts
        ],
        "contacts": [
            {"id": f"C{number}", "account_id": account, "is_key": "true"}
            for number, account in each
        ],
        "teams": [{"id": "T1"}, {"id": "T2"}],
        "users": [
            {
                "id": f"U{n}",
                "email": f"u{n}@firm.example",
                "team_id": f"T{n}",
                "active_from": "2023-01-01",
            }
            for n in (1, 2)
        ],
        "memberships": [
            {"user_id": f"U{n}", "team_id": f"T{n}", "valid_from": "2023-01-01"} for n in (1, 2)
        ],
        "ownerships": [
            {
                "account_id": account,
                "user_id": owner[account],
                "role": "account_manager",
                "valid_from": "2024-01-01",
            }
            for account in accounts
        ],
        "products": [{"id": "P1"}],
        "contracts": [
            {
                "id": f"K{number}",
                "account_id": account,
                "product_id": "P1",
                "valid_from": "2025-02-01",
                "valid_to": "2026-02-01",
                "kind": "new",
                "value": "1200",
                "outcome": "pending",
                "currency": "USD",
            }
            for number, account in each
        ],
        "subscriptions": [
            {
                "id": f"S{account[:2]}",
                "account_id": account,
                "product_id": "P1",
                "mrr": mrr,
                "currency": "USD",
                "valid_from": "2024-01-01",
            }
            for account, mrr in paid
        ],
        "tickets": [
            {
                "id": f"I{number}",
                "created_at": "2025-12-20T10:00:00Z",
                "account_id": account,
                "assignee_id": owner[account],
            }
            for number, account in each
        ],
        "touches": [
            {
                "id": f"H{number}",
                "occurred_at": "2025-12-01T10:00:00Z",
                "channel": "call",
                "direction": "outbound",
                "purpose": "success",
                "user_id": owner[account],
                "account_id": account,
                "contact_id": f"C{number}",
                "minutes": "30",
                "outcome": "completed",
            }
            for number, account in each
        ],
        "surveys": [{"id": "V1", "kind": "nps", "scale_min": "0", "scale_max": "10"}],
        "responses": [
            {
                "id": f"R{number}",
                "survey_id": "V1",
                "responded_at": "2025-12-10T10:00:00Z",
                "score": "2",
                "account_id": account,
                "contact_id": f"C{number}",
            }
            for number, account in each
        ],
        "feedback": [
            {
                "id": f"F{number}",
                "received_at": "2025-12-11T10:00:00Z",
                "status": "new",
                "account_id": account,
            }
            for number, account in each
        ],
        "mentions": [
            {"id": f"M{number}", "mentioned_at": "2025-12-12T10:00:00Z", "account_id": account}
            for number, account in each
        ],
        "goals": [
            {
                "id": f"G{number}",
                "account_id": account,
                "kind": "lagging",
                "direction": "up",
                "starts_on": "2025-01-01",
                "baseline": "1",
                "target": "2",
                "due_on": "2026-01-10",
                "kpi": "",
            }
            for number, account in each
        ],
        "deals": [
            {
                "id": f"D{number}",
                "kind": "upsell",
                "status": "open",
                "created_at": "2025-12-01T10:00:00Z",
                "account_id": account,
                "owner_id": owner[account],
                "amount": "10",
                "currency": "USD",
            }
            for number, account in each
        ],
        "interventions": [
            {"id": f"N{number}", "on": "2025-11-01", "account_id": account}
            for number, account in each
        ],
        "leads": [
            {"id": f"L{number}", "created_at": "2025-11-02T10:00:00Z", "account_id": account}
            for number, account in each
        ],
        "notes": [
            {
                "id": f"O{number}",
                "noted_at": "2025-12-15T10:00:00Z",
                "kind": "note",
                "account_id": account,
                "author_id": owner[account],
                "kpi": "",
            }
            for number, account in each
        ],
        "employees": [
            {"user_id": f"U{n}", "joined_on": "2023-01-01", "team_id": f"T{n}"} for n in (1, 2)
        ],
    }

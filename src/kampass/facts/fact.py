"""A fact: rows that KPIs count, sum and rank, with one definition of what a row is and when it
counts.

Row facts carry `_at` (an instant) or `_on` (a local date); the planner finds their period. Period
facts carry `i`, the period's number, because what they are depends on the period. Every fact
carries `_anchor`, the local date at which dimensions are read as they were, and most carry
`account_id`.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

ColumnKind = Literal["text", "flag", "number", "money", "hours", "days", "date", "instant"]


@dataclass(frozen=True)
class Scope:
    """What a fact's SQL may depend on: its period table, the time zone, which of its columns are
    used.
    """

    period: str
    zone: str
    used: frozenset[str] = frozenset()
    calendars: str = "SELECT 1"
    team_calendars: str = "SELECT 1"

    @property
    def days(self) -> str:
        """The period table day by day, for looking a period up by date."""
        return self.period.replace("period", "period_day", 1)

    def uses(self, *columns: str) -> bool:
        """Whether any of these columns is asked for, so that joins nobody needs are left out."""
        return any(column in self.used for column in columns)


@dataclass(frozen=True)
class FactColumn:
    """A column that definitions may use. Money columns have a flag `<name>_missing` beside them (no
    exchange rate).
    """

    kind: ColumnKind
    about: str = ""


@dataclass(frozen=True)
class Fact:
    """A named relation with its columns and dimensions; `sql` writes it for a scope.

    `dimensions` maps a dimension to the column that holds it. `actor` says whose team it is: the
    `_actor` column alone ("own"), that or else the account manager ("or_manager"), an employee
    ("employee"), or the manager (None). `derived` columns need the period: SQL over `f` (the row)
    and `p` (its period). `relations` are shared steps the SQL reads, written once per statement.
    """

    name: str
    about: str
    moment: Literal["_at", "_on"] | None
    columns: dict[str, FactColumn]
    sql: Callable[[Scope], str]
    dimensions: dict[str, str] = field(default_factory=dict)
    has_account: bool = True
    has_contact: bool = False
    actor: Literal["own", "or_manager", "employee"] | None = None
    relations: tuple["Relation", ...] = ()
    derived: dict[str, str] = field(default_factory=dict)
    two_anchors: bool = False


@dataclass(frozen=True)
class Relation:
    """A shared step: its name (suffixed per window), its SQL, a comment for the reader."""

    name: str
    about: str
    sql: Callable[[Scope], str]


def columns(**kinds: str) -> dict[str, FactColumn]:
    """Columns from `name="kind: what it is"`."""
    made = {}
    for name, text in kinds.items():
        kind, _, about = text.partition(":")
        made[name] = FactColumn(kind.strip(), about.strip())  # type: ignore[arg-type]
    return made


def suffix(scope: Scope) -> str:
    """What relation names of this window end in."""
    return scope.period.removeprefix("period")

"""A fact: rows that KPIs count, sum and rank, with everything that has to be known of them in one
declaration.

Row facts have a `moment`: their rows carry `_at` (an instant) or `_on` (a local date), and the
planner finds their period. Period facts carry `i`, the period's number, because what they are
depends on the period. Every fact carries `_anchor`, the local date at which dimensions are read as
they were, and most carry `account_id`.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Literal

from kampass.model import TABLES
from kampass.model.scan import line_of

ColumnKind = Literal["text", "flag", "number", "money", "hours", "days", "date", "instant"]
BoundaryKind = Literal[
    "start moved",
    "end moved",
    "opening moved",
    "closing moved",
    "end at opening moved",
    "end at closing moved",
    "opening anchor moved",
    "closing anchor moved",
]

LINEAGE = f"x._source, x._load, {line_of('x._line')} AS _line"
"""Where the row `x` of a piece of evidence was read."""


@dataclass(frozen=True)
class FactScope:
    """What a fact's SQL may depend on: its period table, the time zone, which of its columns are
    used, how long paid lines count.
    """

    period: str
    zone: str
    used: frozenset[str] = frozenset()
    paid_lines: str = "paid_line"
    calendars: str = "SELECT 1"
    team_calendars: str = "SELECT 1"

    @property
    def days(self) -> str:
        """The period table day by day, for looking a period up by date."""
        return self.period.replace("period", "period_day", 1)

    @property
    def suffix(self) -> str:
        """What the names of this window's shared steps end in."""
        return self.period.removeprefix("period")

    def uses(self, *columns: str) -> bool:
        """Whether any of these columns is asked for, so that joins nobody needs are left out."""
        return any(column in self.used for column in columns)


@dataclass(frozen=True)
class TimeWindow:
    """A stretch of time that a measure may look at instead of its period; `about` heads its step
    of the statement, `words` stand in reasons.
    """

    name: str
    about: str
    words: str


WINDOWS = {
    window.name: window
    for window in (
        TimeWindow("", "The periods asked for", "the period"),
        TimeWindow("previous", "The period before each", "the previous period"),
        TimeWindow("year", "The twelve months to the end of each", "the twelve months"),
    )
}


@dataclass(frozen=True)
class Noun:
    """What people call one of something, and several."""

    one: str
    several: str

    def of(self, number: int) -> str:
        """The word for so many.

        >>> Noun("touch", "touches").of(1), Noun("touch", "touches").of(0)
        ('touch', 'touches')
        """
        return self.one if number == 1 else self.several


@dataclass(frozen=True)
class Boundary:
    """A condition of the SQL that decides about a row on the very edge, and the same condition off
    by one: worked examples must notice the difference.
    """

    kind: BoundaryKind
    sql: str
    moved: str


@dataclass(frozen=True)
class Moment:
    """How a row fact finds its period: the day it is looked up by, and both ends of the period."""

    day: str
    since: Boundary
    until: Boundary


INSTANT = Moment(
    "f._anchor",
    Boundary("start moved", "f._at >= p.s", "f._at > p.s"),
    Boundary("end moved", "f._at < p.u", "f._at <= p.u"),
)
"""For rows with an instant `_at`: a period holds its first instant and not the one it ends at."""
LOCAL_DATE = Moment(
    "f._on",
    Boundary("start moved", "f._on >= p.first_day", "f._on > p.first_day"),
    Boundary("end moved", "f._on <= p.last_day", "f._on <= p.last_day + 1"),
)
"""For rows with a local date `_on`: a period holds its first and its last day."""


@dataclass(frozen=True)
class FactColumn:
    """A column that definitions may use. Money columns have a flag `<name>_missing` beside them (no
    exchange rate).

    `noun` is what a distinct value is. Of a fact about the accounts of one boundary, a column
    `beyond` it depends on more than that boundary. `first_time` says that the account was never
    active before, `looks_back` that the answer lies in all that came before, and `implies` names a
    flag that holds wherever this one does.
    """

    kind: ColumnKind
    about: str = ""
    noun: Noun | None = None
    beyond: bool = False
    first_time: bool = False
    looks_back: bool = False
    implies: str = ""


@dataclass(frozen=True)
class AmongRows:
    """A column that depends on the other rows of the same period and slice: SQL over `f` (the row),
    where `{slice}` begins a window's partition, and the fact's columns that it `reads`.
    """

    sql: str
    reads: tuple[str, ...]


text = partial(FactColumn, "text")
flag = partial(FactColumn, "flag")
number = partial(FactColumn, "number")
money = partial(FactColumn, "money")
hours = partial(FactColumn, "hours")
days = partial(FactColumn, "days")
day = partial(FactColumn, "date")

ACCOUNTS = Noun("account", "accounts")
ACCOUNT = text(noun=ACCOUNTS)
"""The column `account_id`, which most facts have."""


@dataclass(frozen=True)
class Relation:
    """A shared step: its name, its SQL, a comment for the reader.

    It is written once per window, with the window's suffix; a `timeless` step reads no period and
    is written once.
    """

    name: str
    about: str
    sql: Callable[[FactScope], str]
    boundaries: tuple[Boundary, ...] = ()
    timeless: bool = False

    def name_in(self, scope: FactScope) -> str:
        """What the step is called in a statement."""
        return self.name if self.timeless else self.name + scope.suffix


@dataclass(frozen=True)
class Evidence:
    """Further rows that stand behind a fact's row: an account's subscriptions, a deal's touches.

    The rows of its SQL carry `i` (the period, null where it does not matter), `unit` (the key of
    the fact's row), the fields that were read, and the row's lineage. They are read only where a
    column they stand `behind` is, or always.
    """

    table: str
    about: str
    sql: Callable[[FactScope], str]
    behind: tuple[str, ...] = ()


@dataclass(frozen=True)
class Origin:
    """The table behind a fact, and why a row of it is not among the fact's.

    `key` names the fact's columns that hold the table's key, in its order. `moment` is the instant
    or date of a table's row `t` that must lie in the period; `leaves_out` are reasons with their
    condition over `t` and the period `p`, of which the first that fits explains a row; `otherwise`
    is the reason of the rest. `hidden` rows are counted and never shown. `private` (a condition
    over `t`) are rows of a person's own: they count, and of their fields only the key and `public`
    are shown. `apart` are rows that another fact alone speaks of.
    """

    table: str
    reads: tuple[str, ...]
    otherwise: str
    key: tuple[str, ...] = ("id",)
    moment: str = ""
    leaves_out: tuple[tuple[str, str], ...] = ()
    evidence: tuple[Evidence, ...] = ()
    hidden: bool = False
    private: str = ""
    public: tuple[str, ...] = ()
    apart: str = ""


@dataclass(frozen=True)
class Fact:
    """A named relation with its columns and dimensions; `sql` writes it for a scope.

    `noun` is what one of its rows is. `dimensions` maps a dimension to the column that holds it.
    `actor` says whose team it is: the `_actor` column alone ("own"), that or else the account
    manager ("or_manager"), an employee ("employee"), or the manager (None). `derived` columns need
    the period: SQL over `f` (the row) and `p` (its period), those `beside` others the other rows of
    the slice. `relations` are shared steps the SQL
    reads. `two_anchors` are for rows that lie in a slice at either end (`_anchor_end`).
    `population` says whose rows these are: of the accounts active at the start, at the end, or for
    the first time within the period.
    """

    name: str
    about: str
    columns: dict[str, FactColumn]
    sql: Callable[[FactScope], str]
    origin: Origin
    noun: Noun
    moment: Moment | None = None
    dimensions: dict[str, str] = field(default_factory=dict)
    has_account: bool = True
    has_contact: bool = False
    actor: Literal["own", "or_manager", "employee"] | None = None
    relations: tuple[Relation, ...] = ()
    derived: dict[str, str] = field(default_factory=dict)
    beside: dict[str, AmongRows] = field(default_factory=dict)
    two_anchors: bool = False
    population: Literal["start", "end", "within"] | None = None
    own_boundaries: tuple[Boundary, ...] = ()

    @property
    def rows_of(self) -> str | None:
        """The table whose rows these are, one by one, where that keeps columns to cut by; answers
        of employees are cut by nothing of their own.
        """
        origin = self.origin
        whole = origin.key == ("id",) and TABLES[origin.table].more and origin.table != "accounts"
        return origin.table if whole and not origin.hidden else None

    @property
    def kinds(self) -> dict[str, str]:
        """The kind of each column, by which expressions are checked."""
        return {name: column.kind for name, column in self.columns.items()}

    @property
    def boundaries(self) -> tuple[Boundary, ...]:
        """Every boundary that decides about a row: of the moment, the rows, the shared steps."""
        moment = (self.moment.since, self.moment.until) if self.moment else ()
        shared = (boundary for relation in self.relations for boundary in relation.boundaries)
        return tuple(dict.fromkeys([*moment, *self.own_boundaries, *shared]))

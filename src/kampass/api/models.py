"""The shapes of what the API takes and gives, for its description and for checking what comes
in.
"""

from datetime import date, datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from kampass.access import Role


class Shape(BaseModel):
    """An object that holds nothing but what is declared."""

    model_config = ConfigDict(extra="forbid")


class Open(BaseModel):
    """An object of which the declared part is promised; more may stand beside it."""

    model_config = ConfigDict(extra="allow")


class Problem(Open):
    """What went wrong (RFC 9457), with a stable `code`."""

    type: str
    title: str
    status: int
    code: str
    detail: str
    hint: str


Status = Literal["ok", "low_n", "provisional", "partial", "no_value"]


class Change(Open):
    """A figure against the period before, or a year ago."""

    against: Annotated[str, Field(alias="with")]
    period_start: date
    period_end: date
    value: float | None
    difference: float | None
    low: float | None
    high: float | None
    method: str | None
    detectable: bool | None
    reason: str | None


class Answer(Open):
    """One KPI, one period, one slice."""

    kpi: str
    period_start: date
    period_end: date
    through: datetime | None
    dimensions: dict[str, str | None]
    value: float | None
    unit: str
    numerator: float | None
    denominator: float | None
    n: int
    low: float | None
    high: float | None
    status: Status
    reason: str | None
    definition: str
    snapshot: str
    known_at: datetime
    change: Change | None = None


class Explanation(Answer):
    """An answer taken apart: its formula, its measures with what is in and out, its SQL, what it
    was made under.
    """

    name: str
    formula: str
    calculation: str
    measures: list[dict[str, Any]]
    from_rows: float | None
    adds_up: bool
    coverage: list[dict[str, Any]]
    notes: list[str]
    sql: str
    parameters: dict[str, Any]
    definition_text: dict[str, Any]
    settings: dict[str, Any]


class Row(Open):
    """A source row behind a figure."""

    kpi: str
    measure: str
    table: str
    id: str
    source: str
    load: int
    line: int | None
    fields: dict[str, Any]
    computed: dict[str, Any]
    amount: float | str | None
    reason: str | None
    evidence: list[dict[str, Any]]


class Bridge(Open):
    """Two figures and everything between them."""

    kpi: str
    name: str
    unit: str
    before: Answer
    after: Answer
    difference: float | None
    method: str | None
    order: str
    summary: dict[str, float]
    members: dict[str, int]
    effects: list[dict[str, Any]]
    residual: float | None
    reason: str | None


class Page(Open):
    """A piece of a list, all of it from one snapshot; `next` is the address of the piece after
    it.
    """

    items: list[dict[str, Any]]
    snapshot: str | None
    next: str | None


class Rows(Page):
    """Source rows."""

    items: list[Row]  # type: ignore[assignment]


class Listed(Open):
    """Things that are listed whole."""

    items: list[dict[str, Any]]


class Thing(Open):
    """One thing, by its fields."""


Text = Annotated[str, Field(min_length=1, max_length=4000)]
Name = Annotated[str, Field(min_length=1, max_length=120)]
Id = Annotated[str, Field(max_length=200)]


class NoteWritten(Shape):
    """A note about a KPI, an account, a period, or several of them at once."""

    text: Text
    kpi: Id | None = None
    account: Id | None = None
    period: Annotated[str, Field(max_length=40)] | None = None


class NoteChanged(Shape):
    """A note's text, written again."""

    text: Text


class DashboardWritten(Shape):
    """A dashboard: tiles on a grid, each with what it asks."""

    name: Name
    layout: Annotated[list[dict[str, Any]], Field(max_length=40)]
    shared_with: Annotated[list[Role], Field(max_length=5)] = []


class PersonAdded(Shape):
    """Somebody who may sign in, once they have a password."""

    email: Annotated[str, Field(max_length=254)]
    name: Annotated[str, Field(min_length=1, max_length=200)]
    role: Role
    user_id: Id | None = None
    team_id: Id | None = None


class PersonChanged(Shape):
    """What of a person changes; what is not given stays."""

    name: Annotated[str, Field(min_length=1, max_length=200)] | None = None
    role: Role | None = None
    user_id: Id | None = None
    team_id: Id | None = None

"""A KPI as a value: what it asks, what it counts, how the parts make the figure, and the examples that prove it."""

from dataclasses import dataclass
from typing import Any, Literal

Form = Literal["ratio", "total", "statistic"]

ACCOUNT_ATTRIBUTES = ("segment", "industry", "region", "tier", "acquisition_source")
ACCOUNT_DIMENSIONS = (*ACCOUNT_ATTRIBUTES, "account", "account_manager", "team")
OWN_DIMENSIONS = (
    "user", "agent", "channel", "direction", "purpose", "persona", "priority", "topic", "survey", "source", "kind", "product", "family",
)  # fmt: skip


WINDOWS = ("", "previous", "year")


@dataclass(frozen=True)
class Measure:
    """One aggregate over a fact, within a window of the period."""

    name: str
    of: str
    fact: str
    where: str | None = None
    window: str = ""
    latest_per: str | None = None


@dataclass(frozen=True, eq=False)
class Kpi:
    """A KPI definition, the same only as itself. `dimensions` may hold `account`, which stands for every account dimension and attribute."""

    id: str
    name: str
    family: str
    question: str
    formula: str
    kind: Literal["activity", "objective", "moneyball"]
    unit: str
    direction: Literal["up", "down", "neutral"]
    cadence: dict[str, str]
    needs: tuple[str, ...]
    dimensions: tuple[str, ...]
    measures: dict[str, Measure]
    form: Form
    value: str
    denominator: str | None = None
    scale: float = 1.0
    n: str = ""
    interval: Literal["wilson", "nps"] | None = None
    provisional_days: int | None = None
    pending: str | None = None
    suppress_below: int | None = None
    distribution: str | None = None
    whole: tuple[str, ...] = ()
    window_covered: bool = False
    cut_only: Literal["in", "out"] | None = None
    version: int = 1
    synonyms: tuple[str, ...] = ()
    traps: tuple[str, ...] = ()
    references: tuple[str, ...] = ()
    examples: tuple[dict[str, Any], ...] = ()
    own: bool = False
    place: str = ""

    @property
    def label(self) -> str:
        """The name with its version, as answers carry it."""
        return f"{self.id}@{self.version}"

    @property
    def takes_any_account_dimension(self) -> bool:
        """Whether account attributes can cut it."""
        return "account" in self.dimensions

    @property
    def named_dimensions(self) -> tuple[str, ...]:
        """Every dimension by name; any further account attribute comes on top where accounts can cut it."""
        rest = tuple(name for name in self.dimensions if name != "account")
        return (*ACCOUNT_DIMENSIONS, *rest) if self.takes_any_account_dimension else rest

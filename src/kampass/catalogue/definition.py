"""A KPI as a value: what it asks, what it counts, how the parts make the figure, and the examples
that prove it.
"""

import re
from dataclasses import asdict, dataclass
from typing import Any, Literal

Form = Literal["ratio", "total", "statistic"]
WindowCovered = Literal["previous", "year", "earlier"]

ACCOUNT_ATTRIBUTES = ("segment", "industry", "region", "tier", "acquisition_source")
ACCOUNT_DIMENSIONS = (*ACCOUNT_ATTRIBUTES, "account", "account_manager", "team")
OWN_DIMENSIONS = (
    "user",
    "agent",
    "channel",
    "direction",
    "purpose",
    "persona",
    "priority",
    "topic",
    "survey",
    "source",
    "kind",
    "product",
    "family",
)


@dataclass(frozen=True)
class Measure:
    """One aggregate over a fact, within a window of the period."""

    name: str
    of: str
    fact: str
    where: str | None = None
    window: str = ""
    latest_per: str | None = None

    @property
    def counted(self) -> tuple[str, str]:
        """The aggregate without its filter, and the filter."""
        of, *filters = re.split(
            r"\s+(?=filter\s*\()", " ".join(self.of.split()), maxsplit=1, flags=re.IGNORECASE
        )
        return of, "".join(filters)

    def counts_like(self, other: "Measure") -> bool:
        """Whether both count the same kind of unit, whatever their conditions."""
        of = self.counted[0]
        kind = (of, self.fact, self.window, self.latest_per)
        return of.lower().startswith("count") and kind == (
            other.counted[0],
            other.fact,
            other.window,
            other.latest_per,
        )

    def is_part_of(self, whole: "Measure") -> bool:
        """Whether its units are some of those of `whole`, as far as the definition shows: the same
        count with more conditions.
        """
        narrower = (
            whole.where is None
            or self.where == whole.where
            or (self.where or "").endswith(f" and {whole.where}")
        )
        return self.counts_like(whole) and narrower and not whole.counted[1]


@dataclass(frozen=True, eq=False)
class Kpi:
    """A KPI definition, the same only as itself. `dimensions` may hold `account`, which stands for
    every account dimension and attribute.
    """

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
    window_covered: WindowCovered | None = None
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
    def is_share(self) -> bool:
        """Whether it is a proportion: counted units of which the denominator counts all, in one
        count or a sum of counts.
        """
        names = [self.value, *(name.strip() for name in (self.denominator or "").split("+"))]
        if self.distribution or not all(name in self.measures for name in names):
            return False
        part, *wholes = (self.measures[name] for name in names)
        if len(wholes) == 1:
            return part.is_part_of(wholes[0])
        return part in wholes and all(part.counts_like(whole) for whole in wholes)

    @property
    def takes_any_account_dimension(self) -> bool:
        """Whether account attributes can cut it."""
        return "account" in self.dimensions

    @property
    def named_dimensions(self) -> tuple[str, ...]:
        """Every dimension by name; any further account attribute comes on top where accounts can
        cut it.
        """
        rest = tuple(name for name in self.dimensions if name != "account")
        return (*ACCOUNT_DIMENSIONS, *rest) if self.takes_any_account_dimension else rest


_HIDDEN = {"examples", "own", "place", "measures"}


def describe(kpi: Kpi) -> dict[str, Any]:
    """A definition as plain values."""
    described = {
        key: list(value) if isinstance(value, tuple) else value
        for key, value in asdict(kpi).items()
        if key not in _HIDDEN
    }
    described["dimensions"] = list(kpi.named_dimensions)
    described["measures"] = {
        name: " ".join(
            part
            for part in (
                measure.of,
                f"over {measure.fact}",
                f"({measure.window})" if measure.window else "",
                f"where {measure.where}" if measure.where else "",
            )
            if part
        )
        for name, measure in kpi.measures.items()
    }
    return described

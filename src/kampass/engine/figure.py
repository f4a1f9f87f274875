"""One KPI's figure for one slice: what its parts make, why there may be none, how sure it is."""

from dataclasses import dataclass

from kampass.catalogue import Kpi
from kampass.engine import intervals
from kampass.engine.answer import Status

LOW_N = 30


def status_of(kpi: Kpi, n: int, reason: str | None) -> Status:
    """The status of a figure whose period is over and whose windows are closed."""
    if reason:
        return "no_value"
    return "low_n" if kpi.form == "ratio" and n < LOW_N else "ok"


@dataclass(frozen=True)
class Figure:
    """A KPI's parts for one slice."""

    kpi: Kpi
    value: float | None
    denominator: float | None
    n: int

    @property
    def shown(self) -> float | None:
        """The value: scale x numerator / denominator, or the count, sum or statistic itself."""
        if self.kpi.form != "ratio":
            return self.value
        assert self.value is not None
        assert self.denominator
        return self.kpi.scale * self.value / self.denominator

    @property
    def numerator(self) -> float | None:
        """The numerator; a count or a sum is its own; a statistic has none."""
        return None if self.kpi.form == "statistic" else self.value

    @property
    def bottom(self) -> float | None:
        """The denominator of a ratio."""
        return (self.denominator or 0.0) if self.kpi.form == "ratio" else None

    def reason(self, *, missing: bool) -> str | None:
        """Why there is no value, by the contract's precedence."""
        if missing:
            return "missing_rate"
        if self.kpi.suppress_below and 1 <= self.n < self.kpi.suppress_below:
            return "suppressed_small_n"
        if self.kpi.form == "ratio" and (
            not self.denominator
            or (self.kpi.window_covered == "previous" and self.denominator <= 0)
        ):
            return "zero_denominator"
        return "zero_denominator" if self.value is None else None

    def interval(
        self, promoters: float | None, detractors: float | None
    ) -> tuple[float | None, float | None]:
        """The 95 % interval of a figure that estimates from answers."""
        if (
            self.kpi.interval == "wilson"
            and self.value is not None
            and self.denominator
            and 0 <= self.value <= self.denominator
        ):
            low, high = intervals.wilson(self.value, self.denominator)
        elif (
            self.kpi.interval == "nps"
            and promoters is not None
            and detractors is not None
            and self.denominator
        ):
            low, high = intervals.adjusted_wald(promoters, detractors, self.denominator)
        else:
            return None, None
        return self.kpi.scale * low, self.kpi.scale * high

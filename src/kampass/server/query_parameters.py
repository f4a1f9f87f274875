"""A question as a URL spells it: the same words as the command line's options."""

from collections.abc import Sequence
from typing import Annotated, Any, Literal

from fastapi import Depends, Query

from kampass.engine.question import Comparison
from kampass.workspace import Asking

Grain = Literal["day", "week", "month", "quarter", "year"]


class Asked:
    """The question's parameters; `asking` goes to `sight.kpi`, `explain` and `rows` as it is."""

    def __init__(
        self,
        period: Annotated[
            str,
            Query(
                max_length=40,
                description="2026, 2026-Q1, 2026-03, 2026-W09, 2026-03-14, FY2026, or a range of "
                "two",
            ),
        ],
        grain: Annotated[Grain | None, Query()] = None,
        by: Annotated[
            list[str] | None, Query(max_length=4, description="a dimension; may be repeated")
        ] = None,
        where: Annotated[
            list[str] | None,
            Query(
                max_length=20, description="a filter such as segment=enterprise; may be repeated"
            ),
        ] = None,
        total: Annotated[bool, Query(description="add the total to a cut")] = False,
        compare: Annotated[Comparison | None, Query()] = None,
        known_at: Annotated[
            str | None, Query(max_length=40, description="as known at this instant")
        ] = None,
        snapshot: Annotated[
            str | None, Query(max_length=64, description="from this snapshot")
        ] = None,
    ) -> None:
        self.asking: Asking = {
            "period": period,
            "grain": grain,
            "by": by or (),
            "where": where or (),
            "total": total,
            "compare": compare,
        }
        self.clock: dict[str, Any] = {"known_at": known_at, "snapshot": snapshot}

    def at(self, snapshot: str | None) -> dict[str, Any]:
        """The question's clock, or that of the piece before where the question names none."""
        return (
            self.clock
            if snapshot is None or any(self.clock.values())
            else {"known_at": None, "snapshot": snapshot}
        )

    def recorded(self, kpis: Sequence[str]) -> dict[str, Any]:
        """The question for the audit log."""
        return {
            "kpis": list(kpis),
            **{name: value for name, value in {**self.asking, **self.clock}.items() if value},
        }


Question = Annotated[Asked, Depends(Asked)]

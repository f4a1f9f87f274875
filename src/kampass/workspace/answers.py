"""The questions that a workspace answers, whoever asks: the same five methods for the whole book
and for one viewer's part of it.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Unpack

from kampass.engine import Engine, Question, Result, parse_filter
from kampass.engine.question import Comparison
from kampass.insight import ask
from kampass.workspace import repair
from kampass.workspace.asking import Asking, instant_of, question_of, several

if TYPE_CHECKING:
    from kampass.insight.change.bridge import Bridge
    from kampass.insight.explain import Explanation, Row
    from kampass.workspace.workspace import Workspace


class Answers(ABC):
    """What answers questions; which accounts it knows of, its engines decide."""

    @property
    @abstractmethod
    def home(self) -> "Workspace":
        """The workspace that is asked."""

    @abstractmethod
    def engine(self, *, known_at: datetime | None = None, snapshot: str | None = None) -> Engine:
        """An engine on the snapshot that answers."""

    @abstractmethod
    def forget(self) -> None:
        """Let go of what is kept of snapshots: one of them is damaged."""

    def ask(
        self, question: Question, *, known_at: datetime | None = None, snapshot: str | None = None
    ) -> Result:
        """The answers to a question that is a value already."""
        return ask(self.engine(known_at=known_at, snapshot=snapshot), question)

    @repair.mending
    def kpi(  # noqa: PLR0913 - the question, spelled as the contract spells it
        self,
        kpis: str | Iterable[str],
        *,
        period: str,
        grain: str | None = None,
        by: str | Sequence[str] = (),
        where: str | Sequence[str] = (),
        total: bool = False,
        compare: Comparison | None = None,
        known_at: datetime | str | None = None,
        snapshot: str | None = None,
    ) -> Result:
        """Ask for one or more KPIs, as `kampass kpi` does."""
        asked: Asking = {
            "period": period,
            "grain": grain,
            "by": by,
            "where": where,
            "total": total,
            "compare": compare,
        }
        return self.ask(question_of(kpis, asked), known_at=instant_of(known_at), snapshot=snapshot)

    @repair.mending
    def explain(
        self,
        kpis: str | Iterable[str],
        *,
        known_at: datetime | str | None = None,
        snapshot: str | None = None,
        **asked: Unpack[Asking],
    ) -> "list[Explanation]":
        """Take figures apart, as `kampass explain` does: asked as `kpi` is, one explanation for
        each answer.
        """
        from kampass.insight.explain import explain

        engine = self.engine(known_at=instant_of(known_at), snapshot=snapshot)
        return explain(engine, question_of(kpis, asked))

    def rows(
        self,
        kpis: str | Iterable[str],
        part: str = "numerator",
        *,
        limit: int | None = None,
        known_at: datetime | str | None = None,
        snapshot: str | None = None,
        **asked: Unpack[Asking],
    ) -> "Iterator[Row]":
        """The source rows of figures: of the `numerator`, the `denominator`, or those `excluded`;
        at most `limit` for each measure.
        """
        from kampass.insight.explain import rows_behind

        engine = self.engine(known_at=instant_of(known_at), snapshot=snapshot)
        return rows_behind(engine, question_of(kpis, asked), part, limit=limit)

    @repair.mending
    def bridge(  # noqa: PLR0913 - two ends, each with its clock
        self,
        kpi: str,
        before: str,
        after: str,
        *,
        by: str | Sequence[str] = (),
        where: str | Sequence[str] = (),
        known_at: datetime | str | None = None,
        snapshot: str | None = None,
        before_known_at: datetime | str | None = None,
        before_snapshot: str | None = None,
    ) -> "list[Bridge]":
        """What lies between a KPI's figures of two periods, nothing left over; the earlier one may
        be read by another clock.
        """
        from kampass.insight.change.bridge import Side, bridge

        later = self.engine(known_at=instant_of(known_at), snapshot=snapshot)
        own = before_known_at is not None or before_snapshot is not None
        earlier = (
            self.engine(known_at=instant_of(before_known_at), snapshot=before_snapshot)
            if own
            else later
        )
        return bridge(
            Side(earlier, before),
            Side(later, after),
            kpi,
            by=several(by),
            where=tuple(parse_filter(text) for text in several(where)),
        )

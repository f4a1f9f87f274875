"""The questions that a workspace answers, whoever asks: the same five methods for the whole book
and for one viewer's part of it.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Unpack

from kampass.engine import Engine, Question, Result
from kampass.engine.question import ENDS, EndWords, Words, keywords
from kampass.insight import ask
from kampass.workspace import repair
from kampass.workspace.home import Home

if TYPE_CHECKING:
    from kampass.insight.change.bridge import Bridge
    from kampass.insight.explain import Explanation, Row


class Answers(ABC):
    """What answers questions; which accounts it knows of, its engines decide."""

    @property
    @abstractmethod
    def home(self) -> Home:
        """The workspace that is asked."""

    @abstractmethod
    def engine(self, *, known_at: datetime | None = None, snapshot: str | None = None) -> Engine:
        """An engine on the snapshot that answers."""

    @abstractmethod
    def forget(self) -> None:
        """Let go of what is kept of snapshots: one of them is damaged."""

    def ask(self, question: Question) -> Result:
        """The answers to a question that is a value already."""
        return ask(self.engine(**question.clock), question)

    @keywords()
    @repair.mending
    def kpi(self, kpis: str | Iterable[str], **words: Unpack[Words]) -> Result:
        """Ask for one or more KPIs, as `kampass kpi` does."""
        return self.ask(Question.read({"kpis": kpis, **words}))

    @keywords()
    @repair.mending
    def explain(self, kpis: str | Iterable[str], **words: Unpack[Words]) -> "list[Explanation]":
        """Take figures apart, as `kampass explain` does: asked as `kpi` is, one explanation for
        each answer.
        """
        from kampass.insight.explain import explain

        question = Question.read({"kpis": kpis, **words})
        return explain(self.engine(**question.clock), question)

    @keywords()
    def rows(
        self,
        kpis: str | Iterable[str],
        part: str = "numerator",
        *,
        limit: int | None = None,
        **words: Unpack[Words],
    ) -> "Iterator[Row]":
        """The source rows of figures: of the `numerator`, the `denominator`, or those `excluded`;
        at most `limit` for each measure.
        """
        from kampass.insight.explain import rows_behind

        question = Question.read({"kpis": kpis, **words})
        return rows_behind(self.engine(**question.clock), question, part, limit=limit)

    @keywords(ENDS)
    @repair.mending
    def bridge(
        self,
        kpi: str,
        before: str,
        after: str,
        *,
        before_known_at: datetime | str | None = None,
        before_snapshot: str | None = None,
        **words: Unpack[EndWords],
    ) -> "list[Bridge]":
        """What lies between a KPI's figures of two periods, nothing left over; the earlier one may
        be read by another clock.
        """
        from kampass.insight.change.bridge import BridgeEnd, bridge

        later = Question.read({"kpis": kpi, "period": after, **words})
        own = {"known_at": before_known_at, "snapshot": before_snapshot}
        earlier = Question.read({"kpis": kpi, "period": before, **own})
        apart = before_known_at is not None or before_snapshot is not None
        engine = self.engine(**later.clock)
        return bridge(
            BridgeEnd(self.engine(**earlier.clock) if apart else engine, before),
            BridgeEnd(engine, after),
            kpi,
            by=later.by,
            where=later.where,
        )

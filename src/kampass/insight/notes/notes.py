"""The notes of answers, in the contract's order: one function for each code."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date, datetime
from functools import cache

from kampass.catalogue import Kpi
from kampass.catalogue.expressions import columns_read
from kampass.engine.answer import Answer, AnswerNote
from kampass.engine.engine import Engine, Found
from kampass.engine.planning.coverage import Stretch
from kampass.engine.question import Asked
from kampass.facts import FACTS
from kampass.facts.deals import OPEN_DEALS
from kampass.insight.notes.anchors import Anchors
from kampass.insight.notes.kept import KeptForNotes
from kampass.insight.notes.rows import ConcernedRows
from kampass.model import TABLES
from kampass.periods import Period, spoken


def noted(engine: Engine, kpis: Sequence[Kpi], asked: Asked, found: Found) -> Found:
    """The same answers with their notes."""
    notes = _NotesOfCut(engine, asked)
    made: Found = {}
    for kpi in kpis:
        for number in range(len(asked.periods)):
            if answers := found.get((kpi.id, number)):
                made[kpi.id, number] = notes.on(kpi, number, answers)
    return made


class _NotesOfCut:
    """The notes on one cut's answers."""

    def __init__(self, engine: Engine, asked: Asked) -> None:
        self.engine, self.asked, self.kept = engine, asked, KeptForNotes(engine)
        self.rows = ConcernedRows(engine, asked, self.kept)
        self.anchors = Anchors(engine, asked)
        self.undated = cache(self.kept.undated_deals)

    def on(self, kpi: Kpi, number: int, answers: Sequence[Answer]) -> list[Answer]:
        """A KPI's answers for a period, each with its notes."""
        period = self.asked.periods[number]
        conflicting, held = self._conflicting(kpi), self._held(kpi)
        stale = [*self._stale(kpi, period), *self._covered(kpi, answers[0])]
        history = [] if answers[0].through is None else self._history(kpi, period)
        made = []
        for answer in answers:
            notes = (
                *self._set_aside(kpi, number, answer),
                *conflicting,
                *stale,
                *held,
                *self._no_rate(kpi, answer),
                *self.anchors.on(kpi, number, answer),
                *history,
                *self._trials(kpi, number, answer),
                *self._undated(kpi, answer),
            )
            made.append(replace(answer, notes=notes) if notes else answer)
        return made

    def _set_aside(self, kpi: Kpi, number: int, answer: Answer) -> Iterator[AnswerNote]:
        for table in kpi.needs:
            if table in self.kept.set_aside and (
                rows := self.rows.aside(kpi, table, number, answer)
            ):
                yield AnswerNote("set_aside", f"{_rows(rows)} of {table} set aside", rows)

    def _conflicting(self, kpi: Kpi) -> list[AnswerNote]:
        return [
            AnswerNote(
                "conflicting_lines",
                f"{_lines(lines)} of {table} lost to a different line of the same key",
                lines,
            )
            for table in kpi.needs
            if (lines := self.kept.conflicting.get(table, 0))
        ]

    def _stale(self, kpi: Kpi, period: Period) -> Iterator[AnswerNote]:
        end = self.engine.settings.calendar.first_instant(period.end)
        for table, stretches in self._stretches(kpi):
            last = stretches[-1] if stretches else None
            if last is not None and last.stale and last.end < end:
                known = spoken(self._last_day(last.end))
                text = f"{table} known to {known}; the file may be older than its load"
                yield AnswerNote("stale", text)

    def _covered(self, kpi: Kpi, answer: Answer) -> Iterator[AnswerNote]:
        if answer.reason != "not_covered":
            return
        for table, stretches in self._stretches(kpi):
            yield AnswerNote("covered", f"{self._known(table, stretches)}. {_DECLARE}")

    def _known(self, table: str, stretches: Sequence[Stretch]) -> str:
        """Which days of a table are known."""
        calendar = self.engine.settings.calendar
        spans = [
            f"from {spoken(calendar.local_date(each.start))} to {spoken(self._last_day(each.end))}"
            for each in stretches
        ]
        return f"{table} known {' and '.join(spans) or 'for no day'}"

    def _held(self, kpi: Kpi) -> list[AnswerNote]:
        return [
            AnswerNote("held_load", f"load {load.number} of {load.source} waits: {load.why}")
            for load in self.kept.held
            if load.tables & set(kpi.needs)
        ]

    def _no_rate(self, kpi: Kpi, answer: Answer) -> Iterator[AnswerNote]:
        if answer.reason != "missing_rate":
            return
        tables = {*kpi.needs, *(FACTS[m.fact].origin.table for m in kpi.measures.values())}
        for currency, (first, rows) in self.kept.no_rate(tables).items():
            yield AnswerNote("no_rate", f"{currency} has no rate on {spoken(first)}", rows)

    def _history(self, kpi: Kpi, period: Period) -> list[AnswerNote]:
        if not looks_back(kpi):
            return []
        start = self.engine.settings.calendar.first_instant(period.start)
        begins = [
            stretch.start
            for _, stretches in self._stretches(kpi)
            for stretch in stretches
            if stretch.start <= start < stretch.end
        ]
        if not begins:
            return []
        known = self.engine.settings.calendar.local_date(max(begins))
        text = f"what accounts did before {spoken(known)} is not known"
        return [AnswerNote("no_history", text)]

    def _trials(self, kpi: Kpi, number: int, answer: Answer) -> Iterator[AnswerNote]:
        if self.kept.trials and "subscriptions" in kpi.needs:
            accounts = self.rows.trials(number, answer)
            if accounts:
                who = "a payer's month is" if accounts == 1 else f"{accounts:,} payers' months are"
                yield AnswerNote("trial_of_payer", f"{who} marked as trial", accounts)

    def _undated(self, kpi: Kpi, answer: Answer) -> Iterator[AnswerNote]:
        if answer.through is None or not _counts_open_deals(kpi):
            return
        end = self.engine.settings.calendar.first_instant(answer.period_end)
        if deals := self.undated(min(end, answer.through)):
            what = "a deal is" if deals == 1 else f"{deals:,} deals are"
            they = "it was" if deals == 1 else "they were"
            text = f"{what} left out: nobody says when {they} created"
            yield AnswerNote("undated", text, deals)

    def _stretches(self, kpi: Kpi) -> Iterator[tuple[str, tuple[Stretch, ...]]]:
        """The stretches of each table that decides how far the KPI reaches."""
        coverage = self.engine.coverage
        for table in kpi.needs:
            if TABLES[table].gates:
                yield table, coverage.stretches.get(table, ())

    def _last_day(self, end: datetime) -> date:
        return self.engine.settings.calendar.last_date_before(min(end, self.engine.known_at))


_DECLARE = (
    "If nothing happened on other days, say so: in a table 'coverage', or by coverage = "
    '"up_to_load" at the source'
)


@cache
def looks_back(kpi: Kpi) -> bool:
    """Whether its figures ask what an account did in all the time before."""
    return any(
        FACTS[measure.fact].columns[name].looks_back
        for measure in kpi.measures.values()
        for name in columns_read(measure.of, measure.where, FACTS[measure.fact].kinds)
    )


def _counts_open_deals(kpi: Kpi) -> bool:
    return any(measure.fact == OPEN_DEALS.name for measure in kpi.measures.values())


def _rows(count: int) -> str:
    return "a row" if count == 1 else f"{count:,} rows"


def _lines(count: int) -> str:
    return "a line" if count == 1 else f"{count:,} lines"

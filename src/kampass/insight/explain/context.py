"""What stands around a figure: how far its tables reach, what to keep in mind, the definition and
settings it was made under.
"""

from dataclasses import asdict
from functools import cached_property
from typing import Any

from kampass.catalogue import Kpi
from kampass.catalogue.definition import ACCOUNT_ATTRIBUTES, ACCOUNT_DIMENSIONS, describe
from kampass.catalogue.expressions import columns_read
from kampass.engine.answer import Answer
from kampass.engine.engine import Engine
from kampass.engine.question import Question
from kampass.facts import FACTS
from kampass.insight.explain.explanation import Reached
from kampass.model import TABLES
from kampass.model.conform import quoted


class Context:
    """The surroundings of one KPI's figures for one question."""

    def __init__(self, engine: Engine, kpi: Kpi, question: Question) -> None:
        self.engine, self.kpi, self.question = engine, kpi, question

    @cached_property
    def sql(self) -> str:
        """The SQL of the figure, a comment for each step."""
        return ";\n".join(self.engine.sql(self.question))

    @cached_property
    def parameters(self) -> dict[str, Any]:
        """The values bound to the SQL's parameters."""
        return {
            f"v{index}": list(condition.values)
            for index, condition in enumerate(self.question.where)
        }

    @cached_property
    def definition(self) -> dict[str, Any]:
        """The definition as plain values."""
        return describe(self.kpi)

    @cached_property
    def settings(self) -> dict[str, Any]:
        """The settings that decide about the figure, and the digests of all of them and of the
        catalogue.
        """
        return {
            **self.engine.settings.shown,
            **self._business_hours,
            **self.engine.around.digests(),
        }

    @property
    def _business_hours(self) -> dict[str, Any]:
        """The calendars in full, where the figure counts business hours."""
        if not any("business_hours" in measure.of for measure in self.kpi.measures.values()):
            return {}
        calendars = [asdict(calendar) for calendar in self.engine.settings.business]
        return {
            "calendars": [
                calendar | {"holidays": [day.isoformat() for day in calendar["holidays"]]}
                for calendar in calendars
            ]
        }

    @cached_property
    def coverage(self) -> tuple[Reached, ...]:
        """How far each table reaches that the KPI needs or counts."""
        tables = dict.fromkeys(
            [
                *self.kpi.needs,
                *(FACTS[measure.fact].origin.table for measure in self.kpi.measures.values()),
            ]
        )
        return tuple(reached for table in tables for reached in self._reached(table))

    def remarks(self, answer: Answer) -> tuple[str, ...]:
        """What a reader should know before relying on the figure."""
        return (*self._shared_remarks, *self._status(answer))

    def _reached(self, table: str) -> list[Reached]:
        ask = self.engine.backend.run
        loaded = ask('SELECT loaded_at FROM _connected WHERE "table" = $t', {"t": table}).first()
        rows = ask(f"SELECT count(*) FROM {quoted(table)}").first()
        aside = ask('SELECT count(*) FROM _quarantine WHERE "table" = $t', {"t": table}).first()
        assert rows
        assert aside
        about = (loaded[0] if loaded else None, rows[0], aside[0])
        stretches = self.engine.coverage.stretches.get(table, ())
        if not stretches:
            return [Reached(table, loaded is not None, None, None, False, *about)]
        return [
            Reached(table, True, stretch.start, stretch.end, stretch.assumed, *about)
            for stretch in stretches
        ]

    @cached_property
    def _shared_remarks(self) -> tuple[str, ...]:
        """Remarks that hold for every figure of the question."""
        remarks = []
        assumed = sorted(
            {
                reached.table
                for reached in self.coverage
                if reached.assumed and TABLES[reached.table].gates
            }
        )
        if assumed:
            remarks.append(
                f"Nobody says for which time {', '.join(assumed)} are complete; it is assumed "
                "from the month of the first row to the load, or to the newest row of an old "
                "export. A table 'coverage' would say it."
            )
        for table, rows in {
            reached.table: reached.set_aside for reached in self.coverage if reached.set_aside
        }.items():
            remarks.append(
                f"{rows} rows of {table} were set aside and count nowhere: 'kampass data "
                f"quarantine --table {table}' says why."
            )
        if any(
            FACTS[measure.fact].columns[name].looks_back
            for measure in self.kpi.measures.values()
            for name in columns_read(measure.of, measure.where, FACTS[measure.fact].kinds)
        ):
            remarks.append(
                "What an account did before the period is known only as far back as the data goes."
            )
        return (*remarks, *self._undated_attributes())

    def _undated_attributes(self) -> list[str]:
        """A word on each attribute that is read as it is today because nobody dated it."""
        cuts = dict.fromkeys(
            [*self.question.by, *(condition.dimension for condition in self.question.where)]
        )
        attributes = [
            name
            for name in cuts
            if name in ACCOUNT_ATTRIBUTES
            or (name not in ACCOUNT_DIMENSIONS and name in self.engine.attributes)
        ]
        notes = []
        for name in attributes:
            query = (
                "SELECT count(DISTINCT account_id) FILTER (WHERE historical), count(*) FILTER "
                "(WHERE NOT historical) FROM attribute_span WHERE attribute = $a"
            )
            row = self.engine.backend.run(query, {"a": name}).first()
            if row and row[1]:
                notes.append(
                    f"{name}: {row[1]} accounts are cut by their value of today, {row[0]} by "
                    "their dated history."
                )
        return notes

    def _status(self, answer: Answer) -> tuple[str, ...]:
        said = {
            "partial": "The data ends within the period.",
            "provisional": "Something is still open: the figure may change without any change of "
            "the past.",
            "low_n": f"It rests on {answer.n} only; below 30 chance weighs much.",
        }.get(answer.status)
        if answer.reason == "missing_rate":
            said = (
                "An amount is in a currency without a rate at its date: 'kampass explain "
                f"{self.kpi.id} --rows numerator' (or denominator) lists its row"
                " with an empty amount; a line in fx_rates mends it."
            )
        return (said,) if said else ()

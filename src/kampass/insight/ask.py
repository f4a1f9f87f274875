"""Answers with what became of them: every face asks here."""

from kampass.engine import Engine, Question, Result
from kampass.insight.change.compare import compared
from kampass.insight.notes import noted


def ask(engine: Engine, question: Question) -> Result:
    """The engine's answers, each with its notes, and its change where the question compares."""
    kpis = engine.check(question)
    cuts = []
    for asked, answers in engine.cuts(question):
        found = noted(engine, kpis, asked, answers)
        if question.compare is not None:
            found = compared(engine, kpis, asked, found, question.compare)
        cuts.append(found)
    return engine.result(question, cuts)

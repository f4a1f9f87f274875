"""Answers with what became of them: every face asks here."""

from kampass.engine import Engine, Question, Result
from kampass.insight.change.compare import compared


def ask(engine: Engine, question: Question) -> Result:
    """The engine's answers, each with its change where the question compares."""
    if question.compare is None:
        return engine.ask(question)
    kpis = engine.check(question)
    cuts = [
        compared(engine, kpis, asked, answers, question.compare)
        for asked, answers in engine.cuts(question)
    ]
    return engine.result(question, cuts)

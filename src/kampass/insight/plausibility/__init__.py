"""Rows that contradict each other or common sense: `contradictions(engine)`."""

from kampass.insight.plausibility.check import (
    Contradiction,
    ContradictoryRow,
    PlausibilityCheck,
    contradictions,
)

__all__ = ["Contradiction", "ContradictoryRow", "PlausibilityCheck", "contradictions"]

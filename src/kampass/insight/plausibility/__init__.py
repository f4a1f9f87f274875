"""Rows that contradict each other or common sense: `contradictions(engine)`."""

from kampass.insight.plausibility.check import Contradiction, ContradictoryRow, PlausibilityCheck
from kampass.insight.plausibility.looking import contradictions

__all__ = ["Contradiction", "ContradictoryRow", "PlausibilityCheck", "contradictions"]

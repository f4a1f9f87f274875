"""Every plausibility check, in the order in which they are told."""

from typing import Final

from kampass.insight.plausibility import accounts, events, sources, spans
from kampass.insight.plausibility.check import PlausibilityCheck

CHECKS: Final[tuple[PlausibilityCheck, ...]] = (
    *sources.CHECKS,
    *spans.CHECKS,
    *accounts.CHECKS,
    *events.CHECKS,
)

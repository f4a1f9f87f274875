"""What a draft leaves open, each with the answers that can be given and what they make of the
values.
"""

from kampass.intake.mapping.draft.asks.question import CURRENCY, ZONE, DraftAnswer, DraftQuestion
from kampass.intake.mapping.draft.asks.surveys import scale_of, survey_kind
from kampass.intake.mapping.draft.asks.table import questions_of

__all__ = [
    "CURRENCY",
    "ZONE",
    "DraftAnswer",
    "DraftQuestion",
    "questions_of",
    "scale_of",
    "survey_kind",
]

"""What a reader must know before believing an answer: what is missing, in doubt, or taken as said.

Each note is worked out from what the snapshot keeps for it; where it keeps nothing, which is most
often, nothing more is read.
"""

from kampass.insight.notes.doubts import doubts, replaced
from kampass.insight.notes.notes import noted

__all__ = ["doubts", "noted", "replaced"]

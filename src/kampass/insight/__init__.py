"""What is said about answers: change, bands, restatement, explanation. The engine knows none of
it.
"""

from kampass.insight.ask import ask

__all__ = ["ask"]

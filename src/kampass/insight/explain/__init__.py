"""Every number taken apart: what went in, what was left out and why, down to the source rows."""

from kampass.insight.explain.explain import explain
from kampass.insight.explain.explanation import Explanation, Row
from kampass.insight.explain.rows import rows_behind

__all__ = ["Explanation", "Row", "explain", "rows_behind"]

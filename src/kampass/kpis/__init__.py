"""The catalogue: definitions as data, one YAML file per family, and the language they are written in."""

from kampass.kpis.catalogue import PACK, Catalogue, read, shipped, with_own
from kampass.kpis.definition import ACCOUNT_DIMENSIONS, Kpi, Measure

__all__ = ["ACCOUNT_DIMENSIONS", "PACK", "Catalogue", "Kpi", "Measure", "read", "shipped", "with_own"]

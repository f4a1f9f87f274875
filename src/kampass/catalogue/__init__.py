"""The catalogue: definitions as data, one YAML file per family, and the language they are written
in.
"""

from kampass.catalogue.definition import ACCOUNT_DIMENSIONS, Kpi, Measure
from kampass.catalogue.loader import PACK, Catalogue, read, shipped, with_own

__all__ = [
    "ACCOUNT_DIMENSIONS",
    "PACK",
    "Catalogue",
    "Kpi",
    "Measure",
    "read",
    "shipped",
    "with_own",
]

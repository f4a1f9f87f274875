"""Prints the ids of the KPIs that are switched on in a new workspace."""

from kampass.kpis import PACK

print(" ".join(PACK))

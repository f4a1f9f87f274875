"""Asks a Kampass server over REST what a workspace on this machine would be asked: the same
methods, the same values.

from kampass.client import connect
with connect("https://kampass.example.com", token) as server:
    server.kpi("nrr", period="2025-Q4", by="segment").to_polars()
"""

from kampass.client.client import Client, ServerError, connect

__all__ = ["Client", "ServerError", "connect"]

"""The sample company behind its application."""

from tests.served import client_as, served

__all__ = ["client_as", "served"]

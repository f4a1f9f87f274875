"""A folder of files and the workspace that loads it, as the store's tests have it."""

from tests.store.conftest import desk

__all__ = ["desk"]

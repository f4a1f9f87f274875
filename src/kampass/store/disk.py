"""The few things the store does to the disk: durable files, digests, and private DuckDB connections."""

import hashlib
import os
from pathlib import Path

import duckdb

from kampass.model.conform import literal

MEMORY = "3GB"
"""What loading and publishing may hold in memory before they spill beside the journal."""


def connect(folder: Path | None = None) -> duckdb.DuckDBPyConnection:
    """A private connection that keeps UTC and spills beside what it builds."""
    connection = duckdb.connect(config={"threads": 2, "preserve_insertion_order": True, "memory_limit": MEMORY})
    connection.execute("SET TimeZone = 'UTC'")
    if folder is not None:
        connection.execute(f"SET temp_directory = {literal(str(folder))}")
    return connection


def fsync(path: Path) -> None:
    """Make a file, or a folder's list of files, durable."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sha256(file: Path) -> str:
    """The digest of a file's bytes."""
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()

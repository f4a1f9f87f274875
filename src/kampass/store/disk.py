"""The few things the store does to the disk: durable files, digests, and private DuckDB
connections.
"""

import hashlib
import os
from pathlib import Path

import duckdb

from kampass.model.conform import literal

MEMORY = "3GB"
"""What work on snapshots that are there may hold."""

READING = "256MB"
"""What reading a file may hold before it waits for the disk."""

SETTLING = "224MB"
"""What comparing a load with what is known may hold before it spills beside the journal."""

BUILDING = "640MB"
"""What publishing may hold before it spills beside the snapshots."""

ROW_GROUP = 30_720
"""Rows of a Parquet file that are written at once: a writer holds one such group for each
thread.
"""


def connect(folder: Path | None = None, *, memory: str = MEMORY) -> duckdb.DuckDBPyConnection:
    """A private connection that keeps UTC and spills into the folder of what it builds."""
    connection = duckdb.connect(
        config={"threads": 2, "preserve_insertion_order": True, "memory_limit": memory}
    )
    connection.execute("SET TimeZone = 'UTC'")
    if folder is not None:
        connection.execute(f"SET temp_directory = {literal(str(folder))}")
    return connection


def write_parquet(
    connection: duckdb.DuckDBPyConnection, rows: str, file: Path, *, kept: bool = True
) -> None:
    """Write what an SQL text gives as Parquet; small and durable where it is kept, quick where it
    is for a moment.
    """
    codec = "zstd" if kept else "lz4_raw"
    connection.execute(
        f"COPY ({rows}) TO {literal(str(file))} (FORMAT parquet, COMPRESSION {codec}, "
        f"ROW_GROUP_SIZE {ROW_GROUP})"
    )
    if kept:
        fsync(file)


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

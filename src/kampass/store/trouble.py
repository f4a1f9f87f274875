"""Names the trouble with a disk: whoever meets it first (Python, DuckDB, SQLite) says it
differently; a person is told one thing.

Nothing that counts is ever half written: what failed is removed by the next command, and what
answered before still answers.
"""

import errno
from collections.abc import Iterator
from contextlib import contextmanager

from kampass.errors import DataError

_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_FAILING = {errno.EIO, errno.EROFS, errno.EACCES, errno.EPERM, errno.EMFILE, errno.ENFILE}
_SAYS_FULL = (
    "no space left on device",
    "disk quota exceeded",
    "file too large",
    "database or disk is full",
    "max_temp_directory_size",
)
_SAYS_FAILING = (
    "disk i/o error",
    "could not write",
    "read-only file system",
    "readonly database",
    "permission denied",
    "unable to open database file",
    "input/output error",
)
_HINT = "then try again. What was loaded before still answers."


class DiskTrouble(DataError):  # noqa: N818 - reads as a sentence at the raise
    """A disk that is full or failing; whatever only reads goes on."""

    status = 507


def named(error: BaseException) -> DiskTrouble | None:
    """The same trouble as one of two errors, `disk_full` or `cannot_write`; None where it is
    something else.
    """
    if isinstance(error, OSError) and error.errno is not None:
        full, failing = error.errno in _FULL, error.errno in _FAILING
        what = f"{error.strerror}: {error.filename}" if error.filename else str(error.strerror)
    elif _of_a_database(error):
        said = str(getattr(error, "orig", None) or error)
        full, failing = (
            any(part in said.casefold() for part in _SAYS_FULL),
            any(part in said.casefold() for part in _SAYS_FAILING),
        )
        what = next(
            (
                line
                for line in said.split("\n")
                if any(part in line.casefold() for part in _SAYS_FULL + _SAYS_FAILING)
            ),
            "",
        )
    else:
        return None
    if full:
        return DiskTrouble(
            f"The disk is full ({what}).", code="disk_full", hint=f"Make room on it, {_HINT}"
        )
    if failing:
        return DiskTrouble(
            f"A file cannot be written or read ({what}).",
            code="cannot_write",
            hint=f"See that the disk works, has room and is yours to write, {_HINT}",
        )
    return None


@contextmanager
def naming() -> Iterator[None]:
    """Whatever goes wrong with the disk inside is raised by its name."""
    try:
        yield
    except Exception as error:
        name = named(error)
        if name is None:
            raise
        raise name from error


def _of_a_database(error: BaseException) -> bool:
    """Whether DuckDB, SQLite or SQLAlchemy says it; asked without importing them."""
    return any(
        kind.__module__.split(".")[0] in {"duckdb", "_duckdb", "sqlite3", "sqlalchemy"}
        for kind in type(error).__mro__
    )

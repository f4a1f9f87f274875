"""Which files were found right before: what has not changed since is not checked again.

Checking needs pydantic, and to import that takes longer than to answer a question. A workspace that
cannot be written to, or a list that cannot be read, means only that everything is checked.
"""

import hashlib
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from pathlib import Path

from kampass.version import VERSION

_CHECKS = (
    "validation.py",
    "catalogue/schema.py",
    "conditions.py",
    "intake/mapping/column_schema.py",
    "intake/mapping/intervals.py",
    "intake/mapping/schema.py",
    "workspace/settings_schema.py",
)
_MOST = 100


class Passed:
    """The digests of the texts that passed, in one small file of the workspace."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / ".kampass" / "checked"

    def unless(self, text: str, check: Callable[[], None]) -> None:
        """Check a text unless it has passed; what `check` raises is raised."""
        digest = hashlib.sha256(f"{_checks()}\n{text}".encode()).hexdigest()
        with suppress(OSError, UnicodeDecodeError):
            if digest in self._listed():
                return
        check()
        with suppress(OSError, UnicodeDecodeError):
            self._keep(digest)

    def _listed(self) -> list[str]:
        return self._file.read_text(encoding="ascii").split() if self._file.exists() else []

    def _keep(self, digest: str) -> None:
        # Half a digest, or one that another process overwrote, is only checked again.
        self._file.write_text("\n".join([*self._listed(), digest][-_MOST:]), encoding="ascii")


@cache
def _checks() -> str:
    """What tells whether the checks are the same as they were."""
    place = Path(__file__).parents[1]
    stats = [(place / name).stat() for name in _CHECKS]
    return f"{VERSION} {[(found.st_size, found.st_mtime_ns) for found in stats]}"

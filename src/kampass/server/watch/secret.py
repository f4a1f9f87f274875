"""The server's own token for measures: from the environment, or from a file that it names."""

import os
from pathlib import Path

from kampass.errors import DataError

SHORTEST = 16


def metrics_token() -> str:
    """The token; empty where there is none. DataError where it could be guessed or not be read."""
    given = os.environ.get("KAMPASS_METRICS_TOKEN", "")
    file = os.environ.get("KAMPASS_METRICS_TOKEN_FILE", "")
    if file and not given:
        try:
            given = Path(file).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError):
            raise _refused(f"The file {file} cannot be read.") from None
        if not given.strip():
            raise _refused(f"The file {file} is empty.")
    given = given.strip()
    if given and (len(given) < SHORTEST or not (given.isascii() and given.isprintable())):
        raise _refused(f"It has less than {SHORTEST} letters, or others than ASCII has.")
    return given


def _refused(why: str) -> DataError:
    return DataError(
        f"The token for measures is not taken. {why}",
        code="bad_metrics_token",
        hint="Make one with 'openssl rand -hex 32', in KAMPASS_METRICS_TOKEN or "
        "KAMPASS_METRICS_TOKEN_FILE.",
    )

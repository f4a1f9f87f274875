"""What today's settings are, as a text, and the digest of any such text: equal digests, equal
rules.

Only what can change an answer counts: a comment in `kampass.toml` or another source leaves the
digest as it is.
"""

import hashlib
from dataclasses import asdict
from typing import Any

from kampass.catalogue.stored import plain, written
from kampass.engine.planning.coverage import SourceTerms
from kampass.workspace.settings import WorkspaceSettings

LENGTH = 16


def digest(text: str) -> str:
    """The digest of a text, sixteen hex digits."""
    return hashlib.sha256(text.encode()).hexdigest()[:LENGTH]


def settings_text(settings: WorkspaceSettings) -> str:
    """What the settings say that changes answers: time zone, currency, weeks, fiscal year, business
    calendars, and where anything is said of them, the grace between subscriptions and what a
    source's silence means.
    """
    engine = settings.engine
    calendars = {calendar.name: plain(vars(calendar)) for calendar in engine.business}
    said: dict[str, Any] = {"currency": engine.currency, "calendars": calendars}
    if engine.grace:
        said["subscription_grace_days"] = engine.grace
    if engine.sources:
        said["sources"] = {name: _terms(terms) for name, terms in engine.sources.items()}
    return written(asdict(engine.calendar) | said)


def _terms(terms: SourceTerms) -> dict[str, Any]:
    return {**vars(terms), "up_to_load": sorted(terms.up_to_load)}

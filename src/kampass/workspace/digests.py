"""What today's settings are, as a text, and the digest of any such text: equal digests, equal
rules.

Only what can change an answer counts: a comment in `kampass.toml` or another source leaves the
digest as it is.
"""

import hashlib
from dataclasses import asdict

from kampass.catalogue.stored import plain, written
from kampass.workspace.settings import WorkspaceSettings

LENGTH = 16


def digest(text: str) -> str:
    """The digest of a text, sixteen hex digits."""
    return hashlib.sha256(text.encode()).hexdigest()[:LENGTH]


def settings_text(settings: WorkspaceSettings) -> str:
    """What the settings say that changes answers: time zone, currency, weeks, fiscal year, business
    calendars, and the grace between subscriptions where one is granted.
    """
    engine = settings.engine
    calendars = {calendar.name: plain(vars(calendar)) for calendar in engine.business}
    grace = {"subscription_grace_days": engine.grace} if engine.grace else {}
    said = {"currency": engine.currency, "calendars": calendars}
    return written(asdict(engine.calendar) | said | grace)

"""The tables of people and of what they make, in the application database beside the manifest's.

They have a MetaData of their own: the manifest's seal covers which loads count, and nobody's
signing in should change it. Instants are UTC text that sorts as time does. Of every secret only the
SHA-256 is here.
"""

import sqlalchemy as sa

METADATA = sa.MetaData()
_LARGEST = 2**31 - 1


class Number(sa.types.TypeDecorator[int]):
    """An id. One too large for a database is taken for the largest, which nobody has, so that it is
    not found and breaks nothing.
    """

    impl = sa.Integer
    cache_ok = True

    def process_bind_param(self, value: int | None, dialect: sa.Dialect) -> int | None:
        """The number as the database can compare it."""
        del dialect
        return None if value is None else max(-_LARGEST, min(int(value), _LARGEST))


def _id() -> sa.Column[int]:
    return sa.Column("id", Number, primary_key=True, autoincrement=True)


def _text(name: str, *, index: bool = False, unique: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.Text, nullable=False, index=index, unique=unique)


def _person(name: str = "person_id") -> sa.Column[int]:
    return sa.Column(name, sa.ForeignKey("person.id"), nullable=False, index=True)


PERSONS = sa.Table(
    "person",
    METADATA,
    _id(),
    sa.Column("email", sa.Text, unique=True),
    _text("name"),
    _text("role"),
    sa.Column("user_id", sa.Text),
    sa.Column("team_id", sa.Text),
    sa.Column("password_hash", sa.Text),
    sa.Column("totp_secret", sa.Text),
    sa.Column("totp_offered", sa.Text),
    sa.Column("totp_step", sa.Integer),
    _text("created_at"),
    sa.Column("last_seen_at", sa.Text),
    sa.Column("removed_at", sa.Text),
    sqlite_autoincrement=True,
)
"""Who may sign in. A person removed keeps the row, for the names beside what they wrote; the e-mail
is free again.
"""

IDENTITIES = sa.Table(
    "identity",
    METADATA,
    sa.Column("issuer", sa.Text, primary_key=True),
    sa.Column("subject", sa.Text, primary_key=True),
    _person(),
    _text("linked_at"),
)
SESSIONS = sa.Table(
    "session",
    METADATA,
    sa.Column("digest", sa.Text, primary_key=True),
    _person(),
    _text("started_at"),
    _text("last_seen_at"),
    _text("expires_at", index=True),
    _text("address"),
    _text("agent"),
)
TOKENS = sa.Table(
    "api_token",
    METADATA,
    _id(),
    _text("digest", unique=True),
    _person(),
    _text("name"),
    _text("scopes"),
    _text("created_at"),
    _text("expires_at"),
    sa.Column("last_used_at", sa.Text),
    sqlite_autoincrement=True,
)
TICKETS = sa.Table(
    "ticket",
    METADATA,
    _id(),
    _text("kind"),
    _text("digest", unique=True),
    sa.Column("email", sa.Text),
    sa.Column("role", sa.Text),
    sa.Column("by_id", sa.ForeignKey("person.id")),
    _text("created_at"),
    _text("expires_at"),
    sa.Column("used_at", sa.Text),
)
FAILURES = sa.Table(
    "sign_in_failure",
    METADATA,
    sa.Column("key", sa.Text, primary_key=True),
    sa.Column("failures", sa.Integer, nullable=False),
    _text("last_at", index=True),
    sa.Column("refused_until", sa.Text),
)
"""Failures to sign in, by the digest of what was tried: what people type into the wrong box stands
nowhere.
"""

AUDIT = sa.Table(
    "audit",
    METADATA,
    _id(),
    _text("at"),
    sa.Column("person_id", sa.ForeignKey("person.id"), index=True),
    sa.Column("email", sa.Text),
    sa.Column("name", sa.Text),
    _text("action", index=True),
    _text("what"),
    _text("detail"),
    _text("address"),
    sqlite_autoincrement=True,
)
NOTES = sa.Table(
    "note",
    METADATA,
    _id(),
    _person("author_id"),
    sa.Column("kpi", sa.Text, index=True),
    sa.Column("account", sa.Text, index=True),
    sa.Column("period", sa.Text, index=True),
    _text("text"),
    _text("created_at"),
    sa.Column("changed_at", sa.Text),
    sqlite_autoincrement=True,
)
SAVED = sa.Table(
    "saved_question",
    METADATA,
    _id(),
    _person("owner_id"),
    _text("name"),
    _text("query"),
    _text("created_at"),
    sqlite_autoincrement=True,
)
DASHBOARDS = sa.Table(
    "dashboard",
    METADATA,
    _id(),
    _person("owner_id"),
    _text("name"),
    _text("layout"),
    _text("created_at"),
    _text("changed_at"),
    sqlite_autoincrement=True,
)
SHARES = sa.Table(
    "dashboard_share",
    METADATA,
    sa.Column("dashboard_id", sa.ForeignKey("dashboard.id"), primary_key=True),
    sa.Column("role", sa.Text, primary_key=True),
)
TURNS = sa.Table(
    "turn",
    METADATA,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("taken", sa.Integer, nullable=False),
)
"""One row that whoever must be alone updates first: both databases then hold the others back until
the transaction ends.
"""

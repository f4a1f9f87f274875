"""People: who may sign in, what opens the door for them, what they did, and what they made."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Add the tables, and the one row by which people's changes take turns."""
    _who()
    _keys()
    _traces()
    _desk()
    op.create_table(
        "turn",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("taken", sa.Integer, nullable=False),
    )
    op.execute("INSERT INTO turn (id, taken) VALUES (1, 0)")


def _who() -> None:
    op.create_table(
        "person",
        _id(),
        sa.Column("email", sa.Text, unique=True),
        *_texts("name", "role"),
        *(
            sa.Column(name, sa.Text)
            for name in ("user_id", "team_id", "password_hash", "totp_secret", "totp_offered")
        ),
        sa.Column("totp_step", sa.Integer),
        *_texts("created_at"),
        *(sa.Column(name, sa.Text) for name in ("last_seen_at", "removed_at")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "identity",
        *(sa.Column(name, sa.Text, primary_key=True) for name in ("issuer", "subject")),
        _person(),
        *_texts("linked_at"),
    )


def _keys() -> None:
    op.create_table(
        "session",
        sa.Column("digest", sa.Text, primary_key=True),
        _person(),
        *_texts("started_at", "last_seen_at"),
        sa.Column("expires_at", sa.Text, nullable=False, index=True),
        *_texts("address", "agent"),
    )
    op.create_table(
        "api_token",
        _id(),
        sa.Column("digest", sa.Text, nullable=False, unique=True),
        _person(),
        *_texts("name", "scopes", "created_at", "expires_at"),
        sa.Column("last_used_at", sa.Text),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "ticket",
        _id(),
        *_texts("kind"),
        sa.Column("digest", sa.Text, nullable=False, unique=True),
        *(sa.Column(name, sa.Text) for name in ("email", "role")),
        sa.Column("by_id", sa.Integer, sa.ForeignKey("person.id")),
        *_texts("created_at", "expires_at"),
        sa.Column("used_at", sa.Text),
    )


def _traces() -> None:
    op.create_table(
        "sign_in_failure",
        sa.Column("key", sa.Text, primary_key=True),
        sa.Column("failures", sa.Integer, nullable=False),
        sa.Column("last_at", sa.Text, nullable=False, index=True),
        sa.Column("refused_until", sa.Text),
    )
    op.create_table(
        "audit",
        _id(),
        *_texts("at"),
        sa.Column("person_id", sa.Integer, sa.ForeignKey("person.id"), index=True),
        *(sa.Column(name, sa.Text) for name in ("email", "name")),
        sa.Column("action", sa.Text, nullable=False, index=True),
        *_texts("what", "detail", "address"),
        sqlite_autoincrement=True,
    )


def _desk() -> None:
    op.create_table(
        "note",
        _id(),
        _person("author_id"),
        *(sa.Column(name, sa.Text, index=True) for name in ("kpi", "account", "period")),
        *_texts("text", "created_at"),
        sa.Column("changed_at", sa.Text),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "saved_question",
        _id(),
        _person("owner_id"),
        *_texts("name", "query", "created_at"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "dashboard",
        _id(),
        _person("owner_id"),
        *_texts("name", "layout", "created_at", "changed_at"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "dashboard_share",
        sa.Column("dashboard_id", sa.Integer, sa.ForeignKey("dashboard.id"), primary_key=True),
        sa.Column("role", sa.Text, primary_key=True),
    )


def _id() -> sa.Column[Any]:
    return sa.Column("id", sa.Integer, primary_key=True, autoincrement=True)


def _texts(*names: str) -> list[sa.Column[Any]]:
    return [sa.Column(name, sa.Text, nullable=False) for name in names]


def _person(name: str = "person_id") -> sa.Column[Any]:
    return sa.Column(name, sa.Integer, sa.ForeignKey("person.id"), nullable=False, index=True)
